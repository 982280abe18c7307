"""Questions to a finished crawl, read-only and without Scrapy."""
