"""Misspelt words: which known word is near, by a bounded distance over an index of deletions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Final

SHORTEST: Final = 4
LONG: Final = 8
"""From here on two slips are forgiven."""
LONGEST: Final = 24


def _deletions(word: str, many: int) -> Iterator[str]:
    seen = {word}
    edge = [word]
    yield word
    for _ in range(many):
        following = []
        for each in edge:
            for at in range(len(each)):
                less = each[:at] + each[at + 1 :]
                if less not in seen:
                    seen.add(less)
                    following.append(less)
                    yield less
        edge = following


def distance(left: str, right: str, most: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours; more than `most` is `most + 1`."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        here = [row]
        for column, other in enumerate(right, 1):
            cost = min(above[column] + 1, here[-1] + 1, above[column - 1] + (one != other))
            if row > 1 and column > 1 and one == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        if min(here) > most:
            return most + 1
        before, above = above, here
    return min(above[-1], most + 1)


def forgiven(word: str) -> int:
    """How many slips in a word of that length are taken for slips."""
    return 0 if not SHORTEST <= len(word) <= LONGEST else 1 if len(word) < LONG else 2


class Speller:
    """Known words, and those near them."""

    def __init__(self, words: Iterable[str]) -> None:
        self._index: dict[str, set[str]] = {}
        for word in {each for each in words if len(each) >= SHORTEST and each.isalpha()}:
            for less in _deletions(word, forgiven(word)):
                self._index.setdefault(less, set()).add(word)
        self._memory: dict[str, tuple[tuple[str, int], ...]] = {}

    def near(self, word: str) -> tuple[tuple[str, int], ...]:
        """Known words within what is forgiven, and how far they are; the nearest first."""
        if (known := self._memory.get(word)) is not None:
            return known
        most = forgiven(word)
        found: dict[str, int] = {}
        if most:
            for less in _deletions(word, most):
                for each in self._index.get(less, ()):
                    if each not in found:
                        allowed = min(most, forgiven(each))
                        far = distance(word, each, allowed)
                        if far <= allowed:
                            found[each] = far
        result = tuple(sorted(found.items(), key=lambda pair: (pair[1], pair[0][:1] != word[:1], pair[0])))
        if len(self._memory) < 5_000:  # noqa: PLR2004  a length
            self._memory[word] = result
        return result


@lru_cache(maxsize=4)
def speller(words: frozenset[str]) -> Speller:
    """The same words have the same index, which takes a quarter of a second to make."""
    return Speller(words)


def stems(words: Collection[str]) -> set[str]:
    """Without endings, to see whether several words are forms of one."""
    return {word.rstrip("s").removesuffix("ing").removesuffix("ed").rstrip("e") for word in words}
