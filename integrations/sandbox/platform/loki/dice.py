"""Numbers that look random and follow from 64 bits alone: what happens on a line hangs on nothing but its place."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]

GOLDEN: Final = 0x9E3779B97F4A7C15
MASK: Final = 2**64 - 1
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
_UNIT: Final = 2.0**-53


def mixed(bits: Bits) -> Bits:
    """Splitmix64: no two inputs give the same."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(_FIRST)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(_SECOND)
    return bits ^ (bits >> np.uint64(31))


def counted(key: int, counters: Bits) -> Bits:
    """The bits of each counter under a key."""
    return mixed(np.uint64(key) + counters * np.uint64(GOLDEN))


def shares(bits: Bits, slot: int) -> Floats:
    """A number from 0 to 1 for each; every slot gives another."""
    return np.asarray((mixed(bits + np.uint64(slot * GOLDEN & MASK)) >> np.uint64(11)) * _UNIT)


def share(bits: int, slot: int) -> float:
    """The same for one."""
    bits = bits + slot * GOLDEN & MASK
    bits = (bits ^ (bits >> 30)) * _FIRST & MASK
    bits = (bits ^ (bits >> 27)) * _SECOND & MASK
    return ((bits ^ (bits >> 31)) >> 11) * _UNIT
