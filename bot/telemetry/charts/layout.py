"""Where services stand in a picture of calls: layers from callers to callees, with few crossings; cycles are fine.

A call that skips layers has a place of its own in each of them, so that it goes between services and not through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Call = tuple[str, str]
Slot = str | Call
"""What has a place in a layer: a service, or a call that passes."""
_SWEEPS: Final = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Slots by layer, from left to right, and in each from top to bottom."""

    layers: tuple[tuple[Slot, ...], ...]
    depth: Mapping[str, int]

    def passes(self, caller: str, callee: str) -> range:
        """The layers between the two."""
        return range(self.depth[caller] + 1, self.depth[callee])


def layout(names: Sequence[str], calls: Iterable[Call], most: int) -> Layout:
    """At most so many layers: what is deeper stands in the last."""
    known = dict.fromkeys(names)
    pairs = list(dict.fromkeys((a, b) for a, b in calls if a in known and b in known and a != b))
    after: dict[str, list[str]] = {name: [] for name in known}
    for caller, callee in pairs:
        after[caller].append(callee)
    order, back = _order(after)
    forward = [pair for pair in pairs if pair not in back]
    depth = {name: min(place, most - 1) for name, place in _depths(order, forward).items()}
    layers: list[list[Slot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in known:
        layers[depth[name]].append(name)
    links: list[tuple[Slot, Slot]] = []
    for caller, callee in forward:
        way = range(depth[caller] + 1, depth[callee])
        for layer in way:
            layers[layer].append((caller, callee))
        if depth[callee] > depth[caller]:
            stops: list[Slot] = [caller, *((caller, callee) for _ in way), callee]
            links += pairwise(stops)
    return Layout(tuple(tuple(layer) for layer in _untangled(layers, links)), depth)


def _order(after: Mapping[str, Sequence[str]]) -> tuple[list[str], set[Call]]:
    """Depth first without recursion, from those whom nobody calls: who calls somebody still open closes a cycle."""
    called = {callee for callees in after.values() for callee in callees}
    opened: set[str] = set()
    done: dict[str, None] = {}
    back: set[Call] = set()
    for root in sorted(after, key=lambda name: name in called):
        if root in opened:
            continue
        opened.add(root)
        stack = [(root, iter(after[root]))]
        while stack:
            name, rest = stack[-1]
            for callee in rest:
                if callee in opened and callee not in done:
                    back.add((name, callee))
                elif callee not in opened:
                    opened.add(callee)
                    stack.append((callee, iter(after[callee])))
                    break
            else:
                done[name] = None
                stack.pop()
    return [*done][::-1], back


def _depths(order: Sequence[str], forward: Iterable[Call]) -> dict[str, int]:
    """The longest way from a root."""
    after: dict[str, list[str]] = {name: [] for name in order}
    for caller, callee in forward:
        after[caller].append(callee)
    depth = dict.fromkeys(order, 0)
    for name in order:
        for callee in after[name]:
            depth[callee] = max(depth[callee], depth[name] + 1)
    return depth


def _untangled(layers: list[list[Slot]], links: Sequence[tuple[Slot, Slot]]) -> list[list[Slot]]:
    """Each near the middle of its neighbours in the layer before, then of those in the layer after, a few times."""
    before: dict[Slot, list[Slot]] = {}
    after: dict[Slot, list[Slot]] = {}
    for left, right in links:
        after.setdefault(left, []).append(right)
        before.setdefault(right, []).append(left)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        towards = before if forth else after
        for at in range(1, len(layers)) if forth else range(len(layers) - 2, -1, -1):
            near = layers[at - 1 if forth else at + 1]
            places = {slot: (place + 0.5) / len(near) for place, slot in enumerate(near)}
            own = {slot: (place + 0.5) / len(layers[at]) for place, slot in enumerate(layers[at])}
            wishes = {
                slot: _middle([places[o] for o in towards.get(slot, ()) if o in places], own[slot]) for slot in own
            }
            layers[at] = sorted(layers[at], key=wishes.__getitem__)
    return layers


def _middle(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise
