"""The policy under which the demo is crawled: texts of ``crawl-policy.toml`` and of the local blocklist."""

from __future__ import annotations

from crawler.demo.hazards import DEPTH_LIMIT, PAGE_LIMIT
from crawler.demo.site import PRODUCT_TOKEN

BLOCKED_DOMAINS = ("blocked.test",)


def crawl_policy(address: str = "127.0.0.1") -> str:
    """Give the whole ``crawl-policy.toml``; keys that are not named keep their defaults."""
    return f"""\
# The policy of `clearcrawl demo`: a crawl of test hosts on this machine and nothing else.
version = "demo-1"
purpose = "ai_training"
profile = "reservation"

[identity]
operator = "The clearcrawl demo"
contact = "mailto:demo@clearcrawl.test"
product_token = "{PRODUCT_TOKEN}"

[politeness]
delay = 0

[limits]
page_bytes = {PAGE_LIMIT}
connect_timeout = 5
first_byte_timeout = 5
total_timeout = 10
wait_at_end = 0

[traps]
depth = {DEPTH_LIMIT}

[network.test_hosts]
"*.test" = "{address}"
"""


def local_blocklist() -> str:
    """Give the text of ``blocklists/local.txt``: one domain a line."""
    return "# Blocked for the demo.\n" + "".join(f"{domain}\n" for domain in BLOCKED_DOMAINS)
