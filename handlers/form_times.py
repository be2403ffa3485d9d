"""Days, times of day and moments in a form: in the time zone of whoever fills it in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.door.intake import shown
from handlers.form_texts import TEXT, typed
from handlers.present.message import Block
from handlers.widgets import BLANK, Blank, Looks, Maybe, State, Unread, Unshown, said, text_of

LATEST: Final = 9_999_999_999  # seconds; what Slack's picker takes has ten digits
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Day:
    """A date."""

    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        if isinstance(value, Blank | None):
            return looks.element("datepicker")
        if not isinstance(value, str) or not _is_day(value):
            raise Unshown(f"{shown(value)} is no date")
        return looks.element("datepicker", initial_date=value)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        found = said(state, datepicker="selected_date")
        if found is None:
            return BLANK
        if not isinstance(found, str) or not _is_day(found):
            raise Unread(found, "is no date", "Choose one, or write it like 2026-01-31.")
        return found


def _is_day(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; typed where it is finer than a minute, or names a zone of its own."""

    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        if isinstance(value, Blank | None):
            return looks.element("timepicker")
        try:
            found = time.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is None:
            raise Unshown(f"{shown(value)} is no time of day")
        if found.second or found.microsecond or found.tzinfo:
            return typed(str(value), looks)
        return looks.element("timepicker", initial_time=f"{found:%H:%M}")

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        found = said(state, timepicker="selected_time", **{TEXT: "value"})
        if found is None or found == "":
            return BLANK
        try:
            time.fromisoformat(found if isinstance(found, str) else "")
        except ValueError:
            raise Unread(found, "is no time of day", "Choose one, or write it like 14:30.") from None
        return str(found)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and a time. Without a zone it is meant in the person's own, and gets that zone where the field wants one.

    Typed where a picker would lose something: seconds, years far away, an hour that the clock skips.
    """

    naive: bool = False
    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        if isinstance(value, Blank | None):
            return looks.element("datetimepicker")
        found = _moment(value)
        if found is None:
            raise Unshown(f"{shown(value)} is no date and time")
        if self.naive and found.tzinfo:
            raise Unshown(f"{shown(value)} names a zone, and this field takes none")
        local = found if found.tzinfo else found.replace(tzinfo=looks.zone)
        try:
            seconds = (local - _EPOCH).total_seconds()
            back = _EPOCH.astimezone(looks.zone) if seconds < 0 else datetime.fromtimestamp(seconds, looks.zone)
        except (OverflowError, ValueError, OSError):
            return typed(str(value), looks)
        skipped = not found.tzinfo and back.replace(tzinfo=None, fold=0) != found.replace(fold=0)
        if not 0 <= seconds <= LATEST or seconds % 60 or skipped:
            return typed(str(value), looks)
        return looks.element("datetimepicker", initial_date_time=int(seconds))

    def read(self, state: State, zone: ZoneInfo) -> Maybe:
        if state.get("type") == "datetimepicker":
            seconds = said(state, datetimepicker="selected_date_time")
            if seconds is None:
                return BLANK
            if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= LATEST:
                raise Unread(seconds, "is no date and time", "Choose one.")
            found = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
            return (found.replace(tzinfo=None) if self.naive else found).isoformat()
        text = text_of(state, "datetimepicker", TEXT)
        if isinstance(text, Blank):
            return BLANK
        typed_moment = _moment(text.strip())
        if typed_moment is None:
            raise Unread(text, "is no date and time", "Write it like 2026-01-31T08:00Z.")
        if not typed_moment.tzinfo and not self.naive:
            typed_moment = typed_moment.replace(tzinfo=zone)
        return typed_moment.isoformat()


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
