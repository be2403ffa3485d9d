"""From the schema of an operation's input to the fields of its form: which widget, with which default and limits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from bot.catalogue import ENVIRONMENTS, Catalogue
from bot.door.intake import shown
from bot.door.operation import Input
from bot.door.registry import AnyOperation, Registry
from bot.guard.redaction import MASK, Redactor
from bot.ports import Json
from handlers.form_schema import (
    FormSchema,
    Schema,
    adapter_of,
    as_json,
    default_of,
    is_decimal,
    listed_values,
    opened,
    spelling,
    valid,
)
from handlers.form_texts import Address, Kind, Line, Lines, Number, Span, Structure, bound
from handlers.form_times import Clock, Day, Moment
from handlers.widgets import (
    BLANK,
    MOST_TEXT,
    NOT_SET,
    Blank,
    Choice,
    Flag,
    Looks,
    Maybe,
    Pick,
    Picks,
    Slacks,
    Unshown,
    Widget,
    same,
)

LONG: Final = 200
LONG_NAMES: Final = frozenset({"reason", "description", "text", "query", "note", "message", "summary", "details"})
MOST_BLOCK_ID: Final = 255
PREFIX: Final = "field:"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `default` is shown when nothing else is known; `empty` is what an empty answer means."""

    name: str
    label: str
    hint: str
    placeholder: str
    widget: Widget
    optional: bool
    default: Maybe
    empty: Maybe
    secret: bool = False
    adapter: TypeAdapter[Any] | None = None
    aside: bool = False
    """Asked for only when somebody wants more."""

    @property
    def block(self) -> str:
        if len(PREFIX) + len(self.name) <= MOST_BLOCK_ID:
            return PREFIX + self.name
        return f"{PREFIX}#{hashlib.sha256(self.name.encode()).hexdigest()}"

    def canonical(self, value: Json) -> Json:
        """As the input's own type says it: `prod` becomes `production`. Raises ValueError."""
        if self.adapter is None:
            raise ValueError(f"{shown(value)} does not fit here")
        return as_json(self.adapter, self.adapter.validate_python(value))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of a field when its widget is chosen. A plug-in may mark it: `json_schema_extra={"form": …}`."""

    name: str
    shape: Schema
    definitions: Schema
    nullable: bool
    person: bool
    info: FieldInfo
    adapter: TypeAdapter[Any] | None

    @property
    def marked(self) -> str:
        extra = self.info.json_schema_extra
        return str(extra.get("form", "")) if isinstance(extra, dict) else ""

    @property
    def many(self) -> bool:
        return self.shape.get("type") == "array" and "prefixItems" not in self.shape

    @property
    def item(self) -> Schema:
        return opened(self.shape.get("items") or {}, self.definitions)[0] if self.many else self.shape


class Fields:
    """Reads an operation's input once."""

    def __init__(self, registry: Registry, catalogue: Catalogue, redactor: Redactor) -> None:
        self._registry = registry
        self._catalogue = catalogue
        self._redactor = redactor
        self._known: dict[str, tuple[AnyOperation, tuple[Field, ...]]] = {}

    def of(self, operation: AnyOperation) -> tuple[Field, ...]:
        known = self._known.get(operation.name)
        if known is None or known[0] is not operation:
            known = (operation, tuple(self._read(operation.input)))
            self._known[operation.name] = known
        return known[1]

    def _read(self, model: type[Input]) -> list[Field]:
        schema = model.model_json_schema(schema_generator=FormSchema)
        definitions = schema.get("$defs", {})
        infos = {spelling(name, info): (name, info) for name, info in model.model_fields.items()}
        return [
            replace(field, aside=field.optional and attribute in model.aside)
            for name, shape in schema.get("properties", {}).items()
            for attribute, info in [infos.get(name, (name, FieldInfo()))]
            for field in [self._field(name, shape, definitions, info, attribute in model.names_people)]
        ]

    def _field(self, name: str, whole: Schema, definitions: Schema, info: FieldInfo, person: bool) -> Field:  # noqa: FBT001
        shape, nullable = opened(whole, definitions)
        adapter = adapter_of(info)
        asked = _Asked(name, shape, definitions, nullable, person, info, adapter)
        required, default = info.is_required(), default_of(info, adapter)
        widget = self._widget(asked)
        if isinstance(widget, Pick) and isinstance(default, str) and widget.about:
            widget = _with(widget, default)
        secret = shape.get("format") == "password" or self._redactor.value({name: "x"}) == {name: MASK}
        left = _left_empty(default, widget, nullable=nullable, adapter=adapter)
        prefilled = default
        if secret or (not isinstance(default, Blank) and not _showable(widget, default)):
            prefilled, left = BLANK, BLANK
        if isinstance(widget, Pick) and default == "":
            prefilled = BLANK  # nothing is chosen, and nothing shows that
        if required:
            left = None if nullable else BLANK
        return Field(
            name=name,
            label=(info.title or name.replace("_", " ").strip().capitalize()).strip() or name or "Value",
            hint=_hint(info.description or "", widget.tip, BLANK if required else default, left, secret=secret),
            placeholder=_placeholder(whole.get("examples")),
            widget=widget,
            optional=not required or nullable or isinstance(widget, Flag),
            default=prefilled,
            empty=left,
            secret=secret,
            adapter=adapter,
        )

    def _widget(self, asked: _Asked) -> Widget:
        shape, item = asked.shape, asked.item
        many, nullable = asked.many, asked.nullable
        if item.get("type") == "string" and item.get("format") is None:
            if asked.person or asked.marked == "person":
                return Slacks("user", many)
            if asked.marked == "channel":
                return Slacks("conversation", many)
            if listed := self._listed(asked.marked or asked.name, item, many=many):
                return _menu(listed[1], shape, about=listed[0], many=many, nullable=nullable)
        if (values := listed_values(item)) is not None and (not many or None not in values):
            return _menu([Choice.plain(each) for each in values], shape, many=many, nullable=nullable)
        if many and item.get("type") in {"string", "integer", "number"} and item.get("format") is None:
            return Lines(item["type"])
        return _scalar(asked)

    def _listed(self, name: str, item: Schema, *, many: bool) -> tuple[Any, list[Choice]] | None:
        """What the catalogue and the registry know, under the name that people use for it."""
        about = name.removesuffix("s") if many else name
        if about == "service":
            known = [
                Choice(each.name, each.title if each.title == each.name else f"{each.title} ({each.name})", names)
                for each in sorted(self._catalogue.services, key=lambda each: each.title.casefold())
                if (names := (each.name, each.title, *each.aliases))
            ]
        elif about == "environment":
            known = [Choice(each, each, aliases) for each, aliases in ENVIRONMENTS.items()]
        elif about == "operation":
            known = [Choice(each.name, f"{each.title} ({each.name})", (each.name,)) for each in self._registry]
        else:
            return None
        if (values := listed_values(item)) is not None:
            titled = {choice.value: choice for choice in known if isinstance(choice.value, str)}
            known = [titled.get(each, Choice.plain(each)) for each in values if isinstance(each, str)]
        return (about, known) if known else None


def _scalar(asked: _Asked) -> Widget:
    """One value of a type of JSON, by its format."""
    shape = asked.shape
    branches = shape.get("anyOf") or [shape]
    kinds = {branch.get("type") for branch in branches}
    if is_decimal(asked.info.annotation) and "number" in kinds <= {"number", "string"}:
        return _number("decimal", next(branch for branch in branches if branch.get("type") == "number"))
    if kinds == {"integer", "number"}:
        return Number("number")
    match shape.get("type"):
        case "boolean" if asked.nullable or asked.info.is_required():
            return _menu([Choice(True, "Yes"), Choice(False, "No")], {}, many=False, nullable=asked.nullable)
        case "boolean":
            return Flag()
        case ("integer" | "number") as kind:
            return _number(kind, shape)
        case "string":
            return _text(asked)
    return Structure(bare="string" in kinds or kinds == {None}, example=_example(shape))


def _text(asked: _Asked) -> Widget:
    shape = asked.shape
    match shape.get("format"):
        case "date":
            return Day()
        case "time":
            return Clock()
        case "date-time":
            aware = (datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2200))
            return Moment(naive=asked.adapter is not None and not any(valid(asked.adapter, each) for each in aware))
        case "duration":
            return Span()
        case "email":
            return Address("email_text_input")
        case "uri":
            return Address("url_text_input", tip="With https:// in front.")
    least, most = shape.get("minLength", 0), shape.get("maxLength", MOST_TEXT)
    long = shape.get("maxLength", 0) > LONG or asked.name in LONG_NAMES or asked.marked == "text"
    return Line(least, most, long)


def _number(kind: Kind, shape: Schema) -> Number:
    whole = kind == "integer"
    least = (bound(shape.get("minimum"), whole=whole), bound(shape.get("exclusiveMinimum"), whole=whole, beyond=1))
    most = (bound(shape.get("maximum"), whole=whole), bound(shape.get("exclusiveMaximum"), whole=whole, beyond=-1))
    return Number(
        kind,
        max((each for each in least if each is not None), default=None),
        min((each for each in most if each is not None), default=None),
    )


def _menu(choices: Sequence[Choice], shape: Schema, *, many: bool, nullable: bool, about: Any = "") -> Widget:
    if many:
        return Picks(tuple(choices), about, most=shape.get("maxItems"), distinct=bool(shape.get("uniqueItems")))
    unset = None if nullable or any(choice.value is None for choice in choices) else ""
    kept = [choice for choice in choices if choice.value not in (None, unset)]
    if nullable or len(kept) < len(choices):
        kept.append(Choice(unset, NOT_SET))
    return Pick(tuple(kept), about)


def _with(widget: Pick, default: str) -> Pick:
    """A default such as `*` is a choice, too; and so is none at all, for who has chosen one."""
    if any(same(choice.value, default) for choice in widget.choices):
        return widget
    if not default:
        return replace(widget, choices=(*widget.choices, Choice(default, NOT_SET)))
    return replace(widget, choices=(Choice.plain(default), *widget.choices))


def _example(shape: Schema) -> str:
    if shape.get("type") == "array" or "prefixItems" in shape:
        return '["one", "two"]'
    if shape.get("type") == "object" and (names := list(shape.get("properties", {}))):
        return "{" + ", ".join(f'"{name}": …' for name in names[:3]) + "}"
    return '{"name": "value"}'


# ---------------------------------------------------------------- what is said of a field


def _left_empty(default: Maybe, widget: Widget, *, nullable: bool, adapter: TypeAdapter[Any] | None) -> Maybe:
    """Who empties a field that was filled in with a default means nothing, not the default."""
    if default is BLANK or default in (None, "", [], {}) or isinstance(default, bool):
        return BLANK
    if nullable:
        return None
    if isinstance(widget, Pick):
        return BLANK
    nothing: Json = "" if isinstance(default, str) else [] if isinstance(default, list) else None
    return nothing if nothing is not None and adapter is not None and valid(adapter, nothing) else BLANK


def _showable(widget: Widget, default: Json) -> bool:
    try:
        widget.element(default, Looks())
    except Unshown:
        return False
    return True


def _hint(description: str, tip: str, default: Maybe, left: Maybe, *, secret: bool) -> str:
    parts = [description.strip(), tip]
    if secret:
        parts.append("A secret: it is never filled in for you.")
    elif left is BLANK and default is not BLANK and default not in (None, "", [], {}) and not isinstance(default, bool):
        parts.append(f"Left empty: {shown(default)}.")
    return " ".join(part for part in parts if part)


def _placeholder(examples: object) -> str:
    first = examples[0] if isinstance(examples, list) and examples else None
    if first is None or isinstance(first, dict | list):
        return ""
    return str(first).replace("\n", " ").strip()
