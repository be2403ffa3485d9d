"""Chance without state: numbers that look random and follow from a key and a counter alone."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.world.shapes import Floats, Minutes

Keys = NDArray[np.uint32]

_GOLDEN: Final = np.uint32(0x9E3779B1)
_FIRST: Final = np.uint32(0x85EBCA6B)
_SECOND: Final = np.uint32(0xC2B2AE35)
_LOW: Final = 0xFFFFFFFF
_UNIT: Final = 2.0**-53
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"  # as Kubernetes names pods: nothing that could spell a word


@lru_cache(maxsize=65_536)
def number(*parts: str | int) -> int:
    """64 bits that follow from the parts."""
    return int.from_bytes(blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def chance(*parts: str | int) -> float:
    """A number from 0 to 1, the 1 not included."""
    return (number(*parts) >> 11) * _UNIT


def letters(length: int, *parts: str | int) -> str:
    """A name as pods have them."""
    left, text = number(*parts), ""
    for _ in range(length):
        left, digit = divmod(left, len(_LETTERS))
        text += _LETTERS[digit]
    return text


def keys(*rows: tuple[str | int, ...]) -> Keys:
    """A column of keys, one for each row of noise."""
    return np.array([[number(*row) & _LOW] for row in rows], dtype=np.uint32)


def uniform(key: Keys, counters: Minutes) -> Floats:
    """One number in 0..1 for each key (rows) and counter (columns), after the finaliser of murmur3."""
    bits = (counters & _LOW).astype(np.uint32) * _GOLDEN ^ key  # 32 bits: processors multiply them side by side
    other = bits >> np.uint32(16)  # in place from here on: fresh pages would cost more than the arithmetic
    np.bitwise_xor(bits, other, out=bits)
    np.multiply(bits, _FIRST, out=bits)
    np.right_shift(bits, np.uint32(13), out=other)
    np.bitwise_xor(bits, other, out=bits)
    np.multiply(bits, _SECOND, out=bits)
    np.right_shift(bits, np.uint32(16), out=other)
    np.bitwise_xor(bits, other, out=bits)
    return np.asarray(bits, dtype=np.float64) * 2.0**-32


def jitter(key: Keys, counters: Minutes) -> Floats:
    """White noise in -1..1."""
    numbers = uniform(key, counters)
    numbers *= 2.0
    numbers -= 1.0
    return numbers


def smooth(key: Keys, minutes: Minutes, period: int) -> Floats:
    """Value noise in -1..1 that turns about every `period` minutes; the minutes are those of whole periods."""
    first, count = int(minutes[0]) // period, len(minutes) // period
    knots = jitter(key, np.arange(first, first + count + 1, dtype=np.int64))
    at = np.arange(period) / period
    at = at * at * (3.0 - 2.0 * at)
    turns = (knots[:, 1:, None] - knots[:, :-1, None]) * at
    turns += knots[:, :-1, None]
    return turns.reshape(len(key), len(minutes))
