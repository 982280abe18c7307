"""Asks the sites of old crawls again, so that what was reserved since can be removed; no Scrapy."""
