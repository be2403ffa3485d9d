"""What a look at error budgets asks for: no more than it takes to say whether anything burns."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import CopilotError, Unavailable
from bot.telemetry.signals import Series, Window
from bot.telemetry.vocabulary import Scope
from bot.watch.looks.budgets import BudgetsLook
from bot.watch.looks.look import Sight, backwards
from bot.watch.watches import Aim, Progress, Watch, WatchKind
from tests.conftest import START
from tests.observatory.fakes import CATALOGUE, DOWN, Answers, FakeMetrics, Shape, line, lines, watching

SCAN = Watch("scan", "slo", Aim(WatchKind.SCAN, "slo", Scope(environment="production")), "C1", "sre", START, 300.0)
CALM, BURNING = 0.0, 50.0
"""Of a thousand requests of checkout, of which one may fail."""


def failed(many: float) -> Shape:
    return lines(line(many, service="checkout", count="part"), line(1_000.0, service="checkout", count="all"))


def over(failures: Mapping[str, float | CopilotError]) -> Answers:
    """By the window of the query; of latency there is nothing."""
    shapes = {window: many if isinstance(many, CopilotError) else failed(many) for window, many in failures.items()}
    return {"duration_seconds": line(float("nan")), **shapes, "": failed(CALM)}


async def looked(answers: Answers, progress: Progress | None = None, minutes: int = 0) -> tuple[Sight, list[str]]:
    """What it saw, and the windows that it asked for, of availability."""
    source = FakeMetrics(answers)
    at = START + timedelta(minutes=minutes)
    sight = await BudgetsLook(watching(metrics=source))(SCAN, progress, at)
    asked = [query for query, _ in source.asked if "duration" not in query]
    return sight, sorted(window for query in asked for window in set(re.findall(r"\[(\w+)\]", query)))


def after(sight: Sight) -> Progress:
    return Progress(SCAN.id, START, sight.state)


async def test_where_nothing_burns_only_the_short_windows_are_asked_once_for_all_services() -> None:
    sight, asked = await looked(over({}))
    assert sight.findings == ()
    assert asked == ["30m", "5m", "6h"]


async def test_what_burns_is_counted_over_its_long_window_too_and_over_its_month() -> None:
    sight, asked = await looked(over({"[5m]": BURNING, "[1h]": BURNING, "[30d]": 0.5}))
    (found,) = sight.findings
    assert asked == ["1h", "30d", "30m", "5m", "6h"]
    assert (
        found.words == "the error budget burns 50 times as fast as it may, over 1 h; at this pace it is gone in 7.2 h"
    )
    assert 'service="checkout"' in found.query


async def test_a_moment_that_burns_is_no_burn() -> None:
    sight, asked = await looked(over({"[5m]": BURNING}))
    assert sight.findings == ()
    assert asked == ["1h", "30m", "5m", "6h"]


async def test_a_month_is_not_read_at_each_look() -> None:
    burns = over({"[5m]": BURNING, "[1h]": BURNING, "[30d]": 0.5})
    first, _ = await looked(burns)
    second, asked = await looked(burns, after(first), minutes=55)
    assert "30d" not in asked
    assert second.findings[0].words == first.findings[0].words
    _, asked = await looked(burns, after(second), minutes=60)
    assert "30d" in asked


async def test_what_burns_goes_on_while_its_long_window_cannot_be_counted() -> None:
    first, _ = await looked(over({"[5m]": BURNING, "[1h]": BURNING}))
    sight, _ = await looked(over({"[5m]": BURNING, "[1h]": DOWN}), after(first), minutes=5)
    assert [each.open for each in sight.findings] == [True]
    assert "it is down" in sight.trouble


async def test_what_burns_goes_on_while_its_short_window_cannot_be_asked() -> None:
    sight, _ = await looked(over({"[5m]": BURNING, "[1h]": BURNING}))
    for minutes in (5, 10, 15):
        sight, _ = await looked(over({"[5m]": DOWN, "[1h]": BURNING}), after(sight), minutes=minutes)
        assert [each.open for each in sight.findings] == [True]
        assert "it is down" in sight.trouble
    for minutes in (20, 25):
        sight, _ = await looked(over({"[1h]": BURNING}), after(sight), minutes=minutes)
    assert [each.open for each in sight.findings] == [False]


async def test_a_source_that_says_nothing_at_all_is_no_calm() -> None:
    with pytest.raises(Unavailable, match="it is down"):
        await looked({"": DOWN})


async def test_a_state_from_before_budgets_were_carried_goes_on() -> None:
    burns = over({"[5m]": BURNING, "[1h]": BURNING})
    first, _ = await looked(burns)
    older = json.dumps(json.loads(first.state)["spells"]).encode()
    sight, _ = await looked(burns, Progress(SCAN.id, START, older), minutes=5)
    assert sight.findings[0].since == first.findings[0].since


async def test_several_objectives_of_a_service_share_their_queries() -> None:
    source = FakeMetrics(over({}), label_values={"le": ("0.5", "1", "2.5")})
    await BudgetsLook(watching(metrics=source))(SCAN, None, START)
    promised = [each for service in CATALOGUE.services for each in service.slos]
    assert {each.indicator for each in promised} == {"availability", "latency"}
    assert len(source.asked) == 6 < len(promised)  # three windows of each indicator


# ---------------------------------------------------------------- backwards


async def test_what_is_drawn_came_nearest_as_far_as_both_windows_are_known() -> None:
    slow = lines(line(970.0, service="checkout", count="part", le="1"), line(1_000.0, service="checkout", count="all"))
    answers = {**over({"[5m]": 20.0, "[1h]": DOWN}), "duration_seconds": slow}
    source = FakeMetrics(answers, label_values={"le": ("0.5", "1", "2.5")})
    checkout = replace(SCAN, aim=Aim(WatchKind.BURN, scope=Scope("checkout", "production")))
    replayed = await BudgetsLook(watching(metrics=source)).replay(checkout, HOURS[0], _silent, 60)
    assert replayed.about == "orders are fast"


@pytest.mark.parametrize(("hours", "every"), [(1, 300.0), (1, 420.0), (168, 86_400.0)])
async def test_where_everything_was_read_it_is_of_the_whole_time(hours: int, every: float) -> None:
    window = Window(START - timedelta(hours=hours), START)
    look = BudgetsLook(watching(metrics=FakeMetrics(over({}))))
    replayed = await look.replay(replace(SCAN, every=every), window, _silent, 60)
    assert replayed.since == window.start
    assert all(window.start <= each.at <= START for each in replayed.moments)
    assert hours * 3_600 // every in {len(replayed.moments), len(replayed.moments) - 1}


async def test_where_not_everything_was_read_it_is_of_what_was() -> None:
    def away(window: Window, step: float) -> Sequence[Series]:
        if window.start < START - timedelta(days=1):
            raise DOWN
        return failed(CALM)(window, step)

    source = FakeMetrics({"duration_seconds": line(float("nan")), "": away})
    replayed = await BudgetsLook(watching(metrics=source)).replay(
        SCAN, Window(START - timedelta(days=2), START), _silent, 60
    )
    assert replayed.since == replayed.moments[0].at
    assert replayed.since >= START - timedelta(days=1, minutes=5)
    assert "it is down" in replayed.trouble


HOURS = [Window(START + timedelta(hours=each), START + timedelta(hours=each + 1)) for each in range(5)]


async def _silent(_: str) -> None: ...


async def test_what_fails_ends_the_way_back_and_what_is_newer_is_kept() -> None:
    async def read(window: Window) -> int:
        if window == HOURS[2]:
            raise DOWN
        return window.start.hour

    parts, trouble = await backwards(HOURS, read, 60, _silent, at_once=2)
    assert [window for window, _ in parts] == HOURS[3:]
    assert trouble == "it is down"


async def test_what_takes_too_long_is_left_out() -> None:
    async def read(window: Window) -> int:
        if window == HOURS[2]:
            await asyncio.Event().wait()
        return window.start.hour

    parts, trouble = await backwards(HOURS, read, 0.2, _silent)
    assert [window for window, _ in parts] == HOURS[3:]
    assert trouble == ""


async def test_where_nothing_can_be_read_it_is_said_why() -> None:
    async def read(_: Window) -> int:
        raise DOWN

    with pytest.raises(Unavailable, match="it is down"):
        await backwards(HOURS, read, 60, _silent)
