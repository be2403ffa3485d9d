"""The built-in scans on the simulated platform: how quiet they are when all is well, and what they find when it is not.

`python -m tests.benchmarks.watching [--seed 11] [--days 14] [--each 5] [--pairs 20] [--scans metrics,slo,logs,traces]`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

from bot.app import App
from bot.config import Settings
from bot.telemetry.signals import Change, Window
from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert, AlertState
from bot.watch.finding import Finding
from bot.watch.relating import Ground
from bot.watch.replaying import ground_of
from bot.watch.scans import Scans
from bot.watch.settling import Policy, settle
from bot.watch.watches import SCANS, Aim, Progress, Watch, WatchKind
from integrations.sandbox.platform.breaking import BREAKAGES, Breakage
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

BORN: Final = datetime(2026, 3, 1, tzinfo=UTC)
LEARNING: Final = timedelta(days=3)
LASTS: Final = 45
AFTER: Final = timedelta(minutes=90)
GAPS: Final = (4, 6, 8, 10, 15, 20, 30)
"""Minutes between two faults."""
BEFORE: Final = timedelta(minutes=2)
"""An onset is an estimate."""
SOON: Final = timedelta(minutes=10)
"""Within which the likely origin must be right."""
EVERY: Final = {"metrics": 60.0, "slo": 300.0, "logs": 300.0, "traces": 300.0}
POLICY: Final = Policy(budget=10_000)  # what a channel is spared counts here, too

Look = tuple[datetime, Watch, tuple[Finding, ...]]
Fault = tuple[Breakage, str, datetime]


@dataclass(frozen=True)
class Setting:
    """A platform, and what watches it."""

    world: World
    scans: Scans
    app: App


@asynccontextmanager
async def watched(seed: int, until: datetime, *faults: Fault) -> AsyncIterator[Setting]:
    world = World(seed, born=BORN)
    for kind, service, at in faults:
        world.inject(kind.kind, service, "production", at, minutes=LASTS, size=kind.size)

    def clock() -> datetime:
        return until

    async with Platform(world, clock=clock) as platform:
        with tempfile.TemporaryDirectory() as folder:
            sources = {
                f"{name}_url": getattr(platform, f"{name}_url") for name in ("prometheus", "loki", "tempo", "deploys")
            }
            app = App(Settings.model_validate({**sources, "data_dir": Path(folder), "semantic": False}), clock=clock)
            try:
                yield Setting(world, Scans(app.observatory), app)
            finally:
                await app.observatory.close()


def watch_of(scan: str) -> Watch:
    return Watch(
        f"scan-{scan}",
        scan,
        Aim(WatchKind.SCAN, scan, Scope(environment="production")),
        "C1",
        "bench",
        BORN,
        EVERY[scan],
    )


async def looks(setting: Setting, scan: str, window: Window) -> list[Look]:
    """What a scan says at each of its ticks."""
    watch = watch_of(scan)
    if scan in {"metrics", "slo"}:  # of the others, all that was read would be held at once
        replayed = await setting.scans.replay(watch, window, _silent, window.seconds)
        return [(moment.at, watch, moment.findings) for moment in replayed.moments]
    found: list[Look] = []
    progress: Progress | None = None
    at = watch.due(window.start)
    while at < window.end:
        sight = await setting.scans(watch, progress, at)
        progress = Progress(watch.id, at, sight.state)
        found.append((at, watch, tuple(sight.findings)))
        at += timedelta(seconds=watch.every)
    return found


async def _silent(_: str) -> None: ...


def fold(seen: Sequence[Look], ground: Ground, changes: Sequence[Change]) -> Iterator[tuple[datetime, Alert]]:
    """Every alert at every moment at which it changed."""
    alerts: dict[str, Alert] = {}
    for at, watch, findings in sorted(seen, key=lambda each: each[0]):
        known = [
            each
            for each in alerts.values()
            if each.state is AlertState.FIRING or at - each.changed_at < timedelta(days=1)
        ]
        if not findings and not any(each.state is AlertState.FIRING for each in known):
            continue
        then = replace(ground, changes=[each for each in changes if timedelta(0) <= at - each.at < timedelta(hours=2)])
        for alert in settle(known, findings, watch, then, POLICY, at):
            alerts[alert.id] = alert
            yield at, alert


async def healthy(seed: int, days: int, scans: Sequence[str]) -> None:
    """False alarms: whatever is told where nothing is wrong."""
    start = BORN - timedelta(hours=24) + LEARNING
    window = Window(start, start + timedelta(days=days))
    began = perf_counter()
    async with watched(seed, window.end) as setting:
        seen = [each for scan in scans for each in await looks(setting, scan, window)]
        changes = (await setting.app.observatory.changes_in(window, environment="production")).value or ()
        ground = ground_of(setting.app.files.catalogue)
    told: Counter[str] = Counter()
    last: dict[str, Alert] = {}
    for at, alert in fold(seen, ground, changes):
        before = last.get(alert.id)
        if before is None or alert.reopened > before.reopened:
            told[f"{at:%d}"] += 1
            print(f"  {at:%d %H:%M} {alert.severity:8} {alert.title}")
        last[alert.id] = alert
    took = perf_counter() - began
    print(
        f"healthy, seed {seed}, {days} days, {', '.join(scans)}: {sum(told.values()) / days:.2f} false alerts a day",
        end="",
    )
    print(f", {max(told.values(), default=0)} on the worst day ({took:.0f} s)")


@dataclass(frozen=True)
class Case:
    """What became of one fault."""

    kind: str
    service: str
    delay: float | None
    first: str
    """The likely origin within ten minutes."""
    alerts: int
    title: str = ""


async def course(seed: int, faults: Sequence[Fault], scans: Sequence[str]) -> Iterator[tuple[datetime, Alert]]:
    """What is told around faults."""
    at = faults[0][2]
    window = Window(at - timedelta(minutes=30), at + AFTER)
    async with watched(seed, window.end, *faults) as setting:
        seen = [each for scan in scans for each in await looks(setting, scan, window)]
        span = Window(at - timedelta(hours=3), window.end)
        changes = (await setting.app.observatory.changes_in(span, environment="production")).value or ()
        return fold(seen, ground_of(setting.app.files.catalogue), changes)


def _some_time(dice: random.Random) -> datetime:
    return BORN + timedelta(days=4, minutes=dice.randrange(10 * 24 * 60))


async def broken(seed: int, breakage: Breakage, dice: random.Random, scans: Sequence[str]) -> Case:
    at = _some_time(dice)
    service = dice.choice(breakage.fits(World(seed, born=BORN), at))
    return _became(breakage.kind, service, at, await course(seed, [(breakage, service, at)], scans))


async def broken_twice(seed: int, dice: random.Random, scans: Sequence[str]) -> tuple[bool, bool]:
    """Whether two faults, the second while the first goes on, are two alerts; and whether each origin is named."""
    at, gap = _some_time(dice), dice.choice(GAPS)
    later, world = at + timedelta(minutes=gap), World(seed, born=BORN)
    one, other = dice.choice(BREAKAGES), dice.choice(BREAKAGES)
    here = dice.choice(one.fits(world, at))
    there = dice.choice([each for each in other.fits(world, later) if each != here])
    last = {alert.id: alert for _, alert in await course(seed, [(one, here, at), (other, there, later)], scans)}
    mine = [each for each in last.values() if any(finding.since >= at - BEFORE for finding in each.findings)]
    named = {each.origins[0].service for each in mine if each.origins}
    print(f"  {one.kind} {here}, {gap} min later {other.kind} {there}: {len(mine)} alerts, of {', '.join(named)}")
    return len(mine) == 2, {here, there} <= named


async def pairs(seed: int, many: int, scans: Sequence[str]) -> None:
    """Faults of different services that overlap."""
    dice = random.Random(seed)
    came = [await broken_twice(seed, dice, scans) for _ in range(many)]
    apart, both = (sum(column) for column in zip(*came, strict=True))
    print(f"two faults within {GAPS[-1]} minutes, seed {seed}, {many} times: ", end="")
    print(f"two alerts {apart / many:.0%}, both origins first {both / many:.0%}")


def _became(kind: str, service: str, at: datetime, course: Iterator[tuple[datetime, Alert]]) -> Case:
    """Of alerts with something that began with the fault; an older one that it joins counts, too."""
    last: dict[str, Alert] = {}
    seen: dict[str, datetime] = {}
    early: dict[str, Alert] = {}
    for when, alert in course:
        last[alert.id] = alert
        if any(each.since >= at - BEFORE for each in alert.findings):
            seen.setdefault(alert.id, when)
            if when - seen[alert.id] <= SOON:
                early[alert.id] = alert
    mine = [name for name in seen if last[name].findings]  # what turned out to be part of another has none left
    if not seen:
        return Case(kind, service, None, "", 0)
    first = min(seen, key=lambda name: seen[name])
    shown = early[first]
    origin = shown.origins[0].service if shown.origins else ""
    return Case(kind, service, (seen[first] - at).total_seconds() / 60, origin, len(mine), shown.title)


async def faults(seed: int, each: int, scans: Sequence[str]) -> None:
    """Each kind of fault, at random services and times."""
    dice = random.Random(seed)
    began = perf_counter()
    cases = []
    for breakage in BREAKAGES:
        for _ in range(each):
            case = await broken(seed, breakage, dice, scans)
            cases.append(case)
            mark = "" if case.delay is not None and case.first == case.service and case.alerts == 1 else "   <-"
            delay = "missed" if case.delay is None else f"{case.delay:.0f} min"
            print(
                f"  {case.kind:22} {case.service:18} {delay:8} origin {case.first:18} {case.alerts}  {case.title}{mark}"
            )
    found = [case for case in cases if case.delay is not None]
    many = len(cases)
    print(
        f"faults, seed {seed}, {many} of {len(BREAKAGES)} kinds, {', '.join(scans)} ({perf_counter() - began:.0f} s):"
    )
    print(
        f"  found {len(found) / many:.0%}, median delay {statistics.median(case.delay or 0 for case in found):.1f} min"
    )
    print(f"  right origin first {sum(case.first == case.service for case in cases) / many:.0%}", end="")
    print(f", one alert each {sum(case.alerts == 1 for case in found) / many:.0%}")


async def main(argv: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--scans", default="metrics")
    wanted = parser.parse_args(argv)
    scans = [scan for scan in SCANS if scan in wanted.scans.split(",")]
    if wanted.days:
        await healthy(wanted.seed, wanted.days, scans)
    if wanted.each:
        await faults(wanted.seed, wanted.each, scans)
    if wanted.pairs:
        await pairs(wanted.seed, wanted.pairs, scans)


if __name__ == "__main__":
    import sys

    asyncio.run(main(sys.argv[1:]))
