"""``python -m crawler`` is ``clearcrawl``."""

from crawler.cli.main import main

if __name__ == "__main__":
    main()
