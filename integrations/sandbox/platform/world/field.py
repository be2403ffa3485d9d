"""One day of one environment: traffic flows down the graph, waiting and failing flow up.

A day is always computed whole, so that the last bit of a sample does not depend on the range that was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from integrations.sandbox.platform.world import noise
from integrations.sandbox.platform.world.ledger import Ledger, leak_minutes
from integrations.sandbox.platform.world.nature import DATABASE, ENTRANCE, SIZES
from integrations.sandbox.platform.world.profiles import MILLI
from integrations.sandbox.platform.world.schedule import DAY, MINUTE, Effect
from integrations.sandbox.platform.world.shapes import Floats, Instance, Minutes

MINUTES: Final = DAY // MINUTE
_WEEK: Final = np.array([1.04, 1.06, 1.05, 1.03, 0.98, 0.76, 0.72])  # from Monday on
_WORST: Final = 0.95
_LEAVE: Final = 0.3  # users who give up, where everything fails
_MOST_WAITING: Final = 0.95
_PATIENCE: Final = 12.0  # how many times longer, before requests are given up
_GPU_FULL: Final = 0.8
_RECOVERY_MINUTES: Final = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """What befalls some instances only: those of a bad version, or those beside a noisy neighbour."""

    service: str
    seconds: float
    errors: float
    cpu: float
    share: Floats
    """Of the service's load, how much it befalls."""
    active: Floats
    deployment: str = ""
    node: int = -1

    def befalls(self, instance: Instance) -> bool:
        return instance.deployment == self.deployment if self.deployment else instance.node == self.node


class Day:
    """The arrays of a day: one row for each service in the order of `nature.order`, one column for each minute."""

    def __init__(self, ledger: Ledger, environment: str, number: int) -> None:
        self.ledger, self.nature, self.environment, self.number = ledger, ledger.nature, environment, number
        self.first = number * MINUTES
        self.minutes: Minutes = np.arange(self.first, self.first + MINUTES, dtype=np.int64)
        self.effects = ledger.effects(environment, self.first, self.first + MINUTES)
        self.deviations = (*self._bad_deploys(), *self._neighbours())
        self.rate = self._traffic()
        self.load = self._loads()
        self.own, self.own_errors, self.tail = self._work()
        self.median, self.errors = np.zeros(self._shape), np.zeros(self._shape)
        for service in reversed(self.nature.order):
            self._disturb(service)
            self._wait(service)
        failing = self.errors[self.nature.index[ENTRANCE]]
        self.rate *= 1.0 - _LEAVE * _between((failing - 0.03) / 0.5, 0.0, 1.0)

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.nature.order), MINUTES

    def active(self, effect: Effect, ramp: int = 1) -> Floats:
        """0 before it starts, rising to 1 over `ramp` minutes, 0 from its end on."""
        since = self.minutes - effect.start + 1
        risen = _between(since / ramp, 0.0, 1.0)
        return np.where(self.minutes < effect.stop, risen, 0.0)

    def since(self, effect: Effect) -> Floats:
        """Minutes since it started; far before, it is 0."""
        return np.maximum(self.minutes - effect.start, 0).astype(np.float64)

    def of(self, service: str, *kinds: str) -> list[Effect]:
        return [effect for effect in self.effects if effect.service == service and effect.kind in kinds]

    # ---------------------------------------------------------------- noise and rhythm

    def _noise_of(self, what: str) -> Floats:
        """-1..1, some of it slow; a row for each service."""
        key = self.nature.noise_keys(self.environment, what)
        mixed = noise.smooth(key, self.minutes, 48)
        mixed *= 2.0
        mixed += noise.smooth(key, self.minutes, 12)
        mixed += noise.jitter(key, self.minutes)
        mixed *= 0.25
        return mixed

    @cached_property
    def rhythm(self) -> Floats:
        """Of the day, the week and the months; 1 on average."""
        hours = (self.minutes - self.first) / 60.0
        daily = 1.0 + 0.36 * np.cos((hours - 15.0) * (np.pi / 12)) + 0.09 * np.cos((hours - 13.0) * (np.pi / 6))
        days = np.arange(self.number - 1, self.number + 3)
        weekly = np.interp(hours / 24.0, days - self.number + 0.5, _WEEK[(days + 3) % 7])
        month, year = (noise.chance(self.nature.seed, "season", name) for name in ("month", "year"))
        days_since = self.number + hours / 24.0
        season = 1.0 + 0.03 * np.sin((days_since / 17 + month) * 2 * np.pi)
        season += 0.06 * np.sin((days_since / 183 + year) * 2 * np.pi)
        swing: Floats = daily * weekly * season
        return swing

    def instances(self, service: str) -> Floats:
        """How many are wanted in each minute."""
        steps = self.ledger.replicas(service, self.environment)
        counts = np.full(MINUTES, float(steps[0][1]))
        for since, count in steps[1:]:
            counts[max(0, int(since // MINUTE) - self.first) :] = count
        return counts

    # ---------------------------------------------------------------- down the graph

    def _traffic(self) -> Floats:
        nature, place = self.nature, self.nature.index
        rate, noises = np.zeros(self._shape), 1.0 + 0.10 * self._noise_of("traffic")
        for service in nature.order:
            profile, row = nature.profiles[service], rate[place[service]]
            row += profile.external * SIZES[self.environment] * self.rhythm
            row *= noises[place[service]]
            for effect in self.of(service, "traffic_surge"):
                row *= 1.0 + (effect.size - 1.0) * self.active(effect, 3)
            for endpoint, call in nature.calls(service):
                rate[place[call.callee]] += row * (endpoint.share * call.chance)
        return rate

    # ---------------------------------------------------------------- up the graph

    def _loads(self) -> Floats:
        """Traffic against capacity."""
        loads = np.empty(self._shape)
        for place, service in enumerate(self.nature.order):
            capacity = self.nature.rates[service] * SIZES[self.environment] / self.nature.profiles[service].busy
            spare = self.instances(service) / self.nature.replicas(service, self.environment)
            np.divide(self.rate[place], spare * capacity, out=loads[place])
        return loads

    def _work(self) -> tuple[Floats, Floats, Floats]:
        """What services do themselves: their own time, their own failures, and how they grow under load."""
        profiles, load = [self.nature.profiles[service] for service in self.nature.order], self.load
        ordinary = [profile.own * MILLI / _queueing(profile.busy) for profile in profiles]
        own = _queueing(load) * _column(ordinary)
        own *= 1.0 + 0.08 * self._noise_of("waiting")
        errors = (1.0 + 0.7 * self._noise_of("failing")) * _column([profile.errors for profile in profiles])
        if load.max() > 1.0:
            errors += 0.4 * _between((load - 1.0) / np.maximum(load, 1.0), 0.0, 1.0)
        tail = (1.0 - 0.5 * _between(load - 0.7, 0.0, 0.5)) * _column([profile.tail for profile in profiles])
        return own, errors, tail

    def _disturb(self, service: str) -> None:
        """What faults and actions add to a service's own time and failures."""
        place, profile = self.nature.index[service], self.nature.profiles[service]
        usual, own, errors = self.nature.medians[service], self.own[place], self.own_errors[place]
        for effect in self.of(service, "latency"):
            own += (effect.size - 1.0) * usual * self.active(effect, 2)
        for effect in self.of(service, "error_burst"):
            errors += effect.size * self.active(effect, 2)
        for effect in self.of(service, "connection_exhaustion"):
            full = self.active(effect, 6) * min(effect.size, 2.0)
            own += 24.0 * (usual if service == DATABASE else usual * 0.15) * full * full
            errors += 0.06 * full * full
        for effect in self.of(service, "failover"):
            own += 2.0 * usual * self.active(effect)
            errors += 0.25 * np.where(self.minutes == effect.start, 1.0, 0.0)
        for effect in self.of(service, "memory_leak"):
            full, restarting = self._leak(effect, int(self.instances(service).max()))
            own += 0.8 * usual * _between((full - 0.7) / 0.3, 0.0, 1.0)
            errors += 0.3 * restarting
        if profile.cache:
            own += 1.6 * profile.own * MILLI * (profile.cache - self.cache(service))
        if profile.gpus:
            wanted = self.gpu_load(service, self.load[place])
            own += 4.0 * usual * _between(wanted - _GPU_FULL, 0.0, 3.0)
            errors += 0.02 * _between(wanted - 1.0, 0.0, 3.0)
        for deviation in self.deviations:
            if deviation.service == service:
                own += deviation.share * deviation.seconds
                errors += deviation.share * deviation.errors
        np.minimum(errors, _WORST, out=errors)

    def _wait(self, service: str) -> None:
        """What callers of a service see: its own work and what it waits for."""
        place = self.nature.index[service]
        median, errors = self.median[place], self.errors[place]
        for number, endpoint in enumerate(self.nature.profiles[service].endpoints):
            median += endpoint.share * self.endpoint_median(service, number, self.own[place])
            errors += endpoint.share * self.endpoint_errors(service, number, self.own_errors[place])

    def endpoint_median(self, service: str, number: int, own: Floats) -> Floats:
        total = own * self.nature.profiles[service].endpoints[number].factor
        for stage in self.nature.waits[service][number]:
            longest = self.median[stage[0][0]] * stage[0][1]
            for row, weight in stage[1:]:
                longest = np.maximum(longest, self.median[row] * weight)
            total += longest
        return total

    def endpoint_errors(self, service: str, number: int, own: Floats) -> Floats:
        total = own.copy()
        for row, weight in self.nature.fails[service][number]:
            total += self.errors[row] * weight
        return np.minimum(total, _WORST)

    # ---------------------------------------------------------------- what faults do

    def cache(self, service: str) -> Floats:
        """The share of lookups that hit; after a flush it comes back by and by."""
        hits = np.full(MINUTES, self.nature.profiles[service].cache)
        for effect in self.of(service, "flush") + self.of("redis-cache", "flush"):
            empty = np.where(self.minutes >= effect.start, np.exp(-self.since(effect) / _RECOVERY_MINUTES), 0.0)
            hits = hits * (1.0 - 0.93 * empty)
        return hits

    def gpu_load(self, service: str, load: Floats) -> Floats:
        wanted = 1.15 * load
        for effect in self.of(service, "gpu_saturation"):
            wanted = wanted * (1.0 + effect.size * self.active(effect, 4))
        return wanted

    def _leak(self, effect: Effect, count: int) -> tuple[Floats, Floats]:
        """How full memory is on average, and the share of instances that just ran out of it."""
        fills, restarting = np.zeros(MINUTES), np.zeros(MINUTES)
        for index in range(count):
            fills += self.fill(effect, index)
            period = leak_minutes(effect, index)
            restarting += (self.active(effect) > 0) & (self.since(effect) >= period) & (self.since(effect) % period < 1)
        return fills / count, restarting / count

    def fill(self, effect: Effect, index: int) -> Floats:
        """How much of its headroom an instance has leaked."""
        period = leak_minutes(effect, index)
        return self.active(effect) * (self.since(effect) % period) / period

    def _bad_deploys(self) -> list[Deviation]:
        start, end = self.first * MINUTE, (self.first + MINUTES) * MINUTE
        found: list[Deviation] = []
        for service in self.nature.order:
            rollout = self.ledger.deployments(service, self.environment, start - DAY / 24, end)
            for deployment in rollout:
                if deployment.badness:
                    runs = self.ledger.instances(service, self.environment, start, end)
                    share = self._share(service, [run for run in runs if run.deployment == deployment.id])
                    seconds = (deployment.badness - 1.0) * self.nature.medians[service]
                    errors = min(_WORST, 0.02 * deployment.badness)
                    ones = np.ones(MINUTES)
                    found.append(Deviation(service, seconds, errors, 0.08, share, ones, deployment=deployment.id))
        return found

    def _share(self, service: str, runs: Sequence[Instance]) -> Floats:
        """Of the service's load, what these runs take, minute by minute."""
        taken = np.zeros(MINUTES)
        seconds = self.minutes * float(MINUTE)
        for run in runs:
            inside = np.minimum(run.end, seconds + MINUTE) - np.maximum(run.start, seconds)
            taken += _between(inside, 0.0, MINUTE) * (self.weight(service, run.index) / MINUTE)
        return taken

    def weight(self, service: str, index: int) -> Floats:
        """The part of the load that one instance takes."""
        weights = self.nature.weights(service, self.environment)
        among = np.cumsum(weights)[self.instances(service).astype(np.int64) - 1]
        part: Floats = weights[index] / among
        return part

    def _neighbours(self) -> list[Deviation]:
        found: list[Deviation] = []
        for effect in self.effects:
            if effect.kind != "noisy_neighbour":
                continue
            node, active = self.nature.node(effect.service, self.environment, 0), self.active(effect, 2)
            for service in self.nature.order:
                share = np.zeros(MINUTES)
                for index in range(int(self.instances(service).max())):
                    if self.nature.node(service, self.environment, index) == node:
                        share += np.where(index < self.instances(service), self.weight(service, index), 0.0)
                if share.any():
                    profile = self.nature.profiles[service]
                    seconds = (effect.size - 1.0) * profile.own * MILLI
                    cpu = 0.22 * effect.size
                    found.append(Deviation(service, seconds, 0.001, cpu, share * active, active, node=node))
        return found


def _column(numbers: Sequence[Floats | float]) -> Floats:
    return np.array(numbers, dtype=np.float64)[:, None]


def _between(values: Floats, low: float, high: float) -> Floats:
    return np.minimum(np.maximum(values, low), high)  # half the time of np.clip on a row


def _queueing(load: Floats | float) -> Floats | float:
    """How much longer work takes when others wait in line."""
    square = load * load
    longer = 1.0 + 0.5 * square * square / (1.0 - np.minimum(load, _MOST_WAITING))
    return np.minimum(longer, _PATIENCE)
