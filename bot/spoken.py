"""A turn in a terminal: what was understood, the sentence, the numbers, the query, and what to type next."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text as RichText

from bot.agent.events import Choice, Choices, Event, Facts, FormWanted, Picture, Result, Table, Task, Text, Trouble
from bot.door.outcomes import Done, Outcome
from bot.door.registry import Registry
from bot.terminal import in_columns, plain, show

USAGE: Final = 2
FAILED: Final = 5
MOST_NEXT: Final = 4
_NAME: Final = re.compile(r"[^\w-]+")


class Spoken:
    """Says events as they come. What is asked for stands on `out`, what is said about it on `aside`."""

    def __init__(
        self, out: Console, aside: Console, registry: Registry, *, as_json: bool, pictures: Path | None
    ) -> None:
        self.code = 0
        self._out = out
        self._aside = aside
        self._registry = registry
        self._as_json = as_json
        self._pictures = pictures
        self._understood = ""
        self._told = False

    async def say(self, events: AsyncIterator[Event], question: str) -> int:
        """Returns the exit code."""
        async for event in events:
            match event:
                case Result(outcome):
                    self._told = _is_told(outcome)
                    self.code = show(self._out, outcome, as_json=self._as_json)
                case FormWanted():
                    self.code = USAGE
                    _exactly(self._out, event, self._registry)
                case Trouble(message, mend):
                    self.code = FAILED
                    self._aside.print(f"Error: {plain(message)}", style="bold red", markup=False)
                    self._aside.print(plain(mend), markup=False)
                case Text() if event.markdown.startswith("I am not sure"):
                    self.code = USAGE
                    self._out.print(f"I am not sure what you mean by {question[:200]!r}.", markup=False)
                case _ if not self._as_json:
                    self._besides(event)
        return self.code

    def _besides(self, event: Event) -> None:
        match event:
            case Task(operation, state="running") if operation != self._understood:
                self._understood = operation
                self._aside.print(f"understood as {operation}", style="dim", markup=False)
            case Text(markdown):
                self._out.print(plain(markdown), markup=False)
            case Choices(choices):
                unsure = self.code == USAGE
                _next(self._out if unsure else self._aside, choices, unsure=unsure)
            case Table() if not self._told:
                self._out.print(in_columns(event.columns, event.rows, event.numeric, event.title))
            case Facts() if not self._told:
                _facts(self._aside, event)
            case Picture():
                _picture(self._aside, event, self._pictures)


def _is_told(outcome: Outcome) -> bool:
    """Whether the outcome shows its own numbers and query."""
    return isinstance(outcome, Done) and isinstance(outcome.output, dict) and "summary" in outcome.output


def _exactly(out: Console, event: FormWanted, registry: Registry) -> None:
    """What changes something is not run on a guess: here is how to say it, as far as it was said."""
    known = registry.get(event.operation).input.model_fields
    asked = [name for name, field in known.items() if name in event.values or field.is_required()]
    said = [
        f"{_option(name)} {shlex.quote(str(event.values[name])) if name in event.values else '…'}" for name in asked
    ]
    more = ", ".join(_option(name) for name in known if name not in asked)
    out.print(plain(f"That sounds like {event.operation} ({event.title}): {event.why}. Say it exactly:"), markup=False)
    command = " ".join(["llm-copilot run-op", event.operation, *said])
    out.print(plain(f"  {command}"), markup=False, soft_wrap=True)
    if more:
        out.print(plain(f"  It also takes {more}."), style="dim", markup=False)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _next(out: Console, choices: tuple[Choice, ...], *, unsure: bool) -> None:
    for choice in choices[:MOST_NEXT]:
        if choice.operation:
            words = (f"{_option(name)} {shlex.quote(str(value))}" for name, value in choice.values.items())
            out.print(
                plain(f"  {choice.label}: llm-copilot run-op {choice.operation} {' '.join(words)}"),
                style="dim",
                markup=False,
                soft_wrap=True,
            )
        else:
            said = f"  {'Perhaps: ' if unsure else ''}llm-copilot ask {choice.say or choice.label}"
            out.print(plain(said), markup=False)


def _facts(out: Console, event: Facts) -> None:
    said = " · ".join(value for _, value in event.items if value)
    out.print(RichText(plain(said), style="dim"))
    if event.query:
        out.print(RichText(plain(f"{event.language}: {event.query}"), style="dim"), soft_wrap=True)


def _picture(out: Console, event: Picture, folder: Path | None) -> None:
    if folder is None:
        out.print(RichText(plain(event.alt), style="dim"), soft_wrap=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_NAME.sub('-', event.title).strip('-').lower()[:80] or 'picture'}.png"
    path.write_bytes(event.png)
    out.print(f"picture: {path}", style="dim", markup=False)
