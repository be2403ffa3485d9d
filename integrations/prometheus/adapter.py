"""The port Metrics over Prometheus' HTTP API.

Queries go as form POST, as they may be long, and as GET where a proxy takes nothing else. A range ends before its
window does, so that windows side by side share no sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

from bot.errors import InvalidInput, NotFound
from bot.resilience import Shield
from bot.telemetry.signals import Read, Samples, Window
from bot.telemetry.sources import Meaning
from integrations.http.backend import Backend
from integrations.http.body import parsed, quoted, shown
from integrations.http.client import Answer, Clock, Fields, Http, WrongMethod, now
from integrations.prometheus.samples import Caps, Found, found, told_by

T = TypeVar("T")

INSTANT: Final = 0.001
"""Seconds; the finest time that Prometheus knows."""
MOST_NAMES: Final = 100_000
QUOTED_QUERY: Final = 300


class Prometheus:
    """Implements `bot.telemetry.sources.Metrics`."""

    def __init__(
        self,
        backend: Backend,
        shield: Shield | None = None,
        *,
        name: str = "prometheus",
        caps: Caps = Caps(),  # noqa: B008  frozen
        clock: Clock = now,
    ) -> None:
        self.name = name
        self._http = Http("Prometheus", backend, shield, clock)
        self._caps = caps
        self._form = True

    async def close(self) -> None:
        await self._http.close()

    async def ready(self) -> str:
        try:
            told = await self._http.ask("/api/v1/status/buildinfo", {}, lambda answer: product(answer["data"]))
        except NotFound:
            await self.instant("vector(1)", self._http.clock())
            return "speaks Prometheus' API, version unknown"
        return told.value

    async def instant(self, query: str, at: datetime) -> Read[Samples]:
        return await self._samples("/api/v1/query", query, {"time": f"{at.timestamp():.3f}"})

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        if window.seconds <= 0 or step <= 0:
            raise InvalidInput(
                f"A range of {window.seconds:g} s in steps of {step:g} s holds nothing.",
                mend="Give a start before the end, and a step above 0.",
            )
        start = window.start.timestamp()
        end = max(start, window.end.timestamp() - INSTANT)
        fields = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.10g}"}
        return await self._samples("/api/v1/query_range", query, fields)

    async def names(self) -> Read[tuple[str, ...]]:
        return await self.values("__name__")

    async def labels(self, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        return await self._list("/api/v1/labels", match, form=True)

    async def values(self, label: str, match: Sequence[str] = ()) -> Read[tuple[str, ...]]:
        if label.strip(". ") == "":
            raise InvalidInput(f"{label!r} is no name of a label.", mend="Name one, such as `service`.")
        return await self._list(f"/api/v1/label/{quote(label, safe='')}/values", match, form=False)

    async def meanings(self, metric: str = "") -> Read[Mapping[str, Meaning]]:
        fields = {"metric": metric} if metric else {}
        answer = await self._http.ask("/api/v1/metadata", fields, _meanings)
        return Read(answer.value, self.name, answer.at, took_ms=answer.took_ms)

    async def _samples(self, path: str, query: str, fields: Mapping[str, str]) -> Read[Samples]:
        def read(body: bytes) -> Found:
            return found(body, self._caps)

        bounds = {"timeout": f"{self._http.backend.timeout * 1e3:.0f}ms", "limit": str(self._caps.series + 1)}
        what = f"The query {quoted(query, QUOTED_QUERY)}"
        answer = await self._asked(path, {"query": query, **fields, **bounds}, read, what)
        got = answer.value
        return Read(got.samples, self.name, answer.at, query, answer.took_ms, got.warnings, got.cut)

    async def _list(self, path: str, match: Sequence[str], *, form: bool) -> Read[tuple[str, ...]]:
        def read(body: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
            answer = parsed(body)
            return _strings(answer.get("data")), told_by(answer)

        fields: Fields = {"match[]": match} if match else {}
        what = f"The selector {quoted(', '.join(match), QUOTED_QUERY)}" if match else f"The question for {path!r}"
        answer = await self._asked(path, fields, read, what, form=form)
        names, told = answer.value
        cut = len(names) > MOST_NAMES
        return Read(names[:MOST_NAMES], self.name, answer.at, "", answer.took_ms, told, cut)

    async def _asked(
        self, path: str, fields: Fields, read: Callable[[bytes], T], what: str, *, form: bool = True
    ) -> Answer[T]:
        if form and self._form:
            try:
                return await self._http.ask_bytes(path, fields, read, form=True, what=what)
            except WrongMethod:
                self._form = False
        return await self._http.ask_bytes(path, fields, read, what=what)


def product(told: Mapping[str, Any]) -> str:
    """Who answers, by what its build information looks like."""
    version = shown(str(told.get("version") or "of unknown version").partition("+")[0], 60)
    if application := told.get("application"):
        return f"{shown(str(application).removeprefix('Grafana '), 60)} {version}"
    if "goVersion" not in told:
        return f"VictoriaMetrics (speaks as Prometheus {version})"
    return f"{'Thanos' if version.startswith('0.') else 'Prometheus'} {version}"


def _strings(data: Any) -> tuple[str, ...]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise TypeError(f"a list of names that is {type(data).__name__}")
    return tuple(str(name) for name in data)


def _meanings(answer: Any) -> Mapping[str, Meaning]:
    """By metric; where instances disagree, the first one's word."""
    return {
        str(metric): Meaning(str(said[0]["type"]), str(said[0].get("help", "")), str(said[0].get("unit", "")))
        for metric, said in (answer["data"] or {}).items()
        if said
    }
