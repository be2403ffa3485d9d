"""The prompt cache: a prefix that was marked and seen in the last five minutes is read from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.sandbox.anthropic.playing import tokens

LIFETIME: Final = 300.0
LOOKBACK: Final = 20
"""Blocks before a mark in which an earlier end is found."""


@dataclass(frozen=True, slots=True)
class Read:
    """The tokens of a prompt, by where they came from."""

    fresh: int
    written: int
    cached: int


class PromptCache:
    """`least`: tokens that a prefix must have to be kept."""

    def __init__(self, clock: Callable[[], float], least: int = 512) -> None:
        self._clock = clock
        self._least = least
        self._kept: dict[str, float] = {}

    def read(self, body: Mapping[str, Any]) -> Read:
        now = self._clock()
        ends = [*_ends(body)]
        total = ends[-1][1] if ends else 0
        marks = [at for at, (_, size, marked) in enumerate(ends) if marked and size >= self._least]
        near = {at for mark in marks for at in range(max(0, mark - LOOKBACK), mark + 1)}
        hits = [at for at in near if self._kept.get(ends[at][0], -LIFETIME) + LIFETIME > now]
        cached = ends[max(hits)][1] if hits else 0
        written = max((ends[mark][1] for mark in marks), default=cached)
        for at in {*marks, *([max(hits)] if hits else [])}:
            self._kept[ends[at][0]] = now
        return Read(total - max(written, cached), max(0, written - cached), cached)


def _ends(body: Mapping[str, Any]) -> Iterator[tuple[str, int, bool]]:
    """Of each block: the digest of all up to it, the tokens up to it, and whether it is marked."""
    digest, size = hashlib.sha256(str(body["model"]).encode()), 0
    for block in _blocks(body):
        text = json.dumps({key: value for key, value in block.items() if key != "cache_control"}, sort_keys=True)
        digest.update(text.encode())
        size += tokens(text)
        yield digest.hexdigest(), size, bool(block.get("cache_control"))


def _blocks(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from body.get("tools") or ()
    system = body.get("system") or ()
    yield from [{"type": "text", "text": system}] if isinstance(system, str) else system
    for message in body["messages"]:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            yield {"role": message["role"], **block}
