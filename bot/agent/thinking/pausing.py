"""A thought that waits for people, as JSON: kept until they have decided, and taken up where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.agent.model import Message, ToolResult
from bot.agent.thinking.acting import Ledgers
from bot.agent.thinking.claims import Support
from bot.agent.thinking.fencing import Fence
from bot.agent.thinking.hypotheses import Hypotheses
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.results import Results
from bot.errors import Conflict
from bot.ports import Json

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Paused:
    """What is needed to go on. The results themselves are not: the model has read what was shown of them."""

    key: str
    nonce: str
    words: str
    messages: tuple[Message, ...]
    changes: int
    results: int
    counts: tuple[int, ...]
    hypotheses: tuple[Mapping[str, Json], ...]
    version: int = VERSION


_PAUSED: Final = TypeAdapter(Paused)


def paused(key: str, words: str, messages: list[Message], ledgers: Ledgers) -> Mapping[str, Json]:
    state = Paused(
        key=key,
        nonce=ledgers.fence.nonce,
        words=words,
        messages=tuple(messages),
        changes=ledgers.changes,
        results=ledgers.results.count,
        counts=tuple(sorted(ledgers.support.counts)),
        hypotheses=tuple(each.model_dump(mode="json", by_alias=True) for each in ledgers.hypotheses.all),
    )
    dumped: dict[str, Json] = _PAUSED.dump_python(state, mode="json")
    return dumped


def taken_up(state: Mapping[str, Json], limits: ThinkingLimits) -> tuple[Paused, Ledgers]:
    """Raises Conflict where another version kept it."""
    try:
        kept = _PAUSED.validate_python(dict(state))
    except ValidationError:
        kept = None
    if kept is None or kept.version != VERSION:
        raise Conflict(
            f"a thought of version {str(state.get('version'))[:20]!r} cannot be taken up by version {VERSION}",
            mend="The approval stands; ask again for what was to follow.",
        )
    support = Support()
    support.read(kept.words)
    for many in kept.counts:
        support.add_count(many)
    for message in kept.messages:
        for part in message.parts:
            if isinstance(part, ToolResult):
                support.read(part.content)
    return kept, Ledgers(
        fence=Fence(kept.nonce),
        results=Results(limits.result_characters, kept.results),
        support=support,
        hypotheses=Hypotheses.load(list(map(dict, kept.hypotheses))),
        addresses=set(),
        changes=kept.changes,
    )
