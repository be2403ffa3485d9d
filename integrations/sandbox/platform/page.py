"""The page at `/`: where somebody breaks the platform and mends it again; what is where, and queries to try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from integrations.sandbox.platform.breaking import BREAKAGES, Breakage
from integrations.sandbox.platform.world import World

STATIC: Final = Path(__file__).with_name("static")

_QUERIES: Final = (
    (
        "Prometheus",
        "prometheus",
        "Metrics, in PromQL.",
        (
            ("Requests per second", "/api/v1/query?query=", "sum by (service) (rate(http_requests_total[5m]))"),
            (
                "p95 of checkout in production",
                "/api/v1/query?query=",
                (
                    "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket"
                    '{service="checkout",env="production"}[5m])))'
                ),
            ),
            (
                "Share of failed requests",
                "/api/v1/query?query=",
                (
                    'sum by (service) (rate(http_requests_total{env="production",status=~"5.."}[5m])) '
                    '/ sum by (service) (rate(http_requests_total{env="production"}[5m]))'
                ),
            ),
        ),
    ),
    (
        "Loki",
        "loki",
        "Logs, in LogQL.",
        (
            (
                "Errors of payments",
                "/loki/api/v1/query_range?query=",
                '{service="payments", env="production", level="error"}',
            ),
            (
                "Error lines per service",
                "/loki/api/v1/query?query=",
                'sum by (service) (count_over_time({env="production", level="error"}[10m]))',
            ),
        ),
    ),
    (
        "Tempo",
        "tempo",
        "Traces, in TraceQL.",
        (
            ("Slow answers of chat-api", "/api/search?q=", '{ resource.service.name = "chat-api" && duration > 1s }'),
            ("Failed spans", "/api/search?q=", "{ status = error }"),
        ),
    ),
    (
        "Deploys",
        "deploys",
        "What changed, what runs, and faults to inject.",
        (
            ("Deploys of the last week", "/api/v1/deploys", ""),
            ("Versions in production", "/api/v1/versions?environment=production", ""),
            ("Injected faults", "/api/v1/faults", ""),
        ),
    ),
)


def routes(world: World, clock: Callable[[], datetime]) -> list[web.AbstractRouteDef]:
    broken = _breaking(world, clock())  # which service can have which fault never changes

    async def index(request: web.Request) -> web.Response:
        base = f"http://{request.host}"
        sections = "".join(_section(base, *entry) for entry in _QUERIES)
        return web.Response(content_type="text/html", text=_HEAD + broken + _terminal(base) + sections + _FOOT)

    return [web.get("/", index), web.static("/static", STATIC)]


_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A simulated LLM platform</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/static/page.css">
<script type="module" src="/static/page.js"></script></head><body><main>
<h1>A simulated LLM platform</h1>
<p>Sixteen services in three environments, over the protocols of Prometheus, Loki and Tempo.
CoPilot reads them as it would read yours.</p>
"""
_FOOT: Final = "</main></body></html>"
_ACTIVE: Final = """
<section class="active" aria-labelledby="active"><h3 id="active" tabindex="-1">Broken now</h3>
<p id="said" role="status"></p><p id="none">Nothing. Choose something below.</p><ul id="faults"></ul></section>
<noscript><p>The buttons need JavaScript; the line for a terminal below does not.</p></noscript>
"""


def _breaking(world: World, now: datetime) -> str:
    environments = "".join(f"<option>{escape(name)}</option>" for name in world.environments)
    return (
        '<h2 id="break">Break something</h2><p>Press a button, then ask CoPilot in Slack what is wrong. A fault takes '
        "up to a minute to begin, and two more until rates show it; some grow slowly.</p>"
        f'{_ACTIVE}<p class="where"><label for="environment">Environment</label> '
        f'<select id="environment" autocomplete="off">{environments}</select></p><ul class="kinds">'
        f"{''.join(_button(each, each.fits(world, now)) for each in BREAKAGES)}</ul>"
    )


def _button(each: Breakage, fits: tuple[str, ...]) -> str:
    """The script reads from the form what it needs to know of its fault."""
    options = "".join(f"<option{' selected' * (name == each.service)}>{escape(name)}</option>" for name in fits)
    known = {"kind": each.kind, "title": each.title, "shows": each.shows, "asks": each.asks, "size": each.size or ""}
    data = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in known.items())
    kind = each.kind
    return (
        f'<li><form {data}><h3 id="{kind}">{escape(each.title)}</h3><p>{escape(each.does)}</p><div>'
        f'<select name="service" aria-label="Service" aria-describedby="{kind}" autocomplete="off">{options}</select>'
        f'<button id="do-{kind}" aria-labelledby="do-{kind} {kind}">Break it</button></div></form></li>'
    )


def _terminal(base: str) -> str:
    fault = '{"kind": "bad_deploy", "service": "checkout", "environment": "production"}'
    example = f"curl -X POST {base}/deploys/api/v1/faults -H 'Content-Type: application/json' -d '{fault}'"
    return f"<details><summary>From a terminal</summary><pre>{escape(example)}</pre></details>"


def _section(base: str, title: str, mount: str, what: str, examples: tuple[tuple[str, str, str], ...]) -> str:
    lines = "".join(
        f'<li><a href="/{mount}{escape(path)}{quote(query)}">{escape(name)}</a>'
        f"<code>{escape(query or f'GET /{mount}{path}')}</code></li>"
        for name, path, query in examples
    )
    return f"<h2>{title}</h2><p>{what} Base url: <code>{escape(base)}/{mount}</code></p><ul>{lines}</ul>"
