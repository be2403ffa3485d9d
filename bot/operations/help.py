"""Help: what there is, and what each operation takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from pydantic import Field

from bot.agent.events import Choice, Choices, Event, Table
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.door.registry import AnyOperation, Registry
from bot.guard.roles import RoleBook
from bot.memory.knowledge import Knowledge
from bot.observatory.told import Step
from bot.operations.knowledge import PassageView, opened, view

CITED: Final = 2


class HelpInput(Input):
    """Nothing, the name of one operation, or a question."""

    operation: str | None = Field(
        None, description="The name of an operation, such as approvals.decide.", max_length=200
    )
    question: str = Field("", description="What you want to know; what is written on it is cited.", max_length=2_000)


class FieldHelp(Output):
    """One field of an input."""

    name: str
    type: str
    required: bool
    default: str
    description: str


class OperationHelp(Output):
    """One operation, as people read it."""

    name: str
    title: str
    summary: str
    risk: str
    permission: str
    allowed: bool
    fields: list[FieldHelp]
    examples: list[str]
    undo: str


class HelpOutput(Output):
    """The operations that were asked for, and what is written on the question."""

    operations: list[OperationHelp]
    passages: tuple[PassageView, ...] = ()
    steps: tuple[Step, ...] = ()

    async def tell(self, _: datetime) -> AsyncIterator[Event]:
        """What a page says is a value in a table, and never markup of ours."""
        if self.passages:
            rows = tuple((each.title, each.excerpt, each.source) for each in self.passages)
            yield Table("What is written on it", ("page", "what it says", "where"), rows)
            yield Choices(
                tuple(Choice(each.label, operation=each.operation, values=each.values) for each in self.steps)
            )


def describe(found: AnyOperation, *, allowed: bool) -> OperationHelp:
    return OperationHelp(
        name=found.name,
        title=found.title,
        summary=found.summary,
        risk=found.risk,
        permission=found.permission,
        allowed=allowed,
        fields=fields(found),
        examples=list(found.examples),
        undo=found.undo,
    )


def fields(found: AnyOperation) -> list[FieldHelp]:
    """The input's fields, in words."""
    schema = found.input.model_json_schema()
    shapes = schema.get("properties", {})
    return [
        FieldHelp(
            name=name,
            type=_type(shapes[name], schema.get("$defs", {})),
            required=field.is_required(),
            default="" if field.is_required() or field.default is None else str(field.default),
            description=field.description or "",
        )
        for name, field in found.input.model_fields.items()
    ]


def _type(shape: dict[str, object], definitions: dict[str, dict[str, object]]) -> str:
    if "$ref" in shape:
        return _type(definitions[str(shape["$ref"]).rpartition("/")[2]], definitions)
    if isinstance(shape.get("enum"), list):
        return " | ".join(map(str, shape["enum"]))  # type: ignore[call-overload]
    if "const" in shape:
        return str(shape["const"])
    if isinstance(options := shape.get("anyOf"), list):
        return " | ".join(_type(option, definitions) for option in options if option.get("type") != "null")
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no", "array": "list"}
    if shape.get("format") == "date-time":
        return "time (ISO 8601)"
    return words.get(str(shape.get("type")), str(shape.get("type", "any")))


@operation(
    "help.show",
    title="Help",
    permission="help:read",
    examples=("help", "what can you do?", "hello", "help with approvals.decide"),
)
async def show(wanted: HelpInput, context: Context) -> HelpOutput:
    """What the bot can do for you, or how one operation is used."""
    registry, book = context.get(Registry), context.get(RoleBook)
    found = [registry.get(wanted.operation)] if wanted.operation else list(registry)
    described = [describe(each, allowed=any(_may(book, context, each.permission))) for each in found]
    asked = wanted.question.strip()
    passages = (await context.get(Knowledge).ask(asked)).passages[:CITED] if asked else ()
    return HelpOutput(
        operations=[each for each in described if each.allowed or wanted.operation],
        passages=tuple(map(view, passages)),
        steps=tuple(opened(page) for page in {each.page.path: each.page for each in passages}.values()),
    )


def _may(book: RoleBook, context: Context, permission: str) -> list[str]:
    """The roles of the asker that grant it somewhere, in whatever environment."""
    return [name for name in context.identity.roles if book.may([name], permission, None, None)]
