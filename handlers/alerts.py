"""Alerts in channels: posted once, edited as they move, their thread told what is new, posted again if lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final
from weakref import WeakValueDictionary

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.agent.events import Picture
from bot.door.registry import Registry
from bot.errors import CopilotError
from bot.ports import Clock
from bot.resilience import Sleep, with_timeout
from bot.watch.alerts import Alert, AlertCard, AlertCardStore, AlertState, AlertStore, Severity, Silence
from bot.watch.digests import Digest
from bot.watch.finding import Finding
from bot.watch.telling import news
from handlers.cards import GONE, SETTLING
from handlers.outbox import UNREADABLE, Outbox
from handlers.present.alert import Shot, digest_message, message, thread
from handlers.present.message import Rendered
from handlers.refused import SlackRefused

DRAWING: Final = 30.0
"""Seconds that a chart may take; the message is there without it."""
PROCESSED: Final = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each try to show a new picture: Slack refuses it until it has looked at it, and does not tell when."""
MOST_KEPT: Final = 200
SOMEBODY: Final = "somebody"
Chart = Callable[[Alert], Awaitable[Picture | None]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """What people have seen of an alert: enough to know what is new, whichever replica tells it."""

    state: AlertState
    severity: Severity
    reopened: int = 0
    flapping: bool = False
    silenced: bool = False
    resolved_at: datetime | None = None
    acknowledged: str = ""
    origin: str = ""
    findings: tuple[str, ...] = ()
    picture: str = ""
    """Of what it was made."""
    file: str = ""
    alt: str = ""

    @classmethod
    def of(cls, alert: Alert) -> Shown:
        return cls(
            alert.state,
            alert.severity,
            alert.reopened,
            alert.flapping,
            bool(alert.silence),
            alert.resolved_at,
            _print(alert.acknowledged_by),
            _print(_origin(alert)),
            tuple(map(_key, alert.findings[:MOST_KEPT])),
        )

    @classmethod
    def read(cls, text: str) -> Shown | None:
        """None for what was never shown, or noted by a version that noted otherwise."""
        try:
            return _SHOWN.validate_json(text) if text else None
        except ValidationError:
            return None

    def written(self) -> str:
        return _SHOWN.dump_json(self, exclude_defaults=True).decode()

    def pictured(self, other: Shown | None) -> Shown:
        """With the picture that is there."""
        return replace(self, picture=other.picture, file=other.file, alt=other.alt) if other else self

    def before(self, after: Alert) -> Alert:
        """The alert as it was then, as far as anybody is told of it."""
        same = self.acknowledged == _print(after.acknowledged_by)
        return replace(
            after,
            state=self.state,
            severity=self.severity,
            reopened=self.reopened,
            flapping=self.flapping,
            silence=(after.silence or SOMEBODY) if self.silenced else "",
            resolved_at=self.resolved_at,
            acknowledged_by=after.acknowledged_by if same else SOMEBODY if self.acknowledged else "",
            origins=after.origins if self.origin == _print(_origin(after)) else (),
            findings=tuple(each for each in after.findings if _key(each) in self.findings),
        )

    @property
    def shot(self) -> Shot | None:
        return Shot(self.file, self.alt) if self.file else None


_SHOWN: Final = TypeAdapter(Shown)


class AlertCards:
    """A view of the record: whatever happens to a message, the next look mends it."""

    def __init__(
        self,
        store: AlertCardStore,
        alerts: AlertStore,
        outbox: Outbox,
        registry: Registry,
        clock: Clock,
        chart: Chart,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._outbox = outbox
        self._registry = registry
        self._clock = clock
        self._chart = chart
        self._sleep = sleep
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: set[str] = set()

    async def moved(self, alert: Alert) -> None:
        """Where it is shown is on record before anything is sent; Slack itself is not waited for."""
        if alert.shown and alert.channel:
            await self._store.add(AlertCard(alert.id, alert.channel))
        task = asyncio.create_task(self.redraw(alert.id), name=f"alert {alert.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reconcile(self) -> None:
        """Post what a crash kept from being posted, redraw what somebody else's move left old."""
        stale = await self._store.stale()
        for card in stale:
            if card.ts is None:  # whoever was to note where it belongs may have died before
                await self._store.add(card)
        for alert_id in dict.fromkeys(card.alert for card in stale):
            await self.redraw(alert_id, again=True)

    async def redraw(self, alert_id: str, *, again: bool = False) -> None:
        """`again` looks in the channel first whether another replica has posted it meanwhile."""
        lock = self._locks.setdefault(alert_id, asyncio.Lock())
        async with lock:
            for card in await self._store.of(alert_id):
                try:
                    await self._redraw(card, again=again)
                except CopilotError as error:  # the next round of the upkeep tries again
                    log.warning("alert_not_shown", alert=alert_id, channel=card.channel, error=str(error))

    async def tell(self, channel: str, digest: Digest, title: str, picture: Picture | None = None) -> None:
        """A digest, once for its window."""
        pictures = (picture,) if picture else ()
        rendered = replace(digest_message(digest, title), pictures=pictures)
        key = f"digest:{channel}:{digest.window.start.timestamp():.0f}:{digest.window.seconds:.0f}"
        await self._outbox.post(channel, rendered, key=key, again=True)

    async def close(self, grace: float) -> None:
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)

    # ------------------------------------------------------------ one message

    async def _redraw(self, card: AlertCard, *, again: bool) -> None:
        alert = await self._alerts.get(card.alert)
        if alert is None or not (card.ts or alert.shown):
            return
        if again and self._clock() - alert.changed_at < SETTLING:  # whoever moved it is about to show it
            return
        seen = Shown.read(card.shows) if card.ts else None
        shown = Shown.of(alert).pictured(seen)
        if not card.ts or card.version < alert.version:
            try:
                ts = await self._put(card, alert, shown, again=again)
            except SlackRefused as refused:  # it will say no again: until the next move, that is that
                self._tell_refused(card.channel, refused)
                await self._store.shown(replace(card, ts=card.ts or "", version=alert.version))
                return
            self._refused.discard(card.channel)
            if seen and ts:
                await self._tell_news(card.channel, ts, seen.before(alert), alert, again=again)
            card = replace(card, ts=ts, version=alert.version, shows=shown.written())
            await self._store.shown(card)
        if card.ts and alert.shown and shown.picture != (wanted := _subject(alert)):
            await self._picture(card, alert, replace(shown, picture=wanted))

    async def _put(self, card: AlertCard, alert: Alert, shown: Shown, *, again: bool) -> str:
        """The message as it is to be; "" where somebody took it away after it was over."""
        rendered = await self._message(alert, shown)
        ts = card.ts or None
        if ts is not None:
            try:
                await self._outbox.update(card.channel, ts, rendered)
            except SlackRefused as refused:
                if refused.code not in GONE:
                    raise
                if alert.state is AlertState.RESOLVED:
                    return ""
            else:
                return ts
        key = f"alert:{alert.id}:{alert.version}" if card.ts else f"alert:{alert.id}"
        return await self._outbox.post(card.channel, rendered, key=key, again=again)

    async def _tell_news(self, channel: str, ts: str, before: Alert, after: Alert, *, again: bool) -> None:
        if lines := news(before, after):
            people = (after.acknowledged_by, *(each.person for each in after.judgements))
            key = f"alert:{after.id}:{after.version}:news"
            await self._outbox.post(channel, thread(lines, people), ts, key=key, again=again)

    async def _picture(self, card: AlertCard, alert: Alert, shown: Shown) -> None:
        """In the message where Slack takes it there, else in the thread. The message does not wait for it."""
        assert card.ts
        picture = await self._drawn(alert)
        if picture is None:
            return
        name = f"alert-{_print(f'{alert.id} {shown.picture}')}.png"
        shown = replace(shown, file=await self._outbox.keep(name, picture), alt=picture.alt)
        if not await self._shows(card.channel, card.ts, await self._message(alert, shown)):
            log.warning("alert_picture_in_thread", alert=alert.id, channel=card.channel)
            shown = replace(shown, file="", alt="")
            below = Rendered("", (), (picture,))
            await self._outbox.attach(card.channel, card.ts, below, key=name.removesuffix(".png"), again=True)
        await self._store.shown(replace(card, shows=shown.written()))

    async def _shows(self, channel: str, ts: str, rendered: Rendered) -> bool:
        for seconds in PROCESSED:
            await self._sleep(seconds)
            try:
                await self._outbox.update(channel, ts, rendered, whole=True)
            except SlackRefused as refused:
                if refused.code not in UNREADABLE:
                    raise
            else:
                return True
        return False

    async def _drawn(self, alert: Alert) -> Picture | None:
        """None where there is nothing to see, or it cannot be drawn now; its next move tries again."""
        try:
            return await with_timeout(self._chart(alert), DRAWING, "the chart of an alert")
        except CopilotError as error:
            log.warning("alert_not_drawn", alert=alert.id, error=str(error))
            return None

    async def _message(self, alert: Alert, shown: Shown) -> Rendered:
        now = self._clock()
        silence: Silence | None = None
        if alert.silence:
            silence = next((each for each in await self._alerts.silences(now) if each.id == alert.silence), None)
        return message(alert, self._registry, now, silence=silence, shot=shown.shot)

    def _tell_refused(self, channel: str, refused: SlackRefused) -> None:
        """Once, and again when it went well in between."""
        if channel not in self._refused:
            log.warning("alert_refused", channel=channel, code=refused.code, mend=refused.mend)
        self._refused.add(channel)


def _key(finding: Finding) -> str:
    return _print(repr(finding.key))


def _origin(alert: Alert) -> str:
    return alert.origins[0].service if alert.origins else ""


def _subject(alert: Alert) -> str:
    """What its picture is of: another picture is made when this is another one."""
    return _print(repr((alert.state, _origin(alert), sorted(map(_key, alert.findings)))))


def _print(text: str) -> str:
    """Tells texts apart without saying them."""
    return blake2b(text.encode(errors="replace"), digest_size=4).hexdigest() if text else ""
