"""App Home: what fires, what waits for somebody, what they have asked for and what runs, and the ways in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.catalogue import ENVIRONMENTS
from bot.guard.risk import Risk
from bot.ports import Json
from handlers.buttons import Form, Open, Run, Say
from handlers.present import lines
from handlers.present.blocks import actions, confirm, context, divider, header, overflow, press, section
from handlers.present.cutting import count, cut, more
from handlers.present.escaping import bold, code, date, escape
from handlers.present.help import HIDDEN, asked_first, group_of, of_registry
from handlers.present.limits import HOME, fit
from handlers.present.message import Block, Scene, View
from handlers.present.outcomes import knows
from handlers.present.surfaces import for_view

log = structlog.get_logger()
Row = Mapping[str, Json]
ROOM: Final = 20
"""Blocks for each section that a plug-in brings."""
MOST_ACTIONS: Final = 5
MOST_ALERTS: Final = 3
SET: Final = "preferences.set"
FORGET: Final = confirm(
    "Forget everything?",
    "All that I remember of you is gone at once, and cannot be brought back. Your preferences stay.",
    "Forget everything",
    "Keep it",
    danger=True,
)
REMEMBER_NO_MORE: Final = confirm(
    "Remember no more?",
    "What I have kept of you beyond its conversation is gone at once, and cannot be brought back.",
    "Remember no more",
    "Go on remembering",
    danger=True,
)


@dataclass(frozen=True, slots=True)
class HomeData:
    """Plain outputs of operations: rows of `approvals.list` and `runs.list`, and `status.self`.

    `allowed` are the operations that this person may run; None where that is not known. `more` is what the
    sections of plug-ins show, by their name: a section whose data is not there is left out.
    """

    approvals: Sequence[Row] = ()
    requests: Sequence[Row] = ()
    runs: Sequence[Row] = ()
    status: Row | None = None
    roles: tuple[str, ...] = ()
    allowed: frozenset[str] | None = None
    more: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HomeSection:
    """A part of the Home tab that a plug-in brings; ours stand at 10 (approvals), 20 (requests) and 30 (runs)."""

    name: str
    title: str
    blocks: Callable[[Any, Scene], list[Block]]
    order: int = 50


SECTIONS: Final[dict[str, HomeSection]] = {}


def home_section(
    name: str, title: str, *, order: int = 50
) -> Callable[[Callable[[Any, Scene], list[Block]]], Callable[[Any, Scene], list[Block]]]:
    """Marks `(data, scene) -> blocks` as a section of the Home tab."""

    def keep(function: Callable[[Any, Scene], list[Block]]) -> Callable[[Any, Scene], list[Block]]:
        SECTIONS[name] = HomeSection(name, title, function, order)
        return function

    return keep


@home_section("alerts.list", "Alerts", order=5)
def alerts(data: Row, scene: Scene) -> list[Block]:
    """What fires now, the worst first."""
    rows, total = _rows(data, "alerts"), data.get("total")
    left = (total if isinstance(total, int) else len(rows)) - len(rows[:MOST_ALERTS])
    some = lines.alerts(rows[:MOST_ALERTS], scene) or [context(_summary(data))]
    return [*some, *([context(more(left, "alert"))] if left > 0 else [])]


@home_section("watches.list", "Watches", order=40)
def watches(data: Row, scene: Scene) -> list[Block]:
    """How many there are; where there are none, a way to begin."""
    if _rows(data, "watches"):
        return _listed(data, "watches.list", scene)
    begin = press("Watch everything in production", Form("watches.create", {"kind": "scan"}))
    return [section(_summary(data)), *actions([begin if knows(scene, "watches.create") else None])]


@home_section("alerts.silences", "Silences", order=41)
def silences(data: Row, scene: Scene) -> list[Block]:
    """How many there are."""
    return _listed(data, "alerts.silences", scene) if _rows(data, "silences") else [context(_summary(data))]


def _listed(data: Row, operation: str, scene: Scene) -> list[Block]:
    show = press("Show", Run(operation), aloud=f"Show: {_summary(data)}") if knows(scene, operation) else None
    return [section(_summary(data), show)]


def _summary(data: Row) -> str:
    return cut(escape(str(data.get("summary") or "There is nothing to show.")), 600)


def _rows(data: Row, name: str) -> list[Row]:
    found = data.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@home_section("preferences.show", "Your preferences", order=60)
def preferences(data: Row, scene: Scene) -> list[Block]:
    """Each with a way to change it right there, and what is remembered of whoever looks."""
    usual = str(data.get("environment") or "")
    others = [(each.capitalize(), Run(SET, {"environment": each})) for each in ENVIRONMENTS if each != usual]
    remember = bool(data.get("remember"))
    ways = (("What I remember of you", "memory.show"), ("My history", "history.list"))
    return [
        section(f"*Usual environment*: {escape(usual) or 'none'}", overflow(others)),
        _switch("follow_threads", "Listening in threads that I am in", on=bool(data.get("follow_threads"))),
        _switch(
            "remember",
            "Remembering what we did beyond a conversation",
            on=remember,
            sure=REMEMBER_NO_MORE if remember else None,
        ),
        *actions(
            [
                *(press(label, Run(operation)) for label, operation in ways if knows(scene, operation)),
                press("Forget everything", Run("memory.forget"), style="danger", confirm=FORGET)
                if knows(scene, "memory.forget")
                else None,
            ]
        ),
    ]


def _switch(name: str, words: str, *, on: bool, sure: Block | None = None) -> Block:
    """How it stands, and the button that turns it over."""
    label = "Turn off" if on else "Turn on"
    button = press(label, Run(SET, {name: not on}), confirm=sure, aloud=f"{label}: {words}")
    return section(f"*{words}*: {'on' if on else 'off'}", button)


def home(data: HomeData, scene: Scene) -> View:
    waiting = [row for row in data.approvals if row.get("you_may_decide")]
    rest = len(data.approvals) - len(waiting)
    parts: list[tuple[int, list[Block]]] = [
        (0, _hello(data, scene)),
        (10, _part("Waiting for you", lines.approvals(waiting, scene, 5), _quiet(rest))),
        (20, _part("Your requests", lines.approvals(data.requests, scene, 4), "None of your requests is waiting.")),
        (30, _part("Your runs", lines.runs(data.runs, scene, 6), "Nothing of yours is running.")),
        *((each.order, _plugged(each, data, scene)) for each in SECTIONS.values() if each.name in data.more),
        (90, _health(data, scene)),
        (95, _try_this(data, scene)),
    ]
    blocks = [block for _, part in sorted(parts, key=lambda each: each[0]) for block in part]
    return {"type": "home", "blocks": fit(for_view(blocks, "home"), HOME)}


def _part(title: str, blocks: list[Block], empty: str) -> list[Block]:
    return [divider(), header(title), *(blocks or [context(empty)])]


def _quiet(rest: int) -> str:
    return (
        f"Nothing is waiting for you. {count(rest, 'request waits', 'requests wait')} for others."
        if rest
        else ("Nothing is waiting for you.")
    )


def _hello(data: HomeData, scene: Scene) -> list[Block]:
    """Who one is here, and the ways in that suit the role."""
    name = f", {escape(scene.viewer.name)}" if scene.viewer and scene.viewer.name else ""
    roles = f"You are here as {cut(', '.join(map(bold, data.roles)), 500)}." if data.roles else ""
    hello = f"Hello{name}. {roles}".strip()
    return [header("What is up"), section(hello), *actions(_quick(data, scene))]


def _quick(data: HomeData, scene: Scene) -> list[Block | None]:
    """Asking, what this role changes most, and the preferences."""
    steps: list[Block | None] = [press("Ask something", Open("ask"), style="primary")]
    for each in scene.registry:
        changes = each.risk is not Risk.READ and each.examples and not each.about_gate
        if changes and _may(data, each.name) and len(steps) < MOST_ACTIONS - 1:
            steps.append(press(each.title, Form(each.name), aloud=f"Open the form: {each.title}"))
    steps.append(press("Preferences", Open("preferences")) if knows(scene, "preferences.set") else None)
    return steps


def _may(data: HomeData, operation: str) -> bool:
    return data.allowed is None or operation in data.allowed


def _plugged(found: HomeSection, data: HomeData, scene: Scene) -> list[Block]:
    """A section that breaks says so in its own place."""
    try:
        blocks = found.blocks(data.more[found.name], scene)
    except Exception:
        log.exception("home_section_failed", section=found.name)
        return _part(found.title, [], "This part cannot be shown at the moment.")
    left = [context(more(len(blocks) - ROOM, "part"))] if len(blocks) > ROOM else []
    return _part(found.title, [*blocks[:ROOM], *left], "Nothing here.")


def _health(data: HomeData, scene: Scene) -> list[Block]:
    status = data.status
    if not status:
        return [divider(), context(f"Looked at {date(scene.now)}")]
    well = "💚 I am well" if status.get("healthy") else "🧡 I am not quite well"
    trouble = status.get("trouble")
    said = f": {cut(escape('; '.join(map(str, trouble))), 400)}" if isinstance(trouble, list) and trouble else ""
    parts = [
        f"{well}{said}",
        f"version {code(cut(str(status.get('version', '')), 60))}",
        f"looked at {date(scene.now)}",
    ]
    look = press("Status", Run("status.self")) if knows(scene, "status.self") else None
    return [divider(), context(" · ".join(parts)), *actions([look])]


def _try_this(data: HomeData, scene: Scene) -> list[Block]:
    shown = [each for each in of_registry(scene) if _may(data, str(each["name"])) and _open(each)]
    steps: Iterable[Block | None] = [press(each.label, Say(each.say)) for each in asked_first(shown)]
    rows = actions([*steps, press("What can you do?", Open("help"))])
    return [section("*What to try*"), *rows]


def _open(each: Mapping[str, Any]) -> bool:
    """What changes something has a form above."""
    return group_of(str(each["name"])) not in HIDDEN and each["risk"] == Risk.READ
