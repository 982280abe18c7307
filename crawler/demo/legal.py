"""What legal would have written for the demo's provider; nobody of that name exists, and every text says TEST."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DRAFT = re.compile(r'^owner = ""\napproved_by = ""\n# date = .*\n', re.MULTILINE)
_APPROVED = 'owner = "Legal of the demo (TEST)"\napproved_by = "Board of the demo (TEST)"\ndate = 2026-11-23\n'

PROVIDER = '''\
# The provider of `clearcrawl demo`. Nobody of that name exists: TEST.
name = "The clearcrawl demo (TEST)"
contact = "mailto:legal@clearcrawl.test"
address = "1 Loopback, localhost"
website = "https://clearcrawl.test/"
established_in_eu = "yes"
sme = "yes"
sme_basis = "TEST: a program has no employees"
signatory = "yes"
signed_on = 2026-11-02
third_party_data = "TEST: Data that others crawled is judged by these rules, host by host, before it is used."
standards = "TEST: None beyond the conformance vectors that come with the program."
search_engine_operated = "no"

[owner_implementation]
role = "Head of data (TEST)"
contact = "mailto:data@clearcrawl.test"
since = 2026-11-02

[owner_oversight]
role = "General counsel (TEST)"
contact = "mailto:counsel@clearcrawl.test"
since = 2026-11-02

[rightsholders]
contact = "mailto:rights@clearcrawl.test"
form = "https://clearcrawl.test/complaints"
languages = ["en", "de", "fr"]
acknowledge_days = 5
decide_days = 30
mechanism = """
TEST: Complaints come by form or mail and are read by a person, who answers with reasons.
Representatives and collective management organisations may complain as well.
"""

[pages]
policy_summary = "https://clearcrawl.test/policy"
crawler = "https://clearcrawl.test/bot"
feed = "https://clearcrawl.test/bot.atom"
complaints = "https://clearcrawl.test/complaints"
training_summary = "https://clearcrawl.test/training"

[outputs]
safeguards = "TEST: Near-duplicates are removed before training; answers are compared with the hashes of kept pages."
acceptable_use = "TEST: The terms of use forbid prompts and uses that infringe copyright."
scope = "TEST: All of this holds for our own products and for everyone to whom the model is supplied."
'''

MODEL = """\
# The model of `clearcrawl demo`. Nothing was trained: TEST.
modalities = ["text", "image"]
continuously_trained = "no"
languages = "TEST: English, with pages in Arabic, French, German and Japanese."
characteristics = "TEST: Sites that a program serves to itself."

[summary]
version = "1"

[[version]]
name = "demo-0b (TEST)"
documentation = "https://clearcrawl.test/model"
placed_on_market = 2026-12-01

[[factor]]
modality = "text"
bytes_each = 4.0
unit = "tokens"
basis = "TEST: nothing was counted"

[content_types]
text = "TEST: non-fiction about calendars, harbours and museums"
image = "TEST: drawings"

[public_datasets]
used = "no"
[licensed]
used = "no"
[third_party]
used = "no"

[crawling]
purposes = "TEST: Showing what clearcrawl does."

[user_data]
interactions = "no"
other_services = "no"

[synthetic]
used = "no"

[other_sources]
used = "no"

[processing]
illegal_content = "TEST: One list, and nothing afterwards."
"""


def approve_drafts(texts: Path) -> None:
    """Put the demo's people into every text block of a folder that nobody has approved."""
    for path in sorted(texts.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        path.write_text(_DRAFT.sub(_APPROVED, text), encoding="utf-8")
