"""What can be broken on the page: each fault with a good place for it, how it shows, and what to ask CoPilot then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.errors import InvalidInput
from integrations.sandbox.platform.world import FaultKind, World
from integrations.sandbox.platform.world.acts import Acts
from integrations.sandbox.platform.world.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Breakage:
    """A button. In `shows` and `asks`, `{service}` is the chosen one."""

    kind: FaultKind
    title: str
    service: str
    """Where it is most telling."""
    does: str
    shows: str
    asks: str
    size: float | None = None
    """None for what the world thinks usual."""

    def fits(self, world: World, now: datetime) -> tuple[str, ...]:
        """Services that can have it; the world itself says so, without being touched."""
        return tuple(
            name for name in world.services if self._could(Acts(world.nature, Ledger(world.nature, 0)), name, now)
        )

    def _could(self, acts: Acts, service: str, now: datetime) -> bool:
        try:
            acts.fault(self.kind, service, "production", now, size=self.size)
        except InvalidInput:
            return False
        return True


BREAKAGES: Final = (
    Breakage(
        "bad_deploy",
        "Bad deploy",
        "checkout",
        "A new version with a mistake in it rolls out, pod by pod.",
        "New pods are slower and fail more often; who calls {service} feels it.",
        "why is {service} slow?",
    ),
    Breakage(
        "latency",
        "Latency",
        "payments",
        "Every request takes about four times as long.",
        "The p95 of {service} rises, and that of its callers.",
        "why is {service} slow?",
    ),
    Breakage(
        "error_burst",
        "Error burst",
        "cart",
        "About one request in twelve fails.",
        "The error rate of {service} jumps; its logs say with what.",
        "why is the error rate of {service} high?",
    ),
    Breakage(
        "memory_leak",
        "Memory leak",
        "recommendation",
        "Memory fills up until pods are killed, the first after ten minutes.",
        "The memory of {service} climbs, then restarts and errors follow.",
        "why is the memory of {service} high?",
        size=10,
    ),
    Breakage(
        "connection_exhaustion",
        "Connection exhaustion",
        "postgres-main",
        "Sessions that nobody closes hold the connections.",
        "The pool of {service} is full; whoever needs it waits, then fails.",
        "why is {service} saturated?",
    ),
    Breakage(
        "traffic_surge",
        "Traffic surge",
        "frontend",
        "Two and a half times as many requests come in.",
        "The traffic of {service} and of all below it rises; the fullest slow down first.",
        "why is the traffic of {service} high?",
    ),
    Breakage(
        "gpu_saturation",
        "GPU saturation",
        "inference-gateway",
        "The GPUs have more to do than they can.",
        "GPUs of {service} are full, its queue grows, first tokens come late.",
        "why is the gpu of {service} busy?",
    ),
    Breakage(
        "cost_spike",
        "Cost spike",
        "chat-api",
        "Prompts get four times as long.",
        "Input tokens and cost of {service} rise; nothing fails.",
        "why is {service} so expensive?",
    ),
    Breakage(
        "refusal_drift",
        "Refusal drift",
        "chat-api",
        "The model refuses more and more of what it is asked.",
        "Refusals of {service} creep up over half an hour; latency and errors stay as they were.",
        "why are the refusals of {service} up?",
    ),
    Breakage(
        "noisy_neighbour",
        "Noisy neighbour",
        "search",
        "Somebody else's job takes the CPU of one machine.",
        "Some pods of {service} are slow, the others are not.",
        "why is {service} slow?",
    ),
)
