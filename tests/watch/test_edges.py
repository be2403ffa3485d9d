"""Which services call which, and how that goes: new, slower and failing calls."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ports import Json
from bot.telemetry.signals import Span, Trace
from bot.watch.edges import Edges, calls
from bot.watch.finding import Family, Finding
from bot.watch.spells import Key
from bot.watch.watches import EVERYWHERE, Place

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
USUAL = {("checkout", "payments"): 0.2, ("checkout", "cart"): 0.05, ("payments", "bank"): 0.12}
Change = Callable[[tuple[str, str], float, bool], tuple[float, bool]]


def call(caller: str, callee: str, seconds: float, *, error: bool = False, name: str = "1") -> Trace:
    above = Span("a", None, caller, "serve", 0.0, seconds + 1)
    return Trace(name, (above, Span("b", "a", callee, "work", 0.5, 0.5 + seconds, error=error)))


def same(pair: tuple[str, str], seconds: float, failed: bool) -> tuple[float, bool]:  # noqa: FBT001
    return seconds, failed


class Story:
    """Looks, a minute each, one after the other."""

    def __init__(self, seed: int = 1, number: int = 0, kept: Json = None) -> None:
        self.finder, self.dice, self.number = Edges("production", kept=kept), np.random.default_rng(seed), number
        self.ended: list[Finding] = []

    def traces(self, change: Change = same, many: float = 20, slower: float = 1.0) -> list[Trace]:
        drawn = []
        for pair, median in USUAL.items():
            for _ in range(int(self.dice.poisson(many))):
                seconds = slower * median * math.exp(self.dice.normal(0, 0.6))
                seconds, failed = change(pair, seconds, bool(self.dice.random() < 0.01))
                drawn.append(call(*pair, seconds, error=failed))
        return drawn

    def look(self, traces: list[Trace] | None = None) -> tuple[Finding, ...]:
        start = START + self.number * MINUTE
        self.number += 1
        found = self.finder.feed(start, start + MINUTE, self.traces() if traces is None else traces)
        self.ended += [each for each in found if not each.open]
        return tuple(each for each in found if each.open)


@pytest.fixture(scope="module")
def learned() -> Json:
    story = Story()
    for _ in range(120):
        assert story.look() == ()
    return story.finder.dump()


@pytest.fixture
def story(learned: Json) -> Story:
    return Story(2, 120, learned)


def slower(pair: tuple[str, str], seconds: float, failed: bool) -> tuple[float, bool]:  # noqa: FBT001
    return seconds * (2.5 if pair[1] == "bank" else 1.0), failed


def failing(pair: tuple[str, str], seconds: float, failed: bool) -> tuple[float, bool]:  # noqa: FBT001
    return seconds, failed or (pair[1] == "bank" and round(seconds * 1e6) % 3 == 0)


def test_calls_are_those_from_one_service_to_another() -> None:
    inner = Span("c", "b", "cart", "inner", 1.0, 1.5)
    lost = Span("d", "nobody", "bank", "lost", 1.0, 1.5)
    trace = call("checkout", "cart", 0.4, error=True)
    assert list(calls([Trace("1", (*trace.spans, inner, lost))])) == [(("checkout", "cart"), (0.4, True))]


def test_slower_calls_are_found_within_minutes_and_say_what_is_usual(story: Story) -> None:
    looks = [story.look(story.traces(slower)) for _ in range(5)]
    (found,) = looks[-1]
    assert (found.family, found.subject.service, found.subject.detail) == (
        Family.EDGE,
        "bank",
        "slow calls from payments",
    )
    assert found.since <= START + 122 * MINUTE
    assert found.expected == pytest.approx(0.12, rel=0.15)
    assert found.value == pytest.approx(0.3, rel=0.4)
    assert found.words.startswith("calls from payments take ")
    assert found.words.endswith(" ms")
    while story.look():
        assert story.number < 135
    assert [each.key for each in story.ended] == [found.key]


@pytest.mark.parametrize(
    ("place", "told"),
    [(("bank", "traces"), False), (("checkout", "traces"), True), (("bank", "logs"), True), (EVERYWHERE, False)],
)
def test_where_feedback_wants_more_it_takes_more(learned: Json, place: Place, told: bool) -> None:  # noqa: FBT001
    story = Story(2, 120, learned)
    story.finder = Edges("production", learned={place: 1_000.0}, kept=learned)
    assert any(story.look(story.traces(slower)) for _ in range(5)) is told


def test_failing_calls_are_found_and_no_other(story: Story) -> None:
    for _ in range(3):
        found = story.look(story.traces(failing))
    (one,) = found
    assert one.subject.detail == "failed calls from payments"
    assert one.value == pytest.approx(0.33, abs=0.25)
    assert one.expected is not None
    assert one.expected < 0.03


def test_a_few_calls_that_were_slow_by_chance_before_are_not_the_beginning(story: Story) -> None:
    unlucky = [call("payments", "bank", 0.5) for _ in range(4)]
    assert story.look(story.traces() + unlucky) == ()
    found: tuple[Finding, ...] = ()
    while not found:
        found = story.look(story.traces(slower))
    assert START + 121 * MINUTE < found[0].since <= START + 122 * MINUTE


def test_one_slow_call_and_one_failed_one_are_nothing(story: Story) -> None:
    odd = [call("payments", "bank", 60.0, error=True)]
    for _ in range(5):
        assert story.look(story.traces() + odd) == ()


def test_calls_that_were_never_made_are_one_finding_of_the_caller(story: Story) -> None:
    new = [call("cart", callee, 0.1) for callee in ("mail", "mail", "mail", "search")]
    assert story.look(story.traces() + new) == ()
    assert story.look(story.traces() + new)[0].words == "it calls mail, which it never did before"
    for _ in range(3):
        found = story.look(story.traces() + new)
    (one,) = found
    assert (one.subject.service, one.subject.detail) == ("cart", "new calls")
    assert one.words == "it calls mail and 1 more, which it never did before"
    for _ in range(200):
        story.look(story.traces() + new)
    assert [each.key for each in story.ended] == [one.key]


def test_rare_calls_wait_until_there_are_enough_of_them(learned: Json) -> None:
    story = Story(3, 120, learned)
    found: tuple[Finding, ...] = ()
    for _ in range(20):
        found = found or story.look(story.traces(slower, many=3))
    assert [each.subject.service for each in found] == ["bank"]


def test_what_is_no_longer_called_is_no_longer_slow(story: Story) -> None:
    for _ in range(5):
        story.look(story.traces(slower))
    others = [trace for trace in story.traces() if trace.spans[1].service != "bank"]
    for _ in range(20):
        story.look(others)
    assert [each.subject.service for each in story.ended] == ["bank"]


def test_on_steady_random_calls_nothing_is_found() -> None:
    story = Story(11)
    for number in range(1_000):
        wander = math.exp(0.3 * math.sin(number / 120) + story.dice.normal(0, 0.08))
        traces = story.traces(many=20 * (1 + 0.5 * math.sin(number / 200)), slower=wander)
        assert story.look(traces) == ()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([same, slower, failing]), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_neither_the_order_of_traces_nor_a_restart_changes_what_is_found_and_each_ends_once(
    learned: Json, chapters: list[Change], shuffled: Random
) -> None:
    story, other = Story(5, 120, learned), Edges("production", kept=learned)
    live: set[Key] = set()
    for number in range(4 * len(chapters)):
        traces, at = story.traces(chapters[number // 4]), START + (120 + number) * MINUTE
        found = story.finder.feed(at, at + MINUTE, traces)
        shuffled.shuffle(traces)
        assert other.feed(at, at + MINUTE, traces) == found
        other = Edges("production", kept=json.loads(json.dumps(other.dump())))
        over = [each.key for each in found if not each.open]
        standing = {each.key for each in found if each.open}
        assert len(over) == len(set(over))
        assert set(over) <= live <= standing | set(over)
        live = standing
