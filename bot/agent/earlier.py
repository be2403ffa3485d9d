"""The earlier turns of a thread, as the rules read them: each understood as of its own moment."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bot.agent.threads import Message
from bot.language import brain
from bot.language.lexicon import Lexicon
from bot.language.understanding import Earlier, Entity, Understanding
from bot.ports import Json

LOOKED_AT: Final = 8
"""A reference does not reach back further."""
_KINDS: Final = {
    "window": "", "against": "", "contains": "pattern", "trace": "trace_id", "slower_than": "duration_threshold",
    "other_service": "service", "other_environment": "environment", "other_version": "version",
}  # fmt: skip


def earlier(messages: Sequence[Message], lexicon: Lexicon, timezone: str, asked: str = "") -> tuple[Earlier, ...]:
    """`asked` is an operation that counts as if it had begun the thread."""
    found = [Earlier("user", asked, understood=understood)] if (understood := _exactly(asked)) else []
    for each in messages[-LOOKED_AT:]:
        if each.role == "assistant":
            found.append(Earlier("bot", each.content))
            continue
        exactly = _exactly(each.content)
        understood = exactly or brain.understand(
            each.content, lexicon, now=each.created_at, timezone=timezone, history=tuple(found)
        )
        found.append(Earlier("user", each.content, each.author, understood))
    return tuple(found)


def _exactly(text: str) -> Understanding | None:
    """A button that was pressed, or an operation that was typed: what it names is what its values name."""
    name, _, rest = text.partition(" ")
    if name not in brain.INTENTS:
        return None
    try:
        pairs = [word.partition("=") for word in shlex.split(rest)]
    except ValueError:
        return None
    holds = tuple(
        Entity(kind, value, value) for field, equals, value in pairs if equals and (kind := _KINDS.get(field, field))
    )
    times = (_moments(value) for field, _, value in pairs if field == "window")
    holds += tuple(Entity("time_range", found) for found in times if found)
    return Understanding(text, brain.INTENTS[name], name, 1.0, holds, holds)


def _moments(window: str) -> Json:
    """What a button names exactly. Any other time is one of its own day, and its words are said again."""
    try:
        start, end = (datetime.fromisoformat(each) for each in window.split("/"))
    except ValueError:
        return None
    if not (start.tzinfo and end.tzinfo and start < end):
        return None
    return {"start": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "end": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
