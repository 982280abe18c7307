"""One crawl by several processes: who owns which domain, how links reach their owner, and when all of it is over."""
