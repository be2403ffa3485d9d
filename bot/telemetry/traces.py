"""What is read out of traces: the services and their calls, the path that took the time, and what stands out."""

from __future__ import annotations

from bot.telemetry.trace_findings import (
    Bottleneck,
    Difference,
    FanOut,
    Retry,
    bottlenecks,
    fan_outs,
    retries,
    slowest_difference,
)
from bot.telemetry.trace_graph import Edge, Node, ServiceGraph, graph
from bot.telemetry.trace_paths import Step, critical_path, exclusive
from bot.telemetry.trace_tree import Tree, tree

__all__ = [
    "Bottleneck",
    "Difference",
    "Edge",
    "FanOut",
    "Node",
    "Retry",
    "ServiceGraph",
    "Step",
    "Tree",
    "bottlenecks",
    "critical_path",
    "exclusive",
    "fan_outs",
    "graph",
    "retries",
    "slowest_difference",
    "tree",
]
