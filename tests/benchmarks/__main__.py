"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

import asyncio

from tests.benchmarks import asking, causes, charts, door, intake, logs, memory, signals


def main() -> None:
    for benchmark in (door, intake, signals, logs, causes, charts, asking, memory):
        asyncio.run(benchmark.main())


if __name__ == "__main__":
    main()
