"""Documents of finished crawls for training, with where each came from; no Scrapy."""
