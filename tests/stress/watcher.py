"""A replica that looks at watches until it is killed."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot.app import App, utc_now
from bot.logs import configure
from bot.watch.alerts import Alert
from bot.watch.clockwork import Clockwork
from bot.watch.finding import Finding
from bot.watch.looks.look import Sight
from bot.watch.relating import Ground
from bot.watch.rounds import Rounds
from bot.watch.settling import Policy
from bot.watch.watches import Progress, Watch
from integrations.dbos.adapter import DbosDurable
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import settings_for
from tests.watch.made import alert, found


def settle(
    known: Sequence[Alert], _: Sequence[Finding], watch: Watch, __: Ground, ___: Policy, now: datetime
) -> Sequence[Alert]:
    """One alert for all watches, whose version counts the looks that were kept."""
    mine = [each for each in known if each.group == watch.group]
    return [mine[0].changed(now)] if mine else [alert(1, group=watch.group, channel=watch.channel)]


async def survey(_watch: Watch, _at: datetime) -> Ground:
    return Ground()


async def main(url: str, folder: str, name: str) -> None:
    settings = settings_for(
        url, Path(folder), heartbeat_seconds=0.5, replica_stale_seconds=3, database_timeout_seconds=30
    )
    durable = DbosDurable(settings.database, settings.data_dir, name)
    app = App(settings, replica=name, durable=durable)
    configure(app.redactor, level="error", form="json")
    watches = WatchRepository(app.database, app.keys)

    async def look(watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        """Keeps a line for each look in the watch's own state: what was not kept is not in it."""
        print("looks", flush=True)
        await asyncio.sleep(random.uniform(0.3, 1.2))
        start = progress.until.timestamp() if progress else None
        line = json.dumps([start, until.timestamp(), name])
        return Sight((found(),), (progress.state if progress else b"") + line.encode() + b"\n")

    rounds = Rounds(
        watches, AlertRepository(app.database, app.keys), watches.commit, look, survey, utc_now, settle=settle
    )
    clockwork = Clockwork(watches, durable, app.approved.launch, rounds, utc_now)
    await app.start(whole=True)
    await app.approved.launch()
    clockwork.start()
    print("up", flush=True)
    await asyncio.Event().wait()
