"""What a sentence asks for, by rules: an operation named exactly, or one whose title and examples fit.

It never guesses a change: what would change something becomes a form that a person looks at and sends.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from bot.catalogue import Catalogue, environment
from bot.door.registry import AnyOperation, Registry
from bot.guard.risk import Risk
from bot.language.observing import observe
from bot.language.phrases import SURE, rank
from bot.ports import Json

NEAR: Final = 3
SAID: Final = 0.9
"""The score of a phrase that was said as it is known."""
_WORD: Final = re.compile(r"[\w.-]+")
_QUOTED: Final = re.compile(r"(?<!\w)[\"“”'‘’]([^\"“”'‘’]{1,200})[\"“”'‘’](?!\w)")
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
    score: float = 0.0
    """How well a known phrase fits."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a sentence is understood by: what there is, how metrics are called, and when and where it is said."""

    registry: Registry
    catalogue: Catalogue
    metrics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    timezone: str = "UTC"


def understand(text: str, known: Known) -> Meaning:
    """A wish to change something is heard before a question: "resize a disk" names a metric, and asks for none."""
    exact = _exact(text, known.registry) or _help(text, known.registry)
    if exact is not None:
        return exact
    phrase = _by_phrase(text, known.registry, known.catalogue)
    if phrase.score >= SAID and phrase.operation is not None and phrase.operation.risk is not Risk.READ:
        return phrase
    return _of_telemetry(text, known) or phrase


def _help(text: str, registry: Registry) -> Meaning | None:
    """`help with maintenance.drill`."""
    first, *rest = text.strip().lower().split() or [""]
    if first != "help" or not rest:
        return None
    names = {each.name: each for each in registry}
    asked = next((word.strip("?!.,") for word in rest if word.strip("?!.,") in names), None)
    return Meaning("run", names["help.show"], {"operation": asked}) if asked and "help.show" in names else None


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


def _of_telemetry(text: str, known: Known) -> Meaning | None:
    asked = observe(text, known.catalogue, known.metrics, known.now, known.timezone)
    found = next((each for each in known.registry if asked and each.name == asked.operation), None)
    return Meaning("run", found, asked.values) if asked and found and not _missing(found, asked.values) else None


def _by_phrase(text: str, registry: Registry, catalogue: Catalogue) -> Meaning:
    found = rank(_bare(text, catalogue), {each.name: (each.name, each.title, *each.examples) for each in registry})
    if not found or found[0].score < SURE:
        return Meaning("unsure", near=tuple(registry.get(match.name) for match in found[:NEAR]))
    chosen = registry.get(found[0].name)
    values = read_values(text, chosen, registry, catalogue)
    missing = _missing(chosen, values)
    score = found[0].score
    if chosen.risk is not Risk.READ:
        return Meaning("form", chosen, values, why="it changes something, so please look it over", score=score)
    if missing:
        return Meaning("form", chosen, values, why=_needs(missing), score=score)
    return Meaning("run", chosen, values, score=score)


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
