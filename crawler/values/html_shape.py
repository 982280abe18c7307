"""Whether markup may be given to the tree builder, and how much of it.

HTML's tree builder is quadratic in places and copies elements in others: a megabyte of open ``div`` elements takes
minutes, a few kilobytes of misnested ``font`` elements make gigabytes. Small pages cannot do harm and are only
counted; others are tokenised once, with a stack that holds at least what the builder's holds.
"""

from __future__ import annotations

import re
from collections import Counter

FEW_TAGS = 1_500
"""Below this number of ``<`` no misnesting makes more than some 300,000 elements."""
MANY_TAGS = 8_192
"""Below this number nesting alone costs little, even where every tag is one level deeper."""
LONG_PAGE = 64 * 1024
LONG_TAG = 8 * 1024
"""Octets without ``>`` in a long page that call for a closer look: attributes of one element cost quadratic time."""
COPIES_LIMIT = 1_000_000
"""Elements that the builder may have to copy (HTML, "reconstruct the active formatting elements")."""
WORK_LIMIT = 300_000_000
"""Steps up the stack that the builder may have to take, some nanoseconds each."""
TAGS_LIMIT = 500_000
"""Tags of one page; an element takes some hundred octets of memory."""
NAMES_LIMIT = 20_000
"""Different names of elements and attributes: the builder's table of names has a fixed width."""

_CHUNKS = 24
_FINE = 512
_ALIKE = 3
_NAME = rb"(?:=[^\t\n\f\r />=]*+|[^\t\n\f\r />=]++)"
_VALUE = rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?+)?+"
# The states of HTML's tokenizer that matter for where a tag begins and ends; possessive, so linear.
_TOKEN = re.compile(
    rb"<(?:!--(?:-?>|.*?(?:--!?>|\Z))"
    rb"|(?P<cdata>!\[CDATA\[)"
    rb"|[!?][^>]*+|/[^A-Za-z>][^>]*+"
    rb"|(?P<end>/)?(?P<name>[A-Za-z][^\t\n\f\r />]*+)(?P<attributes>(?:[\t\n\f\r /]++|"
    + _NAME
    + _VALUE
    + rb")*+)(?:>|\Z))",
    re.DOTALL,
)
_ONE_ATTRIBUTE = re.compile(b"(" + _NAME + b")" + _VALUE)
_TAG_START = re.compile(rb"</?[A-Za-z]")
_SCRIPT_MARK = re.compile(
    rb"(?P<open><!--)|(?P<close>-->)|<(?P<end>/)?script(?=[\t\n\f\r />])",
    re.IGNORECASE,
)
_FORMATTING_TAG = re.compile(rb"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\t\n\f\r /]", re.IGNORECASE)
_LIKE_FORMATTING = re.compile(rb"<[bceinstufBCEINSTUF][\t\n\f\r /imotIMOT]")
"""Two characters of each formatting tag, and of some others: three times as fast."""

_FORMATTING = frozenset(b"b big code em font i nobr s small strike strong tt u".split())
# Never within one another without something else in between, so they add a small factor to the depth at most.
_LEAVING = frozenset(b"body head p li dt dd br embed hr img meta".split())
"""They also end SVG and MathML around them."""
_UNCOUNTED = frozenset(b"html a option tr td th tbody thead tfoot caption colgroup".split())
_VOID = frozenset(b"area base basefont bgsound col frame image input keygen link param source track wbr".split())
_RAW_TEXT = frozenset(b"iframe noembed noframes script style textarea title xmp".split())
# An end tag closes these on its way to its own element (HTML, "any other end tag").
_PASSED = _FORMATTING | frozenset(
    b"abbr bdi bdo cite data dfn ins del kbd label mark q samp span sub sup time var".split()
)
_FOREIGN = frozenset((b"svg", b"math"))
_AMBIGUOUS = _FOREIGN | {b"select"}
"""Inside these a raw text element may be an ordinary one, or none at all."""


def safe_length(markup: bytes, depth: int) -> int:
    """Octets from the start that may be parsed; all of them where nothing nests deeper than about ``depth``."""
    step = len(markup) // _CHUNKS + 1
    starts = _tags_by_step(markup, step)
    tags = sum(starts)
    if len(markup) <= LONG_PAGE or not _has_long_tag(markup):
        if tags <= depth:
            return len(markup)
        is_shallow = tags <= MANY_TAGS and (
            _apparent_depth(markup, step, starts) <= depth
            or _apparent_depth(markup, _FINE, _tags_by_step(markup, _FINE)) <= depth
        )
        if is_shallow and (tags <= FEW_TAGS or _few_copies(markup, COPIES_LIMIT // tags)):
            return len(markup)
    return _Walk(depth, counts_names=tags > NAMES_LIMIT).safe_length(markup)


def _has_long_tag(markup: bytes) -> bool:
    """Whether more than ``LONG_TAG`` octets stand anywhere without ``>``; leaps from window to window."""
    start = 0
    while len(markup) - start > LONG_TAG:
        start = markup.rfind(b">", start, start + LONG_TAG + 1) + 1
        if not start:
            return True
    return False


def _few_copies(markup: bytes, most: int) -> bool:
    """Whether at most so many formatting tags stand in the markup; counts exactly where beginnings say more."""
    return len(_LIKE_FORMATTING.findall(markup)) <= most or len(_FORMATTING_TAG.findall(markup)) <= most


def _tags_by_step(markup: bytes, step: int) -> list[int]:
    return [markup.count(b"<", start, start + step) for start in range(0, len(markup), step)]


def _apparent_depth(markup: bytes, step: int, tags_by_step: list[int]) -> int:
    """Most elements that can be open at once if all tags are what they seem; elements without end tag count as open.

    Within a step of so many octets all start tags are taken to stand before all end tags.
    """
    is_open = deepest = start = 0
    for tags in tags_by_step:
        ends = markup.count(b"</", start, start + step + 1)
        start += step
        is_open += tags - ends
        deepest = max(deepest, is_open)
        is_open -= ends
    return deepest


class _Walk:
    """Follows the tags with a stack that is never lower than the tree builder's, up to uncounted elements.

    An end tag that does not fit is taken for nothing, as if its element stayed open.
    """

    def __init__(self, depth: int, *, counts_names: bool) -> None:
        self.depth = depth
        self.counts_names = counts_names
        self.names: set[bytes] = set()
        self.tags = 0
        self.stack: list[bytes] = []
        self.formatting: list[bytes] = []
        """Formatting elements on the stack, as written."""
        self.left_over: Counter[bytes] = Counter()
        """Formatting elements that others closed and that come back; HTML keeps three that are alike."""
        self.returning = 0
        """Sum over ``left_over``."""
        self.doubts = 0
        """Elements that were taken for closed on the way to another."""
        self.copies = 0
        self.work = 0

    def safe_length(self, markup: bytes) -> int:
        """Octets before the first tag that goes too far."""
        at = 0
        while (token := _TOKEN.search(markup, at)) is not None:
            at = token.end()
            name = token["name"]
            if name is None:
                if token["cdata"] is not None and self._is_foreign() and _hides_tags(markup, at, b"]]>"):
                    return token.start()
                continue
            name = name.lower()
            if self.counts_names:
                self.names.add(name)
                self.names.update(_ONE_ATTRIBUTE.findall(token["attributes"]))
            if token["end"] is not None:
                self._close(name)
            elif not self._open(name, token["attributes"]) or name == b"plaintext":
                return token.start()
            elif name in _RAW_TEXT:
                end = _raw_text_end(markup, at, name)
                is_unclear = self._is_foreign() if name == b"script" else not _AMBIGUOUS.isdisjoint(self.stack)
                if is_unclear and _TAG_START.search(markup, at, end):
                    return token.start()
                at = end
            if not self._goes_on():
                return token.start()
        return len(markup)

    def _is_foreign(self) -> bool:
        return not _FOREIGN.isdisjoint(self.stack)

    def _goes_on(self) -> bool:
        self.copies += len(self.formatting) + self.returning
        self.work += len(self.stack) + self.doubts
        self.tags += 1
        is_small = self.tags <= TAGS_LIMIT and len(self.names) <= NAMES_LIMIT
        return is_small and self.copies <= COPIES_LIMIT and self.work <= WORK_LIMIT

    def _open(self, name: bytes, attributes: bytes) -> bool:
        if len(attributes) > LONG_TAG:
            self.work += sum(1 for _ in _ONE_ATTRIBUTE.finditer(attributes)) ** 2
        if name in _LEAVING:
            return True
        if self._is_foreign():
            if _is_self_closing(attributes):
                return True
        elif name in _UNCOUNTED or name in _VOID:
            return True
        self.stack.append(name)
        if name in _FORMATTING:
            self.formatting.append(name + attributes)
        return len(self.stack) <= self.depth

    def _close(self, name: bytes) -> None:
        at = len(self.stack) - 1
        while at >= 0 and self.stack[at] != name and self.stack[at] in _PASSED:
            at -= 1
        if at < 0 or self.stack[at] != name:
            return
        passed = self.stack[at + 1 :]
        self.doubts += len(passed)
        for _ in range(sum(one in _FORMATTING for one in passed)):
            text = self.formatting.pop()
            if self.left_over[text] < _ALIKE:
                self.left_over[text] += 1
                self.returning += 1
        if name in _FORMATTING:
            self.formatting.pop()
        del self.stack[at:]


def _is_self_closing(attributes: bytes) -> bool:
    """Whether the final ``/`` is no part of a value."""
    ends = [attribute.end() for attribute in _ONE_ATTRIBUTE.finditer(attributes)]
    return attributes.endswith(b"/") and (not ends or ends[-1] < len(attributes))


def _hides_tags(markup: bytes, at: int, mark: bytes) -> bool:
    end = markup.find(mark, at)
    return _TAG_START.search(markup, at, len(markup) if end < 0 else end) is not None


def _raw_text_end(markup: bytes, at: int, name: bytes) -> int:
    """Index of the end tag that closes a raw text element, else of the end of the markup."""
    if name == b"script":
        return _script_end(markup, at)
    end = re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE).search(markup, at)
    return end.start() if end else len(markup)


def _script_end(markup: bytes, at: int) -> int:
    """As above for ``script``, whose text may hold a comment that holds a script (HTML, "script data escaped")."""
    is_escaped = is_double = False
    for mark in _SCRIPT_MARK.finditer(markup, at):
        if mark["open"] is not None:
            # "-->" may begin with the dashes of "<!--".
            is_escaped = is_escaped or not markup.startswith((b">", b"->"), mark.end())
        elif mark["close"] is not None:
            is_escaped = is_double = False
        elif mark["end"] is None:
            is_double = is_escaped
        elif is_double:
            is_double = False
        else:
            return mark.start()
    return len(markup)
