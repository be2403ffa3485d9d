"""What a wish to be told says beside the names in it: what is too much, for how long, and what makes it one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.language.understanding import Entity
from bot.ports import Json

_NUMBER: Final = r"(\d{1,12}(?:,\d{3})*(?:\.\d+)?)"
_LASTING: Final = re.compile(
    r"\b(?:for|lasting|sustained for|longer than)\s+(?:at least |more than |longer than |over )?"
    r"((?:\d{1,6}(?:\.\d+)?|half an?|an?|one|two|three|five|ten|fifteen|thirty)\s*"
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?))\b"
)
_EVERY: Final = re.compile(r"\bevery\s+(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?)\b")
_UNDER: Final = re.compile(
    r"(?:<=?|\b(?:below|under|beneath|(?:less|lower|fewer|slower) than|(?:drops?|falls?|sinks?|goes down|down) to))"
    r"\s*(?:\$|usd)?\s*$"
)
_LIMIT: Final = re.compile(
    r"(<=?|>=?|\b(?:above|over|below|under|beneath|exceeds?|passes|reach(?:es)?|hits|crosses|beyond|at|to"
    r"|(?:more|less|greater|higher|lower|fewer) than))\s*(?:\$|usd\s*)?" + _NUMBER + r"(k|m)?"
    r"(?!\s*(?:%|percent|ms\b|s\b|secs?\b|seconds?\b|m\b|min|h\b|hours?\b|days?\b|[.:/-]?\d|[ap]m\b))"
)
_OFF: Final = re.compile(
    r"\b(?:rises?|grows?|increases?|jumps?|drops?|falls?|decreases?|changes?|differs?|deviates?|moves?|up|down|off)"
    r"(?:\s+by)?(?:\s+(?:more than|at least|over))?\s+$"
)
_BY: Final = re.compile(r"\bby(?:\s+(?:more than|at least|over))?\s+$")
_THE_DAY_BEFORE: Final = re.compile(
    r"\b(?:against|compared (?:to|with)|versus|vs\.?|relative to|than|over|from|off|like)\s+"
    r"(?:the (?:same time )?)?(?:a )?(?:yesterday|day before|day earlier|previous day|day ago)\b"
)
_GONE: Final = re.compile(
    r"\b(?:stops?|stopped|ceases?|quits?)\s+(?:sending|reporting|emitting|exporting|producing|publishing|pushing)\b"
    r"|\bgo(?:es)? (?:silent|quiet|dark|missing)\b|\b(?:no|without|loses?|missing) (?:data|metrics|samples|signal)\b"
    r"|\b(?:metrics|data|samples) (?:stop|disappear|go away|vanish)"
)
_IDLE: Final = re.compile(
    r"\b(?:stops?|stopped|ceases?)\s+(?:getting|receiving|serving|handling|taking)\b"
    r"|\b(?:no|without) (?:more )?(?:traffic|requests)\b|\b(?:traffic|requests) (?:stops?|dies|dry up|dries up)\b"
)
_BURNS: Final = re.compile(r"\bbudgets?\b|\bburn(?:s|ing)?\b|\bslos?\b|\bobjectives?\b")
_EVERYTHING: Final = re.compile(
    r"\b(?:everything|all (?:the )?services|the whole (?:platform|system|environment|thing)|all of it|anything)\b"
)
_LINES: Final = re.compile(r"\b(?:logs?|logging|lines?|messages?|says|prints)\b")
_QUOTED: Final = re.compile(r"(?<!\w)[\"“”'‘’`]([^\"“”'‘’`]{1,200})[\"“”'‘’`](?!\w)")
_SHOUTED: Final = re.compile(r"(?<![\w.-])(?:[A-Z]{3,}[A-Za-z]*|[A-Z][a-z]+(?:[A-Z][a-z]*)+)(?![\w.-])")
"""OOM, OOMKilled, NullPointerException: what stands so in a log."""
_FAILS: Final = re.compile(r"\b(?:down|fails?|failing|breaks?|broken|problems?|issues?|trouble|unhealthy)\b")
_SENSITIVE: Final = re.compile(r"\b(low|medium|high) sensitivity\b|\bsensitivity(?: is| of| to)? (low|medium|high)\b")
_HOURS: Final = re.compile(
    r"\b(?:at night|by (?:day|night)|over ?night|(?:on|at|over) (?:the )?(?:weekends?|week ?days|holidays)"
    r"|(?:during|in|within|outside(?: of)?|after|out of) (?:the )?"
    r"(?:day ?time|night|evenings?|mornings?|(?:business|office|working|work|peak|opening) (?:hours|time))"
    r"|(?:between|from) \d{1,2}(?::\d\d)? ?(?:[ap]m)? (?:and|to|till|until) \d{1,2}(?::\d\d| ?[ap]m))",
    re.IGNORECASE,
)
ALL_HOURS: Final = (
    "A watch looks at all hours, and cannot keep to some of them. This one would speak by day and by night.\n\n"
)
_AS_MUCH: Final = {"double": 100.0, "triple": 200.0, "halve": 50.0}
_TURNS: Final = re.compile(r"\b(double|triple|halve)[sd]?\b")
_UP: Final = re.compile(
    r"\b(?:rises?|grows?|increases?|jumps?|doubles?|triples?|(?:goes|moves?|is|are) up|higher|above)\b"
    r"|\bx\s?\d|\d\s?x\b"
)
_DOWN: Final = re.compile(
    r"\b(?:drops?|falls?|sinks?|decreases?|halves?|halved|(?:goes|moves?|is|are) down|lower|below)\b"
)
_BOTH: Final = re.compile(
    r"\b(?:up(?: or | and | ?/ ?)down|down(?: or | and | ?/ ?)up|either (?:way|direction)|both (?:ways|directions))\b"
)
_TIMES: Final = 100.0
_NOTHING: Final = 0.01
"""Requests a second: fewer are none."""
_SIZES: Final = {"k": 1e3, "m": 1e6}
_OFTENEST: Final = 15


def wished(values: dict[str, Json], raw: str, holds: Sequence[Entity]) -> dict[str, Json]:
    """The values with what only such a wish has; what was filled in by the types of things alone is put right."""
    text = _HOURS.sub(lambda hours: " " * len(hours[0]), raw.lower())  # "to 5pm" is no limit
    lasting = _LASTING.search(text)
    values.pop("above", None)
    values |= _amounts(text, holds, lasting.span() if lasting else (0, 0))
    if lasting:
        values["lasting"] = lasting[1]
    if every := _EVERY.search(text):
        seconds = int(every[1]) * (60 if every[2].startswith("m") else 1)
        values["every"] = max(_OFTENEST, seconds)
    if sensitivity := _SENSITIVE.search(text):
        values["sensitivity"] = sensitivity[1] or sensitivity[2]
    return values | _kind(values, raw)


def at_hours(raw: str) -> str:
    """What is to be said of a wish for some hours only."""
    return ALL_HOURS if _HOURS.search(raw) else ""


def _kind(values: dict[str, Json], raw: str) -> dict[str, Json]:
    """What makes it speak, where the limits do not tell; and a metric for what is said without one."""
    text = raw.lower()
    if _LINES.search(text) and (pattern := _QUOTED.search(raw) or _SHOUTED.search(raw)):
        return {"pattern": pattern[pattern.lastindex or 0], "metric": ""}
    if _GONE.search(text):
        return {"kind": "absence"}
    if _IDLE.search(text):
        return {"metric": "throughput", "below": _NOTHING}
    if _BURNS.search(text) and "above" not in values:
        return {"kind": "burn", "metric": ""}
    if "metric" in values or "query" in values:
        return {}
    if _EVERYTHING.search(text) and "service" not in values:
        return {"kind": "scan"}
    return {"metric": "error_rate" if _FAILS.search(text) else "latency"} if "service" in values else {}


def _one_way(limits: dict[str, Json], text: str) -> dict[str, Json]:
    """Who speaks of a rise alone does not ask for falls."""
    up, down = bool(_UP.search(text)), bool(_DOWN.search(text))
    alone = "change" in limits and up != down and not _BOTH.search(text)
    return {"only": "up" if up else "down"} if alone else {}


def _amounts(text: str, holds: Sequence[Entity], lasting: tuple[int, int]) -> dict[str, Json]:
    """The limits: of shares in percent, of durations in seconds; and by how much it may be off the day before."""
    limits: dict[str, Json] = {}
    for each in holds:
        if each.type not in {"percent", "duration_threshold", "factor"} or not isinstance(each.value, int | float):
            continue
        at = each.span[0]
        if each.source == "said" and lasting[0] <= at < lasting[1]:
            continue
        before = text[:at] if each.source == "said" else ""
        if each.type == "factor":
            limits["change"] = round(abs(each.value - 1) * _TIMES, 6)
        elif each.type == "percent" and (_THE_DAY_BEFORE.search(text) or _OFF.search(before) or _BY.search(before)):
            limits["change"] = each.value
        else:
            limits["below" if _UNDER.search(before) else "above"] = each.value
    if turns := _TURNS.search(text):
        limits.setdefault("change", _AS_MUCH[turns[1]])
    if limits:
        return limits | _one_way(limits, text)
    for found in _LIMIT.finditer(text):
        if not lasting[0] <= found.start(2) < lasting[1]:
            amount = float(found[2].replace(",", "")) * _SIZES.get(found[3] or "", 1.0)
            return {"below" if _UNDER.search(text[: found.start(2)]) else "above": amount}
    return {}
