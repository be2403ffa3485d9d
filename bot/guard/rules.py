"""The built-in policies, and the file `policies.yaml` that sets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.guard.policies import Policy, PolicyResult, Proposal
from bot.guard.risk import Gate, Risk

MAX_SECONDS = 600
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone; write it like Europe/Berlin or UTC") from None
    return name


def _local(value: object) -> object:
    """YAML reads an unquoted 22:00 as the number 1320."""
    if isinstance(value, str):
        value = time.fromisoformat(value)
    if not isinstance(value, time) or value.tzinfo:
        raise ValueError(f'{value!r} is no local time; write it in quotes, as "22:00"')
    return value


LocalTime = Annotated[time, BeforeValidator(_local)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RiskGate(_Strict):
    """The approval that a risk asks for; `quorum: 0` asks for none."""

    quorum: int = Field(ge=0, le=20)
    self_approval: bool = False


class Approvals(_Strict):
    """Which risks stand behind a gate everywhere."""

    write: RiskGate = RiskGate(quorum=0, self_approval=True)
    destructive: RiskGate = RiskGate(quorum=1)
    escalate_to: str = Field("sre", description="The role that is asked when nobody has decided in time.")

    @model_validator(mode="after")
    def _destructive_is_gated(self) -> Approvals:
        if self.destructive.quorum < 1 or self.destructive.self_approval:
            raise ValueError("destructive operations always need a quorum of at least 1, never the requester's own")
        return self

    def gate(self, risk: Risk) -> Gate | None:
        asked = {Risk.WRITE: self.write, Risk.DESTRUCTIVE: self.destructive}.get(risk)
        return (
            Gate(asked.quorum, asked.self_approval, f"{risk} operations need approval")
            if asked and asked.quorum
            else None
        )


class FreezeWindow(_Strict):
    """Either from one instant to another, or every week on these days between two local times."""

    reason: str
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    days: tuple[Day, ...] = ()
    after: LocalTime | None = Field(None, description="Local time, HH:MM.")
    until: LocalTime | None = Field(None, description="Local time, HH:MM; earlier than `after` means the next morning.")
    environments: tuple[str, ...] = ("production",)

    @model_validator(mode="after")
    def _one_kind(self) -> FreezeWindow:
        once = self.start is not None and self.end is not None
        weekly = bool(self.days)
        if once == weekly or (self.start is None) != (self.end is None):
            raise ValueError("give either start and end, or days (with after and until if it is not the whole day)")
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start {self.start.isoformat()} is not before end {self.end.isoformat()}")
        if (self.after is None) != (self.until is None):
            raise ValueError("after and until go together")
        return self

    def holds(self, now: datetime, zone: ZoneInfo) -> bool:
        if self.start and self.end:
            return self.start <= now < self.end
        local = now.astimezone(zone)
        clock, day = local.time(), local.weekday()
        if self.after is None or self.until is None:
            return DAYS[day] in self.days
        if self.after < self.until:
            return DAYS[day] in self.days and self.after <= clock < self.until
        late = DAYS[day] in self.days and clock >= self.after
        early = DAYS[day - 1] in self.days and clock < self.until
        return late or early


class ChangeFreeze(_Strict):
    """No changes while a window holds; reading goes on."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    windows: tuple[FreezeWindow, ...] = ()
    exempt: tuple[str, ...] = Field((), description="Operations that may run all the same (patterns).")


class TwoPersonRule(_Strict):
    """In these environments a change needs somebody else's approval, whatever its risk says elsewhere."""

    environments: tuple[str, ...] = ("production",)
    quorum: int = Field(1, ge=1, le=20)


class ChannelProfiles(_Strict):
    """What may be run from a channel; a channel without a profile has no such limit."""

    profiles: dict[str, tuple[str, ...]] = Field({}, description="Profile → patterns of operations.")
    channels: dict[str, str] = Field({}, description="Channel id or name → profile.")

    @model_validator(mode="after")
    def _known(self) -> ChannelProfiles:
        for channel, profile in self.channels.items():
            if profile not in self.profiles:
                raise ValueError(
                    f"channel {channel!r} has the profile {profile!r}, which is not among {sorted(self.profiles)}"
                )
        return self


class Budgets(_Strict):
    """Ceilings a day (UTC) in US dollars; None is no ceiling."""

    person_usd: float | None = Field(None, ge=0)
    channel_usd: float | None = Field(None, ge=0)
    workspace_usd: float | None = Field(None, ge=0)


class Modules(_Strict):
    """Modules that are switched off, with the reason that people are told."""

    switched_off: dict[str, str] = {}


class PolicyBook(_Strict):
    """The whole file."""

    approvals: Approvals = Approvals()
    max_concurrent_tasks: int = Field(200, ge=1, description="Operations that run at one time, over everybody.")
    max_timeout_seconds: int = Field(MAX_SECONDS, ge=1, le=MAX_SECONDS)
    change_freeze: ChangeFreeze = ChangeFreeze()
    two_person: TwoPersonRule = TwoPersonRule()
    channel_profiles: ChannelProfiles = ChannelProfiles()
    budgets: Budgets = Budgets()
    modules: Modules = Modules()


class MaxConcurrentTasks:
    """So many operations at one time, and no more."""

    name = "max-concurrent-tasks"

    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        if proposal.running < self._limit or proposal.about_gate:
            return PolicyResult(self.name, allowed=True)
        return PolicyResult(
            self.name,
            allowed=False,
            reason=f"{proposal.running} operations run already, and {self._limit} is the most",
            mend="Try again when one has ended; `runs.list` shows them.",
        )


class TaskTimeout:
    """Nothing may run longer than the bound."""

    name = "task-timeout"

    def __init__(self, most: float) -> None:
        self._most = most

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        if 0 < proposal.timeout <= self._most:
            return PolicyResult(self.name, allowed=True)
        return PolicyResult(
            self.name,
            allowed=False,
            reason=f"a timeout of {proposal.timeout:g} s is outside 0…{self._most:g} s",
            mend="Ask for less time, or split the work.",
        )


class ModuleAvailability:
    """The module behind the operation must be switched on."""

    name = "module-availability"

    def __init__(self, modules: Modules) -> None:
        self._off = modules.switched_off

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        if proposal.module is None or proposal.module not in self._off:
            return PolicyResult(self.name, allowed=True)
        return PolicyResult(
            self.name,
            allowed=False,
            reason=f"the module {proposal.module} is off: {self._off[proposal.module]}",
        )


class ChangeFreezePolicy:
    """No changes while a freeze window holds."""

    name = "change-freeze"

    def __init__(self, freeze: ChangeFreeze) -> None:
        self._freeze = freeze
        self._zone = ZoneInfo(freeze.timezone)

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        if (
            proposal.risk is Risk.READ
            or proposal.about_gate
            or any(fnmatchcase(proposal.operation, pattern) for pattern in self._freeze.exempt)
        ):
            return PolicyResult(self.name, allowed=True)
        for window in self._freeze.windows:
            everywhere = proposal.environment in {None, "*"}
            if (everywhere or proposal.environment in window.environments) and window.holds(proposal.now, self._zone):
                return PolicyResult(
                    self.name,
                    allowed=False,
                    reason=f"changes are frozen: {window.reason}",
                    mend="Wait for the end of the window, or let an administrator break the glass.",
                )
        return PolicyResult(self.name, allowed=True)


class ChannelProfilePolicy:
    """In a channel with a profile, only what the profile lists."""

    name = "channel-profile"

    def __init__(self, profiles: ChannelProfiles) -> None:
        self._profiles = profiles

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        profile = self._profiles.channels.get(proposal.channel or "")
        if profile is None or any(
            fnmatchcase(proposal.operation, pattern) for pattern in self._profiles.profiles[profile]
        ):
            return PolicyResult(self.name, allowed=True)
        return PolicyResult(
            self.name,
            allowed=False,
            reason=f"{proposal.operation} is not on the list of the profile {profile!r} of this channel",
            mend="Ask in another channel.",
        )


class TwoPersonPolicy:
    """A change of production needs a second person."""

    name = "two-person-rule"

    def __init__(self, rule: TwoPersonRule) -> None:
        self._rule = rule

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        covered = proposal.environment == "*" or proposal.environment in self._rule.environments
        if proposal.risk is Risk.READ or proposal.about_gate or not covered:
            return PolicyResult(self.name, allowed=True)
        return PolicyResult(
            self.name,
            allowed=True,
            reason="a second person must agree",
            gate=Gate(
                self._rule.quorum,
                self_approval=False,
                why=f"changes of {proposal.environment} need a second person",
            ),
        )


class Ledger(Protocol):
    """What has been spent since an instant, by each of these scopes (`person:U1`, `channel:C1`, `workspace:T1`)."""

    async def spent(self, scopes: Sequence[str], since: datetime) -> Mapping[str, float]: ...


class BudgetCeilings:
    """Whoever has used up the day's ceiling starts nothing more that costs."""

    name = "budget-ceilings"

    def __init__(self, budgets: Budgets, ledger: Ledger) -> None:
        self._budgets = budgets
        self._ledger = ledger

    async def evaluate(self, proposal: Proposal) -> PolicyResult:
        ceilings = {
            f"person:{proposal.identity.id}": self._budgets.person_usd,
            f"channel:{proposal.channel}": self._budgets.channel_usd if proposal.channel else None,
            f"workspace:{proposal.workspace}": self._budgets.workspace_usd if proposal.workspace else None,
        }
        set_ = {scope: ceiling for scope, ceiling in ceilings.items() if ceiling is not None}
        if not (proposal.costs and set_):
            return PolicyResult(self.name, allowed=True)
        midnight = proposal.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        spent = await self._ledger.spent(tuple(set_), midnight)
        over = [
            f"the budget of this {scope.partition(':')[0]} is used up: "
            f"${spent.get(scope, 0):.2f} of ${ceiling:.2f} today"
            for scope, ceiling in set_.items()
            if spent.get(scope, 0) >= ceiling
        ]
        return PolicyResult(
            self.name,
            allowed=not over,
            reason="; ".join(over),
            mend="The budget starts anew at 00:00 UTC; an administrator can raise it in the policies file."
            if over
            else "",
        )


def built_in(book: PolicyBook, ledger: Ledger) -> Sequence[Policy]:
    """The policies of the file, in the order in which their denials read best."""
    return (
        ModuleAvailability(book.modules),
        ChannelProfilePolicy(book.channel_profiles),
        ChangeFreezePolicy(book.change_freeze),
        TwoPersonPolicy(book.two_person),
        TaskTimeout(book.max_timeout_seconds),
        MaxConcurrentTasks(book.max_concurrent_tasks),
        BudgetCeilings(book.budgets, ledger),
    )
