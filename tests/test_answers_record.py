"""What is kept of an answer comes back as it was, whatever kinds of events it is made of."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.answers import Answer, pack, record, unpack
from bot.agent.events import (
    Choice,
    Choices,
    Event,
    Facts,
    FormWanted,
    Picture,
    Plan,
    Progress,
    Result,
    Table,
    Task,
    Text,
    Trouble,
)
from bot.door.outcomes import Done, Failed, Outcome, Problem, Refused, WaitingForApproval
from bot.guard.canonical import canonical
from tests.conftest import START

ODD = '<!channel> "quoted" \\ 🎉 \n| ``` {}'
VALUES: dict[str, Any] = {"n": 1, "x": 1.5, "none": None, "deep": [{"a": [True, ODD]}], "": ODD}
OUTCOMES: list[Outcome] = [
    Done({"rows": [VALUES]}, "x.read", "t", "run-1", 12.5, repeated=True),
    Done(None, "x.read", "t", "run-1"),
    WaitingForApproval("apr-1", "x.do", 2, "because", ("ada", "SRE"), START + timedelta(microseconds=3), ODD, "t"),
    Refused("permission", ODD, "ask", "x.do", "t", (Problem("field", "5", "too much", "less"),), 1.5),
    Refused("rate-limit", "later", "", "x.do", "t"),
    Failed(ODD, "look", True, "x.do", "t", "run-1", "TimedOut", 3.0, still_running=True),
    Failed("no", "", False, "x.do", "t", "run-1"),
]
EVENTS: list[Event] = [
    Text(ODD),
    Text(""),
    Plan("Looking"),
    *(Task("t1", "Read it", state, ODD) for state in Progress.__args__),  # type: ignore[attr-defined]
    *(Result(outcome, "A result", VALUES) for outcome in OUTCOMES),
    Table("Runs", ("id", "took"), (("run-1", "5"), (ODD, "")), frozenset({1, 0})),
    Table("Nothing", (), ()),
    Picture(b"", "Latency", "It goes up"),
    Facts((("window", "1 h"), ("source", ODD)), "sum(rate(x[5m]))", "promql"),
    Facts(),
    Choices((Choice("Yes", say="do it"), Choice("Form", operation="x.do", values=VALUES, form=True)), "Sure?"),
    FormWanted("x.do", "Do it", VALUES, "two are missing"),
    Trouble(ODD, "ask again", "t-1"),
]


def kept(*events: Event) -> tuple[Event, ...]:
    """As the database has it: through text."""
    return unpack(json.loads(canonical(pack(events))))


@pytest.mark.parametrize("given_", EVENTS, ids=lambda event: type(event).__name__)
def test_every_kind_of_event_comes_back_as_it_was(given_: Event) -> None:
    (back,) = kept(given_)
    assert back == given_
    assert type(back) is type(given_)
    for each in fields(given_):
        assert type(getattr(back, each.name)) is type(getattr(given_, each.name))
    if isinstance(given_, Result):
        assert isinstance(back, Result)
        assert type(back.outcome) is type(given_.outcome)


def test_none_of_the_kinds_is_forgotten_here() -> None:
    ours = {kind for kind in Event.__subclasses__() if kind.__module__ == Event.__module__}
    assert {type(event).__name__ for event in EVENTS} == {kind.__name__ for kind in ours}
    assert {type(outcome) for outcome in OUTCOMES} == set(Outcome.__args__)


def test_they_keep_their_order() -> None:
    assert kept(*EVENTS) == tuple(EVENTS)
    assert kept() == ()


def test_the_bytes_of_a_picture_stay_in_the_channel() -> None:
    picture = Picture(b"\x89PNG\xff\x00", "Latency", "It goes up")
    assert kept(picture) == (replace(picture, png=b""),)
    assert picture.png, "the one at hand has them still"


def test_what_this_version_does_not_know_is_left_out() -> None:
    (known,) = pack([Text("known")])
    assert isinstance(known, dict)
    packed: list[Any] = [
        {"kind": "gone_plugin.Chart", "data": {"points": []}},
        {"kind": "Event", "data": {}},
        {"data": {}},
        {"kind": "Text", "data": {"html": "<p>"}},
        {"kind": "Text"},
        {"kind": "Task", "data": {"id": "1", "title": "x", "state": "dancing"}},
        known,
    ]
    assert unpack(packed) == (Text("known"),)


def test_fields_that_a_later_version_added_do_no_harm() -> None:
    assert unpack([{"kind": "Plan", "data": {"title": "x", "colour": "red"}}]) == (Plan("x"),)


@dataclass(frozen=True, slots=True)
class Gauge(Event):
    """As a plug-in brings it."""

    value: float
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Dial(Gauge):
    """Derived from a kind that is derived itself."""

    shape: str = "round"


def another_table() -> type[Event]:
    @dataclass(frozen=True, slots=True)
    class Table(Event):
        points: tuple[int, ...]

    return Table


def test_kinds_of_plugins_come_back_too_even_those_that_are_called_alike() -> None:
    alike: Any = another_table()
    events = (Gauge(0.5, (1, 2)), Dial(1.5, (3,), "square"), alike((1, 2)), Table("t", ("a",), (("1",),)))
    assert kept(*events) == events
    assert [type(event) for event in kept(*events)] == [Gauge, Dial, alike, Table]


def test_numbers_without_a_spelling_and_half_characters_do_not_keep_the_rest() -> None:
    broken = Done({"nan": float("nan"), "inf": [float("inf")], "cut": "\ud83c"}, "x.read", "t", "run-1")
    (back, text) = kept(Result(broken, "x"), Text("after it"))
    assert isinstance(back, Result)
    assert isinstance(back.outcome, Done)
    assert back.outcome.output == {"nan": None, "inf": [None], "cut": "?"}
    assert text == Text("after it")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(output=JSON, values=st.dictionaries(st.text(), JSON, max_size=3), rows=st.lists(st.tuples(st.text(), st.text())))
def test_whatever_an_operation_gives_comes_back(
    output: Any, values: dict[str, Any], rows: list[tuple[str, str]]
) -> None:
    events = (
        Result(Done(output, "x.read", "t", "run-1"), "x", values),
        FormWanted("x.do", "x", values),
        Table("x", ("a", "b"), tuple(rows)),
    )
    back = kept(*events)
    assert back == events
    assert canonical(pack(back)) == canonical(pack(events))


def test_the_record_has_the_question_and_the_events() -> None:
    answer = Answer("ans-1", "k", "T1", "C1", None, "ada", False, "r1", START, "why?", (Text("so"),))
    assert record(answer) == {"question": "why?", "events": [{"kind": "Text", "data": {"markdown": "so"}}]}
