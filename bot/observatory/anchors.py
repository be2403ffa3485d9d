"""Times that hang on what happened: when the last deploy was, and what that makes of "since the deploy"."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.errors import NotFound
from bot.language.ranges import Anchored
from bot.observatory.observatory import Observatory
from bot.telemetry.signals import Change, Window
from bot.telemetry.vocabulary import Scope

LOOKED_BACK: Final = timedelta(days=30)
BEFORE: Final = timedelta(hours=1)
TAKES: Final = timedelta(minutes=10)
"""How long a deploy lasts that does not say when it was done."""
LEAST: Final = timedelta(minutes=1)
_DEPLOYS: Final = frozenset({"deploy", "rollback"})


async def hung_on(observatory: Observatory, anchor: Anchored, scope: Scope, now: datetime) -> Window:
    """The window; where nothing tells when that was, an error that says so."""
    if anchor.kind == "incident":
        raise NotFound(
            f"when {anchor.id or 'that incident'} was is not known here: no incident register is connected.",
            mend="Say the times instead, such as “between 14:00 and 15:30”.",
        )
    told = await observatory.changes_in(
        Window(now - LOOKED_BACK, now), service=scope.service, environment=scope.environment
    )
    deploys = [each for each in told.value or () if each.kind in _DEPLOYS]
    if not deploys:
        why = told.trouble or f"none in {LOOKED_BACK.days} days"
        raise NotFound(f"I know of no deploy of {scope}: {why}.", mend="Say the times instead, such as “since 9am”.")
    return _around(max(deploys, key=lambda each: each.at), anchor, now)


def _around(deploy: Change, anchor: Anchored, now: datetime) -> Window:
    match anchor.relation:
        case "since":
            return Window(min(deploy.at, now - LEAST), now)
        case "before":
            return Window(deploy.at - BEFORE, deploy.at)
        case "during":
            end = min(deploy.finished_at or deploy.at + TAKES, now)
            return Window(min(deploy.at, end - LEAST), end)
