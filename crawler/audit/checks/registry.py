"""All checks of ``audit verify``, in their order: what is read by one serves the next."""

from __future__ import annotations

from crawler.audit.checks.bag import Bag
from crawler.audit.checks.description import Description
from crawler.audit.checks.heads import Heads
from crawler.audit.checks.log import Log
from crawler.audit.checks.names import Names
from crawler.audit.checks.published import Published
from crawler.audit.checks.records import Records
from crawler.audit.checks.stamps import Stamps
from crawler.audit.checks.statement import Statement

CHECKS = (Names(), Bag(), Log(), Heads(), Stamps(), Published(), Records(), Statement(), Description())
