"""The arguments of a call, however they came: form, JSON, multipart or query."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from integrations.sandbox.slack.records import SlackError, Wire

_TRUE = {"1", "true", "yes", "on"}


class Arguments:
    """Values by name; in forms everything is text, and lists and objects are JSON inside it."""

    def __init__(self, values: Wire) -> None:
        self.values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self.values and self.values[name] != ""

    def require(self, names: Iterable[str]) -> None:
        """`a|b` asks for one of the two."""
        missing = [name for name in names if not any(one in self for one in name.split("|"))]
        if missing:
            raise SlackError(
                "invalid_arguments",
                f"missing {', '.join(missing)}",
                messages=[f"[ERROR] missing required field: {name.partition('|')[0]}" for name in missing],
            )

    def text(self, name: str, otherwise: str = "") -> str:
        value = self.values.get(name, otherwise)
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)

    def maybe(self, name: str) -> str | None:
        return self.text(name) if name in self else None

    def flag(self, name: str, otherwise: bool = False) -> bool:  # noqa: FBT001, FBT002
        return self.text(name).lower() in _TRUE if name in self else otherwise

    def number(self, name: str, otherwise: int, *, least: int = 0, most: int | None = None) -> int:
        if name not in self:
            return otherwise
        try:
            value = int(self.text(name))
        except ValueError:
            raise _wrong(f"{name} must be an integer", name) from None
        if value < least or (most is not None and value > most):
            raise _wrong(f"must be between {least} and {most}", name)
        return value

    def words(self, name: str) -> list[str]:
        """A list, or texts with commas between them."""
        value = self.values.get(name)
        if isinstance(value, str):
            value = self.json(name) if value.lstrip().startswith("[") else value.split(",")
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise _wrong("must be a list of texts", name)
        return [one.strip() for one in value if one.strip()]

    def json(self, name: str, error: str = "invalid_arguments") -> Any:
        """What was JSON in a form is what it says; None when it was not given."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error, f"{name} is no JSON", messages=[f"[ERROR] invalid JSON: {name}"]) from None

    def blocks(self, name: str = "blocks") -> list[Wire] | None:
        value = self.json(name, "invalid_blocks_format")
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise SlackError("invalid_blocks_format", f"{name} is a list of objects")
        return value

    def objects(self, name: str) -> list[Wire]:
        value = self.json(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise _wrong("must be a list of objects", name)
        return value


def _wrong(what: str, name: str) -> SlackError:
    return SlackError("invalid_arguments", what, messages=[f"[ERROR] {what} [json-pointer:/{name}]"])


async def read(request: web.Request) -> Arguments:
    """Query first; the body wins."""
    values: Wire = dict(request.query)
    match request.content_type:
        case "application/json":
            values.update(await _json(request))
        case "application/x-www-form-urlencoded" | "multipart/form-data":
            values.update({name: held for name, held in (await request.post()).items() if isinstance(held, str)})
        case _ if request.can_read_body and request.content_length:
            raise SlackError("invalid_post_type", request.content_type)
        case _:
            pass
    return Arguments(values)


async def _json(request: web.Request) -> Wire:
    try:
        told = json.loads(await request.text() or "{}")
    except ValueError:
        raise SlackError("invalid_json", "the body is no JSON") from None
    if not isinstance(told, dict):
        raise SlackError("json_not_object", "the body is no object")
    told.pop("token", None)  # a token in JSON counts for nothing
    return told
