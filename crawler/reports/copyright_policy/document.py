"""The facts of the policy: every obligation with its answers, for the whole document or for the public summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from crawler.audit.answers import plain
from crawler.audit.database import Database
from crawler.audit.verifying import verify
from crawler.errors import DocumentError, DocumentRefusedError, Mistake
from crawler.policy.profile_reading import PROVIDER
from crawler.reports.copyright_policy.answers import block
from crawler.reports.copyright_policy.configuration import configured
from crawler.reports.copyright_policy.drift import find_drift
from crawler.reports.copyright_policy.figures import figure
from crawler.reports.copyright_policy.obligations import chapter
from crawler.reports.interface import Facts, Report
from crawler.reports.once import refuse_repeats
from crawler.values.printable import for_terminal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from crawler.audit.verifying import Verification
    from crawler.provenance.trust import Trust
    from crawler.reports.copyright_policy.answers import Answer
    from crawler.reports.copyright_policy.archive import Version
    from crawler.reports.copyright_policy.drift import Drift
    from crawler.reports.copyright_policy.inputs import Inputs
    from crawler.reports.copyright_policy.obligations import Obligation

FORMAT = "clearcrawl-copyright-policy/1"
MOST_PROBLEMS = 20
_PUBLIC_CRAWL = ("crawl_id", "started_at", "ended_at", "is_test", "verified")


class CopyrightPolicy(Report):
    """The one document of Measure 1.1."""

    id = "copyright-policy"
    title = "Copyright policy"


class PolicySummary(Report):
    """Its public summary."""

    id = "policy-summary"
    title = "Summary of the copyright policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawls:
    """The crawls that a document speaks of, and whether they are as they were signed."""

    folders: Sequence[Path] = ()
    checked: Sequence[Verification] = ()

    @property
    def failures(self) -> list[str]:
        """Why their manifests cannot be relied on."""
        return [
            f"{one.crawl_id or one.root.name}: {reason}"
            for one in self.checked
            for reason in (*map(str, one.findings), *one.undecided)
        ]


def check_crawls(folders: Sequence[Path], trust: Trust, *, is_trust_given: bool, is_unverified_ok: bool) -> Crawls:
    """Verify crawls. Raises DocumentRefusedError where one fails, unless that is to be printed instead."""
    folders = list({one.resolve(): one for one in folders}.values())
    crawls = Crawls(folders=folders, checked=[verify(one, trust, is_trust_given=is_trust_given) for one in folders])
    refuse_repeats((one.crawl_id, one.root) for one in crawls.checked)
    if crawls.failures and not is_unverified_ok:
        shown = crawls.failures[:MOST_PROBLEMS]
        raise DocumentRefusedError(
            "\n".join([
                "The manifest fails its verification, so that nothing is said on its ground:", *shown,
                "Look with clearcrawl audit verify DIR; --unverified goes on, and says so on every page.",
            ])
        )  # fmt: skip
    return crawls


def policy_facts(given: Inputs, crawls: Crawls, versions: Collection[Version]) -> Facts:
    """Everything that the document says; the same files and crawls give the same facts.

    Raises DocumentRefusedError where a crawl ran under something else than what is written.
    """
    found: list[tuple[Obligation, list[Answer]]] = []
    with Database.open(crawls.folders) as database:
        drift = find_drift(crawls.folders, database, given, versions)
        if drift.problems:
            raise DocumentRefusedError(_drifted(drift))
        for one in chapter().obligations:
            answers = configured(one.id, given)
            if one.id in given.texts:
                answers.append(block(given.texts[one.id]))
            if crawls.folders:
                answers += [figure(name, database) for name in one.figures]
            found.append((one, answers))
        told = [_crawl(row, crawls) for row in database.crawls]
    _require(found)
    earlier = [one for one in versions if one.sources_digest != given.folder.digest]
    return Facts(format=FORMAT, body=_body(given, crawls=crawls, drift=drift, found=found, told=told, earlier=earlier))


def public_facts(facts: Facts) -> Facts:
    """The same without what is not public: built of what is named here, so that nothing else can slip through."""
    body = facts.body
    kept = ("chapter", "provider", "policy", "is_test", "is_unverified", "has_crawls")
    public: dict[str, Any] = {name: body[name] for name in kept}
    public["is_public"] = True
    public["crawls"] = [{name: one[name] for name in _PUBLIC_CRAWL} for one in body["crawls"]]
    public["measures"] = [
        {
            **{name: measure[name] for name in ("id", "title")},
            "obligations": [
                {**one, "answers": [answer for answer in one["answers"] if answer["public"]]}
                for one in measure["obligations"]
            ],
        }
        for measure in body["measures"]
    ]
    return Facts(format=FORMAT.replace("policy", "policy-summary"), body=public)


def _require(found: list[tuple[Obligation, list[Answer]]]) -> None:
    """No obligation stays blank, whatever the files said."""
    empty = [one for one, answers in found if not answers]
    if empty:
        raise DocumentError(
            [
                Mistake(file=PROVIDER, key="", line=None, problem=f"{one.id} is not answered ({one.title})")
                for one in empty
            ]
        )


def _drifted(drift: Drift) -> str:
    shown = [for_terminal(one) for one in drift.problems[:MOST_PROBLEMS]]
    more = len(drift.problems) - len(shown)
    advice = (
        "Write what was done, or leave the crawl out, or keep the policy of that crawl as a version first: "
        "clearcrawl policy render OLD-POLICIES --archive ARCHIVE -o FILE."
    )
    rest = [f"and {more} more"] if more else []
    return "\n".join(["What is written is not what crawls ran under:", *shown, *rest, advice])


def _crawl(row: dict[str, Any], crawls: Crawls) -> dict[str, Any]:
    names = ("crawl_id", "operator", "product_token", "purpose", "software", "is_test", "started_at", "ended_at")
    state = next((one for one in crawls.checked if str(one.root.resolve()) == row["folder"]), None)
    return {
        **{name: plain(row[name]) for name in names},
        "verified": state is not None and not (state.findings or state.undecided),
    }


def _body(
    given: Inputs,
    *,
    crawls: Crawls,
    drift: Drift,
    found: list[tuple[Obligation, list[Answer]]],
    told: list[dict[str, Any]],
    earlier: list[Version],
) -> dict[str, Any]:
    chap = chapter()
    return {
        "is_public": False,
        "chapter": {"title": chap.title, "dated": chap.dated, "version": chap.version, "digest": chap.digest},
        "provider": {"name": given.provider.name or given.policy.identity.operator},
        "policy": {"version": given.policy.version, "digest": given.policy.digest},
        "sources_digest": given.folder.digest,
        "is_test": bool(given.policy.network.test_hosts) or any(one["is_test"] for one in told),
        "is_unverified": bool(crawls.failures),
        "unverified": [for_terminal(one) for one in crawls.failures[:MOST_PROBLEMS]],
        "has_crawls": bool(told),
        "crawls": sorted(told, key=lambda one: (one["started_at"], one["crawl_id"])),
        "runs": [asdict(one) for one in drift.runs],
        "earlier": [
            {"dated": one.dated, "version": one.policy_version, "policy_digest": one.policy_digest} for one in earlier
        ],
        "measures": [
            {
                "id": measure,
                "title": title,
                "obligations": [
                    {
                        "id": one.id, "title": one.title, "asks": one.asks, "strength": one.strength,
                        "answers": answers,
                    }
                    for one, answers in found
                    if one.measure == measure
                ],
            }
            for measure, title in chap.measures.items()
        ],
    }  # fmt: skip
