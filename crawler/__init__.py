"""clearcrawl: collects web data for AI training that may lawfully be collected, and proves it."""

__version__ = "0.1.0"
