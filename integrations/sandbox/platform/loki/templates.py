"""Whole lines with holes: a service's messages in its format, and what a filter can know without filling them."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from bot.telemetry.queries.logql import LineFilter
from bot.telemetry.queries.logql_regex import literal
from integrations.sandbox.platform.loki import voices
from integrations.sandbox.platform.loki.facts import PLAIN, WORDS
from integrations.sandbox.platform.loki.store import NO, UNKNOWN, YES

Level = Literal["debug", "info", "warn", "error"]
_NUMBERS: Final = frozenset({
    "status", "ms", "slow_ms", "wait_ms", "few", "many", "times", "attempt", "order", "memory", "pool", "queue",
})  # fmt: skip
_UPPER: Final = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "error": "ERROR"}
_RUST: Final = {"debug": "DEBUG", "info": " INFO", "warn": " WARN", "error": "ERROR"}
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_HEXADECIMAL: Final = re.compile(r"[a-fA-FTZu]+")
_UNTRACED: Final = re.compile(r'"trace_id": "\{trace\}", |trace_id=\{trace\} ')
_ALTERNATIVES: Final = re.compile(r"(?:\(([^()]*)\)|([^()]*))")


@dataclass(frozen=True, slots=True)
class Template:
    """A line of which the variables are missing."""

    pattern: str
    weight: float
    traced: bool
    """It belongs to a request, and may name its trace."""
    texts: tuple[str, ...]
    """What is between the variables."""
    names: frozenset[str]
    untraced: str = ""
    """The same line of a request that was not traced, where that differs."""

    def verdict(self, wanted: LineFilter, words: Mapping[str, Sequence[str]]) -> int:
        """Whether its lines pass a filter; `words` are what some variables can be."""
        found = _any([self._finds(each, wanted.op[1] == "~", words) for each in wanted.values])
        return found if wanted.op[0] == "|" or found == UNKNOWN else YES - found

    def _finds(self, value: str, regex: bool, words: Mapping[str, Sequence[str]]) -> int:  # noqa: FBT001  a plain flag
        if not regex:
            return self._holds(value, words, folded=False)
        folded = value.startswith("(?i)")
        pattern = value[4:] if folded else value
        inner = _ALTERNATIVES.fullmatch(pattern)
        texts = [literal(each) for each in (inner[1] or inner[2] or "").split("|")] if inner else [None]
        if r"\|" in pattern or any(text is None for text in texts):
            return UNKNOWN
        return _any([self._holds(text, words, folded=folded) for text in texts if text is not None])

    def _holds(self, text: str, words: Mapping[str, Sequence[str]], *, folded: bool) -> int:
        if any(text in piece for piece in self.texts):
            return YES
        if not text.isascii():
            return UNKNOWN
        said = text.casefold()
        pieces = [piece.casefold() for piece in self.texts]
        if folded and any(said in piece for piece in pieces):
            return YES
        known = [*pieces]
        for name in self.names:
            if name in WORDS or name in words:
                known += [word.casefold() for word in WORDS.get(name) or words[name]]
            elif name not in PLAIN:
                return UNKNOWN
        for word in _WORD.findall(said):
            if not _HEXADECIMAL.fullmatch(word) and not any(word in each for each in known):
                return NO
        return UNKNOWN


def _any(verdicts: Sequence[int]) -> int:
    if YES in verdicts:
        return YES
    return UNKNOWN if UNKNOWN in verdicts else NO


def _template(pattern: str, weight: float, traced: bool, untraced: str = "") -> Template:  # noqa: FBT001  as in the type
    cut = list(string.Formatter().parse(pattern))
    texts: list[str] = [""]
    names = set()
    for text, name, _, _ in cut:
        texts[-1] += text
        if name is not None:
            names.add(name)
            texts.append("")
    return Template(pattern, weight, traced, tuple(texts), frozenset(names), untraced)


@lru_cache(maxsize=512)
def templates(
    voice: voices.Voice, level: Level, messages: tuple[str, ...], *, bound: bool, traced: bool = True
) -> tuple[Template, ...]:
    """Messages of `voices` as the service writes them at a level; what a client did wrong is in no trace."""
    made = []
    for message in messages:
        weight, logger, text, fields = _cut(message)
        pattern = _line(voice, level, logger, text, fields, bound=bound)
        untraced = _UNTRACED.sub("", pattern) if bound else ""
        named = bound and traced and "status=4" not in fields
        made.append(_template(pattern if named or not bound else untraced, float(weight), named, untraced))
    return tuple(made)


def _cut(message: str) -> tuple[str, str, str, str]:
    weight, logger, rest = message.split(" | ", 2)
    text, _, fields = rest.rpartition("| ")
    return weight, logger, text.rstrip(), fields


def _line(voice: voices.Voice, level: Level, logger: str, text: str, fields: str, *, bound: bool) -> str:
    match voice.format, voice.tongue:
        case "text", "postgres":
            return f"{{clock}} UTC [{{pid}}] {logger}:  {text}"
        case "text", "redis":
            return f"{{pid}}:M {{redis_clock}} {logger} {text}"
        case "text", "rust":
            return f"{{rfc3339}} {_RUST[level]} {logger}: {text}"
        case "text", _:
            return f"{{clock}} {_UPPER[level]} {logger}: {text}"
    pairs = {"level": level, "msg": text, "logger": logger}
    if bound:
        pairs |= {"trace_id": "{trace}", "status": "{status}", "duration_ms": "{duration_ms}", "endpoint": "{endpoint}"}
    pairs |= dict(each.split("=", 1) for each in fields.split())
    pairs["version"] = "{version}"
    if voice.format == "logfmt":
        return " ".join(f"{name}={_bare(value)}" for name, value in pairs.items())
    return "{{" + ", ".join(f'"{name}": {_json(value)}' for name, value in pairs.items()) + "}}"


def _bare(value: str) -> str:
    plain = re.fullmatch(r"[\w./{}:-]+", value)
    return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(value: str) -> str:
    if value.isdigit() or value[1:-1] in _NUMBERS | {"duration_ms"}:
        return value
    return json.dumps(value)


@lru_cache(maxsize=64)
def stack_traces(tongue: str) -> tuple[Template, ...]:
    """Several lines in one entry, in nobody's format."""
    return tuple(_template(each, 1.0, True) for each in voices.TRACES.get(tongue, ()))
