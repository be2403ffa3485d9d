"""Trace ids that look random, and say nevertheless which trace of which minute they name: nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.world import noise
from integrations.sandbox.platform.world.shapes import Floats

Keys = NDArray[np.uint64]

MASK: Final = 2**64 - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
INDEX_BITS: Final = 16
ENVIRONMENT_BITS: Final = 8
_FACTORS: Final = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS: Final = (30, 27, 31)
_INVERSES: Final = tuple(pow(factor, -1, 2**64) for factor in _FACTORS)


@dataclass(frozen=True, slots=True)
class Place:
    """A trace by where it is: the how-manieth of a minute (since 1970) in an environment."""

    environment: int
    minute: int
    index: int


def mixed(bits: Keys) -> Keys:
    """Splitmix64: every bit of the result hangs on every bit, and no two inputs give the same."""
    bits = (bits ^ (bits >> np.uint64(_SHIFTS[0]))) * np.uint64(_FACTORS[0])
    bits = (bits ^ (bits >> np.uint64(_SHIFTS[1]))) * np.uint64(_FACTORS[1])
    return bits ^ (bits >> np.uint64(_SHIFTS[2]))


def uniform(keys: Keys, slot: int) -> Floats:
    """A number in 0..1 for each key; each slot is another one."""
    return (derived(keys, slot) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def derived(keys: Keys, slot: int) -> Keys:
    """Other keys that follow from these."""
    return mixed(keys + np.uint64(slot * _GOLDEN & MASK))


def keys(seed: int, environment: int, minutes: Keys, indexes: Keys) -> Keys:
    """The first half of the ids; all draws of a trace follow from it."""
    packed = (minutes << np.uint64(INDEX_BITS + ENVIRONMENT_BITS)) | np.uint64(environment << INDEX_BITS) | indexes
    return mixed(packed ^ np.uint64(_secret(seed)))


def written(seed: int, key: int) -> str:
    """An id of 32 digits; the second half vouches for the first."""
    return f"{key:016x}{noise.number(seed, 'trace', key):016x}"


def read(seed: int, trace_id: str) -> tuple[int, Place] | None:
    """The key and the place behind an id, if it is one of ours."""
    key = int(trace_id, 16) >> 64
    if written(seed, key) != trace_id.rjust(32, "0"):
        return None
    packed = _unmixed(key) ^ _secret(seed)
    environment = (packed >> INDEX_BITS) & (2**ENVIRONMENT_BITS - 1)
    return key, Place(environment, packed >> (INDEX_BITS + ENVIRONMENT_BITS), packed & (2**INDEX_BITS - 1))


def _secret(seed: int) -> int:
    return noise.number(seed, "traces")


def _unmixed(bits: int) -> int:
    bits = _unshifted(bits, _SHIFTS[2])
    for shift, inverse in zip(reversed(_SHIFTS[:2]), reversed(_INVERSES), strict=True):
        bits = _unshifted(bits * inverse & MASK, shift)
    return bits


def _unshifted(bits: int, shift: int) -> int:
    result = bits
    while bits := bits >> shift:
        result ^= bits
    return result
