"""What the lines of a window say, by template: how much, how badly, when, and what is new or surging against before.

The lines of both windows are mined together, so that a template means the same in both. Rates are compared, not counts,
and over the time that was really read: a page that was cut covers less than its window, and says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from bot.telemetry.pattern_messages import message_of
from bot.telemetry.pattern_mining import Group, Mined, Miner, Variable, grouped, mine, spread, variables
from bot.telemetry.signals import Floats, Level, LogLine, Window

__all__ = [
    "Against",
    "Group",
    "LogPatterns",
    "Mined",
    "Miner",
    "Pattern",
    "Variable",
    "message_of",
    "mine",
    "patterns",
]

BUCKETS: Final = 12
EXAMPLES: Final = 5
TRACES: Final = 5
ALPHA: Final = 0.01
"""What chance may do in one comparison of all patterns; each gets its part of it."""
SURGE: Final = 2.0
"""A surge is at least so many times what it was."""
BEYOND_ALL: Final = 1.5
"""… and at least so many times what all the other lines did."""
FEWEST: Final = 5
_TRACE_FIELDS: Final = ("trace_id", "traceId", "traceID", "trace.id", "traceid")


@dataclass(frozen=True, slots=True)
class Against:
    """How often a template came, against the window before; rates are lines a second over what was read."""

    count_before: int
    rate: float
    rate_before: float
    chance: float
    """How probable such a difference is, were nothing changed."""
    new: bool
    surging: bool

    @property
    def ratio(self) -> float:
        return self.rate / self.rate_before if self.rate_before else math.inf


@dataclass(frozen=True, slots=True)
class Pattern:
    """One template and its lines."""

    template: str
    occurrences: int
    share: float
    """Of all lines that were read."""
    levels: Mapping[Level, int]
    buckets: tuple[int, ...]
    variables: tuple[Variable, ...]
    examples: tuple[LogLine, ...]
    traces: tuple[str, ...]
    against: Against | None

    @property
    def new(self) -> bool:
        return self.against is not None and self.against.new

    @property
    def surging(self) -> bool:
        return self.against is not None and self.against.surging

    @property
    def words(self) -> str:
        """What stands out, if anything does."""
        if self.against is None:
            return ""
        if self.new:
            sure = "" if self.against.chance < ALPHA else ", so few that chance explains it"
            return f"new, {self.occurrences:,} times and never in the window before{sure}"
        if self.surging:
            before = f"{self.against.count_before:,} before"
            return f"surging, {self.against.ratio:.2g} times as often as before ({self.occurrences:,}, {before})"
        return ""


@dataclass(frozen=True, slots=True)
class LogPatterns:
    """Templates by occurrences; `gone` are those of the window before that would have come again."""

    patterns: tuple[Pattern, ...]
    lines: int
    levels: Mapping[Level, int]
    read: Window
    """What the lines cover; less than was asked where the page was cut."""
    bucket_seconds: float
    gone: tuple[tuple[str, int], ...]
    cut: bool
    words: str

    @property
    def new(self) -> tuple[Pattern, ...]:
        return tuple(each for each in self.patterns if each.new)

    @property
    def surging(self) -> tuple[Pattern, ...]:
        return tuple(each for each in self.patterns if each.surging)


@dataclass(frozen=True, slots=True)
class _Line:
    line: LogLine
    text: str
    level: Level
    trace: str


def _read(line: LogLine) -> _Line:
    text, fields, level = message_of(line.text)
    trace = next((found for name in _TRACE_FIELDS if (found := line.labels.get(name) or fields.get(name, ""))), "")
    return _Line(line, text, line.level if line.level != "unknown" else level, trace)


def covered(lines: Sequence[LogLine], window: Window, *, cut: bool, newest_first: bool = True) -> Window:
    """The part of a window that a page of lines tells of."""
    if not cut or not lines:
        return window
    times = [line.at for line in lines]
    if newest_first:
        return Window(max(window.start, min(times)), window.end)
    return Window(window.start, min(window.end, max(times) + timedelta(milliseconds=1)))


def patterns(
    lines: Sequence[LogLine],
    window: Window,
    before: Sequence[LogLine] | None = None,
    *,
    before_window: Window | None = None,
    cut: bool = False,
    before_cut: bool = False,
    newest_first: bool = True,
    buckets: int = BUCKETS,
) -> LogPatterns:
    """The patterns of the lines; `cut` says that there were more lines than these."""
    now = [_read(line) for line in lines]
    then = [_read(line) for line in before or ()]
    mined = grouped([each.text for each in now] + [each.text for each in then])
    read = covered(lines, window, cut=cut, newest_first=newest_first)
    read_before = covered(before or (), before_window or window.before(), cut=before_cut, newest_first=newest_first)
    times = np.array([each.line.at.timestamp() for each in now])
    seconds = max(read.seconds, 1.0), max(read_before.seconds, 1.0)
    found: list[Pattern] = []
    gone: list[tuple[str, int]] = []
    for group in mined.groups:
        here = [at for at in group.members if at < len(now)]
        count_before = group.count - len(here)
        if not here:
            if _chance(0, count_before, seconds[0] / sum(seconds)) < ALPHA:
                gone.append((group.template, count_before))
            continue
        against = (
            None
            if before is None
            else _against((len(here), count_before), (len(now), len(then)), seconds, len(mined.groups))
        )
        found.append(_pattern(group.template, [now[at] for at in here], times[here], read, len(now), buckets, against))
    found.sort(key=lambda each: (-each.occurrences, each.template))
    levels = _levels(now)
    return LogPatterns(
        tuple(found),
        len(now),
        levels,
        read,
        read.seconds / buckets,
        tuple(gone),
        cut,
        _said(found, gone, len(now), levels, cut=cut),
    )


def _levels(lines: Sequence[_Line]) -> dict[Level, int]:
    return dict(Counter(each.level for each in lines).most_common())


def _pattern(
    template: str,
    lines: Sequence[_Line],
    times: Floats,
    read: Window,
    total: int,
    buckets: int,
    against: Against | None,
) -> Pattern:
    places = np.clip((times - read.start.timestamp()) / max(read.seconds, 1e-9) * buckets, 0, buckets - 1)
    in_order = [lines[at] for at in np.argsort(times, kind="stable")]
    traces = dict.fromkeys(each.trace for each in in_order if each.trace)
    return Pattern(
        template,
        len(lines),
        len(lines) / total,
        _levels(lines),
        tuple(np.bincount(places.astype(np.int64), minlength=buckets).tolist()),
        variables(template, [each.text for each in lines]),
        tuple(each.line for each in spread(in_order, EXAMPLES)),
        spread(list(traces), TRACES),
        against,
    )


def _chance(count: int, count_before: int, part: float) -> float:
    """How probable so uneven a split is where `part` of all is expected now: likelihood ratio, χ² of one degree."""
    total = count + count_before
    ratio = sum(
        seen * math.log(seen / (total * expected))
        for seen, expected in ((count, part), (count_before, 1.0 - part))
        if seen
    )
    return math.erfc(math.sqrt(max(0.0, ratio)))


def _against(counts: tuple[int, int], all_lines: tuple[int, int], seconds: tuple[float, float], many: int) -> Against:
    count, count_before = counts
    rate, rate_before = count / seconds[0], count_before / seconds[1]
    others = (all_lines[0] - count) / seconds[0], (all_lines[1] - count_before) / seconds[1]
    chance = _chance(count, count_before, seconds[0] / sum(seconds))
    all_else = max(1.0, others[0] / others[1]) if others[1] else 1.0
    surging = (
        count_before > 0
        and count >= FEWEST
        and rate >= SURGE * rate_before
        and rate >= BEYOND_ALL * all_else * rate_before
        and chance < ALPHA / many
    )
    return Against(count_before, rate, rate_before, chance, new=not count_before, surging=surging)


def _said(
    found: Sequence[Pattern],
    gone: Sequence[tuple[str, int]],
    total: int,
    levels: Mapping[Level, int],
    *,
    cut: bool,
) -> str:
    bad = levels.get("error", 0) + levels.get("fatal", 0)
    lines = f"{total:,} lines of {len(found):,} patterns" + (f", {bad:,} of them errors" if bad else "")
    new = sum(each.new for each in found)
    surging = sum(each.surging for each in found)
    marked = ((new, "new"), (surging, "surging"), (len(gone), "gone"))
    changes = ", ".join(f"{count} {word}" for count, word in marked if count)
    page = "; only the page that was read, there were more lines" if cut else ""
    return f"{lines}{f' ({changes})' if changes else ''}{page}."
