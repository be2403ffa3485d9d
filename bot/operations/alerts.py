"""Alerts: which there are, what is behind one, and what people say to them: seen, quiet, useful, noise, over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import NotFound, Refusal
from bot.guard.people import Actor, People
from bot.guard.risk import Risk
from bot.observatory.observatory import Observatory
from bot.observatory.question import capital, clock
from bot.observatory.told import Grid, Step, Told, span_of
from bot.operations.aiming import reached
from bot.operations.observing import Environment, Where, window_of
from bot.operations.trying import here, viewer
from bot.ports import Json
from bot.telemetry.charts.shapes import Amount, Amounts
from bot.telemetry.charts.words import counted
from bot.telemetry.signals import Window
from bot.telemetry.units import duration
from bot.watch.alerts import Alert, AlertState, AlertStore, Severity, Verdict
from bot.watch.desk import AlertDesk
from bot.watch.digests import digest as digest_of
from bot.watch.picturing import Picturing
from bot.watch.ranking import SEVERITIES
from bot.watch.telling import line, over
from bot.watch.topics import EXPLAIN, explained
from bot.watch.watches import WatchState, WatchStore

MOST_READ: Final = 1_000
MOST_ROWS: Final = 50
MOST_SAID: Final = 6
MOST_NAMED: Final = 3
SURE: Final = 0.05
"""Of an origin: less is not worth a word."""
DAYS: Final = {"daily": 1, "weekly": 7}
SAID: Final[Mapping[str, tuple[str, str]]] = {
    "firing": ("fires now", "fire now"),
    "resolved": ("is over", "are over"),
    "fired": ("fired", "fired"),
    "all": ("is there", "are there"),
}
"""What one does, and what several do."""


class AlertInput(Input):
    """Which one."""

    alert: str = Field(description="The id of the alert, as it stands on its message.", max_length=100)


class ListInput(Input):
    """Which ones."""

    state: Literal["", "firing", "resolved", "all"] = Field("", description="Firing, unless a time is named.")
    service: str = Field("", description="Only those that are about this service.", max_length=100)
    severity: Severity | Literal[""] = Field("", description="Only those that are as bad as that.")
    environment: Environment | Literal[""] = Field("", description="Only those of this environment.")
    window: str = Field("", description="Only those that fired then: overnight, today, last 3 hours …", max_length=120)
    here: bool = Field(False, description="Only those that were told in this channel.")


class JudgeInput(AlertInput):
    """What you think of it."""

    verdict: Verdict = Field(description="Your word; the newest counts, and `none` takes it back.")


class DigestInput(Input):
    """Of how long, and of where."""

    period: Literal["daily", "weekly"] = Field("daily", description="Of the last day, or of the last week.")
    everywhere: bool = Field(False, description="Of all channels, and not only of this one.")


class AlertView(Output):
    """An alert, as people read it."""

    id: str
    title: str
    severity: str
    state: str
    channel: str
    environment: str
    services: tuple[str, ...]
    origin: str = ""
    since: datetime
    resolved_at: datetime | None = None
    acknowledged_by: str = ""
    silence: str = ""
    flapping: bool = False
    reopened: int = 0
    findings: int = 0
    source: str = ""
    link: str = ""


class AlertsAnswer(Told):
    """Alerts; in a list the first of them."""

    alerts: tuple[AlertView, ...] = ()
    total: int = 0


class DigestAnswer(Told):
    """A day or a week of alerts."""

    total: int = 0
    held_back: int = 0


@operation(
    "alerts.list",
    title="Alerts",
    permission="alerts:read",
    examples=("what is firing?", "critical alerts of checkout", "which alerts went off overnight?"),
)
async def list_alerts(wanted: ListInput, context: Context) -> AlertsAnswer:
    """Alerts that fire now, or that fired in some time: the worst first."""
    service = context.get(Observatory).service(wanted.service).name if wanted.service else ""
    window = await window_of(Where(window=wanted.window), context) if wanted.window else None
    state = wanted.state or ("all" if window else "firing")
    store, channel = context.get(AlertStore), here(context) if wanted.here else ""
    states = () if state == "all" else (AlertState(state),)
    since = window.start if window else None
    found = await store.find(states=states, channel=channel, since=since, limit=MOST_READ)
    past = window is not None and window.end < context.now and state == "all"
    firing = await store.find(states=(AlertState.FIRING,), channel=channel, limit=MOST_READ) if past else ()
    meant = [
        each
        for each in {each.id: each for each in (*found, *firing)}.values()
        if visible(each, context)
        and not each.part_of
        and service in {"", *each.services}
        and wanted.severity in {"", each.severity}
        and wanted.environment in {"", each.environment}
    ]
    meant.sort(
        key=lambda each: (each.state is not AlertState.FIRING, SEVERITIES.index(each.severity), -each.since.timestamp())
    )
    alerts = [each for each in meant if window is None or _in(each, window)]
    later = [each for each in meant if each not in alerts and each.state is AlertState.FIRING] if past else []
    which = f"{wanted.severity} alert".strip()
    about = (f" of {service}" if service else "") + (f" in {wanted.environment}" if wanted.environment else "")
    one, several = SAID["fired" if window and state == "all" else state]
    many = f"{counted(len(alerts), which)}{about} {one if len(alerts) == 1 else several}"
    return AlertsAnswer(
        summary=f"{many}: {_headlines(alerts)}." if alerts else f"No {which}s{about} {several}.",
        findings=(f"{len(later)} {SAID['firing'][len(later) > 1]}: {_headlines(later)}.",) if later else (),
        window=span_of(window, context.identity.timezone, context.now) if window else None,
        grid=_grid(alerts[:MOST_ROWS], context) if alerts else None,
        steps=tuple(
            Step(label="Show it", operation="alerts.show", values={"alert": each.id}) for each in (later or alerts)[:1]
        ),
        alerts=tuple(map(_view, alerts[:MOST_ROWS])),
        total=len(alerts),
    )


@operation("alerts.show", title="Show an alert", permission="alerts:read", timeout=30, examples=("show alert",))
async def show(wanted: AlertInput, context: Context) -> AlertsAnswer:
    """One alert: whether it is over, who looks after it, what was found, where it comes from, what became of it."""
    alert, observatory = await known(wanted.alert, context), context.get(Observatory)
    likely = [each for each in alert.origins if each.confidence >= SURE]
    origins = [f"Likely origin: {each.service} ({each.confidence:.0%}){_why(each.because)}" for each in likely[:2]]
    changes = [f"Shortly before: {each}" for each in alert.changes[:2]]
    beside = [f"Likely the same trouble as {other.alert}: {other.title}"] if (other := alert.beside) else []
    rows = tuple((clock(at, context.identity.timezone, context.now), what) for at, what in _timeline(alert))
    return AlertsAnswer(
        summary=f"{await _now(alert, context)} {alert.title}.",
        findings=(*(capital(line(each)) for each in alert.findings[:MOST_SAID]), *origins, *changes, *beside),
        where=" in ".join(filter(None, (", ".join(alert.services) or alert.source, alert.environment))),
        window=span_of(Window(alert.since, alert.resolved_at or context.now), context.identity.timezone, context.now),
        query=alert.findings[0].query if alert.findings else "",
        language="promql",
        grid=Grid(title="What became of it", columns=("at", "what"), rows=rows),
        chart=await Picturing(observatory, lambda: context.now).chart(alert),
        steps=_steps(alert, context),
        alerts=(_view(alert),),
    )


@operation(
    "alerts.acknowledge",
    title="Acknowledge an alert",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("acknowledge alert", "ack this alert", "I am on it"),
    undo="`alerts.unacknowledge` takes it back.",
)
async def acknowledge(wanted: AlertInput, context: Context) -> AlertsAnswer:
    """Say that you look after an alert. It goes on firing until what it is about is over."""
    before = await known(wanted.alert, context)
    alert = await context.get(AlertDesk).acknowledge(before.id, context.identity.id)
    mine = alert.acknowledged_by == context.identity.id
    answer = _one(alert, context, f"{'You look' if mine else 'Somebody looks'} after it: {alert.title}.")
    return _with_way_back(answer, "alerts.unacknowledge", {"alert": alert.id}) if mine else answer


@operation(
    "alerts.unacknowledge",
    title="Take an acknowledgement back",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    undo="`alerts.acknowledge` says it again.",
)
async def unacknowledge(wanted: AlertInput, context: Context) -> AlertsAnswer:
    """Say that nobody looks after an alert."""
    before = await known(wanted.alert, context)
    return _one(
        await context.get(AlertDesk).unacknowledge(before.id), context, f"Nobody looks after it: {before.title}."
    )


@operation(
    "alerts.resolve",
    title="Resolve an alert",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("resolve alert", "close this alert"),
    undo="It comes back by itself when what it is about does.",
)
async def resolve(wanted: AlertInput, context: Context) -> AlertsAnswer:
    """Say that an alert is over; it comes back when what it is about ends and begins anew."""
    before = await known(wanted.alert, context)
    return _one(await context.get(AlertDesk).resolve(before.id), context, f"That is over: {before.title}.")


@operation(
    "alerts.judge",
    title="Judge an alert",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("this alert was noise", "this alert was useful"),
    undo="The verdict `none` takes it back.",
)
async def judge(wanted: JudgeInput, context: Context) -> AlertsAnswer:
    """Say whether an alert was useful or noise. The watches that raised it want more, or less, of what it is about."""
    before = await known(wanted.alert, context)
    judged = await context.get(AlertDesk).judge(before.id, context.identity.id, wanted.verdict)
    word = "You say nothing of it any more" if wanted.verdict == "none" else f"You find it {wanted.verdict}"
    effects = tuple(f"{capital(each)}." for each in judged.effects)
    answer = _one(judged.alert, context, f"{word}: {before.title}.", effects)
    if wanted.verdict == "none":
        return answer
    return _with_way_back(answer, "alerts.judge", {"alert": before.id, "verdict": "none"})


# ---------------------------------------------------------------- the digest


@operation(
    "alerts.digest",
    title="Digest of alerts",
    permission="alerts:read",
    examples=("daily digest", "weekly digest", "digest of this week's alerts"),
)
async def digest(wanted: DigestInput, context: Context) -> DigestAnswer:
    """A day or a week of alerts: how many, of whom, how quickly somebody looked, what is noisy, what was held back."""
    channel = "" if wanted.everywhere else context.origin.channel or ""
    window = Window.last(86_400 * DAYS[wanted.period], context.now)
    alerts = [
        each
        for each in await context.get(AlertStore).find(channel=channel, since=window.start, limit=MOST_READ)
        if visible(each, context)
    ]
    watches = [
        each
        for each in await context.get(WatchStore).find(states=(WatchState.ACTIVE,), channel=channel)
        if viewer(context).sees(each)
    ]
    found = digest_of(alerts, watches, window)
    noisy = [
        f"{each.name}: {counted(each.alerts, 'alert')}, {each.noise} of them noise"
        for each in found.noisiest
        if each.noise
    ]
    seen = f"Somebody looked after {duration(found.to_acknowledge.total_seconds())}" if found.to_acknowledge else ""
    held = f"Told nowhere but here: {len(found.held_back)}" if found.held_back else ""
    quiet = f"{len(found.quiet)} of {len(watches)} watches said nothing" if found.quiet else ""
    bars = tuple(Amount(label=each.name, value=each.count, state="warn") for each in found.by_service)
    return DigestAnswer(
        summary=found.summary,
        findings=tuple(each for each in (seen, held, *noisy[:3], quiet) if each),
        window=span_of(window, context.identity.timezone, context.now),
        grid=_grid(found.alerts[:MOST_ROWS], context) if found.alerts else None,
        chart=Amounts(title="Alerts by service", unit="", amounts=bars) if len(bars) > 1 else None,
        total=len(found.alerts),
        held_back=len(found.held_back),
    )


# ---------------------------------------------------------------- within


def visible(alert: Alert, context: Context) -> bool:
    """What was told in a direct message is nobody else's business."""
    ours = alert.workspace in {"", context.origin.workspace or ""}
    return ours and reached(alert.channel, context)


async def called(person: str, context: Context) -> str:
    """Not a mention: what is looked at calls nobody."""
    try:
        return (await context.get(People).identify(Actor(person))).name
    except Refusal:
        return person


async def _now(alert: Alert, context: Context) -> str:
    zone = context.identity.timezone
    if alert.resolved_at:
        lasted = duration((over(alert) - alert.since).total_seconds())
        ended = "Not watched any more" if alert.unwatched else f"Over since {clock(over(alert), zone, context.now)}"
        return f"{ended}; it lasted {lasted}."
    who = await called(alert.acknowledged_by, context) if alert.acknowledged_by else "nobody"
    return f"Firing since {clock(alert.since, zone, context.now)}; {who} is on it."


async def known(alert_id: str, context: Context) -> Alert:
    alert = await context.get(AlertDesk).get(alert_id.strip())
    if not visible(alert, context):
        raise NotFound(f"there is no alert {alert_id[:80]!r}", mend="`alerts.list` shows those that there are.")
    return alert


def _in(alert: Alert, window: Window) -> bool:
    return alert.since < window.end and (alert.resolved_at or window.end) >= window.start


def _one(alert: Alert, context: Context, said: str, findings: tuple[str, ...] = ()) -> AlertsAnswer:
    return AlertsAnswer(summary=said, findings=findings, steps=_steps(alert, context), alerts=(_view(alert),))


def _with_way_back(answer: AlertsAnswer, operation: str, values: Mapping[str, Json]) -> AlertsAnswer:
    return answer.model_copy(update={"steps": (Step(label="Take it back", operation=operation, values=values),)})


def _view(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id,
        title=alert.title,
        severity=alert.severity,
        state=alert.state,
        channel=alert.channel,
        environment=alert.environment,
        services=alert.services,
        origin=alert.origins[0].service if alert.origins else "",
        since=alert.since,
        resolved_at=alert.resolved_at,
        acknowledged_by=alert.acknowledged_by,
        silence=alert.silence,
        flapping=alert.flapping,
        reopened=alert.reopened,
        findings=len(alert.findings),
        source=alert.source,
        link=alert.link,
    )


def _headlines(alerts: Sequence[Alert]) -> str:
    """What the message of each begins with; of one alone, all that it is called."""
    more = f" and {len(alerts) - MOST_NAMED} more" if len(alerts) > MOST_NAMED else ""
    return alerts[0].title if len(alerts) == 1 else "; ".join(map(_headline, alerts[:MOST_NAMED])) + more


def _headline(alert: Alert) -> str:
    return alert.title.partition("; ")[0]


def _grid(alerts: Sequence[Alert], context: Context) -> Grid:
    zone = context.identity.timezone
    rows = tuple(
        (_headline(each), each.severity, clock(each.since, zone, context.now), _standing(each), each.id)
        for each in alerts
    )
    return Grid(columns=("what", "severity", "since", "state", "id"), rows=rows)


def _standing(alert: Alert) -> str:
    if alert.state is AlertState.RESOLVED:
        return "over"
    return "silent" if alert.silence else "seen" if alert.acknowledged_by else "firing"


def _timeline(alert: Alert) -> list[tuple[datetime, str]]:
    """What happened to it, in order."""
    events = [(each.since, f"began: {line(each)}") for each in alert.findings[:MOST_SAID]]
    events += [(each.ended, f"ended: {line(each)}") for each in alert.findings[:MOST_SAID] if each.ended]
    events += [(alert.opened_at, "told")]
    events += [(alert.acknowledged_at, "somebody looked after it")] if alert.acknowledged_at else []
    events += [(each.at, f"found {each.verdict}") for each in alert.judgements if each.verdict != "none"]
    events += [(alert.resolved_at, "over")] if alert.resolved_at else []
    return sorted(events, key=lambda each: each[0])


def _steps(alert: Alert, context: Context) -> tuple[Step, ...]:
    about = {"alert": alert.id}
    why = explained(alert, context.now)
    steps = [Step(label="Explain", operation=EXPLAIN, values=why)] if "service" in why else []
    if alert.state is AlertState.FIRING:
        if not alert.acknowledged_by:
            steps.append(Step(label="Acknowledge", operation="alerts.acknowledge", values=about))
        steps.append(Step(label="Silence", operation="alerts.silence", values=about, form=True))
    verdicts = (("Useful", "useful"), ("Noise", "noise"))
    steps += [
        Step(label=label, operation="alerts.judge", values={**about, "verdict": word}) for label, word in verdicts
    ]
    return tuple(steps)


def _why(because: str) -> str:
    return f": {because}" if because else ""
