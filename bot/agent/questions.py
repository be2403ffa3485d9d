"""A question that was asked, and the words that answer it: which of the options, or the thing that was missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.agent.suspended import Suspended
from bot.language.understanding import Entity, Understanding
from bot.ports import Json

UNDERSTANDING: Final = TypeAdapter(Understanding)
_NO: Final = re.compile(
    r"(?:no(?:pe)?|never ?mind|nvm|cancel|forget it|leave it|stop|don'?t)\b[\s.!,]*.{0,20}", re.IGNORECASE
)
_ORDINALS: Final = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "last": -1}
_ORDINAL: Final = re.compile(rf"\b(?:the )?({'|'.join(_ORDINALS)})(?: one)?\b", re.IGNORECASE)


def pack(understood: Understanding) -> Json:
    packed: Json = UNDERSTANDING.dump_python(understood, mode="json")
    return packed


def unpack(waiting: Suspended) -> Understanding | None:
    """None for what an older version wrote and this one cannot read."""
    try:
        return UNDERSTANDING.validate_python(waiting.payload.get("understood"))
    except ValidationError:
        return None


def given_up(text: str) -> bool:
    return bool(_NO.fullmatch(text.strip()))


def answered(
    kept: Understanding, text: str, said: Understanding, read: Callable[[str], Understanding]
) -> Understanding | None:
    """What was asked for, with what the answer adds to it; None where the words are no answer to that question."""
    words = _chosen(kept, text) or text
    things = (said if words == text else read(words)).entities
    wanted = set(kept.missing)
    fitting = tuple(each for each in things if each.type in wanted)
    other = tuple(each for each in things if each.type not in wanted)
    if not fitting and (len(wanted) != 1 or said.operation != "answer.clarify" or other):
        return None
    if not fitting:  # a word that no list knows: it is what was asked for
        fitting = (Entity(kept.missing[0], words.strip(), words),)
    if said.operation != "answer.clarify" and other:
        return None  # a sentence of its own
    given = {each.type for each in fitting}
    missing = tuple(each for each in kept.missing if each not in given)
    holds = (*(each for each in kept.holds if each.type not in given), *fitting)
    again = replace(kept, holds=holds, entities=(*kept.entities, *fitting), missing=missing)
    return replace(again, needs_clarification=bool(missing), options=() if missing else kept.options)


def _chosen(kept: Understanding, text: str) -> str:
    """One of the options, by its words or by its place."""
    exactly = next((each for each in kept.options if each.lower() == text.strip().lower()), "")
    match = _ORDINAL.search(text)
    if exactly or not match or len(kept.options) <= _ORDINALS[match[1].lower()]:
        return exactly
    return kept.options[_ORDINALS[match[1].lower()]]
