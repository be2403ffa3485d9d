"""A real Prometheus beside the tests, over samples that are the same on every machine.

A test module says `pytest_plugins = ["tests.prometheus_server"]` and takes the fixture `prometheus`: its `url`, and the
same samples in memory as `storage`, from `start_ms` to `end_ms`. It asserts nothing: PYTEST_DONT_REWRITE, or
importing a name from here before pytest registers it would be a warning.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import pytest

from integrations.sandbox.platform.prometheus.memory import MemoryStorage
from integrations.sandbox.platform.prometheus.numbers import go_float
from integrations.sandbox.platform.prometheus.storage import NAME, RawSeries

START_MS: Final = 1_773_835_200_000  # 18 March 2026, 12:00 UTC
STEP_MS: Final = 30_000
STEPS: Final = 360
END_MS: Final = START_MS + STEPS * STEP_MS

Value = Callable[[int], float | None]
"""What a series has at a step; None for no sample."""


def _always(level: float) -> Value:
    return lambda _: level


def _times(level: float) -> Value:
    return lambda step: level * step


def _until(step: int, *, of: int) -> Value:
    """1 up to a step of each round, and 0 for its rest."""
    return lambda now: float(now % of <= step)


def _share(of: Value, share: float) -> Value:
    return lambda step: math.floor((of(step) or 0) * share)


def dice(*seed: object) -> float:
    """Between 0 and 1, the same for the same seed."""
    state = 2_166_136_261
    for byte in repr(seed).encode():
        state = (state ^ byte) * 16_777_619 % 2**32
    state = (state ^ (state >> 15)) * 2_246_822_519 % 2**32
    return (state ^ (state >> 13)) / 2**32


def _series(name: str, value: Value, *, every: int = 1, late_ms: int = 0, **labels: str) -> RawSeries:
    steps = [(step, value(step)) for step in range(0, STEPS + 1, every)]
    kept = [(START_MS + step * STEP_MS + late_ms, found) for step, found in steps if found is not None]
    times = np.array([at for at, _ in kept], np.int64)
    return RawSeries({NAME: name, **labels}, times, np.array([found for _, found in kept], np.float64))


def _counter(seed: str, speed: float, *restarts: int, whole: bool = True) -> Value:
    """Rises by chance, and begins again at some steps."""
    values, now = [], speed * 7
    for step in range(STEPS + 1):
        now = 0.0 if step in restarts else now + speed * dice(seed, step)
        values.append(float(math.floor(now)) if whole else now)
    return lambda step: values[step]


def _gauge(seed: str, level: float, swing: float, *gaps: tuple[int, int]) -> Value:
    def value(step: int) -> float | None:
        if any(first <= step < last for first, last in gaps):
            return None
        return level + swing * (math.sin(step / 23) + dice(seed, step))

    return value


def _requests() -> Iterator[RawSeries]:
    for number, service in enumerate(("checkout", "payments", "search")):
        for pod in ("a", "b"):
            for status, speed in (("200", 400.0), ("404", 0.8), ("500", 9.0)):
                restarts = (100 + 40 * number, 290) if pod == "a" else (200,)
                yield _series(
                    "http_requests_total",
                    _counter(f"{service}{pod}{status}", speed * (number + 1), *restarts),
                    late_ms=7_123 if pod == "b" else 0,
                    service=service,
                    env="production" if number < 2 else "staging",
                    instance=f"{service}-{pod}",
                    status=status,
                )


def _durations() -> Iterator[RawSeries]:
    bounds = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, math.inf)
    for service, typical in (("checkout", 0.08), ("payments", 0.6)):
        shares = [1 / (1 + (bound / typical) ** -2.2) if bound < math.inf else 1.0 for bound in bounds]
        count = _counter(f"duration{service}", 300.0, 150)
        for bound, share in zip(bounds, shares, strict=True):
            edge = "+Inf" if bound == math.inf else f"{bound:g}"
            yield _series(
                "http_request_duration_seconds_bucket", _share(count, share), le=edge, service=service, env="production"
            )
        yield _series("http_request_duration_seconds_count", count, service=service, env="production")
        yield _series("http_request_duration_seconds_sum", _share(count, 0.13), service=service, env="production")


def _odd_histograms() -> Iterator[RawSeries]:
    for edge in ("1", "5", "+Inf"):
        yield _series("idle_seconds_bucket", lambda _: 0.0, le=edge)
    for edge, share in (("1", 0.3), ("5", 0.8)):
        yield _series("endless_bucket", _counter("endless", 50 * share), le=edge)
    for edge, level in (("-1", 4.0), ("0", 9.0), ("2", 7.0), ("+Inf", 30.0)):
        yield _series("crooked_bucket", _times(level), le=edge)
    for edge, level in (("1", 4.0), ("1.0", 5.0), ("wide", 7.0), ("+Inf", 30.0)):
        yield _series("twice_bucket", _times(level), le=edge)
    for edge, first in (("1", 0), ("3", 120), ("+Inf", 0)):
        late = lambda step, first=first: float(step) if step >= first else None  # noqa: E731
        yield _series("growing_bucket", late, le=edge, service="checkout")
    for edge, level in (("1", math.nan), ("3", 5.0), ("+Inf", 8.0)):
        yield _series("unknown_bucket", _always(level), le=edge)


def _gauges() -> Iterator[RawSeries]:
    for service, level in (("checkout", 3e8), ("payments", 5e8), ("search", 2e9)):
        for pod in ("a", "b"):
            yield _series(
                "memory_bytes",
                _gauge(f"{service}{pod}", level, level / 5, (60, 85), (200 if pod == "a" else 230, 260)),
                service=service,
                env="production" if service != "search" else "staging",
                instance=f"{service}-{pod}",
            )
        yield _series("memory_limit_bytes", _always(level * 2), service=service, tier="1")
    yield _series("temperature_celsius", _gauge("cold", -12.0, 20.0), room="cellar")
    yield _series("temperature_celsius", _gauge("colder", -30.0, 3.0), room="roof")
    yield _series(
        "odd_value", lambda step: (math.nan, 1.5, math.inf, -2.5, -math.inf, 0.0)[step // 20 % 6], kind="mixed"
    )
    yield _series("odd_value", lambda step: math.nan if step % 3 else float(step), kind="sometimes")
    yield _series("odd_value", lambda _: math.nan, kind="never")
    yield _series("tiny_value", lambda step: (1e-7, 123456789012345680000.0, 1e21, 3.5e-5)[step % 4])
    yield _series("huge_change", lambda step: (1e16, 1.0, -1e16, 0.25)[step % 4])
    yield _series("near_overflow", lambda step: 1.7e308 if step % 2 else 1.6e308)
    for name in ("x", "y", "z"):
        broken = 40 if name == "y" else 50
        yield _series("up", _until(broken, of=50), job="shop", instance=name)


def _sparse() -> Iterator[RawSeries]:
    yield _series("edge", float, every=10, where="exact")
    yield _series("edge", float, every=10, late_ms=1, where="late")
    yield _series("sparse_events_total", _counter("sparse", 3.0, 180, whole=False), every=17)
    yield _series("once", lambda step: 42.0 if step == 200 else None)
    for version, first, last in (("1.0", 0, 150), ("1.1", 150, 300), ("2.0-rc", 300, STEPS + 1)):
        there = lambda step, first=first, last=last: 1.0 if first <= step < last else None  # noqa: E731
        yield _series("build_info", there, service="checkout", version=version)
    yield _series("quoted", lambda _: 1.0, text='a "quoted" \\ value\nin two lines', word="grün")


def samples() -> list[RawSeries]:
    return [*_requests(), *_durations(), *_odd_histograms(), *_gauges(), *_sparse()]


def open_metrics(series: Iterable[RawSeries]) -> str:
    """As promtool reads it."""
    lines = [
        f"{_selector(one.labels)} {go_float(float(value))} {at / 1000:.3f}"
        for one in sorted(series, key=lambda one: one.labels[NAME])
        for at, value in zip(one.times.tolist(), one.values, strict=True)
    ]
    return "\n".join([*lines, "# EOF", ""])


def _selector(labels: Mapping[str, str]) -> str:
    pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items() if name != NAME)
    return f"{labels[NAME]}{{{','.join(pairs)}}}"


# ---------------------------------------------------------------- the server


@dataclass(frozen=True, slots=True)
class RealPrometheus:
    """One that runs, and what it knows."""

    url: str
    storage: MemoryStorage
    start_ms: int = START_MS
    end_ms: int = END_MS


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealPrometheus]:
    needed()
    folder, known = tmp_path_factory.mktemp("prometheus"), samples()
    _recorded(folder, known)
    with running(folder) as url:
        yield RealPrometheus(url, MemoryStorage(known))


def needed() -> None:
    """Without the programs: skipped on a user's machine, a failure in CI."""
    if missing := [name for name in ("prometheus", "promtool") if shutil.which(name) is None]:
        why = f"no {' and no '.join(missing)} on the path"
        if os.environ.get("CI"):
            pytest.fail(f"CI needs Prometheus: {why}")
        pytest.skip(why)


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[str]:
    """The address of a Prometheus over what is in a folder."""
    port = _free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*_command(folder, port), *flags], stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _await_ready(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


def _recorded(folder: Path, known: list[RawSeries]) -> None:
    text = folder / "samples.txt"
    text.write_text(open_metrics(known), encoding="utf-8")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)


def _command(folder: Path, port: int) -> list[str]:
    (folder / "prometheus.yml").touch()
    return [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(f"{url}/-/ready", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(f"Prometheus did not become ready: {log.read_text()[-2_000:]}")
