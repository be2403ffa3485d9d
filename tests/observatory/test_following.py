"""Traces: that the slowest of all are found, what is said where that is not known, and one trace in full."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import InvalidInput, NotFound, Unavailable
from bot.observatory.following import UNKNOWN, TracesAnswer, TracesQuestion, followed, query_of, shown
from bot.observatory.observatory import Observatory
from bot.telemetry.queries import traceql
from bot.telemetry.signals import Span, Trace, TraceSummary
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.fakes import CHECKOUT, HOUR, FakeTraces, watching

ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def summary(number: int, seconds: float, service: str = "checkout") -> TraceSummary:
    return TraceSummary(f"{number:032x}", service, "POST /pay", START, seconds, 2)


def whole(each: TraceSummary) -> Trace:
    begin = START.timestamp()
    root = Span("a", None, each.service, each.name, begin, begin + each.seconds)
    return Trace(each.id, (root, Span("b", "a", "payments", "charge", begin, begin + 0.8 * each.seconds)))


def backend(every: Sequence[TraceSummary], *, kept: bool = True) -> FakeTraces:
    """The newest that fit: a bar on the whole trace is obeyed."""

    def found(query: str, limit: int) -> Sequence[TraceSummary]:
        bar = re.search(r"traceDuration > (\d+)(ns|us|ms|s)\b", query)
        size = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
        least = int(bar[1]) * size[bar[2]] if bar else -1.0
        return [each for each in every if each.seconds > least][:limit]

    return FakeTraces(found, {each.id: whole(each) for each in every} if kept else {})


async def ask(traces: FakeTraces, **more: Any) -> TracesAnswer:
    question = replace(TracesQuestion(CHECKOUT, HOUR, START), **more)
    return await followed(watching(traces=traces), question)


async def test_the_slowest_is_found_however_old_it_is() -> None:
    every = [summary(number, 0.1 + number / 10_000) for number in range(3_000)]
    source = backend([*every, summary(9_999, 30.0)])
    found = await ask(source)
    assert found.traces[0].seconds == 30.0
    assert found.summary.startswith("The slowest of more than 200 traces of checkout in production took 30 s")
    assert UNKNOWN not in found.findings


async def test_a_bar_that_leaves_none_is_lowered_again() -> None:
    every = [summary(number, 0.1 + number / 1_000) for number in range(700)]
    found = await ask(backend(every))
    assert found.traces[0].seconds == pytest.approx(0.799)
    assert UNKNOWN not in found.findings


async def test_few_that_are_slower_than_all_that_were_seen_are_enough() -> None:
    """The bar of the newest page leaves three: they are the slowest, and not the page."""
    every = [summary(number, 0.1) for number in range(500)] + [summary(9_000 + number, 5.0) for number in range(3)]
    found = await ask(backend(every))
    assert [each.seconds for each in found.traces] == [5.0, 5.0, 5.0]


async def test_where_all_are_alike_the_page_is_the_answer() -> None:
    found = await ask(backend([summary(number, 0.5) for number in range(500)]))
    assert found.traces[0].seconds == 0.5
    assert UNKNOWN not in found.findings


async def test_where_the_search_stays_full_that_is_said() -> None:
    """A backend that does not know the bar."""
    source = FakeTraces(lambda _, limit: [summary(number, 0.1 + number) for number in range(limit)])
    found = await ask(source)
    assert UNKNOWN in found.findings
    assert len(source.asked) <= 7


async def test_what_fits_on_a_page_is_counted() -> None:
    found = await ask(backend([summary(1, 2.0)]))
    assert found.summary.startswith("The slowest of 1 trace of checkout in production took 2 s (checkout POST /pay).")
    assert "The greatest part of the time goes to payments charge" in found.summary


async def test_traces_that_cannot_be_read_leave_the_list() -> None:
    found = await ask(backend([summary(1, 2.0)], kept=False))
    assert len(found.traces) == 1
    assert found.chart is None
    assert found.sources[0].state == "down"


async def test_none_is_said_also_where_a_service_does_not_run() -> None:
    found = await ask(backend([]), failed=True)
    assert found.summary == "No failed traces of checkout in production in this time."


async def test_a_query_of_ones_own_is_run_once_as_it_is() -> None:
    source = backend([summary(number, 0.1) for number in range(500)])
    found = await ask(source, raw="{ duration > 50ms }")
    assert source.asked == ["{ duration > 50ms }"]
    assert UNKNOWN in found.findings
    assert (found.where, found.steps[0].label) == ("", "Open the slowest")


# ---------------------------------------------------------------- queries


def made(scope: Scope, longer: float | None = None, **more: Any) -> str:
    question = replace(TracesQuestion(scope, HOUR, START), **more)
    return query_of(watching(), question, longer)


def test_a_search_narrows_by_all_that_is_named() -> None:
    text = made(Scope("checkout", "production", endpoint='/a"}', version="2.0.0"), 1.5, failed=True, slower_than=0.5)
    for part in (
        'resource.service.name = "checkout"',
        'resource.deployment.environment = "production"',
        'span.http.route = "/a\\"}"',
        "status = error",
        "duration > 500ms",
        "traceDuration > 1500ms",
    ):
        assert part in text
    traceql.parse(text)


# ---------------------------------------------------------------- one trace


def one(*spans: Span) -> Observatory:
    return watching(traces=FakeTraces(whole={ID: Trace(ID, spans)}))


def span(id_: str, parent: str | None, start: float, end: float, **more: Any) -> Span:
    return replace(Span(id_, parent, "checkout", "POST /pay", start, end), **more)


async def test_a_trace_is_told_in_full() -> None:
    found = await shown(
        one(span("a", None, 0, 2), span("b", "a", 0.5, 1.5, service="payments", error=True, message="declined")),
        f" 0x{ID} ",
    )
    assert found.summary == "checkout POST /pay took 2 s, in 2 spans of 2 services; 1 of them failed."
    assert found.findings[0] == "payments: POST /pay failed: declined"
    assert (found.seconds, found.spans, found.errors) == (2.0, 2, 1)


async def test_a_span_alone_is_one_span_of_one_service() -> None:
    assert (await shown(one(span("a", None, 0, 2)), ID)).summary.endswith("took 2 s, in 1 span of 1 service.")


@pytest.mark.parametrize("end", [math.inf, math.nan, 1e300])
async def test_times_that_are_none_are_not_reckoned_with(end: float) -> None:
    found = await shown(one(span("a", None, 0, 2), span("b", "a", 1, end)), ID)
    assert found.seconds == 2.0


@pytest.mark.parametrize("spans", [(), (span("a", None, 0, math.inf),)])
async def test_a_trace_of_nothing_is_not_found(spans: tuple[Span, ...]) -> None:
    with pytest.raises(NotFound, match="no span with a time"):
        await shown(one(*spans), ID)


@pytest.mark.parametrize("text", ["", "zz", "a" * 33, '"} || {', "../../x"])
async def test_what_is_no_id_is_not_sent(text: str) -> None:
    with pytest.raises(InvalidInput, match="no id of a trace"):
        await shown(one(), text)


async def test_a_source_that_is_down_says_so() -> None:
    with pytest.raises(Unavailable):
        await shown(one(), "a" * 32)
    with pytest.raises(NotFound, match="no source of traces"):
        await shown(watching(), ID)
