"""Which service calls which, and how that goes, as far as the traces at hand tell.

A search for failed or slow traces finds failed or slow ones: every figure here is of the fetched traces, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.telemetry.signals import Span, Trace
from bot.telemetry.trace_tree import tree


@dataclass(frozen=True, slots=True)
class Node:
    """A service. Spans that call others of the same service are within its calls, so times are of calls."""

    name: str
    spans: int
    calls: int
    errors: int
    error_rate: float
    average: float
    total: float


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from one service to another, and the seconds that one took."""

    caller: str
    callee: str
    calls: int
    errors: int
    average: float


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """Services, the busiest first, and the calls between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    traces: int

    @property
    def basis(self) -> str:
        """What every rate is a rate of."""
        return f"of the {self.traces:,} fetched traces" if self.traces != 1 else "of the one fetched trace"


@dataclass(slots=True)
class _Sum:
    spans: int = 0
    calls: int = 0
    errors: int = 0
    seconds: float = 0.0

    def add(self, span: Span, *, call: bool) -> None:
        self.spans += 1
        self.errors += span.error
        if call:
            self.calls += 1
            self.seconds += span.seconds


def graph(traces: Iterable[Trace]) -> ServiceGraph:
    """Sums first, and divides at the end; a span whose parent is missing has no caller that we know."""
    services: dict[str, _Sum] = {}
    calls: dict[tuple[str, str], _Sum] = {}
    count = 0
    for trace in traces:
        count += 1
        known = tree(trace)
        for index, span in enumerate(known.spans):
            entry = known.entry(index)
            services.setdefault(span.service, _Sum()).add(span, call=entry)
            parent = known.parents[index]
            if entry and parent is not None:
                pair = known.spans[parent].service, span.service
                calls.setdefault(pair, _Sum()).add(span, call=True)
    nodes = [
        Node(name, it.spans, it.calls, it.errors, it.errors / it.spans, it.seconds / max(1, it.calls), it.seconds)
        for name, it in services.items()
    ]
    edges = [Edge(caller, callee, it.calls, it.errors, it.seconds / it.calls) for (caller, callee), it in calls.items()]
    nodes.sort(key=lambda node: (-node.total, node.name))
    edges.sort(key=lambda edge: (-edge.calls, edge.caller, edge.callee))
    return ServiceGraph(tuple(nodes), tuple(edges), count)
