"""The bill: sums by hand, the time before, and a source that is down is no bill of nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import NotFound, Unavailable
from bot.observatory.spending import MOST_ROWS, CostAnswer, costs
from bot.telemetry.charts.shapes import Lines
from bot.telemetry.signals import Read, Samples, Window
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.conftest import Watcher
from tests.observatory.fakes import DOWN, Answers, FakeMetrics, Shape, line, lines, watching

DAY = Window(START - timedelta(days=1), START)
PRODUCTION = Scope(environment="production")


def bill(**models: float) -> Shape:
    return lines(*(line(value, model=name) for name, value in models.items()))


class Ledger(FakeMetrics):
    """The bill of the window at its end, that of the time before at its beginning."""

    def __init__(self, now: Answers, before: Answers) -> None:
        super().__init__(now)
        self.now, self.before = now, before

    def _found(self, query: str, window: Window, step: float) -> Read[Samples]:
        self.answers = self.before if window.start <= DAY.start else self.now
        return super()._found(query, window, step)


async def told(now: Answers, before: Answers, scope: Scope = PRODUCTION) -> CostAnswer:
    return await costs(watching(metrics=Ledger(now, before)), scope, DAY, "model", START, "UTC")


async def test_the_bill_is_added_up_and_held_against_the_time_before() -> None:
    found = await told(
        {
            "rate(": bill(large=1.5, small=0.5),
            "cost_usd": bill(large=90, small=10),
            "tokens": bill(large=3e6, small=2e6),
        },
        {"cost_usd": bill(large=45, small=5)},
    )
    assert (found.usd, found.before) == (100, 50)
    assert found.month_at_this_pace == pytest.approx(100 * 730 / 24)
    assert [(row.name, row.share, row.usd_per_million) for row in found.rows] == [("large", 0.9, 30), ("small", 0.1, 5)]
    assert found.summary.startswith("All services in production: $100.00 for models in the day, +100 %")
    assert isinstance(found.chart, Lines)
    assert [curve.name for curve in found.chart.curves] == ["large", "small"]


@pytest.mark.parametrize("before", [{}, {"cost_usd": bill(large=0)}, {"cost_usd": DOWN}])
async def test_a_time_before_of_nothing_or_unknown_is_no_growth(before: Answers) -> None:
    found = await told({"cost_usd": bill(large=90)}, before)
    assert found.before is None
    assert "against the time before" not in found.summary
    assert found.grid is not None
    assert found.grid.rows[0][4] == "–"


async def test_a_source_that_is_down_is_no_bill_of_nothing() -> None:
    with pytest.raises(Unavailable):
        await told({"increase(llm_cost_usd": DOWN}, {})


async def test_nothing_spent_is_said() -> None:
    found = await told({}, {}, Scope("cart", "production"))
    assert found.summary == "Nothing was spent on models by cart in production in the day."
    assert (found.rows, found.chart) == ((), None)


async def test_hostile_amounts_and_many_models_are_bounded() -> None:
    models = {f"m{number}": 1.0 for number in range(500)} | {"odd": float("inf"), "none": float("nan")}
    found = await told({"cost_usd": bill(**models)}, {})
    assert found.usd == 500
    assert len(found.rows) == MOST_ROWS


async def test_an_installation_that_measures_no_cost_is_told_how() -> None:
    with pytest.raises(NotFound, match="llm_cost_usd_total") as caught:
        await costs(watching(metrics=FakeMetrics(known=("up",))), PRODUCTION, DAY, "model", START, "UTC")
    assert "signals_file" in caught.value.mend


async def test_the_bill_is_what_the_world_spent(watcher: Watcher) -> None:
    heard = await watcher.runs("cost.report", window="last 6 hours", by="service")
    minute = int(START.timestamp() // 60)
    world = watcher.platform.world
    spent = {
        row["name"]: float(world.cells(row["name"], "production", minute - 360, minute).cost.sum() * 60)
        for row in heard.output["rows"]
    }
    assert len(spent) == 4
    assert {row["name"]: row["usd"] for row in heard.output["rows"]} == pytest.approx(spent, rel=0.02)
