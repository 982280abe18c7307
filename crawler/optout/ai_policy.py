"""The policy in ``ai.txt`` and ``ai.json`` of draft-car-ai-txt-wellknown-00, one structure for both forms.

Knows what stands in a file and whether the file is what the draft requires; what follows is the reader's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.optout.negatives import is_negative
from crawler.optout.statement import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = ""
"""In place of an agent: what holds for the whole site."""
EVERYBODY = "*"

_DUTIES = {"attribution": "attribution", "audit": "reporting"}
_TRAINING_MEMBER = re.compile(r"\"training\"\s*+:\s*+(?:\"([^\"\\]{0,40})\"|(false|0))", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value or glob, and where it stands."""

    value: str
    text: str
    line: int | None = None
    is_proper: bool = True
    """Whether more than a denial can be taken from it."""


@dataclass(slots=True, kw_only=True)
class AiPolicy:
    """What a file says about training."""

    valid_by: Said | None = None
    """What shows that the file is one of the draft: then silence denies, and permissions count."""
    training: dict[str, list[Said]] = field(default_factory=dict)
    """Values by agent, lower case."""
    allow: list[Said] = field(default_factory=list)
    deny: list[Said] = field(default_factory=list)
    duties: set[str] = field(default_factory=set)
    licences: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_silent(self) -> bool:
        """Whether no question could ever get an answer."""
        return self.valid_by is None and not self.training and not self.deny

    def add(self, agent: str, said: Said) -> None:
        """Keep a value for an agent."""
        self.training.setdefault(agent.strip().lower(), []).append(said)


def read_text(text: str) -> AiPolicy:
    """Read lines ``Key: value``; indented ones belong to the ``Agent`` line above them."""
    policy = AiPolicy()
    marks: dict[str, Said] = {}
    block: str | None = None
    is_bare_block = False
    for line, literal in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        bare = literal.strip()
        if not bare or bare.startswith("#"):
            continue
        name, _, value = bare.partition(":")
        key, value = name.strip().lower(), value.strip()
        if literal[0] in " \t":
            if key == "training":
                _add_to_block(policy, block, Said(value=value, text=bare, line=line))
            is_bare_block = False
        elif key == "agent":
            block, is_bare_block = value, True
        else:
            # Right below an Agent line that nothing is indented under, a value was perhaps meant for that agent.
            _add_to_site(policy, marks, key, Said(value=value, text=bare, line=line, is_proper=not is_bare_block))
            block, is_bare_block = None, False
    is_marked = "site-url" in marks or "spec-version" in marks
    policy.valid_by = marks.get("site-name") if is_marked else None
    return policy


def _add_to_block(policy: AiPolicy, block: str | None, said: Said) -> None:
    """Add a value to its agent; where that is in doubt it can only deny."""
    if block is not None and not re.search(r"[,/]", block):
        policy.add(block, said)
        return
    policy.problems.append(Problem(line=said.line, text=f"for nobody, or for several: {said.text}"[:200]))
    doubtful = Said(value=said.value, text=said.text, line=said.line, is_proper=False)
    for agent in (SITE,) if block is None else block.split(","):
        policy.add(agent.partition("/")[0], doubtful)


def _add_to_site(policy: AiPolicy, marks: dict[str, Said], key: str, said: Said) -> None:
    if key in {"spec-version", "site-name", "site-url"} and said.value:
        marks[key] = said
    elif key == "training":
        policy.add(SITE, said)
    elif key == "training-allow":
        policy.allow.append(said)
    elif key == "training-deny":
        policy.deny.append(said)
    elif key == "training-license":
        policy.licences.append(said.value)
    elif key == "training-fee":
        policy.duties.add("payment")
    elif key in _DUTIES and said.value.lower() == "required":
        policy.duties.add(_DUTIES[key])


def read_json(text: str) -> AiPolicy:
    """Read the companion; of what is no JSON, or names a member twice, only denials are taken."""
    policy = AiPolicy()
    try:
        document = json.loads(text, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        policy.problems.append(Problem(line=None, text=f"not JSON: {error}"[:200]))
        for found in _TRAINING_MEMBER.finditer(text):
            if found[2] or is_negative(found[1]):
                line = 1 + text.count("\n", 0, found.start())
                policy.add(SITE, Said(value="deny", text=found[0], line=line, is_proper=False))
                break
        return policy
    if not isinstance(document, dict):
        return policy
    version, site, rules = (document.get(name) for name in ("specVersion", "site", "policies"))
    if isinstance(version, str) and (isinstance(site, dict) or isinstance(rules, dict)):
        policy.valid_by = Said(value=version, text=f'"specVersion": "{version}"')
    _add_member(policy, SITE, document, is_proper=False)
    _add_member(policy, SITE, rules)
    agents = document.get("agents")
    for agent, block in agents.items() if isinstance(agents, dict) else ():
        _add_member(policy, agent, block)
    paths = document.get("trainingPaths")
    if isinstance(paths, dict):
        policy.allow += (one for one in _globs("allow", paths.get("allow")) if one.is_proper)
        policy.deny += _globs("deny", paths.get("deny"))
    _add_terms(policy, document)
    return policy


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _add_member(policy: AiPolicy, agent: str, block: Any, *, is_proper: bool = True) -> None:
    if isinstance(block, dict) and "training" in block:
        value = _text(block["training"])
        policy.add(agent, Said(value=value, text=f'"training": "{value}"', is_proper=is_proper))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool | int) else ""


def _globs(name: str, value: Any) -> Iterator[Said]:
    """Give the globs of a list; whatever else stands there is everything, improperly."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        for one in value:
            yield Said(value=one, text=f'"{name}": "{one}"')
    elif value:
        yield Said(value="**", text=f'"{name}": no list of globs', is_proper=False)


def _add_terms(policy: AiPolicy, document: dict[str, Any]) -> None:
    groups = {name: document.get(name) for name in ("licensing", "content", "compliance")}
    members = {key: value for group in groups.values() if isinstance(group, dict) for key, value in group.items()}
    policy.duties |= {duty for name, duty in _DUTIES.items() if _text(members.get(name)).lower() == "required"}
    if members.get("feeUrl"):
        policy.duties.add("payment")
    if isinstance(members.get("license"), str):
        policy.licences.append(members["license"])
