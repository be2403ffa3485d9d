"""Traces as pictures: one as a waterfall, several as who calls whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.telemetry.charts import shapes
from bot.telemetry.signals import Trace
from bot.telemetry.traces import Bottleneck, critical_path, graph, tree
from bot.telemetry.units import duration

MOST_BARS: Final = 40
FAILING: Final = 0.01
"""Share of failed spans from which a service is drawn as failing; from half of it on as uneasy."""


def waterfall(trace: Trace) -> shapes.Waterfall:
    """In the order of the calls; of a long trace what took the most time, and what failed."""
    known = tree(trace)
    path = {step.span.id for step in critical_path(trace)}
    begin = min((span.start for span in known.spans), default=0.0)
    order: list[tuple[int, int]] = []
    stack = [(top, 0) for top in reversed(known.tops)]
    while stack:
        index, depth = stack.pop()
        order.append((index, depth))
        below = sorted(known.children[index], key=lambda child: -known.spans[child].start)
        stack += [(child, depth + 1) for child in below]
    kept = order
    if len(order) > MOST_BARS:
        told = sorted(order, key=lambda pair: (known.spans[pair[0]].error, known.spans[pair[0]].seconds), reverse=True)
        chosen = {index for index, _ in told[:MOST_BARS]}
        kept = [pair for pair in order if pair[0] in chosen]
    bars = tuple(
        shapes.Bar(
            label=known.spans[index].name,
            service=known.spans[index].service,
            depth=depth,
            start=known.spans[index].start - begin,
            seconds=known.spans[index].seconds,
            error=known.spans[index].error,
            critical=known.spans[index].id in path,
        )
        for index, depth in kept
    )
    first = known.spans[order[0][0]] if order else None
    title = f"{first.service} {first.name}" if first else "Trace"
    return shapes.Waterfall(title=f"{title} · {trace.id[:12]}", bars=bars, left_out=len(order) - len(kept))


def graph_of(traces: Sequence[Trace], narrow: Sequence[Bottleneck]) -> shapes.Graph:
    """Who calls whom in these traces, and where it is slow or fails."""
    found = graph(traces)
    slow = {each.service for each in narrow[:1]}
    nodes = tuple(
        shapes.Node(
            name=each.name,
            detail=duration(each.average),
            state="bad" if each.error_rate >= FAILING else "warn" if each.error_rate >= FAILING / 2 else "good",
            suspect=each.name in slow,
        )
        for each in found.nodes
    )
    edges = tuple(
        shapes.Edge(caller=each.caller, callee=each.callee, detail=duration(each.average), weight=each.calls)
        for each in found.edges
    )
    return shapes.Graph(title=f"Who calls whom in {found.traces} of these traces", nodes=nodes, edges=edges)
