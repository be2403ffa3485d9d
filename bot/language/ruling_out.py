"""One mention of a thing in a text, and which of them the person rules out: "not prod", "swap prod for dev"."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.ports import Json

SURE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Mention:
    """A value and where it stands in the text that was put right; `raw` where it is known in the raw text already."""

    type: str
    value: Json
    start: int
    end: int
    confidence: float = SURE
    weak: bool = False
    """It is this only where the sentence asks for such a thing: "load" is a measure, a suite and a verb."""
    note: str = ""
    raw: tuple[int, int] | None = None
    out: bool = False
    """The person rules it out: "not prod"."""


_NOT: Final = re.compile(
    r"(?:\bnot|\bbut not|\bexcept(?: for)?|\bexcluding|\bexclude|\bwithout|\binstead of|\brather "
    r"than|\bother than|\bnever|\bignor(?:e|ing)|\bskip(?:ping)?|"
    r"\bleav(?:e|ing) out|\bapart from|\bbesides|\bno,?|\bminus|\bisn't|\bdon't (?:mean|want|"
    r"touch|need)|\bdidn't mean|\bn't)\s+(?:(?:the|in|on|to|from|for|any|about|of|at|with|touch|"
    r"it|that|a|meant|mean|interested|just|those|these|include|including|containing|mention|mentioning)\s+){0,"
    r"3}[\"'`]?$"
)
_LIST: Final = re.compile(r"^\s*(?:,|or|nor|and|/)+\s*(?:or|nor|and|the|in|on)?\s*[\"'`]?$")


def ruled_out(text: str, found: list[Mention]) -> list[Mention]:
    """As in "not prod", "instead of staging", "but not healthcheck", "not payments or cart"."""
    result: list[Mention] = []
    for each in found:
        before = text[max(0, each.start - 60) : each.start]
        if (
            (
                result
                and result[-1].out
                and result[-1].end <= each.start
                and _LIST.match(text[result[-1].end : each.start])
                and "," not in text[result[-1].end : each.start]
            )
            or (("for" in text or "with" in text or "from" in text) and _swapped(each, text, before, found))
            or (
                each.type not in {"incident_status", "aggregation"}
                and (
                    "no" in before
                    or "out" in before
                    or "n't" in before
                    or "than" in before
                    or "ex" in before
                    or "of" in before
                    or "skip" in before
                    or "ign" in before
                    or "from" in before
                    or "min" in before
                    or "bes" in before
                )
                and _NOT.search(before)
                and not _RHETORICAL.search(before)
            )
        ):
            result.append(replace(each, out=True))
        else:
            result.append(each)
    return result


_GIVEN_UP: Final = re.compile(
    r"\b(?:(?:swap|exchange|trade|replace|substitute|switch)(?: out)?|(?:switch|change|move|jump|hop|go)(?: \w+)? (?:over )?from)\s+(?:the |out )?$"
)


def _swapped(each: Mention, text: str, before: str, found: Sequence[Mention]) -> bool:
    """As in "swap prod for dev", "switch from cart to payments": the first is given up."""
    return (
        bool(_GIVEN_UP.search(before))
        and any(
            other.type == each.type
            and 0 < other.start - each.end < 16  # noqa: PLR2004  a length
            and re.fullmatch(r"\s+(?:for|with|to|by|over to)\s+(?:the )?", text[each.end : other.start])
            for other in found
        )
    )


_RHETORICAL: Final = re.compile(
    r"\b(?:why|is|are|was|were|does|do|did|has|have|can|could|will)(?:n't| not)\s+(?:the\s+)?$|"
    r"\bif not\s+\S*$|\bnot only\b|\bis not\b|\bare not\b|\bwhether or not\b"
)
