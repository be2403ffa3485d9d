"""The templates of many lines, in one pass and one merge: what they say, how often, and with which values."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.telemetry.pattern_keys import ANY, Key, key_of, merged, token_of
from bot.telemetry.pattern_masks import LONGEST, PLACEHOLDER, SIZE_AGAIN, Pieces, pieces
from bot.telemetry.pattern_messages import message_of

T = TypeVar("T")

EXAMPLES: Final = 5
MOST_KEYS: Final = 8_000
"""What lies beyond is told apart by its first words only."""
MOST_COARSE: Final = 1_000
FIRST_WORDS: Final = 2
MOST_SHAPES: Final = 8_000
SHAPES_READ: Final = 50
"""So many different lines of a group say how its template is written."""
LINES_READ: Final = 500
"""So many lines of a group are asked for their values."""
VALUES: Final = 5
LONGEST_VALUE: Final = 120

_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Variable:
    """What stands in one place of a template: the most common values, of `read` lines."""

    placeholder: str
    values: tuple[tuple[str, int], ...]
    distinct: int
    read: int


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one template, by their places in what was mined."""

    template: str
    members: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.members)

    @property
    def first(self) -> int:
        return self.members[0]

    @property
    def last(self) -> int:
        return self.members[-1]

    @property
    def sample(self) -> tuple[int, ...]:
        """A few members, spread evenly from the first to the last."""
        return spread(self.members, EXAMPLES)


@dataclass(frozen=True, slots=True)
class Mined:
    """Groups, most common first, and for each line the place of its group among them."""

    groups: tuple[Group, ...]
    ids: tuple[int, ...]


def spread(of: Sequence[T], most: int) -> tuple[T, ...]:
    """So many of them at most, evenly from the first to the last."""
    if len(of) <= most:
        return tuple(of)
    return tuple(of[round(each * (len(of) - 1) / (most - 1))] for each in range(most))


class Miner:
    """Takes one line after the other and keeps what is needed to group them, however many there are."""

    def __init__(self) -> None:
        self._known: dict[Pieces, int] = {}
        self._numbers: dict[Key, int] = {}
        self._shapes: defaultdict[Key, list[Pieces]] = defaultdict(list)

    def add(self, text: str) -> int:
        """The number of the line's key; lines with one number are of one template."""
        shape = pieces(text)
        number = self._known.get(shape)
        if number is None:
            number = self._learn(shape)
        return number

    def _learn(self, shape: Pieces) -> int:
        key = key_of(shape)
        if len(self._numbers) >= MOST_KEYS and key not in self._numbers:
            key = (*key[:FIRST_WORDS], ANY)
            if key not in self._numbers and len(self._numbers) >= MOST_KEYS + MOST_COARSE:
                key = (ANY,)
        shapes = self._shapes[key]
        if len(shapes) < SHAPES_READ:
            shapes.append(shape)
        if len(self._known) >= MOST_SHAPES:
            self._known.clear()
        number = self._known[shape] = self._numbers.setdefault(key, len(self._numbers))
        return number

    def templates(self, numbers: Iterable[int]) -> dict[int, tuple[Key, list[Pieces]]]:
        """For each number the key of its template, and lines that show how it is written."""
        keys = list(self._numbers)
        counts = Counter(numbers)
        homes = merged({key: counts[number] for number, key in enumerate(keys) if counts[number]})
        shown: defaultdict[Key, list[Pieces]] = defaultdict(list)
        for key, home in homes.items():
            if len(shown[home]) < SHAPES_READ:
                shown[home] += self._shapes[key]
        return {self._numbers[key]: (home, shown[home][:SHAPES_READ]) for key, home in homes.items()}


def _aligned(key: Key, shape: Pieces) -> list[tuple[str, Pieces]] | None:
    """The pieces of a line by the tokens of its template; each wildcard takes as few as will do."""
    tokens = [token_of(piece) for piece in shape]
    out: list[tuple[str, Pieces]] = []
    at = start = 0
    while start < len(key):
        end = start
        while end < len(key) and key[end] != ANY:
            end += 1
        part = list(key[start:end])
        wild = start > 0
        found = _find(tokens, part, at + wild, last=end == len(key) and wild)
        if found is None or (not wild and found != at):
            return None
        if wild:
            out.append((ANY, shape[at:found]))
        out += [(token, (piece,)) for token, piece in zip(part, shape[found:], strict=False)]
        at, start = found + len(part), end + 1
    if key and key[-1] == ANY:
        out.append((ANY, shape[at:]))
        at = len(shape)
    return out if at == len(shape) else None


def _find(tokens: list[str], part: list[str], start: int, *, last: bool) -> int | None:
    if last:
        at = len(tokens) - len(part)
        return at if at >= start and tokens[at:] == part else None
    for at in range(start, len(tokens) - len(part) + 1):
        if tokens[at : at + len(part)] == part:
            return at
    return None


def _common(said: set[str]) -> str:
    """How a piece is written that is not the same in all lines."""
    if len(said) == 1:
        return next(iter(said))
    space = " " if any(each.startswith(" ") for each in said) else ""
    stems = {_DIGITS.sub("<NUMBER>", each) for each in said}
    return stems.pop() if len(stems) == 1 else f"{space}<*>"


def _written(key: Key, shapes: Sequence[Pieces]) -> str:
    """The template as people read it."""
    if len(shapes) == 1 and ANY not in key:
        return "".join(shapes[0]).strip()
    lines = [line for line in (_aligned(key, shape) for shape in shapes) if line]
    if not lines:
        return " ".join("<*>" if token == ANY else token for token in key)
    out: list[str] = []
    for column in zip(*lines, strict=True):
        runs = {run for _, run in column}
        if len({len(run) for run in runs}) == 1:
            out += [_common(set(at)) for at in zip(*runs, strict=True)]
        else:
            out.append(" <*>" if any(run[0].startswith(" ") for run in runs if run) else "<*>")
    return "".join(out).strip()


def mine(lines: Sequence[str]) -> Mined:
    """Every line in the group of its template; what JSON and logfmt say beside their message does not count."""
    return grouped([text_of(line) for line in lines])


def grouped(texts: Sequence[str]) -> Mined:
    """Messages by their templates."""
    miner = Miner()
    numbers = [miner.add(text) for text in texts]
    templates = miner.templates(numbers)
    members: defaultdict[Key, list[int]] = defaultdict(list)
    for at, number in enumerate(numbers):
        members[templates[number][0]].append(at)
    shapes = dict(templates.values())
    ordered = sorted(members.items(), key=lambda group: (-len(group[1]), group[1][0]))
    ids = [0] * len(texts)
    for group, (_, places) in enumerate(ordered):
        for at in places:
            ids[at] = group
    return Mined(tuple(Group(_written(key, shapes[key]), tuple(places)) for key, places in ordered), tuple(ids))


def text_of(line: str) -> str:
    """The message of a line, with what it has in common with others."""
    return message_of(line)[0] if line[:1] == "{" or "=" in line or "\n" in line else line


def values_of(template: str, text: str) -> list[str] | None:
    """What a line says in the places of a template, or None where it is written otherwise."""
    said = " ".join(SIZE_AGAIN.sub("", text[:LONGEST]).split())
    between = PLACEHOLDER.split(template)
    if not said.startswith(between[0]):
        return None
    out: list[str] = []
    at = len(between[0])
    for each in between[1:-1]:
        end = said.find(each, at + 1) if each else at
        if end < 0:
            return None
        out.append(said[at:end])
        at = end + len(each)
    if len(between) > 1:
        end = len(said) - len(between[-1])
        if end < at or not said.endswith(between[-1]):
            return None
        out.append(said[at:end])
    return out


def variables(template: str, texts: Sequence[str]) -> tuple[Variable, ...]:
    """The common values in each place of a template, of so many lines at most."""
    placeholders = PLACEHOLDER.findall(template)
    counts: list[Counter[str]] = [Counter() for _ in placeholders]
    read = 0
    for at in spread(range(len(texts)), LINES_READ):
        values = values_of(template, texts[at])
        if values is None:
            continue
        read += 1
        for count, value in zip(counts, values, strict=True):
            count[value[:LONGEST_VALUE]] += 1
    return tuple(
        Variable(
            placeholder, tuple(sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))[:VALUES]), len(count), read
        )
        for placeholder, count in zip(placeholders, counts, strict=True)
    )
