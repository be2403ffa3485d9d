"""How much an operation can break, and what a gate asks for before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Risk(StrEnum):
    """`read` changes nothing; `write` changes something; `destructive` cannot simply be taken back."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


@dataclass(frozen=True, slots=True)
class Gate:
    """How many people must agree, and whether the requester may be among them."""

    quorum: int = 1
    self_approval: bool = False
    why: str = ""

    def stricter(self, other: Gate | None) -> Gate:
        if other is None:
            return self
        return Gate(
            max(self.quorum, other.quorum),
            self.self_approval and other.self_approval,
            "; ".join(dict.fromkeys(why for why in (self.why, other.why) if why)),
        )
