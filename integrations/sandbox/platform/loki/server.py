"""Loki's HTTP API over a store of lines, with the shapes, codes and words of the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from aiohttp import web

from bot.errors import CopilotError
from bot.telemetry.queries.logql import Logs, Matcher
from integrations.sandbox.platform.loki import fields, shapes
from integrations.sandbox.platform.loki.errors import BadQuery
from integrations.sandbox.platform.loki.lines import WorldStore
from integrations.sandbox.platform.loki.metrics import evaluate
from integrations.sandbox.platform.loki.pipeline import search
from integrations.sandbox.platform.loki.present import Present
from integrations.sandbox.platform.loki.requests import (
    SECOND,
    Params,
    Span,
    limit_of,
    logs_of,
    metric_of,
    moment,
    newest_first,
    query_of,
    span_of,
    steps_of,
)
from integrations.sandbox.platform.loki.store import Store
from integrations.sandbox.platform.world import World

JSON: Final = "application/json; charset=UTF-8"
ENCODING: Final = "X-Loki-Response-Encoding-Flags"
VERSION: Final = {
    "version": "3.7.0-sandbox", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
}  # fmt: skip
_CHUNK: Final = 1_500_000
_PATTERN_LINES: Final = 20_000
_VALUES: Final = 1_000
_TEXT: Final = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}

Clock = Callable[[], datetime]
Answer = Callable[["Loki", "Asked"], object]


def app(world: World, clock: Clock) -> web.Application:
    """Loki as the simulated platform runs it."""
    return serving(Present(WorldStore(world), clock), clock)


def serving(store: Store, clock: Clock) -> web.Application:
    """Loki over any store."""
    loki = Loki(store, clock)
    api = web.Application()
    for path, answer in _ROUTES.items():
        handler = loki.handler(answer)
        api.router.add_route("GET", path, handler)
        api.router.add_route("POST", path, handler)
    api.router.add_get("/ready", _ready)
    api.router.add_get("/loki/api/v1/status/buildinfo", _buildinfo)
    api.router.add_get("/loki/api/v1/tail", _tail)
    api.router.add_get("/loki/api/v1/rules", _rules)
    api.router.add_route("*", "/{path:.*}", _missing)
    return api


def _plain(text: str, status: int = 200) -> web.Response:
    return web.Response(body=text.encode(), status=status, headers=_TEXT)


def _body(body: object, content_type: str = JSON) -> web.Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(body=text.encode(errors="replace"), headers={"Content-Type": content_type})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    params: Params
    name: str
    """The label that the path names."""
    wanted: tuple[str, ...]
    """Selectors, where several may be given."""
    encoding: str

    @classmethod
    async def of(cls, request: web.Request) -> Asked:
        """From the query and, as Loki takes both, from the form."""
        pairs = list(request.query.items())
        if request.method == "POST":
            pairs += [(name, str(value)) for name, value in (await request.post()).items()]
        wanted = tuple(value for name, value in pairs if name in {"match[]", "match"})
        return cls(dict(pairs), request.match_info.get("name", ""), wanted, request.headers.get(ENCODING, ""))


class Loki:
    """What every answer needs."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def handler(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Reads parameters, answers off the event loop, and says no in plain text."""

        async def handle(request: web.Request) -> web.Response:
            asked = await Asked.of(request)
            try:
                return _body(await asyncio.to_thread(answer, self, asked))
            except BadQuery as wrong:
                return _plain(str(wrong), 400)
            except CopilotError as wrong:
                return _plain(wrong.message, 400)

        return handle

    @property
    def now(self) -> int:
        return round(self.clock().timestamp() * 1000) * 1_000_000

    def span(self, params: Params) -> Span:
        return span_of(params, self.now)

    def matchers(self, params: Params, name: str = "query") -> tuple[Matcher, ...]:
        return logs_of(params, name).selector.matchers if params.get(name) else ()

    def streams(self, params: Params) -> list[Mapping[str, str]]:
        span = self.span(params)
        return list(self.store.streams(self.matchers(params), span.start, span.end))


def _query_range(loki: Loki, asked: Asked) -> object:
    query, span = query_of(asked.params), loki.span(asked.params)
    if isinstance(query, Logs):
        limit, newest = limit_of(asked.params), newest_first(asked.params)
        found = search(loki.store, query, span.start, span.end, limit=limit, newest_first=newest)
        flags = asked.encoding.split(",")
        return shapes.streams(found, categorized=shapes.CATEGORIZED in [flag.strip() for flag in flags])
    steps = np.array(steps_of(asked.params, span), dtype=np.int64)
    return shapes.matrix(evaluate(query, loki.store, steps), steps)


def _query(loki: Loki, asked: Asked) -> object:
    metric = metric_of(query_of(asked.params))
    at = moment(asked.params, "time", loki.now) // 1_000_000
    return shapes.vector(evaluate(metric, loki.store, np.array([at], dtype=np.int64)), at)


def _labels(loki: Loki, asked: Asked) -> object:
    return shapes.listed(sorted({name for labels in loki.streams(asked.params) for name in labels}))


def _values(loki: Loki, asked: Asked) -> object:
    name = asked.name
    return shapes.listed(sorted({labels[name] for labels in loki.streams(asked.params) if name in labels}))


def _series(loki: Loki, asked: Asked) -> object:
    span = loki.span(asked.params)
    if not asked.wanted:
        raise BadQuery("0 matcher groups: at least one is required")
    found: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
    for text in asked.wanted:
        for labels in loki.store.streams(loki.matchers({"query": text}), span.start, span.end):
            found[tuple(sorted(labels.items()))] = labels
    return {"status": "success", "data": list(found.values())}


def _index_stats(loki: Loki, asked: Asked) -> object:
    span = loki.span(asked.params)
    streams, size, entries = set(), 0, 0
    for block in loki.store.blocks(logs_of(asked.params).selector.matchers, span.start, span.end):
        streams.add(tuple(sorted(block.labels.items())))
        size, entries = size + block.bytes(), entries + len(block.times)
    chunks = max(len(streams), size // _CHUNK)
    return {"streams": len(streams), "chunks": chunks, "bytes": size, "entries": entries}


def _volumes(loki: Loki, asked: Asked, span: Span) -> dict[tuple[tuple[str, str], ...], int]:
    """Bytes by the labels that were asked for, or that the selector names."""
    matchers = logs_of(asked.params).selector.matchers
    targets = asked.params.get("targetLabels", "")
    names = targets.split(",") if targets else [each.name for each in matchers]
    found: dict[tuple[tuple[str, str], ...], int] = {}
    for block in loki.store.blocks(matchers, span.start, span.end):
        labels = tuple(sorted((name, block.labels[name]) for name in set(names) if name in block.labels))
        found[labels] = found.get(labels, 0) + block.bytes()
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return dict(most[: limit_of(asked.params)])


def _index_volume(loki: Loki, asked: Asked) -> object:
    span = loki.span(asked.params)
    at = span.end // SECOND
    found = _volumes(loki, asked, span)
    result = [{"metric": dict(labels), "value": [at, str(size)]} for labels, size in found.items()]
    return shapes.success("vector", result, len(result))


def _index_volume_range(loki: Loki, asked: Asked) -> object:
    span = loki.span(asked.params)
    steps = steps_of(asked.params, span)
    found: dict[tuple[tuple[str, str], ...], list[list[object]]] = {}
    for low in range(steps.start, steps.stop, steps.step):
        start, high = max(low * 1_000_000, span.start), min((low + steps.step) * 1_000_000, span.end)
        if start >= high:
            continue
        at = span.end / SECOND if high == span.end else (low + steps.step - 1) / 1000
        for labels, size in _volumes(loki, asked, Span(start, high)).items():
            found.setdefault(labels, []).append([int(at) if at.is_integer() else at, str(size)])
    result = [{"metric": dict(labels), "values": values} for labels, values in sorted(found.items())]
    return shapes.success("matrix", result, len(result))


def _detected_fields(loki: Loki, asked: Asked) -> object:
    query, span = logs_of(asked.params), loki.span(asked.params)
    return fields.described(search(loki.store, query, span.start, span.end, limit=fields.LIMIT, newest_first=True))


def _detected_values(loki: Loki, asked: Asked) -> object:
    query, span = logs_of(asked.params), loki.span(asked.params)
    found = search(loki.store, query, span.start, span.end, limit=fields.LIMIT, newest_first=True)
    name = asked.name
    values = sorted(set().union(*(labels.get(name, set()) for labels in fields.detected(found).values())))
    return {"limit": _VALUES, "values": values[:_VALUES]}


def _detected_labels(loki: Loki, asked: Asked) -> object:
    found: dict[str, set[str]] = {}
    for labels in loki.streams(asked.params):
        for name, value in labels.items():
            found.setdefault(name, set()).add(value)
    rows = [{"label": name, "cardinality": len(values)} for name, values in sorted(found.items())]
    return {"detectedLabels": rows} if rows else {}


def _patterns(loki: Loki, asked: Asked) -> object:
    query, span = logs_of(asked.params), loki.span(asked.params)
    steps = steps_of(asked.params, span)
    found = search(loki.store, query, span.start, span.end, limit=_PATTERN_LINES, newest_first=True)
    return {"status": "success", "data": fields.patterns(found, max(steps.step // 1000, 1))}


def _format_query(_: Loki, asked: Asked) -> object:
    return {"status": "success", "data": str(query_of(asked.params))}


_ROUTES: Final[Mapping[str, Answer]] = {
    "/loki/api/v1/query_range": _query_range,
    "/loki/api/v1/query": _query,
    "/loki/api/v1/labels": _labels,
    "/loki/api/v1/label": _labels,
    "/loki/api/v1/label/{name}/values": _values,
    "/loki/api/v1/series": _series,
    "/loki/api/v1/index/stats": _index_stats,
    "/loki/api/v1/index/volume": _index_volume,
    "/loki/api/v1/index/volume_range": _index_volume_range,
    "/loki/api/v1/detected_fields": _detected_fields,
    "/loki/api/v1/detected_field/{name}/values": _detected_values,
    "/loki/api/v1/detected_labels": _detected_labels,
    "/loki/api/v1/patterns": _patterns,
    "/loki/api/v1/format_query": _format_query,
}


async def _ready(_: web.Request) -> web.Response:
    return _plain("ready\n")


async def _buildinfo(_: web.Request) -> web.Response:
    return _body(VERSION, "application/json")


async def _tail(_: web.Request) -> web.Response:
    return _plain("Bad Request\n", 400)


async def _rules(_: web.Request) -> web.Response:
    return _plain("no rule groups found\n", 404)


async def _missing(_: web.Request) -> web.Response:
    return _plain("404 page not found\n", 404)
