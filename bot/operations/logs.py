"""Logs, searched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import operation
from bot.observatory import looking
from bot.observatory.observatory import Observatory
from bot.operations.observing import LONG, About, scope_of, window_of


class LogsInput(About):
    """Which lines."""

    aside = frozenset({"pattern", "instance", "query"})
    level: Literal["", "debug", "info", "warn", "error"] = Field("", description="Only lines of this level.")
    contains: str = Field("", description="A text in the line, in whatever case.", max_length=500)
    pattern: str = Field("", description="A regular expression (RE2) that the line fits.", max_length=500)
    instance: str = Field("", description="Only instances whose name begins so.", max_length=120)
    query: str = Field("", description="LogQL; then the other fields only say when.", max_length=LONG)


@operation(
    "logs.search",
    title="Logs",
    permission="logs:read",
    timeout=30,
    examples=("error logs of payments", "find 'timeout' in checkout logs since 9am"),
)
async def search(wanted: LogsInput, context: Context) -> looking.LogsAnswer:
    """Lines of a service: how many over time, what they have in common, what is new, and the newest of them."""
    observatory = context.get(Observatory)
    return await looking.looked(
        observatory,
        looking.LogsQuestion(
            scope=scope_of(wanted, observatory, instance=wanted.instance),
            window=await window_of(wanted, context),
            now=context.now,
            timezone=context.identity.timezone,
            level=wanted.level,
            contains=wanted.contains,
            pattern=wanted.pattern,
            raw=wanted.query,
        ),
    )
