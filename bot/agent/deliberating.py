"""Answers by a language model: with the thread and the memory around the question, across approvals and restarts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.agent.events import Text
from bot.agent.request import Request
from bot.agent.suspended import AT_A_GATE, Suspended, SuspendedStore
from bot.agent.thinking.loop import Thinker
from bot.agent.thinking.thought import Ask, Decided, Resumption, Source, Tell, Thought
from bot.agent.threads import Key, Message, Thread, where_of
from bot.door.runner import OUTCOME
from bot.guard.approvals import Approval, ApprovalState
from bot.guard.desk import ApprovalDesk
from bot.guard.limits import Limits
from bot.guard.people import Identity
from bot.memory.compression import Turn
from bot.memory.memory import Memory
from bot.ports import Clock

THREAD_TOKENS: Final = 8_000
MEMORY_TOKENS: Final = 1_500


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a model, by whom, and in which thread."""

    request: Request
    who: Identity
    thread: Thread
    text: str
    facts: Sequence[str] = ()


class Deliberating:
    """One for the whole bot."""

    def __init__(
        self,
        thinker: Thinker,
        memory: Memory,
        suspended: SuspendedStore,
        desk: ApprovalDesk,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._thinker = thinker
        self._memory = memory
        self._suspended = suspended
        self._desk = desk
        self._limits = limits
        self._clock = clock

    async def think(self, asked: Asked, tell: Tell) -> Thought:
        """What is asked too often is refused before it costs anything."""
        request, origin = asked.request, asked.request.origin
        await self._limits.take(request.actor.id, origin.channel, origin.workspace, self._clock())
        where = where_of(request, asked.thread)
        window = await self._memory.thread(asked.thread.session.id, THREAD_TOKENS, where)
        found = await self._memory.retrieve(asked.text, where, MEMORY_TOKENS)
        said = [Message(each.author, each.role, each.text, self._clock()) for each in _around(asked, window.turns)]
        context = [Source(f"{each.kind} of {each.created_at:%Y-%m-%d %H:%M} UTC", each.text) for each in found.items]
        thought = await self._thinker.think(Ask(request, asked.who, asked.text, context, said, asked.facts), tell)
        await self._keep(asked, thought)
        return thought

    async def go_on(self, asked: Asked, tell: Tell) -> None:
        """After an approval: with what became of it. What waits for a further one stays where it is."""
        waiting = await self._suspended.gate(asked.request.resume)
        if waiting is None:
            return
        state, ids = waiting.payload["state"], waiting.payload["waiting"]
        assert isinstance(state, dict)
        assert isinstance(ids, list)
        decided = tuple([_decided(await self._desk.get(str(each))) for each in ids])
        asked = replace(asked, text=str(waiting.payload["text"]))
        ask = Ask(asked.request, asked.who, asked.text, resume=Resumption(state, decided))
        thought = await self._thinker.think(ask, tell)
        if thought.ending == "unavailable" and not thought.text:
            await tell(Text("The model is away, so I cannot go on from here. What was decided stands on the card."))
        await self._keep(asked, thought)

    async def _keep(self, asked: Asked, thought: Thought) -> None:
        if not thought.waiting or thought.suspended is None:
            return
        request, now = asked.request, self._clock()
        await self._suspended.put(
            Suspended(
                "approval",
                Key.of(request.origin, request.actor.id),
                request.actor.id,
                {"state": dict(thought.suspended), "waiting": list(thought.waiting), "text": asked.text},
                about=thought.waiting[0],
                created_at=now,
                expires_at=now + AT_A_GATE,
            )
        )


def _around(asked: Asked, turns: Sequence[Turn]) -> list[Turn]:
    """The thread without the question itself, which is on record by now; others may have spoken since."""
    own = [at for at, each in enumerate(turns) if each.role == "user" and each.author == asked.request.actor.id]
    same = [at for at in own if turns[at].text.strip() == asked.text]
    question = (same or own)[-1:]
    return [each for at, each in enumerate(turns) if at not in question]


def _decided(approval: Approval) -> Decided:
    outcome = OUTCOME.validate_python(dict(approval.outcome)) if approval.outcome else None
    how = str(approval.state)
    if approval.state is ApprovalState.REJECTED and approval.decisions:
        how = f"{how}: {approval.decisions[-1].reason}"
    return Decided(approval.id, how, outcome)
