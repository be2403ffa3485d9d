"""What verdicts teach: where a watch wants more surprise by them before it speaks, or less; and how that is undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.telemetry.charts.words import clean
from bot.watch.alerts import Alert, Judgement, Lesson, Verdict
from bot.watch.finding import Family, Finding, Subject
from bot.watch.telling import lead, learned
from bot.watch.watches import EVERYWHERE, QUIETEST, Place, Watch

STEPS: Final[Mapping[Verdict, float]] = {"noise": 0.5, "useful": -0.25, "none": 0.0}
"""Added to the surprise that is wanted; it is a power of ten."""


def teach(
    watch: Watch, alert: Alert, verdict: Verdict, before: Judgement | None = None
) -> tuple[Watch, tuple[Lesson, ...]]:
    """The watch with a verdict on what it found, in place of what the same person said `before`."""
    if not watch.aim.learns:
        return watch, ()
    sums = dict(watch.sums)
    undone = [
        each
        for each in (before.lessons if before else ())
        if each.watch == watch.id and before and (watch.tuned_at is None or (each.at or before.at) > watch.tuned_at)
    ]
    for each in undone:
        place = each.service, each.signal
        sums[place] = sums.pop(place, 0.0) - each.step
    steps: dict[Place, float] = {}
    for place in _places(watch, alert) if STEPS[verdict] else ():
        much = sums.pop(place, 0.0)
        # A word leads nowhere beyond the bounds; what others took back may have, and is left as it is.
        low, high = min(0.0, much), max(QUIETEST, much)
        sums[place] = min(high, max(low, much + STEPS[verdict]))
        steps[place] = sums[place] - much
    after = watch.taught(sums)
    was, now = watch.learned, after.learned
    meant = dict.fromkeys([*((each.service, each.signal) for each in undone), *steps])
    lessons = tuple(
        Lesson(watch.id, *place, steps.get(place, 0.0), now.get(place, 0.0))
        for place in meant
        if now.get(place, 0.0) != was.get(place, 0.0) or steps.get(place) or verdict == "noise"
    )
    return (after if after.sums != watch.sums else watch), lessons


def effect(watch: Watch, alert: Alert, judgement: Judgement) -> str:
    """What came of a verdict on what this watch found, as a sentence; nothing where that is nothing."""
    name = f"“{clean(watch.name)}”"
    if lessons := [each for each in judgement.lessons if each.watch == watch.id]:
        return f"{learned(lessons)} (watch {name})"
    if judgement.verdict != "noise" or not (about := _about(watch, alert)):
        return ""
    if not watch.aim.learns:
        return f"{name} goes by a limit that somebody set, which stays"
    gone = not any(map(_graded, about))
    return f"{name} says in any case that something is gone: silence it, if it may be" if gone else ""


def _about(watch: Watch, alert: Alert) -> list[Finding]:
    """Who presses a button below a title means what it leads with: one signal of one service. What else was found is
    heard as before, for another time it may come of something else.
    """
    found = [each for each in alert.findings if each.watch == watch.id]
    meant = lead(alert.findings, alert.origins).subject if found else None
    return [each for each in found if meant and _what(each.subject) == _what(meant)]


def _what(subject: Subject) -> Place:
    return subject.service, subject.signal


def _places(watch: Watch, alert: Alert) -> tuple[Place, ...]:
    meant = [each.subject for each in _about(watch, alert) if _graded(each)]
    return tuple(dict.fromkeys(EVERYWHERE if watch.narrow else (each.service, each.signal) for each in meant))


def _graded(finding: Finding) -> bool:
    """Whether it is told by how unusual it is."""
    gone = finding.family is Family.PATTERN and finding.direction == "low"
    return finding.family is not Family.ABSENCE and not gone
