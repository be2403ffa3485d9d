"""The metrics that are scraped: their labels, and what each is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from integrations.sandbox.platform.world.field import MINUTES
from integrations.sandbox.platform.world.profiles import Profile
from integrations.sandbox.platform.world.shapes import Floats
from integrations.sandbox.platform.world.sight import GIB, MIB, Sight

REQUEST_BUCKETS: Final = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
TOKEN_BUCKETS: Final = ("0.05", "0.1", "0.2", "0.35", "0.5", "0.75", "1", "1.5", "2.5", "5", "+Inf")
TTFT_TAIL: Final = 3.6
_5XX: Final = {"500": 0.6, "503": 0.25, "504": 0.15}
_MISSING: Final = 0.004
_LIMITED: Final = 0.0008
_QUEUE_JITTER: Final = 0.15

Row = Mapping[str, str]
Rows = Callable[[Profile, str], tuple[Row, ...]]
PerMinute = Callable[[Sight, Row], Floats]


@dataclass(frozen=True, slots=True)
class Metric:
    """One name."""

    name: str
    kind: Literal["counter", "gauge", "instance"]
    help: str
    rows: Rows
    of: PerMinute
    """Minute by minute: what a service adds per second over all instances (counters), or what one instance shows."""
    whole: bool = True
    """It counts things, so that there are no halves."""
    versioned: bool = False
    jitter: float = 0.0
    """How much instances and scrapes of a gauge differ."""
    family: str = ""
    """The histogram that it belongs to."""


def _plain(_profile: Profile, _service: str) -> tuple[Row, ...]:
    return ({},)


def _unused(_sight: Sight, _row: Row) -> Floats:
    return np.zeros(MINUTES)


# ---------------------------------------------------------------- requests


@lru_cache(maxsize=64)
def _requests(profile: Profile, service: str) -> tuple[Row, ...]:
    statuses = ("200", *_5XX) if service.endswith(("-main", "-cache")) else ("200", "404", "429", *_5XX)
    return tuple({**route, "status": status} for route in _routes(profile, service) for status in statuses)


@lru_cache(maxsize=64)
def _routes(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"endpoint": endpoint.name, "method": endpoint.method} for endpoint in profile.endpoints)


def _endpoints(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"endpoint": endpoint.name} for endpoint in profile.endpoints)


@lru_cache(maxsize=64)
def _durations(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"endpoint": endpoint.name, "le": le} for endpoint in profile.endpoints for le in REQUEST_BUCKETS)


def _number(sight: Sight, row: Row) -> int:
    return next(place for place, one in enumerate(sight.profile.endpoints) if one.name == row["endpoint"])


def _served(sight: Sight, row: Row) -> Floats:
    return sight.rate * sight.profile.endpoints[_number(sight, row)].share


def _answered(sight: Sight, row: Row) -> Floats:
    failing, status = sight.failing[_number(sight, row)], row["status"]
    if status in _5XX:
        share: Floats = failing * _5XX[status]
    else:
        limited = np.minimum(_LIMITED + 0.1 * np.clip(sight.load - 0.9, 0.0, 2.0), 0.2)
        missing = _MISSING if row["method"] == "GET" else 0.0005
        if sight.service.endswith(("-main", "-cache")):
            share = 1.0 - failing
        elif status == "404":
            share = (1.0 - failing) * missing
        elif status == "429":
            share = (1.0 - failing) * limited
        else:
            share = (1.0 - failing) * (1.0 - missing - limited)
    return _served(sight, row) * share


def _below(median: Floats, tail: Floats, le: str) -> Floats:
    """The share of a log-logistic distribution that is at most `le`."""
    return np.asarray(1.0 / (1.0 + (median / float(le)) ** tail))


def _mean(median: Floats, tail: Floats | float) -> Floats:
    angle = np.pi / tail
    return np.asarray(median * angle / np.sin(angle))


def _within(sight: Sight, row: Row) -> Floats:
    return _served(sight, row) * _below(sight.medians[_number(sight, row)], sight.tail, row["le"])


def _seconds(sight: Sight, row: Row) -> Floats:
    return _served(sight, row) * _mean(sight.medians[_number(sight, row)], sight.tail)


# ---------------------------------------------------------------- machine


def _resources(_profile: Profile, _service: str) -> tuple[Row, ...]:
    return ({"resource": "cpu"}, {"resource": "memory"})


def _limit(sight: Sight, row: Row) -> Floats:
    return np.full(MINUTES, sight.profile.cores if row["resource"] == "cpu" else sight.profile.memory * MIB)


def _queues(profile: Profile, _service: str) -> tuple[Row, ...]:
    return ({"queue": profile.queue},)


def _pooled(profile: Profile, _service: str) -> tuple[Row, ...]:
    return ({},) if profile.pool else ()


def _cached(profile: Profile, _service: str) -> tuple[Row, ...]:
    return ({"result": "hit"}, {"result": "miss"}) if profile.cache else ()


def _looked_up(sight: Sight, row: Row) -> Floats:
    share = sight.hits if row["result"] == "hit" else 1.0 - sight.hits
    return sight.rate * sight.profile.lookups * share


def _cards(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"gpu": str(card)} for card in range(profile.gpus))


def _gpu_memory(sight: Sight, _row: Row) -> Floats:
    return sight.profile.gpu_memory * MIB * np.minimum(0.62 + 0.3 * sight.gpu, 0.985)


# ---------------------------------------------------------------- language models


@lru_cache(maxsize=64)
def _models(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"model": model.name} for model in profile.models)


def _outcomes(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple(
        {"model": model.name, "outcome": how} for model in profile.models for how in ("ok", "refused", "error")
    )


def _directions(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"model": model.name, "direction": way} for model in profile.models for way in ("input", "output"))


def _first_tokens(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"model": model.name, "le": le} for model in profile.models for le in TOKEN_BUCKETS)


def _suites(profile: Profile, _service: str) -> tuple[Row, ...]:
    return tuple({"model": model.name, "suite": model.suite} for model in profile.models)


def _asked(sight: Sight, row: Row) -> Floats:
    model = sight.model(row["model"])
    refused, failing = sight.refusals_of(model), sight.errors
    share = {"ok": (1.0 - failing) * (1.0 - refused), "refused": (1.0 - failing) * refused, "error": failing}
    return sight.rate * model.share * share[row["outcome"]]


def _tokens(sight: Sight, row: Row) -> Floats:
    model = sight.model(row["model"])
    return sight.tokens_in_of(model) if row["direction"] == "input" else sight.tokens_out_of(model)


def _streams(sight: Sight, row: Row) -> Floats:
    return sight.rate * sight.model(row["model"]).share * (1.0 - sight.errors)


def _first_within(sight: Sight, row: Row) -> Floats:
    median = sight.ttft_of(sight.model(row["model"]))
    return _streams(sight, row) * _below(median, np.full(MINUTES, TTFT_TAIL), row["le"])


def _first_seconds(sight: Sight, row: Row) -> Floats:
    return _streams(sight, row) * _mean(sight.ttft_of(sight.model(row["model"])), TTFT_TAIL)


# ---------------------------------------------------------------- the table

_SERVED: Final = "http_request_duration_seconds"
_TTFT: Final = "llm_time_to_first_token_seconds"
_TOOK: Final = "How long requests took, in seconds."
_FIRST: Final = "How long the first token took, in seconds."


METRICS: Final[tuple[Metric, ...]] = (
    Metric("up", "instance", "1 where the last scrape succeeded.", _plain, _unused),
    Metric("build_info", "instance", "1, with the version that runs.", _plain, _unused, versioned=True),
    Metric("process_start_time_seconds", "instance", "When the process started, since 1970.", _plain, _unused),
    Metric("http_requests_total", "counter", "Requests answered.", _requests, _answered, versioned=True),
    Metric(f"{_SERVED}_bucket", "counter", _TOOK, _durations, _within, versioned=True, family=_SERVED),
    Metric(f"{_SERVED}_sum", "counter", _TOOK, _endpoints, _seconds, whole=False, versioned=True, family=_SERVED),
    Metric(f"{_SERVED}_count", "counter", _TOOK, _endpoints, _served, versioned=True, family=_SERVED),
    Metric(
        "http_requests_in_flight", "gauge", "Requests being worked on.", _plain, lambda s, _: s.in_flight, jitter=0.12
    ),
    Metric("container_cpu_usage_seconds_total", "counter", "CPU time used.", _plain, lambda s, _: s.cpu, whole=False),
    Metric("kube_pod_container_resource_limits", "gauge", "Cores or bytes at most.", _resources, _limit, whole=False),
    Metric("container_memory_working_set_bytes", "gauge", "Memory in use.", _plain, lambda s, _: s.memory, jitter=0.01),
    Metric("container_fs_usage_bytes", "gauge", "Disk in use.", _plain, lambda s, _: s.disk, jitter=0.002),
    Metric(
        "container_fs_limit_bytes",
        "gauge",
        "Disk at most.",
        _plain,
        lambda s, _: np.full(MINUTES, s.profile.disk * GIB),
    ),
    Metric("queue_depth", "gauge", "Jobs that wait.", _queues, lambda s, _: s.waiting, jitter=_QUEUE_JITTER),
    Metric(
        "db_connections_in_use",
        "gauge",
        "Database connections in use.",
        _pooled,
        lambda s, _: s.connections,
        jitter=0.03,
    ),
    Metric(
        "db_connections_max",
        "gauge",
        "Database connections at most.",
        _pooled,
        lambda s, _: np.full(MINUTES, float(s.profile.pool)),
    ),
    Metric("cache_requests_total", "counter", "Cache lookups.", _cached, _looked_up),
    Metric(
        "gpu_utilization_ratio",
        "gauge",
        "How busy a GPU is, 0 to 1.",
        _cards,
        lambda s, _: s.gpu,
        whole=False,
        jitter=0.02,
    ),
    Metric("gpu_memory_used_bytes", "gauge", "GPU memory in use.", _cards, _gpu_memory, jitter=0.005),
    Metric("llm_requests_total", "counter", "Requests to a model, by how they ended.", _outcomes, _asked),
    Metric("llm_tokens_total", "counter", "Tokens read and written.", _directions, _tokens),
    Metric(
        "llm_cost_usd_total",
        "counter",
        "What the tokens cost, in US dollars.",
        _models,
        lambda s, row: s.cost_of(s.model(row["model"])),
        whole=False,
    ),
    Metric(f"{_TTFT}_bucket", "counter", _FIRST, _first_tokens, _first_within, family=_TTFT),
    Metric(f"{_TTFT}_sum", "counter", _FIRST, _models, _first_seconds, whole=False, family=_TTFT),
    Metric(f"{_TTFT}_count", "counter", _FIRST, _models, _streams, family=_TTFT),
    Metric(
        "llm_output_tokens_per_second",
        "gauge",
        "How fast one answer is written.",
        _models,
        lambda s, row: s.speed_of(s.model(row["model"])),
        whole=False,
        jitter=0.03,
    ),
    Metric(
        "llm_eval_score",
        "gauge",
        "What a suite of questions gives a model, 0 to 1.",
        _suites,
        lambda s, row: s.score_of(s.model(row["model"])),
        whole=False,
        jitter=0.004,
    ),
)
