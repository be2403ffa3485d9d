"""What fits: the best first, shortened where that helps, until too little room is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

ROOM: Final = 100
"""Tokens under which nothing more is tried."""


class Sized(Protocol):
    """Something that takes a number of tokens."""

    @property
    def tokens(self) -> int: ...


S = TypeVar("S", bound=Sized)


@dataclass(frozen=True, slots=True)
class Filled(Generic[S]):
    """What was taken, and what it takes."""

    items: tuple[S, ...]
    tokens: int


def fill(ranked: Iterable[S], budget: int, shorten: Callable[[S, int], S | None]) -> Filled[S]:
    """Greedy. `shorten(item, room)` gives a version that takes at most so many tokens, or None."""
    taken: list[S] = []
    left = budget
    for item in ranked:
        fitting: S | None = item if item.tokens <= left else None
        if fitting is None and left > ROOM:
            fitting = shorten(item, left)
        if fitting is not None and fitting.tokens <= left:
            taken.append(fitting)
            left -= fitting.tokens
        if left < ROOM:
            break
    return Filled(tuple(taken), budget - left)
