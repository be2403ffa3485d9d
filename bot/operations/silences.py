"""Silences: what is hidden for a while, what that hides, and ending one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import InvalidInput
from bot.guard.canonical import digest
from bot.guard.risk import Risk
from bot.language.ranges.ahead import AHEAD, ahead
from bot.observatory.observatory import Observatory
from bot.observatory.question import clock
from bot.observatory.told import Grid, Step, Told
from bot.operations.alerts import known
from bot.operations.observing import Environment
from bot.watch.alerts import AlertStore, Silence
from bot.watch.desk import AlertDesk

MOST_SAID: Final = 6
MOST_AT_ONCE: Final = 8
_ALL: Final = Step(label="Show them", operation="alerts.silences")


class SilenceInput(Input):
    """What to hide, and until when. What is left out fits everything; one thing has to be named."""

    alert: str = Field("", description="Whatever this alert is about.", max_length=100)
    until: str = Field("2 hours", description=f"{AHEAD}.", max_length=100)
    service: str = Field("", description="Only of this service.", max_length=100)
    signal: str = Field("", description="Only of this metric; or logs, traces, slo.", max_length=100)
    watch: str = Field("", description="Only what this watch finds.", max_length=100)
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
    """Hide alerts for a while: what one is about, or those of a service, a signal or a watch. They stay on record."""
    desk, kept = context.get(AlertDesk), await _silences(wanted, context)
    previews = [await (desk.preview(each) if wanted.preview else desk.silence(each)) for each in kept]
    hidden = {alert.id: alert.title for each in previews for alert in each.now}
    week = sum(each.last_week for each in previews)
    until = clock(kept[0].until, context.identity.timezone, context.now)
    what = " and ".join(dict.fromkeys(map(_hidden, kept)))
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
        silences=() if wanted.preview else tuple(map(_silence_view, kept)),
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
    ended = await context.get(AlertDesk).unsilence(wanted.silence.strip())
    return SilencesAnswer(summary=f"Alerts about {_hidden(ended)} are told again.", silences=(_silence_view(ended),))


@operation(
    "alerts.silences",
    title="Silences",
    permission="alerts:read",
    examples=("which silences are active?", "what is silenced?", "list silences"),
)
async def silences(_: NoInput, context: Context) -> SilencesAnswer:
    """What is hidden now, until when, and why."""
    found = tuple(map(_silence_view, await context.get(AlertStore).silences(context.now)))
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
    base = Silence(
        "", until, context.identity.id, context.now, channel, wanted.environment, service, wanted.signal.strip(),
        wanted.watch.strip(), wanted.reason.strip(),
    )  # fmt: skip
    made = [base]
    if wanted.alert:
        alert = await known(wanted.alert, context)
        place = "" if wanted.everywhere else alert.channel
        about = dict.fromkeys((each.subject.service, each.subject.environment) for each in alert.open or alert.findings)
        made = [
            replace(base, channel=place, environment=environment, service=service or name)
            for name, environment in list(about)[:MOST_AT_ONCE]
        ]
    elif not (service or base.signal or base.watch or wanted.environment):
        raise InvalidInput("it is not said what is to be silent", mend="Name an alert, a service, a signal or a watch.")
    ids = (f"sil-{digest(context.idempotency_key, str(number))[:10]}" for number in range(len(made)))
    return tuple(replace(each, id=name) for each, name in zip(made, ids, strict=False))


def _hidden(silence: Silence) -> str:
    about = " ".join(filter(None, (silence.signal, f"of {silence.service}" if silence.service else "everything")))
    watch = f" found by {silence.watch}" if silence.watch else ""
    where = f" in {silence.environment}" if silence.environment else ""
    return f"{about.removeprefix('of ')}{where}{watch}"


def _silence_view(silence: Silence) -> SilenceView:
    return SilenceView(
        id=silence.id,
        what=_hidden(silence),
        until=silence.until,
        created_by=silence.created_by,
        reason=silence.reason,
    )
