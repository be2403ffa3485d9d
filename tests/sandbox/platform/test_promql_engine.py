"""The evaluator by itself: against plain loops, at its limits, and with what nobody should ask."""

from __future__ import annotations

import contextlib
import itertools
import math
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput
from integrations.sandbox.platform.prometheus import server
from integrations.sandbox.platform.prometheus.engine import Answer, evaluate, instant
from integrations.sandbox.platform.prometheus.failures import QueryRefused
from integrations.sandbox.platform.prometheus.memory import MemoryStorage
from integrations.sandbox.platform.prometheus.numbers import alert_value, go_float, sample_value
from integrations.sandbox.platform.prometheus.patterns import Pattern, UnreadablePattern
from integrations.sandbox.platform.prometheus.reading import Limits
from integrations.sandbox.platform.prometheus.storage import NAME, Block, Matcher, RawSeries

T0: Final = 1_700_000_040_000


def series(name: str, values: Sequence[float], *, step_ms: int = 30_000, **labels: str) -> RawSeries:
    times = np.arange(len(values), dtype=np.int64) * step_ms + T0
    return RawSeries({NAME: name, **labels}, times, np.array(values, np.float64))


def found(answer: Answer) -> dict[tuple[tuple[str, str], ...], list[float]]:
    return {tuple(sorted(one.labels.items())): one.values.tolist() for one in answer.series}


# ---------------------------------------------------------------- windows, against plain loops

PLAIN: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum_over_time": math.fsum,
    "avg_over_time": lambda window: math.fsum(window) / len(window),
    "min_over_time": min,
    "max_over_time": max,
    "count_over_time": len,
    "last_over_time": lambda window: window[-1],
    "stdvar_over_time": statistics.pvariance,
    "changes": lambda window: sum(one != other for one, other in itertools.pairwise(window)),
    "resets": lambda window: sum(one > other for one, other in itertools.pairwise(window)),
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=40), min_size=1, max_size=4),
    st.sampled_from(sorted(PLAIN)),
    st.integers(1, 400),
    st.integers(1, 200),
)
def test_a_window_is_what_a_loop_makes_of_it(rows: list[list[int]], name: str, width: int, step: int) -> None:
    storage = MemoryStorage(series("x", row, row=str(number)) for number, row in enumerate(rows))
    end = T0 + 45 * 30_000
    answer = evaluate(f"{name}(x[{width}s])", storage, T0, end, step * 1_000)
    got = {
        (one.labels["row"], at): value
        for one in answer.series
        for at, value in zip(one.times.tolist(), one.values, strict=True)
    }
    wanted = {}
    for number, row in enumerate(rows):
        for at in range(T0, end + 1, step * 1_000):
            window = [float(v) for i, v in enumerate(row) if at - width * 1_000 <= T0 + i * 30_000 <= at]
            if window:
                wanted[str(number), at] = PLAIN[name](window)
    assert got.keys() == wanted.keys()
    assert all(math.isclose(got[key], wanted[key], rel_tol=1e-9, abs_tol=1e-9) for key in wanted)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 50), min_size=2, max_size=60), st.sets(st.integers(1, 59), max_size=5))
def test_an_increase_over_everything_is_what_was_counted(steps: list[float], restarts: set[int]) -> None:
    """From the first sample to the last nothing is extrapolated."""
    values: list[float] = []
    now = counted = 0.0
    for number, step in enumerate(steps):
        fresh = number in restarts
        now = step if fresh else now + step
        if number:
            counted += now - values[-1] if now >= values[-1] else now
        values.append(now)
    last = (len(steps) - 1) * 30
    answer = instant(f"increase(x[{last}s])", MemoryStorage([series("x", values)]), T0 + last * 1_000)
    assert answer.series[0].values[0] == pytest.approx(counted, rel=1e-9, abs=1e-9)


def test_windows_of_many_series_do_not_leak_into_each_other() -> None:
    storage = MemoryStorage([series("x", [100, 200], a="1"), series("x", [1, 2, 3], a="2")])
    assert list(found(instant("sum_over_time(x[10m])", storage, T0 + 60_000)).values()) == [[300], [6]]
    assert list(found(instant("resets(x[10m])", storage, T0 + 60_000)).values()) == [[0], [0]]


def test_a_fixed_moment_holds_over_the_whole_range() -> None:
    """Prometheus 2.42 forgets it after the first step of predict_linear; later ones, and this, do not."""
    storage = MemoryStorage([series("x", range(100))])
    at = (T0 + 50 * 30_000) // 1_000
    answer = evaluate(f"predict_linear(x[10m] @ {at}, 0)", storage, T0, T0 + 600_000, 60_000)
    assert answer.series[0].values == pytest.approx(np.arange(11) * 2.0, abs=1e-6)


def test_sums_keep_what_cancellation_would_lose() -> None:
    storage = MemoryStorage([series("x", [1e16, 1.0, -1e16])])
    assert found(instant("sum_over_time(x[5m])", storage, T0 + 60_000)) == {(): [1.0]}


# ---------------------------------------------------------------- limits


def test_more_samples_than_allowed_are_refused_in_prometheus_words() -> None:
    storage = MemoryStorage(series("x", range(100), a=str(number)) for number in range(10))
    with pytest.raises(QueryRefused, match="would load too many samples into memory in query execution") as caught:
        instant("sum_over_time(x[1h])", storage, T0 + 3_000_000, Limits(samples=999))
    assert caught.value.kind == "execution"
    assert instant("sum_over_time(x[1h])", storage, T0 + 3_000_000, Limits(samples=1_000)).series


def test_a_store_is_read_no_further_than_the_cap() -> None:
    read = []

    class Endless(MemoryStorage):
        def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Block]:  # type: ignore[override]
            for number in range(1_000_000):
                read.append(number)
                yield from MemoryStorage([series("x", range(100), a=str(number))]).select(matchers, 0, end_ms + 10**9)

    with pytest.raises(QueryRefused, match="too many samples"):
        instant("x", Endless([]), T0, Limits(samples=1_000))
    assert len(read) == 11


@pytest.mark.parametrize("query", ["x[50000d:1s]", "sum_over_time(x[1000y:1ms])"])
def test_a_subquery_of_too_many_steps_is_refused_before_it_is_made(query: str) -> None:
    with pytest.raises(QueryRefused, match="too many samples"):
        instant(query, MemoryStorage([series("x", range(100))]), T0)


def test_no_time_is_no_answer() -> None:
    with pytest.raises(QueryRefused, match="query timed out in expression evaluation") as caught:
        instant("1 + 1", MemoryStorage([]), T0, Limits(expired=lambda: True))
    assert caught.value.kind == "timeout"


NESTED: Final = {
    "parentheses": "(" * 30_000 + "1" + ")" * 30_000,
    "signs": "-" * 30_000 + "x",
    "a chain": "+".join(["x"] * 20_000),
    "calls": "abs(" * 10_000 + "x" + ")" * 10_000,
    "sets": "sum(x)" + " or x" * 10_000,
    "what fits, and is too deep all the same": "abs(" * 900 + "x" + ")" * 900,
    "a long text": 'x{a="' + "y" * 100_000 + '"}',
}


@pytest.mark.parametrize("query", NESTED.values(), ids=NESTED)
def test_what_would_overflow_the_stack_is_refused(query: str) -> None:
    with pytest.raises(QueryRefused):
        instant(query, MemoryStorage([series("x", range(10))]), T0)


PIECES: Final = (
    *("x", "up", "(", ")", "[5m]", "[5m:1m]", "{a=~'", "b.*'}", "sum", "by", "(a)", "+", "==", "bool", "on", " ", "1"),
    *("'s'", "rate", "topk", "offset 1m", "@ 0", "and", "group_left", ",", "NaN", "histogram_quantile", "`", '"', "#"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join))
def test_any_text_has_an_answer_or_a_refusal(text: str) -> None:
    storage = MemoryStorage([series("x", range(10)), series("up", [1.0] * 10, a="b")])
    with contextlib.suppress(QueryRefused):
        assert instant(text, storage, T0 + 60_000).kind


@pytest.mark.parametrize("text", ["(a+)+$", "(a|a)*b", "(.*)+x", "(a{1,9}){9}", "(?=a)", "[", "(?P<x>a)(?P=x)"])
def test_a_pattern_that_could_take_for_ever_or_go_does_not_have_is_a_400(text: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        instant(f"x{{a=~`{text}`}}", MemoryStorage([series("x", [1.0], a="a" * 200)]), T0)
    assert caught.value.kind == "bad_data"


def test_many_repeats_over_a_long_value_are_refused() -> None:
    storage = MemoryStorage([series("x", [1.0], a="a" * 5_000)])
    with pytest.raises(QueryRefused, match="takes too long"):
        instant('x{a=~".*a.*a.*a.*b"}', storage, T0)
    assert instant('x{a=~".*"}', storage, T0).series


@pytest.mark.parametrize(
    ("text", "value", "fits"),
    [
        ("5..", "503", True),
        ("5..", "5030", False),
        ("a|b.*", "bcd", True),
        ("[[:alpha:]]+", "abc", True),
        (r"\d+", "٣", False),
        ("(?i)CHECK.*", "checkout", True),
        (".*", "two\nlines", False),
        ("", "", True),
        (r"a\.b\z", "a.b", True),
    ],
)
def test_a_pattern_is_go_and_covers_the_whole(text: str, value: str, fits: bool) -> None:  # noqa: FBT001  a row's word
    assert Pattern(text).matches(value) is fits


def test_an_unreadable_pattern_says_so() -> None:
    with pytest.raises(UnreadablePattern):
        Pattern("(")


# ---------------------------------------------------------------- what it stands on


@pytest.mark.parametrize(
    "one",
    [
        RawSeries({NAME: "x"}, np.array([2, 1], np.int64), np.zeros(2)),
        RawSeries({NAME: "x"}, np.array([1, 1], np.int64), np.zeros(2)),
        RawSeries({NAME: "x"}, np.array([1, 2], np.int64), np.zeros(3)),
        RawSeries({NAME: "x"}, np.array([1.0]), np.zeros(1)),
        RawSeries({NAME: "x", "a": ""}, np.array([1], np.int64), np.zeros(1)),
    ],
)
def test_memory_refuses_what_no_store_could_hold(one: RawSeries) -> None:
    with pytest.raises(InvalidInput):
        MemoryStorage([one])


def test_memory_holds_a_label_set_once() -> None:
    with pytest.raises(InvalidInput, match="two series"):
        MemoryStorage([series("x", [1]), series("x", [2])])


@pytest.mark.parametrize(
    ("value", "plain", "sample", "alert"),
    [
        (0.0, "0", "0", "0e+00"),
        (-0.0, "-0", "-0", "-0e+00"),
        (1e6, "1000000", "1000000", "1e+06"),
        (0.125, "0.125", "0.125", "1.25e-01"),
        (1e-5, "0.00001", "0.00001", "1e-05"),
        (1e-7, "0.0000001", "1e-07", "1e-07"),
        (1e21, "1000000000000000000000", "1e+21", "1e+21"),
        (123456789012345680000.0, "123456789012345680000", "123456789012345680000", "1.2345678901234568e+20"),
        (math.nan, "NaN", "NaN", "NaN"),
        (math.inf, "+Inf", "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf", "-Inf"),
    ],
)
def test_numbers_are_written_as_go_does(value: float, plain: str, sample: str, alert: str) -> None:
    assert (go_float(value), sample_value(value), alert_value(value)) == (plain, sample, alert)


async def test_queries_run_beside_the_loop() -> None:
    threads = []

    class Watched(MemoryStorage):
        def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Block]:
            threads.append(threading.get_ident())
            return super().select(matchers, start_ms, end_ms)

    application = server.app(Watched([series("x", [1.0])]), lambda: datetime.fromtimestamp(T0 / 1_000, UTC))
    async with TestServer(application) as running, httpx.AsyncClient(verify=False) as client:
        answer = await client.get(str(running.make_url("/api/v1/query")), params={"query": "x"})
    assert answer.json()["data"]["result"][0]["value"] == [T0 / 1_000, "1"]
    assert threads == [threads[0]]
    assert threads[0] != threading.get_ident()
