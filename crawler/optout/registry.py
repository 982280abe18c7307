"""All readers, in the order in which people are told about them; what to fetch once per origin follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.optout.readers.ai_tokens import AiTokensReader
from crawler.optout.readers.ai_txt import AiTxtReader
from crawler.optout.readers.aipref import AiprefReader
from crawler.optout.readers.c2pa import C2paReader
from crawler.optout.readers.content_signals import ContentSignalsReader
from crawler.optout.readers.disallow_ai_training import DisallowAiTrainingReader
from crawler.optout.readers.licence import LicenceReader
from crawler.optout.readers.plus_xmp import PlusXmpReader
from crawler.optout.readers.robots_meta import RobotsMetaReader
from crawler.optout.readers.rsl import RslReader
from crawler.optout.readers.tdmrep import TdmRepReader
from crawler.optout.readers.trust_txt import TrustTxtReader
from crawler.optout.readers.unlisted import UnlistedReader
from crawler.optout.readers.well_known_ai import WellKnownAiReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.optout.interface import OptOutReader

READERS: tuple[OptOutReader, ...] = (
    AiTokensReader(),
    DisallowAiTrainingReader(),
    AiprefReader(),
    ContentSignalsReader(),
    TdmRepReader(),
    RslReader(),
    RobotsMetaReader(),
    UnlistedReader(),
    AiTxtReader(),
    WellKnownAiReader(),
    TrustTxtReader(),
    C2paReader(),
    PlusXmpReader(),
    LicenceReader(),
)


def site_files(readers: Iterable[OptOutReader]) -> Mapping[str, tuple[OptOutReader, ...]]:
    """Paths to ask each origin for, in order of first use, and who reads each."""
    files: dict[str, tuple[OptOutReader, ...]] = {}
    for reader in readers:
        for path in reader.site_files:
            files[path] = (*files.get(path, ()), reader)
    return files


SITE_FILES: Mapping[str, tuple[OptOutReader, ...]] = site_files(READERS)
