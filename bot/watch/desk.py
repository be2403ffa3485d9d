"""The desk where people say what they think of alerts: seen, quiet, useful, noise, over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from bot.errors import Conflict, InvalidInput, NotFound
from bot.ports import Clock
from bot.watch import teaching
from bot.watch.alerts import Alert, AlertState, AlertStore, Judgement, Silence, Verdict
from bot.watch.finding import Finding
from bot.watch.settling import hidden_by
from bot.watch.watches import Watch, WatchStore

TRIES: Final = 50
LIMIT: Final = 1_000
WEEK: Final = timedelta(days=7)
log = structlog.get_logger()
Listener = Callable[[Alert], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What silences hide now, and how many of the last seven days they would have hidden."""

    now: tuple[Alert, ...]
    last_week: int
    partly: tuple[tuple[Alert, tuple[Finding, ...]], ...] = ()
    """What fires and stays, though something of it is silent, and what it stays for."""


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
        """What has become part of another is that one: who has an old message or button in hand means it."""
        found = await self.alerts.get(alert_id)
        if found is None:
            raise NotFound(f"there is no alert {alert_id[:80]!r}", mend="`alerts.list` shows those that there are.")
        return await self.get(found.part_of) if found.part_of else found

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

    async def judge(self, alert_id: str, person: str, verdict: Verdict) -> Judged:
        """Noise makes the watches that found it quieter there, useful less so; the newest word counts, none is none.

        The word and what it teaches are kept together, so neither is ever there without the other.
        """
        for _ in range(TRIES):
            alert, now = await self.get(alert_id), self._clock()
            mine = next((each for each in alert.judgements if each.person == person), None)
            lessons = mine.lessons if mine else ()
            names = dict.fromkeys([*(each.watch for each in alert.findings), *(each.watch for each in lessons)])
            watches = [found for each in names if (found := await self.watches.get(each))]
            if (mine.verdict if mine else "none") == verdict:
                return _judged(alert, mine, watches)
            taught = [(each, *teaching.teach(each, alert, verdict, mine)) for each in watches]
            word = Judgement(person, verdict, now, tuple(one for _, _, lessons in taught for one in lessons))
            others = (each for each in alert.judgements if each.person != person)
            after = alert.changed(now, judgements=(*others, word))
            changed = [(before, later) for before, later, _ in taught if later is not before]
            if await self.watches.judged(alert, after, changed):
                await self._tell(after)
                return _judged(after, word, watches)
        raise Conflict(f"the alert {alert_id} is changed by too many at once", mend="Press again.")

    # ---------------------------------------------------------------- silences

    async def preview(self, *silences: Silence) -> Preview:
        """Without hiding anything; what several hide only together counts, and counts once.

        Of what is planned nothing is known but what it would have hidden.
        """
        now, channel = self._clock(), _channel(silences)
        firing = await self._firing(channel)
        week = await self.alerts.find(since=now - WEEK, channel=channel, limit=LIMIT)
        begun = [each for each in silences if each.active(now)]
        active = [*(each for each in await self.alerts.silences(now) if each.active(now)), *begun]
        hidden = {
            each.id: each for each in firing if hidden_by(each, active, now) and any(_hides(begun, each, each.open))
        }
        gone = (each.id for each in (*firing, *week) if each.findings and all(_hides(silences, each, each.findings)))
        stays = (
            (each, tuple(one for one in each.open if not any(silence.hides(each, one) for silence in active)))
            for each in firing
            if each.id not in hidden and any(_hides(begun, each, each.open))
        )
        return Preview(tuple(hidden.values()), len({*hidden, *gone}), tuple((each, why) for each, why in stays if why))

    async def silence(self, *silences: Silence) -> Preview:
        """What they hide is hidden at once, and what comes later as it comes."""
        now = self._clock()
        for each in silences:
            if not max(now, each.starts or now) < each.until:
                raise InvalidInput(f"{each.until:%Y-%m-%d %H:%M} is over", mend="Say until when it is to be quiet.")
            if not any((each.channel, each.environment, each.service, each.signal, each.watch)):
                raise InvalidInput(
                    "that would hide everything everywhere", mend="Say what: a service, a signal, a channel."
                )
        preview = await self.preview(*silences)
        for each in silences:
            await self.alerts.silence(each)
        await self._hide(silences)
        return preview

    async def unsilence(self, *silence_ids: str) -> Sequence[Silence]:
        """What they hid and still fires is seen again; where there is none of one id, none of the others ends."""
        now, ended = self._clock(), dict[str, Silence]()
        active = {each.id for each in await self.alerts.silences(now)}
        for each in sorted(silence_ids, key=active.__contains__):  # what may not be there comes before what is
            found = await self.alerts.unsilence(each, now)
            if found is None:
                raise NotFound(f"there is no silence {each[:80]!r}", mend="`alerts.silences` shows those there are.")
            ended[each] = found
        silences = [ended[each] for each in dict.fromkeys(silence_ids)]
        await self._hide(silences)
        return silences

    async def _hide(self, silences: Sequence[Silence]) -> None:
        """Those are new, or over: of the alerts only what that changes is touched."""
        now = self._clock()
        active = await self.alerts.silences(now)

        def move(alert: Alert) -> Alert:
            hidden = hidden_by(alert, active, now)
            same = hidden == alert.silence or alert.state is AlertState.RESOLVED or not alert.open
            return alert if same else alert.changed(now, silence=hidden)

        for alert in await self._firing(_channel(silences)):
            if move(alert) is not alert:
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
            return alert.changed(now, findings=findings, state=AlertState.RESOLVED, resolved_at=now, unwatched=True)

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


def _judged(alert: Alert, word: Judgement | None, watches: Sequence[Watch]) -> Judged:
    said = (teaching.effect(each, alert, word) for each in watches) if word else ()
    return Judged(alert, tuple(filter(None, said)))


def _channel(silences: Sequence[Silence]) -> str:
    """That all of them are of; where they are of several or of all, none."""
    channels = {each.channel for each in silences}
    return channels.pop() if len(channels) == 1 else ""


def _hides(silences: Sequence[Silence], alert: Alert, findings: Sequence[Finding]) -> Iterator[bool]:
    """Of each finding, whether one of them does."""
    return (any(each.hides(alert, one) for each in silences) for one in findings)
