"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

import asyncio

from tests.benchmarks import door, intake


def main() -> None:
    asyncio.run(door.main())
    asyncio.run(intake.main())


if __name__ == "__main__":
    main()
