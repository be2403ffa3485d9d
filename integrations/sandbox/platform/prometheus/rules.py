"""Recording and alerting rules of the platform, evaluated when somebody asks for them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from integrations.sandbox.platform.prometheus import engine
from integrations.sandbox.platform.prometheus.failures import QueryRefused
from integrations.sandbox.platform.prometheus.numbers import alert_value, go_float
from integrations.sandbox.platform.prometheus.storage import NAME, RawSeries, Storage

INTERVAL: Final = 60
FILE: Final = "rules/platform.yml"
_PLACE: Final = re.compile(r"\{\{\s*\$(?:labels\.(\w+)|value(?:\s*\|\s*(\w+))?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """A name for what an expression gives, or an alert where it gives anything for `seconds`."""

    kind: Literal["recording", "alerting"]
    name: str
    query: str
    seconds: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


_PRODUCTION: Final = '{env="production"}'
_RATIO: Final = (
    'sum by (env, service) (rate(http_requests_total{status=~"5.."}[5m]))'
    " / sum by (env, service) (rate(http_requests_total[5m]))"
)


def _p95(selector: str, offset: str = "") -> str:
    window = f"http_request_duration_seconds_bucket{selector}[5m]{offset}"
    return f"histogram_quantile(0.95, sum by (env, le, service) (rate({window})))"


def _alert(name: str, query: str, minutes: int, severity: str, summary: str) -> Rule:
    return Rule("alerting", name, query, minutes * 60, {"severity": severity}, {"summary": summary})


GROUPS: Final[Mapping[str, Sequence[Rule]]] = {
    "services": (
        Rule("recording", "service:http_requests:rate5m", "sum by (env, service) (rate(http_requests_total[5m]))"),
        Rule("recording", "service:http_error_ratio:rate5m", _RATIO),
        Rule("recording", "service:http_request_duration_seconds:p95", _p95("")),
    ),
    "alerts": (
        _alert("InstanceDown", "up == 0", 1, "critical", "{{ $labels.instance }} does not answer"),
        _alert(
            "HighErrorRate",
            f"{_RATIO} > 0.05",
            2,
            "critical",
            "{{ $labels.service }} in {{ $labels.env }}: {{ $value | humanizePercentage }} of requests fail",
        ),
        _alert(
            "SlowRequests",
            f"{_p95(_PRODUCTION)} > 1.5 * {_p95(_PRODUCTION, ' offset 1d')}",
            5,
            "warning",
            "{{ $labels.service }}: p95 is {{ $value }} s, half as much again as a day ago",
        ),
        _alert(
            "ConnectionsExhausted",
            "db_connections_in_use / db_connections_max > 0.9",
            2,
            "critical",
            "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its connections",
        ),
        _alert(
            "MemoryNearLimit",
            "container_memory_working_set_bytes / on (env, instance, service) group_left ()"
            ' kube_pod_container_resource_limits{resource="memory"} > 0.9',
            5,
            "warning",
            "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory",
        ),
    ),
}


class Rulebook:
    """The rules of a platform, over what it measures."""

    def __init__(self, storage: Storage, groups: Mapping[str, Sequence[Rule]] = GROUPS) -> None:
        self._storage = storage
        self._groups = groups

    def groups(self, now: datetime, kind: str = "") -> dict[str, Any]:
        """As `/rules` lists them; `kind` is "alert", "record" or any."""
        wanted = {"alert": "alerting", "record": "recording"}.get(kind)
        found = []
        for name, rules in self._groups.items():
            began = time.perf_counter()
            described = [self._described(rule, now) for rule in rules if wanted in (None, rule.kind)]
            found.append({"name": name, "file": FILE, "rules": described, "interval": INTERVAL, "limit": 0})
            found[-1] |= _evaluated(now, began)
        return {"groups": found}

    def alerts(self, now: datetime) -> dict[str, Any]:
        rules = (rule for group in self._groups.values() for rule in group if rule.kind == "alerting")
        return {"alerts": [alert for rule in rules for alert in self._alerts_of(rule, now)]}

    def _described(self, rule: Rule, now: datetime) -> dict[str, Any]:
        began = time.perf_counter()
        alerts: list[dict[str, Any]] = []
        health: dict[str, Any] = {"health": "ok"}
        try:
            if rule.kind == "alerting":
                alerts = self._alerts_of(rule, now)
            else:
                engine.instant(rule.query, self._storage, _milliseconds(now))
        except QueryRefused as refused:
            health = {"health": "err", "lastError": refused.message}
        if rule.kind == "recording":
            return {"name": rule.name, "query": rule.query, **health, **_evaluated(now, began), "type": rule.kind}
        states = {alert["state"] for alert in alerts}
        state = "firing" if "firing" in states else "pending" if states else "inactive"
        said = {"labels": dict(rule.labels), "annotations": dict(rule.annotations), "alerts": alerts}
        timing = {"duration": rule.seconds, "keepFiringFor": 0}
        about = {"state": state, "name": rule.name, "query": rule.query, **timing, **said}
        return {**about, **health, **_evaluated(now, began), "type": rule.kind}

    def _alerts_of(self, rule: Rule, now: datetime) -> list[dict[str, Any]]:
        """What is true now, and since when, looked at twice as far back as an alert needs to fire."""
        end = _milliseconds(now)
        start = end - (2 * rule.seconds + 30 * INTERVAL) * 1000
        answer = engine.evaluate(rule.query, self._storage, start, end, INTERVAL * 1000)
        return list(_active(rule, answer.series, end))


def _active(rule: Rule, series: Sequence[RawSeries], end_ms: int) -> Iterator[dict[str, Any]]:
    for one in series:
        if not len(one.times) or int(one.times[-1]) != end_ms:
            continue
        since = len(one.times) - 1
        while since and one.times[since] - one.times[since - 1] == INTERVAL * 1000:
            since -= 1
        active, value = int(one.times[since]), float(one.values[-1])
        labels = {name: text for name, text in one.labels.items() if name != NAME}
        yield {
            "labels": dict(sorted({**labels, **rule.labels, "alertname": rule.name}.items())),
            "annotations": {name: _written(text, labels, value) for name, text in rule.annotations.items()},
            "state": "firing" if end_ms - active >= rule.seconds * 1000 else "pending",
            "activeAt": _rfc3339(datetime.fromtimestamp(active / 1000, UTC)),
            "value": alert_value(value),
        }


def _written(template: str, labels: Mapping[str, str], value: float) -> str:
    def put(place: re.Match[str]) -> str:
        if place[1]:
            return labels.get(place[1], "")
        return f"{value * 100:.4g}%" if place[2] == "humanizePercentage" else go_float(value)

    return _PLACE.sub(put, template)


def _evaluated(now: datetime, began: float) -> dict[str, Any]:
    return {"evaluationTime": time.perf_counter() - began, "lastEvaluation": _rfc3339(now)}


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
