"""Presenters find their events; a broken one costs its own part and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.agent import events
from bot.agent.events import Event, Result
from bot.door.outcomes import Done
from bot.errors import ConfigurationError
from handlers.present import registry as registry_module
from handlers.present import render
from handlers.present.blocks import section
from handlers.present.message import Block, Part, Scene
from handlers.present.registry import Presenters, presenters
from tests.handlers.present.strategies import scene


@dataclass(frozen=True, slots=True)
class Noise(Event):
    """A kind that a plug-in brings."""

    loud: bool = False


class Louder(Noise):
    """A kind of a kind."""


def noise(event: Noise, _: Scene) -> list[Block]:
    return [section("LOUD" if event.loud else "quiet")]


def test_a_kind_is_shown_by_its_own_presenter_or_its_parents() -> None:
    known = Presenters()
    known.presents(Noise)(noise)
    assert known.event(Noise(), scene()).summary == [section("quiet")]
    assert known.event(Louder(loud=True), scene()).summary == [section("LOUD")]


def test_a_kind_that_nobody_shows_is_named() -> None:
    assert "`Noise`" in render([Noise()], scene(), done=True).text


def test_two_presenters_of_one_kind_are_one_too_many() -> None:
    known = Presenters()
    known.presents(Noise)(noise)
    known.presents(Noise)(noise)
    with pytest.raises(ConfigurationError, match="Noise"):
        known.presents(Noise)(lambda event, _: [section(str(event))])


def test_a_presenter_that_breaks_costs_its_own_part() -> None:
    def broken(event: Event, _: Scene) -> list[Block]:
        raise KeyError(event)

    known = Presenters()
    known.presents(Noise)(broken)
    with capture_logs() as logs:
        part = known.event(Noise(), scene())
    assert "cannot be shown" in str(part.summary)
    assert logs[0]["event"] == "presenter_failed"


def test_an_output_is_found_by_its_operation_and_by_its_class() -> None:
    known = Presenters()
    known.presents_output("runs.list")(lambda *_: Part([section("by name")], []))
    known.presents_output("RunView")(lambda *_: Part([section("by class")], []))
    one, other = known.output("runs.list", {}, scene()), known.output("runs.cancel", {}, scene())
    assert one == Part([section("by name")], [])
    assert other == Part([section("by class")], [])
    assert known.output("gone.operation", {}, scene()) is None


def test_an_output_that_has_changed_its_shape_is_shown_the_general_way() -> None:
    with capture_logs() as logs:
        rendered = render([Result(Done({"approvals": "x"}, "approvals.list", "t", "r"), "T")], scene(""), done=True)
    assert "*Approvals*: x" in rendered.text
    assert [each["event"] for each in logs] == ["presenter_failed"]


class Points:
    """Entry points as if plug-ins were installed."""

    def __init__(self, *values: str) -> None:
        self.values = values

    def __call__(self, group: str) -> list[EntryPoint]:
        return [EntryPoint(f"plugin{at}", value, group) for at, value in enumerate(self.values)]


def test_plug_ins_are_loaded_once_and_a_broken_one_is_left_out_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "entry_points", Points("no.such.module", "tests.handlers.present.strategies"))
    known = Presenters()
    with capture_logs() as logs:
        known.load()
        known.load()
    assert [each["event"] for each in logs] == ["plugin_not_loaded"]


def test_what_a_broken_plug_in_brought_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Presenters()

    def load(_: Any) -> None:
        known.presents(Noise)(noise)
        raise ImportError("half-way")

    monkeypatch.setattr(registry_module, "entry_points", Points("x"))
    monkeypatch.setattr(EntryPoint, "load", load)
    with capture_logs():
        known.load()
    assert "no way to show" in str(known.event(Noise(), scene()).summary)


def test_each_shipped_kind_has_a_presenter() -> None:
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)}
    together = {events.Plan, events.Task}  # shown by the answer, in one block
    assert kinds - presenters._events.keys() == together
