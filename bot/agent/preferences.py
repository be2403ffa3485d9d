"""What a person may choose for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from bot.ports import Json

ENVIRONMENT: Final = "environment"
FOLLOW: Final = "follow_threads"


class PreferenceStore(Protocol):
    """Settings by scope (`person:U1`, `channel:C1`, `workspace:T1`) and name."""

    async def all(self, scope: str) -> Mapping[str, Json]: ...

    async def set(self, scope: str, name: str, value: Json, now: datetime) -> None: ...


def of_person(person: str) -> str:
    return f"person:{person}"
