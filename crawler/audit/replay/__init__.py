"""Deciding every row of a crawl again, from stored evidence, by the same readers and the same gate."""
