"""What is to be done, where it is no plain verb: particles that stand apart, runbooks meant by a verb, and passives."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from typing import Final

from bot.language.lexicon import Lexicon, Text

NEGATION: Final = re.compile(
    r"\b(?:don't|do not|never|no need|not|shouldn't|mustn't|won't|wouldn't|can't|isn't|aren't|didn't|haven't|hold off|no longer)\b"
)
"""Something is denied or refused."""
_APART: Final = {
    ("roll", "back"): "revert", ("put", "back"): "revert", ("take", "back"): "revert", ("bring", "back"): "revert",
    ("back", "out"): "revert", ("roll", "out"): "deploy", ("push", "out"): "deploy", ("get", "out"): "deploy", ("switch", "back"): "revert",
    ("kick", "off"): "run", ("get", "going"): "run", ("get", "started"): "run", ("get", "running"): "run", ("fire", "up"): "run", ("call", "off"): "stop", ("shut", "down"): "stop", ("go", "back"): "revert",
    ("set", "back"): "revert", ("move", "back"): "revert", ("scale", "back"): "scale", ("set", "live"): "deploy", ("put", "live"): "deploy",
    ("start", "over"): "run", ("fail", "over"): "book",
}  # fmt: skip
"""A verb and its particle, with the object between them."""


_ARTICLES: Final = frozenset(
    "a another quick full the rolling swift clean fresh fast small little good proper brief hard soft cold graceful one".split()  # noqa: SIM905  a table of words
)


def particles(read: Text, index: int, end: int) -> set[str]:
    first = read.words[index].key
    return {
        kind
        for word in read.words[index + 1 : index + 7]
        if word.start < end and (kind := _APART.get((first, word.key))) is not None
    }


def books_in(read: Text, index: int, end: int, lexicon: Lexicon) -> list[tuple[str, int, int]]:
    """The runbook that the verb at this word means: "restart the cart", "clear the redis cache"."""
    rest = " ".join(word.key for word in read.words[index : index + 3])
    window = " ".join(word.key for word in read.words[index : index + 10] if word.start < end)
    first = read.words[index]
    for name, book in lexicon.names.runbooks.items():
        for verb in book.verbs:
            if f"{rest} ".startswith(f"{verb} ") or (" " in verb and _apart(verb, window)):
                last = read.words[min(index + verb.count(" "), len(read.words) - 1)]
                return [(name, first.start, last.end)]
    for name, book in lexicon.names.runbooks.items():
        if first.key in book.loose_verbs and any(f" {each} " in f"{window} " for each in book.objects):
            return [(name, first.start, first.end)]
    return []


def _apart(verb: str, window: str) -> bool:
    first, _, rest = verb.partition(" ")
    return window.startswith(f"{first} ") and f" {rest}" in window


_PASSIVE: Final = re.compile(
    r"\b(?:give|do|chance of|due for|overdue for|due|in order|time for|how about|please|pls|schedule|request|perform|ask for|asking for|for|deserves|can|could|should|must|needs?|has|have|want|wants|would like|'d like|please get|get|"
    r"may|ought|like|love|up for|merits?|calls for|begs for|use|appreciate)\b"
)


def passives(text: str, read: Text, lexicon: Lexicon) -> set[str]:
    """As in "can the canary be stopped", "payments needs to be restarted", "I want it deployed", "cart needs a restart"."""
    asks = _PASSIVE.search(text)
    has: set[str] = set()
    if asks is None or NEGATION.search(text):
        return has
    tail = text[asks.start() :]
    offset = asks.start()
    for index, word in enumerate(read.words):
        if word.start < offset:
            continue
        previous = read.words[index - 1].key if index else ""
        for sense in lexicon.senses(text, read.words, index):
            if (
                sense.kind[0] == "v"
                and sense.form == "ed"
                and (
                    previous in {"be", "get", "getting", "been"}
                    or re.search(r"\b(?:want|need|get|like|have|see|love)s?\b", tail[: word.start - offset])
                )
            ):
                has.add(f"pp:{sense.kind[2:]}")
        if previous in {"be", "get", "getting", "need", "needs", "wants", "requires"} and (
            name := lexicon.book_forms.get(word.key)
        ):
            has.add(f"book:{name}")
        if previous in _ARTICLES and (name := lexicon.book_stems.get(word.key)) and _GIVEN.search(text):
            has.add(f"book:{name}")
    return has


_GIVEN: Final = re.compile(
    r"\b(?:needs?|wants?|could use|could do with|can use|do|give|chance of|due|in order|time for|how about|please|pls|schedule|request|perform|"
    r"ask\w* for|deserves?|merits?|calls for|begs for|hit|appreciate|like|love|up for|get|have|see)\b"
)
"""What is said of a deed that is named by a noun: "cart needs a restart"."""
