"""A whole app that thinks with a scripted model over loopback HTTP, and people who talk to it in one thread."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.agent.events import Event, FormWanted, Result, Text
from bot.agent.request import Request
from bot.app import App
from bot.door.outcomes import Origin, WaitingForApproval
from bot.guard.people import Actor
from integrations.sandbox.anthropic.server import ScriptedModel

SCRIPTS: Final = Path(__file__).parent / "scripts"
KEY: Final = "sk-planted-and-secret"
PUZZLE: Final = "hm, think about this riddle of ours please"
"""A sentence of which the rules make nothing: it is the model's."""
_NUMBERS: Final = itertools.count()


def script(name: str) -> Path:
    return SCRIPTS / f"{name}.yaml"


def thinks_with(model: ScriptedModel) -> dict[str, str]:
    """The settings by which an app asks it."""
    return {"anthropic_api_key": KEY, "anthropic_url": model.url}


def falls_back_to(model: ScriptedModel) -> dict[str, str]:
    return {"openai_api_key": KEY, "openai_url": model.openai_url}


@dataclass(frozen=True)
class Told:
    """The events of one turn."""

    events: tuple[Event, ...]

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def text(self) -> str:
        return "".join(event.markdown for event in self.all(Text)).strip()

    @property
    def ran(self) -> list[str]:
        return [event.outcome.operation for event in self.all(Result)]

    @property
    def forms(self) -> list[FormWanted]:
        return self.all(FormWanted)

    @property
    def waits_for(self) -> str:
        (waiting,) = [each.outcome for each in self.all(Result) if isinstance(each.outcome, WaitingForApproval)]
        return str(waiting.approval_id)


@dataclass
class Talk:
    """A thread of people with one app."""

    app: App
    thread: str = "1.1"
    channel: str = "C1"
    kept: list[Told] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        return Origin("thread", self.channel, self.thread, "T1")

    async def says(self, text: str, person: str = "sre") -> Told:
        return await self._turn(Request(Actor(person), self.origin, f"said-{next(_NUMBERS)}", text))

    async def resumes(self, approval: str, person: str = "sre") -> Told:
        """As the face does when an approval has come to its end."""
        return await self._turn(Request(Actor(person), self.origin, f"resume:{approval}", resume=approval))

    async def _turn(self, request: Request) -> Told:
        told = Told(tuple([event async for event in self.app.turns.run(request)]))
        self.kept.append(told)
        return told


def prompted(model: ScriptedModel, at: int = -1) -> str:
    """All that a model was given with one request, but the tools and what it is."""
    return json.dumps(model.bodies[at]["messages"], ensure_ascii=False)


def results(model: ScriptedModel, at: int = -1) -> list[dict[str, Any]]:
    """The tool results of the newest message of a request."""
    content = model.bodies[at]["messages"][-1]["content"]
    return [block for block in content if block["type"] == "tool_result"]
