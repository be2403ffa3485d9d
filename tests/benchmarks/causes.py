"""Root causes: how often the true one is first, or among the first three, on public incidents with labels."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from bot.telemetry.pattern_masks import mask
from bot.telemetry.pattern_messages import message_of
from bot.telemetry.rootcause import Case, Metric, Profile, explain, log_deltas, profile
from bot.telemetry.signals import Span, Trace

Row = Mapping[str, str]
Counts = Counter[tuple[str, str]]

BAD: Final = re.compile(r"error|exception|fail|fatal|panic|refused|timed? ?out|traceback|unable|cannot", re.IGNORECASE)
NANOSECONDS: Final = 1e9


def _name(key: str | tuple[str, ...]) -> str:
    """A metric is called by a string, or by a tuple that begins with its service."""
    return key if isinstance(key, str) else " ".join(key[1:])


def _service(row: Row) -> str:
    """A pod is its service, its replica set and its own name."""
    return "-".join(row.get("PodName", "").split("-")[:-2])


def _text(row: Row) -> str:
    return row.get("Log") or row.get("log") or row.get("Message") or row.get("message") or ""


def _seconds(row: Row, key: str) -> float:
    try:
        return int(row.get(key) or "") / NANOSECONDS
    except ValueError:
        return float("nan")


def _traces(rows: Iterable[Row]) -> list[Trace]:
    spans: dict[str, list[Span]] = defaultdict(list)
    for row in rows:
        span = Span(
            row.get("SpanID", ""),
            row.get("ParentID") or None,
            _service(row),
            mask(row.get("OperationName", "")),
            _seconds(row, "StartTimeUnixNano"),
            _seconds(row, "EndTimeUnixNano"),
        )
        spans[row.get("TraceID", "")].append(span)
    return [Trace(trace, tuple(parts)) for trace, parts in spans.items()]


def _patterns(rows: Iterable[Row]) -> tuple[Counts, set[tuple[str, str]]]:
    """How often each service says what, and which of it is bad by its level or its words."""
    counts: Counts = Counter()
    bad: set[tuple[str, str]] = set()
    for row in rows:
        message, _, level = message_of(_text(row))
        key = (_service(row), mask(message))
        counts[key] += 1
        if level in {"error", "fatal"} or BAD.search(message):
            bad.add(key)
    return counts, bad


class _Reference:
    """What is shared by all cases of a day, read once."""

    def __init__(self) -> None:
        self._of: tuple[Sequence[Row], Sequence[Row]] | None = None
        self._value: tuple[Counts, set[tuple[str, str]], Profile] | None = None

    def __call__(self, logs: Sequence[Row], traces: Sequence[Row]) -> tuple[Counts, set[tuple[str, str]], Profile]:
        if self._value is None or self._of is None or self._of[0] is not logs or self._of[1] is not traces:
            self._of, self._value = (logs, traces), (*_patterns(logs), profile(_traces(traces)))
        return self._value


_reference: Final = _Reference()


def _metrics(raw: Mapping[str, Any]) -> Iterable[Metric]:
    """A series that was not there before belongs to the service that its key begins with."""
    for key, during in raw["abnormal"].items():
        service = raw["svc_of"].get(key) or (key[0] if isinstance(key, tuple) else None)
        before = raw["normal"].get(key)
        if service is not None:
            yield Metric.guessed(service, _name(key), during[:0] if before is None else before, during)


def case_of(raw: Mapping[str, Any]) -> Case:
    """A case of the public scorer as ours; what it lacks is None or empty there."""
    target = raw.get("target")
    usual_logs, usually_bad, usual_traces = _reference(raw.get("ref_logs") or (), raw.get("ref_traces") or ())
    seen, bad = _patterns(raw.get("logs") or ())
    return Case(
        services=raw["services"],
        metrics=tuple(_metrics(raw)),
        calls=raw.get("graph"),
        target=(target[0], _name(target)) if target else None,
        logs=log_deltas(usual_logs, seen, usually_bad | bad) if usual_logs and seen else None,
        traces=(usual_traces, profile(_traces(raw["traces"]))) if usual_traces.traces and raw.get("traces") else None,
    )


def rank(raw: Mapping[str, Any]) -> list[str]:
    return explain(case_of(raw)).ranking


async def main() -> None:
    folder = os.environ.get("BENCH_DATA", "")
    scorer = Path(folder) / "rca" / "score.py"
    if not folder or not await asyncio.to_thread(scorer.exists):
        print("root cause: skipped; set BENCH_DATA to the folder of the public data (it holds rca/score.py)")
        return
    spec = importlib.util.spec_from_file_location("causes_scorer", scorer)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    places, took = [], 0.0
    for raw in module.petshop():
        label, began = raw.pop("_label"), perf_counter()
        places.append(rank(raw).index(label))
        took += perf_counter() - began
    first, third = (sum(place < top for place in places) / len(places) for top in (1, 3))
    each = took / len(places) * 1e3
    print(f"root cause, PetShop: {len(places)} incidents, AC@1 {first:.3f}, AC@3 {third:.3f}, {each:.1f} ms each")


if __name__ == "__main__":
    asyncio.run(main())
