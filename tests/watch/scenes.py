"""A small shop to watch: who calls whom, and findings, watches and alerts in a line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.telemetry.signals import Change
from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert, AlertState
from bot.watch.finding import Family, Finding, Subject
from bot.watch.relating import Ground
from bot.watch.settling import Policy, settle
from bot.watch.watches import Aim, Watch, WatchKind

START = datetime(2026, 3, 18, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHANNEL = "C0OPS"
POLICY = Policy()
GRAPH = {
    "frontend": ("gateway",),
    "gateway": ("checkout", "search", "chat"),
    "checkout": ("payments", "database"),
    "payments": ("database",),
    "search": ("index",),
    "chat": ("inference",),
}
TIERS = {"frontend": 1, "gateway": 1, "checkout": 1, "payments": 1, "database": 1, "search": 2, "index": 3, "batch": 4}
SHOP = Ground(graph=GRAPH, tiers=TIERS)


def minute(number: float) -> datetime:
    return START + number * MINUTE


def finding(service: str = "checkout", signal: str = "latency", at: float = 0, **fields: Any) -> Finding:
    subject = Subject(service, fields.pop("environment", "production"), signal, fields.pop("detail", ""))
    made = Finding(
        subject,
        Family.DEVIATION,
        "high",
        minute(at),
        minute(at),
        f"{signal.replace('_', ' ')} is 9, usual is 3",
        value=9.0,
        expected=3.0,
        size=12.0,
        sure=0.9,
        watch="scan",
    )
    return replace(made, **fields)


def watch(identity: str = "scan", kind: WatchKind = WatchKind.SCAN, **fields: Any) -> Watch:
    aim = Aim(kind, "metrics", Scope(environment="production"))
    return replace(Watch(identity, identity, aim, CHANNEL, "ada", START - timedelta(days=9)), **fields)


def change(service: str, at: float, kind: Any = "deploy", version: str = "2.3", **fields: Any) -> Change:
    identity = f"{service}-{at}"
    return replace(Change(identity, minute(at), kind, service, "production", f"{kind} of {service}", version), **fields)


class Room:
    """A channel in which watches speak; keeps alerts as a store does."""

    def __init__(self, ground: Ground = SHOP, policy: Policy = POLICY) -> None:
        self.ground, self.policy = ground, policy
        self.alerts: dict[str, Alert] = {}
        self.versions: list[tuple[str, int]] = []

    def look(self, at: float, *reported: Finding, by: Watch | None = None) -> list[Alert]:
        """What one look changed; the same look again must change nothing."""
        by, now = by or watch(), minute(at)
        changed = settle(self.known(now), reported, by, self.ground, self.policy, now)
        for each in changed:
            self.alerts[each.id] = each
        again = settle(self.known(now), reported, by, self.ground, self.policy, now)
        assert again == (), (changed, again)
        return list(changed)

    def known(self, now: datetime) -> list[Alert]:
        return [
            each
            for each in self.alerts.values()
            if each.state is AlertState.FIRING or now - each.changed_at < timedelta(days=1)
        ]

    def keep(self, alert: Alert) -> None:
        self.alerts[alert.id] = alert

    @property
    def firing(self) -> list[Alert]:
        return [each for each in self.alerts.values() if each.state is AlertState.FIRING]

    def one(self) -> Alert:
        """The only one there is."""
        (found,) = self.alerts.values()
        return found

    def one_of(self, service: str) -> Alert:
        """The only one that fires there."""
        (found,) = [each for each in self.firing if service in each.services]
        return found


def services(groups: Iterable[Sequence[Finding]]) -> list[list[str]]:
    """Whose findings came together, in a comparable order."""
    return sorted(sorted({each.subject.service for each in group}) for group in groups)
