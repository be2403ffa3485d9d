"""Reads what somebody asked of the deploy API, strictly: what is not known or of another type is refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.errors import InvalidInput
from bot.telemetry.signals import Window

DEFAULT_DAYS: Final = 7
MOST_DAYS: Final = 366
DEFAULT_LIMIT: Final = 100
MOST_LIMIT: Final = 1_000
MOST_TEXT: Final = 200
_SHOWN: Final = 80
_DIGITS: Final = 8
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {"text": (str,), "a number": (int, float), "a whole number": (int,)}

ACTION_FIELDS: Final = {
    "kind": "text",
    "service": "text",
    "environment": "text",
    "version": "text",
    "replicas": "a whole number",
    "idempotency_key": "text",
    "by": "text",
}
FAULT_FIELDS: Final = {
    "kind": "text",
    "service": "text",
    "environment": "text",
    "at": "text or a number",
    "minutes": "a number",
    "size": "a number",
    "version": "text",
    "by": "text",
}
REQUIRED: Final = ("kind", "service", "environment")


@dataclass(frozen=True, slots=True)
class DeploysAsked:
    """What `GET /deploys` was asked for."""

    window: Window
    service: str
    environment: str
    limit: int


def deploys(
    query: Mapping[str, str], now: datetime, services: Sequence[str], environments: Sequence[str]
) -> DeploysAsked:
    _known(query, ("service", "environment", "start", "end", "limit"), "parameter")
    end = moment(query["end"], "end") if "end" in query else now + timedelta(microseconds=1)  # what is done now counts
    start = moment(query["start"], "start") if "start" in query else end - timedelta(days=DEFAULT_DAYS)
    if start > end:
        mend = "Give a start before the end."
        raise InvalidInput(f"start {start.isoformat()} is after end {end.isoformat()}.", mend=mend)
    if end - start > timedelta(days=MOST_DAYS):
        mend = f"Ask for {MOST_DAYS} days or less."
        raise InvalidInput(f"From {start.isoformat()} to {end.isoformat()} is too long.", mend=mend)
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS and 1 <= int(text) <= MOST_LIMIT):
        raise InvalidInput(f"limit {shown(text)} is no limit.", mend=f"Give a whole number from 1 to {MOST_LIMIT}.")
    return DeploysAsked(
        Window(start, end),
        _name(query, "service", services),
        _name(query, "environment", environments),
        int(text),
    )


def versions(query: Mapping[str, str], environments: Sequence[str]) -> str:
    _known(query, ("environment",), "parameter")
    return _name(query, "environment", environments)


def nothing(query: Mapping[str, str]) -> None:
    _known(query, (), "parameter")


def body(raw: bytes, fields: Mapping[str, str]) -> dict[str, Any]:
    """A JSON object with these fields and no others."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_once)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        why = getattr(error, "msg", "not UTF-8" if isinstance(error, UnicodeDecodeError) else "nested too deeply")
        raise InvalidInput(
            f"The body {shown(raw[:_SHOWN].decode('utf-8', 'replace'))} is no JSON: {why}.", mend="Send a JSON object."
        ) from error
    if not isinstance(found, dict):
        raise InvalidInput(f"The body {shown(found)} is no JSON object.", mend="Send an object such as {…}.")
    _known(found, tuple(fields), "field")
    if missing := [name for name in REQUIRED if name not in found]:
        raise InvalidInput(f"The field {missing[0]} is missing.", mend=f"These are needed: {', '.join(REQUIRED)}.")
    for name, value in found.items():
        _typed(name, value, fields[name])
    return found


def moment(value: str | float, name: str) -> datetime:
    """RFC 3339, or seconds since 1970."""
    mend = "Write it as 2026-03-02T14:05:00Z or as seconds since 1970."
    try:
        at = datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            raise InvalidInput(f"{name} {shown(value)} is no time.", mend=mend) from None
    if at.tzinfo is None:
        raise InvalidInput(f"{name} {shown(value)} has no time zone.", mend="Add one, such as Z for UTC.")
    if not 2000 <= at.year < 2100:  # noqa: PLR2004  what the world can tell of
        raise InvalidInput(f"{name} {shown(value)} is not between 2000 and 2100.", mend=mend)
    return at.astimezone(UTC)


def shown(value: object) -> str:
    """The offending value, cut."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _known(given: Mapping[str, Any], allowed: Sequence[str], what: str) -> None:
    for name in given:
        if name not in allowed:
            mend = f"Known are {', '.join(allowed)}." if allowed else "There are none here."
            raise InvalidInput(f"{shown(name)} is no {what} here.", mend=mend)


def _name(query: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    value = query.get(name, "")
    if name in query and value not in known:
        raise InvalidInput(f"{shown(value)} is no {name}.", mend=f"Known are {', '.join(sorted(known))}.")
    return value


def _typed(name: str, value: object, wanted: str) -> None:
    types = _TYPES.get(wanted, (str, int, float))
    if isinstance(value, bool) or not isinstance(value, types):
        raise InvalidInput(f"{name} {shown(value)} is not {wanted}.", mend=f"Give {wanted}.")
    if isinstance(value, float | int) and not math.isfinite(float(min(max(value, -1e18), 1e18))):
        raise InvalidInput(f"{name} {shown(value)} is no number.", mend="Give a finite one.")
    if isinstance(value, str) and not (0 < len(value) <= MOST_TEXT and value.isprintable()):
        mend = f"Give 1 to {MOST_TEXT} printable characters."
        raise InvalidInput(f"{name} {shown(value)} is not usable.", mend=mend)


def _no_number(text: str) -> float:
    raise json.JSONDecodeError(f"{text} is no JSON", text, 0)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise json.JSONDecodeError("a field stands there twice", "", 0)
    return found
