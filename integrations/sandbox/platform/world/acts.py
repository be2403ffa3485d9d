"""Checks what people want to do to the world, and makes events of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast, get_args

from bot.errors import Conflict, InvalidInput, NotFound
from integrations.sandbox.platform.world.ledger import Ledger
from integrations.sandbox.platform.world.nature import ENVIRONMENTS, MOST_REPLICAS, STORES, Nature
from integrations.sandbox.platform.world.schedule import SIZES
from integrations.sandbox.platform.world.shapes import ActionKind, Event, FaultKind

FAULTS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
ACTIONS: Final[tuple[ActionKind, ...]] = get_args(ActionKind)
MOST_EVENTS: Final = 10_000
MOST_MINUTES: Final = 30 * 24 * 60
KEPT_DAYS: Final = 30
_SHARES: Final = frozenset({"error_burst", "refusal_drift"})
_VERSION: Final = re.compile(r"v?\d{1,6}\.\d{1,6}(\.\d{1,6})?([-+.][0-9A-Za-z.+-]{1,40})?", re.ASCII)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Acts:
    """The world as it is when somebody wants something of it."""

    nature: Nature
    ledger: Ledger

    def fault(
        self,
        kind: str,
        service: str,
        environment: str,
        at: datetime,
        *,
        minutes: float | None = None,
        size: float | None = None,
        version: str = "",
        by: str = "",
    ) -> tuple[Event, ...]:
        """What an injected fault consists of; a bad deploy that ends by itself also has a rollback."""
        chosen = cast("FaultKind", _one_of(kind, FAULTS, "fault"))
        self._place(service, environment, at)
        self._suits(chosen, service)
        if version and chosen != "bad_deploy":
            raise InvalidInput(
                f"A fault of kind {kind} has no version, and {_cut(version)} was given.", mend="Leave it out."
            )
        large = _sized(chosen, size)
        if minutes is not None and not (math.isfinite(minutes) and 1 <= minutes <= MOST_MINUTES):
            mend = f"Give 1 to {MOST_MINUTES} minutes, or nothing for a fault that lasts until it is ended."
            raise InvalidInput(f"A fault cannot last {minutes} minutes.", mend=mend)
        until = None if minutes is None else at + timedelta(minutes=minutes)
        if chosen != "bad_deploy":
            return (Event(self._name(chosen), at, chosen, service, environment, until, large, by=by),)
        running = self.ledger.current(service, environment, at.timestamp()).version
        version = _version(version) if version else _next_patch(running)
        bad = Event(self._name(chosen), at, chosen, service, environment, None, large, version, by=by)
        if until is None:
            return (bad,)
        return bad, Event(self._name("rollback", 1), until, "rollback", service, environment, version=running, by=by)

    def end(self, name: str, at: datetime) -> Event:
        """The end of a fault; a bad deploy ends with a rollback."""
        fault = next((fault for fault in self.ledger.faults() if fault.id == name), None)
        if fault is None:
            raise NotFound(f"There is no fault {_cut(name)}.", mend="The list of faults names them.")
        self._place(fault.service, fault.environment, at)
        if fault.stop is not None and fault.stop <= at:
            raise Conflict(f"The fault {name} is over since {fault.stop:%Y-%m-%d %H:%M} UTC.", mend="Nothing to do.")
        if fault.kind == "bad_deploy":
            return self.action("rollback", fault.service, fault.environment, at)
        return Event(self._name("end"), at, "end", fault.service, fault.environment, of=name)

    def action(
        self,
        kind: str,
        service: str,
        environment: str,
        at: datetime,
        *,
        version: str = "",
        replicas: int | None = None,
        by: str = "",
    ) -> Event:
        chosen = cast("ActionKind", _one_of(kind, ACTIONS, "action"))
        self._place(service, environment, at)
        if (replicas is None) == (chosen == "scale"):
            word = "needs replicas" if chosen == "scale" else "takes no replicas"
            raise InvalidInput(f"The action {kind} {word}.", mend=f"Only scale takes it: 1 to {MOST_REPLICAS}.")
        if chosen == "deploy" and not version:
            raise InvalidInput("The action deploy needs a version.", mend="Give one such as 2.14.0.")
        if version and chosen not in {"deploy", "rollback"}:
            raise InvalidInput(
                f"The action {kind} takes no version, and {_cut(version)} was given.", mend="Leave it out."
            )
        if replicas is not None and not 1 <= replicas <= MOST_REPLICAS:
            raise InvalidInput(f"{_cut(replicas)} replicas are not possible.", mend=f"Give 1 to {MOST_REPLICAS}.")
        if chosen == "failover" and service not in STORES:
            raise InvalidInput(f"{service} has no standby to fail over to.", mend=f"Stores have: {_listed(STORES)}.")
        caches = [name for name in self.nature.order if self.nature.profiles[name].cache]
        if chosen == "flush" and service not in (*caches, "redis-cache"):
            raise InvalidInput(
                f"{service} has no cache to flush.", mend=f"These have: {_listed([*caches, 'redis-cache'])}."
            )
        if chosen == "deploy":
            version = _version(version)
        elif chosen == "rollback":
            version = self._former(service, environment, at, version)
        return Event(self._name(chosen), at, chosen, service, environment, None, 0.0, version, replicas or 0, by=by)

    # ---------------------------------------------------------------- checks

    def _former(self, service: str, environment: str, at: datetime, version: str) -> str:
        former = self.ledger.former(service, environment, at.timestamp(), KEPT_DAYS)
        if former is None:
            raise InvalidInput(
                f"{service} in {environment} has no former version that is still kept ({KEPT_DAYS} days).",
                mend="Deploy the version that you want.",
            )
        if version and version != former.version:
            raise InvalidInput(
                f"A rollback of {service} in {environment} leads to {former.version}, not to {_cut(version)}.",
                mend="Leave the version out, or deploy the one that you want.",
            )
        return former.version

    def _place(self, service: str, environment: str, at: datetime) -> None:
        _one_of(service, self.nature.order, "service")
        _one_of(environment, ENVIRONMENTS, "environment")
        if at.tzinfo is None:
            raise InvalidInput(f"The time {at.isoformat()} has no time zone.", mend="Add one, such as Z for UTC.")
        if not _EARLIEST <= at <= _LATEST:
            raise InvalidInput(f"Nothing can be done at {at.isoformat()}.", mend="Give a time from 2000 to 2100.")
        if len(self.ledger.events) >= MOST_EVENTS:
            raise InvalidInput(
                f"This world has seen {MOST_EVENTS:,} events, and takes no more.", mend="Start a new one."
            )

    def _suits(self, kind: FaultKind, service: str) -> None:
        profiles = self.nature.profiles
        able = {
            "gpu_saturation": [name for name in self.nature.order if profiles[name].gpus],
            "cost_spike": [name for name in self.nature.order if profiles[name].models],
            "refusal_drift": [name for name in self.nature.order if profiles[name].models],
            "connection_exhaustion": [name for name in self.nature.order if profiles[name].pool],
        }.get(kind, self.nature.order)
        if service not in able:
            raise InvalidInput(f"{service} cannot have the fault {kind}.", mend=f"These can: {_listed(able)}.")

    def _name(self, kind: str, ahead: int = 0) -> str:
        return f"{kind.replace('_', '-')}-{len(self.ledger.events) + ahead + 1}"


def _sized(kind: FaultKind, size: float | None) -> float:
    if size is None:
        return SIZES[kind]
    low, high = 1.0, 100.0
    if kind in _SHARES:
        low, high = 0.001, 0.95
    elif kind == "memory_leak":
        low, high = 5.0, 1440.0
    elif kind in {"connection_exhaustion", "gpu_saturation"}:
        low, high = 0.1, 10.0
    if not (math.isfinite(size) and low <= size <= high):
        raise InvalidInput(f"A fault of kind {kind} cannot have the size {size}.", mend=f"Give {low:g} to {high:g}.")
    return float(size)


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise InvalidInput(f"{_cut(text)} does not look like a version.", mend="Write it like 2.14.0 or 2.14.0-rc.1.")
    return text.removeprefix("v")


def _next_patch(version: str) -> str:
    major, minor, patch = ([int(part) for part in version.partition("-")[0].split(".")[:3]] + [0, 0])[:3]
    return f"{major}.{minor}.{patch + 1}"


def _one_of(value: str, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise InvalidInput(f"{_cut(value)} is no {what}.", mend=f"Known are {_listed(known)}.")
    return value


def _listed(names: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
