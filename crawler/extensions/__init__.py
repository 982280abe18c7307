"""Scrapy extensions that own the open crawl while it runs."""
