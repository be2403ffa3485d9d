"""Which texts share a question's words: folding, light stemming, and BM25."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

K1: Final = 1.2
B: Final = 0.75
LONGEST: Final = 64
"""Letters of a term that count; a hash or a blob is known by its beginning."""
_WORD: Final = re.compile(r"[^\W_]+(?:[._:/-][^\W_]+)*")
_PART: Final = re.compile(r"[^\W_]+")
_WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SHORT_STEM: Final = 3
_IDLE: Final = frozenset(
    _PART.findall(
        "a an and are as at be been but by can could did do does for from had has have how i if in into is it its me "
        "my of on or our please s so than that the their them then there these they this to up us was we were what "
        "when where which who why will with would you your"
    )
)


def fold(text: str) -> str:
    """Without case and accents, however they were typed."""
    lowered = text.casefold()
    if lowered.isascii():
        return lowered
    return "".join(each for each in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(each))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Plurals, -ed and -ing; no more, so that names stay apart. Names with digits are left as they are."""
    if len(word) <= _SHORT_STEM or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > _SHORT_STEM + 1:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORT_STEM and any(each in "aeiouy" for each in rest):
            return rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest.removesuffix("e")
    return word.removesuffix("e") if len(word) > _SHORT_STEM + 1 else word


def terms(text: str) -> list[str]:
    """What carries meaning, as it is indexed; of a name like `checkout-api` the whole and its parts."""
    return list(_terms(fold(text)))


def _terms(folded: str) -> Iterator[str]:
    for word in _WORD.findall(folded):
        parts = _PART.findall(word)
        if len(parts) > 1:
            yield word[:LONGEST]
        for part in parts:
            if _WIDE.search(part):  # no spaces between words: pairs of characters stand for them
                yield from ([part[at : at + 2] for at in range(len(part) - 1)] or [part])
            elif part not in _IDLE:
                yield stem(part[:LONGEST])


def weight(count: int, length: int, average: float) -> float:
    """How much a text of `length` terms is about one that it holds `count` times: from 0 to K1 + 1."""
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / max(average, 1.0)))


def rarity(holding: int, total: int) -> float:
    """The inverse document frequency, never negative."""
    return math.log1p((total - holding + 0.5) / (holding + 0.5))


class Bm25:
    """A small index over texts that fit in memory; scores come by position."""

    def __init__(self, documents: Iterable[Sequence[str]]) -> None:
        counts = [Counter(each) for each in documents]
        lengths = [each.total() for each in counts]
        average = sum(lengths) / len(lengths) if lengths else 0.0
        held: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for position, (bag, length) in enumerate(zip(counts, lengths, strict=True)):
            for term, count in bag.items():
                held[term].append((position, weight(count, length, average)))
        self._size = len(counts)
        self._postings: Mapping[str, tuple[NDArray[np.intp], NDArray[np.float64]]] = {
            term: (np.array([at for at, _ in each], np.intp), np.array([score for _, score in each]))
            for term, each in held.items()
        }

    def __len__(self) -> int:
        return self._size

    def scores(self, asked: Iterable[str]) -> NDArray[np.float64]:
        """BM25 of every text."""
        total = np.zeros(self._size)
        for term in set(asked):
            if term in self._postings:
                at, weights = self._postings[term]
                total[at] += rarity(len(at), self._size) * weights
        return total

    def most(self, asked: Iterable[str]) -> float:
        """What a text scores that is all about every term that was asked: the measure of a score."""
        return sum(
            (K1 + 1) * rarity(len(self._postings[term][0]) if term in self._postings else 0, self._size)
            for term in set(asked)
        )
