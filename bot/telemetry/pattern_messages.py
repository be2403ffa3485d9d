"""What of a line is its message: JSON and logfmt name it, and a stack trace is its first line and what was raised."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from bot.telemetry.signals import Level

LONGEST: Final = 65_536
"""What is longer is read as plain text, and only its beginning."""
MOST_FIELDS: Final = 64

_MESSAGE: Final = ("msg", "message", "event", "log", "short_message", "text", "body")
_LEVEL: Final = ("level", "severity", "lvl", "levelname", "severity_text", "log.level")
_LEVELS: Final[Mapping[str, Level]] = {
    **dict.fromkeys(("trace", "finest", "verbose"), "trace"),
    **dict.fromkeys(("debug", "dbg", "fine"), "debug"),
    **dict.fromkeys(("info", "information", "informational", "notice"), "info"),
    **dict.fromkeys(("warn", "warning", "wrn"), "warn"),
    **dict.fromkeys(("error", "err", "severe"), "error"),
    **dict.fromkeys(("fatal", "critical", "crit", "alert", "emerg", "emergency", "panic"), "fatal"),
}
_SAID: Final = re.compile(
    r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRIT(?:ICAL)?)\b"
    r"|[\[<](?:trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|crit(?:ical)?)[\]>]"
)
_SAID_WITHIN: Final = 80
_PAIR: Final = re.compile(r'(?:^|\s)([A-Za-z_][\w.@-]{0,60})=(?:"((?:[^"\\]|\\.)*+)"|(\S*))')
_PAIR_HINT: Final = re.compile(rf"(?:^|\s)(?:{'|'.join(_MESSAGE[:3])})=")
_QUOTED: Final = re.compile(r'\\(["\\])')
_RAISED: Final = re.compile(
    r"^(?:Caused by: |panic: )?((?:[A-Za-z_$][\w$]*\.)*[A-Za-z_]\w*(?:Error|Exception|Exit|Interrupt|Warning))\b",
    re.MULTILINE,
)


def level_of(word: str) -> Level:
    return _LEVELS.get(word.strip("[]<> ").lower(), "unknown")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _from_json(line: str) -> dict[str, str] | None:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    return {str(name): _plain(value) for name, value in list(read.items())[:MOST_FIELDS]}


def _from_logfmt(line: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for found in _PAIR.finditer(line):
        name, quoted, bare = found.groups()
        fields[name] = _QUOTED.sub(r"\1", quoted) if quoted is not None else bare
        if len(fields) >= MOST_FIELDS:
            break
    return fields


def _first_line(text: str) -> str:
    """The first line that says something, and the type of what was raised below it."""
    first, _, below = text.strip().partition("\n")
    if not below:
        return first
    raised = _RAISED.findall(below)
    return f"{first.rstrip()} {raised[-1]}" if raised and raised[-1] not in first else first.rstrip()


def message_of(line: str) -> tuple[str, dict[str, str], Level]:
    """The message, the fields beside it, and the level where one is said."""
    line = line[:LONGEST]
    fields: dict[str, str] = {}
    head = line[:1]
    if head == "{" and "}" in line[-3:]:
        fields = _from_json(line) or {}
    elif "=" in line and _PAIR_HINT.search(line):
        fields = _from_logfmt(line)
    text = next((fields.pop(name) for name in _MESSAGE if fields.get(name)), None)
    if text is None:
        text = " ".join(f"{name}={value}" for name, value in fields.items()) if fields and head == "{" else line
    level: Level = next((level_of(fields[name]) for name in _LEVEL if name in fields), "unknown")
    if level == "unknown" and (said := _SAID.search(text, 0, _SAID_WITHIN)):
        level = level_of(said.group())
    return _first_line(text) if "\n" in text else text, fields, level
