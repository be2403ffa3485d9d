"""Times that hang on what happened: "since the last deploy", "during INC-42"; those who know when resolve them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Relation = Literal["since", "during", "before"]
Anchor = Literal["deploy", "incident"]


@dataclass(frozen=True, slots=True)
class Anchored:
    """`id` is that of an incident, where one is named."""

    relation: Relation
    kind: Anchor
    id: str
    at: tuple[int, int]


_RELATIONS: Final[dict[str, Relation]] = {
    "since": "since",
    "after": "since",
    "during": "during",
    "throughout": "during",
    "while": "during",
    "before": "before",
    "until": "before",
    "prior to": "before",
}
_WHICH: Final = r"(?:the|our|my|that|this|last|latest|previous|most\s+recent|recent|current)\s+"
_DEPLOY: Final = r"(?:deploy(?:ment)?|release|roll-?out)(?!\s+(?:it|them|this|that)\b)"
_BEGAN: Final = (
    r"(?:\s+(?:(?:was|were|got|is|has\s+been)\s+)?(?:opened|open|started|began|declared|finished|went\s+out))?"
)
_ANCHORED: Final = re.compile(
    rf"(?<![\w-])(?P<relation>since|after|during|throughout|while|before|until|prior\s+to)\s+"
    rf"(?:(?:{_WHICH}){{0,3}}(?:incident\s+|outage\s+)?(?P<id>inc-[0-9]{{1,9}})"
    rf"|(?:{_WHICH}){{1,3}}(?P<incident>incident|outage)"
    rf"|(?:(?:{_WHICH}){{1,3}}(?:[\w-]{{1,40}}\s+){{0,2}}?)?{_DEPLOY})(?![\w-]){_BEGAN}(?![\w-])",
    re.IGNORECASE,
)


def find_anchored(text: str) -> tuple[Anchored, ...]:
    """All of them, in the order of the text."""
    return tuple(
        Anchored(
            _RELATIONS[" ".join(match["relation"].lower().split())],
            "incident" if match["id"] or match["incident"] else "deploy",
            (match["id"] or "").upper(),
            match.span(),
        )
        for match in _ANCHORED.finditer(text)
    )
