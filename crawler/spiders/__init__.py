"""The spiders that crawl by scope or by list."""
