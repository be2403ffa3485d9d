"""What a request says: moments and durations in the forms that Prometheus takes, refused in its words."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Final

import promql_parser as promql

from integrations.sandbox.platform.prometheus.failures import QueryRefused

LATEST_SECONDS: Final = 1e11
"""Beyond the year 5000 lies a mistake."""
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def invalid(name: str, problem: str) -> QueryRefused:
    return QueryRefused("bad_data", f'invalid parameter "{name}": {problem}')


def moment_ms(name: str, text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        return _written(name, text)
    if not abs(seconds) <= LATEST_SECONDS:
        raise _no_moment(name, text)
    return round(seconds * 1000)


def _written(name: str, text: str) -> int:
    found = _RFC3339.fullmatch(text)
    try:
        at = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00")) if found else None
    except ValueError:
        at = None
    if found is None or at is None:
        raise _no_moment(name, text)
    return round(at.astimezone(UTC).timestamp() * 1000) + int(float(found[2] or "0") * 1000)


def _no_moment(name: str, text: str) -> QueryRefused:
    problem = f"cannot parse {json.dumps(text[:100], ensure_ascii=False)} to a valid timestamp"
    return invalid(name, f"Invalid time value for 'time': {problem}" if name == "time" else problem)


def duration_ms(name: str, text: str) -> int:
    quoted = json.dumps(text[:100], ensure_ascii=False)
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = promql.parse_duration(text).total_seconds()
        except (ValueError, OverflowError) as error:
            raise invalid(name, f"cannot parse {quoted} to a valid duration") from error
    if not math.isfinite(seconds) or abs(seconds) > LATEST_SECONDS:
        raise invalid(name, f"cannot parse {quoted} to a valid duration. It overflows int64")
    return round(seconds * 1000)
