"""Watches: made, seen, paused, tuned and taken away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Repeat, operation
from bot.errors import CopilotError, InvalidInput, NotFound
from bot.guard.risk import Risk
from bot.language.ranges.ahead import AHEAD, ahead
from bot.observatory.observatory import Observatory
from bot.observatory.question import capital, clock
from bot.observatory.told import Grid, Step
from bot.operations import viewing
from bot.operations.aiming import aim_of, channel_of
from bot.operations.observing import Environment
from bot.operations.trying import CreateInput, here, now_of, require, spoken, tried, viewer, watch_of
from bot.operations.viewing import WEEK, WatchAnswer
from bot.resilience import with_timeout
from bot.telemetry.charts.words import counted
from bot.telemetry.signals import Window
from bot.telemetry.units import duration
from bot.watch import keeping
from bot.watch.aims import asked_in, in_words, limited_by, scans_of
from bot.watch.desk import AlertDesk
from bot.watch.watches import SCANS, Aim, Sensitivity, Watch, WatchKind, WatchState, WatchStore

MOST_SAID: Final = 4
PATIENCE: Final = 3.0
"""Seconds that making a watch waits to hear what it would have said."""
START: Final = "Say “watch everything in production”, or what you want to be told of."
FIRST: Final = (
    Step(label="Watch everything in production", operation="watches.create", values={"kind": "scan"}, form=True),
    Step(label="Watch something else", operation="watches.create", form=True),
)


SHOW: Final = Step(label="Show them", operation="watches.list")


class WatchInput(Input):
    """Which one."""

    watch: str = Field(description="The watch: its id, as wch-…, or words of its name.", max_length=100)


class ListInput(Input):
    """Which ones."""

    mine: bool = Field(False, description="Only those that you made.")
    service: str = Field("", description="Only those of this service.", max_length=100)
    environment: Environment | Literal[""] = Field("", description="Only those of this environment.")
    state: Literal["active", "paused", "deleted", "all"] = Field("all", description="All is without deleted ones.")
    here: bool = Field(False, description="Only those that speak in this channel.")


class PauseInput(WatchInput):
    """Which one, and for how long."""

    until: str = Field("", description=f"{AHEAD}; until it is resumed, if left out.", max_length=100)


class TuneInput(WatchInput):
    """Which one, and how closely it looks."""

    sensitivity: Sensitivity = Field(description="High also tells of small things; low only of large ones.")


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
    """Look at something from now on, and speak here when it is not as it should be.

    A limit, a pattern of logs, a change against the day before, silence, a burning error budget; or, with no limit,
    whatever is unusual. The kind `scan` watches everything of an environment.
    """
    observatory, store = context.get(Observatory), context.get(WatchStore)
    aim, channel = aim_of(wanted, observatory), channel_of(wanted.channel, context)
    now = await now_of(aim, context)
    aims = _scans(aim, observatory) if aim.kind is WatchKind.SCAN else (aim,)
    made = [await keeping.make(store, _paced(watch_of(each, wanted, channel, context), wanted)) for each in aims]
    kept, new = [watch for watch, _ in made], any(fresh for _, fresh in made)
    before = [watch for watch, fresh in made if not fresh]
    words = f"everything in {aim.scope.environment}" if len(kept) > 1 else in_words(kept[0].aim, observatory.vocabulary)
    where = viewing.where(channel, context)
    rests = [
        f"{capital(each.name)} {viewing.standing(each, context)}."
        for each in kept
        if not keeping.works(each, context.now)
    ]
    past = await _lately(kept[0], context) if new and len(kept) == 1 else ""
    return WatchAnswer(
        summary=f"I watch {words} now, and speak {where}." if new else f"{capital(words)} is watched {where} already.",
        findings=tuple(each for each in (now, past, *rests, *_unlike(before, wanted)) if each),
        where=str(aim.scope),
        steps=(
            *(_retuning(each, wanted.sensitivity) for each in before if each.aim.learns and _resensed(each, wanted)),
            *(viewing.steps(kept[0], context) if len(kept) == 1 else (SHOW,)),
        ),
        watches=tuple(viewing.view(each, context) for each in kept),
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
        channel=here(context) if wanted.here else "",
    )
    shown = [
        each
        for each in found
        if viewer(context).sees(each) and asked_in(each.aim.scope, service=service, environment=wanted.environment)
    ]
    views = await viewing.views(shown, context)
    loud = sum(bool(each.alerts) for each in views)
    about = f" of {service or wanted.environment}" if service or wanted.environment else ""
    about += " here" if wanted.here else ""
    many = f"Watches{about}{' that you made' if wanted.mine else ''}: {len(views) or 'none'}"
    return WatchAnswer(
        summary=f"{many}; {loud or 'none'} of them spoke in the last 7 days." if views else f"{many}. {START}",
        findings=tuple(f"{each.name}: {each.trouble}" for each in views if each.trouble)[:MOST_SAID],
        grid=viewing.grid(views, context) if views else None,
        steps=() if views else FIRST,
        watches=views,
    )


@operation("watches.show", title="Show a watch", permission="watches:read", examples=("show watch",))
async def show(wanted: WatchInput, context: Context) -> WatchAnswer:
    """One watch: what it looks at, how far it has come, and what it said in the last 7 days."""
    watch = await _known(wanted.watch, context)
    (view,) = await viewing.views([watch], context)
    alerts = [each for each in await viewing.spoken_lately(context) if viewing.raised_by(watch, each)]
    zone = context.identity.timezone
    rows = tuple(
        (each.title, each.severity, clock(each.opened_at, zone, context.now), str(each.state), each.id)
        for each in alerts
    )
    listens = watch.aim.kind is WatchKind.OUTSIDE
    looks = f"It looks every {duration(watch.every)} with {watch.sensitivity} sensitivity"
    how = f"{'It never looks: it listens' if listens else looks} and speaks {viewing.where(watch.channel, context)}."
    more = len(view.quieter) - MOST_SAID
    quieter = [f"By feedback, {each}." for each in view.quieter[:MOST_SAID]]
    quieter += [f"And {counted(more, 'more place')} where it is quieter by feedback."] if more > 0 else []
    return WatchAnswer(
        summary=f"{capital(view.name)} ({watch.id}) {viewing.standing(watch, context)}.",
        findings=tuple(
            each
            for each in (f"It {'tells' if listens else 'watches'} {view.watches}.", how, *quieter, view.trouble)
            if each
        ),
        where=str(watch.aim.scope),
        query="" if listens else watch.aim.query,
        grid=Grid(title="In the last 7 days", columns=("what", "severity", "at", "state", "alert"), rows=rows)
        if rows
        else None,
        steps=viewing.steps(watch, context),
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
    return viewing.one(watch, context, f"{capital(watch.name)} {viewing.standing(watch, context)}.")


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
    return viewing.one(watch, context, f"{capital(watch.name)} goes on.")


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
    return viewing.one(watch, context, f"{capital(watch.name)} {viewing.standing(watch, context)}.")


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
    """Let a watch tell of smaller things, or only of larger ones; what feedback taught it is lost.

    Others' watches need `watches:admin`.
    """
    known = await _alive(wanted.watch, context, "tune")
    if not known.aim.learns:
        raise InvalidInput(f"{known.name} goes by a limit", mend=limited_by(known.aim))
    watch = await keeping.tune(context.get(WatchStore), known.id, context.now, sensitivity=wanted.sensitivity)
    return viewing.one(watch, context, f"{capital(watch.name)} has {watch.sensitivity} sensitivity now.")


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


def _resensed(watch: Watch, wanted: CreateInput) -> bool:
    return "sensitivity" in wanted.model_fields_set and wanted.sensitivity != watch.sensitivity


def _retuning(watch: Watch, sensitivity: Sensitivity) -> Step:
    label = " ".join(filter(None, ("Tune", watch.aim.metric.replace("_", " "), "to", sensitivity)))
    return Step(
        label=label, operation="watches.tune", values={"watch": watch.id, "sensitivity": sensitivity}, form=True
    )


def _unlike(watches: Sequence[Watch], wanted: CreateInput) -> Iterator[str]:
    """What was asked beside the aim, and is otherwise at those that there were: it would seem to be done."""
    for watch in watches:
        name = capital(watch.name)
        if _resensed(watch, wanted):
            other = f"its sensitivity is {watch.sensitivity}, not {wanted.sensitivity}, until it is tuned"
            yield f"{name}: {other if watch.aim.learns else 'it goes by a limit, whatever the sensitivity'}."
        fixed = [f"it looks every {duration(watch.every)}"] if wanted.every not in {None, watch.every} else []
        fixed += ["it keeps its name"] if wanted.name.strip() not in {"", watch.name} else []
        if fixed:
            yield f"{name}: {' and '.join(fixed)}; for another, delete it and ask again."


async def _lately(watch: Watch, context: Context) -> str:
    """What it would have said, where that is quickly known."""
    try:
        week = Window.last(WEEK.total_seconds(), context.now)
        past = await with_timeout(tried([watch], week, context, _silently), PATIENCE, "the replay")
    except CopilotError:
        return "“Test it” shows what it would have said in the last days."
    said = f"In the last 7 days it would {spoken(len(past.alerts))}"
    return f"{said}, as far as that could be read." if past.trouble else f"{said}."


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
