"""Silences: what is hidden for a while, what that hides, and ending one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import InvalidInput, NotFound
from bot.guard.canonical import digest
from bot.guard.risk import Risk
from bot.language.ranges.ahead import AHEAD, ahead
from bot.observatory.observatory import Observatory
from bot.observatory.question import clock
from bot.observatory.told import Grid, Step, Told
from bot.operations.aiming import metric_of, reached
from bot.operations.alerts import MOST_READ, known, visible
from bot.operations.observing import Environment
from bot.operations.trying import require, viewer
from bot.telemetry.vocabulary import Scope
from bot.watch import keeping
from bot.watch.alerts import AlertStore, Silence
from bot.watch.desk import AlertDesk
from bot.watch.finding import Finding
from bot.watch.watches import WatchStore

MOST_SAID: Final = 6
MOST_AT_ONCE: Final = 8
FREELY: Final = timedelta(days=7)
"""Longer, or in all channels, is not for everybody to say."""
NO_METRICS: Final = ("logs", "traces", "slo", "watch")
"""Signals that are no metric; `watch` is that one sees nothing."""
_ALL: Final = Step(label="Show them", operation="alerts.silences")


class SilenceInput(Input):
    """What to hide, and until when. What is left out fits everything; one thing has to be named."""

    alert: str = Field("", description="Whatever this alert is about.", max_length=100)
    until: str = Field("2 hours", description=f"{AHEAD}.", max_length=100)
    service: str = Field("", description="Only of this service.", max_length=100)
    signal: str = Field("", description="Only of this metric; or logs, traces, slo, an alert's name.", max_length=100)
    watch: str = Field("", description="Only what this watch finds: its id, or words of its name.", max_length=100)
    environment: Environment | Literal[""] = Field("", description="Only of this environment.")
    everywhere: bool = Field(False, description="In all channels, and not only in this one.")
    reason: str = Field("", description="Why, for those who wonder.", max_length=500)
    preview: bool = Field(False, description="Only show what it would hide.")


class UnsilenceInput(Input):
    """Which silence."""

    silence: str = Field(description="The id of the silence, as sil-…", max_length=100)


class NoInput(Input):
    """Takes nothing."""


class SilenceView(Output):
    """What is hidden, and until when."""

    id: str
    what: str
    until: datetime
    created_by: str
    reason: str = ""


class SilencesAnswer(Told):
    """Silences."""

    silences: tuple[SilenceView, ...] = ()


@operation(
    "alerts.silence",
    title="Silence alerts",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("silence alert", "silence alerts of checkout for 2 hours", "mute", "mute alerts until tomorrow"),
    undo="`alerts.unsilence` ends it.",
)
async def silence(wanted: SilenceInput, context: Context) -> SilencesAnswer:
    """Hide alerts for a while: what one is about, or those of a service, a signal or a watch. They stay on record.

    In one channel and for up to 7 days; longer, or everywhere, needs the permission `alerts:admin`.
    """
    desk, kept = context.get(AlertDesk), await _silences(wanted, context)
    previews = [await (desk.preview(each) if wanted.preview else desk.silence(each)) for each in kept]
    hidden = {alert.id: alert.title for each in previews for alert in each.now if visible(alert, context)}
    week = sum(each.last_week for each in previews)
    until = clock(kept[0].until, context.identity.timezone, context.now)
    views = [await _view(each, context) for each in kept]
    what = " and ".join(dict.fromkeys(each.what for each in views))
    would = "would be" if wanted.preview else "are"
    values = wanted.model_dump(mode="json", exclude_defaults=True, exclude={"preview"})
    go_on = Step(label="Silence", operation="alerts.silence", values=values)
    back = Step(label="Take it back", operation="alerts.unsilence", values={"silence": kept[0].id})
    return SilencesAnswer(
        summary=f"Alerts about {what} {would} silent until {until}.",
        findings=(
            f"Hidden now: {len(hidden) or 'none'}",
            *list(hidden.values())[:MOST_SAID],
            f"In the last 7 days it would have hidden {week or 'none'}",
        ),
        steps=(go_on,) if wanted.preview else (back,) if len(kept) == 1 else (_ALL,),
        silences=() if wanted.preview else tuple(views),
    )


@operation(
    "alerts.unsilence",
    title="End a silence",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("end silence", "unsilence", "unmute alerts"),
    undo="`alerts.silence` hides them again.",
)
async def unsilence(wanted: UnsilenceInput, context: Context) -> SilencesAnswer:
    """End a silence before its time; what it hid and still fires is shown."""
    name, desk = wanted.silence.strip(), context.get(AlertDesk)
    if any(each.id == name and not reached(each.channel, context) for each in await desk.alerts.silences(context.now)):
        raise NotFound(f"there is no silence {name!r}", mend="`alerts.silences` shows those there are.")
    view = await _view(await desk.unsilence(name), context)
    return SilencesAnswer(summary=f"Alerts about {view.what} are told again.", silences=(view,))


@operation(
    "alerts.silences",
    title="Silences",
    permission="alerts:read",
    examples=("which silences are active?", "what is silenced?", "list silences"),
)
async def silences(_: NoInput, context: Context) -> SilencesAnswer:
    """What is hidden now, until when, and why; what is hidden in others' direct messages is theirs."""
    active = await context.get(AlertStore).silences(context.now)
    found = tuple([await _view(each, context) for each in active if reached(each.channel, context)])
    zone = context.identity.timezone
    rows = tuple((each.what, clock(each.until, zone, context.now), each.reason, each.id) for each in found)
    return SilencesAnswer(
        summary=f"Silences: {len(found)}." if found else "Nothing is silenced.",
        grid=Grid(columns=("what", "until", "why", "id"), rows=rows) if rows else None,
        silences=found,
    )


# ---------------------------------------------------------------- within


async def _silences(wanted: SilenceInput, context: Context) -> tuple[Silence, ...]:
    """One, or one for each service that an alert is about: a service that is not named is not hidden."""
    until = ahead(wanted.until, context.now, context.identity.timezone)
    channel = "" if wanted.everywhere else context.origin.channel or ""
    service = context.get(Observatory).service(wanted.service).name if wanted.service else ""
    watch = (
        await keeping.named(context.get(WatchStore), wanted.watch, viewer(context)) if wanted.watch.strip() else None
    )
    base = Silence(
        "", until, context.identity.id, context.now, channel, wanted.environment, service,
        await _signal(wanted.signal.strip(), context), watch.id if watch else "", wanted.reason.strip(),
    )  # fmt: skip
    made = [base]
    if wanted.alert:
        alert = await known(wanted.alert, context)
        base = replace(base, channel="" if wanted.everywhere else alert.channel)
        findings = alert.open or alert.findings
        made = list(dict.fromkeys(_about(each, base) for each in findings))
        if not 0 < len(made) <= MOST_AT_ONCE:
            raise InvalidInput(
                f"{alert.id} is about {len(made) or 'no'} things, and {MOST_AT_ONCE} are the most",
                mend=_instead(findings),
            )
    elif not (service or base.signal or base.watch or wanted.environment):
        raise InvalidInput("it is not said what is to be silent", mend="Name an alert, a service, a signal or a watch.")
    for each in made:
        if not each.channel or until - context.now > FREELY:
            scope, days = Scope(each.service, each.environment), FREELY.days
            deed = f"silence alerts {'everywhere' if not each.channel else f'for more than {days} days'}"
            require("alerts:admin", deed, scope, f"Say it in the channel, for at most {days} days.", context)
    ids = (f"sil-{digest(context.idempotency_key, str(number))[:10]}" for number in range(len(made)))
    return tuple(replace(each, id=name) for each, name in zip(made, ids, strict=False))


def _about(finding: Finding, base: Silence) -> Silence:
    """What names no service is told apart by what it is and who found it: it must not hide all others."""
    subject = finding.subject
    narrow = replace(base, environment=base.environment or subject.environment, service=base.service or subject.service)
    if narrow.service:
        return narrow
    return replace(narrow, signal=base.signal or subject.signal, watch=base.watch or finding.watch)


def _instead(findings: Sequence[Finding]) -> str:
    if not findings:
        return "It has become part of another: `alerts.list` shows what fires."
    watches = ", ".join(dict.fromkeys(each.watch for each in findings))
    return f"Name one of its services too; or name, instead of the alert, the watch ({watches})."


async def _signal(said: str, context: Context) -> str:
    """As it is called, by the words that people have for it. What nothing is called would hide nothing."""
    vocabulary = context.get(Observatory).vocabulary
    metrics = (*vocabulary.metrics, *NO_METRICS)
    if said in {"", *metrics}:
        return said
    alerts = [each for each in await context.get(AlertStore).find(limit=MOST_READ) if visible(each, context)]
    told = {each.subject.signal for alert in alerts for each in alert.findings}
    if said in told:
        return said
    if (name := metric_of(said, vocabulary)) in metrics:
        return name
    near = get_close_matches(said, [*metrics, *sorted(told)], n=3, cutoff=0.4)
    mend = f"Did you mean {', '.join(near)}?" if near else f"There are {', '.join(metrics)}."
    raise NotFound(f"there is no signal {said!r}", mend=mend)


async def _view(silence: Silence, context: Context) -> SilenceView:
    return SilenceView(
        id=silence.id,
        what=await _hidden(silence, context),
        until=silence.until,
        created_by=silence.created_by,
        reason=silence.reason,
    )


async def _hidden(silence: Silence, context: Context) -> str:
    about = " of ".join(filter(None, (silence.signal, silence.service))) or "everything"
    where = f" in {silence.environment}" if silence.environment else ""
    watch = await context.get(WatchStore).get(silence.watch) if silence.watch else None
    name = watch.name if watch and viewer(context).sees(watch) else silence.watch
    return f"{about}{where}{f' found by “{name}”' if name else ''}"
