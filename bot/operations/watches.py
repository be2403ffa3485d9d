"""Watches: made, seen, paused, tuned and taken away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import CopilotError, InvalidInput, NotFound
from bot.guard.risk import Risk
from bot.language.ranges.ahead import AHEAD, ahead
from bot.observatory.observatory import Observatory
from bot.observatory.question import capital, clock
from bot.observatory.told import Grid, Step, Told
from bot.operations.aiming import aim_of, channel_of
from bot.operations.observing import Environment
from bot.operations.trying import CreateInput, now_of, require, spoken, tried, viewer, watch_of
from bot.resilience import with_timeout
from bot.telemetry.signals import Window
from bot.telemetry.units import duration
from bot.watch import keeping
from bot.watch.aims import asked_in, in_words, limited_by, scans_of
from bot.watch.alerts import Alert, AlertStore
from bot.watch.desk import AlertDesk
from bot.watch.watches import SCANS, Aim, Progress, Sensitivity, Watch, WatchKind, WatchState, WatchStore

WEEK: Final = timedelta(days=7)
MOST_READ: Final = 1_000
MOST_SAID: Final = 4
PATIENCE: Final = 3.0
"""Seconds that making a watch waits to hear what it would have said."""
START: Final = "Say “watch everything in production”, or what you want to be told of."


class WatchView(Output):
    """A watch, and how it does."""

    id: str
    name: str
    watches: str
    kind: str
    service: str
    environment: str
    channel: str
    state: str
    paused_until: datetime | None = None
    every: float
    sensitivity: str
    tuned: float = 0.0
    created_by: str
    looked_at: datetime | None = None
    until: datetime | None = None
    trouble: str = ""
    alerts: int = 0


class WatchAnswer(Told):
    """One watch, or those that were made together."""

    watches: tuple[WatchView, ...] = ()
    new: bool = False


class WatchInput(Input):
    """Which one."""

    watch: str = Field(description="The watch: its id, as wch-…, or words of its name.", max_length=100)


class ListInput(Input):
    """Which ones."""

    mine: bool = Field(False, description="Only those that you made.")
    service: str = Field("", description="Only those of this service.", max_length=100)
    environment: Environment | Literal[""] = Field("", description="Only those of this environment.")
    state: Literal["active", "paused", "deleted", "all"] = Field("all", description="All is without deleted ones.")


class PauseInput(WatchInput):
    """Which one, and for how long."""

    until: str = Field("", description=f"{AHEAD}; until it is resumed, if left out.", max_length=100)


class TuneInput(WatchInput):
    """Which one, and how closely it looks."""

    sensitivity: Sensitivity = Field(description="Higher speaks of less, and more often for nothing.")


@operation(
    "watches.create",
    title="Watch",
    permission="watches:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    timeout=30,
    examples=(
        "alert me if payments errors go over 2 % for 5 minutes",
        "watch checkout latency",
        "tell me if chat-api stops sending metrics",
        "watch everything in production",
    ),
    undo="`watches.delete` takes it away.",
)
async def create(wanted: CreateInput, context: Context) -> WatchAnswer:
    """Look at something from now on, and speak here when it is not as it should be; nothing else is changed.

    A limit, a pattern of logs, a change against the day before, silence, a burning error budget; or, with no limit,
    whatever is unusual. The kind `scan` watches everything of an environment.
    """
    observatory, store = context.get(Observatory), context.get(WatchStore)
    aim, channel = aim_of(wanted, observatory), channel_of(wanted.channel, context)
    now = await now_of(aim, context)
    aims = _scans(aim, observatory) if aim.kind is WatchKind.SCAN else (aim,)
    made = [await keeping.make(store, _paced(watch_of(each, wanted, channel, context), wanted)) for each in aims]
    kept, new = [watch for watch, _ in made], any(fresh for _, fresh in made)
    words = f"everything in {aim.scope.environment}" if len(kept) > 1 else in_words(kept[0].aim, observatory.vocabulary)
    where = "here" if channel == context.origin.channel else f"in {channel}"
    rests = [
        f"{capital(each.name)} {_standing(each, context)}." for each in kept if not keeping.works(each, context.now)
    ]
    past = await _lately(kept[0], context) if new and len(kept) == 1 else ""
    return WatchAnswer(
        summary=f"I watch {words} now, and speak {where}." if new else f"{capital(words)} is watched {where} already.",
        findings=tuple(each for each in (now, past, *rests) if each),
        where=str(aim.scope),
        steps=_steps(kept[0], context) if len(kept) == 1 else (Step(label="Show them", operation="watches.list"),),
        watches=tuple(_view(each, context) for each in kept),
        new=new,
    )


@operation(
    "watches.list",
    title="Watches",
    permission="watches:read",
    examples=("my watches", "list watches", "what are you watching?", "which watches are there"),
)
async def list_watches(wanted: ListInput, context: Context) -> WatchAnswer:
    """What is watched, by whom it was asked for, how far each has come, and how often it spoke in the last 7 days."""
    observatory, store = context.get(Observatory), context.get(WatchStore)
    service = observatory.service(wanted.service).name if wanted.service else ""
    found = await store.find(
        states=keeping.ALIVE if wanted.state == "all" else (WatchState(wanted.state),),
        created_by=context.identity.id if wanted.mine else "",
    )
    shown = [
        each
        for each in found
        if viewer(context).sees(each) and asked_in(each.aim.scope, service=service, environment=wanted.environment)
    ]
    views = await _views(shown, context)
    loud = sum(bool(each.alerts) for each in views)
    about = f" of {service or wanted.environment}" if service or wanted.environment else ""
    many = f"Watches{about}{' that you made' if wanted.mine else ''}: {len(views) or 'none'}"
    return WatchAnswer(
        summary=f"{many}; {loud or 'none'} of them spoke in the last 7 days." if views else f"{many}. {START}",
        findings=tuple(f"{each.name}: {each.trouble}" for each in views if each.trouble)[:MOST_SAID],
        grid=_grid(views, context) if views else None,
        watches=views,
    )


@operation("watches.show", title="Show a watch", permission="watches:read", examples=("show watch",))
async def show(wanted: WatchInput, context: Context) -> WatchAnswer:
    """One watch: what it looks at, how far it has come, and what it said in the last 7 days."""
    watch = await _known(wanted.watch, context)
    (view,) = await _views([watch], context)
    alerts = [each for each in await _alerts(context) if _of(watch, each)]
    rows = tuple(
        (clock(each.opened_at, watch.timezone, context.now), each.severity, str(each.state), each.title, each.id)
        for each in alerts
    )
    listens = watch.aim.kind is WatchKind.OUTSIDE
    looks = f"It looks every {duration(watch.every)} with {watch.sensitivity} sensitivity"
    how = f"{'It never looks: it listens' if listens else looks} and speaks in {watch.channel}."
    tuned = f"Feedback made it quieter by {watch.tuned:g}." if watch.tuned else ""
    return WatchAnswer(
        summary=f"{capital(view.name)} ({watch.id}) {_standing(watch, context)}.",
        findings=tuple(
            each
            for each in (f"It {'tells' if listens else 'watches'} {view.watches}.", how, tuned, view.trouble)
            if each
        ),
        where=str(watch.aim.scope),
        query="" if listens else watch.aim.query,
        grid=Grid(title="In the last 7 days", columns=("at", "severity", "state", "what", "alert"), rows=rows)
        if rows
        else None,
        steps=_steps(watch, context),
        watches=(view,),
    )


@operation(
    "watches.pause",
    title="Pause a watch",
    permission="watches:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("pause watch", "pause this watch for 2 hours"),
    undo="`watches.resume` goes on with it.",
)
async def pause(wanted: PauseInput, context: Context) -> WatchAnswer:
    """Let a watch rest, for a while or until resumed; what it found is over. Others' watches need `watches:admin`."""
    until = ahead(wanted.until, context.now, context.identity.timezone) if wanted.until else None
    known = await _alive(wanted.watch, context, "pause")
    watch = await keeping.pause(context.get(WatchStore), known.id, until)
    await context.get(AlertDesk).retire(watch)
    return _done(watch, context, f"{capital(watch.name)} {_standing(watch, context)}.")


@operation(
    "watches.resume",
    title="Resume a watch",
    permission="watches:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("resume watch", "unpause watch"),
    undo="`watches.pause` lets it rest again.",
)
async def resume(wanted: WatchInput, context: Context) -> WatchAnswer:
    """Go on with a watch that was paused, or that was deleted; others' watches need `watches:admin`."""
    known = await _mine(wanted.watch, context, "resume")
    watch = await keeping.resume(context.get(WatchStore), known.id)
    return _done(watch, context, f"{capital(watch.name)} goes on.")


@operation(
    "watches.delete",
    title="Delete a watch",
    permission="watches:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("delete watch", "remove this watch", "stop watching", "unwatch"),
    undo="`watches.resume` brings it back.",
)
async def delete(wanted: WatchInput, context: Context) -> WatchAnswer:
    """Take a watch away. What it found is over, and stays on record. Others' watches need `watches:admin`."""
    known = await _mine(wanted.watch, context, "delete")
    watch = await keeping.remove(context.get(WatchStore), known.id)
    await context.get(AlertDesk).retire(watch)
    return _done(watch, context, f"{capital(watch.name)} {_standing(watch, context)}.")


@operation(
    "watches.tune",
    title="Tune a watch",
    permission="watches:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("make the watch more sensitive", "tune watch"),
    undo="Tune it back.",
)
async def tune(wanted: TuneInput, context: Context) -> WatchAnswer:
    """Let a watch speak of less, or only of more; what feedback taught it is lost. Others' need `watches:admin`."""
    known = await _alive(wanted.watch, context, "tune")
    if not known.aim.learns:
        raise InvalidInput(f"{known.name} goes by a limit", mend=limited_by(known.aim))
    watch = await keeping.change(context.get(WatchStore), known.id, sensitivity=wanted.sensitivity, tuned=0.0)
    return _done(watch, context, f"{capital(watch.name)} has {watch.sensitivity} sensitivity now.")


# ---------------------------------------------------------------- within


def _scans(aim: Aim, observatory: Observatory) -> tuple[Aim, ...]:
    """Those of which there is something to read; or the one that was named."""
    found = tuple(each for each in scans_of(aim.scope, observatory) if aim.metric in {"", each.metric})
    if not found:
        raise NotFound(f"there is no source for {aim.metric or 'any scan'}", mend="Connect one; see docs/settings.md.")
    return found


def _paced(watch: Watch, wanted: CreateInput) -> Watch:
    """A built-in scan looks as often as is good for it, unless somebody says otherwise."""
    asked = "every" in wanted.model_fields_set
    return watch if asked or not watch.built_in else replace(watch, every=SCANS[watch.aim.metric])


async def _lately(watch: Watch, context: Context) -> str:
    """What it would have said, where that is quickly known."""
    try:
        week = Window.last(WEEK.total_seconds(), context.now)
        past = await with_timeout(tried(watch, week, context, _silently), PATIENCE, "the replay")
    except CopilotError:
        return "“Test it” shows what it would have said in the last days."
    said = f"In the last 7 days it would {spoken(len(past.alerts))}"
    return f"{said}, as far as that could be read." if past.replayed.trouble else f"{said}."


async def _silently(_: str) -> None:
    """It is only an aside."""


async def _known(said: str, context: Context) -> Watch:
    return await keeping.named(context.get(WatchStore), said, viewer(context))


async def _mine(said: str, context: Context, deed: str) -> Watch:
    """Who made a watch changes it; for anybody else it is somebody's who counts on it."""
    watch = await _known(said, context)
    if watch.created_by != context.identity.id:
        whose = f"{deed} {watch.name!r}, which somebody else made"
        mend = "`alerts.silence` keeps what it finds quiet for a while."
        require("watches:admin", whose, watch.aim.scope, mend, context)
    return watch


async def _alive(said: str, context: Context, deed: str) -> Watch:
    watch = await _mine(said, context, deed)
    if watch.state is WatchState.DELETED:
        raise InvalidInput(f"watch {watch.id} is deleted", mend="`watches.resume` brings it back.")
    return watch


async def _alerts(context: Context) -> Sequence[Alert]:
    since = context.now - WEEK
    found = await context.get(AlertStore).find(since=since, limit=MOST_READ)
    return [each for each in found if each.opened_at >= since]


def _of(watch: Watch, alert: Alert) -> bool:
    return any(each.watch == watch.id for each in alert.findings)


async def _views(watches: Sequence[Watch], context: Context) -> tuple[WatchView, ...]:
    store = context.get(WatchStore)
    progress = await asyncio.gather(*(store.progress(each.id) for each in watches))
    counts = Counter(watch for each in await _alerts(context) for watch in {one.watch for one in each.findings})
    return tuple(_view(each, context, far, counts[each.id]) for each, far in zip(watches, progress, strict=True))


def _view(watch: Watch, context: Context, far: Progress | None = None, alerts: int = 0) -> WatchView:
    aim = watch.aim
    return WatchView(
        id=watch.id,
        name=watch.name,
        watches=in_words(aim, context.get(Observatory).vocabulary),
        kind=aim.kind,
        service=aim.scope.service,
        environment=aim.scope.environment,
        channel=watch.channel,
        state="active" if keeping.works(watch, context.now) else str(watch.state),
        paused_until=watch.paused_until,
        every=watch.every,
        sensitivity=watch.sensitivity,
        tuned=watch.tuned,
        created_by=watch.created_by,
        looked_at=far.looked_at if far else None,
        until=far.until if far else None,
        trouble=far.trouble if far else "",
        alerts=alerts,
    )


def _grid(views: Sequence[WatchView], context: Context) -> Grid:
    zone = context.identity.timezone
    rows = tuple(
        (
            each.name,
            each.state,
            clock(each.looked_at, zone, context.now) if each.looked_at else "not yet",
            f"{each.alerts:,}",
            each.channel,
            each.id,
        )
        for each in views
    )
    return Grid(columns=("watch", "state", "last look", "alerts in 7 days", "speaks in", "id"), rows=rows, numeric=(3,))


def _standing(watch: Watch, context: Context) -> str:
    done = "told" if watch.aim.kind is WatchKind.OUTSIDE else "watched"
    if keeping.works(watch, context.now):
        return f"is {done}"
    if watch.state is WatchState.DELETED:
        return f"is not {done} any more"
    until = clock(watch.paused_until, context.identity.timezone, context.now) if watch.paused_until else ""
    return f"rests until {until or 'it is resumed'}"


def _steps(watch: Watch, context: Context) -> tuple[Step, ...]:
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


def _done(watch: Watch, context: Context, said: str) -> WatchAnswer:
    return WatchAnswer(summary=said, steps=_steps(watch, context), watches=(_view(watch, context),))
