"""Watches tried before they are trusted: what it is now, and what one would have said."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field

from bot.door.context import Context, Progress
from bot.door.operation import Output, operation
from bot.errors import InvalidInput, Refusal, Retryable
from bot.guard.roles import RoleBook
from bot.language.ranges import read
from bot.observatory.findings import last_value
from bot.observatory.looking import LogsQuestion, query_of
from bot.observatory.measuring import measured
from bot.observatory.observatory import Observatory
from bot.observatory.question import Question, capital, clock
from bot.observatory.told import Grid, Step, Told, span_of
from bot.operations.aiming import AimInput, aim_of
from bot.telemetry.signals import Change, Window
from bot.telemetry.units import duration, shown
from bot.telemetry.vocabulary import Scope
from bot.watch import keeping
from bot.watch.aims import in_words, unit_of
from bot.watch.alerts import Alert
from bot.watch.replaying import Replayed, Replays, ended, ground_of, picture, raised
from bot.watch.settling import Policy
from bot.watch.watches import SCANS, Aim, Sensitivity, Watch, WatchKind, WatchStore

OFTENEST: Final = 15
USUAL: Final = 60
RARELY: Final = 86_400
LATELY: Final = 900.0
MANY_LINES: Final = 100
FARTHEST: Final = timedelta(days=7)
A_DAY: Final = 86_400.0
A_LOT: Final = 3.0
"""Alerts a day; more are too many for one watch."""
MOST_ROWS: Final = 30


class CreateInput(AimInput):
    """What to watch, how closely, and where to speak."""

    every: int | None = Field(None, ge=OFTENEST, le=RARELY, description="Seconds between two looks; a minute is usual.")
    sensitivity: Sensitivity = Field("medium", description="Higher speaks of less, and more often for nothing.")
    channel: str = Field(
        "", description="Where it speaks; here, if left out.", max_length=100, json_schema_extra={"form": "channel"}
    )
    name: str = Field("", description="What to call it.", max_length=120)


class TryInput(CreateInput):
    """A watch that there is, or one that there might be; and over which time."""

    watch: str = Field("", description="One that there is, by id or name; then only `window` counts.", max_length=100)
    window: str = Field("last 7 days", description="Over which time, up to 7 days.", max_length=120)


class WouldBe(Output):
    """An alert that there would have been."""

    start: datetime
    end: datetime
    severity: str
    title: str


class TryAnswer(Told):
    """What a watch would have said."""

    alerts: tuple[WouldBe, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """A replay, and what would have come of it."""

    replayed: Replayed
    alerts: tuple[Alert, ...]
    changes: tuple[Change, ...]


@operation(
    "watches.test",
    title="Test a watch",
    permission="watches:read",
    timeout=60,
    examples=("test watch", "what would this watch have said last week?"),
)
async def test(wanted: TryInput, context: Context) -> TryAnswer:
    """Replay the last days through a watch, one that there is or one that there might be: when it would have spoken.

    Of everything (the kind `scan`, without a metric) only the metrics are replayed; the answer says so.
    """
    observatory = context.get(Observatory)
    window = Window(*read(wanted.window, context.now, context.identity.timezone))
    if window.end - window.start > FARTHEST:
        raise InvalidInput(f"{wanted.window!r} is longer than {FARTHEST.days} days", mend="Test a shorter time.")
    if wanted.watch:
        watch = await keeping.named(context.get(WatchStore), wanted.watch, viewer(context))
        if watch.aim.kind is WatchKind.OUTSIDE:
            raise InvalidInput(
                f"{watch.name!r} only listens: there is nothing to replay", mend="`alerts.list` shows what it said."
            )
    else:
        aim = aim_of(wanted, observatory)
        first = replace(aim, metric=aim.metric or next(iter(SCANS))) if aim.kind is WatchKind.SCAN else aim
        watch = watch_of(first, wanted, context.origin.channel or "", context)
    found = await tried(watch, window, context, context.progress)
    return _answer(watch, wanted, window, found, context)


async def tried(watch: Watch, window: Window, context: Context, tell: Progress) -> Tried:
    """Through the code that watches, and the code that makes alerts of what was found."""
    observatory, scope = context.get(Observatory), watch.aim.scope
    replayed, heard = await asyncio.gather(
        context.get(Replays).replay(watch, window, tell),
        observatory.changes_in(window, service=scope.service, environment=scope.environment),
    )
    changes = heard.value or ()
    await tell("making alerts of what was found")
    ground = ground_of(observatory.catalogue, changes)
    alerts = await asyncio.to_thread(raised, watch, replayed.moments, ground, Policy())
    return Tried(replayed, alerts, changes)


def viewer(context: Context) -> keeping.Viewer:
    origin = context.origin
    return keeping.Viewer(context.identity.id, origin.workspace or "", origin.channel or "")


def require(permission: str, deed: str, scope: Scope, mend: str, context: Context) -> None:
    """What only some inputs of an operation ask for, beside what it asks of everybody."""
    book, place = context.get(RoleBook), (scope.environment or "*", scope.service or "*")
    if book.may(context.identity.roles, permission, *place) is None:
        able = ", ".join(book.who_may(permission, *place)) or "nobody"
        raise Refusal(
            f"{context.identity} may not {deed}: the permission {permission!r} is missing",
            mend=f"{mend} These may: {able}.",
        )


def watch_of(aim: Aim, wanted: CreateInput, channel: str, context: Context) -> Watch:
    workspace = context.origin.workspace or ""
    return Watch(
        id=keeping.id_of(aim, workspace, channel),
        name=wanted.name.strip() or in_words(aim, context.get(Observatory).vocabulary),
        aim=aim,
        channel=channel,
        created_by=context.identity.id,
        created_at=context.now,
        every=float(wanted.every or (SCANS[aim.metric] if aim.kind is WatchKind.SCAN else USUAL)),
        sensitivity=wanted.sensitivity,
        workspace=workspace,
        timezone=context.identity.timezone,
    )


def spoken(times: int) -> str:
    return f"have spoken {f'{times} times' if times > 1 else 'once'}" if times else "never have spoken"


def _answer(watch: Watch, wanted: TryInput, window: Window, found: Tried, context: Context) -> TryAnswer:
    zone, now = context.identity.timezone, context.now
    words = in_words(watch.aim, context.get(Observatory).vocabulary)
    alerts = tuple(
        WouldBe(start=each.since, end=ended(each, window.end), severity=each.severity, title=each.title)
        for each in found.alerts
    )
    rows = tuple(
        (clock(each.start, zone, now), duration((each.end - each.start).total_seconds()), each.severity, each.title)
        for each in alerts[:MOST_ROWS]
    )
    often = len(alerts) / max(window.seconds / A_DAY, 1.0)
    hint = f"That is {often:.1f} a day: a limit farther out, or less sensitivity, would make it quieter."
    several = watch.built_in and not (wanted.watch or wanted.metric)
    others = f"That is of the {watch.aim.metric} alone: the other scans cannot be replayed." if several else ""
    return TryAnswer(
        summary=f"{capital(words)}: it would {spoken(len(alerts))}.",
        findings=tuple(
            each for each in (capital(found.replayed.trouble), others, hint if often > A_LOT else "") if each
        ),
        where=str(watch.aim.scope),
        window=span_of(window, zone, now),
        query=found.replayed.query,
        grid=Grid(columns=("since", "for", "severity", "what"), rows=rows) if rows else None,
        chart=picture(watch, capital(words), found.replayed, found.alerts, found.changes, window),
        steps=_steps(watch, wanted),
        alerts=alerts,
    )


def _steps(watch: Watch, wanted: TryInput) -> tuple[Step, ...]:
    if wanted.watch:
        tuning = Step(label="Tune", operation="watches.tune", values={"watch": watch.id}, form=True)
        return (tuning,) if watch.aim.learns else ()
    values = wanted.model_dump(mode="json", exclude_defaults=True, exclude={"watch", "window"})
    return (Step(label="Watch it", operation="watches.create", values=values, form=True),)


# ---------------------------------------------------------------- as it is now


async def now_of(aim: Aim, context: Context) -> str:
    """What it is now, and that it would speak at once; the query is run, so that a wrong one is heard of here."""
    if aim.kind in {WatchKind.SCAN, WatchKind.BURN}:
        return ""
    try:
        return await (_lines(aim, context) if aim.kind is WatchKind.PATTERN else _value(aim, context))
    except Retryable as error:
        return f"What it is now could not be asked: {error.message}."


async def _value(aim: Aim, context: Context) -> str:
    observatory, window = context.get(Observatory), Window.last(LATELY, context.now)
    question = Question(aim.metric, aim.scope, window, context.now, quantile=aim.quantile, raw=aim.query)
    found = await measured(observatory, question, back=False)
    values = [last_value(each) for each in found.series]
    if not values:
        why = await observatory.why_empty(found.query, aim.scope, context.now)
        at_once = ", so it will speak soon" if aim.kind is WatchKind.ABSENCE else ""
        return f"Nothing is measured now: {why}{at_once}."
    unit = unit_of(aim, observatory.vocabulary)
    out = [each for each in values if _beyond(each, aim)]
    now = f"{shown(min(values), unit)} to {shown(max(values), unit)}" if len(values) > 1 else shown(values[0], unit)
    return f"It is {now} now{', which is too much already: it will speak soon' if out else ''}."


def _beyond(value: float, aim: Aim) -> bool:
    return (aim.above is not None and value > aim.above) or (aim.below is not None and value < aim.below)


async def _lines(aim: Aim, context: Context) -> str:
    observatory, window = context.get(Observatory), Window.last(LATELY, context.now)
    question = LogsQuestion(scope=aim.scope, window=window, now=context.now, contains=aim.pattern, raw=aim.query)
    query, _ = await query_of(observatory, question)
    read = await observatory.need_logs().lines(str(query), window, limit=MANY_LINES)
    many = f"{len(read.value)}{' or more' if read.cut else ''}" if read.value else "no"
    return f"There were {many} such lines in the last {duration(LATELY)}."
