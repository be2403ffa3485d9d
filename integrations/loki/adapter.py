"""The port Logs over Loki's HTTP API.

Times go as nanoseconds, as all of its versions take them. Every refusal is plain text, which is passed on. Steps lie
where Loki puts them, on multiples of their length; what it counts past the window's end is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from bot.errors import InvalidInput, NotFound
from bot.resilience import Shield
from bot.telemetry.signals import LogLine, Read, Samples, Series, Window
from integrations.http.backend import Backend
from integrations.http.body import quoted, shown
from integrations.http.client import Clock, Http, now
from integrations.loki.lines import EPOCH, page
from integrations.prometheus.samples import Caps, found

MOST_LINES: Final = 5_000
"""Loki's own limit for one query, unless it was raised."""
LONG: Final = 4_000
"""Characters of a query that no longer fits into every proxy's idea of an address."""
QUOTED_QUERY: Final = 300
MICROSECOND: Final = timedelta(microseconds=1)


class Loki:
    """Implements `bot.telemetry.sources.Logs`."""

    def __init__(
        self,
        backend: Backend,
        shield: Shield | None = None,
        *,
        name: str = "loki",
        caps: Caps = Caps(),  # noqa: B008  frozen
        clock: Clock = now,
    ) -> None:
        self.name = name
        self._http = Http("Loki", backend, shield, clock)
        self._caps = caps

    async def close(self) -> None:
        await self._http.close()

    async def ready(self) -> str:
        try:
            told = await self._http.ask("/loki/api/v1/status/buildinfo", {}, _product)
        except NotFound:
            await self._http.ask("/loki/api/v1/labels", {}, _strings)
            return "Loki, version unknown"
        return told.value

    async def lines(
        self, query: str, window: Window, *, limit: int = 1_000, newest_first: bool = True
    ) -> Read[tuple[LogLine, ...]]:
        most = max(1, min(limit, MOST_LINES))
        way = "backward" if newest_first else "forward"
        answer = await self._http.ask_bytes(
            "/loki/api/v1/query_range",
            {"query": query, **_times(window), "limit": str(most), "direction": way},
            partial(page, newest_first=newest_first),
            form=len(query) > LONG,
            what=_named(query),
        )
        got = answer.value
        cut = len(got.lines) >= most
        return Read(got.lines[:most], self.name, answer.at, query, answer.took_ms, got.warnings, cut)

    async def instant(self, query: str, at: datetime) -> Read[Samples]:
        return await self._samples("/loki/api/v1/query", query, {"time": _nanoseconds(at)})

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        if step <= 0:
            raise InvalidInput(f"A step of {step:g} s leads nowhere.", mend="Give a step above 0.")
        read = await self._samples("/loki/api/v1/query_range", query, {**_times(window), "step": f"{step:.10g}"})
        return replace(read, value=_inside(read.value, window))

    async def labels(self, window: Window) -> Read[tuple[str, ...]]:
        return await self._list("/loki/api/v1/labels", window)

    async def values(self, label: str, window: Window) -> Read[tuple[str, ...]]:
        if label.strip(". ") == "":
            raise InvalidInput(f"{label!r} is no name of a label.", mend="Name one, such as `service`.")
        return await self._list(f"/loki/api/v1/label/{quote(label, safe='')}/values", window)

    async def _samples(self, path: str, query: str, fields: Mapping[str, str]) -> Read[Samples]:
        answer = await self._http.ask_bytes(
            path,
            {"query": query, **fields},
            partial(found, caps=self._caps),
            form=len(query) > LONG,
            what=_named(query),
        )
        got = answer.value
        return Read(got.samples, self.name, answer.at, query, answer.took_ms, got.warnings, got.cut)

    async def _list(self, path: str, window: Window) -> Read[tuple[str, ...]]:
        answer = await self._http.ask(path, _times(window), _strings, what=f"The question for {path!r}")
        return Read(answer.value, self.name, answer.at, took_ms=answer.took_ms)


def _inside(samples: Samples, window: Window) -> Samples:
    start, end = window.start.timestamp(), window.end.timestamp()
    kept = []
    for series in samples.series:
        inside = (series.times >= start) & (series.times < end)
        if inside.any():
            kept.append(Series(series.labels, series.times[inside], series.values[inside]))
    return Samples(samples.kind, tuple(kept))


def _named(query: str) -> str:
    return f"The query {quoted(query, QUOTED_QUERY)}"


def _nanoseconds(at: datetime) -> str:
    return str((at - EPOCH) // MICROSECOND * 1_000)


def _times(window: Window) -> dict[str, str]:
    if window.end < window.start:
        raise InvalidInput(f"The window ends {-window.seconds:g} s before it begins.", mend="Give its start first.")
    return {"start": _nanoseconds(window.start), "end": _nanoseconds(window.end)}


def _product(answer: Any) -> str:
    return f"Loki {shown(str(answer['version']), 60)}"


def _strings(answer: Any) -> tuple[str, ...]:
    """Names; where there are none, Loki leaves `data` out."""
    data = answer.get("data") or []
    if not isinstance(data, list):
        raise TypeError(f"a list of names that is {type(data).__name__}")
    return tuple(str(name) for name in data)
