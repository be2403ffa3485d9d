"""From what somebody typed in Slack to what they mean by it: without the mention of us, and without what they quote."""

from __future__ import annotations

import html
import re
from typing import Final

_FENCE: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTE: Final = re.compile(r"^(?:&gt;|>).*$", re.MULTILINE)
_LINK: Final = re.compile(r"<((?:https?|mailto):[^|>]*)(?:\|([^>]*))?>")
_CHANNEL: Final = re.compile(r"<#([A-Z0-9]+)(?:\|([^>]*))?>")
_PERSON: Final = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_OTHER: Final = re.compile(r"<(![^>]*)>")
_STYLE: Final = re.compile(r"(?<!\w)[*_~`]+(?=\S)|(?<=\S)[*_~`]+(?!\w)")


def own(text: str) -> str:
    """What the person says themselves: what they quote, and what stands in a block of code, somebody else said."""
    return _QUOTE.sub("", _FENCE.sub(" ", text))


def plain(text: str, bot: str = "") -> str:
    """The words of the person themselves; ids stay ids, entities become characters."""
    text = own(text)
    if bot:
        text = re.sub(rf"<@{re.escape(bot)}(?:\|[^>]*)?>", " ", text)
    text = _LINK.sub(lambda found: found[1] if found[1].startswith("http") else found[2] or found[1], text)
    text = _CHANNEL.sub(lambda found: f"#{found[2]}" if found[2] else found[1], text)
    text = _OTHER.sub(" ", _PERSON.sub(lambda found: found[1], text))
    return re.sub(r"[ \t]+", " ", html.unescape(_STYLE.sub("", text))).strip()


def literal(text: str) -> str:
    """Everything that is written there, as data: quotes, code and all."""
    text = _LINK.sub(lambda found: found[1], text)
    text = _CHANNEL.sub(lambda found: f"#{found[2] or found[1]}", text)
    return html.unescape(_PERSON.sub(lambda found: f"@{found[1]}", text))


def speaks_to_another(text: str, bot: str) -> bool:
    """It begins with somebody else's name."""
    first = _PERSON.match(text.strip())
    return bool(first and first[1] != bot)
