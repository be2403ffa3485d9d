"""Alerts as the brain would keep them, and a shelf in memory that stands for the stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.agent.events import Picture
from bot.watch.alerts import Alert, AlertCard, AlertState, Origin, Silence
from bot.watch.finding import Family, Finding, Subject

NOW = datetime(2026, 3, 18, 14, 20, tzinfo=UTC)
BEGAN = NOW - timedelta(minutes=15)


def finding(service: str = "checkout", signal: str = "latency", **fields: object) -> Finding:
    told: dict[str, object] = {
        "words": "p95 is 1.9 s, usual is 0.45 s",
        "value": 1.9,
        "expected": 0.45,
        "unit": "s",
        "size": 12.0,
        "watch": "wat-1",
    }
    return Finding(
        Subject(service, "production", signal),
        Family.DEVIATION,
        "high",
        BEGAN,
        NOW,
        **{**told, **fields},  # type: ignore[arg-type]
    )


def alert(**fields: object) -> Alert:
    usual: dict[str, object] = {
        "id": "alr-1",
        "group": "scan:production:C0OPS",
        "fingerprint": "f" * 16,
        "channel": "C0OPS",
        "environment": "production",
        "state": AlertState.FIRING,
        "severity": "high",
        "title": "checkout is slow: p95 is 1.9 s, usual is 0.45 s; payments is the likely origin",
        "findings": (finding(), finding("payments", "error_rate", words="error rate is 4 %, usual is 0.1 %")),
        "opened_at": BEGAN + timedelta(minutes=3),
        "changed_at": NOW,
        "origins": (Origin("payments", 0.82, "it was deployed 2 minutes before"), Origin("checkout", 0.12)),
        "changes": ("deploy of payments 2.3",),
    }
    return Alert(**{**usual, **fields})  # type: ignore[arg-type]


class Shelf:
    """Keeps alerts and their cards, as the stores promise to."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.kept: dict[str, Silence] = {}
        self.cards: dict[tuple[str, str], AlertCard] = {}

    def put(self, alert: Alert) -> Alert:
        self.alerts[alert.id] = alert
        return alert

    # ---- alerts

    async def get(self, alert_id: str) -> Alert | None:
        return self.alerts.get(alert_id)

    async def find(
        self,
        *,
        states: Sequence[AlertState] = (),
        channel: str = "",
        group: str = "",
        since: datetime | None = None,
        limit: int = 200,
    ) -> Sequence[Alert]:
        return [
            each
            for each in self.alerts.values()
            if (not states or each.state in states) and (since is None or each.changed_at >= since)
        ][:limit]

    async def swap(self, before: Alert | None, after: Alert) -> bool:
        if self.alerts.get(after.id) != before:
            return False
        self.put(after)
        return True

    async def silence(self, silence: Silence) -> None:
        self.kept[silence.id] = silence

    async def unsilence(self, silence_id: str, at: datetime) -> Silence | None:
        return self.kept.pop(silence_id, None)

    async def silences(self, at: datetime) -> Sequence[Silence]:
        return [each for each in self.kept.values() if each.active(at) or each.planned(at)]

    # ---- cards

    async def add(self, card: AlertCard) -> None:
        self.cards.setdefault((card.alert, card.channel), card)

    async def of(self, alert_id: str) -> Sequence[AlertCard]:
        return [card for card in self.cards.values() if card.alert == alert_id]

    async def at(self, channel: str, ts: str) -> AlertCard | None:
        return next((each for each in self.cards.values() if (each.channel, each.ts) == (channel, ts)), None)

    async def shown(self, before: AlertCard, after: AlertCard) -> bool:
        place = (before.alert, before.channel)
        if self.cards[place] != before:
            return False
        self.cards[place] = after
        return True

    async def stale(self, limit: int = 100) -> Sequence[AlertCard]:
        """Also of alerts that have no card yet."""
        cards = self.cards | {
            (each.id, each.channel): AlertCard(each.id, each.channel)
            for each in self.alerts.values()
            if (each.id, each.channel) not in self.cards
        }
        return [card for card in cards.values() if self._stale(card, self.alerts[card.alert])][:limit]

    @staticmethod
    def _stale(card: AlertCard, alert: Alert) -> bool:
        if card.ts is None:
            return alert.shown and alert.state is AlertState.FIRING
        return card.version < alert.version


class Painter:
    """Draws alerts, and counts how often."""

    def __init__(self, png: bytes) -> None:
        self.png = png
        self.drawn: list[int] = []
        self.error: Exception | None = None

    async def __call__(self, alert: Alert) -> Picture | None:
        self.drawn.append(alert.version)
        if self.error:
            raise self.error
        return Picture(self.png, "Latency of checkout", f"Latency of checkout, version {alert.version}")


def resolved(alert: Alert, at: datetime) -> Alert:
    ended = tuple(replace(each, ended=at) for each in alert.findings)
    return alert.changed(at, state=AlertState.RESOLVED, resolved_at=at, findings=ended)
