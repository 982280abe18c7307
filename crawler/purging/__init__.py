"""Removes from ended crawls what is revoked or named, with reason, tombstone and receipt; no Scrapy."""
