"""Operations that a plug-in might bring, for what the shipped ones do not do: long tables, long work, breaking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, Repeat, operation
from bot.guard.risk import Risk

AnyOperation = Operation[Any, Any]


class Nothing(Input):
    """Nothing."""


class Said(Output):
    """A word."""

    word: str


class Row(Output):
    """One of many."""

    host: str
    used: int


class Rows(Output):
    """Many."""

    rows: list[Row]


class Gated(Input):
    """What a change may take."""

    label: str = Field(description="What to call it.", min_length=3, max_length=400)
    owner: str = Field(description="Whose it is, as team-…", pattern=r"^team-[a-z]+$")
    size: int = Field(1, ge=1, le=9, description="How big.")
    environment: Literal["production", "staging"] = Field("staging", description="Where.")


def listing(count: int, host: str = "host-{}") -> AnyOperation:
    """As many rows as wanted."""

    async def function(_: Nothing, __: Context) -> Rows:
        """Every host, with what it uses."""
        return Rows(rows=[Row(host=host.format(number), used=number) for number in range(count)])

    return operation("hosts.list", title="List hosts", permission="help:read", examples=("list hosts",))(function)


class Work:
    """Long work: it says how far it is, and ends when it is let go."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ran = 0

    async def __call__(self, _: Nothing, context: Context) -> Said:
        """Look at everything, one after the other."""
        self.ran += 1
        await context.progress("looking at the second half")
        self.began.set()
        await self.go_on.wait()
        return Said(word="all there")


def long_work(work: Work) -> AnyOperation:
    async def function(wanted: Nothing, context: Context) -> Said:
        """Look at everything, one after the other."""
        return await work(wanted, context)

    return operation("stock.take", title="Take stock", permission="help:read", timeout=60, examples=("take stock",))(
        function
    )


def reading(name: str, word: Callable[[], Awaitable[str]], *examples: str) -> AnyOperation:
    """Says whatever `word` gives, or breaks with it."""

    async def function(_: Nothing, __: Context) -> Said:
        """Say a word."""
        return Said(word=await word())

    return operation(name, title="Say a word", permission="help:read", examples=examples)(function)


async def _preview(wanted: Gated, _: Context) -> str:
    return f"Changes {wanted.label} by {wanted.size}."


def change(ran: list[str]) -> AnyOperation:
    """Behind the gate, with fields that can be filled in wrong."""

    async def function(wanted: Gated, context: Context) -> Said:
        """Resize something."""
        ran.append(context.idempotency_key)
        return Said(word=f"{wanted.label} has {wanted.size}")

    return operation(
        "disks.resize",
        title="Resize a disk",
        permission="maintenance:drill",
        risk=Risk.DESTRUCTIVE,
        repeat=Repeat.SAFE,
        preview=_preview,
        examples=("resize a disk",),
    )(function)
