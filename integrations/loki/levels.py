"""How bad a line is, by its labels, by what it says of itself, or by its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.telemetry.signals import Labels, Level

LEVEL_LABELS: Final = ("level", "detected_level", "severity", "lvl", "loglevel", "severity_text", "level_extracted")
LOOKED_AT: Final = 400
"""Characters of a line in which its level stands."""
_WORDS: Final[Mapping[Level, str]] = {
    "trace": "trace trc finest verbose 10",
    "debug": "debug dbg debg fine 20",
    "info": "info inf information informational notice 30",
    "warn": "warn warning wrn 40",
    "error": "error err eror severe 50",
    "fatal": "fatal critical crit panic dpanic alert emergency emerg 60",
}
LEVELS: Final[Mapping[str, Level]] = {word: level for level, words in _WORDS.items() for word in words.split()}
"""The words, and the numbers of pino and bunyan."""
_NAMED = re.compile(
    r"""\b(?:level|lvl|severity|loglevel|levelname)["']?\s{0,4}[=:]\s{0,4}["']?(\w{1,16})""", re.IGNORECASE
)
_SHOUTED = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|SEVERE|FATAL|CRIT|CRITICAL|PANIC)\b")
_OPENING = re.compile(
    r"\s{0,40}[\[(<]?(trace|debug|info|notice|warn|warning|err|error|fatal|critical|panic)[\])>]?\s?[:\])>]",
    re.IGNORECASE,
)
_THROWN = re.compile(r"Traceback \(most recent call last\)|\b[A-Z]\w{0,60}(?:Exception|Error)\b[:(]|^goroutine \d+ ")


def level_of(labels: Labels, text: str) -> Level:
    """The level that is said nearest to the line's source: a quoted `error` in a sentence is none."""
    for name in LEVEL_LABELS:
        if level := LEVELS.get(labels.get(name, "").lower()):
            return level
    head = text[:LOOKED_AT]
    for said in (_NAMED.search(head), _SHOUTED.search(head), _OPENING.match(head)):
        if said and (level := LEVELS.get(said[1].lower())):
            return level
    return "error" if _THROWN.search(head) else "unknown"
