"""Reads the lines in an answer of Loki: streams merged into one order, doubles dropped, a level for each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.errors import InvalidInput
from bot.telemetry.signals import LogLine
from integrations.http.body import parsed
from integrations.loki.levels import level_of
from integrations.prometheus.samples import told_by

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Stream = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of an answer, and what is to be said of them."""

    lines: tuple[LogLine, ...]
    warnings: tuple[str, ...]


def page(body: bytes, *, newest_first: bool) -> Page:
    """The lines in `body`, by time and then by stream."""
    answer = parsed(body)
    data = answer["data"]
    if data["resultType"] != "streams":
        raise InvalidInput(
            "The query gives numbers, not log lines.", mend="Ask for them as a metric, or leave the counting out."
        )
    entries = {key: labels for stream in data["result"] for key, labels in _entries(stream)}
    sign = -1 if newest_first else 1
    ordered = sorted(entries, key=lambda key: (sign * key[0], key[1]))
    return Page(tuple(_line(at, text, entries[at, stream, text]) for at, stream, text in ordered), told_by(answer))


def _entries(stream: Mapping[str, Any]) -> Iterator[tuple[tuple[int, Stream, str], dict[str, str]]]:
    """What tells a line from others, and its labels."""
    common = _texts(stream["stream"])
    identity = tuple(sorted(common.items()))
    for nanoseconds, text, *more in stream["values"]:
        if not more:
            yield (int(nanoseconds), identity, str(text)), common
            continue
        extra = more[0]  # categorised: {"structuredMetadata": {…}, "parsed": {…}}
        labels = common | _texts(extra.get("structuredMetadata") or {}) | _texts(extra.get("parsed") or {})
        yield (int(nanoseconds), tuple(sorted(labels.items())), str(text)), labels


def _texts(labels: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in labels.items()}


def _line(nanoseconds: int, text: str, labels: Mapping[str, str]) -> LogLine:
    at = EPOCH + timedelta(microseconds=nanoseconds // 1_000)
    return LogLine(at, text, labels, level_of(labels, text), nanoseconds)
