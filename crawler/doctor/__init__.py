"""Looks at what a crawl would stand on, and says of each part how it is and what to do. Changes nothing; no Scrapy."""
