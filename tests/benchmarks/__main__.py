"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

import asyncio

from tests.benchmarks import (
    asking,
    causes,
    charts,
    detectors,
    door,
    intake,
    logs,
    memory,
    signals,
    understanding,
    watching,
)


def main() -> None:
    for benchmark in (door, intake, signals, detectors, logs, causes, charts, asking, memory, understanding, watching):
        asyncio.run(benchmark.main())


if __name__ == "__main__":
    main()
