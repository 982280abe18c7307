"""The complaint register of Measure 1.5: intake, clock, decisions, and a signed log of its own. No Scrapy."""
