"""What traces say of each service: its own time, where errors begin, and which calls are no longer made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bot.telemetry.signals import Floats, Trace
from bot.telemetry.trace_tree import length, tree

Operation = tuple[str, str]

FEW: Final = 5
"""So many spans of an operation before anything is said of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What a bag of traces comes to."""

    own: Mapping[Operation, Floats]
    """Exclusive seconds of each span, by (service, name); what its callees worked is not in it."""
    wire: Mapping[tuple[str, str], Floats]
    """Seconds between a caller's span and its callee's in another service: nobody's own, both are at an end of it."""
    origins: Mapping[str, int]
    """Failing spans below which nothing fails, by service."""
    made: Mapping[tuple[Operation, Operation], int]
    """Calls from an operation to another."""
    runs: Mapping[Operation, int]
    traces: int
    starts: Mapping[str, Floats] = field(default_factory=dict)
    """When the spans of each service began, in epoch seconds."""

    @property
    def calls(self) -> set[tuple[str, str]]:
        return {(a[0], b[0]) for a, b in self.made if a[0] != b[0]}

    @property
    def services(self) -> set[str]:
        return {service for service, _ in self.runs}


def profile(traces: Iterable[Trace]) -> Profile:
    own: dict[Operation, list[float]] = defaultdict(list)
    wire: dict[tuple[str, str], list[float]] = defaultdict(list)
    origins: dict[str, int] = defaultdict(int)
    made: dict[tuple[Operation, Operation], int] = defaultdict(int)
    runs: dict[Operation, int] = defaultdict(int)
    starts: dict[str, list[float]] = defaultdict(list)
    count = 0
    for trace in traces:
        count += 1
        known = tree(trace)
        for at, span in enumerate(known.spans):
            name, below = (span.service, span.name), [known.spans[child] for child in known.children[at]]
            seconds = length(known.own(at))
            runs[name] += 1
            starts[span.service].append(span.start)
            if len(below) == 1 and below[0].service != span.service:
                wire[span.service, below[0].service].append(seconds)
            else:
                own[name].append(seconds)
            for child in below:
                if span.id in {child.parent, child.id}:  # not an orphan that the root took in
                    made[name, (child.service, child.name)] += 1
            origins[span.service] += span.error and not any(child.error for child in below)
    return Profile(
        {key: np.array(values) for key, values in own.items()},
        {key: np.array(values) for key, values in wire.items()},
        origins,
        made,
        runs,
        count,
        {key: np.array(values) for key, values in starts.items()},
    )
