"""Alerts in channels: posted once, edited as they move, their thread told what is new, posted again if lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final
from weakref import WeakValueDictionary

import structlog
from pydantic import ConfigDict, TypeAdapter, ValidationError

from bot.agent.events import Picture
from bot.door.registry import Registry
from bot.errors import CopilotError
from bot.ports import Clock
from bot.resilience import Sleep, with_timeout
from bot.watch.alerts import Alert, AlertCard, AlertCardStore, AlertState, AlertStore, Judgement, Severity, Silence
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
CLAIM: Final = timedelta(seconds=30)
"""So long a replica has for posting what it claimed; then another looks whether it is there, and posts it."""
AT_ONCE: Final = 4
"""Alerts that are looked after beside those that move: there may be many, and each may want a picture."""
FRESH: Final = timedelta(minutes=5)
"""After so long, twice, four times, … as long a picture is made anew, though only its numbers moved."""
MOST_KEPT: Final = 200
MOST_WORDS: Final = 100
"""Of what people think of it, the newest; who said so long before is no news."""
SOMEBODY: Final = "somebody"
Chart = Callable[[Alert], Awaitable[Picture | None]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """What people have seen of an alert: enough to know what is new, whichever replica tells it."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    state: AlertState
    severity: Severity
    reopened: int = 0
    flapping: bool = False
    silenced: bool = False
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    origin: str = ""
    findings: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
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
            alert.acknowledged_at,
            _print(_origin(alert)),
            tuple(map(_key, alert.findings[:MOST_KEPT])),
            tuple(map(_word, alert.judgements[-MOST_WORDS:])),
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
        same = self.acknowledged_at == after.acknowledged_at
        return replace(
            after,
            state=self.state,
            severity=self.severity,
            reopened=self.reopened,
            flapping=self.flapping,
            silence=(after.silence or SOMEBODY) if self.silenced else "",
            resolved_at=self.resolved_at,
            acknowledged_by=after.acknowledged_by if same else SOMEBODY if self.acknowledged_at else "",
            origins=after.origins if self.origin == _print(_origin(after)) else (),
            findings=tuple(each for each in after.findings if _key(each) in self.findings),
            judgements=(
                *after.judgements[:-MOST_WORDS],
                *(each for each in after.judgements[-MOST_WORDS:] if _word(each) in self.said),
            ),
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
        self._mended: set[str] = set()
        self._mending = asyncio.Semaphore(AT_ONCE)
        self._refused: set[str] = set()

    async def moved(self, alert: Alert) -> None:
        """Where it is shown is on record before anything is sent; Slack itself is not waited for."""
        if alert.shown and alert.channel:
            await self._store.add(AlertCard(alert.id, alert.channel))
        self._start(self.redraw(alert.id))

    async def reconcile(self) -> None:
        """Post what a crash kept from being posted, redraw what somebody else's move left old; nor does this wait."""
        stale = await self._store.stale()
        for card in stale:
            if card.ts is None:  # whoever was to note where it belongs may have died before
                await self._store.add(card)
        for alert_id in {card.alert: None for card in stale if card.alert not in self._mended}:
            self._mended.add(alert_id)
            self._start(self._mend(alert_id))

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
        """What is not shown by then is shown by whoever looks next."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=grace)
            for task in late:
                task.cancel()

    def _start(self, drawing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(drawing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _mend(self, alert_id: str) -> None:
        try:
            async with self._mending:
                await self.redraw(alert_id, again=True)
        finally:
            self._mended.discard(alert_id)

    # ------------------------------------------------------------ one message

    async def _redraw(self, card: AlertCard, *, again: bool) -> None:
        """Until the message says what is on record: it may move, and other replicas draw it, at the same time. Whose
        note of what it drew comes too late may have drawn over something newer, and draws once more.
        """
        late = False
        while alert := await self._alerts.get(card.alert):
            young = self._clock() - alert.changed_at < SETTLING
            if again and young and not late:  # whoever moved it is about to show it
                return
            unsure = not card.ts and (again or (card.ts is None and bool(card.shows)))
            if not card.ts:
                claimed = await self._claim(card, alert)
                if claimed is None:
                    return
                card = claimed
            if late or not card.ts or card.version < alert.version:
                try:
                    after = await self._said(card, alert, again=again or unsure)
                except SlackRefused as refused:  # it will say no again: until the next move, that is that
                    self._tell_refused(card.channel, refused)
                    await self._store.shown(card, replace(card, ts=card.ts or "", version=alert.version))
                    return
            else:
                after = await self._pictured(card, alert)
                if after is card:
                    return
            noted = await self._store.shown(card, after)
            if noted:
                await self._tell_news(card, after, alert, again=again)
            late = unsure or not noted  # one that was there already says what was true then
            card = after if noted else await self._kept(card)

    async def _claim(self, card: AlertCard, alert: Alert) -> AlertCard | None:
        """For the one replica that is to post it; None where that is another, or it is not to be posted."""
        now, refused = self._clock(), card.ts is not None
        if not alert.shown or alert.state is AlertState.RESOLVED:
            if refused:  # else it would be looked at in every round
                await self._store.shown(card, replace(card, version=alert.version))
            return None
        if refused and card.version >= alert.version:
            return None
        if not refused and card.shows and now - datetime.fromisoformat(card.shows) < CLAIM:
            return None
        mine = replace(card, ts=None, shows=now.isoformat())
        return mine if await self._store.shown(card, mine) else None

    async def _said(self, card: AlertCard, alert: Alert, *, again: bool) -> AlertCard:
        shown = Shown.of(alert).pictured(_seen(card))
        ts = await self._put(card, alert, shown, again=again)
        self._refused.discard(card.channel)
        return replace(card, ts=ts, version=alert.version, shows=shown.written())

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

    async def _tell_news(self, card: AlertCard, after: AlertCard, alert: Alert, *, again: bool) -> None:
        """By whoever noted that the message says it, so that nobody else does."""
        seen = _seen(card)
        silence = await self._silence(alert)
        lines = news(seen.before(alert), alert, silence) if seen and after.ts else ()
        if not lines:
            return
        people = (alert.acknowledged_by, *(each.person for each in alert.judgements))
        key = f"alert:{alert.id}:{alert.version}:news"
        try:
            await self._outbox.post(card.channel, thread(lines, people, silence), after.ts, key=key, again=again)
        except SlackRefused:
            raise
        except CopilotError:  # somebody has to tell it yet
            await self._store.shown(after, replace(after, version=card.version, shows=card.shows))
            raise

    async def _pictured(self, card: AlertCard, alert: Alert) -> AlertCard:
        """In the message where Slack takes it there, else in the thread. The message does not wait for it."""
        shown = Shown.of(alert).pictured(_seen(card))
        wanted = _subject(alert)
        if not card.ts or not alert.shown or shown.picture == wanted:
            return card
        picture = await self._drawn(alert)
        if picture is None:
            return card
        shown = replace(shown, picture=wanted)
        name = f"alert-{_print(f'{alert.id} {shown.picture}')}.png"
        shown = replace(shown, file=await self._outbox.keep(name, picture), alt=picture.alt)
        if not await self._shows(card.channel, card.ts, await self._message(alert, shown)):
            log.warning("alert_picture_in_thread", alert=alert.id, channel=card.channel)
            shown = replace(shown, file="", alt="")
            below = Rendered("", (), (picture,))
            await self._outbox.attach(card.channel, card.ts, below, key=name.removesuffix(".png"), again=True)
        return replace(card, shows=shown.written())

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
        silence = await self._silence(alert)
        return message(alert, self._registry, self._clock(), silence=silence, shot=shown.shot)

    async def _silence(self, alert: Alert) -> Silence | None:
        """The one that hides it, while it does."""
        active = await self._alerts.silences(self._clock()) if alert.silence else ()
        return next((each for each in active if each.id == alert.silence), None)

    async def _kept(self, card: AlertCard) -> AlertCard:
        return next((each for each in await self._store.of(card.alert) if each.channel == card.channel), card)

    def _tell_refused(self, channel: str, refused: SlackRefused) -> None:
        """Once, and again when it went well in between."""
        if channel not in self._refused:
            log.warning("alert_refused", channel=channel, code=refused.code, mend=refused.mend)
        self._refused.add(channel)


def _seen(card: AlertCard) -> Shown | None:
    return Shown.read(card.shows) if card.ts else None


def _key(finding: Finding) -> str:
    return _print(repr(finding.key))


def _word(judgement: Judgement) -> str:
    """Without a name: who is forgotten has said nothing new."""
    return _print(f"{judgement.verdict} {judgement.at.timestamp()}")


def _origin(alert: Alert) -> str:
    return alert.origins[0].service if alert.origins else ""


def _subject(alert: Alert) -> str:
    """What its picture is of: another is made when this is another one, and each time it went on twice as long."""
    lasts = max((each.seen for each in alert.findings), default=alert.since) - alert.since
    doublings = (lasts // FRESH).bit_length()
    return _print(repr((alert.state, doublings, _origin(alert), sorted(map(_key, alert.findings)))))


def _print(text: str) -> str:
    """Tells texts apart without saying them."""
    return blake2b(text.encode(errors="replace"), digest_size=4).hexdigest() if text else ""
