"""Who may call whom in a trace, prepared for drawing many at once: endpoints by number, and calls with their odds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from integrations.sandbox.platform.world.nature import STORES, Nature
from integrations.sandbox.platform.world.profiles import MILLI
from integrations.sandbox.platform.world.shapes import Call, Endpoint, Floats, Minutes

STRICTNESS: Final = 3.0
"""How much an endpoint that takes another time than the call expects is avoided."""
UNFIT: Final = 40.0
"""How much is avoided what another endpoint of the caller is there for, and writing where one reads."""
WRITES: Final = frozenset({"write", "commit", "set", "upsert"})
MOST_CALLS: Final = 8
"""Of one endpoint."""
TROUBLES: Final[dict[str, tuple[int, str]]] = {
    "": (500, "internal error"),
    "bad_deploy": (500, "unhandled exception: field 'discount' is missing"),
    "latency": (504, "deadline exceeded"),
    "error_burst": (500, "unhandled exception in the request handler"),
    "memory_leak": (503, "the process ran out of memory"),
    "connection_exhaustion": (503, "no database connection became free within 5 s"),
    "traffic_surge": (503, "too many requests are waiting"),
    "gpu_saturation": (503, "no GPU became free within 5 s"),
    "failover": (503, "the primary does not answer"),
}
"""By the fault that a failure is due to: the status, and what the span says."""


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint of a service, by number."""

    number: int
    service: int
    name: str
    endpoint: Endpoint
    calls: tuple[Way, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A call, which may arrive at any endpoint of the callee."""

    ordinal: int
    stage: int
    """The how-manieth stage of the caller."""
    call: Call
    callee: int
    numbers: Minutes
    """Endpoints of the callee."""
    odds: Floats
    """Cumulated, in the same order."""


@dataclass(frozen=True)
class Plan:
    """All that is the same in every trace."""

    nature: Nature

    @cached_property
    def services(self) -> tuple[str, ...]:
        return self.nature.order

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        return tuple(self._routes())

    @cached_property
    def stage_of(self) -> Minutes:
        """For each endpoint and call, its stage; -1 where there is no such call."""
        table = np.full((len(self.routes), MOST_CALLS), -1, dtype=np.int64)
        for route in self.routes:
            for way in route.calls:
                table[route.number, way.ordinal] = way.stage
        return table

    @cached_property
    def own_factors(self) -> Floats:
        return np.array([route.endpoint.factor for route in self.routes])

    @cached_property
    def service_of(self) -> Minutes:
        return np.array([route.service for route in self.routes], dtype=np.int64)

    @cached_property
    def stores(self) -> frozenset[int]:
        return frozenset(number for number, name in enumerate(self.services) if name in STORES)

    @cached_property
    def entries(self) -> tuple[tuple[int, float], ...]:
        """Endpoints that are called from outside, with the part of the service's requests that is."""
        return tuple(
            (route.number, route.endpoint.share * profile.external / self.nature.rates[route.name])
            for route in self.routes
            if (profile := self.nature.profiles[route.name]).external
        )

    @cached_property
    def troubles(self) -> dict[str, int]:
        """Kinds of faults by their place in TROUBLES."""
        return {kind: place for place, kind in enumerate(TROUBLES)}

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = {name: [] for name in self.services}
        for service, _ in self._endpoints():
            numbers[service].append(sum(map(len, numbers.values())))
        return numbers

    def _endpoints(self) -> Iterator[tuple[str, Endpoint]]:
        for service in self.services:
            for endpoint in self.nature.profiles[service].endpoints:
                yield service, endpoint

    def _routes(self) -> Iterator[Route]:
        for number, (service, endpoint) in enumerate(self._endpoints()):
            order = {stage: place for place, stage in enumerate(sorted({call.stage for call in endpoint.calls}))}
            ways = tuple(
                self._way(service, endpoint, ordinal, order[call.stage], call)
                for ordinal, call in enumerate(endpoint.calls)
            )
            yield Route(number, self.nature.index[service], service, endpoint, ways)

    # An endpoint whose path ends like the caller's is what the caller is for, as far as it has the traffic for it.
    def _way(self, service: str, endpoint: Endpoint, ordinal: int, stage: int, call: Call) -> Way:
        weights = [self._weight(service, endpoint, call, target) for target in self._targets(call)]
        for place, target in enumerate(self._targets(call)):
            if call.callee not in STORES and _last(target.name) == _last(endpoint.name):
                asked = self.nature.rates[service] * endpoint.share * call.chance
                left = 1.0 - min(1.0, self.nature.rates[call.callee] * target.share / asked)
                weights = [weight * left / (sum(weights) - weights[place]) for weight in weights]
                weights[place] = 1.0 - left
        odds = np.cumsum(weights) / sum(weights)
        numbers = np.array(self._numbers[call.callee], dtype=np.int64)
        return Way(ordinal, stage, call, self.nature.index[call.callee], numbers, odds)

    def _targets(self, call: Call) -> tuple[Endpoint, ...]:
        return self.nature.profiles[call.callee].endpoints

    def _weight(self, service: str, endpoint: Endpoint, call: Call, target: Endpoint) -> float:
        """How well an endpoint fits a call: by how long it takes, and by what it is called."""
        ratio = self._usual(call.callee, target) / self.nature.medians[call.callee]
        weight = target.share * math.exp(-STRICTNESS * abs(math.log(ratio / call.factor)))
        if call.callee in STORES:
            return weight / UNFIT if endpoint.method == "GET" and _last(target.name) in WRITES else weight
        others = {_last(other.name) for other in self.nature.profiles[service].endpoints}
        return weight / UNFIT if _last(target.name) in others else weight

    def _usual(self, service: str, endpoint: Endpoint) -> float:
        """Seconds that an endpoint takes on an ordinary day, calls included."""
        waits: dict[int, float] = {}
        for call in endpoint.calls:
            wait = call.chance * call.factor * self.nature.medians[call.callee]
            waits[call.stage] = max(wait, waits.get(call.stage, 0.0))
        return self.nature.profiles[service].own * MILLI * endpoint.factor + sum(waits.values())


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
