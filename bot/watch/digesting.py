"""The digest of a day, and on Mondays of a week: told once over all replicas, to each channel that has watches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, time, timedelta
from typing import Final

import structlog

from bot.agent.events import Picture
from bot.errors import CopilotError
from bot.language.ranges import zone
from bot.ports import Clock, Durable, DurableRun, Json
from bot.telemetry.charts.alt import describe
from bot.telemetry.charts.desk import picture
from bot.telemetry.signals import Window
from bot.watch.alerts import AlertStore
from bot.watch.digests import Digest, digest
from bot.watch.picturing import course
from bot.watch.watches import WatchState, WatchStore

KIND: Final = "digest"
LATE: Final = timedelta(hours=2)
"""A digest that could not be told for so long is not told any more."""
AGAIN: Final = timedelta(minutes=5)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
MOST: Final = 2_000
Tell = Callable[[str, Digest, str, Picture | None], Awaitable[None]]
log = structlog.get_logger()


class Digesting:
    """Asked in every round of the upkeep; whatever is due and was not started is started."""

    def __init__(
        self, watches: WatchStore, alerts: AlertStore, durable: Durable, clock: Clock, *, at: time, timezone: str
    ) -> None:
        self.tell: Tell | None = None
        """Who shows it; without a face nobody is told."""
        self._watches = watches
        self._alerts = alerts
        self._durable = durable
        self._clock = clock
        self._at, self._timezone = at, timezone
        self._done: datetime | None = None
        durable.register(KIND, self._run)

    async def round(self, _live: Collection[str]) -> None:
        now = self._clock()
        due = self.due(now)
        if self.tell is None or due == self._done or now - due > LATE:
            return
        for channel in await self._listening(due):
            for days in (1, 7) if due.astimezone(zone(self._timezone)).weekday() == 0 else (1,):
                payload: Json = {"channel": channel, "end": due.isoformat(), "days": days}
                await self._durable.start(KIND, f"{KIND}:{channel}:{days}:{due.timestamp():.0f}", payload)
        self._done = due

    async def _listening(self, due: datetime) -> list[str]:
        """Channels that had a watch in that time: of a day on which nobody looked there is nothing to tell."""
        watches = await self._watches.find(states=(WatchState.ACTIVE,), limit=MOST)
        looked = {each.channel for each in watches if each.created_at < due}
        return sorted(channel for channel in looked if channel and not channel.startswith("D"))

    def due(self, now: datetime) -> datetime:
        """The last time at or before now, on the clock of those who read it."""
        here = now.astimezone(zone(self._timezone))
        today = here.replace(hour=self._at.hour, minute=self._at.minute, second=0, microsecond=0)
        last = today if today <= here else today - DAY
        return last.astimezone(now.tzinfo)

    async def _run(self, run: DurableRun, payload: Json) -> Json:
        assert isinstance(payload, dict)
        for attempt in range(int(LATE / AGAIN)):
            if await run.step(f"tell {attempt}", self._told, payload["channel"], payload["end"], payload["days"]):
                break
            await run.sleep(AGAIN.total_seconds())
        return None

    async def _told(self, channel: Json, end: Json, days: Json) -> Json:
        """Whether that is done with."""
        if self.tell is None:
            return True
        until, where = datetime.fromisoformat(str(end)), str(channel)
        window = Window(until - timedelta(days=int(str(days))), until)
        alerts = await self._alerts.find(channel=where, since=window.start, limit=MOST)
        watches = await self._watches.find(states=(WatchState.ACTIVE,), channel=where, limit=MOST)
        found = digest(alerts, watches, window)
        try:
            drawn = course(found, self._timezone)
            shot = Picture(await picture(drawn), drawn.title, describe(drawn)) if drawn else None
            await self.tell(where, found, "The last week" if days != 1 else "The last day", shot)
        except CopilotError as error:
            log.warning("digest_not_told", channel=where, error=str(error))
            return False
        return True
