"""Text from outside, so that Slack shows it and obeys none of it; and the few things that Slack shall obey."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

JOINER: Final = "\u2060"
"""Takes no room and is no part of a word: an `@` before it calls nobody, and a copied text still reads the same."""
LOOKALIKES: Final = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
"""mrkdwn has no backslash: a mark that would format is shown by a character that looks like it."""
PERSON: Final = re.compile(r"[UW][A-Z0-9]{2,}")
CHANNEL: Final = re.compile(r"[CDG][A-Z0-9]{2,}")
GROUP: Final = re.compile(r"S[A-Z0-9]{2,}")
SCHEMES: Final = frozenset({"http", "https", "slack"})
MOST_URL: Final = 1_000
MOST_WORDS: Final = 150
SHORT: Final = "{date_short_pretty} at {time}"
AGO: Final = "{ago}"
DAY: Final = "{date_short_pretty}"
TIME: Final = "{time}"
EXACT: Final = "{date_num} {time_secs}"

_OBEYED = re.compile(  # controls, directions, invisible characters, tags, half characters
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)
_CALLS = re.compile(r"(?<!\w)@(?=\w)")
_CHANNELS = re.compile(r"(?<!\w)#(?=[^\W\d])")
_EMOJI = re.compile(r":(?=(?=[\w+'-]*[^\W\d])[\w+'-]+:|100:|1234:)")
_QUOTE = re.compile(r"^(?=[ \t]*&gt;)", re.MULTILINE)
_OPENS = re.compile(r"(?<![^\W_])[*_~](?=\S)")
_CODE = re.compile(r"`([^`\n]+)`")
_HOST = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)


def clean(text: str) -> str:
    """What is seen of it: nothing invisible, nothing that turns the direction of reading, one kind of line end."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _OBEYED.sub("", lines)


def entities(text: str) -> str:
    """The three characters that Slack wants escaped, and only they."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def literal(text: str) -> str:
    """For `plain_text`, where Slack reads nothing but emoji."""
    return _EMOJI.sub(f":{JOINER}", clean(text))


def escape(text: str) -> str:
    """As plain text in mrkdwn: no mention, no link, no emoji, no formatting can come out of it."""
    shown = entities(clean(text)).replace("`", LOOKALIKES["`"])
    shown = "\n".join(map(_unpaired, shown.split("\n")))
    shown = _CALLS.sub(f"@{JOINER}", shown)
    shown = _CHANNELS.sub(f"#{JOINER}", shown)
    shown = _EMOJI.sub(f":{JOINER}", shown)
    return _QUOTE.sub(JOINER, shown)


def _unpaired(line: str) -> str:
    """A mark opens only where another one follows on its line."""
    last = {mark: line.rfind(mark) for mark in "*_~"}
    if max(last.values()) < 0:
        return line
    return _OPENS.sub(lambda found: LOOKALIKES[found[0]] if found.start() < last[found[0]] else found[0], line)


def prose(text: str) -> str:
    """A sentence of ours that quotes values: `names` in backticks are code, all the rest is plain."""
    pieces = _CODE.split(clean(text))
    return "".join(code(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces))


def sentence(text: str) -> str:
    """The same with a capital letter and a full stop: errors are written without, to stand within others."""
    text = text.strip()
    first = text.split(" ", 1)[0].rstrip(":,")
    if first.isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return prose(text if not text or text[-1] in ".?:…" else f"{text}.")


def bold(text: str) -> str:
    """Plain text in bold, on one line; nothing stays nothing."""
    shown = " ".join(escape(text).replace("*", LOOKALIKES["*"]).split())
    return f"*{shown}*" if shown else ""


def italic(text: str) -> str:
    shown = " ".join(escape(text).replace("_", LOOKALIKES["_"]).split())
    return f"_{shown}_" if shown else ""


def code(text: str) -> str:
    """A value on one line, to be read exactly."""
    shown = " ".join(entities(clean(text)).replace("`", LOOKALIKES["`"]).split())
    return f"`{shown}`" if shown else "(empty)"


def fence(text: str, language: str = "") -> str:
    """Lines to be read exactly; mrkdwn has no place for the language, so it stands above."""
    shown = re.sub(r"``(?=`)", f"``{JOINER}", entities(clean(text)).strip("\n"))
    above = f"{italic(language)}\n" if language else ""
    return f"{above}```\n{shown}\n```"


def safe_url(url: str) -> str:
    """The address as it may stand in a link, or "" where it may not be one."""
    url = clean(url).strip()
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if len(url) > MOST_URL or parts.scheme.lower() not in SCHEMES or (parts.scheme.lower() != "slack" and not host):
        return ""
    return quote(url, safe="/:?#[]@!$&'()*+,;=%~-._")


def honest(label: str, url: str) -> str:
    """The label; where it looks like an address of somewhere else, with the real host behind it."""
    host = (urlsplit(url).hostname or "").lower().removeprefix("www.")
    named = [found.lower().removeprefix("www.") for found in _HOST.findall(label)]
    return f"{label} ({host})" if host and any(each != host for each in named) else label


def link(url: str, label: str = "") -> str:
    """A link to the web or into Slack; anything else is only its words."""
    address = safe_url(url)
    words = " ".join(clean(label).split())
    words = words if len(words) <= MOST_WORDS else f"{words[: MOST_WORDS - 1]}…"
    if not address:
        return escape(words or url)
    shown = escape(honest(words, address) if words else address[:MOST_WORDS]).replace("|", "¦")
    return f"<{address.replace('&', '&amp;').replace('|', '%7C')}|{shown}>"


def mention(person: str, name: str = "") -> str:
    """Calls somebody who is known to Slack by this id; others are only named."""
    return f"<@{person}>" if PERSON.fullmatch(person) else escape(name or person)


def group(group_id: str, name: str = "") -> str:
    return f"<!subteam^{group_id}>" if GROUP.fullmatch(group_id) else escape(name or group_id)


def channel(channel_id: str, name: str = "") -> str:
    return f"<#{channel_id}>" if CHANNEL.fullmatch(channel_id) else escape(name or channel_id)


def date(when: datetime, form: str = SHORT) -> str:
    """An instant in the reader's own time; where that is not possible, in UTC."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    there = f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(when.timestamp())}^{form}|{there}>"
