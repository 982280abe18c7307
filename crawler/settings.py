"""Settings of our own spiders, for ``clearcrawl crawl`` and for ``scrapy crawl`` inside this project.

What must always hold comes from ``extensions.always``; the start is refused where a project or ``-s`` weakens it. The
add-on leaves spiders on our frontier alone, and gives every other spider of this project, and the shell, the gate.
"""

from __future__ import annotations

from crawler.extensions.always import ALWAYS, OWN_SPIDERS

BOT_NAME = "clearcrawl"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
ADDONS = {"crawler.addon.ClearcrawlAddon": 100}

globals().update(ALWAYS)
globals().update(OWN_SPIDERS)
