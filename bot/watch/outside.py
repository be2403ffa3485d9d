"""Alerts that somebody else found: what another system says of them, and what of it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.watch.finding import Finding


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery. What it does not mention goes on as it was: another system tells only what is news."""

    source: str
    """Who says it, as people call it."""
    at: datetime
    findings: tuple[Finding, ...]
    link: str = ""
    """Where it can be looked at; http or https."""


FORGOTTEN: Final = timedelta(days=3)
"""Alertmanager repeats what fires several times a day."""
MOST: Final = 1_000
Intake = Callable[[Report], Awaitable[None]]
"""Keeps a report; what is raised from it makes the other system deliver again."""


def standing(before: Iterable[Finding], report: Report) -> tuple[Finding, ...]:
    """What is open by all that was said until now, and what this report has ended.

    The same report again changes nothing, and one that comes late ends nothing that began after it. What is not told
    for days has ended: that it did was lost.
    """
    told = {each.key: each for each in report.findings}
    found = []
    for known in before:
        news = told.pop(known.key, None)
        late = news is not None and news.ended is not None and news.ended < known.since
        kept = known if news is None or late else known.seen_again(news)
        silent = kept.open and report.at - kept.seen > FORGOTTEN
        found.append(replace(kept, ended=report.at) if silent else kept)
    fresh = sorted((each for each in told.values() if each.open), key=lambda each: each.since)
    return (*found, *fresh[: max(0, MOST - len(found))])


def of_watch(report: Report, watch: str) -> Report:
    """The same, under the name of the group in which it is kept."""
    return replace(report, findings=tuple(replace(each, watch=watch) for each in report.findings))
