"""Queries as a JSON model that Grafana imports; the sources are inputs, which Grafana asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.telemetry.queries import logql, traceql
from bot.telemetry.queries.promql import checked, span

SCHEMA: Final = 39
WIDTH: Final = 12
HEIGHT: Final = 8
MOST_TITLE: Final = 120
Language = Literal["promql", "logql", "traceql"]
SOURCES: Final[Mapping[Language, tuple[str, str, str]]] = {
    "promql": ("DS_PROMETHEUS", "prometheus", "Prometheus"),
    "logql": ("DS_LOKI", "loki", "Loki"),
    "traceql": ("DS_TEMPO", "tempo", "Tempo"),
}
CHECKS: Final[Mapping[Language, Callable[[str], object]]] = {
    "promql": checked,
    "logql": logql.parse,
    "traceql": traceql.parse,
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One query, and what it answered."""

    title: str
    query: str
    language: Language


def dashboard(title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """Two panels in a row; InvalidInput where a query is none."""
    for each in panels:
        CHECKS[each.language](each.query)
    return {
        "__inputs": [
            {
                "name": name,
                "label": label,
                "description": "",
                "type": "datasource",
                "pluginId": plugin,
                "pluginName": label,
            }
            for name, plugin, label in dict.fromkeys(SOURCES[each.language] for each in panels)
        ],
        "id": None,
        "uid": None,
        "title": title,
        "tags": ["copilot"],
        "timezone": "browser",
        "schemaVersion": SCHEMA,
        "editable": True,
        "refresh": span(60),
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(number, each) for number, each in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    name, plugin, _ = SOURCES[panel.language]
    source = {"type": plugin, "uid": f"${{{name}}}"}
    target: dict[str, Any] = {"refId": "A", "datasource": source}
    kind = "timeseries"
    match panel.language:
        case "promql":
            target |= {"expr": panel.query, "range": True, "legendFormat": "__auto"}
        case "logql":
            target |= {"expr": panel.query, "queryType": "range"}
            kind = "logs" if isinstance(logql.parse(panel.query), logql.Logs) else kind
        case "traceql":
            target |= {"query": panel.query, "queryType": "traceql", "limit": 20}
            kind = "table"
    return {
        "id": number + 1,
        "title": panel.title[:MOST_TITLE],
        "type": kind,
        "datasource": source,
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": number % 2 * WIDTH, "y": number // 2 * HEIGHT},
        "targets": [target],
    }
