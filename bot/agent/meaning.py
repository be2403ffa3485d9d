"""What a sentence asks for, by rules: an operation named exactly, or one whose title and examples fit.

It never guesses a change: what would change something becomes a form that a person looks at and sends.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.catalogue import Catalogue, environment
from bot.door.registry import AnyOperation, Registry
from bot.guard.risk import Risk
from bot.language.phrases import SURE, rank
from bot.ports import Json

NEAR: Final = 3
_WORD: Final = re.compile(r"[\w.-]+")
_QUOTED: Final = re.compile(r"[\"“”'‘’]([^\"“”'‘’]{1,200})[\"“”'‘’]")
_ID: Final = re.compile(r"\b(?:apr|run|dl|ans)-[\w:-]+")
_PREFIXES: Final = {"approval": "apr-", "run": "run-", "letter": "dl-"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was understood; `near` are the likeliest where nothing was."""

    kind: Literal["run", "form", "unsure"]
    operation: AnyOperation | None = None
    values: Mapping[str, Json] = field(default_factory=dict)
    near: tuple[AnyOperation, ...] = ()
    why: str = ""


def understand(text: str, registry: Registry, catalogue: Catalogue) -> Meaning:
    return _exact(text, registry) or _by_phrase(text, registry, catalogue)


def group_of(text: str, group: str, registry: Registry) -> str:
    """`declare name=x` behind `/incident` is `incidents.declare name=x`, where such an operation is installed."""
    verb, _, rest = text.strip().partition(" ")
    name = f"{group}.{verb.lower()}"
    return f"{name} {rest}".strip() if any(each.name == name for each in registry) else text


def _exact(text: str, registry: Registry) -> Meaning | None:
    """`operation.name key=value "key=two words"`: said exactly, so it is run as it is said."""
    name, _, rest = text.strip().partition(" ")
    found = next((each for each in registry if each.name == name.lower()), None)
    if found is None:
        return None
    try:
        words = shlex.split(rest)
    except ValueError as error:
        return Meaning("form", found, why=f"the values cannot be read: {str(error).lower()}")
    values: dict[str, Json] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            return Meaning("form", found, values, why=f"{word!r} stands alone; values are written as name=value")
        values[key.lstrip("-").replace("-", "_")] = value
    missing = _missing(found, values)
    if missing and not values:
        return Meaning("form", found, values, why=_needs(missing))
    return Meaning("run", found, values)


def _by_phrase(text: str, registry: Registry, catalogue: Catalogue) -> Meaning:
    found = rank(_bare(text, catalogue), {each.name: (each.name, each.title, *each.examples) for each in registry})
    if not found or found[0].score < SURE:
        return Meaning("unsure", near=tuple(registry.get(match.name) for match in found[:NEAR]))
    chosen = registry.get(found[0].name)
    values = read_values(text, chosen, registry, catalogue)
    missing = _missing(chosen, values)
    if chosen.risk is not Risk.READ:
        return Meaning("form", chosen, values, why="it changes something, so please look it over")
    if missing:
        return Meaning("form", chosen, values, why=_needs(missing))
    return Meaning("run", chosen, values)


def _bare(text: str, catalogue: Catalogue) -> str:
    """The sentence without the names in it, which say nothing about the operation."""
    rest = _ID.sub(" ", _QUOTED.sub(" ", text))
    telling = [word for word in _WORD.findall(rest) if not environment(word) and not catalogue.resolve(word)]
    return " ".join(telling) or text


def read_values(text: str, found: AnyOperation, registry: Registry, catalogue: Catalogue) -> dict[str, Json]:
    """What of the sentence fits a field: names of the catalogue, one of the options, an id, something in quotes."""
    words = [word.strip(".-").lower() for word in _WORD.findall(text)]
    ids = _ID.findall(text)
    quoted = _QUOTED.findall(text)
    values: dict[str, Json] = {}
    for name, shape in found.input.model_json_schema().get("properties", {}).items():
        options = _options(shape)
        value: Json = None
        if name == "operation":
            value = next((each.name for each in registry if each.name in words), None)
        elif name == "environment":
            value = next((str(known) for word in words if (known := environment(word))), None)
        elif name == "service":
            value = next((service.name for word in words if (service := catalogue.resolve(word))), None)
        elif name in _PREFIXES:
            value = next((each for each in ids if each.startswith(_PREFIXES[name])), None)
        elif options:
            value = next((option for option in options if option.lower() in words), None)
        elif shape.get("type") == "string" and quoted:
            value = quoted.pop(0)
        if value is not None and (not options or value in options):
            values[name] = value
    return values


def _options(shape: Mapping[str, object]) -> list[str]:
    options = shape.get("enum")
    return [str(option) for option in options] if isinstance(options, list) else []


def _missing(found: AnyOperation, values: Mapping[str, Json]) -> list[str]:
    return [name for name, shape in found.input.model_fields.items() if shape.is_required() and name not in values]


def _needs(missing: list[str]) -> str:
    return f"it needs {' and '.join(name.replace('_', ' ') for name in missing)}"
