"""What the world is made of: endpoints and their calls, events, instances, and cells, which hold one minute each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Minutes = NDArray[np.int64]

FaultKind = Literal[
    "bad_deploy",
    "latency",
    "error_burst",
    "memory_leak",
    "connection_exhaustion",
    "traffic_surge",
    "gpu_saturation",
    "cost_spike",
    "refusal_drift",
    "noisy_neighbour",
]
ActionKind = Literal["deploy", "rollback", "scale", "restart", "flush", "failover"]
SCRAPE_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint asks of another service. Calls of one stage run side by side, stages one after another."""

    callee: str
    stage: int = 0
    factor: float = 1.0
    """How long it takes, as a multiple of the callee's `median` (a cheap or a costly endpoint there)."""
    chance: float = 1.0
    """How many requests make this call."""
    surfaces: float = 0.5
    """How many of the callee's failures become the caller's, after retries and fallbacks."""
    retries: int = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route of a service, with its share of the requests."""

    name: str
    method: str
    share: float
    factor: float
    """How much own work it is, as a multiple of the service's `own_median`; 1 on average over the shares."""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something done to the world: a fault, the end of a fault, or an action."""

    id: str
    at: datetime
    kind: FaultKind | ActionKind | Literal["end"]
    service: str
    environment: str
    until: datetime | None = None
    """When a fault ends by itself."""
    size: float = 0.0
    version: str = ""
    replicas: int = 0
    of: str = ""
    """The fault that an end ends."""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and when it is over: by itself, ended, or cured by an action."""

    id: str
    kind: FaultKind
    service: str
    environment: str
    start: datetime
    stop: datetime | None
    size: float
    version: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """One run of a process: a pod between two starts. Times in seconds since 1970, the end not included."""

    name: str
    service: str
    environment: str
    index: int
    version: str
    deployment: str
    node: int
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A service in one environment, minute by minute; what a service has no use for (gpu, tokens, …) is 0."""

    service: str
    environment: str
    first: int
    """The first minute since 1970; `minutes[i]` is `first + i`."""
    minutes: Minutes
    instances: Floats
    """How many run."""
    rate: Floats
    """Requests per second, over all instances."""
    errors: Floats
    """The share of requests answered with 5xx, 0..1."""
    median: Floats
    """Seconds that callers wait, calls included; the mean over the endpoints' medians by share."""
    tail: Floats
    """The shape β of the log-logistic: P(duration ≤ x) = 1 / (1 + (x/median)^-β)."""
    own_median: Floats
    """Seconds of its own work, without calls."""
    own_errors: Floats
    """The share of requests that fail by its own fault."""
    endpoint_median: dict[str, Floats]
    endpoint_errors: dict[str, Floats]
    load: Floats
    """Traffic against capacity; from about 0.8 on queues build up."""
    cpu: Floats
    """Cores in use per instance."""
    memory: Floats
    """Bytes per instance."""
    gpu: Floats
    """0..1."""
    queue: Floats
    connections: Floats
    """Database connections in use per instance."""
    tokens_in: Floats
    """Per second."""
    tokens_out: Floats
    """Per second."""
    ttft: Floats
    """Median seconds to the first token."""
    speed: Floats
    """Output tokens per second of one stream."""
    refusals: Floats
    """Share of LLM requests refused."""
    cost: Floats
    """US dollars per second."""
    cache_hit: Floats
    """Share of lookups that hit."""
    eval: Floats
    """0..1."""
