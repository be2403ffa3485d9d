"""Which requests of a minute were traced, so that a log line can name a trace that Tempo knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from integrations.sandbox.platform.tempo import ids
from integrations.sandbox.platform.tempo.spans import Spans
from integrations.sandbox.platform.tempo.traces import BLOCK, Traces
from integrations.sandbox.platform.world import World
from integrations.sandbox.platform.world.field import MINUTES


@dataclass(frozen=True, slots=True)
class Traced:
    """A request that Tempo knows of."""

    trace: str
    endpoint: str
    seconds: float


class _Minutes:
    """The traced requests of a block, to be had by instance and minute."""

    def __init__(self, seed: int, block: Spans) -> None:
        requests, self._first = block.requests, block.setting.first
        self._seed, self._plan, self._requests = seed, block.plan, requests
        self._numbers: dict[str, list[int]] = {}
        for number, instance in enumerate(block.setting.instances):
            self._numbers.setdefault(instance.name, []).append(number)
        codes = (requests.instance * BLOCK + requests.minute) * 2 + requests.fails
        self._order = np.argsort(codes, kind="stable")
        found, counts = np.unique(codes, return_counts=True)
        ends = np.cumsum(counts)
        self._places = dict(zip(found.tolist(), zip((ends - counts).tolist(), ends.tolist(), strict=True), strict=True))

    def find(self, instance: str, minute: int, ordinal: int, *, failed: bool) -> Traced | None:
        for number in self._numbers.get(instance, ()):
            code = (number * BLOCK + minute - self._first) * 2 + failed
            low, high = self._places.get(code, (0, 0))
            if ordinal < high - low:
                return self._traced(int(self._order[low + ordinal]))
            ordinal -= high - low
        return None

    def _traced(self, row: int) -> Traced:
        requests = self._requests
        key = int(requests.key[requests.trace[row]])
        route = self._plan.routes[int(requests.route[row])]
        return Traced(ids.written(self._seed, key), route.endpoint.name, float(requests.seconds[row]))


class Tracing:
    """Knows the traces by those who served them."""

    def __init__(self, world: World) -> None:
        self._world, self._traces = world, Traces(world)

    def find(self, environment: str, instance: str, minute: int, ordinal: int, *, failed: bool) -> Traced | None:
        """The how-manieth traced request of an instance in a minute, of those that failed or of the others."""
        return self._minutes(environment, minute // BLOCK).find(instance, minute, ordinal, failed=failed)

    def _minutes(self, environment: str, number: int) -> _Minutes:
        def indexed() -> _Minutes:
            return _Minutes(self._world.seed, self._traces.block(environment, number))

        minutes: _Minutes = self._world.kept.of((environment, number * BLOCK // MINUTES, ("traced", number)), indexed)
        return minutes
