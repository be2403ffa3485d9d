"""The traces of the world: found by their time or by their id, and the same either way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from integrations.sandbox.platform.tempo import ids
from integrations.sandbox.platform.tempo.drawing import SAMPLED, Drawing
from integrations.sandbox.platform.tempo.plan import Plan
from integrations.sandbox.platform.tempo.setting import setting
from integrations.sandbox.platform.tempo.spans import Spans
from integrations.sandbox.platform.world import World
from integrations.sandbox.platform.world.field import MINUTES
from integrations.sandbox.platform.world.kept import Key

ENVIRONMENTS: Final = tuple(SAMPLED)
BLOCK: Final = 30
"""Minutes that are drawn at once; a day is a whole number of them."""


class Traces:
    """Draws blocks of minutes, of which the world keeps the last ones until it changes under them."""

    def __init__(self, world: World) -> None:
        self.world, self.plan = world, Plan(world.nature)

    def drawing(self, environment: str, first: int, last: int) -> Drawing:
        return Drawing(self.world.seed, self.plan, setting(self.world, self.plan, environment, first, last))

    def spans(self, environment: str, first: int, last: int) -> Spans:
        """The traces that begin in these minutes, all of one day."""
        drawing = self.drawing(environment, first, last)
        return Spans(self.plan, drawing.setting, drawing.requests())

    def block(self, environment: str, number: int) -> Spans:
        minutes = number * BLOCK, (number + 1) * BLOCK
        spans: Spans = self.world.kept.of(_key(environment, number), lambda: self.spans(environment, *minutes))
        return spans

    def find(self, trace_id: str) -> tuple[Spans, int] | None:
        """The trace of an id: in its block, where a search has just drawn that, or in its minute, drawn for it."""
        known = ids.read(self.world.seed, trace_id)
        if not known or known[1].environment >= len(ENVIRONMENTS):
            return None
        key, place = known
        environment = ENVIRONMENTS[place.environment]
        if (block := self.world.kept.found(_key(environment, place.minute // BLOCK))) is not None:
            found = np.flatnonzero(block.requests.key[: block.roots] == np.uint64(key))
            return (block, int(found[0])) if len(found) else None
        spans = self.spans(environment, place.minute, place.minute + 1)
        return (spans, place.index) if place.index < spans.roots else None


def _key(environment: str, number: int) -> Key:
    return environment, number * BLOCK // MINUTES, ("spans", number)


def trace_ids(world: World, environment: str, minute: int) -> tuple[str, ...]:
    """The ids of the traces that begin in a minute (since 1970)."""
    drawing = Traces(world).drawing(environment, minute, minute + 1)
    return tuple(_written(world.seed, drawing))


def _written(seed: int, drawing: Drawing) -> Iterator[str]:
    for key in drawing.roots().key:
        yield ids.written(seed, int(key))
