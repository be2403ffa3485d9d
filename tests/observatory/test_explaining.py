"""Explanations without some of the sources, of what did not change, of nobody in particular."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.errors import NotFound
from bot.observatory.explaining import ExplainAnswer, explained
from bot.observatory.gathering import neighbourhood, on_grid
from bot.observatory.observatory import Observatory
from bot.telemetry.charts.shapes import Graph
from bot.telemetry.signals import Floats, LogLine, Series
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.fakes import (
    CATALOGUE,
    CHECKOUT,
    DOWN,
    HOUR,
    FakeChanges,
    FakeLogs,
    FakeTraces,
    Shape,
    asking,
    deploy,
    line,
    lines,
    watching,
)

NOW = START.timestamp()
EVERYWHERE = Scope(environment="production")


def jump(factor: float, since: float = 1_200, until: float = 0) -> Shape:
    """Checkout's latency, higher for a while."""

    def values(times: Floats) -> Floats:
        during = (times > NOW - since) & (times <= NOW - until)
        return 0.2 * (1 + 0.01 * np.sin(times)) * np.where(during, factor, 1.0)

    return line(values, service="checkout")


def flat(level: float, service: str) -> Shape:
    return line(lambda times: level * (1 + 0.01 * np.sin(times)), service=service)


async def why(
    answers: dict[str, Any], metric: str = "latency", scope: Scope = CHECKOUT, **sources: Any
) -> ExplainAnswer:
    return await explained(watching(answers, **sources), asking(metric, scope))


async def test_what_lasts_is_since_and_what_is_over_was_between() -> None:
    lasting = await why({"duration_seconds": jump(3)})
    assert lasting.summary.startswith("P95 latency of checkout has been as high as 606 ms since 15:1")
    over = await why({"duration_seconds": jump(3, until=600)})
    assert over.summary.startswith("P95 latency of checkout went up to 606 ms between 15:1")


async def test_a_deploy_before_it_is_what_is_named() -> None:
    found = await why({"duration_seconds": jump(3)}, changes=FakeChanges([deploy(21)]))
    assert "the cause is checkout itself: deploy of checkout 2.0.0" in found.summary
    assert found.changes == ("15:09 deploy of checkout 2.0.0",)


async def test_without_metrics_the_rest_is_asked_and_what_is_missing_is_said() -> None:
    found = await why({}, metrics=None, logs=FakeLogs(), traces=FakeTraces(), changes=FakeChanges([deploy(21)]))
    assert "P95 latency of checkout was not measured: no source of metrics is connected." in found.summary
    assert "metrics: no source of metrics is connected" in found.missing
    assert found.chart is None


async def test_with_nothing_at_all_nothing_is_blamed() -> None:
    found = await why({"": DOWN}, logs=FakeLogs(trouble=DOWN), changes=FakeChanges(trouble=DOWN))
    assert found.summary == (
        f"P95 latency of checkout was not measured: {DOWN.message}. "
        "Nothing that could be looked at stands out as its cause."
    )
    assert {f"loki: {DOWN.message}", f"logs: {DOWN.message}"} & set(found.missing)
    assert "no source of traces is connected" in found.missing
    (graph,) = found.more_charts
    assert isinstance(graph, Graph)
    assert {node.state for node in graph.nodes} == {"unknown"}


async def test_what_did_not_change_has_no_cause() -> None:
    found = await why({"duration_seconds": flat(0.2, "checkout")})
    assert "is about the same" in found.summary
    assert "As far as can be seen nothing went wrong" in found.summary
    assert (found.grid, found.since) == (None, None)
    assert all(each.confidence <= 0.3 for each in found.suspects)
    (graph,) = found.more_charts
    assert isinstance(graph, Graph)
    assert graph.title == "What it depends on"
    assert {node.state for node in graph.nodes} == {"good", "unknown"}
    assert not any(node.suspect for node in graph.nodes)


async def test_when_it_began_is_said_once_and_what_is_sure_is_never_certain() -> None:
    found = await why({"duration_seconds": jump(3)}, changes=FakeChanges([deploy(21)]))
    assert found.since
    assert f"since {found.since:%H:%M}" in found.summary
    assert not any(each.startswith("Since") for each in found.findings)
    assert max(each.confidence for each in found.suspects) <= 0.99
    assert found.grid
    assert all(len(row[2]) <= 90 and ";" not in row[2] for row in found.grid.rows)


async def test_traces_that_cannot_be_read_are_missing() -> None:
    from tests.observatory.test_following import backend, summary  # noqa: PLC0415  its traces

    source = backend([summary(1, 1.0)], kept=False)
    found = await why({"duration_seconds": jump(3)}, traces=source)
    assert f"traces: {DOWN.message}" in found.missing


# ---------------------------------------------------------------- nobody in particular


async def test_whose_metric_got_worse_is_asked_about() -> None:
    answers = {"duration_seconds": lines(flat(0.5, "cart"), jump(3), flat(0.1, "search"))}
    found = await why(answers, scope=EVERYWHERE)
    assert found.summary.startswith("P95 latency of checkout has been as high as")


async def test_what_got_better_is_not_asked_about() -> None:
    faster = line(lambda times: np.where(times > NOW - 3_600, 0.1, 1.0) * (1 + 0.01 * np.sin(times)), service="cart")
    found = await why({"duration_seconds": lines(faster, flat(0.2, "checkout"))}, scope=EVERYWHERE)
    assert found.summary.startswith("P95 latency got worse at none of 2 services.")


async def test_failures_out_of_nothing_are_found_though_nought_has_no_ratio() -> None:
    burst = line(lambda times: np.where(times > NOW - 3_600, 0.2, 0.0), service="payments")
    found = await why({"status=~": lines(flat(0.001, "cart"), burst)}, "error_rate", EVERYWHERE)
    assert "of payments" in found.summary.partition(".")[0]


async def test_a_slight_change_of_nearly_nothing_is_nobodys_trouble() -> None:
    slight = line(lambda times: np.where(times > NOW - 3_600, 0.0002, 0.0), service="payments")
    found = await why({"status=~": slight}, "error_rate", EVERYWHERE)
    assert found.summary.startswith("Error rate got worse at none of 1 services.")


# ---------------------------------------------------------------- what is looked at


def test_the_neighbourhood_is_what_it_needs_and_who_calls_it() -> None:
    found = neighbourhood(watching(), CHECKOUT)
    assert {"checkout", "payments", "postgres-main", "api-gateway"} <= set(found)
    assert "frontend" not in found
    assert len(neighbourhood(watching(), EVERYWHERE)) == 16


def test_who_does_not_run_there_is_not_looked_at() -> None:
    services = tuple(
        each.model_copy(update={"environments": ("production",)}) if each.name == "payments" else each
        for each in CATALOGUE.services
    )
    observatory = Observatory(watching().vocabulary, type(CATALOGUE)(services=services))
    assert "payments" not in neighbourhood(observatory, Scope("checkout", "staging"))
    assert "payments" in neighbourhood(observatory, Scope("payments", "staging"))


@pytest.mark.parametrize(("names", "part"), [(("service", "env", "level"), 'level=~"(?i)('), (("service", "env"), "|")])
async def test_levels_are_asked_for_as_the_logs_know_them(names: tuple[str, ...], part: str) -> None:
    source = FakeLogs([LogLine(START - timedelta(minutes=1), "boom", {"service": "cart"}, "error")], label_names=names)
    await why({}, logs=source)
    assert all(part in query for query, _ in source.asked)


def test_samples_have_their_place_whatever_their_jitter() -> None:
    begin = HOUR.start.timestamp()
    series = Series({}, begin + np.array([-60.0, 0.4, 30.2, 89.9, 4_000.0]), np.array([9.0, 1.0, 2.0, 3.0, 9.0]))
    found = on_grid(series, HOUR, 30)
    assert len(found) == 120
    assert found[:4].tolist()[:2] == [1.0, 2.0]
    assert found[3] == 3.0
    assert np.isnan(found[2])
    assert np.isnan(found[4:]).all()


async def test_an_unknown_metric_is_said_before_anything_is_asked() -> None:
    with pytest.raises(NotFound, match="latncy"):
        await why({}, "latncy")
