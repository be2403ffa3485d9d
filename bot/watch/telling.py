"""Alerts in words: one sentence, and lines for the thread; without times of day, which each reader's face writes.

Words from outside are data: one line each, without what cannot be seen, and short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.telemetry.charts.words import clean, counted, cut
from bot.telemetry.rootcause.case import Kind, kind_of
from bot.telemetry.signals import Change
from bot.telemetry.units import duration
from bot.watch.alerts import Alert, AlertState, Origin
from bot.watch.finding import Family, Finding

MOST_TITLE: Final = 280
MOST_WORDS: Final = 160
MOST_NAME: Final = 60
MOST_BECAUSE: Final = 90
MOST_LINES: Final = 4
BLIND: Final = "watch"
"""The signal of a watch that sees nothing."""
LIKELY: Final = 0.4
"""A confidence below which nobody is named …"""
SURE: Final = 0.6
"""… and from which on the sentence begins with it."""
FEW: Final = 2
"""So many others are named."""

_STATES: Final[Mapping[tuple[Kind, str], str]] = {
    ("latency", "high"): "is slow",
    ("errors", "high"): "fails more than usual",
    ("availability", "low"): "fails more than usual",
    ("traffic", "high"): "gets more traffic",
    ("traffic", "low"): "gets less traffic",
    ("memory", "high"): "needs more memory",
    ("cpu", "high"): "needs more CPU",
    ("gpu", "high"): "has busy GPUs",
}
_SIGNALS: Final[Mapping[tuple[str, str], str]] = {
    ("cost", "high"): "costs more",
    ("tokens", "high"): "uses more tokens",
    ("refusals", "high"): "refuses more",
}
_MEASURED: Final = frozenset({Family.DEVIATION, Family.TREND, Family.THRESHOLD, Family.CHANGE})


# ---------------------------------------------------------------- one sentence


def title(findings: Sequence[Finding], origins: Sequence[Origin] = ()) -> str:
    """Who is likely the origin leads, where something was found of it; then whom else it meets."""
    lead = _lead(findings, origins)
    others = list(dict.fromkeys(each.subject.service for each in findings if each.open))
    others = [clean(each, MOST_NAME) for each in others if each not in {"", lead.subject.service}]
    parts = [f"{_headline(lead)}{_because(lead, origins)}"]
    if others:
        few = len(others) <= FEW
        parts.append(f"also {' and '.join(others) if few else counted(len(others), 'more service')}")
    if suspected := _suspected(lead.subject.service, origins):
        parts.append(suspected)
    return cut("; ".join(parts), MOST_TITLE)


def _lead(findings: Sequence[Finding], origins: Sequence[Origin]) -> Finding:
    """The first one, unless the origin is as good as known."""
    first = origins[0].service if origins and origins[0].confidence >= SURE else ""
    return next((each for each in findings if each.open and each.subject.service == first), findings[0])


def _because(lead: Finding, origins: Sequence[Origin]) -> str:
    """What speaks for the origin beside what leads."""
    own = next((each.because for each in origins[:1] if each.service == lead.subject.service), "")
    same = own.partition(" is ")[0] == lead.words.partition(" is ")[0]
    return f" ({clean(own, MOST_BECAUSE)})" if own and not same else ""


def line(finding: Finding) -> str:
    """One finding, as a line of a list."""
    return f"{_who(finding)}: {clean(finding.words, MOST_WORDS)}"


def _headline(finding: Finding) -> str:
    state = _state(finding)
    return f"{_who(finding)}{f' {state}' if state else ''}: {clean(finding.words, MOST_WORDS)}"


def _who(finding: Finding) -> str:
    subject = finding.subject
    service, signal, detail = (clean(each, MOST_NAME) for each in (subject.service, subject.signal, subject.detail))
    if finding.family is Family.OUTSIDE:
        return f"{signal} at {service}" if service else signal
    if signal == BLIND:
        return f"the watch {detail}"
    if finding.family is Family.BURN and detail:
        return f"{service}, {detail}"
    return service or clean(subject.environment, MOST_NAME) or "the platform"


def _state(finding: Finding) -> str:
    """What numbers mean, where that is known."""
    if finding.family not in _MEASURED:
        return ""
    signal, direction = finding.subject.signal, finding.direction
    return _SIGNALS.get((signal, direction)) or _STATES.get((kind_of(signal), direction), "")


def _suspected(lead: str, origins: Sequence[Origin]) -> str:
    """Nobody is named who is not likely."""
    if not origins or origins[0].confidence < LIKELY:
        return ""
    first = origins[0]
    why = f" ({clean(first.because, MOST_BECAUSE)})" if first.because else ""
    if first.service == lead:
        return ""
    return f"{clean(first.service, MOST_NAME)} is the likely origin{why}"


def joined(other: str) -> str:
    """The title of an alert that turned out to be part of another one."""
    return cut(f"joined with: {other}", MOST_TITLE)


def done(change: Change, onset: datetime) -> str:
    """`deploy 2.14.1, 2 minutes before`."""
    minutes = round((onset - change.at).total_seconds() / 60)
    when = f"{counted(abs(minutes), 'minute')} {'before' if minutes > 0 else 'after'}" if minutes else "as it began"
    return f"{cut(f'{change.kind} {clean(change.version, MOST_NAME)}'.strip(), MOST_NAME)}, {when}"


# ---------------------------------------------------------------- what is new


def news(before: Alert | None, after: Alert) -> tuple[str, ...]:
    """What the thread of its message is told when it changes; nothing where nobody needs to know."""
    return tuple(_news(before, after)) if before is not None else ()


def _news(before: Alert, after: Alert) -> Iterator[str]:
    over = after.state is AlertState.RESOLVED
    if over and not after.findings:
        yield after.title
        return
    again = after.reopened > before.reopened
    if again and not before.flapping:
        yield _back(before, after)
    if after.severity != before.severity and not again:
        yield f"now {after.severity}, was {before.severity}"
    yield from _also(before, after)
    if _first(after) != _first(before) and (suspected := _suspected("", after.origins)):
        yield suspected
    yield from _moves(before, after)
    if over and before.state is AlertState.FIRING and not after.flapping:
        yield _ended(after)


def _back(before: Alert, after: Alert) -> str:
    times = counted(len(after.reopenings), "time")
    if after.flapping:
        return f"it keeps coming and going, back {times} lately: from now on it is told less often"
    calm = after.changed_at - before.resolved_at if before.resolved_at else timedelta(0)
    return f"back after {_long(calm)}"


def _also(before: Alert, after: Alert) -> Iterator[str]:
    known = {each.key for each in before.findings}
    fresh = [each for each in after.findings if each.key not in known]
    yield from (f"also {line(each)}" for each in fresh[:MOST_LINES])
    if len(fresh) > MOST_LINES:
        yield f"and {len(fresh) - MOST_LINES} more"


def _moves(before: Alert, after: Alert) -> Iterator[str]:
    if after.acknowledged_by and after.acknowledged_by != before.acknowledged_by:
        yield f"{after.acknowledged_by} looks at it"
    if before.acknowledged_by and not after.acknowledged_by and after.reopened == before.reopened:
        yield f"{before.acknowledged_by} does not look at it any more"
    if bool(after.silence) != bool(before.silence):
        yield "silenced" if after.silence else "no longer silenced"


def _ended(after: Alert) -> str:
    if after.open:
        return "said to be over; it is quiet until it has ended and comes back"
    assert after.resolved_at is not None
    ends = [each.ended for each in after.findings if each.ended]
    return f"over after {_long(max(ends, default=after.resolved_at) - after.since)}"


def _long(span: timedelta) -> str:
    return duration(max(0.0, span.total_seconds()))


def _first(alert: Alert) -> str:
    return alert.origins[0].service if alert.origins else ""
