"""What was worked out last and is soon asked for again, up to a bound, for as long as no event changes it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
Key = tuple[str, int, Hashable]
"""An environment, the number of a day, and what it is of that day."""


class Kept(Generic[T]):
    """Drops what was asked for longest ago. Two that want the same at once wait for one to work it out."""

    def __init__(self, most: int, weight: Callable[[T], int] = lambda _: 1) -> None:
        """`most` that all may weigh together."""
        self.most, self.weight = most, weight
        self.held = 0
        self._known: OrderedDict[Key, T] = OrderedDict()
        self._era = 0
        self._reading, self._working = threading.Lock(), threading.RLock()  # some is made of what is kept beside it

    def of(self, key: Key, work: Callable[[], T]) -> T:
        if (known := self.found(key)) is not None:
            return known
        with self._working:
            if (known := self.found(key)) is not None:
                return known
            era = self._era
            made = work()
            with self._reading:
                if era == self._era:
                    self._keep(key, made)
            return made

    def forget(self, environment: str, since: int) -> None:
        """The days of an environment from one on; what is being worked out of them meanwhile is not kept."""
        with self._reading:
            self._era += 1
            for key in [key for key in self._known if key[0] == environment and key[1] >= since]:
                self.held -= self.weight(self._known.pop(key))

    def found(self, key: Key) -> T | None:
        with self._reading:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
            return known

    def _keep(self, key: Key, made: T) -> None:
        self._known[key] = made
        self.held += self.weight(made)
        while self.held > self.most:
            self.held -= self.weight(self._known.popitem(last=False)[1])
