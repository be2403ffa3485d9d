"""What is connected, how things are called here, and that a name is asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from bot.errors import InvalidInput, NotFound
from bot.observatory.observatory import SETTLED_FOR, heard, split, whole
from bot.telemetry.signals import Read, Samples, Series
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.fakes import CHECKOUT, DOWN, HOUR, FakeChanges, FakeLogs, FakeMetrics, watching


class Counting(FakeMetrics):
    """Counts who asks for names."""

    times = 0

    async def names(self) -> Read[tuple[str, ...]]:
        self.times += 1
        return await super().names()

    async def labels(self, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        return await super().labels(match)


async def test_names_are_asked_for_now_and_then() -> None:
    source = Counting()
    observatory = watching(metrics=source)
    for minutes in (0, 1, 5, 6):
        await observatory.settled(START + timedelta(minutes=minutes))
    assert source.times == 2
    assert timedelta(minutes=5) == SETTLED_FOR


async def test_each_missing_source_names_its_setting() -> None:
    observatory = watching(metrics=None)
    for need, setting in (
        (observatory.need_metrics, "PROMETHEUS"),
        (observatory.need_logs, "LOKI"),
        (observatory.need_traces, "TEMPO"),
        (observatory.need_changes, "DEPLOYS"),
    ):
        with pytest.raises(NotFound) as caught:
            need()
        assert setting in caught.value.mend


async def test_trouble_is_kept_and_what_is_no_trouble_of_ours_is_not_hidden() -> None:
    async def failing(error: Exception) -> Read[str]:
        await asyncio.sleep(0)
        raise error

    told = await heard("metrics", failing(DOWN))
    assert (told.read, told.trouble, told.value) == (None, DOWN.message, None)
    with pytest.raises(ZeroDivisionError):
        await heard("metrics", failing(ZeroDivisionError()))
    with pytest.raises(asyncio.CancelledError):
        await heard("metrics", failing(asyncio.CancelledError()))  # type: ignore[arg-type]


async def test_labels_of_logs_go_by_what_the_logs_have() -> None:
    observatory = watching(logs=FakeLogs(label_names=("app", "severity")))
    assert await observatory.log_label("level", HOUR) == "severity"
    assert await observatory.log_label("environment", HOUR) == "env"
    assert observatory.log_service_label() == "app"
    assert observatory.service_label() == "service"


def test_a_name_that_is_none_suggests_the_near_ones() -> None:
    observatory = watching()
    assert observatory.service("payment service").name == "payments"
    with pytest.raises(NotFound, match="chekout") as caught:
        observatory.service("chekout")
    assert "checkout" in caught.value.mend


async def test_changes_that_nobody_knows_are_said() -> None:
    told = await watching().changes_in(HOUR)
    assert told.trouble == "no system of deploys is connected"
    assert (await watching(changes=FakeChanges(trouble=DOWN)).changes_in(HOUR)).trouble == DOWN.message


@pytest.mark.parametrize("query", ['{__name__=~"h.*"}', "vector(1)", "absent(up)"])
async def test_a_pattern_is_no_metric_that_is_missing(query: str) -> None:
    said = await watching(metrics=FakeMetrics(known=("up",))).why_empty(query, Scope(), START)
    assert said == "the metric is there, but no series fits what was asked"


async def test_why_is_not_an_error_of_its_own() -> None:
    said = await watching(metrics=None).why_empty("up", CHECKOUT, START)
    assert said.startswith("and why could not be asked")
    with pytest.raises(InvalidInput):
        await watching().why_empty("up(", CHECKOUT, START)


def test_series_are_split_at_a_moment() -> None:
    begin = HOUR.start.timestamp()
    series = Series({}, np.array([0.0, 30, 60, 90]) + begin, np.arange(4.0))
    before, after = split(series, HOUR.start + timedelta(seconds=60))
    assert (before.values.tolist(), after.values.tolist()) == ([0, 1], [2, 3])
    assert whole(Samples("matrix", (series, Series({}, np.array([]), np.array([]))))) == (series,)
    assert whole(None) == ()
