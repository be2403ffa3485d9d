"""What is always true of the platform: who calls whom, how many run, and what an ordinary minute looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from graphlib import TopologicalSorter
from typing import Final

import numpy as np

from bot.catalogue import Catalogue
from integrations.sandbox.platform.world import noise
from integrations.sandbox.platform.world.profiles import MILLI, PROFILES, Profile
from integrations.sandbox.platform.world.shapes import Call, Endpoint, Floats

SIZES: Final[Mapping[str, float]] = {"production": 1.0, "staging": 0.04, "development": 0.006}
ENVIRONMENTS: Final = tuple(SIZES)
NODES: Final[Mapping[str, int]] = {"production": 12, "staging": 5, "development": 3}
STORES: Final = frozenset({"postgres-main", "redis-cache", "vector-db"})
DATABASE: Final = "postgres-main"
ENTRANCE: Final = "frontend"
MOST_REPLICAS: Final = 50
_UNEVEN: Final = 0.08  # no load balancer is perfect

Fails = tuple[tuple[int, float], ...]
Waits = tuple[Fails, ...]


@dataclass(frozen=True)
class Nature:
    """The graph and what follows from it and the seed, before any time passes."""

    seed: int
    catalogue: Catalogue

    @cached_property
    def graph(self) -> dict[str, tuple[str, ...]]:
        return {service.name: service.depends_on for service in self.catalogue.services if service.name in PROFILES}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Callers before those they call."""
        return tuple(reversed(tuple(TopologicalSorter(self.graph).static_order())))

    @cached_property
    def index(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.order)}

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """With the endpoints' factors scaled to 1 on average."""
        return {name: _balanced(PROFILES[name]) for name in self.order}

    def calls(self, service: str) -> Iterator[tuple[Endpoint, Call]]:
        for endpoint in self.profiles[service].endpoints:
            for call in endpoint.calls:
                yield endpoint, call

    @cached_property
    def waits(self) -> dict[str, tuple[Waits, ...]]:
        """For each endpoint its stages, of each the rows of those called and how much of their medians is waited."""
        return {
            name: tuple(
                tuple(
                    tuple((self.index[call.callee], call.chance * call.factor) for call in stage)
                    for stage in _stages(endpoint)
                )
                for endpoint in profile.endpoints
            )
            for name, profile in self.profiles.items()
        }

    @cached_property
    def fails(self) -> dict[str, tuple[Fails, ...]]:
        """For each endpoint the rows of those called and how much of their failures comes through."""
        return {
            name: tuple(
                tuple((self.index[call.callee], call.chance * call.surfaces) for call in endpoint.calls)
                for endpoint in profile.endpoints
            )
            for name, profile in self.profiles.items()
        }

    @cached_property
    def rates(self) -> dict[str, float]:
        """Requests per second in production on average."""
        rates = {name: profile.external for name, profile in self.profiles.items()}
        for caller in self.order:
            for endpoint, call in self.calls(caller):
                rates[call.callee] += rates[caller] * endpoint.share * call.chance
        return rates

    @cached_property
    def medians(self) -> dict[str, float]:
        """Seconds on average, calls included."""
        medians: dict[str, float] = {}
        for name in reversed(self.order):
            profile = self.profiles[name]
            waits = (
                endpoint.share * max((call.chance * call.factor * medians[call.callee] for call in stage), default=0.0)
                for endpoint in profile.endpoints
                for stage in _stages(endpoint)
            )
            medians[name] = profile.own * MILLI + sum(waits)
        return medians

    @cached_property
    def _tiers(self) -> dict[str, int]:
        return {entry.name: entry.tier for entry in self.catalogue.services}

    def replicas(self, service: str, environment: str) -> int:
        """How many run as long as nobody scales."""
        return {"production": 4 if self._tiers[service] == 1 else 3, "staging": 2}.get(environment, 1)

    def weights(self, service: str, environment: str) -> Floats:
        """How much of the load each index draws, before it is divided among those that run."""
        return _weights(self.seed, service, environment)

    def noise_keys(self, environment: str, what: str) -> noise.Keys:
        """One for each service, in their order."""
        return _keys(self.seed, environment, what, self.order)

    def node(self, service: str, environment: str, index: int) -> int:
        """The machine that it runs on; the same after a deploy."""
        return noise.number(self.seed, "node", service, environment, index) % NODES[environment]


@lru_cache(maxsize=256)
def _keys(seed: int, environment: str, what: str, services: tuple[str, ...]) -> noise.Keys:
    return noise.keys(*((seed, environment, what, service) for service in services))


@lru_cache(maxsize=1_024)
def _weights(seed: int, service: str, environment: str) -> Floats:
    draws = [noise.chance(seed, "weight", service, environment, index) for index in range(MOST_REPLICAS)]
    return 1.0 + _UNEVEN * (np.array(draws) - 0.5)


def _stages(endpoint: Endpoint) -> Iterator[tuple[Call, ...]]:
    for stage in sorted({call.stage for call in endpoint.calls}):
        yield tuple(call for call in endpoint.calls if call.stage == stage)


def _balanced(profile: Profile) -> Profile:
    shares = sum(endpoint.share for endpoint in profile.endpoints)
    mean = sum(endpoint.share * endpoint.factor for endpoint in profile.endpoints) / shares
    endpoints = (
        replace(endpoint, share=endpoint.share / shares, factor=endpoint.factor / mean)
        for endpoint in profile.endpoints
    )
    return replace(profile, endpoints=tuple(endpoints))
