"""Thoughts are bound to what stood before them, as newer models have it: an edited past makes them invalid."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def signature(body: Mapping[str, Any], until: int | None = None) -> str:
    """Of the system prompt, the tools and the messages before message `until`; marks of the cache do not count."""
    prefix = [body.get("system"), body.get("tools"), [*body["messages"]][:until]]
    return hashlib.sha256(json.dumps(_plain(prefix), sort_keys=True).encode()).hexdigest()


def unbound(body: Mapping[str, Any]) -> int | None:
    """The first message with a thought whose past is another."""
    for at, message in enumerate(body["messages"]):
        blocks = message["content"] if isinstance(message["content"], Sequence) else ()
        signed = [block["signature"] for block in blocks if isinstance(block, Mapping) and "signature" in block]
        if any(each != signature(body, at) for each in signed):
            return at
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if key != "cache_control"}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
