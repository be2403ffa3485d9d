"""What the schema of an input says of a field: its values, whether it may be null, its default."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, cast, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema, to_jsonable_python

from bot.ports import Json
from handlers.widgets import BLANK, Maybe

Schema = Mapping[str, Any]
MOST_DEPTH: Final = 8


class FormSchema(GenerateJsonSchema):
    """What has no schema may be anything: the form then takes JSON, and the model has the last word."""

    ignored_warning_kinds = frozenset({"skipped-choice", "non-serializable-default"})  # type: ignore[assignment]

    def handle_invalid_for_json_schema(self, schema: core_schema.CoreSchema, error_info: str) -> JsonSchemaValue:  # noqa: ARG002
        return {}


def opened(shape: Schema, definitions: Schema, depth: int = 0) -> tuple[Schema, bool]:
    """Behind references and beside null; whether null may be."""
    if "$ref" in shape and depth < MOST_DEPTH:
        target = definitions.get(str(shape["$ref"]).rpartition("/")[2], {})
        return opened(
            {**target, **{key: value for key, value in shape.items() if key != "$ref"}}, definitions, depth + 1
        )
    branches = shape.get("anyOf") or shape.get("oneOf") or []
    if not branches:
        anything = not shape.keys() & {"type", "enum", "const"}
        return shape, anything or None in (listed_values(shape) or ())
    bare = [opened(branch, definitions, depth + 1)[0] for branch in branches]
    kept = [branch for branch in bare if branch.get("type") != "null"]
    nullable = len(kept) < len(bare) or any(not branch for branch in kept)
    rest = {key: value for key, value in shape.items() if key not in {"anyOf", "oneOf"}}
    if len(kept) > 1 and (several := _one_list(kept)):
        return {**rest, **several}, nullable
    return ({**rest, **kept[0]} if len(kept) == 1 else {**rest, "anyOf": kept}), nullable


def _one_list(branches: Sequence[Schema]) -> Schema | None:
    """The values of several lists as one, where they are nothing but lists of values."""
    lists = [listed_values(branch) for branch in branches]
    values = {json.dumps(value): value for each in lists for value in each or ()}
    kinds = {branch.get("type") for branch in branches}
    kind = {"type": kinds.pop()} if len(kinds) == 1 else {}
    return {**kind, "enum": list(values.values())} if None not in lists else None


def listed_values(shape: Schema) -> list[Json] | None:
    if "enum" in shape:
        return list(shape["enum"])
    return [shape["const"]] if "const" in shape else None


def spelling(name: str, info: FieldInfo) -> str:
    """As the schema calls it, which is how the input wants it."""
    alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
    return alias or name


def adapter_of(info: FieldInfo) -> TypeAdapter[Any] | None:
    """The type of one field alone; None for types that only live in their model."""
    annotation: Any = info.annotation
    try:
        if info.metadata:
            annotation = Annotated[(annotation, *info.metadata)]
        return TypeAdapter(annotation)
    except Exception:  # noqa: BLE001  a plug-in's type may fail in any way; its form is only less clever then
        return None


def as_json(adapter: TypeAdapter[Any], value: object) -> Json:
    """Raises ValueError."""
    try:
        return cast("Json", adapter.dump_python(value, mode="json", warnings="error"))
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(str(error)) from error


def valid(adapter: TypeAdapter[Any], value: object) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    except Exception:  # noqa: BLE001  as in adapter_of
        return False
    return True


def default_of(info: FieldInfo, adapter: TypeAdapter[Any] | None) -> Maybe:
    """As JSON; BLANK where there is none, it is made anew each time, or saying it would not mean the same."""
    if info.is_required() or info.default_factory is not None:
        return BLANK
    default = info.default
    try:
        value = cast("Json", to_jsonable_python(default)) if adapter is None else as_json(adapter, default)
        if adapter is not None and not _equal(adapter.validate_python(value), default):
            return BLANK
    except Exception:  # noqa: BLE001  as in adapter_of; the model fills its default in by itself
        return BLANK
    return value


def _equal(one: object, other: object) -> bool:
    """Moments of two zones are never equal in an hour that a clock skips or repeats, be they the same moment or not."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one.isoformat() == other.isoformat()
    return one == other


def is_decimal(annotation: Any) -> bool:
    parts = (annotation, *get_args(annotation))
    return any(part is Decimal or Decimal in get_args(part) for part in parts)
