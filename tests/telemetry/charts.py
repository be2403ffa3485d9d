"""One chart of each kind, and the nastier ones: what tests draw, and the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from bot.telemetry.charts.shapes import (
    MOST_CURVES,
    Amount,
    Amounts,
    Band,
    Bar,
    Chart,
    Curve,
    Edge,
    Graph,
    HeatMap,
    Lines,
    Mark,
    Node,
    Overlay,
    Small,
    Stretch,
    Threshold,
    Tile,
    Tiles,
    Waterfall,
)

START: Final = 1_772_548_200.0
"""3 March 2026, 14:30 UTC."""
_SERVICES: Final = [
    "frontend",
    "api-gateway",
    "checkout",
    "cart",
    "payments",
    "search",
    "recommendation",
    "chat-api",
    "inference-gateway",
    "embedding-service",
    "sentiment-model",
    "content-filter",
    "auth-service",
    "postgres-main",
    "redis-cache",
    "vector-db",
]
_CALLS: Final = [
    "0>1",
    "1>2",
    "1>3",
    "1>5",
    "1>6",
    "1>7",
    "1>12",
    "2>3",
    "2>4",
    "2>13",
    "3>14",
    "4>12",
    "4>13",
    "5>9",
    "5>15",
    "6>8",
    "6>9",
    "7>8",
    "7>11",
    "7>10",
    "8>14",
    "9>15",
    "12>13",
    "12>14",
]
_STATES: Final = ("good", "good", "warn", "good", "bad", "good", "unknown")


def moment(minutes: float) -> datetime:
    return datetime.fromtimestamp(START + minutes * 60, UTC)


def curve(name: str, values: Sequence[float | None], *, step: float = 60.0, start: float = START) -> Curve:
    return Curve(name=name, start=start, step=step, values=tuple(values))


def _latency(seed: int = 1, count: int = 180) -> list[float | None]:
    dice = np.random.default_rng(seed)
    values = [*dice.normal(0.3, 0.015, count * 8 // 15).tolist()]
    values += dice.normal(1.0, 0.08, count - len(values)).tolist()
    return [None if 40 <= at < 44 else value for at, value in enumerate(values)]


def _marks(*minutes: float) -> tuple[Mark, ...]:
    return tuple(Mark(at=moment(at), label=f"checkout 2.14.{place}") for place, at in enumerate(minutes))


def _lines() -> Lines:
    return Lines(
        title="p95 latency of checkout in production",
        unit="s",
        curves=(curve("checkout", _latency(), step=20),),
        band=Band(low=(0.26,) * 180, high=(0.36,) * 180),
        marks=(*_marks(31), Mark(at=moment(32), label="since 15:02", kind="onset")),
        stretches=(Stretch(start=moment(32), end=moment(60)),),
        thresholds=(Threshold(value=1.0, label="objective"),),
    )


def _many() -> Lines:
    dice = np.random.default_rng(2)
    walks = np.clip(np.cumsum(dice.normal(0, 0.01, (MOST_CURVES, 180)), axis=1) + 0.4, 0, 1)
    names = (f"checkout-7d9f5-{at:05x}{'x' * 200 if at % 5 == 0 else ''}" for at in range(MOST_CURVES))
    return Lines(
        title="CPU by instance, " * 12,
        unit="share",
        curves=tuple(curve(name, walk, step=20) for name, walk in zip(names, walks.tolist(), strict=True)),
        marks=_marks(*range(0, 60, 2)),
        timezone="Europe/Berlin",
    )


def _four() -> Lines:
    dice = np.random.default_rng(3)
    curves = (curve(f"version {at}", dice.normal(50, 1, 60).tolist()) for at in range(4))
    return Lines(title="Four at one height", unit="/s", curves=tuple(curves), marks=_marks(5, 6, 7, 58, 59))


def _overlay() -> Overlay:
    dice = np.random.default_rng(4)
    wave = 0.12 + 0.04 * np.sin(np.arange(288) / 288 * 6.28)
    now = (wave + dice.normal(0, 0.005, 288)) * np.where(np.arange(288) > 180, 1.5, 1.0)
    before = wave + dice.normal(0, 0.005, 288)
    return Overlay(
        title="Latency of checkout against last week",
        unit="s",
        now=curve("this week", now.tolist(), step=300),
        before=curve("last week", before.tolist(), step=300, start=START - 7 * 86_400),
        marks=_marks(900),
    )


def _heat() -> HeatMap:
    dice = np.random.default_rng(5)
    edges = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
    middle = np.where(np.arange(120) < 60, 0.08, 0.4)
    share = np.exp(-((np.log(edges)[:, None] - np.log(middle)) ** 2) / 0.9)
    counts = dice.poisson(200 * share).astype(float).tolist()
    return HeatMap(
        title="How long requests of checkout took",
        start=START,
        step=30,
        edges=edges,
        counts=tuple(map(tuple, counts)),
        marks=_marks(30),
    )


def _waterfall(count: int) -> Waterfall:
    dice = np.random.default_rng(6)
    bars = [Bar(label="POST /checkout", service="api-gateway", depth=0, start=0, seconds=1.24, critical=True)]
    for _ in range(count - 1):
        bars.append(
            Bar(
                label=str(dice.choice(["GET /cart", "SELECT orders", "POST /charge"])),
                service=_SERVICES[int(dice.integers(16))],
                depth=min(int(dice.integers(1, 5)), bars[-1].depth + 1),
                start=float(dice.uniform(0, 1)),
                seconds=float(dice.exponential(0.08)),
                error=bool(dice.random() < 0.02),
                critical=bool(dice.random() < 0.1),
            )
        )
    return Waterfall(title="Trace 7f3a9c · POST /checkout · 1.24 s", bars=tuple(bars))


def _graph() -> Graph:
    nodes = (
        Node(name=name, state=_STATES[at % 7], suspect=at == 8, detail="82 %" if at == 8 else "")
        for at, name in enumerate(_SERVICES)
    )
    pairs = (call.split(">") for call in _CALLS)
    edges = (Edge(caller=_SERVICES[int(a)], callee=_SERVICES[int(b)], weight=float(a) + 1) for a, b in pairs)
    return Graph(title="Where the trouble comes from", nodes=tuple(nodes), edges=tuple(edges))


def _amounts() -> Amounts:
    left = (("api-gateway", -0.32), ("checkout", 0.12), ("payments", 0.43), ("chat-api", 0.77), ("search", 0.99))
    return Amounts(
        title="Error budget left, 28 days",
        unit="share",
        amounts=tuple(
            Amount(label=name, value=value, state="bad" if value < 0 else "warn" if value < 0.25 else "good")
            for name, value in left
        ),
        threshold=Threshold(value=0.25, label="little left"),
    )


def _tiles() -> Tiles:
    dice = np.random.default_rng(7)
    return Tiles(
        title="State of production",
        tiles=tuple(
            Tile(
                name=name,
                state=_STATES[at % 7],
                lines=("p95 312 ms", "0.12 % errors", "1,234/s"),
                spark=tuple(np.abs(dice.normal(5, 1, 40)).tolist()),
            )
            for at, name in enumerate(_SERVICES)
        ),
    )


def _small() -> Small:
    lines = _lines().model_copy(update={"title": "p95 latency · checkout"})
    queue = Lines(title="Queue · payments", curves=(curve("q", [3.0] * 30 + [*map(float, range(30))]),))
    return Small(title="Why: checkout", panels=(lines, queue, Lines(title="Errors", curves=())))


CHARTS: Final[dict[str, Chart]] = {
    "lines": _lines(),
    "lines of twelve": _many(),
    "lines of four": _four(),
    "overlay": _overlay(),
    "heat": _heat(),
    "waterfall": _waterfall(14),
    "waterfall of 1,000": _waterfall(1000),
    "graph": _graph(),
    "amounts": _amounts(),
    "tiles": _tiles(),
    "small": _small(),
}
