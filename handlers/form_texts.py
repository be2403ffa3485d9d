"""What people type into a form: texts, numbers, lists, lengths of time, and JSON for all the rest."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, NoReturn
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from bot.door.intake import shown
from bot.ports import Json
from handlers.present.message import Block
from handlers.widgets import BLANK, MOST_TEXT, Blank, Looks, Maybe, State, Unread, Unshown, text_of

TEXT: Final = "plain_text_input"
NUMBER: Final = "number_input"
MOST_DIGITS: Final = 40


def typed(text: str, looks: Looks, *, multiline: bool = False, least: int = 0, most: int = MOST_TEXT) -> Block:
    """An element to type into; raises Unshown where the text is too long for it."""
    most = min(most, MOST_TEXT)
    if len(text) > most:
        raise Unshown(f"it is {len(text):,} characters long, and this field takes {most:,}")
    return looks.element(
        TEXT,
        multiline=True if multiline or "\n" in text else None,
        initial_value=text or None,
        min_length=least if 0 < least <= most else None,
        max_length=max(most, 1),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """Text, of one line or of several."""

    least: int = 0
    most: int = MOST_TEXT
    multiline: bool = False
    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        text = "" if isinstance(value, Blank | None) else value
        if not isinstance(text, str):
            raise Unshown(f"{shown(text)} is no text")
        return typed(text, looks, multiline=self.multiline, least=self.least, most=self.most)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        return text_of(state, TEXT)


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address or a link, which clients check as it is typed."""

    kind: Literal["email_text_input", "url_text_input"]
    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        text = "" if isinstance(value, Blank | None) else value
        if not isinstance(text, str):
            raise Unshown(f"{shown(text)} is no text")
        if len(text) > MOST_TEXT:
            raise Unshown(f"it is {len(text):,} characters long, and this field takes {MOST_TEXT:,}")
        return looks.element(self.kind, initial_value=text or None)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        return text_of(state, self.kind)


# ---------------------------------------------------------------- numbers

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,25}")
_ANY: Final = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,4})?")
Kind = Literal["integer", "number", "decimal"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number; what a client's number field would garble is typed as text instead."""

    kind: Kind = "integer"
    least: Decimal | None = None
    most: Decimal | None = None
    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        text = "" if isinstance(value, Blank | None) else _spelled(value, self.kind)
        if len(text) > MOST_DIGITS or "e" in text.lower():
            return typed(text, looks)
        number = Decimal(text) if text else None
        if number is not None and (self._beyond(number, self.least, -1) or self._beyond(number, self.most, 1)):
            raise Unshown(f"{text} is not within {_bound(self.least) or '…'} and {_bound(self.most) or '…'}")
        least, most = _bound(self.least), _bound(self.most)
        if self.least is not None and self.most is not None and self.least > self.most:
            least = most = None
        return looks.element(
            NUMBER,
            is_decimal_allowed=self.kind != "integer",
            initial_value=text or None,
            min_value=least,
            max_value=most,
        )

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        text = text_of(state, NUMBER, TEXT)
        return BLANK if isinstance(text, Blank) else number(text.strip(), self.kind)

    @staticmethod
    def _beyond(number: Decimal, bound: Decimal | None, side: int) -> bool:
        return bound is not None and number.compare(bound) == side


def number(text: str, kind: Kind) -> Json:
    """Raises Unread."""
    if _WHOLE.fullmatch(text):
        return text if kind == "decimal" else int(text)
    if not _ANY.fullmatch(text):
        mend = "Write it with a point: 1.5." if "," in text else "Write digits, such as 20."
        raise Unread(text, "is no number", mend)
    if kind == "integer":
        raise Unread(text, "is no whole number", "Leave out the fraction.")
    if kind == "decimal":
        return text
    found = float(text)
    if not math.isfinite(found):
        raise Unread(text, "is too large", "Give a smaller number.")
    return found


def _spelled(value: Json, kind: Kind) -> str:
    """Digits that read back as the very same number."""
    if isinstance(value, str):
        try:
            number(value.strip(), kind)
        except Unread as unread:
            raise Unshown(f"{shown(value)} {unread.why}") from None
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unshown(f"{shown(value)} is no number")
    if isinstance(value, int):
        if abs(value) >= 10**25:
            raise Unshown(f"{shown(value)} is too large")
        return str(value)
    if kind == "integer":
        if not value.is_integer() or abs(value) >= 10**25:
            raise Unshown(f"{shown(value)} is no whole number")
        return str(int(value))
    text = format(Decimal(repr(value)), "f")
    text = text if "." in text else f"{text}.0"
    return text if len(text) <= MOST_DIGITS else repr(value)


def _bound(bound: Decimal | None) -> str | None:
    text = None if bound is None else format(bound, "f")
    return text if text and len(text) <= MOST_DIGITS else None


def bound(value: object, *, whole: bool, beyond: Literal[-1, 0, 1] = 0) -> Decimal | None:
    """A limit of a schema; `beyond` says on which side of an exclusive one the numbers are."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    if not found.is_finite() or found.adjusted() > MOST_DIGITS or not whole:
        return found if found.is_finite() else None
    rounded = found.to_integral_value("ROUND_CEILING" if beyond > 0 else "ROUND_FLOOR")
    return rounded + beyond if rounded == found else rounded


# ---------------------------------------------------------------- one in each line


@dataclass(frozen=True, slots=True)
class Lines:
    """A list, one in each line; as JSON where lines would not bring it back."""

    item: Literal["string", "integer", "number"] = "string"
    tip: str = "One in each line."

    def element(self, value: Maybe, looks: Looks) -> Block:
        items = [] if isinstance(value, Blank | None) else value
        if not isinstance(items, list):
            raise Unshown(f"{shown(items)} is no list")
        lines = "\n".join(each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in items)
        try:
            exact = repr(self._parse(lines)) == repr(items)
        except Unread:
            exact = False
        return typed(lines if exact else json.dumps(items, ensure_ascii=False), looks, multiline=True)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        text = text_of(state, TEXT)
        return BLANK if isinstance(text, Blank) else self._parse(text) or BLANK

    def _parse(self, text: str) -> list[Json]:
        if text.lstrip().startswith("["):
            try:
                found = parse_json(text)
            except Unread:
                found = None
            if isinstance(found, list):
                return found
        lines = [line.strip() for line in text.split("\n")]
        if self.item == "string":
            return [line for line in lines if line]
        return [number(line, self.item) for line in lines if line]


# ---------------------------------------------------------------- lengths of time

_UNITS: Final = {"w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WORDS: Final = {
    **{name: unit for unit in _UNITS for name in (unit,)},
    **dict.fromkeys(("week", "weeks"), "w"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), "m"),
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
}
_ISO: Final = TypeAdapter(timedelta)
_PIECE: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-z]{1,7})")
_CLOCK: Final = re.compile(
    r"([+-]?)(?:([0-9]{1,9}) days?,? ?)?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time, as people write it; travels as ISO 8601 does."""

    tip: str = "A length of time, such as 45s, 1h 30m or 2d."

    def element(self, value: Maybe, looks: Looks) -> Block:
        if isinstance(value, Blank | None):
            return typed("", looks)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unshown(f"{shown(value)} is no length of time")
        text = str(value)
        try:
            return typed(_said_length(length(text)), looks)
        except Unread:
            return typed(text, looks)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        text = text_of(state, TEXT)
        if isinstance(text, Blank) or not text.strip():
            return BLANK
        return _iso(length(text.strip()))


def length(text: str) -> timedelta:
    """Raises Unread."""
    bare = text.strip().lower()
    try:
        if re.fullmatch(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,6})?", bare):
            return _seconds(Decimal(bare))
        if re.match(r"[+-]?p", bare):
            return _ISO.validate_python(bare.upper())
        if clock := _CLOCK.fullmatch(bare):
            sign, days, hours, minutes, seconds = clock.groups()
            whole = int(days or 0) * 86_400 + int(hours) * 3_600 + int(minutes) * 60 + Decimal(seconds or 0)
            return _seconds(-whole if sign == "-" else whole)
        sign = -1 if bare.startswith("-") else 1
        rest = bare.lstrip("+-").strip()
        total, at = Decimal(0), 0
        while piece := _PIECE.match(rest, at):
            unit = _WORDS.get(piece[2])
            if unit is None:
                break
            total += Decimal(piece[1]) * _UNITS[unit]
            at = re.compile(r"[\s,]*").match(rest, piece.end()).end()  # type: ignore[union-attr]
        if rest and at == len(rest):
            return _seconds(sign * total)
    except OverflowError:
        raise Unread(text, "is too long a time", "Give a shorter one.") from None
    except ValidationError:
        pass
    raise Unread(text, "is no length of time", "Write it like 45s, 1h 30m or 2d.")


def _seconds(seconds: Decimal) -> timedelta:
    return timedelta(microseconds=int(seconds * 1_000_000))


def _iso(span: timedelta) -> str:
    sign, span = ("-", -span) if span < timedelta() else ("", span)
    return f"{sign}P{span.days}DT{span.seconds}{f'.{span.microseconds:06d}' if span.microseconds else ''}S"


def _said_length(span: timedelta) -> str:
    sign, span = ("-", -span) if span < timedelta() else ("", span)
    hours, rest = divmod(span.seconds, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{amount}{unit}" for amount, unit in ((span.days, "d"), (hours, "h"), (minutes, "m")) if amount]
    if seconds or span.microseconds or not parts:
        parts.append(f"{seconds}{f'.{span.microseconds:06d}' if span.microseconds else ''}s")
    return sign + " ".join(parts)


# ---------------------------------------------------------------- everything else


@dataclass(frozen=True, slots=True)
class Structure:
    """JSON; where the field takes bare text too, what is no JSON is that text."""

    bare: bool = False
    example: str = '{"name": "value"}'

    @property
    def tip(self) -> str:
        return f"As JSON, such as {self.example}."

    def element(self, value: Maybe, looks: Looks) -> Block:
        if isinstance(value, Blank | None):
            return typed("", looks, multiline=True)
        try:
            text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
        except (ValueError, TypeError, RecursionError):
            raise Unshown("it cannot be written as JSON") from None
        if self.bare and isinstance(value, str):
            try:
                exact = same_json(self._parse(value), value)
            except Unread:
                exact = False
            text = value if exact and value.strip() else text
        if len(text) > MOST_TEXT:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return typed(text, looks, multiline=True)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        text = text_of(state, TEXT)
        return BLANK if isinstance(text, Blank) or not text.strip() else self._parse(text)

    def _parse(self, text: str) -> Json:
        try:
            return parse_json(text)
        except Unread:
            if self.bare:
                return text
            raise


def same_json(one: Json, other: Json) -> bool:
    return repr(one) == repr(other)


def parse_json(text: str) -> Json:
    """Strictly; raises Unread with the place of the fault."""

    def refuse(word: str) -> NoReturn:
        raise Unread(text, f"holds {word}, which is no number of JSON", "Give a number, or null.")

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise Unread(text, f"has {shown(name)} twice", "Remove one of them.")
            found[name] = value
        return found

    try:
        parsed: Json = json.loads(text, parse_constant=refuse, object_pairs_hook=distinct)
    except json.JSONDecodeError as error:
        why = f"is no JSON: {error.msg[:1].lower()}{error.msg[1:]} in line {error.lineno}, column {error.colno}"
        raise Unread(text, why, _mend(text)) from None
    except (ValueError, RecursionError):
        raise Unread(
            text, "is JSON that is nested too deeply, or holds too long a number", "Make it simpler."
        ) from None
    return parsed


def _mend(text: str) -> str:
    habits: Mapping[str, str] = {"'": 'Use double quotes: "name".', "“": 'Use straight quotes: "name".'}
    for sign, mend in habits.items():
        if sign in text:
            return mend
    return 'Write it like {"name": "value"}.'
