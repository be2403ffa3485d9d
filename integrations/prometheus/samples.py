"""Reads the samples in an answer of Prometheus or Loki: numbers go from bytes to numpy without becoming objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from bot.errors import InvalidInput
from bot.telemetry.signals import Floats, Samples, Series
from integrations.http.body import parsed, shown

VALUES: Final = b'"values":[['
"""Cannot stand inside a string of JSON, where its quotes would be escaped."""
PUNCTUATION: Final = b'[]" \t\r\n'
MOST_WARNINGS: Final = 20
WARNING_LENGTH: Final = 300
MILLISECONDS_FROM: Final = 1e11
"""A time above this is in milliseconds: the year 5138 in seconds. Loki gives that of a scalar so."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What is read of one answer at most."""

    series: int = 2_000
    samples: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """The samples of an answer, and what is to be said of them."""

    samples: Samples
    warnings: tuple[str, ...]
    cut: bool


@dataclass(slots=True)
class _Left:
    """What may still be read, and what was left out."""

    samples: int
    histograms: int = 0


def found(body: bytes, caps: Caps) -> Found:
    """The samples in `body`; raises what a wrong shape happens to raise."""
    rest, lifted = _lifted(body)
    answer = parsed(rest)
    data = answer["data"]
    kind, result = data["resultType"], data["result"]
    told = told_by(answer)
    if kind == "scalar":
        return Found(Samples("scalar", (_series({}, *_pairs([result])),)), told, cut=False)
    if kind == "string":
        at, text = _pairs([[result[0], "NaN"]]), shown(result[1])
        return Found(
            Samples("scalar", (_series({}, *at),)), (*told, f"The query gave text, no number: '{text}'."), False
        )
    if kind == "streams":
        raise InvalidInput("The query gives log lines, not numbers.", mend="Count them: `count_over_time(… [5m])`.")
    if kind not in {"vector", "matrix"} or not isinstance(result, list):
        raise TypeError(f"a result of type {kind!r}")
    shape: Literal["vector", "matrix"] = kind
    left = _Left(caps.samples)
    series = tuple(_read(result[: caps.series], lifted, left))
    if left.histograms:
        told = (*told, f"{left.histograms} series hold native histograms; their samples were left out.")
    cut = len(result) > caps.series or left.samples <= 0
    return Found(Samples(shape, series), told, cut)


def told_by(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The warnings of an answer, and what it says of being partial."""
    said = [text for key in ("warnings", "infos") for text in answer.get(key) or () if isinstance(text, str)]
    if answer.get("isPartial") is True:
        said.append("The answer is partial: some of the storage behind it did not answer.")
    return tuple(dict.fromkeys(shown(text, WARNING_LENGTH) for text in said[:MOST_WARNINGS]))


def _lifted(body: bytes) -> tuple[bytes, list[bytes]]:
    """`body` with a number in the place of each list of samples, and those lists."""
    kept: list[bytes] = []
    lifted: list[bytes] = []
    at = 0
    while (begin := body.find(VALUES, at)) >= 0:
        inside = begin + len(VALUES)
        end = body.find(b"]]", inside)
        if end < 0 or body[inside : inside + 1] == b'"':
            break
        kept += [body[at : inside - 2], str(len(lifted)).encode()]
        lifted.append(body[inside:end])
        at = end + 2
    kept.append(body[at:])
    return b"".join(kept), lifted


def _read(result: Sequence[Mapping[str, Any]], lifted: Sequence[bytes], left: _Left) -> Iterator[Series]:
    for entry in result:
        if left.samples <= 0:
            return
        histogram = "histogram" in entry or "histograms" in entry
        left.histograms += histogram
        if "values" in entry:
            values = entry["values"]
            times, numbers = _numbers(lifted[values]) if isinstance(values, int) else _pairs(values)
        elif "value" in entry:
            times, numbers = _pairs([entry["value"]])
        elif histogram:
            continue
        else:
            raise TypeError("a series without samples")
        labels = {str(name): str(value) for name, value in entry["metric"].items()}
        left.samples -= len(times)
        yield _series(labels, times, numbers)


def _series(labels: Mapping[str, str], times: Floats, values: Floats) -> Series:
    if len(times) and times[-1] > MILLISECONDS_FROM:
        times = times / 1e3
    if not (times[1:] > times[:-1]).all():
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    return Series(labels, times, values)


def _numbers(text: bytes) -> tuple[Floats, Floats]:
    """The inside of a list of pairs: `1795267663,"0.1"],[1795267693,"NaN"`."""
    try:
        flat = np.fromstring(text.translate(None, PUNCTUATION), sep=",")
    except ValueError:
        flat = np.empty(0)
    if len(flat) != 2 * (text.count(b"[") + 1):
        return _pairs(json.loads(b"[[" + text + b"]]"))
    return np.ascontiguousarray(flat[0::2]), np.ascontiguousarray(flat[1::2])


def _pairs(pairs: Sequence[Sequence[Any]]) -> tuple[Floats, Floats]:
    times = np.array([float(time) for time, _ in pairs], dtype=np.float64)
    return times, np.array([float(value) for _, value in pairs], dtype=np.float64)
