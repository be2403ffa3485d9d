"""What a request to Loki asks for: times in all their spellings, limits, and the words that refuse the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.errors import InvalidInput
from bot.telemetry.queries.logql import Logs, Malformed, Metric, Query, parse
from bot.telemetry.queries.logql_tokens import END
from integrations.sandbox.platform.loki.errors import BadQuery

SECOND: Final = 1_000_000_000
MOST_LINES: Final = 5_000
MOST_POINTS: Final = 11_000
_LONGEST: Final = (30 * 24 + 1) * 3600 * SECOND
_HOUR: Final = 3600 * SECOND
_DEFAULT_LIMIT: Final = 100
_STEPS: Final = 250
_SECONDS_LONG: Final = 10
_FEW: Final = 4
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)"  # Python reads microseconds only
)
_UNITS: Final = {"ms": 1e6, "s": 1e9, "m": 6e10, "h": 3.6e12, "d": 8.64e13, "w": 6.048e14, "us": 1e3, "ns": 1.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|ns|[smhdw]))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|[smhdw])")

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, in nanoseconds."""

    start: int
    end: int


def query_of(params: Params) -> Query:
    """The query, or what Loki says of it."""
    text = params.get("query", "")
    try:
        return parse(text)
    except Malformed as wrong:
        raise BadQuery(_said(wrong, empty=not text.strip())) from None
    except InvalidInput as wrong:
        raise BadQuery(f"parse error : {wrong.message}") from None


def _said(wrong: Malformed, *, empty: bool) -> str:
    if not wrong.line:
        return f"parse error : {wrong.words}"
    token = wrong.token
    if token != END:
        token = "STRING" if token[:1] in {'"', "`"} else "IDENTIFIER" if token[:1].isalpha() else token
    said = f"syntax error: unexpected {token}"
    if empty:
        return f"parse error : {said}"
    few = len(wrong.expected) <= _FEW and all(not each[:1].isalnum() for each in wrong.expected)
    expecting = f", expecting {' or '.join(wrong.expected)}" if few else ""
    return f"parse error at line {wrong.line}, col {wrong.column}: {said}{expecting}"


def logs_of(params: Params, name: str = "query") -> Logs:
    """A query that must be one of lines, as the index wants."""
    query = query_of({"query": params.get(name, "")})
    if not isinstance(query, Logs):
        raise BadQuery("only log selector is supported")
    return query


def moment(params: Params, name: str, default: int) -> int:
    """A time in nanoseconds: whole nanoseconds, seconds (whole if short), or RFC 3339."""
    text = params.get(name, "")
    if not text:
        return default
    if "." in text:
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if math.isfinite(seconds):
            return round(seconds * 1e9)
    if text.lstrip("-").isascii() and text.lstrip("-").isdigit():
        return int(text) * (SECOND if len(text) <= _SECONDS_LONG else 1)
    found = _RFC3339.fullmatch(text)
    if found is not None:
        try:
            at = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
        except ValueError:
            at = None
        if at is not None:
            return int(at.astimezone(UTC).timestamp()) * SECOND + int((found[2] or "").ljust(9, "0"))
    raise BadQuery(f"could not parse '{name}' parameter: strconv.ParseInt: parsing \"{text}\": invalid syntax")


def lasting(text: str, name: str) -> int:
    """A duration in nanoseconds: 5m, or seconds as a number."""
    if _DURATION.fullmatch(text):
        return round(sum(float(many) * _UNITS[unit] for many, unit in _PART.findall(text)))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or abs(seconds) > 1e9:  # noqa: PLR2004  thirty years
        raise BadQuery(f"could not parse '{name}' parameter: cannot parse \"{text}\" to a valid duration")
    return round(seconds * 1e9)


def span_of(params: Params, now: int) -> Span:
    """The range that is asked for; the last hour where nothing is said."""
    since = lasting(params["since"], "since") if params.get("since") else _HOUR
    end = moment(params, "end", now)
    start = moment(params, "start", min(end, now) - since)
    if end <= start:
        raise BadQuery("end timestamp must not be before or equal to start time")
    if end - start > _LONGEST:
        raise BadQuery(f"the query time range exceeds the limit (query length: {_go(end - start)}, limit: 30d1h)")
    return Span(start, end)


def _go(nanoseconds: int) -> str:
    """A duration as Go prints it: 2160h0m0s."""
    hours, left = divmod(nanoseconds, _HOUR)
    minutes, left = divmod(left, 60 * SECOND)
    seconds = f"{left / 1e9:.9f}".rstrip("0").rstrip(".")
    return f"{hours}h{minutes}m{seconds}s"


def limit_of(params: Params, default: int = _DEFAULT_LIMIT, most: int = MOST_LINES) -> int:
    text = params.get("limit", "")
    if not text:
        return default
    try:
        limit = int(text)
    except ValueError:
        raise BadQuery(f'strconv.Atoi: parsing "{text}": invalid syntax') from None
    if limit <= 0:
        raise BadQuery("limit must be a positive value")
    if limit > most:
        raise BadQuery(f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {most})")
    return limit


def newest_first(params: Params) -> bool:
    direction = params.get("direction", "backward").lower()
    if direction not in {"forward", "backward"}:
        raise BadQuery(f"invalid direction '{direction}'")
    return direction == "backward"


def steps_of(params: Params, span: Span) -> range:
    """The times of a matrix in milliseconds, on multiples of the step, as Loki's frontend aligns them."""
    text = params.get("step", "")
    step = lasting(text, "step") if text else max((span.end - span.start) // _STEPS // SECOND, 1) * SECOND
    if step <= 0:
        raise BadQuery("zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (span.end - span.start) / step > MOST_POINTS:
        raise BadQuery(
            "exceeded maximum resolution of 11,000 points per time series. "
            "Try increasing the value of the step parameter"
        )
    milli = max(step // 1_000_000, 1)
    first = span.start // (milli * 1_000_000) * milli
    last = -(-span.end // (milli * 1_000_000)) * milli
    return range(first, last + 1, milli)


def metric_of(query: Query) -> Metric:
    if isinstance(query, Logs):
        raise BadQuery(
            "log queries are not supported as an instant query type, please change your query to a range query type"
        )
    return query
