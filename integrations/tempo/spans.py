"""Reads traces as Tempo writes them: protobuf's JSON, where zero values are missing and ids come in two spellings."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from bot.telemetry.signals import Span, Trace, TraceSummary
from integrations.http.body import shown

MOST_SPANS: Final = 50_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NOT_YET: Final = "<root span not yet received>"
TRACE_DIGITS: Final = 32
_HEX = re.compile(r"(?:[0-9a-fA-F]{16}){1,2}")
Kind = Literal["server", "client", "internal", "producer", "consumer", "unknown"]
KINDS: Final[Mapping[str, Kind]] = {
    "1": "internal", "2": "server", "3": "client", "4": "producer", "5": "consumer",
    "SPAN_KIND_INTERNAL": "internal", "SPAN_KIND_SERVER": "server", "SPAN_KIND_CLIENT": "client",
    "SPAN_KIND_PRODUCER": "producer", "SPAN_KIND_CONSUMER": "consumer",
}  # fmt: skip
ERROR: Final = frozenset({"2", "STATUS_CODE_ERROR"})


@dataclass(frozen=True, slots=True)
class Listed:
    """What a search found, and what is to be said of it."""

    traces: tuple[TraceSummary, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A trace, and what is to be said of it; None where there is none."""

    trace: Trace | None
    warnings: tuple[str, ...]
    cut: bool


def listed(answer: Any) -> Listed:
    """What `/api/search` gave, the newest first."""
    if not answer.keys() & {"traces", "metrics"}:
        raise TypeError("neither traces nor a count of them")
    traces = [_summary(trace) for trace in answer.get("traces") or ()]
    metrics = answer.get("metrics") or {}
    done, jobs = int(metrics.get("completedJobs") or 0), int(metrics.get("totalJobs") or 0)
    partial = (f"The answer is partial: {done} of {jobs} parts of the search were done.",) if done < jobs else ()
    return Listed(tuple(sorted(traces, key=lambda trace: trace.start, reverse=True)), partial)


def _summary(trace: Mapping[str, Any]) -> TraceSummary:
    stats = [each for each in (trace.get("serviceStats") or {}).values() if each]
    service = str(trace.get("rootServiceName") or "")
    return TraceSummary(
        id=str(trace["traceID"]).lower().rjust(TRACE_DIGITS, "0"),
        service="" if service == NOT_YET else service,
        name=str(trace.get("rootTraceName") or ""),
        start=EPOCH + timedelta(microseconds=int(trace.get("startTimeUnixNano") or 0) // 1_000),
        seconds=float(trace.get("durationMs") or 0) / 1e3,
        spans=sum(int(each.get("spanCount") or 0) for each in stats),
        errors=sum(int(each.get("errorCount") or 0) for each in stats),
    )


def told(answer: Any, trace_id: str) -> Told:
    """A trace from `/api/v2/traces`, which wraps it, or from `/api/traces`, which does not."""
    whole = answer.get("trace", answer)
    batches = whole.get("resourceSpans") or whole.get("batches") or []
    if not batches and answer and not answer.keys() & {"trace", "batches", "resourceSpans"}:
        raise TypeError("no trace, and no word that there is none")
    spans: dict[tuple[str, str], Span] = {}
    for span in (span for batch in batches for span in _spans(batch)):
        if len(spans) >= MOST_SPANS:
            break
        spans.setdefault((span.id, span.kind), span)  # one that was sent twice is stored twice
    ordered = tuple(sorted(spans.values(), key=lambda span: span.start))
    warnings = []
    if answer.get("status") == "PARTIAL":
        warnings.append(f"The trace is partial: {shown(str(answer.get('message') or 'Tempo does not say why'))}.")
    return Told(Trace(trace_id, ordered) if ordered else None, tuple(warnings), cut=len(ordered) >= MOST_SPANS)


def _spans(batch: Mapping[str, Any]) -> Iterator[Span]:
    resource = _attributes((batch.get("resource") or {}).get("attributes"))
    service = str(resource.get("service.name", ""))
    scopes = batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans") or []
    for span in (span for scope in scopes for span in scope.get("spans") or ()):
        status = span.get("status") or {}
        error = str(status.get("code", "")) in ERROR
        start = int(span.get("startTimeUnixNano") or 0) / 1e9
        yield Span(
            id=_id(span["spanId"]),
            parent=_id(span.get("parentSpanId") or "") or None,
            service=service,
            name=str(span.get("name", "")),
            start=start,
            end=max(start, int(span.get("endTimeUnixNano") or 0) / 1e9),
            kind=KINDS.get(str(span.get("kind", "")), "unknown"),
            error=error,
            message=str(status.get("message") or "") or (_thrown(span.get("events")) if error else ""),
            attributes=_attributes(span.get("attributes")),
            resource=resource,
        )


def _thrown(events: Sequence[Mapping[str, Any]] | None) -> str:
    """The message of the last exception that a span recorded."""
    thrown = [_attributes(event.get("attributes")) for event in events or () if event.get("name") == "exception"]
    return str(thrown[-1].get("exception.message") or thrown[-1].get("exception.type") or "") if thrown else ""


def _id(text: str) -> str:
    """An id in hex, whether it came so or in base64; all zeros is none."""
    digits = text.lower() if _HEX.fullmatch(text) else base64.b64decode(text, validate=True).hex()
    return digits if digits.strip("0") else ""


def _attributes(pairs: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    return {str(pair["key"]): _value(pair.get("value") or {}) for pair in pairs or ()}


def _value(value: Mapping[str, Any]) -> Any:
    """An attribute's value; 64-bit integers are strings in protobuf's JSON."""
    for kind, held in value.items():
        match kind:
            case "intValue":
                return int(held)
            case "arrayValue":
                return [_value(each) for each in held.get("values") or ()]
            case "kvlistValue":
                return _attributes(held.get("values"))
            case _:
                return held
    return None
