"""Through the door, with everything that is told of it: the step, the outcome, and what the output shows of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog

from bot.agent.events import Choices, Event, Result, Task, Telling, Text
from bot.agent.request import Request
from bot.door.invoke import Door
from bot.door.outcomes import Done, Outcome, WaitingForApproval
from bot.door.registry import AnyOperation, Registry
from bot.ports import Clock, Json

Tell = Callable[[Event], Awaitable[None]]
log = structlog.get_logger()


class Invoking:
    """Runs an operation for whoever asks, as the door lets them."""

    def __init__(self, door: Door, registry: Registry, clock: Clock) -> None:
        self._door = door
        self._registry = registry
        self._clock = clock

    async def invoke(
        self,
        request: Request,
        found: AnyOperation,
        values: Mapping[str, Json],
        tell: Tell,
        *,
        key: str = "",
        task: str = "",
        why: str = "",
    ) -> Outcome:
        """`key`, `task` and `why` stand in for those of the request and the operation, where there are several."""
        step = Task(task or found.name, found.title, "running")
        await tell(step)

        async def progress(text: str) -> None:
            await tell(Task(step.id, step.title, "running", text))

        outcome = await self._door.invoke(
            request.actor,
            found.name,
            dict(values),
            origin=request.origin,
            why=request.why or why,
            idempotency_key=key or request.key,
            progress=progress,
            resumed=request.again,
        )
        well = isinstance(outcome, (Done, WaitingForApproval))
        await tell(Task(step.id, step.title, "done" if well else "failed"))
        await tell(Result(outcome, found.title, values))
        if isinstance(outcome, Done) and issubclass(found.output, Telling):
            await self._tell_more(found, outcome, tell)
        return outcome

    async def ask(self, request: Request, operation: str, values: Mapping[str, Json]) -> Outcome:
        """What has to be known before there is an answer; nothing is told of it."""
        return await self._door.invoke(
            request.actor,
            operation,
            dict(values),
            origin=request.origin,
            idempotency_key=f"{request.key}:{operation}",
            resumed=request.again,
        )

    async def _tell_more(self, found: AnyOperation, outcome: Done, tell: Tell) -> None:
        """What an output shows of itself. The numbers are told by then: what fails here takes nothing away."""
        known = {each.name for each in self._registry}
        try:
            output = found.output.model_validate(outcome.output)
            assert isinstance(output, Telling)
            async for event in output.tell(self._clock()):
                await tell(_within(event, known) if isinstance(event, Choices) else event)
        except Exception:
            log.exception("output_not_told", operation=found.name)
            await tell(Text("_There is more to this than I could show; Raw has it._"))


def _within(choices: Choices, known: Collection[str]) -> Choices:
    """Only ways that this installation has."""
    return Choices(tuple(each for each in choices.choices if each.operation in {"", *known}), choices.question)
