"""Watches, findings and alerts, made in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert, AlertState
from bot.watch.finding import Family, Finding, Subject
from bot.watch.watches import Aim, Watch, WatchKind
from tests.conftest import START

SCAN = Watch(
    "wat-1",
    "All metrics",
    Aim(WatchKind.SCAN, "metrics", Scope(environment="production")),
    "C1",
    "ada",
    START - timedelta(days=1),
    workspace="T1",
)


def found(service: str = "checkout", signal: str = "latency", at: datetime = START, **fields: object) -> Finding:
    subject = Subject(service, "production", signal)
    made = Finding(subject, Family.DEVIATION, "high", at, at, "p95 is 1.9 s, usual is 0.45 s", watch=SCAN.id)
    return replace(made, **fields)  # type: ignore[arg-type]


def alert(number: int = 1, *findings: Finding, **fields: object) -> Alert:
    """As many minutes young as its number says."""
    opened = START + timedelta(minutes=number)
    made = Alert(
        id=f"alt-{number}",
        group=SCAN.group,
        fingerprint=f"print-{number}",
        channel="C1",
        environment="production",
        state=AlertState.FIRING,
        severity="high",
        title="checkout is slow",
        findings=findings or (found(at=opened),),
        opened_at=opened,
        changed_at=opened,
        workspace="T1",
    )
    return replace(made, **fields)  # type: ignore[arg-type]
