"""What is asked of an alert, and in its thread: the place and the time that words mean which name none."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from bot.agent.topics import ALERT, Topic
from bot.catalogue import environment
from bot.door.outcomes import Origin
from bot.errors import NotFound
from bot.observatory.question import iso
from bot.ports import Clock
from bot.telemetry.signals import Window
from bot.watch.alerts import Alert, AlertCardStore
from bot.watch.desk import AlertDesk
from bot.watch.finding import Family
from bot.watch.looks.rows import QUERY
from bot.watch.telling import lead

AROUND: Final = timedelta(minutes=10)
LEAST: Final = timedelta(minutes=30)
MOST: Final = timedelta(hours=6)
NO_METRIC: Final = frozenset({Family.PATTERN, Family.EDGE, Family.BURN, Family.OUTSIDE})
EXPLAIN: Final = "metrics.explain"


class AlertTopics:
    """Threads under the messages of alerts."""

    def __init__(self, cards: AlertCardStore, desk: AlertDesk, clock: Clock) -> None:
        self._cards = cards
        self._desk = desk
        self._clock = clock

    async def of(self, origin: Origin) -> Topic | None:
        card = await self._cards.at(origin.channel or "", origin.thread or "")
        if card is None:
            return None
        with suppress(NotFound):
            alert = await self._desk.get(card.alert)
            if alert.workspace not in {"", origin.workspace or ""}:
                return None
            values = " ".join(shlex.quote(f"{name}={value}") for name, value in explained(alert, self._clock()).items())
            fact = f"this thread hangs on the message of the alert {alert.id}, which `alerts.show` shows"
            return Topic({ALERT: alert.id}, f"{EXPLAIN} {values}", fact)
        return None


def explained(alert: Alert, now: datetime) -> Mapping[str, str]:
    """What people would ask: why what the title is about is as it is, around when that began."""
    first = lead(alert.findings, alert.origins) if alert.findings else None
    service = (first.subject.service if first else "") or next(iter(alert.services), "")
    ours = [each for each in (first, *alert.findings) if each and each.subject.service == service]
    number = next((each for each in ours if each.family not in NO_METRIC and each.subject.signal != QUERY), None)
    began = number or first
    start = min((began.since if began else alert.since) - AROUND, now - LEAST)
    asked = {"window": iso(Window(start, min(now, start + MOST)))}
    asked |= {"service": service} if service else {}
    asked |= {"metric": number.subject.signal} if number and service else {}
    return asked | ({"environment": str(env)} if (env := environment(alert.environment)) else {})
