"""The port Traces over Tempo's HTTP API.

Searches are GETs, as Tempo ignores a form; their times are whole seconds, rounded outwards.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from bot.errors import InvalidInput, NotFound
from bot.resilience import Shield
from bot.telemetry.signals import Read, Trace, TraceSummary, Window
from integrations.http.backend import Backend
from integrations.http.body import quoted, shown
from integrations.http.client import Clock, Http, NoSuchPath, now
from integrations.tempo.spans import TRACE_DIGITS, listed, told

MOST_TRACES: Final = 1_000
LONGEST: Final = timedelta(hours=168)
"""The longest window that Tempo searches, unless it was raised."""
SPANS_PER_SET: Final = "1"
"""Only the traces are wanted, not the spans that matched."""
QUOTED_QUERY: Final = 300
_TRACE_ID = re.compile(r"[0-9a-fA-F]{1,32}")


class Tempo:
    """Implements `bot.telemetry.sources.Traces`."""

    def __init__(
        self, backend: Backend, shield: Shield | None = None, *, name: str = "tempo", clock: Clock = now
    ) -> None:
        self.name = name
        self._http = Http("Tempo", backend, shield, clock)

    async def close(self) -> None:
        await self._http.close()

    async def ready(self) -> str:
        try:
            told = await self._http.ask("/api/status/buildinfo", {}, _product)
        except NotFound:
            await self._http.ask("/api/search", {"q": "{}", "limit": "1"}, listed)
            return "Tempo, version unknown"
        return told.value

    async def search(self, query: str, window: Window, *, limit: int = 20) -> Read[tuple[TraceSummary, ...]]:
        most = max(1, min(limit, MOST_TRACES))
        searched, shortened = _searched(window)
        answer = await self._http.ask(
            "/api/search",
            {"q": query, "limit": str(most), "spss": SPANS_PER_SET, **_times(searched)},
            listed,
            what=f"The query {quoted(query, QUOTED_QUERY)}",
        )
        got = answer.value
        full = len(got.traces) >= most
        cut = full or bool(shortened)
        warnings = shortened if full else (*shortened, *got.warnings)  # a search that has enough leaves parts undone
        return Read(got.traces[:most], self.name, answer.at, query, answer.took_ms, warnings, cut)

    async def trace(self, trace_id: str) -> Read[Trace]:
        if not _TRACE_ID.fullmatch(trace_id):
            raise InvalidInput(
                f"{quoted(trace_id)} is no id of a trace.",
                mend="Give its 32 hexadecimal digits; zeros in front may go.",
            )
        padded = trace_id.lower().rjust(TRACE_DIGITS, "0")
        read = partial(told, trace_id=padded)
        try:
            answer = await self._http.ask(f"/api/v2/traces/{padded}", {}, read, what=f"Trace {padded}")
        except NoSuchPath:
            try:
                answer = await self._http.ask(f"/api/traces/{padded}", {}, read, what=f"Trace {padded}")
            except NoSuchPath as error:
                raise _missing(padded) from error
        got = answer.value
        if got.trace is None:
            raise _missing(padded)
        return Read(got.trace, self.name, answer.at, padded, answer.took_ms, got.warnings, got.cut)

    async def values(self, tag: str, window: Window) -> Read[tuple[str, ...]]:
        searched, shortened = _searched(window)
        name, what = quote(tag, safe=""), f"The tag {quoted(tag)}"
        if tag.strip(". ") == "":
            raise InvalidInput(f"{tag!r} is no name of a tag.", mend="Name one, such as `resource.service.name`.")
        try:
            answer = await self._http.ask(f"/api/v2/search/tag/{name}/values", _times(searched), _values, what=what)
        except NoSuchPath:
            answer = await self._http.ask(f"/api/search/tag/{name}/values", _times(searched), _values, what=what)
        return Read(answer.value, self.name, answer.at, took_ms=answer.took_ms, warnings=shortened)


def _missing(trace_id: str) -> NotFound:
    return NotFound(
        f"There is no trace {trace_id}.",
        mend="Check the id; it may be older than what is kept, or not have been sampled.",
    )


def _searched(window: Window) -> tuple[Window, tuple[str, ...]]:
    """The part of a window that Tempo takes, and what is to be said of the rest."""
    if window.seconds <= 0:
        raise InvalidInput(f"A window of {window.seconds:g} s holds nothing.", mend="Give a start before the end.")
    if window.end - window.start <= LONGEST:
        return window, ()
    newest = Window(window.end - LONGEST, window.end)
    hours = LONGEST.total_seconds() / 3_600
    return newest, (
        f"Tempo searches {hours:g} h at most: only from {newest.start:%Y-%m-%d %H:%M} UTC on was searched.",
    )


def _times(window: Window) -> dict[str, str]:
    """Whole seconds around the window, and no more of them than Tempo takes."""
    end = math.ceil(window.end.timestamp())
    start = max(math.floor(window.start.timestamp()), end - int(LONGEST.total_seconds()))
    return {"start": str(start), "end": str(end)}


def _values(answer: Any) -> tuple[str, ...]:
    """From v2, which gives types with them, or v1, which does not."""
    values = answer.get("tagValues") or ()
    return tuple(dict.fromkeys(str(each["value"] if isinstance(each, dict) else each) for each in values))


def _product(answer: Any) -> str:
    return f"Tempo {shown(str(answer['version']), 60)}"
