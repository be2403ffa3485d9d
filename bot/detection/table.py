"""A file of samples as people have them: which column is the time, which are values, and what cannot be read."""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from typing import Final

import numpy as np

from bot.errors import ConfigurationError
from bot.telemetry.charts.words import clean, counted
from bot.telemetry.signals import Floats

SCORE: Final = "anomaly_score"
TIMES: Final = frozenset({"timestamp", "timestamps", "time", "datetime", "date", "ts", "epoch", "t", "when", "at"})
LABELS: Final = frozenset({"", "label", "labels", "anomaly", "is_anomaly", "id", "index"})
"""Columns of numbers that measure nothing."""
MISSING: Final = frozenset({"", "-", "?", "na", "n/a", "null", "none", "nil", "undefined", "missing"})
SEPARATORS: Final = ";\t,"
"""Of two that fit as well, the first: in a file with semicolons, commas stand in numbers."""
FEW: Final = 0.05
"""The share of cells that may be unreadable: a file that holds more of them is not understood."""
_HEAD: Final = 20
_UNITS: Final = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
"""Numbers below the first are seconds since 1970, then milli-, micro- and nanoseconds."""
_EARLIEST: Final = -62e9
_LATEST: Final = 253e9
"""Seconds that a calendar has."""
_DAY: Final = re.compile(r"(19|20)\d{6}$")
_OFFSET: Final = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_TIME_MEND: Final = "Write it as 2026-03-18T15:30:00Z, or as seconds since 1970."


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The samples of a file, and the file itself; row by row as they stand there."""

    text: str
    separator: str
    headed: bool
    columns: tuple[str, ...]
    names: tuple[str, ...]
    """Of the series."""
    times: Floats
    """Seconds since 1970; NaN where it cannot be read."""
    values: Floats
    """A row for each series, a column for each row of the file."""
    notes: tuple[str, ...]

    def rows(self) -> Iterator[list[str]]:
        """As they were written, without scores of an earlier run, and without the header."""
        kept = [place for place, name in enumerate(self.columns) if not _scored(name)]
        every = len(kept) == len(self.columns)
        for _, cells in _data(self.text, self.separator, headed=self.headed):
            cells.extend([""] * (len(self.columns) - len(cells)))
            yield cells if every else [cells[place] for place in kept]

    def header(self) -> list[str]:
        return [name for name in self.columns if not _scored(name)]


def read(text: str, zone: tzinfo) -> Table:
    """Times without a zone are of `zone`."""
    separator = _separator(text)
    head = list(islice(_lines(text, separator), 2))
    if not head:
        raise ConfigurationError("The file is empty.", mend="Give a CSV with the columns timestamp and value.")
    first = head[0][1]
    headed = _is_header(first, separator, zone)
    if headed and len(head) == 1:
        raise ConfigurationError("The file has a header and no rows.", mend="Give at least one row of samples.")
    if len(first) == 1:
        raise ConfigurationError(
            f"Line {head[0][0]} has one column: {_quoted(first[0])}.",
            mend="Give two or more columns, a timestamp and values, separated by commas, semicolons or tabs.",
        )
    time_place = _time_place(first if headed else (), head[headed][1], zone)
    columns = tuple(first) if headed else _invented(len(first), time_place)
    held = _columns(text, separator, columns, time_place, zone, headed=headed)
    time = held[time_place]
    time.checked("", fewest=2)
    places = _series(columns, time_place, held)
    names = _named(columns, places)
    return Table(
        text,
        separator,
        headed,
        columns,
        names,
        np.array(time.numbers),
        np.array([held[place].numbers for place in places]),
        (
            *time.notes("row", ""),
            *(
                note
                for name, place in zip(names, places, strict=True)
                for note in held[place].notes("value", f" of {name}")
            ),
            *_unused(columns, held, {time_place, *places}),
        ),
    )


# ---------------------------------------------------------------- lines and columns


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with the number of their (last) line."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        for cells in rows:
            if any(cells):
                yield rows.line_num, cells
    except csv.Error as error:
        raise ConfigurationError(
            f"Line {rows.line_num} cannot be read as CSV ({error}).", mend="Is there a quote that is not closed?"
        ) from None


def _data(text: str, separator: str, *, headed: bool) -> Iterator[tuple[int, list[str]]]:
    return islice(_lines(text, separator), int(headed), None)


def _separator(text: str) -> str:
    """The one that cuts most of the first lines into as many cells, two at least; then the one that cuts most."""

    def fit(separator: str) -> tuple[int, int]:
        widths = Counter(len(cells) for _, cells in islice(_lines(text, separator), _HEAD))
        width, count = max(widths.items(), key=lambda each: (each[0] > 1, each[1]), default=(1, 0))
        return (count if width > 1 else 0, width)

    return max(SEPARATORS, key=fit)


def _is_header(cells: Sequence[str], separator: str, zone: tzinfo) -> bool:
    if any(_plain(cell) in TIMES for cell in cells):
        return True
    numbers, times = _numbers(separator), _moments(zone)
    return not any(_reads(times, cell) or (cell.strip() and _reads(numbers, cell)) for cell in cells)


def _time_place(names: Sequence[str], cells: Sequence[str], zone: tzinfo) -> int:
    """By name; else what looks like a date; else by a part of the name; else the first."""
    read = _moments(zone)
    plain = [_plain(name) for name in names]
    dated = [not _reads(float, cell) and _reads(read, cell) for cell in cells]
    parts = [not TIMES.isdisjoint(re.split(r"[^a-z0-9]+", name)) for name in plain]
    signs = ([name in TIMES for name in plain], dated, parts)
    return next((sign.index(True) for sign in signs if True in sign), 0)


def _invented(width: int, time_place: int) -> tuple[str, ...]:
    names = iter(["value", *(f"value_{number}" for number in range(2, width))])
    return tuple("timestamp" if place == time_place else next(names) for place in range(width))


class _Column:
    """Cells as numbers, and what is wrong with the first that is none."""

    def __init__(self, reads: Callable[[str], float], what: str, mend: str) -> None:
        self.numbers = array("d")
        self.strange = 0
        self._reads, self._what, self._mend = reads, what, mend
        self._first = ""

    def add(self, cell: str, line: int) -> None:
        try:
            self.numbers.append(self._reads(cell))
        except ValueError:
            self.refuse(f"line {line} has {_quoted(cell)}, which is no {self._what}")

    def refuse(self, why: str = "") -> None:
        self.strange += bool(why)
        self._first = self._first or why
        self.numbers.append(math.nan)

    @property
    def some(self) -> int:
        return int(np.isfinite(np.asarray(self.numbers)).sum())

    def checked(self, name: str, *, forgiving: bool = True, fewest: int = 1) -> None:
        """Where fewer than that can be read, those that cannot are what is wrong."""
        filled = self.strange + self.some
        few = not self.some or (self.strange and self.some < fewest)
        if few or self.strange > (max(1, FEW * filled) if forgiving else 0):
            why = self._first or "no cell holds anything"
            where = f" in column {_quoted(name)}" if name else ""
            more = f"; {self.strange:,} cells are like that" if self.strange > 1 else ""
            raise ConfigurationError(f"{why[:1].upper()}{why[1:]}{where}{more}.", mend=self._mend)

    def notes(self, one: str, of: str) -> Iterator[str]:
        if self.strange:
            yield f"{counted(self.strange, one)}{of} skipped: {self._first}."
        if empty := len(self.numbers) - self.some - self.strange:
            yield f"{counted(empty, one)}{of} missing."


def _columns(
    text: str, separator: str, names: Sequence[str], time_place: int, zone: tzinfo, *, headed: bool
) -> list[_Column]:
    number = _numbers(separator)
    held = [_Column(number, "number", "Leave out what was not measured, or leave it empty.") for _ in names]
    held[time_place] = _Column(_moments(zone), "timestamp", _TIME_MEND)
    width = len(names)
    for line, cells in _data(text, separator, headed=headed):
        if len(cells) > width and any(cells[width:]):
            held[time_place].refuse(f"line {line} has {len(cells)} cells, and the first line {width}")
            cells = []  # noqa: PLW2901  nobody knows which of them belongs where
        else:
            held[time_place].add(cells[time_place] if time_place < len(cells) else "", line)
        for place, column in enumerate(held):
            if place == time_place:
                continue
            if place < len(cells):
                column.add(cells[place], line)
            else:
                column.refuse()
    return held


def _series(columns: Sequence[str], time_place: int, held: Sequence[_Column]) -> list[int]:
    """Every column of numbers; one of words, beside others, is none."""
    able = [
        place
        for place, name in enumerate(columns)
        if place != time_place and _plain(name) not in LABELS and not _scored(name)
    ]
    chosen = [place for place in able if held[place].some > held[place].strange]
    for place in chosen or able:
        held[place].checked(columns[place], forgiving=bool(chosen))
    if not chosen:
        raise ConfigurationError(
            "No column holds values besides the timestamp.", mend="Give a CSV with the columns timestamp and value."
        )
    return chosen


def _named(columns: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
    """Two of one name are told apart by where they stand."""
    names = [clean(columns[place]) for place in places]
    return tuple(
        name if name and names.count(name) == 1 else f"{name} (column {place + 1})".lstrip()
        for name, place in zip(names, places, strict=True)
    )


def _unused(columns: Sequence[str], held: Sequence[_Column], used: set[int]) -> Iterator[str]:
    names = [clean(columns[place]) or "without a name" for place in range(len(held)) if place not in used]
    if names:
        yield f"Not looked at: {counted(len(names), 'column')} ({clean(', '.join(names))})."


# ---------------------------------------------------------------- cells


def _numbers(separator: str) -> Callable[[str], float]:
    """NaN is a number that is not there."""

    def read(cell: str) -> float:
        try:
            number = float(cell)
        except ValueError:
            if cell.strip().casefold() in MISSING:
                return math.nan
            if separator != ";" or "," not in cell:
                raise
            number = float(cell.replace(",", ".", 1))
        return number if math.isfinite(number) else math.nan

    return read


def _moments(zone: tzinfo) -> Callable[[str], float]:
    """Of cells in the order of the file: an hour that a clock shows twice is the second one where time went back."""
    before, counting = -math.inf, False

    def read(cell: str) -> float:
        nonlocal before, counting
        text = cell.strip()
        moment = None if counting else _day(text)
        try:
            at = _epoch(float("" if moment else text))
            counting = True
        except ValueError:
            moment = moment or _calendar(text)
            at = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
            if at < before and not moment.tzinfo:
                at = moment.replace(tzinfo=zone, fold=1).timestamp()
        if not _EARLIEST < at < _LATEST:
            raise ValueError(cell)
        before = at
        return at

    return read


def _epoch(number: float) -> float:
    for limit, unit in _UNITS:
        if abs(number) < limit:
            return number / unit
    raise ValueError(number)


def _day(text: str) -> datetime | None:
    """20260318, which is a number too: a day where no other number came before it."""
    try:
        return datetime.fromisoformat(text) if _DAY.match(text) else None
    except ValueError:
        return None


def _calendar(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        mended = text.replace("/", "-", 2) if text[4:5] == "/" else text
        return datetime.fromisoformat(_OFFSET.sub("", re.sub(r"\s+(UTC|GMT)$", "Z", mended)))


def _reads(read: Callable[[str], float], cell: str) -> bool:
    try:
        read(cell)
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    return name.strip().casefold()


def _scored(name: str) -> bool:
    return _plain(name).startswith(SCORE)


def _quoted(cell: str) -> str:
    return repr(clean(cell, 60))
