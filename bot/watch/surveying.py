"""What is known of the platform at the time of a look: who calls whom, what was changed, how much is going on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bot.observatory.observatory import Observatory, whole
from bot.telemetry.signals import Window
from bot.telemetry.vocabulary import Scope
from bot.watch.relating import CHANGES_BEFORE, Ground
from bot.watch.sweeping import STEP
from bot.watch.watches import Watch

LATELY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Survey:
    """The port `Surveyor`. What a source does not tell is not known, and keeps no alert back."""

    observatory: Observatory

    async def __call__(self, watch: Watch, at: datetime) -> Ground:
        services, environment = self.observatory.catalogue.services, watch.aim.scope.environment
        changes, traffic = await asyncio.gather(
            self.observatory.changes_in(Window(at - 2 * CHANGES_BEFORE, at), environment=environment),
            self._traffic(environment, at),
        )
        return Ground(
            graph={each.name: each.depends_on for each in services},
            changes=changes.value or (),
            tiers={each.name: each.tier for each in services},
            traffic=traffic,
        )

    async def _traffic(self, environment: str, at: datetime) -> dict[str, float]:
        if self.observatory.metrics is None or "throughput" not in self.observatory.vocabulary.metrics:
            return {}
        end = datetime.fromtimestamp(at.timestamp() // STEP * STEP, at.tzinfo)
        window = Window(end - LATELY, end)
        told = await self.observatory.by_service("throughput", Scope(environment=environment), window, STEP, at)
        label = self.observatory.service_label()
        return {
            each.labels.get(label, ""): float(np.nanmean(each.values))
            for each in whole(told.value)
            if np.isfinite(each.values).any()
        }
