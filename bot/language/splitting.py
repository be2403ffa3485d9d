"""Several requests in one message: where each begins, if each is one by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from bot.language.references import Before
from bot.language.understanding import Entity, Understanding

SURE: Final = 0.9
JOINT: Final = 12
JOINED: Final = re.compile(r"[\s,]*\b(?:and|also|plus)\b", re.IGNORECASE)
_STATES: Final = re.compile(r"\b(?:is|are|was|were|has|have|keeps?|looks?|seems?|went|goes|got)\b", re.IGNORECASE)
MOST: Final = 5
_NEXT: Final = re.compile(
    r"(?:[.;!?\n]+|,)?\s*(?:\b(?:and then|and also|then also|and please|also please|also|and|then|plus|oh and|after that|afterwards|while you're at it|btw)\b)[\s,]+|[.;!?\n]+\s+",  # noqa: E501  it is data
    re.IGNORECASE,
)
_WHOLE: Final = frozenset({"workflows.define", "chat.smalltalk", "answer.clarify", "metrics.compare"})

One = Callable[[str, Before], Understanding]


def parts(whole: Understanding, one: One, before: Before) -> list[Understanding]:
    """The requests, in order; just the whole where it is one."""
    if whole.operation in _WHOLE or len(whole.raw) < 16 or whole.mood != "request":  # noqa: PLR2004  a length
        return [whole]
    groups: list[_Group] = []
    past = before
    for left, right in _pieces(whole.raw):
        plain = None
        if not groups or " " in whole.raw[left:right].strip():
            each = one(whole.raw[left:right], past)
            plain = each if _is_request(each, whole.raw[right : right + JOINT]) else None
            if plain or not groups:
                groups.append(_Group(left, right, past, each))
                past = past.with_user(each.operation, each.holds)
        if plain is None and groups[-1].end != right:
            groups[-1] = replace(groups[-1], end=right, read=None)
    if not 1 < len(groups) <= MOST:
        return [whole]
    found = [each.read or one(whole.raw[each.start : each.end], each.past) for each in groups]
    if len({each.operation for each in found}) < len(found) or not all(
        _is_request(read, whole.raw[each.end : each.end + JOINT]) for each, read in zip(groups, found, strict=True)
    ):
        return [whole]
    return [_moved(each, group.start) for group, each in zip(groups, found, strict=True)]


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where it could be cut; nothing where that would be too often."""
    cuts = [match.span() for match in _NEXT.finditer(text)]
    starts = [0, *(right for _, right in cuts)]
    ends = [*(left for left, _ in cuts), len(text)]
    found = [(start, end) for start, end in zip(starts, ends, strict=True) if end > start]
    return found if 1 < len(found) <= 3 * MOST else []


@dataclass(frozen=True, slots=True)
class _Group:
    """Pieces that make one request; `read` is None once another piece was added."""

    start: int
    end: int
    past: Before
    read: Understanding | None


def _is_request(each: Understanding, following: str) -> bool:
    """By its verb or its question; or because it names a measure, and "and" goes on with something else."""
    if each.confidence < SURE or each.operation in _WHOLE:
        return False
    named = (
        each.operation == "metrics.query" and bool(each.values("service", said=True)) and not _STATES.search(each.raw)
    )
    return _asks(each) or (named and bool(JOINED.match(following)))


def _asks(each: Understanding) -> bool:
    """By a verb or a question, and not only by what it names."""
    terms = " ".join(term for term in each.evidence[0].split() if not term.startswith("!")) if each.evidence else ""
    return any(mark in terms for mark in ("do:", "f:question", "f:wh", "f:desire", "f:when", "pp:", "f:polar"))


def _moved(each: Understanding, by: int) -> Understanding:
    """With spans in the whole text."""

    def moved(entities: Iterable[Entity]) -> tuple[Entity, ...]:
        return tuple(
            replace(one, span=(one.span[0] + by, one.span[1] + by)) if one.source == "said" else one for one in entities
        )

    return replace(each, entities=moved(each.entities), holds=moved(each.holds))
