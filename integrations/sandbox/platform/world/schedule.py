"""What happens by itself: routine deploys, the few of them that go wrong, and an incident every few days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from integrations.sandbox.platform.world import noise
from integrations.sandbox.platform.world.shapes import FaultKind

DAY: Final = 86_400
MINUTE: Final = 60
FOREVER: Final = 2**40
ROLLOUT_SECONDS: Final = 120.0
SIZES: Final[dict[FaultKind, float]] = {
    "bad_deploy": 3.0,
    "latency": 4.0,
    "error_burst": 0.08,
    "memory_leak": 40,
    "connection_exhaustion": 1.0,
    "traffic_surge": 2.5,
    "gpu_saturation": 1.6,
    "cost_spike": 4.0,
    "refusal_drift": 0.15,
    "noisy_neighbour": 2.5,
}
"""How large a fault is unless somebody says otherwise: a multiple of what is usual, a share (error_burst,
refusal_drift), or the minutes until memory is full (memory_leak)."""

_SLOTS: Final = {"production": 5, "staging": 2, "development": 1}  # days from one routine deploy to the next
_INCIDENT_DAYS: Final = {"production": 3, "staging": 6}
_BAD: Final = 0.16
_BLIP: Final = 0.12
_BLIP_MINUTES: Final = 4
_THURSDAY, _SATURDAY = 3, 5  # what 1970 began on, and where the week ends
_SERIES: Final = 40  # versions of one major number

_INCIDENTS: Final[tuple[tuple[FaultKind, tuple[str, ...]], ...]] = (
    ("latency", ("payments", "search", "vector-db", "recommendation")),
    ("error_burst", ("payments", "auth-service", "embedding-service", "cart")),
    ("memory_leak", ("search", "recommendation", "content-filter")),
    ("connection_exhaustion", ("postgres-main",)),
    ("traffic_surge", ("frontend", "chat-api")),
    ("gpu_saturation", ("inference-gateway", "embedding-service")),
    ("noisy_neighbour", ("cart", "checkout", "sentiment-model")),
    ("refusal_drift", ("chat-api",)),
    ("cost_spike", ("inference-gateway", "chat-api")),
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version that replaces the one before, instance by instance from `begin` on."""

    id: str
    at: float
    kind: Literal["deploy", "rollback"]
    service: str
    environment: str
    version: str
    badness: float = 0.0
    """How many times slower it is; 0 where it is sound."""
    by: str = "release-pipeline"

    @property
    def begin(self) -> float:
        return float(whole_minute(self.at) * MINUTE)


@dataclass(frozen=True, slots=True)
class Effect:
    """A fault or an action's aftermath, in whole minutes, the last not included."""

    id: str
    kind: FaultKind | Literal["flush", "failover"]
    service: str
    environment: str
    start: int
    stop: int
    size: float


def whole_minute(at: float) -> int:
    """The first minute that begins at or after a moment: nothing may change a minute that has been looked at."""
    return int(-(-at // MINUTE))


def slot_of(seed: int, service: str, environment: str, at: float) -> int:
    length = _SLOTS[environment]
    return (int(at // DAY) - _phase(seed, service)) // length


@lru_cache(maxsize=16_384)
def deploys_of(seed: int, service: str, environment: str, slot: int, quiet_from: float) -> tuple[Deployment, ...]:
    """The routine deploy of a slot, and its rollback where it was bad. From `quiet_from` on none is."""
    routine = _routine(seed, service, environment, slot)
    bad = slot % 2 == 1 and environment != "development" and _draw(routine.id, "bad", seed) < _BAD
    if not bad or routine.at + DAY / 12 > quiet_from:
        return (routine,)
    size = 1.6 + 1.2 * _draw(routine.id, "size", seed)
    back = routine.at + MINUTE * (15 + 20 * _draw(routine.id, "back", seed))
    broken = Deployment(routine.id, routine.at, "deploy", service, environment, routine.version, size)
    former = _routine(seed, service, environment, slot - 1).version
    return broken, Deployment(f"{routine.id}-back", round(back), "rollback", service, environment, former, by="on-call")


def incidents(
    seed: int, environment: str, services: tuple[str, ...], first: int, last: int, quiet_from: float
) -> Iterator[Effect]:
    """What went wrong in the minutes from `first` to `last`, and was over before `quiet_from`."""
    if environment not in _INCIDENT_DAYS:
        return
    length = _INCIDENT_DAYS[environment] * DAY // MINUTE
    for slot in range(first // length - 1, last // length + 1):
        effect = _incident(seed, environment, slot, length)
        overlaps = effect.start < last and effect.stop > first
        if overlaps and effect.service in services and effect.stop * MINUTE <= quiet_from:
            yield effect


def blips(seed: int, service: str, environment: str, first: int, last: int, quiet_from: float) -> Iterator[Effect]:
    """A few errors while some routine deploys roll out."""
    if environment == "development":
        return
    for slot in range(
        slot_of(seed, service, environment, first * MINUTE) - 1,
        slot_of(seed, service, environment, last * MINUTE) + 1,
    ):
        routine = _routine(seed, service, environment, slot)
        start = whole_minute(routine.at)
        stop = start + _BLIP_MINUTES
        seen = start < last and stop > first and stop * MINUTE <= quiet_from
        if seen and _draw(routine.id, "blip", seed) < _BLIP:
            size = 0.002 + 0.004 * _draw(routine.id, "errors", seed)
            yield Effect(f"{routine.id}-blip", "error_burst", service, environment, start, stop, size)


@lru_cache(maxsize=16_384)
def _routine(seed: int, service: str, environment: str, slot: int) -> Deployment:
    """In the slot's working days and hours."""
    length, phase = _SLOTS[environment], _phase(seed, service)
    first = slot * length + phase
    days = [day for day in range(first, first + length) if (day + _THURSDAY) % 7 < _SATURDAY] or [first]
    name = f"deploy-{service}-{environment}-{slot}"
    day = days[int(_draw(name, "day", seed) * len(days))]
    at = day * DAY + round((9 + 8 * _draw(name, "hour", seed)) * 3600)
    release, into = divmod(first - phase, 5)
    if environment == "production":
        return Deployment(name, at, "deploy", service, environment, _version(seed, service, release))
    candidate = f"{_version(seed, service, release + 1)}-rc.{into // length + 1}"
    return Deployment(name, at, "deploy", service, environment, candidate)


@lru_cache(maxsize=4_096)
def _incident(seed: int, environment: str, slot: int, length: int) -> Effect:
    name = f"incident-{environment}-{slot}"
    kind, services = _INCIDENTS[int(_draw(name, "kind", seed) * len(_INCIDENTS))]
    service = services[int(_draw(name, "service", seed) * len(services))]
    minutes = round(12 + 33 * _draw(name, "minutes", seed)) if kind != "memory_leak" else 150
    start = slot * length + int(_draw(name, "start", seed) * (length - minutes))
    size = SIZES[kind] * (0.6 + 0.4 * _draw(name, "size", seed)) if kind != "memory_leak" else 60
    return Effect(name, kind, service, environment, start, start + minutes, size)


def _phase(seed: int, service: str) -> int:
    return noise.number(seed, "phase", service) % _SLOTS["production"]


def _version(seed: int, service: str, release: int) -> str:
    place = release + noise.number(seed, "release", service) % _SERIES
    return f"{1 + place // _SERIES % 9}.{place % _SERIES}.0"


def _draw(name: str, what: str, seed: int) -> float:
    return noise.chance(seed, name, what)
