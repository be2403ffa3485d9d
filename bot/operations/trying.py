"""Watches tried before they are trusted: what it is now, and what one would have said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from pydantic import Field

from bot.door.context import Context, Progress
from bot.door.operation import Output, operation
from bot.errors import CopilotError, InvalidInput, NotFound, Refusal, Retryable
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
from bot.watch.aims import in_words, scans_of, unit_of
from bot.watch.alerts import Alert
from bot.watch.looks.look import Patience
from bot.watch.replaying import Replayed, Replays, ended, ground_of, picture, raised, reckoned
from bot.watch.settling import Policy
from bot.watch.sweeping import Moment
from bot.watch.watches import SCANS, Aim, Sensitivity, Watch, WatchKind, WatchStore

OFTENEST: Final = 15
USUAL: Final = 60
RARELY: Final = 86_400
LATELY: Final = 900.0
MANY_LINES: Final = 100
FARTHEST: Final = timedelta(days=7)
A_DAY: Final = 86_400.0
AN_HOUR: Final = 3_600.0
FEW: Final = 3 * AN_HOUR
"""More are said in whole ones."""
A_LOT: Final = 3.0
"""Alerts a day; more are too many for one watch."""
MOST_ROWS: Final = 30
WITHIN: Final = 42.0
"""Seconds that replays may take, and the alerts that come of them; a picture takes some more."""
FOLDING: Final = 6.0
"""Seconds that the alerts have at least, where the replays took all there were."""
SHORTEST: Final = 3.0
HARDLY: Final = 0.02
"""Of a window: what is missing of it is not worth a word."""
NOT_DUE: Final = "no look was due in so short a time."
NAMES: Final = {"metrics": "Metrics", "slo": "Error budgets", "logs": "Logs", "traces": "Traces"}
"""The scans."""


class CreateInput(AimInput):
    """What to watch, how closely, and where to speak."""

    aside = AimInput.aside | {"every", "channel", "name"}
    every: int | None = Field(None, ge=OFTENEST, le=RARELY, description="Seconds between two looks; a minute is usual.")
    sensitivity: Sensitivity = Field("medium", description="High also tells of small things; low only of large ones.")
    channel: str = Field(
        "", description="Where it speaks; here, if left out.", max_length=100, json_schema_extra={"form": "channel"}
    )
    name: str = Field("", description="What to call it.", max_length=120)


class TryInput(CreateInput):
    """A watch that there is, or one that there might be; and over which time."""

    aside = CreateInput.aside | {"lasting", "sensitivity"}
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

    replays: tuple[Replayed, ...]
    """One for each watch."""
    alerts: tuple[Alert, ...]
    changes: tuple[Change, ...]
    until: datetime
    """Before the end of the window where there was no time to make alerts of all that was found."""

    @property
    def trouble(self) -> str:
        """What could not be read."""
        return "; ".join(dict.fromkeys(each.trouble for each in self.replays if each.trouble))


@operation(
    "watches.test",
    title="Test a watch",
    permission="watches:read",
    timeout=60,
    examples=("test watch", "what would this watch have said last week?"),
)
async def test(wanted: TryInput, context: Context) -> TryAnswer:
    """Replay the last days through a watch, one that there is or one that there might be: when it would have spoken.

    Of what takes long to read, logs and traces above all, the most recent part is replayed; the answer says which.
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
        watches = [watch]
    else:
        aim = aim_of(wanted, observatory)
        several = aim.kind is WatchKind.SCAN and not aim.metric
        aims = scans_of(aim.scope, observatory) if several else (aim,)
        watches = [watch_of(each, wanted, context.origin.channel or "", context) for each in aims]
        if not watches:
            raise NotFound("there is no source for any scan", mend="Connect one; see docs/settings.md.")
    found = await tried(watches, window, context, context.progress)
    return _answer(watches, wanted, window, found, context)


async def tried(watches: Sequence[Watch], window: Window, context: Context, tell: Progress) -> Tried:
    """Through the code that watches, and the code that makes alerts of what was found."""
    observatory, scope, end = context.get(Observatory), watches[0].aim.scope, monotonic() + WITHIN
    replays, heard = await asyncio.gather(
        _replayed(watches, window, context, tell, end),
        observatory.changes_in(window, service=scope.service, environment=scope.environment),
    )
    changes = heard.value or ()
    await tell("making alerts of what was found")
    ground = ground_of(observatory.catalogue, changes)
    looks = [(watch, moment) for watch, replayed in zip(watches, replays, strict=True) for moment in replayed.moments]
    looks.sort(key=lambda look: look[1].at)
    patience, until = Patience(max(FOLDING, end - monotonic())), window.end

    def in_time() -> Iterator[tuple[Watch, Moment]]:
        nonlocal until
        for watch, moment in looks:
            if patience.over:
                until = moment.at
                return
            yield watch, moment

    alerts = await reckoned(in_time(), lambda done: raised(done, ground, Policy()))
    return Tried(tuple(replays), alerts, changes, until)


async def _replayed(
    watches: Sequence[Watch], window: Window, context: Context, tell: Progress, end: float
) -> list[Replayed]:
    """One after the other; each leaves something of the time to those after it, and one that fails is said."""
    found, errors = list[Replayed](), list[CopilotError]()
    for place, watch in enumerate(watches):
        left = (end - monotonic()) / (1 if place == len(watches) - 1 else 2)

        async def told(how_far: str, what: str = f"{watch.aim.metric}: " if len(watches) > 1 else "") -> None:
            await tell(f"{what}{how_far}")

        try:
            found.append(await context.get(Replays).replay(watch, window, told, max(SHORTEST, left)))
        except CopilotError as error:
            errors.append(error)
            found.append(Replayed((), trouble=error.message))
    if len(errors) == len(watches):
        raise errors[0]
    return found


def viewer(context: Context) -> keeping.Viewer:
    origin = context.origin
    return keeping.Viewer(context.identity.id, origin.workspace or "", origin.channel or "")


def here(context: Context) -> str:
    """The channel; where there is none, all of them would be shown as those of it."""
    if not context.origin.channel:
        raise InvalidInput("there is no channel here", mend="Leave `here` out, or ask in the channel.")
    return context.origin.channel


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


def _answer(watches: Sequence[Watch], wanted: TryInput, window: Window, found: Tried, context: Context) -> TryAnswer:
    zone, now, watch, first = context.identity.timezone, context.now, watches[0], found.replays[0]
    several = len(watches) > 1
    words = in_words(watch.aim, context.get(Observatory).vocabulary)
    words = f"everything in {watch.aim.scope.environment}" if several else words
    alerts = tuple(
        WouldBe(start=each.since, end=ended(each, found.until), severity=each.severity, title=each.title)
        for each in found.alerts
    )
    rows = tuple(
        (each.title, clock(each.start, zone, now), duration((each.end - each.start).total_seconds()), each.severity)
        for each in alerts[:MOST_ROWS]
    )
    begun = (each.since or window.start for each in found.replays if each.moments or not several)
    since = min(begun, default=window.start)
    seen = Window(max(since, window.start), found.until)
    last = "" if several else _last(first, window)
    cut = f" up to {clock(found.until, zone, now)}" if found.until < window.end else ""
    looked = any(each.moments for each in found.replays)
    said = f"it would {spoken(len(alerts))}" if looked else "nothing could be replayed"
    often = len(alerts) / max(seen.seconds / A_DAY, 1.0)
    late = f"There was no time to make alerts of all that was found: this is{cut}." if cut else ""
    hint = f"That is {often:.1f} a day: a limit farther out, or less sensitivity, would make it quieter."
    return TryAnswer(
        summary=f"{capital(words)}: {said}{f' in {last}' if last else ''}{cut}.",
        findings=tuple(each for each in (*_parts(watches, found, window), late, hint if often > A_LOT else "") if each),
        where=str(watch.aim.scope),
        window=span_of(seen, zone, now),
        query=first.query,
        grid=Grid(columns=("what", "since", "for", "severity"), rows=rows) if rows else None,
        chart=picture(watch, capital(words), first, found.alerts, found.changes, seen),
        steps=_steps(watch, wanted),
        alerts=alerts,
    )


def _parts(watches: Sequence[Watch], found: Tried, window: Window) -> Iterator[str]:
    """What was replayed and how far back, where that is not all of it, and what could not be read."""
    if len(watches) == 1:
        if last := _last(found.replays[0], window):
            yield f"There was no time to read all of it: this is of {last}."
        yield capital(found.trouble) or ("" if found.replays[0].moments else capital(NOT_DUE))
        return
    for watch, each in zip(watches, found.replays, strict=True):
        what, trouble = NAMES[watch.aim.metric], f" ({each.trouble})" if each.trouble else ""
        if not each.moments:
            yield f"{what} could not be replayed{trouble}." if trouble else f"{what}: {NOT_DUE}"
        elif last := _last(each, window):
            yield f"{what}: {last} were replayed; there was no time for more{trouble}."
        else:
            yield f"{what}: all of it was replayed{trouble}."
    if missing := [NAMES[each] for each in SCANS if each not in {watch.aim.metric for watch in watches}]:
        yield f"Not replayed, as there is nothing to read: {', '.join(missing)}."


def _last(replayed: Replayed, window: Window) -> str:
    """Where there was not time for all of it."""
    since = replayed.since
    if since is None or (since - window.start).total_seconds() <= HARDLY * window.seconds:
        return ""
    seconds = (window.end - since).total_seconds()
    return f"the last {duration(seconds) if seconds < FEW else f'{seconds / AN_HOUR:.0f} h'}"


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
    sides = (("much", aim.above is not None and max(values) > aim.above),
             ("little", aim.below is not None and min(values) < aim.below))  # fmt: skip
    out = " and ".join(f"too {side}" for side, beyond in sides if beyond)
    now = f"{shown(min(values), unit)} to {shown(max(values), unit)}" if len(values) > 1 else shown(values[0], unit)
    return f"It is {now} now{f', which is {out} already: it will speak soon' if out else ''}."


async def _lines(aim: Aim, context: Context) -> str:
    observatory, window = context.get(Observatory), Window.last(LATELY, context.now)
    question = LogsQuestion(scope=aim.scope, window=window, now=context.now, contains=aim.pattern, raw=aim.query)
    query, _ = await query_of(observatory, question)
    read = await observatory.need_logs().lines(str(query), window, limit=MANY_LINES)
    many = f"{len(read.value)}{' or more' if read.cut else ''}" if read.value else "no"
    return f"There were {many} such lines in the last {duration(LATELY)}."
