"""What an operation is: one async function, its input and output, its risk and the permission it needs."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from bot.door.context import Context
from bot.errors import ConfigurationError
from bot.guard.risk import Risk
from bot.guard.rules import MAX_SECONDS

NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")
PERMISSION = re.compile(r"[a-z][a-z0-9-]*:[a-z][a-z0-9-]*")


class Input(BaseModel):
    """The base of every input: nothing unknown, nothing mutable, no NaN.

    `names_people` are the fields that hold a person's id: the audit trail keeps their pseudonym instead. `aside` are
    those that a form asks for only when somebody wants more.
    """

    names_people: ClassVar[frozenset[str]] = frozenset()
    aside: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Output(BaseModel):
    """The base of every output."""

    model_config = ConfigDict(frozen=True)


In = TypeVar("In", bound=Input)
Out = TypeVar("Out", bound=Output)


class Repeat(StrEnum):
    """What may be done when it is not known whether an interrupted run took effect."""

    SAFE = "safe"  # run again with the same idempotency key; the effect happens once
    NEVER = "never"  # leave it, and tell people that it has to be looked at


@dataclass(frozen=True, slots=True)
class Operation(Generic[In, Out]):
    """A thing that the bot can do."""

    name: str
    title: str
    summary: str
    function: Callable[[In, Context], Awaitable[Out]]
    input: type[In]
    output: type[Out]
    risk: Risk
    permission: str
    timeout: float
    repeat: Repeat
    dependency: str | None
    module: str | None
    costs: bool
    about_gate: bool
    preview: Callable[[In, Context], Awaitable[str]] | None
    examples: tuple[str, ...]
    undo: str

    @property
    def scoped(self) -> tuple[bool, bool]:
        """Whether the input names an environment, and a service."""
        return "environment" in self.input.model_fields, "service" in self.input.model_fields


def operation(
    name: str,
    *,
    title: str,
    permission: str,
    risk: Risk = Risk.READ,
    timeout: float | None = None,
    repeat: Repeat = Repeat.NEVER,
    dependency: str | None = None,
    module: str | None = None,
    costs: bool = False,
    about_gate: bool = False,
    preview: Callable[[Any, Context], Awaitable[str]] | None = None,
    examples: tuple[str, ...] = (),
    undo: str = "",
) -> Callable[[Callable[[In, Context], Awaitable[Out]]], Operation[In, Out]]:
    """Make an operation of `async def f(input: SomeInput, context: Context) -> SomeOutput`.

    `dependency` names the outside system whose breaker it runs behind, `module` what an administrator can
    switch off. `about_gate` marks the few that work the gate itself, and so do not stand behind it.
    `timeout` None is the installation's default.
    """

    def make(function: Callable[[In, Context], Awaitable[Out]]) -> Operation[In, Out]:
        hints = typing.get_type_hints(function)
        names = list(inspect.signature(function).parameters)
        wrong = [
            message
            for holds, message in (
                (NAME.fullmatch(name), "its name must look like group.verb"),
                (PERMISSION.fullmatch(permission), f"its permission {permission!r} must look like area:verb"),
                (len(names) == 2, "it takes (input, context)"),  # noqa: PLR2004
                (inspect.iscoroutinefunction(function), "it must be an async function"),
                (_is(hints.get(names[0] if names else ""), Input), "its first parameter must be a subclass of Input"),
                (_is(hints.get("return"), Output), "it must return a subclass of Output"),
                (function.__doc__, "it needs a docstring, which people read"),
                (
                    timeout is None or 0 < timeout <= MAX_SECONDS,
                    f"its timeout must be within {MAX_SECONDS} s",
                ),
                (
                    not (about_gate and risk is Risk.DESTRUCTIVE),
                    "a destructive operation always stands behind the gate",
                ),
            )
            if not holds
        ]
        if wrong:
            raise ConfigurationError(f"operation {name!r}: " + "; ".join(wrong))
        return Operation(
            name=name,
            title=title,
            summary=inspect.cleandoc(function.__doc__ or ""),
            function=function,
            input=hints[names[0]],
            output=hints["return"],
            risk=risk,
            permission=permission,
            timeout=timeout or 0,
            repeat=repeat,
            dependency=dependency,
            module=module,
            costs=costs,
            about_gate=about_gate,
            preview=preview,
            examples=examples,
            undo=undo,
        )

    return make


def _is(hint: object, base: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, base)
