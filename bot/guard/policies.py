"""Rules over what is about to happen: registered by name, evaluated all, closed when one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.errors import Conflict, NotFound, Refusal
from bot.guard.people import Identity
from bot.guard.risk import Gate, Risk
from bot.ports import Json


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that a policy may judge by."""

    operation: str
    risk: Risk
    identity: Identity
    environment: str | None
    service: str | None
    surface: str
    channel: str | None
    now: datetime
    timeout: float
    running: int
    workspace: str | None = None
    module: str | None = None
    costs: bool = False
    about_gate: bool = False


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One policy's word: yes, yes behind a gate, or no (with what would help)."""

    policy_name: str
    allowed: bool
    reason: str = ""
    mend: str = ""
    gate: Gate | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)


class Policy(Protocol):
    """A rule. It may look things up; if it raises, the answer is no."""

    @property
    def name(self) -> str: ...

    async def evaluate(self, proposal: Proposal) -> PolicyResult: ...


class PolicyViolation(Refusal):
    """At least one policy said no; `denials` are all of them."""

    def __init__(self, denials: Sequence[PolicyResult]) -> None:
        super().__init__(
            "; ".join(f"{denial.reason} (policy {denial.policy_name})" for denial in denials),
            mend=" ".join(dict.fromkeys(denial.mend for denial in denials if denial.mend)),
        )
        self.denials = tuple(denials)


class PolicyEngine:
    """The policies in force; they can be added and removed while the bot runs."""

    def __init__(self, policies: Sequence[Policy] = ()) -> None:
        self._policies: dict[str, Policy] = {}
        for policy in policies:
            self.register(policy)

    def register(self, policy: Policy) -> None:
        if policy.name in self._policies:
            raise Conflict(f"a policy named {policy.name!r} is registered already", mend="Unregister it first.")
        self._policies[policy.name] = policy

    def unregister(self, name: str) -> None:
        self.get(name)
        del self._policies[name]

    def get(self, name: str) -> Policy:
        try:
            return self._policies[name]
        except KeyError:
            raise NotFound(f"there is no policy {name!r}", mend=f"There are: {', '.join(self._policies)}.") from None

    def names(self) -> tuple[str, ...]:
        return tuple(self._policies)

    async def evaluate_all(self, proposal: Proposal) -> list[PolicyResult]:
        return [await self._evaluate(policy, proposal) for policy in tuple(self._policies.values())]

    async def check(self, proposal: Proposal) -> bool:
        return all(result.allowed for result in await self.evaluate_all(proposal))

    async def enforce(self, proposal: Proposal) -> Gate | None:
        """The gate that the policies together ask for; raises with every denial, not only the first."""
        results = await self.evaluate_all(proposal)
        if denials := [result for result in results if not result.allowed]:
            raise PolicyViolation(denials)
        gate: Gate | None = None
        for result in results:
            if result.gate:
                gate = result.gate.stricter(gate)
        return gate

    @staticmethod
    async def _evaluate(policy: Policy, proposal: Proposal) -> PolicyResult:
        try:
            return await policy.evaluate(proposal)
        except Exception as error:  # noqa: BLE001  a policy that fails, in whatever way, must close
            return PolicyResult(
                policy.name,
                allowed=False,
                reason=f"the policy could not be evaluated: {type(error).__name__}: {error}",
                mend="Nothing runs until it can; tell an administrator.",
            )
