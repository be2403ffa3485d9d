"""Traces, searched and shown."""

from __future__ import annotations

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, operation
from bot.observatory import following
from bot.observatory.observatory import Observatory
from bot.operations.observing import LONG, About, scope_of, window_of


class TracesInput(About):
    """Which traces."""

    aside = frozenset({"version", "endpoint", "query"})
    slower_than: float | None = Field(None, gt=0, le=86_400, description="Seconds that it took at least.")
    failed: bool = Field(False, description="Only those in which something failed.")
    version: str = Field("", description="Only this version.", max_length=60)
    endpoint: str = Field("", description="Only this path.", max_length=200)
    query: str = Field("", description="TraceQL; then the other fields only say when.", max_length=LONG)


@operation(
    "traces.search",
    title="Traces",
    permission="traces:read",
    timeout=30,
    examples=("slowest traces of chat-api", "failed traces of checkout in the last hour"),
)
async def search(wanted: TracesInput, context: Context) -> following.TracesAnswer:
    """The slowest or the failed requests: where their time goes, and what they do otherwise than the usual ones."""
    observatory = context.get(Observatory)
    return await following.followed(
        observatory,
        following.TracesQuestion(
            scope=scope_of(wanted, observatory, version=wanted.version, endpoint=wanted.endpoint),
            window=await window_of(wanted, context),
            now=context.now,
            timezone=context.identity.timezone,
            slower_than=wanted.slower_than,
            failed=wanted.failed,
            raw=wanted.query,
        ),
    )


class TraceInput(Input):
    """Which trace."""

    trace: str = Field(description="Its id, in hexadecimal digits.", max_length=80)


@operation("traces.show", title="Trace", permission="traces:read", timeout=30, examples=("pull up trace",))
async def show(wanted: TraceInput, context: Context) -> following.TraceAnswer:
    """One request in full: which service did what, when, and what it waited for."""
    return await following.shown(context.get(Observatory), wanted.trace)
