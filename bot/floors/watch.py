"""What watches by itself: looks, alerts, digests."""

from __future__ import annotations

from datetime import time

from bot.floors.agent import WithAgent
from bot.floors.ground import Plan
from bot.watch.alerts import AlertStore
from bot.watch.desk import AlertDesk
from bot.watch.replaying import Replays
from bot.watch.station import Station, Stores, Wishes
from bot.watch.topics import AlertTopics
from bot.watch.watches import WatchStore
from storage.repositories import AlertCardRepository, AlertRepository, WatchRepository


class WithWatch(WithAgent):
    """Looks at what the ground floor is connected to; its alerts go to whoever listens."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.station = self._station()
        self.alert_cards = AlertCardRepository(self.database)
        self.topics.add(AlertTopics(self.alert_cards, self.station.desk, self.clock))
        put = self.resources.put
        put(WatchStore, self.station.stores.watches)
        put(AlertStore, self.station.stores.alerts)
        put(AlertDesk, self.station.desk)
        put(Replays, self.station.scans)

    def _station(self) -> Station:
        settings = self.settings
        watches, alerts = WatchRepository(self.database, self.keys), AlertRepository(self.database, self.keys)
        return Station(
            self.observatory,
            Stores(watches, alerts, watches.commit, (watches.purge, alerts.purge)),
            self.durable,
            self.approved.launch,
            Wishes(
                settings.watch_channel or "",
                tuple(name for each in settings.watch_environments.split(",") if (name := each.strip())),
                settings.alerts_per_day,
                time.fromisoformat(settings.digest_at),
                settings.digest_timezone,
            ),
            self.clock,
        )
