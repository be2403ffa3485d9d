"""Error budgets: those of one service, or all of an environment, by the rules of several windows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.errors import Unavailable
from bot.observatory import budgets
from bot.observatory.observatory import Observatory
from bot.watch.burning import Burning
from bot.watch.looks.look import Sight, signed, troubles
from bot.watch.watches import Progress, Watch


@dataclass(frozen=True, slots=True)
class BudgetsLook:
    """Counts are of windows that end now, so nothing has to be caught up with."""

    observatory: Observatory

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        scope = watch.aim.scope
        services = [
            each
            for each in self.observatory.catalogue.services
            if each.slos and scope.service in {"", each.name} and scope.environment in {"", *each.environments}
        ]
        told = await budgets.budgets(self.observatory, services, scope.environment, until, watch.timezone)
        silent = troubles([f"{each.name}: {each.note}" for each in told.sources if each.state == "down"])
        if silent and all(each.left_share is None for each in told.objectives):
            raise Unavailable(silent)
        state = progress.state if progress else b""
        burning = Burning(scope.environment, json.loads(state) if state else None)
        found = burning.feed(until, told.objectives)
        return Sight(signed(found, watch, told.query), json.dumps(burning.dump()).encode(), silent)
