"""The sources of telemetry that the settings name, each behind its breaker and the one cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from bot.catalogue import Catalogue
from bot.config import PREFIX, Settings, reason
from bot.errors import ConfigurationError
from bot.observatory.observatory import Observatory
from bot.ports import Clock
from bot.resilience import Breakers
from bot.telemetry.cache import Cache
from bot.telemetry.cached import CachedChanges, CachedLogs, CachedMetrics, CachedTraces
from bot.telemetry.signals import Change, Read, Window
from bot.telemetry.sources import Changes, Metrics
from bot.telemetry.vocabulary import Role, Vocabulary, first_of
from integrations.deploys.adapter import Deploys
from integrations.deploys.changes import VersionChanges, VersionMetric
from integrations.http.backend import Backend
from integrations.http.client import shielded
from integrations.loki.adapter import Loki
from integrations.prometheus.adapter import Prometheus
from integrations.tempo.adapter import Tempo

_PLACE: Final[tuple[Role, Role]] = ("service", "environment")


def connect(
    settings: Settings, vocabulary: Vocabulary, catalogue: Catalogue, breakers: Breakers, clock: Clock
) -> Observatory:
    """Nothing is asked yet: a system that is down must not keep the bot from starting."""
    cache = Cache(clock)
    found = {name: backend_of(settings, name) for name in ("prometheus", "loki", "tempo", "deploys")}

    metrics: Metrics | None = None
    if backend := found["prometheus"]:
        metrics = CachedMetrics(Prometheus(backend, shielded(backend, breakers.get("prometheus")), clock=clock), cache)
    changes: Changes | None = None
    if backend := found["deploys"]:
        changes = CachedChanges(Deploys(backend, shielded(backend, breakers.get("deploys")), clock=clock), cache)
    elif metrics:
        changes = CachedChanges(NamedVersions(metrics, vocabulary, clock), cache)
    return Observatory(
        vocabulary,
        catalogue,
        metrics=metrics,
        logs=CachedLogs(Loki(backend, shielded(backend, breakers.get("loki")), clock=clock), cache)
        if (backend := found["loki"])
        else None,
        traces=CachedTraces(Tempo(backend, shielded(backend, breakers.get("tempo")), clock=clock), cache)
        if (backend := found["tempo"])
        else None,
        changes=changes,
    )


def backend_of(settings: Settings, name: str) -> Backend | None:
    """What the settings say of one system; None where it has no address."""
    url = getattr(settings, f"{name}_url")
    if url is None:
        return None
    own = {
        each: value
        for each in ("bearer", "username", "password", "tenant")
        if (value := getattr(settings, f"{name}_{each}"))
    }
    files = {each: getattr(settings, f"telemetry_{each}") for each in ("ca_file", "cert_file", "key_file")}
    try:
        return Backend(
            url=url, **own, **files, timeout=settings.telemetry_timeout_seconds, pool=settings.telemetry_pool_size
        )
    except ValidationError as error:
        faults = error.errors(include_url=False)
        why = "; ".join(f"{'.'.join(map(str, each['loc'])) or name} {reason(each)}" for each in faults)
        mend = f"Correct {PREFIX}{name.upper()}_… or {PREFIX}TELEMETRY_…"
        raise ConfigurationError(f"The settings of {name} do not fit together: {why}.", mend=mend) from None


class NamedVersions:
    """Implements `bot.telemetry.sources.Changes`: versions in metrics, by the labels and words that these have."""

    def __init__(self, metrics: Metrics, vocabulary: Vocabulary, clock: Clock) -> None:
        self.name = "versions in metrics"
        self._metrics = metrics
        self._vocabulary = vocabulary
        self._clock = clock

    async def close(self) -> None:
        """The metrics are somebody else's to close."""

    async def ready(self) -> str:
        return await (await self._told()).ready()

    async def changes(self, window: Window, *, service: str = "", environment: str = "") -> Read[tuple[Change, ...]]:
        said = self._vocabulary.said("environment", environment)
        read = await (await self._told()).changes(window, service=service, environment=said)
        return replace(
            read, value=tuple(replace(each, environment=self._ours(each.environment)) for each in read.value)
        )

    async def versions(self, environment: str = "") -> Read[Mapping[tuple[str, str], str]]:
        read = await (await self._told()).versions(self._vocabulary.said("environment", environment))
        found = {(service, self._ours(said)): version for (service, said), version in read.value.items()}
        return replace(read, value=found)

    async def _told(self) -> VersionChanges:
        known = (await self._metrics.labels()).value
        service, environment = (first_of(self._vocabulary.labels.metrics.get(role, (role,)), known) for role in _PLACE)
        told_by = VersionMetric(self._vocabulary.versions.metric, self._vocabulary.versions.label, service, environment)
        return VersionChanges(self._metrics, told_by, name=self.name, clock=self._clock)

    def _ours(self, said: str) -> str:
        return next((ours for ours, theirs in self._vocabulary.environments.items() if theirs == said), said)
