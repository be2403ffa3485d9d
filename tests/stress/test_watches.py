"""Each tick of a watch runs exactly once, however many replicas tick, and whichever of them is killed.

`WATCH_STRESS_SECONDS=600 pytest tests/stress/test_watches.py -s` is the long run.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from bot.app import utc_now
from bot.watch.watches import Watch
from storage.database import Database
from storage.repositories import AlertRepository, WatchRepository
from tests.databases import Reused
from tests.replicas import Replica
from tests.storage.test_repositories import RING
from tests.stress import watcher
from tests.watch.made import SCAN

SECONDS = float(os.environ.get("WATCH_STRESS_SECONDS", "20"))
EVERY = 5.0
NAMES = ("r0", "r1", "r2")
WATCHES = [replace(SCAN, id=f"wat-{number}", every=EVERY, created_at=utc_now()) for number in range(3)]


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        met = condition()
        if met if isinstance(met, bool) else await met:
            return True
        await asyncio.sleep(0.02)
    return False


async def runs_of(database: Database, last: Mapping[str, datetime] | None = None) -> dict[str, dict[int, Any]]:
    """The durable runs of each watch, by their moment, up to the last one that counts."""
    asked = "SELECT workflow_uuid, status, executor_id, recovery_attempts FROM dbos.workflow_status"
    async with database.reading() as connection:
        rows = (await connection.execute(text(f"{asked} WHERE name = 'watch'"))).all()
    found: dict[str, dict[int, Any]] = {each.id: {} for each in WATCHES}
    for row in rows:
        _, watch, moment = row.workflow_uuid.split(":")
        if last is None or int(moment) <= last[watch].timestamp():
            found[watch][int(moment)] = row
    return found


async def test_each_tick_runs_once_on_three_replicas_of_which_one_is_killed(
    postgresql_template: Reused, tmp_path: Path
) -> None:
    url = await postgresql_template.taken()
    database = Database(url)
    watches, alerts = WatchRepository(database, RING), AlertRepository(database, RING)
    for watch in WATCHES:
        await watches.add(watch)
    replicas = [await Replica(watcher.main, url, str(tmp_path), name).start() for name in NAMES]
    victim = replicas[1]
    try:
        for each in replicas:
            await each.says("up")
        first = {each.id: each.due(utc_now()) + timedelta(seconds=EVERY) for each in WATCHES}
        await asyncio.sleep(SECONDS / 2)
        await victim.says("looks", again=True)
        await victim.kill()
        held = {
            (watch, moment)
            for watch, each in (await runs_of(database)).items()
            for moment, run in each.items()
            if run.status == "PENDING" and run.executor_id == NAMES[1]
        }
        assert held
        await asyncio.sleep(SECONDS / 2)
        last = {each.id: each.due(utc_now()) for each in WATCHES}

        async def all_done() -> bool:
            runs = await runs_of(database, last)
            started = all(int(moment.timestamp()) in runs[watch] for watch, moment in last.items())
            return started and {run.status for each in runs.values() for run in each.values()} == {"SUCCESS"}

        assert await until(all_done), await runs_of(database, last)
    finally:
        for each in replicas:
            await each.kill()
    runs = await runs_of(database, last)
    looks = {each.id: await looks_of(watches, each) for each in WATCHES}
    (counted,) = await alerts.find()
    await database.close()
    assert counted.version == sum(map(len, looks.values())), "each look changed their alert once"
    covered = sum(require_exactly_once(runs[each.id], looks[each.id], first[each.id]) for each in WATCHES)
    assert all(runs[watch][moment].executor_id != NAMES[1] for watch, moment in held), "another has finished it"
    print(
        f"\n{len(NAMES)} replicas, {len(WATCHES)} watches every {EVERY:g} s for {SECONDS:g} s, one killed in a look: "
        f"{sum(map(len, runs.values()))} ticks ran once each, 0 missed, 0 twice; {len(held)} in the hands of the dead "
        f"one were finished by others; {covered} came so late that a later look had seen it all; looks by replica "
        f"{dict(Counter(look.by for each in looks.values() for look in each))}"
    )


class Kept(NamedTuple):
    """A line that a look has left in the state of its watch."""

    start: float | None
    end: float
    by: str


async def looks_of(watches: WatchRepository, watch: Watch) -> list[Kept]:
    progress = await watches.progress(watch.id)
    assert progress
    return [Kept(*json.loads(line)) for line in progress.state.splitlines()]


def require_exactly_once(runs: Mapping[int, Any], looks: Sequence[Kept], first: datetime) -> int:
    """Every tick has one run, every moment was looked at once; returns how many ticks found that done already."""
    assert set(runs) >= set(range(int(first.timestamp()), max(runs), int(EVERY))), "no tick was missed"
    assert all(before.end == after.start for before, after in pairwise(looks)), "no gap and no overlap"
    looked = [int(each.end) for each in looks if each.end < max(runs) + 1]
    assert sorted(set(looked)) == looked, "nothing was looked at twice"
    assert set(looked) <= set(runs), "and nothing without a tick"
    covered = [run for moment, run in runs.items() if moment not in looked]
    late = [run for run in covered if run.recovery_attempts <= 1]
    assert len(late) <= 1 + len(runs) // 20, "but for a machine that stood still, only what was taken over is too late"
    return len(covered)
