"""What every Traces must do, over the simulated platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import InvalidInput, NotFound
from bot.telemetry.signals import Window
from bot.telemetry.sources import Traces
from integrations.http.backend import Backend
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from integrations.tempo.adapter import Tempo

AT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
WINDOW = Window.last(600, AT)
QUERY = '{resource.service.name="checkout"}'


@pytest.fixture
async def traces() -> AsyncIterator[Traces]:
    async with Platform(World(born=AT), clock=lambda: AT) as platform:
        tempo = Tempo(Backend(url=platform.tempo_url))
        yield tempo
        await tempo.close()


async def test_it_says_what_it_is(traces: Traces) -> None:
    assert (await traces.ready()).startswith("Tempo ")


async def test_a_listed_trace_is_what_its_spans_say(traces: Traces) -> None:
    read = await traces.search(QUERY, WINDOW, limit=5)
    assert 0 < len(read.value) <= 5
    for listed in read.value:
        trace = (await traces.trace(listed.id)).value
        assert (trace.id, len(trace.spans)) == (listed.id, listed.spans)
        assert "checkout" in {span.service for span in trace.spans}
        (root,) = (span for span in trace.spans if span.parent is None)
        assert (root.service, root.name) == (listed.service, listed.name)
        assert abs(root.start - listed.start.timestamp()) < 1e-5
        ids = {span.id for span in trace.spans}
        assert len(ids) == len(trace.spans)
        assert all(len(span.id) == 16 and span.end >= span.start for span in trace.spans)
        assert all(span.parent in ids for span in trace.spans if span is not root)
        last = max(span.end for span in trace.spans)
        assert listed.seconds == pytest.approx(last - root.start, abs=0.002)


async def test_a_listed_trace_began_around_the_window(traces: Traces) -> None:
    read = await traces.search("{}", WINDOW, limit=50)
    slack = timedelta(seconds=60)
    assert all(WINDOW.start - slack <= listed.start <= WINDOW.end for listed in read.value)
    assert len({listed.id for listed in read.value}) == len(read.value)


async def test_failed_and_slow_traces_are_told_from_others(traces: Traces) -> None:
    window = Window.last(3600, AT)
    failed = await traces.search("{status=error}", window, limit=3)
    for listed in failed.value:
        assert listed.errors > 0
        assert any(span.error for span in (await traces.trace(listed.id)).value.spans)
    for listed in (await traces.search("{duration>300ms}", window, limit=3)).value:
        assert any(span.seconds > 0.3 for span in (await traces.trace(listed.id)).value.spans)


async def test_a_month_is_searched_in_its_newest_part(traces: Traces) -> None:
    read = await traces.search(QUERY, Window.last(30 * 86_400, AT), limit=2)
    assert "168 h at most" in read.warnings[0]
    assert read.value


async def test_the_values_of_a_tag_are_found(traces: Traces) -> None:
    assert {"checkout", "api-gateway"} <= set((await traces.values("resource.service.name", WINDOW)).value)


@pytest.mark.parametrize("query", ["{status=", '{service.name="x"}', "nope", '{duration="abc"}'])
async def test_a_broken_query_is_refused_in_the_servers_words(traces: Traces, query: str) -> None:
    with pytest.raises(InvalidInput, match=r"was refused\. Tempo at .* answered 400: "):
        await traces.search(query, WINDOW)


async def test_what_is_not_there_is_not_found(traces: Traces) -> None:
    with pytest.raises(NotFound):
        await traces.trace("f" * 32)
    assert (await traces.search('{resource.service.name="no such service"}', WINDOW)).value == ()
