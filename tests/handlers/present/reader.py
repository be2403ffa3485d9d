"""A strict reader of mrkdwn: everything in a text that Slack could read as more than words."""

from __future__ import annotations

import re
from html import unescape

from handlers.present.escaping import JOINER, LOOKALIKES

_PATTERNS = {
    "entity": re.compile(r"<[^>]*>?|>"),
    "ampersand": re.compile(r"&(?!(?:amp|lt|gt);)"),
    "code": re.compile(r"`"),
    "bold": re.compile(r"(?<![^\W_])\*(?=\S)[^\n]*?(?<=\S)\*(?![^\W_])"),
    "italic": re.compile(r"(?<![^\W_])_(?=\S)[^\n]*?(?<=\S)_(?![^\W_])"),
    "strike": re.compile(r"(?<![^\W_])~(?=\S)[^\n]*?(?<=\S)~(?![^\W_])"),
    "quote": re.compile(r"^[ \t]*&gt;", re.MULTILINE),
    "call": re.compile(r"(?<!\w)@\w"),
    "channel": re.compile(r"(?<!\w)#[^\W\d]"),
    "emoji": re.compile(r":[\w+'-]*[^\W\d][\w+'-]*:|:100:|:1234:"),
    "invisible": re.compile("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00-\x08\x0b-\x1f]"),
}


def found(text: str) -> dict[str, list[str]]:
    """What is more than plain text, by its kind."""
    return {kind: hits for kind, pattern in _PATTERNS.items() if (hits := pattern.findall(text))}


def entities(text: str) -> list[str]:
    """What stands between < and >, outside of code: what Slack obeys."""
    return re.findall(r"<([^<>]*)>", text)


def read(text: str) -> str:
    """The words that somebody sees."""
    seen = unescape(text).replace(JOINER, "")
    for mark, alike in LOOKALIKES.items():
        seen = seen.replace(alike, mark)
    return seen
