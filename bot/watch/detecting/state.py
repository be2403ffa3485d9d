"""What the detectors remember of each series: one block of numbers, a column for each series.

Everything is float32, counts too, so that to store series, and to let them come and go, is to take columns.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.errors import InvalidInput, Tampered
from bot.telemetry.rows import Counts, Mask

Numbers = NDArray[np.float32]

DAY: Final = 86_400.0
MOST_BINS: Final = 96
EXPERTS: Final = 3
"""Ideas of the level: it moves slowly, it follows the day, it follows the weekday or the weekend."""
PACES: Final = 3
"""How fast what is left is followed."""
VOICES: Final = 5
"""What can be wrong, in the order of `Kind`."""
TAIL: Final = 0.02
"""The share of readings beyond the bound of the record."""
_SIZES: Final = {
    "count": 1,  # samples that were there
    "last": 1,  # the one before
    "still": 1,  # samples since it moved
    "resting": 1,  # the share of samples like the one before
    "astray": 1,  # one after a long anomaly, fading over a day
    "gathered": 4,  # of the present moment of day: values, errors, and how many were there and had moved
    "guess": EXPERTS + PACES,  # the level of each idea, beside its profile, and what each pace has followed
    "guess_error": EXPERTS + PACES,
    "means": 3,  # of what differs from the level, over a few samples and over many; of the errors' size
    "scale": 4,  # usual sizes: errors, the first two means, what differs from the level
    "bound": VOICES,
    "beyond": VOICES,  # how far beyond the bound readings are, in terms of it
    "share": VOICES,  # how many are
    "streak": VOICES,  # rare readings in a row
}
_BINNED: Final = 4  # noise, and the profiles of all days, weekdays and weekends
_FIRST_BOUND: Final = np.array([[2.3], [2.3], [2.3], [2.0], [2.0]], dtype=np.float32)
_FIRST_BEYOND: Final = np.array([[0.3], [0.2], [0.2], [0.2], [0.3]], dtype=np.float32)
_HEAD: Final = struct.Struct("<4sHIIdqI")
_MARK: Final = b"bank"
_VERSION: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Spell:
    """Half a moment of the day, in which profiles are straight lines."""

    number: int
    begin: float
    """Where the lines begin, in seconds of the day."""
    start: Numbers
    rise: Numbers
    """Of the profiles of all days and of this kind of day; 0 where they were never seen."""
    unseen: Mask | None
    """Where that is; None is nowhere."""
    noise: Numbers
    trust: Numbers
    """How much the noise of this moment may count at most."""


def number(value: float) -> Numbers:
    """A constant that numpy takes without turning it over each time, which is half of what a small sum costs."""
    return np.array(value, dtype=np.float32)


ONE: Final = number(1.0)


class State:
    """The block of memory, and a name for each part of it."""

    count: Numbers
    last: Numbers
    still: Numbers
    resting: Numbers
    astray: Numbers
    gathered: Numbers
    guess: Numbers
    guess_error: Numbers
    means: Numbers
    scale: Numbers
    bound: Numbers
    beyond: Numbers
    share: Numbers
    streak: Numbers

    def __init__(self, rows: int, step: float) -> None:
        if not 0 < step < np.inf:
            raise InvalidInput(f"Samples cannot be {step:g} s apart.", mend="Give the seconds between two samples.")
        self.step = step
        self.daily = number(1.0 / min(max(DAY / step, 200.0), 2_000.0))
        """What a sample counts of those that make a day, within reason."""
        self.bins = max(1, min(MOST_BINS, round(DAY / step)))
        self.slot = -1
        """The moment of day, of a certain day, whose samples are being gathered."""
        self.spell: Spell | None = None
        """What is looked up once for some samples; not stored."""
        self._name(np.zeros((_width(self.bins), rows), dtype=np.float32))
        self.noise[:] = self.profile[:] = np.nan
        self.bound[:], self.beyond[:], self.share[:] = _FIRST_BOUND, _FIRST_BEYOND, TAIL

    def _name(self, block: Numbers) -> None:
        self.block = block
        at = 0
        for name, size in _SIZES.items():
            part = block[at : at + size]
            setattr(self, name, part if size > 1 else part[0])
            at += size
        binned = block[at:].reshape(_BINNED, self.bins, block.shape[1])
        self.noise, self.profile = binned[0], binned[1:]
        self.offset = self.guess[:EXPERTS]

    @property
    def rows(self) -> int:
        return int(self.block.shape[1])

    def begin(self, rows: Mask, values: Numbers) -> None:
        """The first sample of a series is its first level."""
        self.offset[0, rows] = self.last[rows] = values[rows]
        self.resting[rows] = 1.0

    def take(self, rows: Counts) -> State:
        wrong = rows[(rows < -1) | (rows >= self.rows)]
        if wrong.size:
            raise InvalidInput(f"No row {wrong[0]} among {self.rows}.", mend="Count from 0; -1 makes a new one.")
        taken = State(len(rows), self.step)
        taken.slot = self.slot
        old = rows >= 0
        taken.block[:, old] = self.block[:, rows[old]]
        return taken

    def dump(self) -> bytes:
        body = zlib.compress(self.block.tobytes(), 1)
        return _HEAD.pack(_MARK, _VERSION, self.rows, len(body), self.step, self.slot, zlib.crc32(body)) + body

    @classmethod
    def load(cls, blob: bytes) -> State:
        mend = "Start the detectors afresh: they learn again from the history."
        if len(blob) < _HEAD.size:
            raise Tampered(f"{len(blob)} bytes are too few to be a record of detectors.", mend=mend)
        mark, version, rows, size, step, slot, check = _HEAD.unpack_from(blob)
        if mark != _MARK or version != _VERSION:
            raise Tampered(f"{mark!r} {version} is no record of detectors of version {_VERSION}.", mend=mend)
        body = blob[_HEAD.size :]
        if len(body) != size or zlib.crc32(body) != check:
            raise Tampered("A record of detectors is not what was written.", mend=mend)
        state = cls(0, step)
        state.slot = slot
        state._name(np.frombuffer(zlib.decompress(body), dtype=np.float32).reshape(_width(state.bins), rows).copy())
        return state


def _width(bins: int) -> int:
    return sum(_SIZES.values()) + _BINNED * bins
