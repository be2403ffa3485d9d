"""One service on one day: every signal that follows from how busy, slow and failing it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from integrations.sandbox.platform.world import noise
from integrations.sandbox.platform.world.field import MINUTES, Day
from integrations.sandbox.platform.world.nature import DATABASE, SIZES
from integrations.sandbox.platform.world.profiles import Model, Profile
from integrations.sandbox.platform.world.shapes import Floats, Instance

MIB: Final = 2.0**20
GIB: Final = 2.0**30
PER_MILLION: Final = 1e-6
_POOL_USUAL: Final = 0.3
_WARM_WEEKS: Final = 7 * MINUTES  # disks fill for a week until old files go


class Sight:
    """Of the whole service; or, with `befallen`, of one of its instances, where some differ from the rest."""

    def __init__(self, day: Day, service: str, befallen: Sequence[bool] = ()) -> None:
        self.day, self.service, self._befallen = day, service, befallen
        self.place = day.nature.index[service]
        self.profile: Profile = day.nature.profiles[service]
        self.deviations = [deviation for deviation in day.deviations if deviation.service == service]
        self._parts: dict[int, tuple[tuple[int, int, float], ...]] = {}

    def of(self, instance: Instance) -> tuple[bool, ...]:
        """Which deviations befall an instance; instances of one answer are alike."""
        return tuple(deviation.befalls(instance) for deviation in self.deviations)

    def parts(self, index: int) -> tuple[tuple[int, int, float], ...]:
        """What an instance takes of the load: from one minute of the day to another, the same all along."""
        if index not in self._parts:
            weights = self.day.weight(self.service, index)
            changes = (np.flatnonzero(weights[1:] != weights[:-1]) + 1).tolist()
            self._parts[index] = tuple(
                (low, high, float(weights[low])) for low, high in pairwise([0, *changes, MINUTES])
            )
        return self._parts[index]

    def _lean(self, what: str) -> Floats | float:
        """By how much this instance is off the service's mean."""
        total: Floats | float = 0.0
        for deviation, mine in zip(self.deviations, self._befallen, strict=False):
            part = (deviation.active if mine else 0.0) - deviation.share
            total = total + part * float(getattr(deviation, what))
        return total

    # ---------------------------------------------------------------- requests

    @cached_property
    def instances(self) -> Floats:
        return self.day.instances(self.service)

    @property
    def rate(self) -> Floats:
        row: Floats = self.day.rate[self.place]
        return row

    @cached_property
    def own(self) -> Floats:
        own: Floats = self.day.own[self.place] + self._lean("seconds")
        return np.maximum(own, 1e-5)

    @cached_property
    def own_errors(self) -> Floats:
        errors: Floats = self.day.own_errors[self.place] + self._lean("errors")
        return np.clip(errors, 0.0, 0.95)

    @cached_property
    def median(self) -> Floats:
        return self._mean(self.medians)

    @cached_property
    def errors(self) -> Floats:
        return self._mean(self.failing)

    @property
    def tail(self) -> Floats:
        row: Floats = self.day.tail[self.place]
        return row

    @property
    def load(self) -> Floats:
        row: Floats = self.day.load[self.place]
        return row

    @cached_property
    def medians(self) -> tuple[Floats, ...]:
        """By endpoint."""
        count = len(self.profile.endpoints)
        return tuple(self.day.endpoint_median(self.service, number, self.own) for number in range(count))

    @cached_property
    def failing(self) -> tuple[Floats, ...]:
        """By endpoint."""
        count = len(self.profile.endpoints)
        return tuple(self.day.endpoint_errors(self.service, number, self.own_errors) for number in range(count))

    def _mean(self, rows: Sequence[Floats]) -> Floats:
        total = np.zeros(MINUTES)
        for endpoint, row in zip(self.profile.endpoints, rows, strict=True):
            total += endpoint.share * row
        return total

    @cached_property
    def busyness(self) -> Floats:
        """Traffic per instance against what is usual."""
        usual = self.day.nature.rates[self.service] * SIZES[self.day.environment]
        spare = self.instances / self.day.nature.replicas(self.service, self.day.environment)
        return self.rate / (usual * spare)

    @cached_property
    def slowness(self) -> Floats:
        """How long callers wait against what is usual."""
        return self.median / self.day.nature.medians[self.service]

    # ---------------------------------------------------------------- machine

    @cached_property
    def cpu(self) -> Floats:
        profile = self.profile
        share = profile.cpu * (0.25 + 0.75 * self.busyness)
        if self._befallen:
            share = share + sum(
                (deviation.active * deviation.cpu if mine else 0.0)
                for deviation, mine in zip(self.deviations, self._befallen, strict=True)
            )
        else:
            share = share + sum(deviation.share * deviation.cpu for deviation in self.deviations)
        share = share * (1.0 + 0.04 * self._wobble("cpu"))
        return profile.cores * np.clip(share, 0.01, 0.995)

    def memory_of(self, index: int) -> Floats:
        """Bytes of one instance."""
        profile = self.profile
        share = profile.resident * (0.93 + 0.07 * self.busyness + 0.02 * self._wobble("memory"))
        for leak in self.day.of(self.service, "memory_leak"):
            share = share + (0.985 - profile.resident) * self.day.fill(leak, index)
        return profile.memory * MIB * np.minimum(share, 0.99)

    @cached_property
    def memory(self) -> Floats:
        count = self.day.nature.replicas(self.service, self.day.environment)
        if not self.day.of(self.service, "memory_leak"):
            return self.memory_of(0)
        total = np.zeros(MINUTES)
        for index in range(count):
            total += self.memory_of(index)
        return total / count

    @cached_property
    def disk(self) -> Floats:
        """Bytes; it fills slowly and is cleaned once a week."""
        week = (self.day.minutes % _WARM_WEEKS) / _WARM_WEEKS
        return self.profile.disk * GIB * (0.44 + 0.12 * week)

    @cached_property
    def gpu(self) -> Floats:
        if not self.profile.gpus:
            return np.zeros(MINUTES)
        wanted = self.day.gpu_load(self.service, self.load) * (1.0 + 0.03 * self._wobble("gpu"))
        return np.clip(wanted, 0.02, 0.995)

    @cached_property
    def waiting(self) -> Floats:
        """Requests that wait for a free worker or GPU, per instance."""
        load = self.load
        if self.profile.gpus:
            load = np.maximum(load, self.day.gpu_load(self.service, self.load))
        short = 3.0 * load * load
        return short + 120.0 * np.clip(load - 0.8, 0.0, 2.0) + 0.6 * (1.0 + self._wobble("queue"))

    @cached_property
    def in_flight(self) -> Floats:
        """By Little's law, per instance."""
        return self.rate * self.median * 1.2 / self.instances

    @cached_property
    def connections(self) -> Floats:
        if not self.profile.pool:
            return np.zeros(MINUTES)
        nature, day = self.day.nature, self.day
        slow = np.sqrt(day.median[nature.index[DATABASE]] / nature.medians[DATABASE])
        used = _POOL_USUAL * (0.4 + 0.6 * self.busyness) * slow * (1.0 + 0.05 * self._wobble("pool"))
        for place in {self.service, DATABASE}:
            for effect in day.of(place, "connection_exhaustion"):
                reach = 1.0 if place == self.service else 0.9
                used = np.maximum(used, reach * min(effect.size, 1.0) * day.active(effect, 6))
        return np.asarray(self.profile.pool * np.minimum(used, 1.0))

    @cached_property
    def hits(self) -> Floats:
        if not self.profile.cache:
            return np.zeros(MINUTES)
        return np.clip(self.day.cache(self.service) + 0.015 * self._wobble("cache"), 0.0, 1.0)

    def _wobble(self, what: str) -> Floats:
        key = self.day.nature.noise_keys(self.day.environment, what)[self.place, None]
        slow, fast = noise.smooth(key, self.day.minutes, 24)[0], noise.jitter(key, self.day.minutes)[0]
        return np.asarray(0.6 * slow + 0.4 * fast)

    # ---------------------------------------------------------------- language models

    def model(self, name: str) -> Model:
        return next(model for model in self.profile.models if model.name == name)

    @cached_property
    def prompts(self) -> Floats:
        """How long prompts are against what is usual."""
        longer = 1.0 + 0.05 * self._wobble("prompts")
        for effect in self.day.of(self.service, "cost_spike"):
            longer = longer * (1.0 + (effect.size - 1.0) * self.day.active(effect, 5))
        return longer

    @cached_property
    def answers(self) -> Floats:
        """How long answers are against what is usual."""
        longer = 1.0 + 0.04 * self._wobble("answers")
        for effect in self.day.of(self.service, "cost_spike"):
            longer = longer * (1.0 + 0.6 * (effect.size - 1.0) * self.day.active(effect, 5))
        return longer

    @cached_property
    def drift(self) -> Floats:
        """The share of requests that models have come to refuse beyond the usual."""
        share = np.zeros(MINUTES)
        for effect in self.day.of(self.service, "refusal_drift"):
            share += effect.size * self.day.active(effect, 30)
        return share

    def refusals_of(self, model: Model) -> Floats:
        return np.clip(model.refusals * (1.0 + 0.25 * self._wobble("refusals")) + self.drift, 0.0, 0.95)

    def ttft_of(self, model: Model) -> Floats:
        return model.ttft * (0.55 + 0.45 * self.slowness) * (1.0 + 3.5 * self._short_of_gpu)

    def speed_of(self, model: Model) -> Floats:
        return model.speed * (1.06 - 0.12 * self.load) / (1.0 + 1.5 * self._short_of_gpu)

    def score_of(self, model: Model) -> Floats:
        return np.clip(model.score - 0.6 * self.drift + 0.012 * self._wobble("eval"), 0.0, 1.0)

    def tokens_in_of(self, model: Model) -> Floats:
        return self.rate * model.share * model.tokens_in * self.prompts

    def tokens_out_of(self, model: Model) -> Floats:
        answered = (1.0 - self.errors) * (1.0 - 0.8 * self.drift)
        return self.rate * model.share * model.tokens_out * self.answers * answered

    def cost_of(self, model: Model) -> Floats:
        spent = self.tokens_in_of(model) * model.price_in + self.tokens_out_of(model) * model.price_out
        return spent * PER_MILLION

    @cached_property
    def _short_of_gpu(self) -> Floats:
        """What GPUs are asked beyond what they give; callers of a model feel it as well."""
        if self.profile.gpus:
            return np.clip(self.day.gpu_load(self.service, self.load) - 0.85, 0.0, 3.0)
        return np.zeros(MINUTES)

    def total(self, of: Callable[[Model], Floats]) -> Floats:
        """Over the models."""
        total = np.zeros(MINUTES)
        for model in self.profile.models:
            total += of(model)
        return total

    def mean(self, of: Callable[[Model], Floats]) -> Floats:
        """Over the models, by their share."""
        return self.total(lambda model: model.share * of(model))


SIGNALS: Final[Mapping[str, Callable[[Sight], Floats]]] = {
    "instances": lambda sight: sight.instances,
    "rate": lambda sight: sight.rate,
    "errors": lambda sight: sight.errors,
    "median": lambda sight: sight.median,
    "tail": lambda sight: sight.tail,
    "own_median": lambda sight: sight.own,
    "own_errors": lambda sight: sight.own_errors,
    "load": lambda sight: sight.load,
    "cpu": lambda sight: sight.cpu,
    "memory": lambda sight: sight.memory,
    "gpu": lambda sight: sight.gpu,
    "queue": lambda sight: sight.waiting,
    "connections": lambda sight: sight.connections,
    "tokens_in": lambda sight: sight.total(sight.tokens_in_of),
    "tokens_out": lambda sight: sight.total(sight.tokens_out_of),
    "ttft": lambda sight: sight.mean(sight.ttft_of),
    "speed": lambda sight: sight.mean(sight.speed_of),
    "refusals": lambda sight: sight.mean(sight.refusals_of),
    "cost": lambda sight: sight.total(sight.cost_of),
    "cache_hit": lambda sight: sight.hits,
    "eval": lambda sight: sight.mean(sight.score_of),
}
"""What a cell holds, by its name there."""
