"""Writes spans as Tempo does: search results in hex without leading zeros, traces as OTLP with base64 ids."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from bot.telemetry.queries.traceql_parts import Field, Value
from integrations.sandbox.platform.tempo.matching import Matches
from integrations.sandbox.platform.tempo.spans import ATTRIBUTES, RESOURCE, SECOND, Column, Spans
from integrations.sandbox.platform.world.shapes import Minutes

MILLISECOND: Final = SECOND // 1_000
SCOPE: Final = {"name": "sandbox", "version": "1"}
UNSHOWN: Final = frozenset(
    {"traceDuration", "rootName", "rootServiceName", "trace:id", "trace:duration", "trace:rootName"}
    | {"trace:rootService", "span:id", "span:parentID", "childCount"}
)
"""Intrinsics that have a place of their own in the answer, or none."""
NAMES: Final = frozenset({"name", "span:name"})

Json = dict[str, Any]


def value(given: Value) -> Json:
    match given.kind, given.value:
        case "int", number:
            return {"intValue": str(number)}
        case "float", number:
            return {"doubleValue": number}
        case "bool", truth:
            return {"boolValue": truth}
        case "duration", int(nanoseconds):
            return {"stringValue": lasting(nanoseconds)}
        case "nil", _:
            return {"stringValue": "nil"}
    return {"stringValue": str(given.value)}


def lasting(nanoseconds: int) -> str:
    """A duration as Go writes it: 1.5s, 253.4ms, 1m2s."""
    if nanoseconds >= 60 * SECOND:
        minutes, rest = divmod(nanoseconds, 60 * SECOND)
        hours, minutes = divmod(minutes, 60)
        return (f"{hours}h" if hours else "") + f"{minutes}m{_decimal(rest, SECOND)}s"
    for unit, size in (("s", SECOND), ("ms", MILLISECOND), ("µs", 1_000)):
        if nanoseconds >= size:
            return f"{_decimal(nanoseconds, size)}{unit}"
    return f"{nanoseconds}ns" if nanoseconds else "0s"


def _decimal(amount: int, size: int) -> str:
    whole, rest = divmod(amount, size)
    return f"{whole}.{str(rest).rjust(len(str(size)) - 1, '0')}".rstrip("0").rstrip(".")


# ---------------------------------------------------------------- search


def summary(spans: Spans, trace: int) -> Json:
    """What a search says of a trace before its spans."""
    root = trace  # roots stand first
    said = {
        "traceID": spans.trace_id(trace).lstrip("0"),
        "rootServiceName": spans.plan.services[int(spans.service[root])],
        "rootTraceName": _text(spans, "name", root),
        "startTimeUnixNano": str(spans.start[root]),
        "durationMs": int(spans.duration[root]) // MILLISECOND,
    }
    return {key: it for key, it in said.items() if it}


def found(spans: Spans, matches: Matches, trace: int, groups: Iterable[Minutes], shown_spans: int) -> Json:
    """A trace of a search with the spans that matched, in their groups."""
    sets = [_span_set(spans, matches, places, shown_spans) for places in groups]
    return {**summary(spans, trace), "spanSet": sets[0], "spanSets": sets, "serviceStats": _stats(spans, trace)}


def _span_set(spans: Spans, matches: Matches, places: Minutes, shown_spans: int) -> Json:
    members = matches.spans[places]
    members = members[np.argsort(spans.start[members], kind="stable")]
    group = int(matches.groups[places[0]])
    said = [{"key": one.name, "value": value(one.at(group))} for one in matches.said]
    first = members[:shown_spans] if shown_spans else members
    result: Json = {"spans": [_shown(spans, matches, int(span)) for span in first], "matched": len(members)}
    return {**result, "attributes": said} if said else result


def _shown(spans: Spans, matches: Matches, span: int) -> Json:
    result: Json = {"spanID": f"{int(spans.ids[span]):016x}".lstrip("0")}
    if any(field.name in NAMES and field.scope == "intrinsic" for field in matches.shown):
        result["name"] = _text(spans, "name", span)
    result["startTimeUnixNano"] = str(spans.start[span])
    result["durationNanos"] = str(spans.duration[span])
    attributes = []
    for field in matches.shown:
        if field.scope == "intrinsic" and field.name in UNSHOWN | NAMES | {"duration", "span:duration"}:
            continue
        column = spans.column(field)
        given = column.at(span) if column else None
        if given:
            attributes.append({"key": field.name.removeprefix("span:"), "value": value(given)})
    return {**result, "attributes": attributes} if attributes else result


def _stats(spans: Spans, trace: int) -> Json:
    members = spans.members(trace)
    services, fails = spans.service[members], spans.fails[members]
    counts, errors = np.bincount(services).tolist(), np.bincount(services, fails).tolist()
    return {
        spans.plan.services[service]: {"spanCount": count} | ({"errorCount": int(failed)} if failed else {})
        for service, (count, failed) in enumerate(zip(counts, errors, strict=True))
        if count
    }


def _text(spans: Spans, name: str, span: int) -> str:
    column = spans.column(Field("intrinsic", name))
    given = column.at(span) if column else None
    return str(given.value) if given else ""


# ---------------------------------------------------------------- a trace


def resource_spans(spans: Spans, trace: int) -> list[Json]:
    """The spans of a trace, by the process that they are of."""
    members = spans.members(trace)
    batches: dict[str, Json] = {}
    resources, own = _columns(spans, "resource", RESOURCE), _columns(spans, "span", ATTRIBUTES)
    for span in members[np.argsort(spans.start[members], kind="stable")]:
        resource = _attributes(resources, int(span))
        key = str(resource)
        if key not in batches:
            scope = {"scope": SCOPE, "spans": []}
            batches[key] = {"resource": {"attributes": resource}, "scopeSpans": [scope]}
        batches[key]["scopeSpans"][0]["spans"].append(_span(spans, trace, int(span), own))
    return list(batches.values())


def _columns(spans: Spans, scope: str, names: Iterable[str]) -> list[tuple[str, Column]]:
    return [(name, column) for name in names if (column := spans.column(Field(scope, name)))]


def _attributes(columns: Iterable[tuple[str, Column]], span: int) -> list[Json]:
    return [{"key": name, "value": value(given)} for name, column in columns if (given := column.at(span))]


def _span(spans: Spans, trace: int, span: int, columns: Iterable[tuple[str, Column]]) -> Json:
    start, end = int(spans.start[span]), int(spans.start[span] + spans.duration[span])
    parent = int(spans.parent[span])
    said: Json = {"traceId": _base64(spans.trace_id(trace)), "spanId": _base64(f"{int(spans.ids[span]):016x}")}
    if parent >= 0:
        said["parentSpanId"] = _base64(f"{int(spans.ids[parent]):016x}")
    said |= {
        "name": _text(spans, "name", span),
        "kind": f"SPAN_KIND_{_text(spans, 'kind', span).upper()}",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(columns, span),
    }
    message = _text(spans, "statusMessage", span)
    if message:
        exception = [{"key": "exception.message", "value": {"stringValue": message}}]
        said["events"] = [{"timeUnixNano": str(end), "name": "exception", "attributes": exception}]
    code = {"code": "STATUS_CODE_ERROR"} if spans.fails[span] else {}
    return {**said, "status": ({"message": message} if message else {}) | code}


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()
