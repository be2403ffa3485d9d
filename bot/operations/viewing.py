"""Watches as answers show them: how each stands, what it said lately, and what can be done with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.door.context import Context
from bot.door.operation import Output
from bot.observatory.observatory import Observatory
from bot.observatory.question import clock
from bot.observatory.told import Grid, Step, Told
from bot.watch import keeping, telling
from bot.watch.aims import in_words
from bot.watch.alerts import Alert, AlertStore
from bot.watch.watches import Progress, Watch, WatchKind, WatchState, WatchStore

WEEK: Final = timedelta(days=7)
MOST_READ: Final = 1_000


class WatchView(Output):
    """A watch, and how it does."""

    id: str
    name: str
    watches: str
    kind: str
    metric: str = ""
    service: str
    environment: str
    channel: str
    state: str
    paused_until: datetime | None = None
    every: float
    sensitivity: str
    quieter: tuple[str, ...] = ()
    created_by: str
    looked_at: datetime | None = None
    until: datetime | None = None
    trouble: str = ""
    alerts: int = 0


class WatchAnswer(Told):
    """One watch, or those that were made together."""

    watches: tuple[WatchView, ...] = ()
    new: bool = False


async def spoken_lately(context: Context) -> Sequence[Alert]:
    since = context.now - WEEK
    found = await context.get(AlertStore).find(since=since, limit=MOST_READ)
    return [each for each in found if each.opened_at >= since]


def raised_by(watch: Watch, alert: Alert) -> bool:
    return any(each.watch == watch.id for each in alert.findings)


async def views(watches: Sequence[Watch], context: Context) -> tuple[WatchView, ...]:
    far = await context.get(WatchStore).reached([each.id for each in watches])
    counts = Counter(watch for each in await spoken_lately(context) for watch in {one.watch for one in each.findings})
    return tuple(view(each, context, far.get(each.id), counts[each.id]) for each in watches)


def view(watch: Watch, context: Context, far: Progress | None = None, alerts: int = 0) -> WatchView:
    aim = watch.aim
    return WatchView(
        id=watch.id,
        name=watch.name,
        watches=in_words(aim, context.get(Observatory).vocabulary),
        kind=aim.kind,
        metric=aim.metric,
        service=aim.scope.service,
        environment=aim.scope.environment,
        channel=watch.channel,
        state="active" if keeping.works(watch, context.now) else str(watch.state),
        paused_until=watch.paused_until,
        every=watch.every,
        sensitivity=watch.sensitivity,
        quieter=telling.quieter(watch),
        created_by=watch.created_by,
        looked_at=max(far.looked_at, watch.created_at) if far and far.looked_at else None,
        until=far.until if far else None,
        trouble=far.trouble if far else "",
        alerts=alerts,
    )


def grid(views: Sequence[WatchView], context: Context) -> Grid:
    zone = context.identity.timezone
    rows = tuple(
        (
            each.name,
            each.state,
            f"{each.alerts:,}",
            clock(each.looked_at, zone, context.now) if each.looked_at else "not yet",
            where(each.channel, context).removeprefix("in "),
            each.id,
        )
        for each in views
    )
    columns = ("watch", "state", "alerts in 7 days", "last look", "speaks in", "id")
    return Grid(columns=columns, rows=rows, numeric=(2,))


def where(channel: str, context: Context) -> str:
    """A direct message has no name that anybody knows."""
    if channel == context.origin.channel:
        return "here"
    return "in a direct message" if channel.startswith("D") else f"in {channel}"


def standing(watch: Watch, context: Context) -> str:
    done = "told" if watch.aim.kind is WatchKind.OUTSIDE else "watched"
    if keeping.works(watch, context.now):
        return f"is {done}"
    if watch.state is WatchState.DELETED:
        return f"is not {done} any more"
    until = clock(watch.paused_until, context.identity.timezone, context.now) if watch.paused_until else ""
    return f"rests until {until or 'it is resumed'}"


def steps(watch: Watch, context: Context) -> tuple[Step, ...]:
    about = {"watch": watch.id}
    back = Step(label="Resume", operation="watches.resume", values=about)
    if watch.state is WatchState.DELETED:
        return (back,)
    test = Step(label="Test it", operation="watches.test", values=about)
    rest = Step(label="Pause", operation="watches.pause", values=about, form=True)
    tuning = Step(label="Tune", operation="watches.tune", values=about, form=True)
    return (
        *((test,) if watch.aim.kind is not WatchKind.OUTSIDE else ()),
        rest if keeping.works(watch, context.now) else back,
        *((tuning,) if watch.aim.learns else ()),
        Step(label="Delete", operation="watches.delete", values=about),
    )


def one(watch: Watch, context: Context, said: str) -> WatchAnswer:
    return WatchAnswer(summary=said, steps=steps(watch, context), watches=(view(watch, context),))
