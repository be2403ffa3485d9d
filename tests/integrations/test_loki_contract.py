"""What every Logs must do, over the simulated platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.errors import InvalidInput
from bot.telemetry.signals import Window
from bot.telemetry.sources import Logs
from integrations.http.backend import Backend
from integrations.loki.adapter import Loki
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

AT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
WINDOW = Window.last(300, AT)
SELECTOR = '{service="checkout", env="production"}'


@pytest.fixture
async def logs() -> AsyncIterator[Logs]:
    async with Platform(World(born=AT), clock=lambda: AT) as platform:
        loki = Loki(Backend(url=platform.loki_url))
        yield loki
        await loki.close()


async def test_it_says_what_it_is(logs: Logs) -> None:
    assert (await logs.ready()).startswith("Loki ")


async def test_lines_are_in_order_inside_the_window_and_of_what_was_selected(logs: Logs) -> None:
    for newest_first in (True, False):
        read = await logs.lines(SELECTOR, WINDOW, limit=200, newest_first=newest_first)
        order = [line.nanoseconds for line in read.value]
        assert order == sorted(order, reverse=newest_first)
        assert len(order) == 200
        assert read.cut
        for line in read.value:
            assert line.at in WINDOW
            assert (line.labels["service"], line.labels["env"]) == ("checkout", "production")
            assert line.level == line.labels["level"]


async def test_both_ends_meet(logs: Logs) -> None:
    query, window = f'{SELECTOR} |= "payment"', Window.last(60, AT)
    newest = await logs.lines(query, window, limit=5_000)
    oldest = await logs.lines(query, window, limit=5_000, newest_first=False)
    assert not newest.cut
    assert {(line.nanoseconds, line.text) for line in newest.value} == {
        (line.nanoseconds, line.text) for line in oldest.value
    }
    assert all("payment" in line.text for line in newest.value)


async def test_as_many_lines_are_counted_as_are_listed(logs: Logs) -> None:
    window = Window(AT - timedelta(seconds=60), AT)
    lines = await logs.lines(f'{SELECTOR} | level="error"', window, limit=5_000)
    counted = await logs.instant(f'sum(count_over_time({SELECTOR} | level="error" [60s]))', AT)
    assert not lines.cut
    assert sum(series.values[0] for series in counted.value.series) == pytest.approx(len(lines.value), abs=1)


async def test_counts_have_a_value_at_every_step_and_none_at_the_end(logs: Logs) -> None:
    read = await logs.range(f"sum(rate({SELECTOR}[1m]))", WINDOW, 60)
    (series,) = read.value.series
    np.testing.assert_array_equal(series.times, WINDOW.start.timestamp() + 60.0 * np.arange(5))
    assert (series.values > 0).all()


async def test_labels_and_values_are_found(logs: Logs) -> None:
    assert {"service", "env", "level"} <= set((await logs.labels(WINDOW)).value)
    assert {"checkout", "api-gateway"} <= set((await logs.values("service", WINDOW)).value)
    assert (await logs.values("no_such_label", WINDOW)).value == ()


@pytest.mark.parametrize("query", ['{service="checkout"', '{service=~".*"}', f"{SELECTOR} | nope nope", "{}", ""])
async def test_a_broken_query_is_refused_in_the_servers_words(logs: Logs, query: str) -> None:
    with pytest.raises(InvalidInput, match=r"was refused\. Loki at .* answered 400: "):
        await logs.lines(query, WINDOW)


async def test_lines_are_no_numbers_and_numbers_no_lines(logs: Logs) -> None:
    with pytest.raises(InvalidInput):
        await logs.range(SELECTOR, WINDOW, 60)
    with pytest.raises(InvalidInput):
        await logs.instant(SELECTOR, AT)
    with pytest.raises(InvalidInput):
        await logs.lines(f"rate({SELECTOR}[1m])", WINDOW)


async def test_what_is_not_there_is_empty(logs: Logs) -> None:
    assert (await logs.lines('{service="no such service"}', WINDOW)).value == ()
    assert (await logs.lines('{service="a\\"b"}', WINDOW)).value == ()
