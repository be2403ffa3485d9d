"""Plain questions to telemetry, by simple patterns: which operation is meant, and what is said of its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from bot.catalogue import Catalogue, environment
from bot.errors import InvalidInput
from bot.language.ranges import find
from bot.ports import Json

MOST: Final = 2_000
MOST_RANGES: Final = 2
_MENTION: Final = re.compile(r"<[@#!][^>]*>|[*_`]")
_QUOTED: Final = re.compile(r"(?<!\w)[\"“”‘’'`]([^\"“”‘’'`]{2,200})[\"“”‘’'`](?!\w)")
_QUANTILE: Final = re.compile(
    r"\bp(\d{2}(?:\.\d+)?|999)\b|\b(\d{2}(?:\.\d+)?)(?:th|st|nd|rd)?[ -]percentile\b|\b(median)\b"
)
_TRACE_ID: Final = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{16,32}\b")
_DURATION: Final = re.compile(
    r"\b(?:over|above|longer than|slower than|more than|>)\s*(\d+(?:\.\d+)?)\s*"
    r"(ms|milliseconds?|s|secs?|seconds?|m|min(?:ute)?s?)\b"
)
_VERSION: Final = re.compile(r"\bv?(\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)\b")
_AGGREGATION: Final = {
    "average": "avg", "avg": "avg", "mean": "avg", "max": "max", "maximum": "max", "peak": "max", "highest": "max",
    "min": "min", "minimum": "min", "lowest": "min", "total": "sum",
}  # fmt: skip
_LEVEL: Final = {
    "error": "error", "errors": "error", "warn": "warn", "warning": "warn", "warnings": "warn", "debug": "debug",
    "info": "info",
}  # fmt: skip
_IN: Final = re.compile(r"^(?:in|over|for|during|within)\s+")
_OF_INSTANCES: Final = frozenset({"cpu", "memory", "disk", "gpu", "saturation", "queue_depth", "in_flight"})
"""Their maximum is that of the fullest instance; the maximum of anything else is that of its time."""
_LISTING: Final = re.compile(r"^(?:search|find|look)\b")
_ENDPOINT: Final = re.compile(r"(?<![\w/])/[\w/.{}-]+")
_BY: Final = re.compile(r"\b(?:by|per|for each|of each)\s+(service|instance|pod|endpoint|path|route|version|model)s?\b")
_GROUPS: Final = {"pod": "instance", "path": "endpoint", "route": "endpoint"}
_WITH: Final = re.compile(r"\b(?:with|vs\.?|versus|against|than|beside|to|and)\b")
_BEFORE: Final = re.compile(r"\b(?:with|vs\.?|versus|against|than|beside|to|and) (?:the \w+ )?before\b")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


WHY: Final = _any(
    r"\bwhy\b",
    r"\bexplain\b",
    r"\bwhat(?:'?s| is| has)? (?:caus\w+|wrong|behind)",
    r"\broot cause\b",
    r"\bcan'?t see the reason\b",
)
COMPARE: Final = _any(
    r"\bcompare[ds]?\b",
    r"\bcomparison\b",
    r"\bvs\.?\b",
    r"\bversus\b",
    r"\b(?:faster|slower|better|worse|higher|lower|more|less)\b.* than\b(?! *\d)",
    r"\bdifference between\b",
)
TRACES: Final = _any(r"\btraces?\b", r"\bspans?\b")
LOGS: Final = _any(r"\blogs?\b", r"\blog lines?\b", r"\blines\b", r"^grep\b", r"^tail\b")
SOUGHT: Final = _any(r"\blook for\b", r"\bgrep\b", r"\bfind\b", r"\bsearch for\b")
SLO: Final = _any(r"\berror budgets?\b", r"\bslos?\b", r"\bburn rates?\b", r"\bbudgets? left\b")
COST: Final = _any(
    r"\bcost report\b",
    r"\b(?:what|how much) (?:do|does|did|is|are|have) .*\b(?:cost|spend|spent|spending)\b",
    r"\bcost of (?:the )?(?:models?|llms?|tokens?)\b",
    r"\bllm (?:cost|spend|bill)\b",
    r"\bcosts? (?:by|per) (?:model|service)\b",
    r"\bcosting us\b",
)
DEPLOYS: Final = _any(
    r"\bdeploys\b",
    r"\bdeployments\b",
    r"\b(?:what|who|when) .*\bdeployed\b",
    r"\b(?:recent|last|latest) (?:deploy(?:ment)?|release)s?\b",
    r"\breleases\b",
    r"\bwhat changed\b",
)
STATE: Final = _any(
    r"\b(?:state|status|health) of\b",
    r"\bhow(?:'?s| is| are| does)\b",
    r"\bis (?:everything|all|anything)\b",
    r"\boverview\b",
    r"\bhealthy\b",
    r"\bokay?\b",
    r"\bis \S+ (?:ok|fine|up|down|alright)\b",
)
SPREAD: Final = _any(r"\bdistribution\b", r"\bhistogram\b", r"\bheat ?map\b")
DASHBOARD: Final = re.compile(r"\bdashboard\b")
FAILED: Final = _any(r"\bfail\w*\b", r"\berror(?:s|ed|ing)?\b", r"\bbroken\b")
OTHERWISE: Final = _any(
    r"\b(?:alert|ping|tell|notify|page|remind|warn) (?:me|us)\b(?! (?:why|what|how|about))",
    r"\bkeep an eye\b",
    r"\bincidents?\b",
    r"\brunbooks?\b",
    r"\bworkflows?\b",
    r"\bpipelines?\b",
    r"^(?:please )?(?:deploy|roll ?back|restart|scale|run|start|cancel|watch|approve|rehearse)\b",
    r"\b(?:suggestions?|recommend(?!ation\b)\w*|recommendations|ideas?|improve|how do we|what would you)\b",
)
"""What asks for something else, whatever metric it names."""


_OBJECT: Final = re.compile(r"\b(of|in|on|for|is|are|compare|explain|with|does)\s+(?:the\s+)?([a-z][a-z0-9_-]{3,40})\b")
_NO_SERVICE: Final = frozenset(
    {
        "last",
        "past",
        "this",
        "that",
        "these",
        "those",
        "everything",
        "anything",
        "something",
        "nothing",
        "here",
        "there",
    }
    | {"services", "service", "every", "each", "models", "model", "llms", "prompts", "general", "total", "average"}
    | {"going", "happening", "wrong", "between", "with", "version", "instances", "instance", "endpoint", "endpoints"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation, and what the sentence says of its input."""

    operation: str
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is named in a sentence, whatever it asks."""

    text: str
    services: tuple[str, ...]
    environments: tuple[str, ...]
    metric: str
    quantile: float | None
    ranges: tuple[str, ...]
    quoted: str
    endpoint: str

    @property
    def window(self) -> str:
        return self.ranges[0] if self.ranges else ""

    def about(self, *, window: bool = True) -> dict[str, Json]:
        values: dict[str, Json] = {}
        if self.services:
            values["service"] = self.services[0]
        if self.environments:
            values["environment"] = self.environments[0]
        if window and self.window:
            values["window"] = self.window
        return values


def observe(
    sentence: str, catalogue: Catalogue, metrics: Mapping[str, Sequence[str]], now: datetime, timezone: str = "UTC"
) -> Asked | None:
    """What of telemetry is asked for; None where that is not plain. `metrics` are the words for each metric."""
    said = sentence[:MOST]
    quoted = next((each for each in _QUOTED.findall(said) if not _is_name(each, catalogue)), "")
    text = _plain(said.replace(quoted, " ", 1) if quoted else said)
    if TRACES.search(text) and (id_ := _TRACE_ID.search(_plain(said))):
        return Asked("traces.show", {"trace": id_[0]})
    if OTHERWISE.search(text):
        return None
    if DASHBOARD.search(text):
        return Asked("dashboards.generate", {"title": quoted} if quoted else {})
    try:
        ranges = _ranges(text, now, timezone)
    except InvalidInput:  # a time that does not exist is worth a word only where telemetry is asked for
        if _meant(text, _look(text, quoted, catalogue, metrics, ())) is None:
            return None
        raise
    seen = replace(_look(text, quoted, catalogue, metrics, ranges), endpoint=_endpoint(said))
    return _meant(text, seen)


def _plain(text: str) -> str:
    return " ".join(_MENTION.sub(" ", text).lower().split()).strip(" ?!.")


def _is_name(quoted: str, catalogue: Catalogue) -> bool:
    """A name in quotes is no text to look for."""
    return bool(catalogue.resolve(quoted) or environment(quoted) or _TRACE_ID.fullmatch(quoted))


def _endpoint(sentence: str) -> str:
    """As it was written: paths know capitals."""
    found = _ENDPOINT.search(sentence)
    return found[0] if found else ""


def _meant(text: str, seen: _Seen) -> Asked | None:
    if seen.services or seen.environments:
        return _of_some(text, seen) or _of_all(text, seen)
    if seen.metric and WHY.search(text):
        return Asked("metrics.explain", {**seen.about(), **_measure(seen)})
    if seen.metric and _BY.search(text) and not COST.search(text):
        return _query(text, seen)
    return _of_all(text, seen)


def _of_some(text: str, seen: _Seen) -> Asked | None:
    """What needs a service or an environment to be asked."""
    if SLO.search(text):
        return Asked("slo.status", seen.about(window=False))
    if WHY.search(text):
        return Asked("metrics.explain", {**seen.about(), **_measure(seen)})
    if COMPARE.search(text):
        return _comparison(text, seen)
    if TRACES.search(text):
        return Asked("traces.search", {**seen.about(), **_traces(text)})
    if LOGS.search(text) or (seen.quoted and SOUGHT.search(text)):
        return Asked("logs.search", {**seen.about(), **_logs(text, seen)})
    if COST.search(text) or DEPLOYS.search(text):
        return None
    if seen.metric or seen.quantile is not None:
        return _query(text, seen)
    if not STATE.search(text):
        return None
    return Asked("services.show" if seen.services else "status.overview", seen.about(window=False))


def _of_all(text: str, seen: _Seen) -> Asked | None:
    """What can be asked of everything."""
    if SLO.search(text):
        return Asked("slo.status", {})
    if COST.search(text):
        by: dict[str, Json] = {"by": "service"} if re.search(r"\b(?:by|per) service\b", text) else {}
        return Asked("cost.report", {**seen.about(), **by})
    return Asked("deploys.list", seen.about()) if DEPLOYS.search(text) else None


def _ranges(text: str, now: datetime, timezone: str) -> tuple[tuple[int, int], ...]:
    """Where times are said, in the order of the sentence: two at most, a range and another that it is compared with."""
    found: list[tuple[int, int]] = []
    while len(found) < MOST_RANGES and (when := find(text, now, timezone)):
        found.append(when.at)
        text = text[: when.at[0]] + "\x00" * (when.at[1] - when.at[0]) + text[when.at[1] :]
    return tuple(sorted(found))


def _look(
    text: str,
    quoted: str,
    catalogue: Catalogue,
    metrics: Mapping[str, Sequence[str]],
    ranges: Sequence[tuple[int, int]],
) -> _Seen:
    rest = text
    for start, end in ranges:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    quantile = None
    if match := _QUANTILE.search(rest):
        number = match[1] or match[2]
        quantile = 0.5 if match[3] else float(f"0.{number.replace('.', '')}")
    named = _services(rest, catalogue)
    if _LISTING.match(rest) and (len(named) > 1 or not _metric(rest, metrics, named)) and not COMPARE.search(rest):
        named = [each for each in named if each[0]]  # a verb, and not the service of that name
    services = tuple(dict.fromkeys(name for _, _, name in named))
    environments = tuple(dict.fromkeys(found for word in re.findall(r"[\w-]+", rest) if (found := environment(word))))
    metric = _metric(rest, metrics, named)
    if not metric and quantile is not None:
        metric = "latency"
    if metric and not services and (stranger := _stranger(rest, catalogue, metrics)):
        services = (stranger,)  # not known, or misspelt: the operation says so, and which are near
    said = tuple(_IN.sub("", text[start:end].strip()) for start, end in ranges)
    return _Seen(text, services, environments, metric, quantile, said, quoted, "")


def _stranger(text: str, catalogue: Catalogue, metrics: Mapping[str, Sequence[str]]) -> str:
    """A word where a service would stand, that is like the name of one, or the object of a measure."""
    known = {part for words in metrics.values() for each in words for part in each.lower().split()}
    for match in _OBJECT.finditer(text):
        word = match[2]
        if word in known or word in _NO_SERVICE or environment(word):
            continue
        if catalogue.near(word, 1) or match[1] == "of":
            return word
    return ""


@lru_cache(maxsize=8)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Any of them as a word, the longest where several fit."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?:'s)?(?![\w-])")


def _found(text: str, names: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Where names stand, and what they mean."""
    return [(*match.span(), names[match[1]]) for match in _pattern(tuple(names)).finditer(text)] if names else []


def _services(text: str, catalogue: Catalogue) -> list[tuple[int, int, str]]:
    pairs = ((name.lower(), each.name) for each in catalogue.services for name in (each.name, *each.aliases))
    return _found(text, dict(pairs))


def _metric(text: str, metrics: Mapping[str, Sequence[str]], taken: Sequence[tuple[int, int, str]]) -> str:
    """By the longest word for one that is no part of a service's name."""
    found = _found(text, {word: name for name, each in metrics.items() for word in each})
    free = [
        (end - start, name)
        for start, end, name in found
        if all(end <= left or start >= right for left, right, _ in taken)
    ]
    return max(free, key=lambda each: each[0], default=(0, ""))[1]


def _measure(seen: _Seen) -> dict[str, Json]:
    values: dict[str, Json] = {"metric": seen.metric} if seen.metric else {}
    return {**values, "quantile": seen.quantile} if seen.quantile is not None else values


def _query(text: str, seen: _Seen) -> Asked:
    values = {**seen.about(), **_measure(seen)}
    if by := _BY.search(text):
        values["by"] = _GROUPS.get(by[1], by[1])
    word = next((word for word in re.findall(r"[a-z]+", text) if word in _AGGREGATION), "")
    mean = seen.metric == "latency" and word in {"average", "avg", "mean"} and seen.quantile is None
    if mean or (word and seen.metric in _OF_INSTANCES):
        values["aggregation"] = _AGGREGATION[word]
    if SPREAD.search(text):
        values["spread"] = True
    if seen.endpoint:
        values["endpoint"] = seen.endpoint
    if version := re.search(r"\bv(\d+\.\d+(?:\.\d+)?)\b|\bversion (\d[\w.-]*)", text):
        values["version"] = version[1] or version[2]
    return Asked("metrics.query", values)


def _traces(text: str) -> dict[str, Json]:
    values: dict[str, Json] = {}
    if FAILED.search(text):
        values["failed"] = True
    if match := _DURATION.search(text):
        unit = 0.001 if match[2].startswith("ms") or match[2].startswith("milli") else 60 if match[2][0] == "m" else 1
        values["slower_than"] = float(match[1]) * unit
    return values


def _logs(text: str, seen: _Seen) -> dict[str, Json]:
    values: dict[str, Json] = {}
    level = next((_LEVEL[word] for word in re.findall(r"[a-z]+", text) if word in _LEVEL), "")
    if level:
        values["level"] = level
    if seen.quoted:
        values["contains"] = seen.quoted
    return values


def _comparison(text: str, seen: _Seen) -> Asked:
    """The first of two is the question, the second what it is measured by."""
    values = {**seen.about(), **_measure(seen)}
    versions = _VERSION.findall(text)
    if len(seen.services) > 1:
        return Asked("metrics.compare", {**values, "other_service": seen.services[1]})
    if len(seen.environments) > 1:
        return Asked("metrics.compare", {**values, "other_environment": seen.environments[1]})
    if len(versions) > 1:
        return Asked("metrics.compare", {**values, "version": versions[0], "other_version": versions[1]})
    if len(seen.ranges) > 1:
        return Asked("metrics.compare", {**values, "against": seen.ranges[1]})
    if _BEFORE.search(text):
        return Asked("metrics.compare", {**values, "against": "before"})
    if seen.window and _WITH.search(text[: text.find(seen.window)]):
        values["against"] = values.pop("window")
    return Asked("metrics.compare", values)
