"""The HTTP API of Tempo over the world's traces, with its codes, its words and its quirks."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from bot.errors import InvalidInput
from bot.telemetry.queries.traceql import NotTraceQL, parse
from bot.telemetry.queries.traceql_parts import (
    INTRINSICS,
    KEYWORDS,
    Combined,
    Comparison,
    Field,
    Filter,
    Query,
    Spanset,
    Value,
)
from integrations.sandbox.platform.tempo import searching
from integrations.sandbox.platform.tempo.answers import Json, lasting, resource_spans
from integrations.sandbox.platform.tempo.searching import SPAN_BYTES, Search
from integrations.sandbox.platform.tempo.spans import ATTRIBUTES, RESOURCE, SECOND
from integrations.sandbox.platform.tempo.traces import Traces
from integrations.sandbox.platform.world import World

DEFAULT_WINDOW: Final = 15 * 60
LONGEST_WINDOW: Final = 168 * 3_600
DEFAULT_LIMIT: Final = 20
MOST_LIMIT: Final = 262_144
DEFAULT_SPANS: Final = 3
TRACE_DIGITS: Final = 32
LARGEST: Final = 2**32
VERSION: Final = "3.1.0-dev"
_NOSNIFF: Final = {"X-Content-Type-Options": "nosniff"}

_TRACES: Final = web.AppKey("traces", Traces)
_CLOCK: Final[web.AppKey[Callable[[], datetime]]] = web.AppKey("clock")
_MARKS: Final = {
    "{": "OPEN_BRACE",
    "}": "CLOSE_BRACE",
    "(": "OPEN_PARENS",
    ")": "CLOSE_PARENS",
    ",": "COMMA",
    "=": "EQ",
    "!=": "NEQ",
    "=~": "RE",
    "!~": "NRE",
    ">": "GT",
    ">=": "GTE",
    "<": "LT",
    "<=": "LTE",
    "&&": "AND",
    "||": "OR",
    "|": "PIPE",
    ">>": "DESC",
    "<<": "ANCE",
    "~": "TILDE",
    "!": "NOT",
}
_NUMBER: Final = re.compile(r"\d+", re.ASCII)
_LASTS: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+", re.ASCII)
_TYPES: Final = {"status": "keyword", "kind": "keyword"}


def app(world: World, clock: Callable[[], datetime]) -> web.Application:
    """All of Tempo's API that a reader of traces asks."""
    application = web.Application(middlewares=[_plain])
    application[_TRACES] = Traces(world)
    application[_CLOCK] = clock
    for path, handler in (
        ("/ready", _ready),
        ("/api/echo", _echo),
        ("/api/status/buildinfo", _buildinfo),
        ("/api/search", _search),
        ("/api/search/tags", _tags),
        ("/api/v2/search/tags", _scoped_tags),
        ("/api/search/tag/{tag}/values", _values),
        ("/api/v2/search/tag/{tag}/values", _typed_values),
        ("/api/traces/{id}", _trace),
        ("/api/v2/traces/{id}", _trace_v2),
    ):
        application.router.add_get(path, handler)
    application.router.add_post("/api/search", _search)
    return application


Handler = Callable[[web.Request], Any]


def _json(answer: Json) -> web.Response:
    return web.Response(body=json.dumps(answer).encode(), headers={"Content-Type": "application/json"})


class _Refused(Exception):
    """What Tempo says where it answers 400."""


@web.middleware
async def _plain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors are bare text."""
    try:
        response: web.StreamResponse = await handler(request)
    except _Refused as refused:
        response = web.Response(status=400, text=str(refused))
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found\n", headers=_NOSNIFF)
    if request.match_info.handler not in _CONSTANT:
        response.headers["Vary"] = "Accept-Encoding"
    return response


async def _ready(_: web.Request) -> web.Response:
    return web.Response(text="ready\n", headers=_NOSNIFF)


async def _echo(_: web.Request) -> web.Response:
    return web.Response(text="echo\n", headers=_NOSNIFF)


async def _buildinfo(_: web.Request) -> web.Response:
    said = {"version": VERSION, "revision": "sandbox", "branch": "main", "buildUser": "", "buildDate": ""}
    return _json({**said, "goVersion": "go1.27.3"})


_CONSTANT: Final = frozenset({_ready, _echo, _buildinfo})


# ---------------------------------------------------------------- parameters


def _now(request: web.Request) -> int:
    return round(request.app[_CLOCK]().timestamp() * SECOND)


def _window(request: web.Request) -> tuple[int, int, int]:
    """Start, end and now in nanoseconds."""
    now = _now(request)
    start, end = _seconds(request.query, "start"), _seconds(request.query, "end")
    if not start and not end:
        return now - DEFAULT_WINDOW * SECOND, now, now
    if start >= end:
        raise _Refused(f"http parameter start must be before end. received start={start} end={end}")
    if end - start > LONGEST_WINDOW:
        raise _Refused(f"range specified by start and end exceeds 168h0m0s. received start={start} end={end}")
    return start * SECOND, end * SECOND, now


def _seconds(params: Mapping[str, str], name: str) -> int:
    given = params.get(name, "")
    if not given:
        return 0
    if not _NUMBER.fullmatch(given):
        raise _Refused(f'invalid {name}: strconv.ParseUint: parsing "{given}": invalid syntax')
    if len(given) > len(str(LARGEST)) or int(given) >= LARGEST:
        raise _Refused(f'invalid {name}: strconv.ParseUint: parsing "{given}": value out of range')
    return int(given)


def _count(params: Mapping[str, str], name: str, default: int) -> int:
    given = params.get(name, "")
    if not given:
        return default
    if not _NUMBER.fullmatch(given.removeprefix("-")) or len(given) > len(str(LARGEST)):
        raise _Refused(f'invalid {name}: strconv.Atoi: parsing "{given}": invalid syntax')
    return int(given)


def _limit(params: Mapping[str, str]) -> int:
    limit = _count(params, "limit", DEFAULT_LIMIT)
    if limit <= 0:
        raise _Refused("invalid limit: must be a positive number")
    if limit > MOST_LIMIT:
        raise _Refused(f"limit {limit} exceeds max limit {MOST_LIMIT}")
    return limit


def _parsed(text: str) -> Query:
    try:
        return parse(text)
    except NotTraceQL as error:
        raise _Refused(f"invalid TraceQL query: {_complaint(error)}") from error
    except InvalidInput as error:
        raise _Refused(f"invalid TraceQL query: {error.message}") from error


def _complaint(error: NotTraceQL) -> str:
    """A refusal in Tempo's own words."""
    lexeme = error.found
    if error.problem == "type":
        detail = re.sub(r'"((?:[^"\\]|\\.)*)"', r"`\1`", error.detail)
        return f"binary operations must operate on the same type: {detail}"
    where = f"parse error at line {lexeme.line}, col {lexeme.column}"
    if error.problem == "identifier":
        return f"{where}: unknown identifier: {lexeme.text}"
    kinds = {"end": "$end", "word": "IDENTIFIER", "string": "STRING", "duration": "DURATION", "field": "DOT"}
    number = "FLOAT" if "." in lexeme.text else "INTEGER"
    return f"{where}: syntax error: unexpected {kinds.get(lexeme.kind) or _MARKS.get(lexeme.text, number)}"


def _asked(params: Mapping[str, str]) -> tuple[Query, bool]:
    """What is searched for, and whether it was not said in TraceQL."""
    text = params.get("q", "").strip()
    query = _parsed(text) if text else Query(_tagged(params.get("tags", "")))
    bounds = []
    for name, compare in (("minDuration", ">="), ("maxDuration", "<=")):
        if given := params.get(name, ""):
            if not _LASTS.fullmatch(given):
                raise _Refused(f'invalid {name}: time: invalid duration "{given}"')
            bounds.append(_parsed(f"{{ traceDuration {compare} {given} }}").spans)
    return (Query(Combined("&&", (query.spans, *bounds)), query.stages) if bounds else query), not text


def _tagged(tags: str) -> Spanset:
    """The old way to ask, `key=value …`: every pair on some span, values always text."""
    try:
        words = shlex.split(tags)
    except ValueError as error:
        raise _Refused(f"invalid tags: {error}") from error
    pairs = [word.partition("=") for word in words]
    filters = [Filter(Comparison(Field("", key), "=", Value("string", it))) for key, _, it in pairs if key]
    return Combined("&&", tuple(filters)) if len(filters) > 1 else filters[0] if filters else Filter(None)


# ---------------------------------------------------------------- search


async def _search(request: web.Request) -> web.Response:
    start, end, now = _window(request)
    limit, shown = _limit(request.query), _count(request.query, "spss", DEFAULT_SPANS)
    query, bare = _asked(request.query)
    wanted = Search(query, start, end, now, limit, max(0, shown), bare)
    return _json(await _worked(searching.search, request.app[_TRACES], wanted))


async def _worked(work: Callable[..., Any], *given: Any) -> Any:
    """Off the event loop; a regular expression that is none shows only there."""
    try:
        return await asyncio.to_thread(work, *given)
    except InvalidInput as error:
        raise _Refused(f"invalid TraceQL query: {error.message}") from error


# ---------------------------------------------------------------- traces


def _digits(request: web.Request) -> str:
    given = request.match_info["id"]
    for place, char in enumerate(given, start=1):
        if char not in "0123456789abcdefABCDEF":
            raise _Refused(f"trace IDs can only contain hex characters: invalid character '{char}' at position {place}")
    if len(given) > TRACE_DIGITS:
        raise _Refused("trace IDs can't be larger than 128 bits")
    return given.lower()


async def _batches(request: web.Request) -> list[Json]:
    digits = _digits(request)
    _window(request)  # is checked, and changes nothing: an id says when its trace was
    return await asyncio.to_thread(_found, request.app[_TRACES], digits, _now(request))


def _found(traces: Traces, digits: str, now: int) -> list[Json]:
    known = traces.find(digits)
    if not known:
        return []
    spans, trace = known
    return resource_spans(spans, trace) if spans.start[trace] + spans.duration[trace] <= now else []


async def _trace(request: web.Request) -> web.Response:
    batches = await _batches(request)
    return _json({"batches": batches}) if batches else _nothing()


def _nothing() -> web.Response:
    response = web.Response(status=404)
    response.headers.popall("Content-Type", None)
    return response


async def _trace_v2(request: web.Request) -> web.Response:
    batches = await _batches(request)
    if not batches:
        return _json({"trace": {}, "metrics": {}})
    size = sum(len(scope["spans"]) for batch in batches for scope in batch["scopeSpans"]) * SPAN_BYTES
    return _json({"trace": {"resourceSpans": batches}, "metrics": {"inspectedBytes": str(size)}})


# ---------------------------------------------------------------- tags


async def _tags(request: web.Request) -> web.Response:
    _window(request)
    tags = sorted({*ATTRIBUTES, *RESOURCE})
    return _json({"tagNames": tags, "metrics": _read(tags)})


def _read(tags: Iterable[str]) -> Json:
    return {"inspectedBytes": str(sum(map(len, tags)))}


async def _scoped_tags(request: web.Request) -> web.Response:
    _window(request)
    known = {"span": sorted(ATTRIBUTES), "resource": sorted(RESOURCE), "intrinsic": sorted(INTRINSICS)}
    scope = request.query.get("scope", "")
    if scope not in {"", "none", *known, "event", "link", "instrumentation"}:
        raise _Refused(f"invalid scope: {scope}")
    scopes = [{"name": name, "tags": tags} for name, tags in known.items() if scope in {"", "none", name}]
    return _json({"scopes": scopes, "metrics": _read(tag for tags in known.values() for tag in tags)})


async def _values(request: web.Request) -> web.Response:
    """Of the first version: names without a scope, values as text."""
    start, end, now = _window(request)
    tag = request.match_info["tag"]
    field = Field("intrinsic", tag) if tag in INTRINSICS else Field("", tag)
    everything = searching.everything(start, end, now)
    found, size = await _worked(searching.values, request.app[_TRACES], everything, field)
    said = sorted(_written(value) for value in found)
    return _json({"tagValues": said, "metrics": {"inspectedBytes": str(size)}})


async def _typed_values(request: web.Request) -> web.Response:
    start, end, now = _window(request)
    field = _named(request.match_info["tag"])
    if field.kind in _TYPES:
        typed = [{"type": "keyword", "value": word} for word, kind in KEYWORDS.items() if kind == field.kind]
        return _json({"tagValues": typed, "metrics": {}})
    text = request.query.get("q", "").strip()
    wanted = Search(_parsed(text), start, end, now) if text else searching.everything(start, end, now)
    found, size = await _worked(searching.values, request.app[_TRACES], wanted, field)
    typed = [{"type": _TYPES.get(value.kind, value.kind), "value": _written(value)} for value in found]
    return _json({"tagValues": typed, "metrics": {"inspectedBytes": str(size)}})


def _named(tag: str) -> Field:
    """A field with its scope, as TraceQL has it."""
    try:
        asked = parse(f"{{{tag} != nil}}").spans
    except NotTraceQL as error:
        why = f"failed to parse identifier {tag}: {_complaint(error)}"
        raise _Refused(f"please provide a valid tagName: {why}") from error
    match asked:
        case Filter(Comparison(field, "!=", Value("nil"))):
            return field
    raise _Refused(f"please provide a valid tagName: failed to parse identifier {tag}")


def _written(value: Value) -> str:
    return lasting(value.value) if value.kind == "duration" and isinstance(value.value, int) else str(value.value)
