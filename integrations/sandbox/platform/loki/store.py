"""What the evaluator reads: blocks of lines whose times are known at once and whose text is written on demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.queries.logql import LineFilter, Matcher

Times = NDArray[np.int64]
Verdicts = NDArray[np.int8]
NO: Final = 0
YES: Final = 1
UNKNOWN: Final = -1
"""Only the line itself tells."""


class Block(Protocol):
    """Lines of one stream, in the order of time (nanoseconds since 1970)."""

    @property
    def labels(self) -> Mapping[str, str]: ...

    @property
    def constant(self) -> Mapping[str, str]:
        """Metadata that all of the lines share."""
        ...

    @property
    def varying(self) -> frozenset[str]:
        """The names of metadata that differs from line to line."""
        ...

    @property
    def times(self) -> Times: ...

    def line(self, index: int) -> tuple[str, dict[str, str]]:
        """The text, and all that is known besides, `constant` among it."""
        ...

    def verdicts(self, wanted: LineFilter) -> Verdicts:
        """What a line filter says of each line, as far as that is clear without its text."""
        ...

    def bytes(self) -> int:
        """About how long its lines are together."""
        ...


class Store(Protocol):
    """Streams of lines."""

    def blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Block]:
        """Lines from `start` to `end` (nanoseconds, the end not included) of the streams that match."""
        ...

    def streams(self, matchers: Sequence[Matcher], start: int, end: int) -> Sequence[Mapping[str, str]]:
        """The labels of every stream that has lines then."""
        ...
