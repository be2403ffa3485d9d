"""What the questions to telemetry have in common: what they are about, where, and when."""

from __future__ import annotations

from pydantic import Field

from bot.catalogue import KnownEnvironment
from bot.door.context import Context
from bot.door.operation import Input
from bot.language.ranges import EXAMPLES, find_anchored, read
from bot.observatory.anchors import hung_on
from bot.observatory.observatory import Observatory
from bot.telemetry.signals import Window
from bot.telemetry.vocabulary import Scope

Environment = KnownEnvironment
"""By whatever name people use."""
LONG = 2_000


class Where(Input):
    """Which environment, and when."""

    environment: Environment = Field("production", description="Where to look.")
    window: str = Field("last hour", description=f"When: {EXAMPLES}.", max_length=120)


class About(Where):
    """Which service, where and when."""

    service: str = Field("", description="The service, by name or alias; all of them, if left out.", max_length=100)


def scope_of(wanted: About, observatory: Observatory, **more: str) -> Scope:
    """With the service by its own name."""
    service = observatory.service(wanted.service).name if wanted.service else ""
    return Scope(service=service, environment=wanted.environment, **more)


async def window_of(wanted: Where, context: Context) -> Window:
    """In the time zone of whoever asks; "since the deploy" by the last deploy of what is asked about."""
    if anchors := find_anchored(wanted.window):
        observatory = context.get(Observatory)
        about = wanted if isinstance(wanted, About) else About(environment=wanted.environment)
        return await hung_on(observatory, anchors[0], scope_of(about, observatory), context.now)
    return Window(*read(wanted.window, context.now, context.identity.timezone))
