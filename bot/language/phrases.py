"""The nearest of a set of known phrases: how `ask` finds an operation by its title and examples."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SURE = 0.55
_WORD = re.compile(r"[a-z0-9]+")
_IDLE = frozenset(
    {"a", "an", "the", "is", "are", "to", "of", "for", "in", "on", "at", "and", "or", "me", "my", "i"}
    | {"be", "you", "your", "please", "can", "do", "does", "what", "which"}
    | {"called", "named", "hi", "hey", "now", "let", "s"}
)


@dataclass(frozen=True, slots=True)
class Match:
    """A name, and how well its phrases fit, from 0 to 1."""

    name: str
    score: float


def words(text: str) -> list[str]:
    """What carries meaning, in a rough singular; every word where nothing else is left."""
    found = _WORD.findall(text.lower())
    telling = [word for word in found if word not in _IDLE] or found
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in telling]  # noqa: PLR2004


def rank(text: str, phrases: Mapping[str, Sequence[str]]) -> list[Match]:
    """Names by their best phrase: the cosine of the words, the rare ones counting more."""
    known = {name: [Counter(words(phrase)) for phrase in each] for name, each in phrases.items()}
    spread = Counter(word for each in known.values() for word in set().union(*each))
    weight = {word: math.log(1 + len(known) / count) for word, count in spread.items()}
    unknown = math.log(1 + len(known))
    asked = Counter(words(text))

    def norm(bag: Counter[str]) -> float:
        return math.sqrt(sum((count * weight.get(word, unknown)) ** 2 for word, count in bag.items()))

    def cosine(bag: Counter[str]) -> float:
        shared = sum(asked[word] * bag[word] * weight[word] ** 2 for word in asked.keys() & bag.keys())
        length = norm(asked) * norm(bag)
        return shared / length if length else 0.0

    matches = [Match(name, max(map(cosine, each), default=0.0)) for name, each in known.items()]
    return sorted((match for match in matches if match.score > 0), key=lambda match: (-match.score, match.name))
