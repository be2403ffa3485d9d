"""The world behind every signal: a pure function of time, seed and events, so that any past range answers at once."""

from integrations.sandbox.platform.world.shapes import (
    ActionKind,
    Call,
    Cells,
    Endpoint,
    Event,
    Fault,
    FaultKind,
    Instance,
)
from integrations.sandbox.platform.world.world import World

__all__ = ["ActionKind", "Call", "Cells", "Endpoint", "Event", "Fault", "FaultKind", "Instance", "World"]
