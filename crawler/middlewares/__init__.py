"""Scrapy middlewares: they translate for the gate and never judge."""
