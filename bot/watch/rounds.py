"""One look of one watch: what it sees becomes alerts, and is kept in one piece with how far it came, or not at all."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.errors import CopilotError, Unavailable
from bot.ports import Clock
from bot.watch import settling
from bot.watch.alerts import Alert, AlertState, AlertStore
from bot.watch.desk import Listener
from bot.watch.finding import Family, Finding, Subject
from bot.watch.looks.look import Look, Sight
from bot.watch.outside import Report, standing
from bot.watch.relating import Ground
from bot.watch.settling import Policy
from bot.watch.watches import Progress, Watch, WatchStore

AT_ONCE: Final = 4
"""Looks in one process; the others wait, so that a backend is not asked everything at once."""
LONGEST: Final = 60.0
SHORTEST: Final = 10.0
"""Seconds that a look may take."""
REST: Final = timedelta(minutes=15)
"""The longest that a backend in trouble is left alone, unless the watch looks less often anyway."""
BLIND: Final = 3
BLIND_FOR: Final = timedelta(minutes=5)
"""So many looks in a row that saw nothing, and so long, are worth a word."""
BEHIND: Final = timedelta(minutes=5)
"""A look that came less far has more to read before it can say how things are."""
NEWS: Final = timedelta(minutes=30)
KNOWN: Final = timedelta(days=1)
MOST: Final = 10_000
TRIES: Final = 20
_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])
log = structlog.get_logger()


class Surveyor(Protocol):
    """Knows the platform: the graph, the changes, the tiers, the traffic. Silences are not its business."""

    async def __call__(self, watch: Watch, at: datetime, /) -> Ground: ...


class Settle(Protocol):
    """`bot.watch.settling.settle`."""

    def __call__(
        self,
        known: Sequence[Alert],
        reported: Sequence[Finding],
        watch: Watch,
        ground: Ground,
        policy: Policy,
        now: datetime,
        /,
    ) -> Sequence[Alert]: ...


class Commit(Protocol):
    """Keeps a look."""

    async def __call__(
        self, before: Progress | None, after: Progress, saw: Sequence[Alert], settled: Sequence[Alert], /
    ) -> bool:
        """All of it; nothing and False where the watch sleeps or somebody was quicker, there or in its group."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a tick: the alerts that changed, or why there was no look."""

    alerts: tuple[Alert, ...] = ()
    skipped: str = ""
    trouble: str = ""


class Rounds:
    """Looks, settles, keeps and tells. A tick that is repeated changes nothing, on whichever replica."""

    def __init__(
        self,
        watches: WatchStore,
        alerts: AlertStore,
        commit: Commit,
        look: Look,
        survey: Surveyor,
        clock: Clock,
        *,
        settle: Settle = settling.settle,
        policy: Policy | None = None,
    ) -> None:
        self.listeners: list[Listener] = []
        self._watches = watches
        self._alerts = alerts
        self._commit = commit
        self._look = look
        self._survey = survey
        self._clock = clock
        self._settle = settle
        self._policy = policy or Policy()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._newest: dict[str, datetime] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def look(self, watch_id: str, at: datetime) -> Looked:
        """See all up to `at` that was not seen yet."""
        self._newest[watch_id] = max(at, self._newest.get(watch_id, at))
        async with self._turns[watch_id], self._gate:  # never two looks of one watch at a time
            if self._newest[watch_id] > at:
                return Looked(skipped="a later look sees what this one was to see")
            looked = await self._at_its_turn(watch_id, at)
        for alert in looked.alerts:
            await self._tell(alert)
        return looked

    async def hear(self, watch: Watch, report: Report) -> None:
        """What another system says, under a watch that never looks: its alerts have the same life."""
        async with self._turns[watch.id]:
            for _ in range(TRIES):
                before = await self._watches.progress(watch.id)
                found = standing(_known_from(before), report)
                kept = _FINDINGS.dump_json(tuple(each for each in found if each.open))
                after = Progress(watch.id, report.at, kept, looked_at=self._clock())
                changed = await self._keep(watch, before, after, Sight(found, kept), report.at)
                if changed is not None:
                    break
            else:
                raise Unavailable(f"what {report.source} says could not be kept, {TRIES} times in a row")
        for alert in changed:
            await self._tell(alert)

    async def _at_its_turn(self, watch_id: str, at: datetime) -> Looked:
        for _ in range(TRIES):
            watch, before = await self._watches.get(watch_id), await self._watches.progress(watch_id)
            if watch is None or not watch.awake(at):
                return Looked(skipped=f"it is {watch.state}" if watch else "there is no such watch")
            if before and before.looked_at and (why := rests(watch, before, at)):
                return Looked(skipped=why)
            sight, after = await self._see(watch, before, at)
            if (changed := await self._keep(watch, before, after, sight, at)) is not None:
                return Looked(changed, trouble=after.trouble)
        raise Unavailable(f"the watch {watch_id!r} was changed by others {TRIES} times while it looked")

    async def _see(self, watch: Watch, before: Progress | None, at: datetime) -> tuple[Sight | None, Progress]:
        """What there is, and how far that brings it; None where it saw nothing."""
        began, sight = self._clock(), None
        try:
            async with asyncio.timeout(deadline(watch.every)):
                sight = await self._look(watch, before, at)
        except TimeoutError:
            trouble = f"no answer within {deadline(watch.every):g} s"
        except CopilotError as error:
            trouble = str(error)
        except Exception as error:  # one broken watch must not be silent, and must not ask again at once
            log.exception("watch_broke", watch=watch.id)
            trouble = f"it broke: {type(error).__name__}: {error}"
        took = (self._clock() - began).total_seconds()
        if sight:
            until = sight.until or at
            return sight, Progress(watch.id, until, sight.state, trouble=sight.trouble, looked_at=at, took=took)
        before = before or Progress(watch.id, min(watch.created_at, at))
        return None, replace(before, failures=before.failures + 1, trouble=trouble, looked_at=at, took=took)

    async def _keep(
        self, watch: Watch, before: Progress | None, after: Progress, sight: Sight | None, at: datetime
    ) -> tuple[Alert, ...] | None:
        """The alerts that changed; None where somebody changed the watch or how far it is."""
        for _ in range(TRIES):
            known = await self._known(watch, at)
            reported = _reported(watch, sight, known, after, at)
            settled: Sequence[Alert] = ()
            if reported or any(each.group == watch.group for each in known):
                ground = replace(await self._survey(watch, at), silences=await self._alerts.silences(at))
                settled = await asyncio.to_thread(self._settle, known, reported, watch, ground, self._policy, at)
            if await self._commit(before, after, known, settled):
                return tuple(settled)
            if (await self._watches.get(watch.id), await self._watches.progress(watch.id)) != (watch, before):
                return None
        raise Unavailable(f"the alerts of {watch.group!r} were changed by others {TRIES} times in a row")

    async def _known(self, watch: Watch, at: datetime) -> list[Alert]:
        """Of its channel: what fires, and what changed in the last day."""
        firing = await self._alerts.find(channel=watch.channel, states=(AlertState.FIRING,), limit=MOST)
        recent = await self._alerts.find(channel=watch.channel, since=at - KNOWN, limit=MOST)
        both = {each.id: each for each in (*firing, *recent)}
        return [each for each in both.values() if each.channel == watch.channel]

    async def _tell(self, alert: Alert) -> None:
        """What is not told now is found by whoever redraws what is stale."""
        for listener in self.listeners:
            try:
                await listener(alert)
            except Exception:
                log.exception("alert_not_told", alert=alert.id)


def _known_from(progress: Progress | None) -> tuple[Finding, ...]:
    try:
        return _FINDINGS.validate_json(progress.state) if progress and progress.state else ()
    except ValidationError:  # of another version: what still stands is told again
        return ()


def deadline(every: float) -> float:
    """Seconds: a look is over before the next one is due, where that is time enough."""
    return max(SHORTEST, min(every * 0.9, LONGEST))


def rests(watch: Watch, progress: Progress, at: datetime) -> str:
    """Why it does not look at this tick, in words; empty if it does."""
    if progress.looked_at is None:
        return ""
    if progress.looked_at >= at:
        return "it has looked up to then"
    every = timedelta(seconds=watch.every)
    rest = min(every * 2 ** min(progress.failures, 16), max(REST, every))
    if progress.failures and at < progress.looked_at + rest:
        return f"the backend is left alone for a while: {progress.trouble}"
    return ""


def blindness(watch: Watch, progress: Progress, at: datetime) -> Sequence[Finding]:
    """That it sees nothing, once that lasts: silence must not look like health."""
    if progress.failures < BLIND or at - progress.until < BLIND_FOR:
        return ()
    subject = Subject("", watch.aim.scope.environment, "watch", watch.name)
    words = f"sees nothing: {progress.trouble}"
    return [Finding(subject, Family.ABSENCE, "", progress.until, at, words, sure=1.0, watch=watch.id)]


def _reported(
    watch: Watch, sight: Sight | None, known: Sequence[Alert], after: Progress, at: datetime
) -> Sequence[Finding]:
    """What it says now. While it catches up, things are as they were; and what came and went long ago is no news."""
    if sight is None or (sight.until is not None and at - sight.until > BEHIND):
        return [*_open(known, watch), *blindness(watch, after, at)]
    mine = {each.key for each in _open(known, watch)}
    return [each for each in sight.findings if each.ended is None or at - each.ended < NEWS or each.key in mine]


def _open(known: Sequence[Alert], watch: Watch) -> list[Finding]:
    """What it saw last is still so, as far as anybody knows; that it saw nothing is said anew."""
    mine = (each for alert in known for each in alert.open if each.watch == watch.id)
    return [each for each in mine if each.subject.signal != "watch"]
