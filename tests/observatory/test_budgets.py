"""Error budgets: queries, arithmetic beside the world's own counts, and what is said where nothing can be told."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from datetime import timedelta
from warnings import catch_warnings, simplefilter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import Objective, Service
from bot.door.outcomes import Failed, Refused
from bot.observatory.budgets import MOST_SAID, SloAnswer, budgets
from bot.observatory.counting import AT_ONCE, Counting, weights
from bot.observatory.observatory import Observatory
from bot.telemetry.queries.promql import parse
from bot.telemetry.signals import Series, Window
from tests.conftest import START
from tests.observatory.conftest import Watcher
from tests.observatory.fakes import CATALOGUE, DOWN, VOCABULARY, Answers, FakeMetrics, Shape, line, lines, watching

AVAILABLE = Objective(name="orders succeed", objective=99.9, indicator="availability")
FAST = Objective(name="orders are fast", objective=95, indicator="latency", threshold_ms=800.0)
EDGES = ("0.5", "1", "2.5", "+Inf")


def service(*slos: Objective) -> Service:
    return Service(name="checkout", owner="commerce", slos=slos)


def counts(part: float | None, total: float | None) -> Shape:
    """What the one query for both gives, of whatever is promised; None is a series that is not there."""
    parts = [{"count": "part"}, *({"count": "part", "le": edge} for edge in EDGES)]
    known = [*((part, labels) for labels in parts), (total, {"count": "all"})]
    return lines(*(line(value, service="checkout", **labels) for value, labels in known if value is not None))


async def told(answers: Answers, *slos: Objective, edges: Sequence[str] = EDGES) -> SloAnswer:
    observatory = watching(metrics=FakeMetrics(answers, label_values={"le": tuple(edges)}))
    return await budgets(observatory, [service(*slos)], "production", START, "UTC")


# ---------------------------------------------------------------- counting


async def test_who_gives_up_while_others_are_asked_leaves_no_question_behind() -> None:
    observatory = watching({"": counts(1, 10)})
    window = Window(START - timedelta(hours=1), START)
    counting = await Counting.of(observatory, [service(AVAILABLE)], "production", window)
    for _ in range(AT_ONCE):
        await counting._gate.acquire()
    waiting = asyncio.ensure_future(counting.over(300, counting.rules))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with catch_warnings(record=True) as warned:
        simplefilter("always")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gc.collect()
    assert [str(each.message) for each in warned] == []


async def test_the_numbers_are_those_of_arithmetic() -> None:
    found = await told({"[30d]": counts(400, 1_000_000), "[1h]": counts(20, 10_000), "": counts(0, 0)}, AVAILABLE)
    one = found.objectives[0]
    assert one.attainment == pytest.approx(0.9996)
    assert one.met
    assert one.left_share == pytest.approx(0.6)
    assert one.budget_minutes == pytest.approx(43.2)
    assert one.left_minutes == pytest.approx(25.92)
    assert one.burn_hour == pytest.approx(2.0)
    assert one.runs_out == START + timedelta(days=9)  # 0.6 of 30 days, at twice the pace
    assert found.summary == (
        "checkout: the objective is met; “orders succeed” has 60 % of its error budget left (25.9 min of 43.2 min)."
    )


async def test_failures_that_are_not_there_are_none() -> None:
    one = (await told({"": counts(None, 1_000)}, AVAILABLE)).objectives[0]
    assert (one.attainment, one.left_share) == (1.0, 1.0)


async def test_a_bucket_that_is_not_there_is_no_failure() -> None:
    """Counting good ones: nothing of what is promised does not mean that every request was slow."""
    one = (await told({"": counts(None, 1_000)}, FAST)).objectives[0]
    assert one.attainment is None
    assert one.note == "the histogram has no bucket near what is promised"


@pytest.mark.parametrize("shape", [counts(0, 0), counts(None, None), counts(3, float("nan"))])
async def test_without_traffic_nothing_is_defined(shape: Shape) -> None:
    found = await told({"": shape}, AVAILABLE)
    assert found.objectives[0].attainment is None
    assert found.summary == "The budgets of checkout cannot be told: no traffic was counted."
    assert found.chart is None


async def test_a_month_that_cannot_be_counted_leaves_the_hours() -> None:
    found = await told({"[30d]": DOWN, "": counts(200, 10_000)}, AVAILABLE)
    one = found.objectives[0]
    assert one.left_share is None
    assert one.burn_hour == pytest.approx(20.0)
    assert [burn.firing for burn in one.burns] == [True, True, True]
    assert one.note == DOWN.message
    assert any("burns 20 times as fast as it may, over 1 h" in each for each in found.findings)


async def test_hours_that_cannot_be_counted_leave_the_month() -> None:
    found = await told({"[30d]": counts(400, 1_000_000), "": DOWN}, AVAILABLE)
    one = found.objectives[0]
    assert one.left_share == pytest.approx(0.6)
    assert (one.burn_hour, one.runs_out) == (None, None)
    assert {each.name: each.state for each in found.sources} == {"prometheus": "down"}


async def test_a_budget_that_is_used_up_is_said_and_drawn_within_bounds() -> None:
    found = await told({"": counts(90_000, 1_000_000)}, AVAILABLE)
    one = found.objectives[0]
    assert one.left_share == pytest.approx(-89.0)
    assert one.runs_out == START
    assert "“orders succeed” has 0 % of its error budget left (0 s of 43.2 min)" in found.summary
    assert "The budget of checkout, “orders succeed” is used up" in found.findings
    assert found.chart is not None
    assert found.chart.kind == "amounts"
    assert found.chart.amounts[0].value == -1.0


async def test_a_vocabulary_without_latency_takes_only_what_needs_it() -> None:
    bare = VOCABULARY.model_copy(
        update={"metrics": {name: each for name, each in VOCABULARY.metrics.items() if name != "latency"}}
    )
    observatory = Observatory(bare, CATALOGUE, metrics=FakeMetrics({"": counts(0, 100)}))
    found = await budgets(observatory, [service(AVAILABLE, FAST)], "production", START, "UTC")
    assert [each.attainment for each in found.objectives] == [1.0, None]
    assert "no metric 'latency'" in found.objectives[1].note
    assert "the objective is met, and 1 could not be counted" in found.summary


async def test_nothing_promised_is_nothing_counted() -> None:
    found = await told({"": counts(0, 100)})
    assert found.summary == "No objective is set for checkout; they stand in the service catalogue."
    assert found.query == ""


async def test_many_estimates_are_one_finding() -> None:
    found = await told({"": counts(90, 100)}, *(FAST.model_copy(update={"name": f"fast {n}"}) for n in range(9)))
    assert len(found.findings) <= MOST_SAID
    assert sum("estimated" in each for each in found.findings) == 1


# ---------------------------------------------------------------- between buckets


async def test_a_promise_between_two_buckets_is_estimated_and_said() -> None:
    found = await told({"": counts(96, 100)}, FAST)
    assert "0.4 * sum(increase(" in found.query
    assert 'le="0.5"}[30d])) + 0.6 * sum(increase(' in found.query
    assert found.objectives[0].note == "800 ms lies between the buckets 500 ms and 1 s, and is estimated"
    parse(found.query)


@pytest.mark.parametrize(
    ("edges", "limit", "part", "note"),
    [
        (EDGES, 1.0, ((("1",), 1.0),), ""),
        (("0.5", "1", "1.0", "5"), 1.0, ((("1", "1.0"), 1.0),), ""),
        (EDGES, 0.25, ((("0.5",), 0.5),), "lies between the buckets 0 s and 500 ms"),
        (EDGES, 9.0, ((("2.5",), 1.0),), "counted at 2.5 s, where the histogram ends, and not at 9 s"),
        ((), 0.8, ((("0.8",), 1.0),), ""),
        (("abc", "", "NaN", "-1", "+Inf"), 0.8, ((("0.8",), 1.0),), ""),
    ],
)
def test_the_buckets_of_a_limit(edges: tuple[str, ...], limit: float, part: object, note: str) -> None:
    found, said = weights(edges, limit)
    assert found == part
    assert note in said
    assert bool(note) == bool(said)


@given(
    st.lists(st.floats(min_value=0.001, max_value=60), min_size=1, max_size=12, unique=True),
    st.floats(min_value=0.001, max_value=60),
)
def test_events_that_are_evenly_spread_are_counted_exactly(bounds: list[float], limit: float) -> None:
    """With as many events as seconds, the count up to a limit is the limit, as far as the histogram goes."""
    part, _ = weights([repr(bound) for bound in bounds], limit)
    counted = sum(weight * float(edges[0]) for edges, weight in part)
    assert counted == pytest.approx(min(limit, max(bounds)), rel=1e-6)


# ---------------------------------------------------------------- over the real protocols


async def test_budgets_agree_with_what_the_world_counts(watcher: Watcher) -> None:
    heard = await watcher.runs("slo.status", service="api-gateway")
    found = {each["name"]: each for each in heard.output["objectives"]}
    minute = int(START.timestamp() // 60)
    world = watcher.platform.world
    cells = world.cells("api-gateway", "production", minute - 30 * 1_440, minute)
    failed = float((cells.rate * cells.errors).sum() / cells.rate.sum())
    available = found["requests succeed"]
    assert 1 - available["attainment"] == pytest.approx(failed, rel=0.08)
    assert available["left_share"] == pytest.approx(1 - failed / 0.0005, abs=0.08)
    quick = sum(
        each.share / (1 + (cells.endpoint_median[each.name] / 0.5) ** cells.tail)  # log-logistic, as the world says
        for each in world.endpoints("api-gateway")
    )
    fast = float((cells.rate * quick).sum() / cells.rate.sum())
    assert found["requests are fast"]["attainment"] == pytest.approx(fast, abs=0.002)
    assert found["requests are fast"]["note"] == ""  # 500 ms is a bucket


async def test_an_environment_where_it_does_not_run_is_no_objective_kept(watcher: Watcher) -> None:
    catalogue = watcher.app.observatory.catalogue
    only = tuple(each.model_copy(update={"environments": ("production",)}) for each in catalogue.services)
    watcher.app.observatory.catalogue = type(catalogue)(services=only)
    outcome = (await watcher.runs("slo.status", service="checkout", environment="staging")).outcome
    assert isinstance(outcome, Failed | Refused)
    assert "does not run in staging, but in production" in outcome.message


def test_the_window_of_a_fake_is_what_it_is_asked() -> None:
    (one,) = line(lambda times: np.where(times > 0, 1.0, np.nan))(Window(START, START + timedelta(minutes=1)), 30)
    assert isinstance(one, Series)
    assert len(one) == 2
