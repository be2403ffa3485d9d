"""A question that was asked, and the words that answer it: which of the options, or the thing that was missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.agent.suspended import Suspended
from bot.language.clarifying import Lack
from bot.language.understanding import Entity, Understanding
from bot.ports import Json

UNDERSTANDING: Final = TypeAdapter(Understanding)
FREE: Final = frozenset({"version", "pattern", "instance", "endpoint", "trace_id", "execution", "incident", "user"})
"""What has no list that a word could be in; a service that is none is no answer to "Which service?"."""
_NO: Final = re.compile(
    r"(?:(?:no(?:pe)?|never ?mind|nvm|cancel|forget|leave|stop|don'?t|do not|drop|thanks|thank you|please|bother|do|"
    r"it|that|this|about|then|for now|anyway|any ?more)\b[\s.!,]*)+",
    re.IGNORECASE,
)
_LEAVES: Final = re.compile(r"(?:no|never|nvm|cancel|forget|leave|stop|don|do not|drop)", re.IGNORECASE)
_ORDINALS: Final = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "last": -1}
_ORDINAL: Final = re.compile(
    rf"(?:(?:i mean|take|use|make it|please|the)\s+)*({'|'.join(_ORDINALS)})(?: (?:one|option))?(?:,? please)?[\s.!]*",
    re.IGNORECASE,
)
_IDLE: Final = re.compile(
    r"\W*(?:(?:yes|yeah|yep|ok(?:ay)?|sure|fine|go(?: ahead)?|do it|whatever|whichever|any|all|both|neither|either|"
    r"hmm+|um+|wait|later|i (?:don'?t|do not) (?:know|care)|not sure|no idea|doesn'?t matter|please|the|one|of|them|\?)"
    r"\W*)*",
    re.IGNORECASE,
)
"""Words that answer no question about a name."""
MOST_WORDS: Final = 3
Lacks = Callable[[str, tuple[Entity, ...]], Lack]
"""What an operation still cannot do without, given what holds."""


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
    words = text.strip()
    return bool(_LEAVES.match(words) and _NO.fullmatch(words))


def answered(
    kept: Understanding, text: str, said: Understanding, read: Callable[[str], Understanding], lacks: Lacks
) -> Understanding | None:
    """What was asked for, with what the answer adds to it; None where the words are no answer to that question."""
    if given_up(text):
        return None
    words = _chosen(kept, text) or text
    things = (said if words == text else read(words)).entities
    wanted = set(kept.missing)
    fitting = tuple(each for each in things if each.type in wanted)
    other = tuple(each for each in things if each.type not in wanted)
    if not fitting and (len(wanted) != 1 or said.operation != "answer.clarify" or other):
        return None
    if not fitting and (kept.missing[0] not in FREE or _IDLE.fullmatch(words) or len(words.split()) > MOST_WORDS):
        return None
    if not fitting:  # of this there is no list: the word is what was asked for
        fitting = (Entity(kept.missing[0], words.strip(), words),)
    if said.operation != "answer.clarify" and other:
        return None  # a sentence of its own
    given = {each.type for each in fitting}
    holds = (*(each for each in kept.holds if each.type not in given), *fitting)
    lack = lacks(kept.operation, holds)
    missing = tuple(each for each in lack.missing if each in wanted)
    again = replace(kept, holds=holds, entities=(*kept.entities, *fitting), missing=missing)
    return replace(again, needs_clarification=bool(missing), question=lack.question, options=lack.options)


def _chosen(kept: Understanding, text: str) -> str:
    """One of the options, by its words or by its place."""
    exactly = next((each for each in kept.options if each.lower() == text.strip().lower()), "")
    match = _ORDINAL.fullmatch(text.strip())
    if exactly or not match or len(kept.options) <= _ORDINALS[match[1].lower()]:
        return exactly
    return kept.options[_ORDINALS[match[1].lower()]]
