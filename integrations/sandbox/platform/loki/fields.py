"""What can be read out of lines without being told: fields with their types, and patterns of the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from bot.telemetry.queries.logql import Parser
from integrations.sandbox.platform.loki.entry import ERROR, Entry
from integrations.sandbox.platform.loki.pipeline import Found
from integrations.sandbox.platform.loki.stages import runner
from integrations.sandbox.platform.loki.values import NotANumber, duration, integer_bytes

LIMIT: Final = 1_000
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_FLOAT: Final = re.compile(r"[+-]?\d+\.\d+(?:[eE][+-]?\d+)?")
_TOKENS: Final = re.compile(r"[\w.:/+-]+|[^\w\s]|\s+")
_VARIES: Final = re.compile(r"\d")
_MOST_PATTERNS: Final = 100


def detected(found: Sequence[Found]) -> dict[str, dict[str, set[str]]]:
    """For each parser that reads some line (or none: metadata), the labels and their values."""
    fields: dict[str, dict[str, set[str]]] = {"": {}, "json": {}, "logfmt": {}}
    runs = {"json": runner(Parser("json")), "logfmt": runner(Parser("logfmt"))}
    for each in found:
        entry = each.entry
        for name, value in entry.metadata.items():
            fields[""].setdefault(name, set()).add(value)
        kind = "json" if entry.line.lstrip().startswith("{") else "logfmt"
        copy = Entry(entry.line, dict(entry.stream), {})
        runs[kind](copy)
        if ERROR not in copy.parsed:
            for name, value in copy.parsed.items():
                fields[kind].setdefault(name, set()).add(value)
    return fields


def described(found: Sequence[Found]) -> dict[str, Any]:
    """The body of /detected_fields."""
    rows = []
    for parser, labels in detected(found).items():
        for name, values in labels.items():
            row: dict[str, Any] = {"label": name, "type": _type(values), "cardinality": len(values)}
            row["parsers"] = [parser] if parser else None
            if parser == "json":
                row["jsonPath"] = [name.removesuffix("_extracted")]
            rows.append(row)
    return {"fields": rows[:LIMIT], "limit": LIMIT}


def _type(values: set[str]) -> str:
    kinds = {_kind(value) for value in values}
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "string"


def _kind(value: str) -> str:
    if _INTEGER.fullmatch(value):
        return "int"
    if _FLOAT.fullmatch(value):
        return "float"
    if value in {"true", "false"}:
        return "boolean"
    for kind, read in (("duration", duration), ("bytes", integer_bytes)):
        try:
            read(value)
        except NotANumber:
            continue
        return kind
    return "string"


def patterns(found: Sequence[Found], step: int) -> list[dict[str, Any]]:
    """The body of /patterns: texts alike but for what holds a digit, with how many there were every `step` seconds."""
    counts: dict[tuple[str, str], dict[int, int]] = {}
    for each in found:
        line = each.entry.line.split("\n", 1)[0]
        masked = "".join("<_>" if _VARIES.search(token) else token for token in _TOKENS.findall(line))
        level = each.entry.get("detected_level")
        bucket = each.time // 1_000_000_000 // step * step
        samples = counts.setdefault((masked, level), {})
        samples[bucket] = samples.get(bucket, 0) + 1
    most = sorted(counts.items(), key=lambda item: -sum(item[1].values()))[:_MOST_PATTERNS]
    return [
        {"pattern": text, "level": level, "samples": [[at, many] for at, many in sorted(samples.items())]}
        for (text, level), samples in most
    ]
