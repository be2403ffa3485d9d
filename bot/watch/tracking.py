"""From the surprise of single samples to events: when a series leaves what is usual, and when it is back.

Two of three samples beyond the threshold open an event, so that one odd sample is none; it is over once three in a row
are back, and not before the series is near what it was when it left: detectors get used to a new level, people do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.rows import Counts, Mask
from bot.telemetry.signals import Floats

_LAST_THREE: Final = np.uint8(0b111)
FEW: Final = np.array([number.bit_count() for number in range(8)], dtype=np.uint8)
"""How many of the last three samples, as bits, were beyond."""
BEYOND: Final = 2
CALM: Final = 3
"""Samples in a row that end it."""
RECENT: Final = 10
"""Samples ago; what was expected before that is old."""
HELD: Final = 3 * 3600.0
"""So long the level from before is remembered; whatever lasts longer is the new one."""
NEAR: Final = 0.2
"""Of the way back to what was expected when it left: that near, it is back …"""
NEAR_ENOUGH: Final = 0.5
"""… and that near, where a detector finds nothing odd: what is usual has a rhythm of its own."""

ROW: Final = np.dtype(
    [
        ("high", np.uint8),
        ("low", np.uint8),
        ("calm", np.uint8),
        ("side", np.int8),
        ("kind", np.int8),
        ("since", np.float64),
        ("seen", np.float64),
        ("size", np.float32),
        ("value", np.float64),
        ("expected", np.float64),
        ("edge", np.float64),
    ]
)
Rows = NDArray[np.void]


class Tracker:
    """What is open of one signal: a row for each series. `side` is 1 above, -1 below, 0 where nothing is open."""

    def __init__(self, rows: int) -> None:
        self.rows: Rows = np.zeros(rows, dtype=ROW)

    @property
    def open(self) -> Counts:
        return np.flatnonzero(self.rows["side"])

    def feed(
        self,
        time: float,
        step: float,
        values: Floats,
        *,
        expected: Floats,
        high: Mask,
        low: Mask,
        score: Floats,
        calm: Mask,
        kind: NDArray[np.int8],
    ) -> tuple[Counts, Counts]:
        """Which rows are open after this column, and which ended with it. Samples that are not there say nothing."""
        rows, there = self.rows, np.isfinite(values)
        for name, now in (("high", high), ("low", low)):
            bits = rows[name]
            np.copyto(bits, (bits << 1 | now) & _LAST_THREE, where=there)
            if now.any():
                self._open(name, time, step, values, expected, kind)
        usual = there & np.isfinite(expected) & (rows["side"] == 0) & ~(high | low)
        np.copyto(rows["expected"], expected, where=usual)
        np.copyto(rows["seen"], time, where=usual)
        ended = []
        for row in np.flatnonzero((rows["side"] != 0) & there).tolist():
            if self._ends(row, time, float(values[row]), bool(calm[row])):
                ended.append(row)
            else:
                shows = not calm[row] and not rows[row]["calm"]
                self._goes_on(row, time, float(values[row]), float(score[row]), shows=shows)
        return self.open, np.array(ended, dtype=np.int64)

    def _open(
        self, side: str, time: float, step: float, values: Floats, expected: Floats, kind: NDArray[np.int8]
    ) -> None:
        """What was expected before it left is usual: a detector that has seen the first odd samples expects more."""
        bits = self.rows[side]
        opened = (FEW[bits] >= BEYOND) & (self.rows["side"] == 0) & (bits & 1 == 1)
        for row in np.flatnonzero(opened).tolist():
            kept, back = self.rows[row], 2 if bits[row] & 0b100 else 1
            kept["side"], kept["since"] = 1 if side == "high" else -1, time - back * step
            if time - kept["seen"] > RECENT * step:
                kept["expected"] = expected[row]
            kept["edge"] = kept["value"] = values[row]
            kept["size"], kept["kind"], kept["calm"] = 0.0, kind[row], 0

    def close(self, ended: Sequence[int] | Counts) -> None:
        """After they were told."""
        for row in ended:
            kept = self.rows[row]
            kept["side"], kept["high"], kept["low"], kept["calm"] = 0, 0, 0, 0

    def _ends(self, row: int, time: float, value: float, calm: bool) -> bool:  # noqa: FBT001
        kept = self.rows[row]
        left = (value - kept["expected"]) * kept["side"]
        way = (kept["edge"] - kept["expected"]) * kept["side"]
        # The first also where a detector has got used to what it was, and wonders that it is over.
        near = left <= NEAR * way or (calm and left <= NEAR_ENOUGH * way)
        lasted = calm and time - kept["since"] > HELD
        kept["calm"] = kept["calm"] + 1 if near or lasted else 0
        return bool(kept["calm"] >= CALM)

    def _goes_on(self, row: int, time: float, value: float, score: float, *, shows: bool) -> None:
        """`seen` and `value` are the last sample that showed it; `edge` is the farthest."""
        kept = self.rows[row]
        if shows:
            kept["seen"], kept["value"] = time, value
        if (value - kept["edge"]) * kept["side"] >= 0 or not kept["size"]:
            kept["edge"] = value
        kept["size"] = max(kept["size"], score)

    def take(self, places: Counts) -> Tracker:
        """Rows in another order; -1 makes a fresh one."""
        taken = Tracker(len(places))
        known = places >= 0
        taken.rows[known] = self.rows[places[known]]
        return taken

    def dump(self) -> bytes:
        return self.rows.tobytes()

    @classmethod
    def load(cls, blob: bytes) -> Tracker:
        tracker = cls(0)
        tracker.rows = np.frombuffer(blob, dtype=ROW).copy()
        return tracker
