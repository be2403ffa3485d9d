"""The checks at the door, in their order: valid, known, allowed, within policy, within limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from bot.door.intake import BadInput, check, check_said
from bot.door.operation import Input, Operation
from bot.door.outcomes import Origin, Problem, RefusedBecause
from bot.door.registry import AnyOperation, Registry
from bot.errors import NotFound, RateLimited, Refusal
from bot.guard.canonical import parameters_hash
from bot.guard.limits import Limits
from bot.guard.people import Actor, Identity, People
from bot.guard.policies import PolicyEngine, PolicyResult, Proposal
from bot.guard.redaction import Redactor
from bot.guard.risk import Gate, Risk
from bot.guard.roles import RoleBook
from bot.guard.rules import Approvals
from bot.ports import Clock, Json

UNKNOWN: Final = "unknown"
QUIET_SECONDS: Final = 60.0
BREAK_GLASS: Final = "door:break-glass"
BEHIND_GLASS: Final = frozenset({"change-freeze", "channel-profile", "two-person-rule"})
"""What breaking the glass passes by; budgets, bounds and switched-off modules hold all the same."""
AGREED: Final = frozenset({"max-concurrent-tasks"})
"""What an approved run passes by: people have agreed, and a full house is no reason to refuse it for good."""
NOTHING_SAID: Final[Mapping[str, str | None]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants, once it is known to be valid, and they to be allowed."""

    operation: AnyOperation
    input: Input
    identity: Identity
    role: str
    origin: Origin
    environment: str | None
    service: str | None
    parameters: dict[str, Json]
    hash: str


class Stop(Exception):
    """A check said no. `silent` is for what has been written down often enough."""

    def __init__(
        self,
        because: RefusedBecause,
        message: str,
        mend: str,
        *,
        identity: Identity | None = None,
        wish: Wish | None = None,
        claimed: str = "",
        problems: tuple[Problem, ...] = (),
        retry_after: float | None = None,
        silent: bool = False,
    ) -> None:
        super().__init__(message)
        self.because: RefusedBecause = because
        self.message = message
        self.mend = mend
        self.identity = identity or (wish.identity if wish else None)
        self.wish = wish
        self.claimed = claimed
        self.problems = problems
        self.retry_after = retry_after
        self.silent = silent


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen, and why."""

    operation: str
    person: str
    environment: str | None
    service: str | None
    role: str | None
    missing: str | None
    who_may: tuple[str, ...]
    policies: tuple[PolicyResult, ...]
    gate: Gate | None
    approvers: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the door goes by."""

    roles: RoleBook
    approvals: Approvals
    default_timeout: float
    concurrent: int


class Checks:
    """Each raises Stop, with what would help."""

    def __init__(
        self,
        *,
        registry: Registry,
        people: People,
        policies: PolicyEngine,
        limits: Limits,
        rules: Rules,
        running: Callable[[], int],
        clock: Clock,
    ) -> None:
        self.rules = rules
        self._registry = registry
        self._people = people
        self._policies = policies
        self._limits = limits
        self._running = running
        self._clock = clock
        self._told: dict[str, datetime] = {}

    async def valid_and_allowed(
        self,
        actor: Actor,
        name: str,
        raw: Mapping[str, object] | Input,
        origin: Origin,
        redactor: Redactor,
        *,
        said: Mapping[str, str | None] = NOTHING_SAID,
        fresh: bool = False,
    ) -> Wish:
        """Validate, authenticate, authorise. A wrong input costs its author a token too."""
        try:
            operation = self._registry.get(name)
            checked = check(operation, raw, redactor)
            check_said(said, redactor)
        except NotFound as error:
            identity = await self._known(actor, origin, fresh=fresh)
            await self._within_rate(identity, origin)
            raise Stop("unknown-operation", error.message, error.mend, identity=identity) from None
        except BadInput as error:
            identity = await self._known(actor, origin, fresh=fresh)
            await self._within_rate(identity, origin)
            raise Stop(
                "invalid",
                "; ".join(map(str, error.problems[:3])),
                f"`help.show --operation {name}` shows what it takes.",
                identity=identity,
                problems=error.problems,
            ) from None
        identity = await self._known(actor, origin, fresh=fresh)
        parameters: dict[str, Json] = checked.model_dump(mode="json")
        environment, service = scope(operation, parameters)
        wish = Wish(
            operation,
            checked,
            identity,
            "",
            origin,
            environment,
            service,
            parameters,
            parameters_hash(operation.name, parameters),
        )
        return replace(wish, role=self._require(wish, operation.permission, f"run {operation.name}"))

    async def within_policy(self, wish: Wish, *, break_glass: str | None = None, agreed: bool = False) -> Gate | None:
        """The policies' word, and the gate that has to be passed, if any."""
        passed = (BEHIND_GLASS if break_glass is not None else frozenset()) | (AGREED if agreed else frozenset())
        if break_glass is not None:
            self._require(wish, BREAK_GLASS, "break the glass")
            if not break_glass.strip():
                raise Stop("invalid", "breaking the glass needs a reason", "Say why it cannot wait.", wish=wish)
        results = await self._policies.evaluate_all(
            self._proposal(wish.operation, wish.identity, wish.environment, wish.service, wish.origin)
        )
        denied = [result for result in results if not result.allowed and result.policy_name not in passed]
        if denied:
            raise Stop(
                "policy",
                _denial(denied),
                " ".join(dict.fromkeys(result.mend for result in denied if result.mend)),
                wish=wish,
            )
        return self._gate(wish.operation, results)

    async def within_rate(self, wish: Wish) -> None:
        await self._within_rate(wish.identity, wish.origin)

    def within_concurrency(self, wish: Wish, running: int) -> None:
        if running >= self.rules.concurrent and not wish.operation.about_gate:
            raise Stop(
                "concurrency",
                f"{wish.identity} has {running} operations under way, and {self.rules.concurrent} is the most",
                "`runs.list` shows them, `runs.cancel` stops one.",
                wish=wish,
            )

    async def counted(self, stop: Stop, origin: Origin) -> Stop:
        """A refusal costs a token too; with none left the answer stays, and is no longer written down each time."""
        if stop.because in {"permission", "policy"}:
            try:
                await self._within_rate(stop.identity, origin)
            except Stop as limited:
                stop.silent = limited.silent
        return stop

    def approvers(self, wish: Wish) -> tuple[str, ...]:
        """The titles of the roles that may approve it."""
        return tuple(self.rules.roles.who_may(f"approve:{wish.operation.risk}", wish.environment, wish.service))

    async def explain(self, actor: Actor, name: str, raw: Mapping[str, object], origin: Origin) -> Explanation:
        """What would happen, with every reason; nothing is run, counted or written down."""
        operation = self._registry.get(name)
        identity = await self._people.identify(actor, fresh=True)
        environment, service = scope(operation, raw)
        book = self.rules.roles
        role = book.may(identity.roles, operation.permission, environment, service)
        results = await self._policies.evaluate_all(self._proposal(operation, identity, environment, service, origin))
        gate = self._gate(operation, results)
        denied = [result for result in results if not result.allowed]
        if role is None:
            verdict = f"refused: the permission {operation.permission!r} is missing"
        elif denied:
            verdict = f"refused: {_denial(denied)}"
        elif gate:
            own = "" if gate.self_approval else " from somebody else"
            verdict = f"waits for {gate.quorum} approval{'s' if gate.quorum > 1 else ''}{own}: {gate.why}"
        else:
            verdict = "runs at once"
        return Explanation(
            operation=operation.name,
            person=str(identity),
            environment=environment,
            service=service,
            role=role,
            missing=None if role else operation.permission,
            who_may=tuple(book.who_may(operation.permission, environment, service)),
            policies=tuple(results),
            gate=gate,
            approvers=tuple(book.who_may(f"approve:{operation.risk}", environment, service)) if gate else (),
            verdict=verdict,
        )

    # ------------------------------------------------------------ within

    async def _known(self, actor: Actor, origin: Origin, *, fresh: bool) -> Identity:
        try:
            return await self._people.identify(actor, fresh=fresh)
        except Refusal as error:
            # All strangers share one bucket, so that a flood of them does not fill the audit trail.
            await self._within_rate(None, origin)
            raise Stop("identity", error.message, error.mend, claimed=actor.id) from None

    def _require(self, wish: Wish, permission: str, deed: str) -> str:
        book = self.rules.roles
        role = book.may(wish.identity.roles, permission, wish.environment, wish.service)
        if role is None:
            able = ", ".join(book.who_may(permission, wish.environment, wish.service)) or "nobody"
            named = (("in", wish.environment), ("for", wish.service))
            where = "".join(f" {word} {name}" for word, name in named if name and name != "*")
            raise Stop(
                "permission",
                f"{wish.identity} may not {deed}{where}: the permission {permission!r} is missing",
                f"These may: {able}.",
                wish=wish,
            )
        return role

    async def _within_rate(self, identity: Identity | None, origin: Origin) -> None:
        bucket = identity.id if identity else UNKNOWN
        now = self._clock()
        try:
            await self._limits.take(bucket, origin.channel, origin.workspace, now)
        except RateLimited as error:
            last = self._told.get(bucket)
            silent = last is not None and (now - last).total_seconds() < QUIET_SECONDS
            if not silent:
                self._told[bucket] = now
            raise Stop(
                "rate-limit",
                error.message,
                error.mend,
                identity=identity,
                retry_after=error.retry_after,
                silent=silent,
            ) from None

    def _proposal(
        self,
        operation: AnyOperation,
        identity: Identity,
        environment: str | None,
        service: str | None,
        origin: Origin,
    ) -> Proposal:
        return Proposal(
            operation=operation.name,
            risk=operation.risk,
            identity=identity,
            environment=environment,
            service=service,
            surface=origin.surface,
            channel=origin.channel,
            now=self._clock(),
            timeout=operation.timeout or self.rules.default_timeout,
            running=self._running(),
            workspace=origin.workspace,
            module=operation.module,
            costs=operation.costs,
            about_gate=operation.about_gate,
        )

    def _gate(self, operation: AnyOperation, results: Iterable[PolicyResult]) -> Gate | None:
        if operation.about_gate or operation.risk is Risk.READ:
            return None
        gate = self.rules.approvals.gate(operation.risk)
        for result in results:
            if result.gate:
                gate = result.gate.stricter(gate)
        return gate


def _denial(denied: Iterable[PolicyResult]) -> str:
    return "; ".join(f"{result.reason} (policy {result.policy_name})" for result in denied)


def scope(operation: Operation[Any, Any], parameters: Mapping[str, object]) -> tuple[str | None, str | None]:
    """The environment and service that are meant: None if the operation has no such field, `*` if it is left open."""
    has_environment, has_service = operation.scoped
    environment, service = parameters.get("environment"), parameters.get("service")
    return (
        (str(environment) if environment else "*") if has_environment else None,
        (str(service) if service else "*") if has_service else None,
    )
