"""Asks sites outside of Scrapy, for commands that look without crawling."""
