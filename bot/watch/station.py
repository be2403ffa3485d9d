"""Everything that watches, put together: what looks, when, what people do about it, and who is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

import structlog

from bot.observatory.observatory import Observatory
from bot.ports import Clock, Durable
from bot.telemetry.vocabulary import Scope
from bot.watch import keeping
from bot.watch.aims import in_words, scans_of
from bot.watch.alerts import AlertStore
from bot.watch.clockwork import Clockwork
from bot.watch.desk import AlertDesk, Listener
from bot.watch.digesting import Digesting
from bot.watch.outside import Report, of_watch
from bot.watch.picturing import Picturing
from bot.watch.rounds import Commit, Rounds
from bot.watch.scans import Scans
from bot.watch.settling import Policy
from bot.watch.surveying import Survey
from bot.watch.watches import SCANS, Aim, Watch, WatchKind, WatchState, WatchStore

ALERTS_KEPT: Final = timedelta(days=90)
AGAIN: Final = timedelta(minutes=5)
BUILT_IN: Final = "built-in"
"""Whoever made the scans that the settings switch on."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stores:
    """Where watches and alerts are kept."""

    watches: WatchStore
    alerts: AlertStore
    commit: Commit
    purge: Sequence[Callable[[datetime], Awaitable[int]]] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings say of it."""

    channel: str = ""
    environments: tuple[str, ...] = ("production",)
    alerts_per_day: int = 12
    digest_at: time = time(9)
    timezone: str = "UTC"


class Station:
    """One in each process; only one that stays looks."""

    def __init__(
        self,
        observatory: Observatory,
        stores: Stores,
        durable: Durable,
        launch: Callable[[], Awaitable[None]],
        wishes: Wishes,
        clock: Clock,
    ) -> None:
        self.stores, self.wishes = stores, wishes
        self._observatory = observatory
        self._clock = clock
        self.scans = Scans(observatory)
        self.desk = AlertDesk(stores.alerts, stores.watches, clock)
        self.rounds = Rounds(
            stores.watches,
            stores.alerts,
            stores.commit,
            self.scans,
            Survey(observatory),
            clock,
            policy=replace(Policy(), budget=wishes.alerts_per_day),
        )
        self.clockwork = Clockwork(stores.watches, durable, launch, self.rounds, clock)
        self.digesting = Digesting(
            stores.watches, stores.alerts, durable, clock, at=wishes.digest_at, timezone=wishes.timezone
        )
        self.picturing = Picturing(observatory, clock)
        self.workspace = ""
        self._settled_at = clock()

    def listen(self, listener: Listener) -> None:
        """Who hears of every alert that changes, whoever changed it."""
        self.rounds.listeners.append(listener)
        self.desk.listeners.append(listener)

    async def start(self, workspace: str = "") -> None:
        self.workspace = workspace
        if self.wishes.channel:
            for environment in self.wishes.environments:
                await self._switch_on(environment)
        self.clockwork.start()

    async def hear(self, report: Report) -> None:
        """What another system found, told where everything is; unless somebody paused or deleted that."""
        watch = await self.stores.watches.add(
            Watch(
                id=self._outside,
                name=f"What {report.source} says",
                aim=Aim(WatchKind.OUTSIDE, report.source, query=report.link),
                channel=self.wishes.channel,
                created_by=BUILT_IN,
                created_at=report.at,
                workspace=self.workspace,
                timezone=self.wishes.timezone,
            )
        )
        if watch.state is WatchState.ACTIVE:
            await self.rounds.hear(watch, of_watch(report, watch.id))
        else:
            log.info("report_not_told", source=report.source, watch=watch.state)

    async def round(self, live: Collection[str]) -> None:
        await self.digesting.round(live)
        now = self._clock()
        if now - self._settled_at >= AGAIN:
            self._settled_at = now
            await self._settle_outside(now)

    async def _settle_outside(self, now: datetime) -> None:
        """Nobody looks at what others found: that a silence is over, or that it was not told again, comes with time."""
        watch = await self.stores.watches.get(self._outside) if self.wishes.channel else None
        if watch and watch.state is WatchState.ACTIVE:
            await self.rounds.hear(watch, Report(watch.aim.metric, now, ()))

    @property
    def _outside(self) -> str:
        return f"outside:{self.wishes.channel}"

    async def expire(self, now: datetime) -> int:
        """Drop what has been kept long enough."""
        dropped = [await purge(now - ALERTS_KEPT) for purge in self.stores.purge]
        return sum(dropped) + await self.clockwork.forget(now)

    async def _switch_on(self, environment: str) -> None:
        """The scans of an environment. One that somebody paused or deleted stays so."""
        for aim in scans_of(Scope(environment=environment), self._observatory):
            watch = Watch(
                id=keeping.id_of(aim, self.workspace, self.wishes.channel),
                name=in_words(aim, self._observatory.vocabulary),
                aim=aim,
                channel=self.wishes.channel,
                created_by=BUILT_IN,
                created_at=self._clock(),
                every=SCANS[aim.metric],
                workspace=self.workspace,
                timezone=self.wishes.timezone,
            )
            await self.stores.watches.add(watch)
