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

FEW: Final = np.array([number.bit_count() for number in range(8)], dtype=np.uint8)
"""How many of the last three samples, as bits, were beyond."""
BEYOND: Final = 2
CALM: Final = 3
"""Samples in a row that end it."""
BACK: Final = 0.5
"""Of the threshold: less surprise than that is calm."""
HELD: Final = 3 * 3600.0
"""So long the level from before is remembered; whatever lasts longer is the new one."""
NEAR: Final = 0.2
"""Of the way back to what was expected when it left: that near, it is back."""

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
        rows = self.rows
        there = np.isfinite(values)
        for side, beyond in (("high", high), ("low", low)):
            bits = rows[side]
            bits[there] = ((bits[there] << 1) | beyond[there]) & 0b111
        opened = np.zeros(len(rows), dtype=np.int8)
        for side, sign in (("high", 1), ("low", -1)):
            opened[(FEW[rows[side]] >= BEYOND) & (rows["side"] == 0) & (rows[side] & 1 == 1)] = sign
        for row in np.flatnonzero(opened).tolist():
            side = "high" if opened[row] > 0 else "low"
            back = 2 if rows[side][row] & 0b100 else 1
            rows[row]["side"], rows[row]["since"] = opened[row], time - back * step
            rows[row]["expected"], rows[row]["edge"], rows[row]["value"] = expected[row], values[row], values[row]
            rows[row]["size"], rows[row]["kind"], rows[row]["calm"] = 0.0, kind[row], 0
        ended = []
        for row in np.flatnonzero((rows["side"] != 0) & there).tolist():
            if self._ends(row, time, float(values[row]), bool(calm[row])):
                ended.append(row)
            else:
                self._goes_on(row, time, float(values[row]), float(score[row]), shows=not calm[row])
        return self.open, np.array(ended, dtype=np.int64)

    def close(self, ended: Sequence[int] | Counts) -> None:
        """After they were told."""
        rows = self.rows[ended]
        rows["side"], rows["high"], rows["low"], rows["calm"] = 0, 0, 0, 0
        self.rows[ended] = rows

    def _ends(self, row: int, time: float, value: float, calm: bool) -> bool:  # noqa: FBT001
        kept = self.rows[row]
        left = (value - kept["expected"]) * kept["side"]
        way = (kept["edge"] - kept["expected"]) * kept["side"]
        near = left <= NEAR * way  # also where a detector has got used to what it was, and wonders that it is over
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
