"""Logs: totals that agree with what was read, names of labels, and queries of one's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import Unavailable
from bot.observatory.looking import PAGE, LogsAnswer, LogsQuestion, looked
from bot.observatory.observatory import Observatory
from bot.telemetry.charts.shapes import Lines
from bot.telemetry.signals import LogLine
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.fakes import CATALOGUE, CHECKOUT, DOWN, HOUR, VOCABULARY, FakeLogs, line, lines, watching

ERRORS = {"service": "checkout", "level": "error", "instance": "checkout-1"}


def logged(count: int, text: str = "payment 7 was declined", seconds_ago: float = 60, **labels: str) -> list[LogLine]:
    """One each millisecond."""
    begin = START - timedelta(seconds=seconds_ago)
    return [
        LogLine(begin + timedelta(milliseconds=number), text, {**ERRORS, **labels}, "error") for number in range(count)
    ]


async def told(source: FakeLogs, scope: Scope = CHECKOUT, **more: Any) -> LogsAnswer:
    return await looked(watching(logs=source), LogsQuestion(scope, HOUR, START, **more))


async def test_a_page_that_holds_all_is_the_total_whatever_was_counted() -> None:
    """The counts are of whole steps, and know of a minute before."""
    source = FakeLogs(logged(105), counts=line(900.0, level="error"))
    found = await told(source, level="error")
    assert (found.total, found.read_lines, found.cut) == (105, 105, False)
    assert found.levels == {"error": 105}
    assert found.summary == "105 error lines of checkout in production in the hour, all of one kind, and it is new."
    assert found.lines[0].instance == "checkout-1"


async def test_a_page_that_was_cut_has_the_counted_total() -> None:
    counts = lines(line(100.0, level="error"), line(50.0, level="warn"), line(float("inf"), level="odd"))
    found = await told(FakeLogs(logged(PAGE + 500), counts=counts))
    assert found.cut
    assert found.total == 60 * 150
    assert found.levels == {"error": 6_000, "warn": 3_000, "odd": 0}
    assert (
        f"Kinds and shares are those of the newest {PAGE:,} lines; the numbers over time are of all" in found.findings
    )


@pytest.mark.parametrize("counts", [None, DOWN, line(1.0, level="error")])
async def test_a_total_that_is_not_known_is_more_than_was_read(counts: Any) -> None:
    found = await told(FakeLogs(logged(PAGE + 1), counts=counts))
    assert found.total is None
    assert found.summary.startswith(f"More than {PAGE:,} lines of checkout")
    assert found.levels == {"error": PAGE}


async def test_counts_lie_a_step_later_as_they_look_back() -> None:
    source = FakeLogs(logged(1), counts=line(1.0, level="error"))
    found = await told(source)
    (window,) = [window for query, window in source.asked if "count_over_time" in query]
    assert window.start == HOUR.start + timedelta(minutes=1)
    assert window.end == HOUR.end + timedelta(minutes=1)
    assert isinstance(found.chart, Lines)


async def test_without_counts_there_is_no_chart_and_no_error() -> None:
    found = await told(FakeLogs(logged(3), counts=DOWN))
    assert found.chart is None
    assert {each.name: each.state for each in found.sources} == {"loki": "down"}


async def test_lines_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(Unavailable):
        await told(FakeLogs(trouble=DOWN))


async def test_no_line_is_told_from_no_such_label() -> None:
    assert (await told(FakeLogs())).summary == "No lines of checkout in production in this time."
    elsewhere = await told(FakeLogs(label_names=("app", "level")))
    assert "no stream here has a label 'env'; name yours under labels in signals_file" in elsewhere.summary
    assert elsewhere.query == '{app="checkout", env="production"}'


async def test_an_environment_goes_by_its_word_here() -> None:
    vocabulary = VOCABULARY.model_copy(update={"environments": {"production": "prod"}})
    source = FakeLogs(logged(1))
    found = await looked(Observatory(vocabulary, CATALOGUE, logs=source), LogsQuestion(CHECKOUT, HOUR, START))
    assert 'env="prod"' in found.query


async def test_a_query_of_ones_own_is_not_said_to_be_of_production() -> None:
    found = await told(FakeLogs(logged(2)), Scope(environment="production"), raw='{service="cart"}')
    assert found.summary.startswith("2 lines in the hour")
    assert found.where == ""
    assert found.query == '{service="cart"}'


async def test_a_query_of_numbers_is_drawn() -> None:
    counts = lines(*(line(float(number), pod=f"p{number}") for number in range(1_500)))
    found = await told(FakeLogs(counts=counts), raw='sum by (pod) (count_over_time({service="cart"}[5m]))')
    assert found.summary == "The query gave 1500 series."
    assert isinstance(found.chart, Lines)
    assert len(found.chart.curves) == 12


async def test_what_is_long_is_cut() -> None:
    found = await told(FakeLogs(logged(40, text="x" * 20_000)))
    assert len(found.lines) == 30
    assert max(len(each.text) for each in found.lines) <= 400
    assert len(found.model_dump_json()) < 60_000
