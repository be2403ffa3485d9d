"""From what somebody wants to be silent to silences: until when, where, and of what, by names that there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input
from bot.errors import InvalidInput, NotFound
from bot.guard.canonical import digest
from bot.language.ranges import find
from bot.language.ranges.ahead import AHEAD, ahead
from bot.language.ranges.coming import ending
from bot.observatory.observatory import Observatory
from bot.observatory.question import clock
from bot.operations.aiming import metric_of
from bot.operations.alerts import MOST_READ, known, visible
from bot.operations.observing import Environment
from bot.operations.trying import require, viewer
from bot.telemetry.vocabulary import Scope
from bot.watch import keeping
from bot.watch.alerts import Alert, AlertStore, Silence
from bot.watch.finding import Finding
from bot.watch.watches import WatchStore

MOST_AT_ONCE: Final = 24
FREELY: Final = timedelta(days=7)
"""Longer, or in all channels, is not for everybody to say."""
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d\b")
NO_METRICS: Final = ("logs", "traces", "slo", "watch")
"""Signals that are no metric; `watch` is that one sees nothing."""


class SilenceInput(Input):
    """What to hide, and until when. What is left out fits everything; one thing has to be named.

    Of an alert the very signals that were found are hidden; with one of its services named, all of that service.
    """

    aside = frozenset({"starts", "signal", "watch", "environment", "everything", "everywhere"})
    alert: str = Field("", description="The signals that this alert is about, and no others.", max_length=100)
    starts: str = Field(
        "",
        description="From when, if not from now on: tonight 22:00, friday 9am. A length counts from then.",
        max_length=100,
    )
    until: str = Field("2 hours", description=f"{AHEAD}.", max_length=100)
    service: str = Field("", description="Of this service: whatever it is, or only the signal below.", max_length=100)
    signal: str = Field("", description="Only of this metric; or logs, traces, slo, an alert's name.", max_length=100)
    watch: str = Field("", description="Only what this watch finds: its id, or words of its name.", max_length=100)
    environment: Environment | Literal[""] = Field("", description="Only of this environment.")
    everything: bool = Field(False, description="Whatever it is about, where nothing above narrows it down.")
    everywhere: bool = Field(False, description="In all channels, and not only in this one.")
    reason: str = Field("", description="Why, for those who wonder.", max_length=500)


async def silences_of(wanted: SilenceInput, context: Context) -> tuple[Silence, ...]:
    """One, or one for each signal that an alert is about: what was not found is not hidden."""
    starts = _start(wanted.starts.strip(), context)
    until = _end(wanted.until, starts, context)
    channel = "" if wanted.everywhere else context.origin.channel or ""
    service = context.get(Observatory).service(wanted.service).name if wanted.service else ""
    watch = (
        await keeping.named(context.get(WatchStore), wanted.watch, viewer(context)) if wanted.watch.strip() else None
    )
    base = Silence(
        "", until, context.identity.id, context.now, channel, wanted.environment, service,
        await _signal(wanted.signal.strip(), context), watch.id if watch else "", wanted.reason.strip(),
        context.origin.workspace or "", starts=starts,
    )  # fmt: skip
    made = [base]
    if wanted.alert:
        alert = await known(wanted.alert, context)
        base = replace(base, channel="" if wanted.everywhere else alert.channel)
        findings = _of(service, alert)
        made = list(dict.fromkeys(_about(each, base) for each in findings))
        if not 0 < len(made) <= MOST_AT_ONCE:
            raise InvalidInput(
                f"{alert.id} is about {len(made) or 'no'} things, and {MOST_AT_ONCE} are the most",
                mend=_instead(findings),
            )
    elif not (service or base.signal or base.watch or wanted.environment or wanted.everything):
        mend = "Name an alert, a service, a signal or a watch; or say that it is everything."
        raise InvalidInput("it is not said what is to be silent", mend=mend)
    for each in made:
        if not each.channel or until - (starts or context.now) > FREELY:
            scope, days = Scope(each.service, each.environment), FREELY.days
            deed = f"silence alerts {'everywhere' if not each.channel else f'for more than {days} days'}"
            require("alerts:admin", deed, scope, f"Say it in the channel, for at most {days} days.", context)
    ids = (f"sil-{digest(context.idempotency_key, str(number))[:10]}" for number in range(len(made)))
    return tuple(replace(each, id=name) for each, name in zip(made, ids, strict=False))


def _start(said: str, context: Context) -> datetime | None:
    """None: at once, also where the time came while the form was looked at."""
    if said.lower() in {"", "now"}:
        return None
    zone, now = context.identity.timezone, context.now
    begun = find(said, now, zone) if _WRITTEN.match(said) else None
    if begun and begun.at == (0, len(said)) and begun.start <= now:
        return None
    return ahead(said, now, zone)


def _end(said: str, starts: datetime | None, context: Context) -> datetime:
    zone = context.identity.timezone
    if starts is None:
        return ahead(said, context.now, zone)
    try:
        return ending(said, starts, context.now, zone)
    except InvalidInput as error:
        begins = clock(starts, zone, context.now)
        mend = "Say an end that is, or how long it lasts."
        raise InvalidInput(f"{said!r} is not after its start ({begins})", mend=mend) from error


def _of(service: str, alert: Alert) -> Sequence[Finding]:
    """What is open of it, if anything is; with a service only what is of that."""
    mine = [each for each in alert.findings if service in {"", each.subject.service}]
    if service and not mine:
        about = ", ".join(alert.services) or "no service"
        raise InvalidInput(f"{alert.id} is not about {service!r}", mend=f"It is about {about}.")
    return [each for each in mine if each.open] or mine


def _about(finding: Finding, base: Silence) -> Silence:
    """The signal that was found, unless its service was named; without a service also who found it must fit."""
    subject = finding.subject
    narrow = replace(base, environment=base.environment or subject.environment, service=base.service or subject.service)
    if base.service:
        return narrow
    watch = base.watch or ("" if narrow.service else finding.watch)
    return replace(narrow, signal=base.signal or subject.signal, watch=watch)


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
