"""Series that have ended, in a real Prometheus and in memory: no file for promtool can say so, a remote write can.

A test module says `pytest_plugins = ["tests.sandbox.platform.promql_ended"]` and takes the fixture `ended`.
(PYTEST_DONT_REWRITE: as in `tests.prometheus_server`.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import httpx
import numpy as np
import pytest

from integrations.sandbox.platform.prometheus.memory import MemoryStorage
from integrations.sandbox.platform.prometheus.storage import NAME, STALE, RawSeries
from tests.prometheus_server import START_MS, STEP_MS, RealPrometheus, dice, needed, running

STEPS: Final = 120
EXPRESSIONS: Final = (
    "pod_up",
    "count(pod_up)",
    "count by (version) (pod_up)",
    "sum(pod_memory_bytes)",
    "pod_memory_bytes offset 3m",
    "pod_memory_bytes @ end()",
    "timestamp(pod_up)",
    "absent(pod_up{pod='a'})",
    "absent(odd{kind='only an end'})",
    "absent_over_time(odd{kind='only an end'}[10m])",
    "present_over_time(odd[5m])",
    "odd",
    "odd or pod_up",
    "pod_memory_bytes / on (pod) pod_up",
    "rate(pod_requests_total[2m])",
    "sum(rate(pod_requests_total[2m]))",
    "sum(increase(pod_requests_total[30m]))",
    "irate(pod_requests_total[5m])",
    "increase(pod_requests_total[1h] offset 5m)",
    "delta(pod_memory_bytes[10m])",
    "idelta(pod_memory_bytes[10m])",
    "deriv(pod_memory_bytes[10m])",
    "predict_linear(pod_memory_bytes[10m], 60)",
    "resets(pod_requests_total[1h])",
    "changes(odd[30m])",
    "count_over_time(odd[10m])",
    "count_over_time(pod_up[7m])",
    "last_over_time(pod_up[4m])",
    "avg_over_time(pod_memory_bytes[10m])",
    "max_over_time(odd[10m])",
    "stddev_over_time(pod_memory_bytes[10m])",
    "quantile_over_time(0.5, pod_memory_bytes[10m])",
    "sum_over_time(count(pod_up)[10m:1m])",
    "max_over_time(pod_up[5m:30s])",
    "pod_up[5m]",
    "odd[1h]",
)
ONLY_AT_A_MOMENT: Final = frozenset({"pod_up[5m]", "odd[1h]"})


def _series(name: str, values: Mapping[int, float], *, late_ms: int = 0, **labels: str) -> RawSeries:
    times = np.array([START_MS + step * STEP_MS + late_ms for step in values], np.int64)
    return RawSeries({NAME: name, **labels}, times, np.array([*values.values()], np.float64))


def _samples() -> Iterator[RawSeries]:
    """Four pods, replaced one after the other; and what ends as nobody should."""
    for number, pod in enumerate("abcd"):
        late, swap = 1_700 * number, 40 + number
        for name, version, first, last in ((pod, "1.0", 0, swap), (pod.upper(), "1.1", swap, STEPS)):
            labels = {"pod": name, "version": version}
            steps, end = range(first, last), {last: STALE} if last < STEPS else {}
            yield _series("pod_up", dict.fromkeys(steps, 1.0) | end, late_ms=late, **labels)
            memory = {step: 1e8 * (3 + dice(name, step)) for step in steps}
            yield _series("pod_memory_bytes", memory | end, late_ms=late, **labels)
            counted = {step: float(17 * (step - first) + int(9 * dice(step, name))) for step in steps}
            yield _series("pod_requests_total", counted | end, late_ms=late, **labels)
    yield _series(
        "odd", {step: STALE if step in (30, 31, 60) else float(step) for step in range(90)}, kind="comes back"
    )
    yield _series("odd", {50: STALE}, kind="only an end")
    yield _series("odd", {step: (np.nan, 2.0, STALE)[step % 3] for step in range(80)}, kind="no number")


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPrometheus]:
    needed()
    known = [*_samples()]
    with running(tmp_path_factory.mktemp("ended"), "--web.enable-remote-write-receiver") as url:
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        httpx.post(
            f"{url}/api/v1/write", content=_uncompressed(_message(known)), headers=headers, trust_env=False
        ).raise_for_status()
        yield RealPrometheus(url, MemoryStorage(known), START_MS, START_MS + STEPS * STEP_MS)


# ---------------------------------------------------------------- protobuf, in Snappy's frame


def _message(known: Iterable[RawSeries]) -> bytes:
    return b"".join(_field(1, _time_series(one)) for one in known)


def _time_series(one: RawSeries) -> bytes:
    labels = (_field(1, name.encode()) + _field(2, value.encode()) for name, value in sorted(one.labels.items()))
    samples = (
        b"\x09" + struct.pack("<Q", bits) + b"\x10" + _varint(at)
        for at, bits in zip(one.times.tolist(), one.values.view(np.uint64).tolist(), strict=True)
    )
    return b"".join([*(_field(1, label) for label in labels), *(_field(2, sample) for sample in samples)])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def _uncompressed(content: bytes) -> bytes:
    """One literal of up to 2³² bytes."""
    return _varint(len(content)) + b"\xfc" + struct.pack("<I", len(content) - 1) + content
