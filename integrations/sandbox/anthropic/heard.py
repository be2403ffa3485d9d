"""A conversation as a script sees it, whatever protocol it came by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.models.names import own_name

MOST_TRIES: Final = 50
"""Braces in a result at which JSON might begin."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a call came to; `tool` is its own name, with dots."""

    tool: str
    text: str
    failed: bool

    @property
    def line(self) -> str:
        """The first line that says something: no fence, heading mark or tag."""
        for line in self.text.splitlines():
            words = line.strip().lstrip("#> ").strip()
            if words and not words.startswith(("```", "<", "---")):
                return words
        return ""

    def at(self, path: Sequence[str]) -> Any:
        """What stands there in the JSON that the text holds, at the top or within; None where nothing does."""
        return _within(_json(self.text), path)


@dataclass(frozen=True, slots=True)
class Heard:
    """All that a rule can ask about."""

    system: str
    said: tuple[str, ...]
    """The blocks of the person's last words."""
    turn: int
    fresh: tuple[Result, ...]
    """The results that just came."""
    results: tuple[Result, ...]
    """All of them, the newest first."""
    offered: Mapping[str, str]
    """What may be called: its own name, and the one on the wire."""

    def result(self, tool: str) -> Result | None:
        return next((result for result in self.results if tool in {result.tool, "result"}), None)


def heard(system: str, turns: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], tools: Sequence[str]) -> Heard:
    """From turns of blocks as the Messages API has them."""
    names = {block["id"]: own_name(block["name"]) for _, blocks in turns for block in blocks if "input" in block}
    found = [
        [
            Result(names.get(block["tool_use_id"], ""), text_of(block.get("content", "")), bool(block.get("is_error")))
            for block in blocks
            if block["type"] == "tool_result"
        ]
        for _, blocks in turns
    ]
    last = max(
        (
            at
            for at, (role, blocks) in enumerate(turns)
            if role == "user" and not found[at] and any(block["type"] == "text" for block in blocks)
        ),
        default=0,
    )
    said = tuple(block["text"] for block in turns[last][1] if block["type"] == "text")
    turn = 1 + sum(role == "assistant" for role, _ in turns[last:])
    results = tuple(result for each in reversed(found) for result in each)
    return Heard(system, said, turn, tuple(found[-1]), results, {own_name(tool): tool for tool in tools})


def text_of(content: str | Sequence[Mapping[str, Any]]) -> str:
    return content if isinstance(content, str) else "\n".join(block.get("text", "") for block in content)


def _json(text: str) -> Any:
    """The largest JSON object or list in `text`."""
    best, at, decoder = None, -1, json.JSONDecoder()
    end = longest = 0
    for _ in range(MOST_TRIES):
        at = min((found for mark in "{[" if (found := text.find(mark, max(at + 1, end))) >= 0), default=-1)
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        if end - at > longest:
            best, longest = value, end - at
    return best


def _within(value: Any, path: Sequence[str]) -> Any:
    found = _exactly(value, path)
    if found is not None:
        return found
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for each in inner if (found := _within(each, path)) is not None), None)


def _exactly(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
