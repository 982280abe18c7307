"""Asks what the publisher of a list signed about a version, and whether that allows to take it (reliability R7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.blocklists.signed_terms import problem_of, read_terms
from crawler.provenance.signed_note import VerifierKey, read_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from crawler.blocklists.catalog import KnownList, ListRecord
    from crawler.blocklists.signed_terms import SignedTerms
    from crawler.storage.list_updates import Retrieved
    from crawler.values.digest import Digest


def signed_terms(
    listed: ListRecord | KnownList,
    retrieve: Callable[[str, str | None], Retrieved],
    *,
    digest: Digest,
    octets: int | None,
    today: date,
) -> SignedTerms | str:
    """Terms under which the version of that digest may be taken, or why it may not; the list has a ``signed_by``."""
    got = retrieve(listed.signed_note or f"{listed.source}.note", None)
    if got.content is None:
        return f"the signed note of its publisher did not come: {got.failure or 'nothing came'}"
    try:
        key, note = VerifierKey.parse(listed.signed_by or ""), read_note(got.content)
        terms = read_terms(note.text)
        if not note.is_signed_by(key):
            return f"the note is not signed by {key.label}"
    except ValueError as error:
        return f"the signed note of its publisher cannot be used: {error}"
    return problem_of(terms, listed, digest=digest, octets=octets, today=today) or terms
