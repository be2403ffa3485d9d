"""What a model asks for: reads beside each other, and what needs approval one by one, all of it through the door.

A change that no gate stands before does not run on a model's word: the person is shown its form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.agent.events import FormWanted
from bot.agent.invoking import Invoking
from bot.agent.model import ToolCall, ToolResult
from bot.agent.request import Request
from bot.agent.thinking import results as pages
from bot.agent.thinking.claims import Support
from bot.agent.thinking.fencing import Fence, clean
from bot.agent.thinking.hypotheses import NOTE, Hypotheses
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.prompts import AS_A_FORM, PLEASE_LOOK
from bot.agent.thinking.results import Results
from bot.agent.thinking.thought import Tell
from bot.door.outcomes import Done, Failed, Outcome, Refused, WaitingForApproval
from bot.door.registry import AnyOperation
from bot.errors import InvalidInput
from bot.guard.canonical import canonical, plain
from bot.guard.risk import Risk
from bot.ports import Json

MOST_WHY: Final = 300
MOST_FORMS: Final = 5
MOST_IN_FORM: Final = 1_500
"""Characters of values: a form is read by a person before it is sent."""
log = structlog.get_logger()


@dataclass(slots=True)
class Ledgers:
    """What a thought has by now: results, the numbers in them, hypotheses, addresses, and how much was called."""

    fence: Fence
    results: Results
    support: Support
    hypotheses: Hypotheses
    addresses: set[str]
    calls: int = 0
    changes: int = 0
    waiting: tuple[str, ...] = ()

    async def told(self, outcome: Outcome, title: str) -> tuple[str, bool]:
        """An outcome as a model reads it, and whether it is a failure. Off the loop: there may be megabytes of it."""
        return await asyncio.to_thread(self._told, outcome, title), isinstance(outcome, (Refused, Failed))

    def _told(self, outcome: Outcome, title: str) -> str:
        match outcome:
            case Done(output):
                kept = self.results.keep(outcome.operation, title, output)
                self.support.count(output)
                self.addresses.update(_addresses(output))
                again = " This had been done before." if outcome.repeated else ""
                head, name = f"result {kept.id}.{again}", f"{kept.id}: {outcome.operation}"
                text = self.results.shown(kept)
            case WaitingForApproval():
                head, name = f"waiting for approval {outcome.approval_id}; nothing has changed yet", outcome.operation
                text = f"{outcome.why}. These may approve: {', '.join(outcome.who_may) or 'nobody'}.\n{outcome.preview}"
            case Refused():
                problems = map(str, outcome.problems if outcome.because == "invalid" else ())
                head, name = f"refused ({outcome.because}); nothing has changed", outcome.operation
                text = "\n".join(dict.fromkeys([outcome.message, *problems, outcome.mend]))
            case Failed():
                running = f"; it still runs, as {outcome.run_id}" if outcome.still_running else ""
                head, name = f"failed{running}", outcome.operation
                text = f"{outcome.message}\n{outcome.mend}"
        self.support.read(text)
        return f"{head}\n{self.fence.around(name, text)}"


class Acting:
    """The calls of one thought."""

    def __init__(
        self,
        request: Request,
        invoking: Invoking,
        operations: Mapping[str, AnyOperation],
        ledgers: Ledgers,
        limits: ThinkingLimits,
        tell: Tell,
        *,
        key: str,
        why: str,
    ) -> None:
        """`key` is that of the first request, also where the thought goes on after an approval."""
        self._request = request
        self._invoking = invoking
        self._operations = operations
        self._ledgers = ledgers
        self._limits = limits
        self._tell = tell
        self._key = key
        self._why = clean(why)[:MOST_WHY]
        self._places = asyncio.Semaphore(limits.parallel)
        self._made: dict[str, Outcome] = {}
        self._forms: set[str] = set()

    async def run(self, calls: Sequence[ToolCall]) -> tuple[ToolResult, ...]:
        """In the order of the calls. A read after a change waits for it, and a change for the one before.

        After a change that did not go through, those after it are not begun: they may rest on it.
        """
        told: list[ToolResult] = []
        reads: list[ToolCall] = []
        halted = ""
        for call in calls:
            found = self._operations.get(call.name)
            if call.broken or found is None or found.risk is Risk.READ:
                reads.append(call)
                continue
            told += await self._look_at_all(reads)
            reads.clear()
            result, halted = await self._change(call, found, halted)
            told.append(result)
        return (*told, *await self._look_at_all(reads))

    async def _look_at_all(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """Results get their ids by the order of the calls, whichever ended first."""
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(self._look(call)) for call in calls]
        return [await self._result(call, look.result()) for call, look in zip(calls, looks, strict=True)]

    async def _look(self, call: ToolCall) -> Outcome | ToolResult:
        if call.broken:
            return ToolResult(call.id, f"not run. {call.broken}", failed=True)
        ledgers = self._ledgers
        try:
            if call.name == pages.NAME:
                return self._page(call)
            if call.name == NOTE:
                return ToolResult(call.id, ledgers.hypotheses.note(call.arguments, ledgers.results.ids))
        except InvalidInput as error:
            return ToolResult(call.id, str(error), failed=True)
        found = self._operations.get(call.name)
        if found is None:
            log.warning("tool_not_offered", tool=call.name[:80])
            return ToolResult(call.id, "there is no such tool here; nothing was run", failed=True)
        if not self._counts():
            return self._too_many(call)
        number = ledgers.calls
        async with self._places:
            return await self._invoking.invoke(
                self._request,
                found,
                call.arguments,
                self._tell,
                key=f"{self._key}:read:{number}",
                task=f"{found.name}#{number}",
                why=self._why,
            )

    def _page(self, call: ToolCall) -> ToolResult:
        text = self._ledgers.results.page(call.arguments)
        self._ledgers.support.read(text)
        return ToolResult(call.id, self._ledgers.fence.around(pages.NAME, text))

    async def _change(self, call: ToolCall, found: AnyOperation, halted: str) -> tuple[ToolResult, str]:
        """The same change twice in one turn is one change: a model that goes in circles does no harm."""
        if halted:
            return ToolResult(call.id, f"not run, because {halted}; nothing was changed", failed=True), halted
        same = canonical(plain([found.name, dict(call.arguments)]))
        if same in self._made:
            earlier = self._made[same]
            return await self._result(
                call, replace(earlier, repeated=True) if isinstance(earlier, Done) else earlier
            ), ""
        if not self._counts():
            return self._too_many(call), "there are no calls left"
        if found.risk is Risk.WRITE:
            return await self._show(call, found, same), ""
        ledgers = self._ledgers
        ledgers.changes += 1
        outcome = await self._invoking.invoke(
            self._request,
            found,
            call.arguments,
            self._tell,
            key=f"{self._key}:change:{ledgers.changes}",
            task=f"{found.name}#{ledgers.calls}",
            why=self._why,
        )
        if isinstance(outcome, (Done, WaitingForApproval)):
            self._made[same] = outcome
        if isinstance(outcome, WaitingForApproval):
            ledgers.waiting = (*ledgers.waiting, outcome.approval_id)
        halted = "" if isinstance(outcome, Done) else f"{found.name} before it did not go through"
        return await self._result(call, outcome), halted

    async def _show(self, call: ToolCall, found: AnyOperation, same: str) -> ToolResult:
        """Once each, and no more of them than somebody looks over."""
        if same not in self._forms:
            if len(same) > MOST_IN_FORM or len(self._forms) >= MOST_FORMS:
                text = f"not shown: {MOST_FORMS} forms of {MOST_IN_FORM:,} characters are the most for one question"
                return ToolResult(call.id, f"{text}; nothing was changed", failed=True)
            self._forms.add(same)
            await self._tell(FormWanted(found.name, found.title, call.arguments, PLEASE_LOOK))
        return ToolResult(call.id, AS_A_FORM)

    async def _result(self, call: ToolCall, came: Outcome | ToolResult) -> ToolResult:
        if isinstance(came, ToolResult):
            return came
        text, failed = await self._ledgers.told(came, self._operations[call.name].title)
        return ToolResult(call.id, text, failed)

    def _counts(self) -> bool:
        if self._ledgers.calls >= self._limits.calls:
            return False
        self._ledgers.calls += 1
        return True

    def _too_many(self, call: ToolCall) -> ToolResult:
        text = f"not run: {self._limits.calls} calls are the most for one question. Answer with what there is."
        return ToolResult(call.id, text, failed=True)


def _addresses(value: Json) -> set[str]:
    """What is an address as a whole: one inside a sentence, or a line of a log, may be anybody's."""
    match value:
        case str() if value.startswith(("https://", "http://")) and not any(map(str.isspace, value)):
            return {value}
        case list():
            return set().union(*map(_addresses, value))
        case dict():
            return set().union(*map(_addresses, value.values()))
        case _:
            return set()
