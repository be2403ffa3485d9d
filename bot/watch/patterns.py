"""What logs say that they did not say before, say far more often, or no longer say: one finding of each for a service.

A pattern's count is held against its own record, and against the traffic that the service's other lines tell of. What
stands out is not learned from while it does; what lasts for hours is how things are from then on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Literal

from pydantic import TypeAdapter

from bot.ports import Json
from bot.telemetry.pattern_keys import ANY, Key, key_of, merged
from bot.telemetry.pattern_masks import mask, pieces
from bot.telemetry.pattern_messages import message_of
from bot.telemetry.signals import LogLine
from bot.telemetry.units import digits, shown
from bot.watch.finding import Family, Finding, Subject
from bot.watch.spells import Patience, Spells, restored
from bot.watch.usual import ACCEPTED, LEARNED, LIMIT, LOOKS, Rate, Usual, kept_after
from bot.watch.watches import UNTAUGHT, Learned, added

Weight = Literal["error", "warn", ""]
Kind = Literal["new", "surging", "vanished"]
Group = tuple[Weight, Key]

WEIGHTS: Final[tuple[Weight, ...]] = ("", "warn", "error")
FEWEST: Final[Mapping[Weight, int]] = {"error": 15, "warn": 20, "": 20}
"""Lines of one look that are worth a word: a few that fail in a row are what retries are for."""
PLAIN: Final = 1.5
"""Times the surprise that it takes where nothing says that something is wrong."""
STEADY: Final = 0.9
"""Of the looks: what comes in so many is missed …"""
MISSED: Final = 20.0
"""… if it is so many lines in each …"""
GONE: Final = 3
"""… after so many without it; and what is told is over after so many."""
PROVEN: Final = 30.0
"""Looks that it takes to be called steady."""
QUIET: Final = timedelta(minutes=5)
"""A new pattern that has not come for so long is over."""
FORGOTTEN: Final = timedelta(days=1)
"""A service that has logged nothing for so long is a new one when it does."""
MOST: Final = 400
"""Patterns of a service that are remembered; the others have not come for longest."""
LONGEST: Final = 100
TRAFFIC: Final = 20.0
"""Fewer lines do not tell how busy a service is."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one look that are alike, as far as their looks tell."""

    service: str
    weight: Weight
    key: Key
    text: str
    """How they read, without what varies."""
    count: int
    first: datetime | None = None


Counts = Mapping[Group, Lines]
"""Of one look."""


def counted(lines: Iterable[LogLine], service: Callable[[LogLine], str]) -> tuple[Lines, ...]:
    """A page of lines, put together."""
    counts: Counter[tuple[str, Weight, Key]] = Counter()
    texts: dict[tuple[str, Weight, Key], str] = {}
    first: dict[tuple[str, Weight, Key], datetime] = {}
    for line in lines:
        text, _, said = message_of(line.text)
        level = said if line.level == "unknown" else line.level
        weight: Weight = "error" if level in {"error", "fatal"} else "warn" if level == "warn" else ""
        group = service(line), weight, key_of(pieces(text))
        counts[group] += 1
        first[group] = min(line.at, first.get(group, line.at))
        if group not in texts:
            texts[group] = mask(text)
    return tuple(Lines(*group, texts[group], count, first[group]) for group, count in counts.items())


@dataclass(frozen=True, slots=True)
class Pattern:
    """Lines of one template, and what is known of them."""

    weight: Weight
    key: Key
    text: str
    first: datetime
    seen: datetime
    rate: Rate = field(default_factory=Rate)
    present: float = 0.0
    """In how many looks, as the record counts them."""
    fresh: bool = False
    """Never seen before, and not known for long."""
    lines: float = 0.0
    """Of a fresh one, since it came."""
    new: float = 0.0
    """How surprising that is, once it is worth a word."""
    gone: int = 0
    """Looks in a row without it, though it is steady."""
    gone_since: datetime | None = None
    count: float = 0.0
    """In the last look."""

    @property
    def group(self) -> Group:
        return self.weight, self.key


@dataclass(frozen=True, slots=True)
class Book:
    """All patterns of a service."""

    began: datetime
    looks: int = 0
    novel: Usual = field(default_factory=Usual)
    """How many lines are of patterns that were never seen, and came to nothing."""
    patterns: tuple[Pattern, ...] = ()

    @property
    def seen(self) -> datetime:
        return max((each.seen for each in self.patterns), default=self.began)


@dataclass(frozen=True, slots=True)
class _Kept:
    books: dict[str, Book] = field(default_factory=dict)
    spells: Json = None


_KEPT: Final = TypeAdapter(_Kept)


class Patterns:
    """The logs of an environment; `limit` is the surprise that it takes, more where feedback wants more."""

    def __init__(
        self, environment: str, *, limit: float = LIMIT, learned: Learned = UNTAUGHT, kept: Json = None
    ) -> None:
        was = restored(_KEPT, kept) if kept else _Kept()
        self.environment, self.limit, self._learned = environment, limit, learned
        self._books = was.books
        self._spells = Spells(Patience(), was.spells)

    def feed(
        self,
        start: datetime,
        end: datetime,
        lines: Iterable[Lines],
        *,
        cut: bool = False,
        totals: Mapping[str, float] | None = None,
    ) -> tuple[Finding, ...]:
        """One look. Where the page was `cut`, `totals` say how many lines each service had: more than were read."""
        by_service: defaultdict[str, list[Lines]] = defaultdict(list)
        for each in lines:
            by_service[each.service].append(each)
        found: list[Finding] = []
        for service in sorted({*self._books, *by_service}):
            here = by_service.get(service, [])
            book = self._books.get(service) or Book(start)
            share = _share(sum(each.count for each in here), cut=cut, total=(totals or {}).get(service))
            look = _Look(book, start, end, share, self.limit + added(self._learned, service, "logs"))
            self._books[service] = look.after(here)
            found += self._told(service, self._books[service], look.of)
        self._books = {name: book for name, book in self._books.items() if book.seen > end - FORGOTTEN}
        return (*self._spells.look(end, found), *self._spells.findings)

    def dump(self) -> Json:
        dumped: Json = _KEPT.dump_python(_Kept(self._books, self._spells.dump()), mode="json")
        return dumped

    def _told(self, service: str, book: Book, of: float) -> Iterator[Finding]:
        new = [(each, each.first, each.new) for each in book.patterns if each.new]
        surging = [(each, each.rate.since, each.rate.size) for each in book.patterns if each.rate.high]
        gone = [
            (each, each.gone_since, each.rate.usual.surprise_of_none(of * each.gone))
            for each in book.patterns
            if each.gone >= GONE
        ]
        if new:
            yield self._finding(service, "new", new, of)
        if surging:
            yield self._finding(service, "surging", surging, of)
        if gone and not new:  # what was only renamed is not missed
            yield self._finding(service, "vanished", gone, of)

    def _finding(
        self, service: str, kind: Kind, of: Sequence[tuple[Pattern, datetime | None, float]], seconds: float
    ) -> Finding:
        patterns = [pattern for pattern, _, _ in of]
        worst, _, _ = max(of, key=lambda each: (WEIGHTS.index(each[0].weight), each[2], each[0].key))
        now = 60.0 * sum(each.count for each in patterns) / max(seconds, 1.0)
        usual = 0.0 if kind == "new" else 60.0 * sum(each.rate.usual.rate for each in patterns)
        began = min(since for _, since, _ in of if since)
        size = max(size for _, _, size in of)
        return Finding(
            Subject(service, self.environment, "logs", kind),
            Family.PATTERN,
            "low" if kind == "vanished" else "high",
            began,
            max(began, *(each.seen for each in patterns)),
            _words(kind, patterns, worst, now, usual),
            value=now,
            expected=usual,
            unit="lines/min",
            size=size,
            sure=1.0 - 1.0 / (1.0 + size),
        )


def _words(kind: Kind, of: Sequence[Pattern], worst: Pattern, now: float, usual: float) -> str:
    sort = {"error": "error ", "warn": "warning ", "": ""}[worst.weight]
    text = worst.text if len(worst.text) <= LONGEST else worst.text[: LONGEST - 1] + "…"
    quoted = f"“{text}”" if len(of) == 1 else f"above all “{text}”"
    rates = f"{shown(now, 'lines/min')}, usual is {shown(usual, 'lines/min')}"

    several = f" of {digits(len(of))} patterns" if len(of) > 1 else ""
    match kind:
        case "new":
            head = f"{digits(len(of))} new patterns of {sort}lines" if several else f"new {sort}lines"
            return f"{head}, {quoted}, {digits(sum(each.lines for each in of))} in all"
        case "surging":
            return f"far more {sort}lines{several}, {quoted}: {rates}"
        case "vanished":
            return f"no more {sort}lines{several}, {quoted}: usual is {shown(usual, 'lines/min')}"


def _share(read: int, *, cut: bool, total: float | None) -> float:
    """Of a service's lines that were read; 0 where nobody knows."""
    if not cut:
        return 1.0
    return min(1.0, read / total) if total else 0.0


class _Look:
    """One look at one service."""

    def __init__(self, book: Book, start: datetime, end: datetime, share: float, limit: float) -> None:
        seconds = (end - start).total_seconds()
        self.book, self.start, self.end, self.limit = book, start, end, limit
        self.of, self.kept = seconds * share, kept_after(seconds)
        self.learning = (end - book.began) < LEARNED or book.looks < LOOKS

    def after(self, lines: Sequence[Lines]) -> Book:
        known, counts = _gathered(self.book.patterns, lines)
        for group, each in counts.items():
            if group not in known:
                first = each.first or self.end
                known[group] = Pattern(*group, each.text[: LONGEST + 1], first, self.end, fresh=not self.learning)
        busy = self._busy(known, counts)
        after = [self._judged(each, counts.get(group), busy.get(group, 1.0)) for group, each in known.items()]
        known_now = sum(
            was.lines for was, each in zip(known.values(), after, strict=True) if not (each.fresh or was.new)
        )
        novel = self.book.novel.learned(known_now, self.of, self.kept)
        after.sort(key=lambda each: each.seen, reverse=True)
        return Book(self.book.began, self.book.looks + 1, novel, tuple(after[:MOST]))

    def _busy(self, patterns: Mapping[Group, Pattern], counts: Counts) -> dict[Group, float]:
        """How many times as busy as usual the service is, for each pattern by the plain lines of the others."""
        plain = {
            group: (_count(counts, group), each.rate.usual.rate * self.of)
            for group, each in patterns.items()
            if not (each.weight or each.fresh or each.rate.looks or each.gone)
        }
        seen, expected = (sum(each[side] for each in plain.values()) for side in (0, 1))
        busy = {}
        for group in patterns:
            own, usual = plain.get(group, (0.0, 0.0))
            if expected - usual >= TRAFFIC:
                busy[group] = max(1.0, (seen - own) / (expected - usual))
        return busy

    def _judged(self, pattern: Pattern, lines: Lines | None, busy: float) -> Pattern:
        count = float(lines.count) if lines else 0.0
        if self.of <= 0:
            return pattern
        if not count and (pattern.gone or self._steady(pattern)):
            return self._missing(pattern)
        seen = self.end if count else pattern.seen
        often = pattern.present * self.kept + bool(count)
        if self.learning or pattern.fresh:
            rate = Rate(pattern.rate.usual.learned(count, self.of, self.kept))
        else:
            fewest, limit = FEWEST[pattern.weight], self.limit * (1.0 if pattern.weight else PLAIN)
            rate = pattern.rate.after(
                self.end, count, self.of, self.kept, fewest=fewest, limit=limit, busy=busy, start=self.start
            )
        pattern = replace(pattern, seen=seen, count=count, rate=rate, present=often, gone=0, gone_since=None)
        return self._new(pattern, (lines and lines.first) or self.end) if pattern.fresh else pattern

    def _new(self, pattern: Pattern, first: datetime) -> Pattern:
        lines = pattern.lines + pattern.count
        if self.end - pattern.first > ACCEPTED or self.end - pattern.seen > QUIET:
            return replace(pattern, fresh=False, lines=0.0, new=0.0)
        size = self.book.novel.surprise(lines, pattern.rate.usual.of)
        enough = lines >= FEWEST[pattern.weight] and size >= self.limit
        if enough and not pattern.new and pattern.count >= FEWEST[pattern.weight]:
            pattern = replace(pattern, first=first)  # a line now and then before the flood is not its beginning
        return replace(pattern, lines=lines, new=max(size, pattern.new) if enough or pattern.new else 0.0)

    def _steady(self, pattern: Pattern) -> bool:
        usual = pattern.rate.usual
        often = usual.looks >= PROVEN and pattern.present >= STEADY * usual.looks
        return often and pattern.weight != "error" and not pattern.fresh and usual.rate * self.of >= MISSED

    def _missing(self, pattern: Pattern) -> Pattern:
        since = pattern.gone_since or self.start
        if self.end - since > ACCEPTED:
            return replace(pattern, count=0.0, gone=0, gone_since=None, present=0.0)
        return replace(pattern, count=0.0, rate=Rate(pattern.rate.usual), gone=pattern.gone + 1, gone_since=since)


def _count(counts: Counts, group: Group) -> float:
    return float(counts[group].count) if group in counts else 0.0


def _gathered(patterns: Sequence[Pattern], lines: Sequence[Lines]) -> tuple[dict[Group, Pattern], Counts]:
    """The lines by the patterns that they are of; what they have in common with those makes some of them one."""
    lines = sorted(lines, key=lambda each: (each.weight, each.key, each.text))
    homes: dict[Group, Key] = {}
    for weight, alike in groupby(lines, key=lambda each: each.weight):
        known = {each.key: max(1, round(each.rate.usual.count)) for each in patterns if each.weight == weight}
        fits: dict[Key, Key] = {}
        strange: Counter[Key] = Counter()
        for each in alike:
            fit = _fitting(each.key, known)
            fits[each.key] = fit or each.key
            if fit is None:
                strange[each.key] += each.count
        moved = merged({**known, **strange}) if strange else {key: key for key in known}
        homes |= {(weight, key): home for key, home in moved.items()}
        homes |= {(weight, key): moved[fit] for key, fit in fits.items()}
    kept: dict[Group, Pattern] = {}
    for pattern in patterns:
        group = pattern.weight, homes.get(pattern.group, pattern.key)
        joined = _joined(kept[group], pattern) if group in kept else pattern
        kept[group] = joined if joined.group == group else replace(joined, key=group[1])
    counts: dict[Group, Lines] = {}
    for each in lines:
        group = each.weight, homes[each.weight, each.key]
        was = counts.get(group)
        first = min((one.first for one in (was, each) if one and one.first), default=None)
        counts[group] = replace(was or each, count=each.count + (was.count if was else 0), first=first)
    return kept, counts


def _fitting(key: Key, known: Mapping[Key, int]) -> Key | None:
    """The pattern that the line is of, without a look at all the others."""
    if key in known:
        return key
    fits = (
        each
        for each in known
        if len(each) == len(key) and ANY in each and all(a in (ANY, b) for a, b in zip(each, key, strict=True))
    )
    return min(fits, key=lambda each: (each.count(ANY), each), default=None)


def _joined(one: Pattern, other: Pattern) -> Pattern:
    """Two that turned out to be one: as old, and as well known, as the elder."""
    elder, younger = sorted((one, other), key=lambda each: (each.fresh, each.first))
    known, less = elder.rate.usual, younger.rate.usual
    usual = Usual(
        known.count + less.count, max(known.of, less.of), max(known.looks, less.looks), known.misfit + less.misfit
    )
    return replace(
        elder,
        key=one.key,
        seen=max(one.seen, other.seen),
        rate=replace(elder.rate, usual=usual),
        present=max(one.present, other.present),
        lines=one.lines + other.lines,
    )
