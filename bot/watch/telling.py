"""Alerts in words: one sentence, and lines for the thread; without times of day, which each reader's face writes.

Words from outside are data: one line each, without what cannot be seen, and short.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.telemetry.charts.words import clean, counted, cut
from bot.telemetry.rootcause.case import Kind, kind_of
from bot.telemetry.signals import Change
from bot.telemetry.units import digits, duration
from bot.watch.alerts import Alert, AlertState, Lesson, Origin, Silence, Verdict
from bot.watch.finding import Family, Finding
from bot.watch.watches import QUIETEST, Watch

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
_VERDICTS: Final[Mapping[Verdict, str]] = {
    "noise": "finds it noise",
    "useful": "finds it useful",
    "none": "takes back what they said of it",
}
_IS: Final = re.compile(r" (?:is|was) ")
_MEASURED: Final = frozenset({Family.DEVIATION, Family.TREND, Family.THRESHOLD, Family.CHANGE})


# ---------------------------------------------------------------- one sentence


def title(findings: Sequence[Finding], origins: Sequence[Origin] = ()) -> str:
    """Who is likely the origin leads, where something was found of it; then whom else it meets."""
    first = lead(findings, origins)
    others = list(dict.fromkeys(each.subject.service for each in _alive(findings)))
    others = [clean(each, MOST_NAME) for each in others if each not in {"", first.subject.service}]
    parts = [f"{_headline(first)}{_because(first, origins)}"]
    if others:
        few = len(others) <= FEW
        parts.append(f"also {' and '.join(others) if few else counted(len(others), 'more service')}")
    if suspected := _suspected(first.subject.service, origins):
        parts.append(suspected)
    return cut("; ".join(parts), MOST_TITLE)


def lead(findings: Sequence[Finding], origins: Sequence[Origin]) -> Finding:
    """What the title is about: the first one that is open, unless the origin is as good as known; of a service a
    number before lines of its logs.
    """
    there = _alive(findings)
    known = origins[0].service if origins and origins[0].confidence >= SURE else ""
    service = known if any(each.subject.service == known for each in there) else there[0].subject.service
    its = [each for each in there if each.subject.service == service]
    return next((each for each in its if each.family is not Family.PATTERN), its[0])


def _alive(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Of what is over, all of it."""
    return [each for each in findings if each.open] or findings


def retold(before: Alert | None, after: Alert) -> Alert:
    """With its title and its reasons as its findings are now: one message has one number of one thing."""
    now = {each.key: each.words for each in after.findings}
    said: dict[tuple[str, str], set[str]] = {}
    for each in (*(before.findings if before else ()), *after.findings):
        said.setdefault((each.subject.service, each.words), set()).add(now.get(each.key, each.words))

    def because(origin: Origin) -> str:
        """In new words, where it is clear which finding the old ones were of."""
        words = said.get((origin.service, origin.because), set())
        return next(iter(words)) if len(words) == 1 else origin.because

    found = tuple(replace(each, because=because(each)) for each in after.origins)
    return replace(after, origins=found, title=title(after.findings, found))


def _because(lead: Finding, origins: Sequence[Origin]) -> str:
    """What speaks for the origin beside what leads."""
    own = next((each.because for each in origins[:1] if each.service == lead.subject.service), "")
    same = _IS.split(own, 1)[0] == _IS.split(lead.words, 1)[0]
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
    """What numbers mean, where that is known, and they still are so."""
    if finding.family not in _MEASURED or not finding.open:
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
    return cut(f"part of another alert: {other}", MOST_TITLE)


def done(change: Change, onset: datetime) -> str:
    """`deploy 2.14.1, 2 minutes before`."""
    minutes = round((onset - change.at).total_seconds() / 60)
    when = f"{counted(abs(minutes), 'minute')} {'before' if minutes > 0 else 'after'}" if minutes else "as it began"
    return f"{cut(f'{change.kind} {clean(change.version, MOST_NAME)}'.strip(), MOST_NAME)}, {when}"


# ---------------------------------------------------------------- what verdicts changed


def learned(lessons: Iterable[Lesson]) -> str:
    """A clause: "from now on, latency of payments must be about 3 times as unusual as at first before I speak up"."""
    places: dict[tuple[float, bool, str], list[str]] = {}
    for each in lessons:
        places.setdefault((each.now, each.step < 0, each.service), []).append(each.signal)
    said = (_learned(_of(service, those) or "this", more, sooner) for (more, sooner, service), those in places.items())
    return f"from now on, {'; '.join(said)}"


def _learned(what: str, more: float, sooner: bool) -> str:  # noqa: FBT001
    if not more:
        return f"I speak of {what} as soon as at first"
    if sooner:
        return f"I speak of {what} sooner again: when it is {_rarer(more)}"
    return f"{what} must be {_rarer(more)} before I speak up"


def quieter(watch: Watch) -> tuple[str, ...]:
    """Where feedback made it so, and by how much."""
    places = watch.learned.items()
    return tuple(f"{_of(of, [what]) or 'all of it'} must be {_rarer(more)}" for (of, what), more in places if more)


def _of(service: str, signals: Sequence[str]) -> str:
    what = " and ".join(clean(each.replace("_", " "), MOST_NAME) for each in signals)
    return " of ".join(filter(None, (what, clean(service, MOST_NAME))))


def _rarer(more: float) -> str:
    most = " (feedback makes it no quieter)" if more >= QUIETEST else ""
    return f"about {digits(10.0**more, 1)} times as unusual as at first{most}"


# ---------------------------------------------------------------- what is new


def news(before: Alert | None, after: Alert, silence: Silence | None = None) -> tuple[str, ...]:
    """What the thread of its message is told when it changes; nothing where nobody needs to know.

    `silence` is the one that hides it; its time stands in the line as `moment` writes it.
    """
    return tuple(_news(before, after, silence)) if before is not None else ()


def moment(at: datetime) -> str:
    """For each reader's face to find, and to write in that reader's zone."""
    return at.isoformat()


def _news(before: Alert, after: Alert, silence: Silence | None) -> Iterator[str]:
    over = after.state is AlertState.RESOLVED
    if over and not after.findings:
        if before.state is AlertState.FIRING:
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
    yield from _moves(before, after, silence)
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


def _moves(before: Alert, after: Alert, silence: Silence | None) -> Iterator[str]:
    if after.acknowledged_by and after.acknowledged_by != before.acknowledged_by:
        yield f"{after.acknowledged_by} looks at it"
    if before.acknowledged_by and not after.acknowledged_by and after.reopened == before.reopened:
        yield f"{before.acknowledged_by} does not look at it any more"
    if bool(after.silence) != bool(before.silence):
        yield _silenced(silence) if after.silence else "no longer silenced"
    for each in after.judgements:
        if each.lessons and each not in before.judgements:
            otherwise = ". Whoever sees it otherwise presses Useful" if each.verdict == "noise" else ""
            yield f"{each.person} {_VERDICTS[each.verdict]}: {learned(each.lessons)}{otherwise}"


def _silenced(silence: Silence | None) -> str:
    if silence is None:
        return "silenced"
    why = f": {clean(silence.reason, MOST_WORDS)}" if silence.reason.strip() else ""
    return f"{silence.created_by} silenced it until {moment(silence.until)}{why}"


def over(alert: Alert) -> datetime:
    """When the last of it ended; of one that somebody called over, when that was."""
    burning = _left(alert)
    ends = () if alert.open else (each.ended for each in alert.findings if each.ended and each not in burning)
    return max(ends, default=alert.resolved_at or alert.changed_at)


def _left(after: Alert) -> list[Finding]:
    """Budgets that burn on, though it is over."""
    return [each for each in after.findings if each.family is Family.BURN and each.ended == after.resolved_at]


def _ended(after: Alert) -> str:
    if after.open:
        return "said to be over; it is quiet until it has ended and comes back"
    if after.unwatched:
        return "not watched any more, since its watch rests or was deleted: this may go on"
    left = "".join(f"; what it has cost stays: {line(each)}" for each in _left(after)[:1])
    return f"over after {_long(over(after) - after.since)}{left}"


def _long(span: timedelta) -> str:
    return duration(max(0.0, span.total_seconds()))


def _first(alert: Alert) -> str:
    return alert.origins[0].service if alert.origins else ""
