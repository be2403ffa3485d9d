"""Reads what the stand-in of Tempo wrote back into spans, for tests."""

from __future__ import annotations

import base64
from typing import Any, Final

from bot.telemetry.signals import Span, Trace
from integrations.sandbox.platform.tempo.answers import resource_spans
from integrations.sandbox.platform.tempo.spans import Spans

KINDS: Final[dict[str, Any]] = {"SPAN_KIND_SERVER": "server", "SPAN_KIND_CLIENT": "client"}


def trace(spans: Spans, place: int) -> Trace:
    return read(resource_spans(spans, place), spans.trace_id(place))


def read(batches: list[dict[str, Any]], trace_id: str) -> Trace:
    return Trace(
        trace_id,
        tuple(
            _span(span, attributes(batch["resource"]["attributes"]))
            for batch in batches
            for scope in batch["scopeSpans"]
            for span in scope["spans"]
        ),
    )


def attributes(listed: list[dict[str, Any]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for one in listed:
        ((kind, value),) = one["value"].items()
        given[one["key"]] = int(value) if kind == "intValue" else value
    return given


def _span(span: dict[str, Any], resource: dict[str, Any]) -> Span:
    return Span(
        _hex(span["spanId"]),
        _hex(span["parentSpanId"]) if "parentSpanId" in span else None,
        resource["service.name"],
        span["name"],
        int(span["startTimeUnixNano"]) / 1e9,
        int(span["endTimeUnixNano"]) / 1e9,
        KINDS[span["kind"]],
        span["status"].get("code") == "STATUS_CODE_ERROR",
        span["status"].get("message", ""),
        attributes(span["attributes"]),
        resource,
    )


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()
