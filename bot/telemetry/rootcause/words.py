"""Evidence in words: short, numbers with units, no jargon."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.telemetry.rootcause.case import LogDelta
from bot.telemetry.rootcause.spans import Operation
from bot.telemetry.rootcause.strength import Deviation
from bot.telemetry.signals import Change
from bot.telemetry.units import shown

LONG: Final = 90
"""Outside text is quoted to so many characters."""
WORTH_SAYING: Final = 1.2


def cut(text: str, long: int = LONG) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= long else f"{flat[: long - 1]}…"


def deviation(one: Deviation) -> str:
    """`latency p95 420 ms → 1.9 s (4.5×)`."""
    metric = one.metric
    name, during = cut(metric.name.replace("_", " ")) or metric.kind, shown(one.during, metric.unit)
    if one.new:
        return f"{name} {during}; it was not there before"
    times = one.during / one.before if one.before > 0 and one.during > 0 else 0.0
    more = f" ({times:.1f}×)" if times >= WORTH_SAYING else ""
    return f"{name} {shown(one.before, metric.unit)} → {during}{more}"


def change(what: Change, onset: datetime) -> str:
    """`deploy of checkout 2.14.1 at 14:03, 2 minutes before`."""
    minutes = round((onset - what.at).total_seconds() / 60)
    far = f"{abs(minutes)} minute{'' if abs(minutes) == 1 else 's'}"
    when = f"{far} before" if minutes > 0 else f"{far} after it began" if minutes else "just as it began"
    return f"{what.kind} of {cut(f'{what.service} {what.version}')} at {what.at:%H:%M}, {when}"


def stopped(parent: Operation, child: Operation, share: float) -> str:
    """`“GET /cart” stopped calling redis’s “get”`, or calls it at so small a share of what is usual."""
    if share:
        return f"“{cut(parent[1])}” calls {callee(parent, child)} {share:.0%} as often as usual"
    return f"“{cut(parent[1])}” stopped calling {callee(parent, child)}"


def callee(parent: Operation, child: Operation) -> str:
    return f"“{cut(child[1])}”" if parent[0] == child[0] else f"{child[0]}’s “{cut(child[1])}”"


def saying(delta: LogDelta) -> str:
    seen, expected = round(delta.seen), round(delta.expected)
    what = "error lines" if delta.bad else "lines"
    if not expected:
        return f"new {what}: “{cut(delta.pattern)}” ×{seen:,}"
    return f"{what} “{cut(delta.pattern)}” ×{seen:,}, usually ×{expected:,}"
