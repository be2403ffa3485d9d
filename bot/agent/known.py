"""What a sentence is understood by, and which values its words have for the fields of an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from bot.agent.filling import filled
from bot.agent.topics import Topic
from bot.catalogue import Catalogue, environment
from bot.door.registry import AnyOperation, Registry
from bot.language import brain
from bot.language.lexicon import Lexicon
from bot.language.understanding import Earlier, Understanding
from bot.ports import Json

WORD: Final = re.compile(r"[\w.-]+")
QUOTED: Final = re.compile(r"(?<!\w)[\"“”'‘’]([^\"“”'‘’]{1,200})[\"“”'‘’](?!\w)")
ID: Final = re.compile(r"\b(?:apr|run|dl|ans|wch|alr|sil)-[\w:-]+")
LIKELY: Final = 0.6
"""Confidence of a sentence that reads; below it, the likeliest are offered."""
PREFIXES: Final = {
    "approval": "apr-",
    "run": "run-",
    "letter": "dl-",
    "watch": "wch-",
    "alert": "alr-",
    "silence": "sil-",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What a sentence is understood by: what there is, how it is called, and when, where and after what it is said."""

    registry: Registry
    catalogue: Catalogue
    lexicon: Lexicon
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    timezone: str = "UTC"
    history: Sequence[Earlier] = ()
    topic: Topic = field(default_factory=Topic)
    addressed: bool = True
    """Whether it was said to us."""

    @property
    def names(self) -> Mapping[str, AnyOperation]:
        return {each.name: each for each in self.registry}

    def read(self, text: str) -> Understanding:
        """By itself, whatever was said before."""
        return brain.understand(text, self.lexicon, now=self.now, timezone=self.timezone)


def values_of(text: str, found: AnyOperation, understood: Understanding, known: Known) -> dict[str, Json]:
    """What was named; and what else fits a field: names of the catalogue, one of the options, an id, a quotation."""
    named = filled(found, understood, known.now, known.timezone).values
    words = [word.strip(".-").lower() for word in WORD.findall(text)]
    ids = ID.findall(text)
    quoted = [each for each in QUOTED.findall(text) if each not in named.values()]
    values = dict(named)
    for name, shape in found.input.model_json_schema().get("properties", {}).items():
        options = _options(shape)
        value: Json = None
        if name == "operation":
            value = next((each.name for each in known.registry if each.name in words), None)
        elif name == "environment":
            value = next((str(place) for word in words if (place := environment(word))), None)
        elif name == "service":
            value = next((service.name for word in words if (service := known.catalogue.resolve(word))), None)
        elif name in PREFIXES:
            value = next((each for each in ids if each.startswith(PREFIXES[name])), None)
        elif options:
            value = next((option for option in options if option.lower() in words), None)
        elif shape.get("type") == "string" and quoted:
            value = quoted.pop(0)
        if value is not None and (not options or value in options):
            values[name] = value
    return values


def with_topic(found: AnyOperation, values: Mapping[str, Json], known: Known) -> dict[str, Json]:
    """What it cannot do without, and nobody named, is what the thread is about."""
    about = known.topic.values
    return {**{name: about[name] for name in missing(found, values) if name in about}, **values}


def _options(shape: Mapping[str, object]) -> list[str]:
    options = shape.get("enum")
    return [str(option) for option in options] if isinstance(options, list) else []


def missing(found: AnyOperation, values: Mapping[str, Json]) -> list[str]:
    return [name for name, shape in found.input.model_fields.items() if shape.is_required() and name not in values]


def needs(lacks: list[str]) -> str:
    return f"it needs {' and '.join(name.replace('_', ' ') for name in lacks)}"
