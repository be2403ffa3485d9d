"""What watches see of a platform: when all is well, when something is broken, and when nobody answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.errors import CopilotError, InvalidInput
from bot.telemetry.signals import Window
from bot.telemetry.vocabulary import Scope
from bot.watch.finding import Family, Finding, Subject
from bot.watch.looks import metrics
from bot.watch.looks.look import moments, times_of
from bot.watch.scans import Scans
from bot.watch.surveying import Survey
from bot.watch.watches import Aim, Progress, Watch, WatchKind
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from tests.conftest import START, MovedClock, settings_for

PRODUCTION = Scope(environment="production")
CHECKOUT = Scope("checkout", "production")
MINUTE = timedelta(minutes=1)


@dataclass
class Post:
    """Somebody who looks, and the platform that they look at."""

    platform: Platform
    clock: MovedClock
    app: App

    @property
    def scans(self) -> Scans:
        return self.app.station.scans

    def breaks(self, kind: str, service: str, **more: Any) -> None:
        self.platform.world.inject(kind, service, "production", self.clock(), **more)

    async def looks(self, watch: Watch, progress: Progress | None = None) -> tuple[tuple[Finding, ...], Progress]:
        sight = await self.scans(watch, progress, self.clock())
        assert sight.trouble == ""
        return tuple(sight.findings), Progress(watch.id, self.clock(), sight.state)


@pytest.fixture
async def post(tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    """Half a day is enough to learn from, where nothing but noise is to be learned."""
    monkeypatch.setattr(metrics, "LEARNED", timedelta(hours=12))
    async with Platform(World(born=START - timedelta(days=4)), clock=clock) as platform:
        sources = {name: getattr(platform, name) for name in ("prometheus_url", "loki_url", "tempo_url", "deploys_url")}
        app = App(settings_for(f"sqlite+aiosqlite:///{tmp_path}/bot.db", tmp_path, **sources), clock=clock)
        yield Post(platform, clock, app)
        await app.observatory.close()


def watch(kind: WatchKind, metric: str = "", scope: Scope = CHECKOUT, every: float = 60.0, **aim: Any) -> Watch:
    wanted = Aim(kind, metric, scope, **aim)
    return Watch("wch-1", "test", wanted, "C1", "sre", START, every=every)


METRICS = watch(WatchKind.SCAN, "metrics", PRODUCTION)


async def test_a_scan_of_metrics_is_quiet_until_something_breaks(post: Post) -> None:
    quiet, progress = await post.looks(METRICS)
    assert quiet == ()
    post.clock.move(minutes=1)
    post.breaks("latency", "payments")
    post.clock.move(minutes=4)
    found, progress = await post.looks(METRICS, progress)
    slow = next(each for each in found if each.subject.service == "payments" and each.subject.signal == "latency")
    assert (slow.family, slow.direction, slow.open, slow.watch) == (Family.DEVIATION, "high", True, "wch-1")
    assert "payments" in slow.query
    assert slow.value is not None
    assert slow.expected is not None
    assert slow.value > 2 * slow.expected
    assert START < slow.since <= START + 3 * MINUTE
    assert {each.subject.environment for each in found} == {"production"}


async def test_what_is_over_is_told_once(post: Post) -> None:
    _, progress = await post.looks(METRICS)
    post.breaks("error_burst", "cart", minutes=5)
    post.clock.move(minutes=4)
    found, progress = await post.looks(METRICS, progress)
    assert any(each.subject.service == "cart" and each.open for each in found)
    post.clock.move(minutes=15)
    found, progress = await post.looks(METRICS, progress)
    assert [each.open for each in found if each.subject.service == "cart"] == [False]
    post.clock.move(minutes=1)
    found, _ = await post.looks(METRICS, progress)
    assert [each for each in found if each.subject.service == "cart"] == []


async def test_looks_and_a_replay_say_the_same(post: Post) -> None:
    post.breaks("error_burst", "cart", minutes=10)
    _, progress = await post.looks(METRICS)
    told = []
    for _ in range(8):
        post.clock.move(minutes=1)
        found, progress = await post.looks(METRICS, progress)
        told.append({(each.subject, each.since) for each in found if each.open})
    replayed = await post.scans.replay(METRICS, Window(START, post.clock()), _silent)
    assert told == [{(each.subject, each.since) for each in one.findings if each.open} for one in replayed.moments]


async def _silent(_: str) -> None: ...


async def test_one_metric_of_one_service_can_be_watched_alone(post: Post) -> None:
    alone = watch(WatchKind.ANOMALY, "latency", Scope("payments", "production"))
    quiet, progress = await post.looks(alone)
    post.breaks("latency", "payments")
    post.clock.move(minutes=4)
    found, _ = await post.looks(alone, progress)
    assert (quiet, [each.subject.service for each in found]) == ((), ["payments"])


@pytest.mark.parametrize(
    ("asked", "family"),
    [
        (watch(WatchKind.THRESHOLD, "error_rate", above=0.02, for_seconds=120), Family.THRESHOLD),
        (watch(WatchKind.THRESHOLD, "error_rate", above=0.02, every=30.0), Family.THRESHOLD),
        (watch(WatchKind.THRESHOLD, query='sum(rate(http_requests_total{service="checkout",status="500"}[2m]))', above=0.1), Family.THRESHOLD),  # noqa: E501
        (watch(WatchKind.CHANGE, "error_rate", change=2.0), Family.CHANGE),
        (watch(WatchKind.PATTERN, pattern="error", above=3.0), Family.PATTERN),
        (watch(WatchKind.PATTERN, query='{service="checkout",env="production"} |~ "rror"', above=3.0), Family.PATTERN),
        (watch(WatchKind.BURN), Family.BURN),
    ],
)  # fmt: skip
async def test_what_was_asked_for_is_told(post: Post, asked: Watch, family: Family) -> None:
    post.breaks("error_burst", "checkout", size=0.3)
    post.clock.move(minutes=30)
    found, _ = await post.looks(asked)
    assert {each.family for each in found} == {family}
    assert any(each.open for each in found)
    assert {each.subject.service for each in found} <= {"checkout", ""}


async def test_below_its_limit_a_watch_is_silent(post: Post) -> None:
    found, progress = await post.looks(watch(WatchKind.THRESHOLD, "error_rate", above=0.5))
    assert found == ()
    found, _ = await post.looks(watch(WatchKind.THRESHOLD, "throughput", below=0.001), None)
    assert found == ()
    assert progress.state


async def test_a_metric_that_nobody_sends_is_missed(post: Post) -> None:
    gone = watch(WatchKind.ABSENCE, "latency", Scope("no-such-service", "production"), for_seconds=300)
    (found,), _ = await post.looks(gone)
    assert found.family is Family.ABSENCE


async def test_logs_tell_of_a_pattern_that_is_new(post: Post) -> None:
    logs = watch(WatchKind.SCAN, "logs", PRODUCTION, 300.0)
    quiet, progress = await post.looks(logs)
    post.breaks("error_burst", "cart")
    post.clock.move(minutes=5)
    found, _ = await post.looks(logs, progress)
    assert quiet == ()
    assert any(each.subject.service == "cart" and each.subject.signal == "logs" for each in found)


async def test_traces_are_quiet_where_all_is_well_and_tell_of_calls_that_fail(post: Post) -> None:
    traces = watch(WatchKind.SCAN, "traces", PRODUCTION, 300.0)
    quiet, progress = await post.looks(traces)
    post.breaks("error_burst", "auth-service", size=0.6)
    seen: list[Finding] = []
    for _ in range(4):
        post.clock.move(minutes=5)
        found, progress = await post.looks(traces, progress)
        seen += found
    assert quiet == ()
    assert any(each.family is Family.EDGE and each.subject.service == "auth-service" for each in seen), seen
    assert all(each.subject.environment == "production" for each in seen)


@pytest.mark.parametrize("scan", ["metrics", "slo", "logs", "traces"])
async def test_a_source_that_is_down_is_no_healthy_platform(post: Post, scan: str) -> None:
    await post.platform.close()
    with pytest.raises(CopilotError):
        await post.scans(watch(WatchKind.SCAN, scan, PRODUCTION), None, post.clock())


async def test_a_state_that_cannot_be_read_is_learned_anew(post: Post) -> None:
    progress = Progress(METRICS.id, post.clock() - MINUTE, b"of another version")
    sight = await post.scans(METRICS, progress, post.clock())
    assert sight.findings == ()
    assert len(sight.state) > 1_000


async def test_a_replay_can_be_drawn_and_says_what_it_asked(post: Post) -> None:
    post.breaks("error_burst", "checkout", size=0.3)
    post.clock.move(minutes=20)
    asked = watch(WatchKind.THRESHOLD, "error_rate", above=0.02)
    replayed = await post.scans.replay(asked, Window(START - timedelta(hours=2), post.clock()), _silent)
    assert replayed.unit == "share"
    assert "checkout" in replayed.query
    assert [len(each) for each in replayed.series] == [140]
    assert any(each.findings for each in replayed.moments)


@pytest.mark.parametrize(
    ("scan", "service", "size"), [("slo", "checkout", 0.3), ("logs", "cart", 0.3), ("traces", "auth-service", 0.6)]
)
async def test_a_replay_finds_what_looks_found(post: Post, scan: str, service: str, size: float) -> None:
    asked = watch(WatchKind.SCAN, scan, PRODUCTION, 300.0)
    post.breaks("error_burst", service, size=size)
    post.clock.move(minutes=31)
    tick = asked.due(START)
    progress = Progress(asked.id, tick, (await post.scans(asked, None, tick)).state)
    told: list[set[Subject]] = []
    for _ in range(6):
        tick += 5 * MINUTE
        sight = await post.scans(asked, progress, tick)
        progress = Progress(asked.id, tick, sight.state)
        told.append({each.subject for each in sight.findings if each.open})
    replayed = await post.scans.replay(asked, Window(START, tick), _silent)
    again = [{each.subject for each in one.findings if each.open} for one in replayed.moments]
    assert again == told
    assert any(each.service == service for each in told[-1])
    assert all(each.watch == asked.id for one in replayed.moments for each in one.findings)
    for one in replayed.moments:  # nothing ends only to begin again
        assert len({each.key for each in one.findings}) == len(one.findings)


@pytest.mark.parametrize(
    "asked",
    [
        *(watch(WatchKind.SCAN, scan, PRODUCTION, 300.0) for scan in ("metrics", "slo", "logs", "traces")),
        watch(WatchKind.THRESHOLD, "latency", every=300.0, above=2.0),
        watch(WatchKind.PATTERN, pattern="panic", every=300.0),
    ],
    ids=lambda each: each.aim.metric or each.aim.kind,
)
async def test_a_replay_of_all_of_a_time_is_of_all_of_it(post: Post, asked: Watch) -> None:
    window = Window(START - 15 * MINUTE, START)
    assert (await post.scans.replay(asked, window, _silent)).since == window.start


async def test_a_burn_is_replayed_with_its_rates_and_what_they_are_held_against(post: Post) -> None:
    post.breaks("error_burst", "checkout", size=0.3)
    post.clock.move(minutes=30)
    asked = watch(WatchKind.BURN)
    replayed = await post.scans.replay(asked, Window(START - timedelta(hours=1), post.clock()), _silent)
    hour, quarter, days = replayed.series
    assert [len(each) for each in replayed.series] == [90, 90, 90]
    assert replayed.about == "orders succeed"
    assert hour.values[-1] > quarter.values[-1] > days.values[-1] > hour.values[0]
    assert [limit for limit, _ in replayed.limits] == [14.4, 6.0, 1.0]
    first = next(one for one in replayed.moments if one.findings)
    assert START < first.at <= START + 6 * MINUTE
    assert 'service="checkout"' in first.findings[0].query


async def test_a_scan_that_does_not_exist_says_which_do(post: Post) -> None:
    with pytest.raises(InvalidInput, match="no scan 'tarot'"):
        await post.scans(replace(METRICS, aim=replace(METRICS.aim, metric="tarot")), None, post.clock())


async def test_the_ground_is_surveyed(post: Post) -> None:
    post.platform.world.act("deploy", "checkout", "production", START - timedelta(minutes=10), version="9.9.9")
    ground = await Survey(post.app.observatory)(METRICS, post.clock())
    assert "payments" in ground.graph["checkout"]
    assert ground.tiers["checkout"] == 1
    assert any(each.version == "9.9.9" for each in ground.changes)
    assert ground.traffic["checkout"] > 1


def test_moments_are_those_after_one_and_up_to_another() -> None:
    window = moments(START, START + timedelta(minutes=2, seconds=30), 60)
    assert [datetime.fromtimestamp(each, START.tzinfo).minute for each in times_of(window, 60)] == [31, 32]
