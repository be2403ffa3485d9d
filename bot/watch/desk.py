"""The desk where people say what they think of alerts: seen, quiet, useful, noise, over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from bot.errors import Conflict, InvalidInput, NotFound
from bot.ports import Clock
from bot.telemetry.charts.words import clean
from bot.telemetry.units import digits
from bot.watch import telling
from bot.watch.alerts import Alert, AlertState, AlertStore, Judgement, Origin, Silence, Verdict
from bot.watch.settling import hidden_by
from bot.watch.watches import Watch, WatchStore

TRIES: Final = 50
LIMIT: Final = 1_000
WEEK: Final = timedelta(days=7)
STEPS: Final = {"noise": 0.5, "useful": -0.25}
"""What a verdict adds to the surprise that a watch takes; it is a power of ten."""
MOST: Final = 3.0
log = structlog.get_logger()
Listener = Callable[[Alert], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a silence hides now, and how many of the last seven days it would have hidden."""

    now: tuple[Alert, ...]
    last_week: int


@dataclass(frozen=True, slots=True)
class Judged:
    """An alert with a judgement, and what came of it, in words."""

    alert: Alert
    effects: tuple[str, ...]


class AlertDesk:
    """All that people do to alerts. `listeners` hear of every move: cards are redrawn from there."""

    def __init__(self, alerts: AlertStore, watches: WatchStore, clock: Clock) -> None:
        self.alerts = alerts
        self.watches = watches
        self.listeners: list[Listener] = []
        self._clock = clock

    async def get(self, alert_id: str) -> Alert:
        found = await self.alerts.get(alert_id)
        if found is None:
            raise NotFound(f"there is no alert {alert_id[:80]!r}", mend="`alerts.list` shows those that there are.")
        return found

    # ---------------------------------------------------------------- one alert

    async def acknowledge(self, alert_id: str, person: str) -> Alert:
        """Who was first looks at it; for others it says so."""

        def move(alert: Alert) -> Alert:
            if alert.state is AlertState.RESOLVED:
                raise Conflict(f"the alert {alert_id} is over", mend="Nobody has to look at it any more.")
            if alert.acknowledged_by:
                return alert
            now = self._clock()
            return alert.changed(now, acknowledged_by=person, acknowledged_at=now)

        return await self._move(alert_id, move)

    async def unacknowledge(self, alert_id: str) -> Alert:
        def move(alert: Alert) -> Alert:
            if not alert.acknowledged_by:
                return alert
            return alert.changed(self._clock(), acknowledged_by="", acknowledged_at=None)

        return await self._move(alert_id, move)

    async def resolve(self, alert_id: str) -> Alert:
        """By hand: quiet until what it is about has ended, and comes back."""

        def move(alert: Alert) -> Alert:
            if alert.state is AlertState.RESOLVED:
                return alert
            now = self._clock()
            return alert.changed(now, state=AlertState.RESOLVED, resolved_at=now)

        return await self._move(alert_id, move)

    async def suspect(self, alert_id: str, origins: Sequence[Origin]) -> Alert:
        """What an analysis says, the likeliest first; it counts until new findings come."""

        def move(alert: Alert) -> Alert:
            if alert.origins == tuple(origins) or not alert.findings:
                return alert
            title = telling.title(alert.findings, origins)
            return alert.changed(self._clock(), origins=tuple(origins), title=title)

        return await self._move(alert_id, move)

    async def judge(self, alert_id: str, person: str, verdict: Verdict) -> Judged:
        """Noise makes the watches that found it quieter, useful brings them back; another mind takes the first back."""
        before: list[Verdict] = []

        def move(alert: Alert) -> Alert:
            before[:] = [each.verdict for each in alert.judgements if each.person == person]
            if before == [verdict]:
                return alert
            now = self._clock()
            others = (each for each in alert.judgements if each.person != person)
            return alert.changed(now, judgements=(*others, Judgement(person, verdict, now)))

        alert = await self._move(alert_id, move)
        if before == [verdict]:
            return Judged(alert, ())
        step = STEPS[verdict] - sum(STEPS[each] for each in before)
        said = [await self._tune(watch, step) for watch in dict.fromkeys(each.watch for each in alert.findings)]
        return Judged(alert, tuple(each for each in said if each))

    async def _tune(self, watch_id: str, step: float) -> str:
        for _ in range(TRIES):
            watch = await self.watches.get(watch_id)
            if watch is None:
                return ""
            name = clean(watch.name)
            if not watch.aim.learns:
                return f"{name} goes by a limit that somebody set, which stays" if step > 0 else ""
            tuned = min(MOST, max(0.0, watch.tuned + step))
            if tuned == watch.tuned:
                return f"{name} is as quiet as it can be" if step > 0 else ""
            if await self.watches.swap(watch, watch.changed(tuned=tuned)):
                if not tuned:
                    return f"{name} speaks as soon as at first"
                rare = digits(10.0**tuned, 2)
                return f"{name} now takes {'more' if step > 0 else 'less'}: what is {rare} times as rare as at first"
        raise Conflict(f"the watch {watch_id} is changed by too many at once", mend="Press again.")

    # ---------------------------------------------------------------- silences

    async def preview(self, silence: Silence) -> Preview:
        """Without hiding anything."""
        now = self._clock()
        firing = await self._firing(silence.channel)
        week = await self.alerts.find(since=now - WEEK, channel=silence.channel, limit=LIMIT)
        past = [each for each in week if each.findings and each.id not in {one.id for one in firing}]
        return Preview(
            tuple(each for each in firing if hidden_by(each, [silence], now)),
            sum(
                all(silence.hides(one.subject, one.watch, each.channel) for one in each.findings)
                for each in (*firing, *past)
                if each.findings
            ),
        )

    async def silence(self, silence: Silence) -> Preview:
        """What it hides is hidden at once, and what comes later as it comes."""
        now = self._clock()
        if not silence.active(now):
            raise InvalidInput(f"{silence.until:%Y-%m-%d %H:%M} is over", mend="Say until when it is to be quiet.")
        if not any((silence.channel, silence.environment, silence.service, silence.signal, silence.watch)):
            raise InvalidInput(
                "that would hide everything everywhere", mend="Say what: a service, a signal, a channel."
            )
        preview = await self.preview(silence)
        await self.alerts.silence(silence)
        await self._hide(silence.channel)
        return preview

    async def unsilence(self, silence_id: str) -> Silence:
        """What it hid and still fires is seen again."""
        ended = await self.alerts.unsilence(silence_id, self._clock())
        if ended is None:
            raise NotFound(f"there is no silence {silence_id[:80]!r}", mend="`alerts.silences` shows those there are.")
        await self._hide(ended.channel)
        return ended

    async def _hide(self, channel: str) -> None:
        now = self._clock()
        active = await self.alerts.silences(now)

        def move(alert: Alert) -> Alert:
            hidden = hidden_by(alert, active, now)
            same = hidden == alert.silence or alert.state is AlertState.RESOLVED or not alert.open
            return alert if same else alert.changed(now, silence=hidden)

        for alert in await self._firing(channel):
            await self._move(alert.id, move)

    async def _firing(self, channel: str) -> Sequence[Alert]:
        return await self.alerts.find(states=(AlertState.FIRING,), channel=channel, limit=LIMIT)

    # ---------------------------------------------------------------- a watch that looks no more

    async def retire(self, watch: Watch) -> None:
        """Paused or deleted: nobody would ever say that what it found has ended."""

        def move(alert: Alert) -> Alert:
            now = self._clock()
            if alert.state is AlertState.RESOLVED or all(each.watch != watch.id for each in alert.open):
                return alert
            findings = tuple(
                replace(each, ended=now) if each.open and each.watch == watch.id else each for each in alert.findings
            )
            if any(each.open for each in findings):
                return alert.changed(now, findings=findings)
            return alert.changed(now, findings=findings, state=AlertState.RESOLVED, resolved_at=now)

        for alert in await self.alerts.find(states=(AlertState.FIRING,), group=watch.group, limit=LIMIT):
            await self._move(alert.id, move)

    async def _move(self, alert_id: str, move: Callable[[Alert], Alert]) -> Alert:
        """Pressed twice, it is one press: a move that changes nothing is told to nobody."""
        for _ in range(TRIES):
            before = await self.get(alert_id)
            after = move(before)
            if after is before:
                return before
            if await self.alerts.swap(before, after):
                await self._tell(after)
                return after
        raise Conflict(f"the alert {alert_id} is changed by too many at once", mend="Press again.")

    async def _tell(self, alert: Alert) -> None:
        for listener in self.listeners:
            try:
                await listener(alert)
            except Exception:  # a view that cannot be redrawn must not undo what people decided
                log.exception("alert_listener_failed", alert=alert.id)
