"""What all mathematics over many series at once shares: chunks, order, blocks of neighbours, and what chance does.

Rows are series, columns are moments, NaN is a sample that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.signals import Floats

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]

CELLS: Final = 1 << 18
"""Cells worked on at once: they stay in the cache, and memory does not grow with the number of series."""

SMALLEST_POWER: Final = -1_000

BLOCKS: Final = 32
IN_A_BLOCK: Final = 4
FEWEST_BLOCKS: Final = 8
"""With fewer, nothing can be said of how neighbours resemble each other."""
STEP: Final = 0.8
"""A single step that explains as much of a series is a step; noise that wanders does not look so."""
STRONGEST: Final = 0.95
ROUNDING: Final = 1e-26
"""A variance of numbers near 1 that is nothing but their last digits."""
_ERFC: Final = (
    -1.26551223,
    1.00002368,
    0.37409196,
    0.09678418,
    -0.18628806,
    0.27886807,
    -1.13520398,
    1.48851587,
    -0.82215223,
    0.17087277,
)


def in_chunks(kind: type[Table], work: Callable[[slice], Table], rows: int, columns: int) -> Table:
    """What `work` makes of some rows at a time, put together again; `kind` is a dataclass of arrays."""
    parts = [work(chunk) for chunk in chunks(rows, columns)]
    if len(parts) == 1:
        return parts[0]
    return kind(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(kind)))


def chunks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of rows that hold about `CELLS` cells each; one at least, so that nothing gives empty results."""
    size = max(1, CELLS // max(1, columns))
    for start in range(0, max(1, rows), size):
        yield slice(start, start + size)


def ascending(values: Floats, present: Mask) -> Floats:
    """Each row in order, what is not present at its end."""
    ordered = np.where(present, values, np.nan)
    ordered.sort(axis=1)
    return ordered


def quantile(ordered: Floats, count: Counts, share: float) -> Floats:
    """The quantile of rows from `ascending`, whose first `count` entries count."""
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    place = share * np.maximum(count - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    every, part = np.arange(len(ordered)), place - below
    low, high = ordered[every, below], ordered[every, above]
    return np.clip(low * (1.0 - part) + high * part, low, high)


def scaled(values: Floats) -> tuple[Floats, Floats]:
    """Rows of finite numbers in units of a power of two near their largest, so that no sum or square overflows."""
    _, power = np.frexp(np.abs(values).max(axis=1, initial=0.0))
    factor = np.ldexp(1.0, np.maximum(power, SMALLEST_POWER) - 1)
    return values / factor[:, np.newaxis], factor


def edges(columns: int, at_most: int, in_a_block: int = 1) -> Counts:
    """Where the blocks of neighbouring columns begin."""
    blocks = min(at_most, columns, max(FEWEST_BLOCKS, columns // in_a_block))
    starts: Counts = np.arange(blocks) * columns // max(1, blocks)
    return starts


def step(blocks: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Each row's best fit by one step, and the share of its variation that the step explains."""
    total = weights.sum(axis=1, keepdims=True)
    mean = (blocks * weights).sum(axis=1, keepdims=True) / np.maximum(total, 1.0)
    apart = np.where(weights > 0, blocks - mean, 0.0)
    sums, before = np.cumsum(apart * weights, axis=1), np.cumsum(weights, axis=1)
    gain = sums**2 * total / np.maximum(before * (total - before), 1.0) * ((before > 0) & (before < total))
    place = gain.argmax(axis=1)[:, np.newaxis]
    here, left = np.take_along_axis(sums, place, 1), np.take_along_axis(before, place, 1)
    early = np.arange(blocks.shape[1]) <= place
    fit = mean + np.where(early, here / np.maximum(left, 1.0), -here / np.maximum(total - left, 1.0))
    variation = (weights * apart**2).sum(axis=1)
    return fit, gain.max(axis=1, initial=0.0) / np.where(variation > 0, variation, np.inf)


def likeness(residuals: Floats, here: Mask, fitted: float) -> Floats:
    """How far each block tells the next (0 … `STRONGEST`), freed of the bias that fitting `fitted` numbers brings."""
    kept = np.where(here, residuals, 0.0)
    count, squares = here.sum(axis=1), np.einsum("ij,ij->i", kept, kept)
    raw = np.einsum("ij,ij->i", kept[:, 1:], kept[:, :-1]) / np.where(squares > 0, squares, np.inf)
    freed = (count * raw + fitted) / np.maximum(count - 4, 1)
    return np.where(count >= FEWEST_BLOCKS, np.clip(freed, 0.0, STRONGEST), 0.0)


def independent(unit: Floats, present: Mask, fitted: float = 1.0) -> Floats:
    """How many independent samples each row is worth, of rows from `scaled`.

    Means of blocks vary more than those of independent samples would, and resemble each other where that is not
    enough. A single great step (something broke) is no reason to believe less, and is taken out before.
    """
    count: Counts = present.sum(axis=1)
    if not unit.shape[1]:
        return count.astype(np.float64)
    starts = edges(unit.shape[1], BLOCKS, IN_A_BLOCK)
    weights = np.add.reduceat(present, starts, axis=1, dtype=np.float64)
    divisor = np.maximum(count, 1)
    apart = np.where(present, unit - (unit.sum(axis=1) / divisor)[:, np.newaxis], 0.0)
    blocks = np.add.reduceat(apart, starts, axis=1) / np.maximum(weights, 1.0)
    broken = step(blocks, weights)[1] > STEP
    if broken.any():
        fit, _ = step(apart[broken], present[broken].astype(np.float64))
        apart[broken] -= np.where(present[broken], fit, 0.0)
        blocks[broken] = np.add.reduceat(apart[broken], starts, axis=1) / np.maximum(weights[broken], 1.0)
    variation = np.einsum("ij,ij->i", apart, apart)
    here = weights > 0
    many = here.sum(axis=1)
    between = (weights * blocks**2).sum(axis=1) / np.maximum(many - 1, 1)
    wide = between * divisor / np.where(variation > ROUNDING * divisor, variation, np.inf)
    alike = likeness(blocks, here, fitted)
    inflation = np.where(many >= FEWEST_BLOCKS, wide * (1.0 + alike) / (1.0 - alike), 1.0)
    worth: Floats = count / np.clip(inflation, 1.0, np.maximum(count / 2.0, 1.0))
    return worth


def two_sided(z: Floats) -> Floats:
    """How often chance alone gives a normal score as far from zero as this, to 1e-6 of itself."""
    far = np.abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.5 * far)
    exponent = np.polynomial.polynomial.polyval(t, np.array(_ERFC))
    with np.errstate(under="ignore"):
        chance: Floats = np.minimum(1.0, t * np.exp(exponent - far * far))
    return chance


def known(value: float) -> float | None:
    """The number, or None for NaN."""
    return None if value != value else value  # noqa: PLR0124  only NaN differs from itself
