"""How one value is asked for in a form, and what its answer means: what each widget writes, it also reads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum
from functools import cached_property
from typing import Final, Literal, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.door.intake import shown
from bot.ports import Json
from handlers.present.blocks import words
from handlers.present.message import Block

State = Mapping[str, object]

MOST_TITLE: Final = 24
MOST_TEXT: Final = 3_000
MOST_OPTIONS: Final = 100
MOST_RADIOS: Final = 5
MOST_CHECKBOXES: Final = 10
MOST_OPTION_TEXT: Final = 75
MOST_OPTION_VALUE: Final = 150
MOST_PLACEHOLDER: Final = 150
UTC: Final = ZoneInfo("UTC")
AGAIN: Final = "Open the form again."
NOT_SET: Final = "(not set)"


class Blank(Enum):
    """No value at all, where None would be one."""

    BLANK = ""


BLANK: Final = Blank.BLANK
Maybe = Json | Blank


class Unshown(Exception):
    """This value cannot stand in the form; the message says why."""


class Unread(Exception):
    """This answer means nothing; `said` is what was answered."""

    def __init__(self, said: object, why: str, mend: str) -> None:
        super().__init__(why)
        self.said, self.why, self.mend = said, why, mend


@dataclass(frozen=True, slots=True)
class Looks:
    """What shapes an element beside its value. Every element has the same action id: there is one in a block."""

    zone: ZoneInfo = UTC
    placeholder: str = ""

    def element(self, kind: str, **more: object) -> Block:
        made: Block = {"type": kind, "action_id": ACTION}
        if self.placeholder and kind not in {"checkboxes", "radio_buttons", "datetimepicker"}:
            made["placeholder"] = words(self.placeholder, MOST_PLACEHOLDER)
        return {**made, **{name: value for name, value in more.items() if value is not None}}


class Widget(Protocol):
    """Writes a value as an element, and reads the state that a client sends for it."""

    @property
    def tip(self) -> str:
        """How to fill it in, where that is not plain to see."""
        ...

    def element(self, value: Maybe, looks: Looks) -> Block:
        """Raises Unshown."""
        ...

    def read(self, state: State, zone: ZoneInfo) -> Maybe:
        """Raises Unread; BLANK is an empty answer."""
        ...


ACTION: Final = "value"


def cut(text: str, most: int) -> str:
    """At a word where one ends near, and visibly."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    whole = kept if text[most - 1].isspace() else kept.rpartition(" ")[0]
    return f"{(whole if len(whole) > most // 2 else kept).rstrip()}…"


def zone(name: str) -> ZoneInfo:
    """UTC where the name means nothing."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def said(state: State, **keys: str) -> object:
    """What the state of an element of one of these kinds says, under the key that goes with the kind."""
    kind = state.get("type")
    if not isinstance(kind, str) or kind not in keys:
        raise Unread(kind, "is an answer of another kind than was asked for", AGAIN)
    return state.get(keys[kind])


def text_of(state: State, *kinds: str) -> str | Blank:
    """What was typed."""
    found = said(state, **dict.fromkeys(kinds, "value"))
    if found is None or found == "":
        return BLANK
    if not isinstance(found, str):
        raise Unread(found, "is no text", AGAIN)
    return found.replace("\r\n", "\n")


def same(one: object, other: object) -> bool:
    """1, 1.0 and True are three values here."""
    return type(one) is type(other) and one == other


# ---------------------------------------------------------------- yes or no


@dataclass(frozen=True, slots=True)
class Flag:
    """One box to tick."""

    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        if not isinstance(value, bool | Blank | None):
            raise Unshown(f"{shown(value)} is neither yes nor no")
        yes = {"text": words("Yes"), "value": "yes"}
        return looks.element("checkboxes", options=[yes], initial_options=[yes] if value is True else None)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        ticked = _options(said(state, checkboxes="selected_options"))
        if ticked not in ([], ["yes"]):
            raise Unread(ticked, "is no answer to yes or no", AGAIN)
        return bool(ticked)


# ---------------------------------------------------------------- one or several of a list


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose; `names` are what people may call it instead."""

    value: Json
    label: str
    names: tuple[str, ...] = ()

    @classmethod
    def plain(cls, value: Json) -> Choice:
        if value is None:
            return cls(None, NOT_SET)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return cls(value, text if text.strip() else shown(text))


@dataclass(frozen=True)
class _Listed:
    """The choices, and the short texts by which they travel."""

    choices: tuple[Choice, ...]
    about: Literal["", "service", "environment", "operation"] = ""
    tip: str = ""

    def only(self, values: Sequence[Json]) -> Self:
        kept = tuple(choice for choice in self.choices if choice.value is None or choice.value in values)
        return replace(self, choices=kept)

    @property
    def external(self) -> bool:
        """Loaded as people type."""
        return len(self.choices) > MOST_OPTIONS

    def options(self, typed: str) -> list[Block]:
        """What fits the letters typed so far; the likeliest first."""
        sought = typed.strip().casefold()
        ranked: list[tuple[int, int, Choice]] = []
        for place, choice in enumerate(self.choices):
            names = [name.casefold() for name in (choice.label, *choice.names)]
            if any(name.startswith(sought) for name in names):
                ranked.append((0, place, choice))
            elif any(sought in name for name in names):
                ranked.append((1, place, choice))
        found = [choice for _, _, choice in sorted(ranked, key=lambda each: each[:2])]
        return [self.option(choice) for choice in (found or self._near(typed))[:MOST_OPTIONS]]

    def option(self, choice: Choice) -> Block:
        return {"text": words(choice.label, MOST_OPTION_TEXT), "value": self._keys[self.choices.index(choice)]}

    def chosen(self, key: str) -> Json:
        if key in self._keys:
            return self.choices[self._keys.index(key)].value
        raise Unread(key, "is not among the choices any more", "Choose again.")

    def meant(self, value: Json) -> Choice:
        """By the value, else by a name that people use for it."""
        for choice in self.choices:
            if same(choice.value, value):
                return choice
        if isinstance(value, str):
            for choice in self.choices:
                if _folded(value) in map(_folded, (choice.label, *choice.names)):
                    return choice
        near = [choice.label for choice in self._near(str(value))] if isinstance(value, str) else []
        raise Unshown(f"{shown(value)} is not among the choices" + (f" (near it: {near[0]})" if near else ""))

    def _near(self, typed: str) -> list[Choice]:
        names = {_folded(name): choice for choice in self.choices for name in (choice.label, *choice.names)}
        near = get_close_matches(_folded(typed[:MOST_OPTION_VALUE]), names, n=5)
        return list({id(names[name]): names[name] for name in near}.values())

    @cached_property
    def _keys(self) -> list[str]:
        """Texts stand for themselves; where that would not fit or not be clear, all get a fingerprint."""
        spelled = [json.dumps(choice.value) for choice in self.choices]
        keys = [
            choice.value if isinstance(choice.value, str) and choice.value else text
            for choice, text in zip(self.choices, spelled, strict=True)
        ]
        if len(set(keys)) == len(keys) and all(0 < len(key) <= MOST_OPTION_VALUE for key in keys):
            return keys
        return [hashlib.sha256(text.encode()).hexdigest()[:32] for text in spelled]


@dataclass(frozen=True)
class Pick(_Listed):
    """One of a list: buttons, a menu, or a menu that loads."""

    def element(self, value: Maybe, looks: Looks) -> Block:
        unset = value is None and all(choice.value is not None for choice in self.choices)
        initial = None if unset or isinstance(value, Blank) else self.option(self.meant(value))
        if self.external:
            return looks.element("external_select", min_query_length=0, initial_option=initial)
        kind = "radio_buttons" if len(self.choices) <= MOST_RADIOS else "static_select"
        return looks.element(kind, options=[self.option(each) for each in self.choices], initial_option=initial)

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        kinds = ("radio_buttons", "static_select", "external_select")
        option = said(state, **dict.fromkeys(kinds, "selected_option"))
        return BLANK if option is None else self.chosen(_options([option])[0])


@dataclass(frozen=True)
class Picks(_Listed):
    """Several of a list."""

    most: int | None = None
    distinct: bool = False

    def element(self, value: Maybe, looks: Looks) -> Block:
        values = _listed(value)
        initial = [self.option(self.meant(each)) for each in values]
        if len({option["value"] for option in initial}) < len(initial):
            raise Unshown(f"{shown(value)} names something twice")
        if self.most and len(initial) > self.most:
            raise Unshown(f"{shown(value)} is more than {self.most}")
        if self.external:
            return looks.element(
                "multi_external_select",
                min_query_length=0,
                initial_options=initial or None,
                max_selected_items=self.most or None,
            )
        options = [self.option(each) for each in self.choices]
        # Boxes come back in the order of the list, which only a set does not mind.
        if self.distinct and len(options) <= MOST_CHECKBOXES:
            return looks.element("checkboxes", options=options, initial_options=initial or None)
        return looks.element(
            "multi_static_select",
            options=options,
            initial_options=initial or None,
            max_selected_items=self.most or None,
        )

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        kinds = ("checkboxes", "multi_static_select", "multi_external_select")
        keys = _options(said(state, **dict.fromkeys(kinds, "selected_options")))
        return [self.chosen(key) for key in keys] or BLANK


# ---------------------------------------------------------------- people and channels

_IDS: Final = {"user": re.compile(r"[UW][A-Z0-9]{1,30}"), "conversation": re.compile(r"[CDG][A-Z0-9]{1,30}")}


@dataclass(frozen=True, slots=True)
class Slacks:
    """Somebody, or some channel, that Slack itself lists; by its id."""

    kind: Literal["user", "conversation"]
    many: bool = False
    tip: str = ""

    def element(self, value: Maybe, looks: Looks) -> Block:
        if value == "":
            value = BLANK
        ids = _listed(value) if self.many or isinstance(value, Blank | None) else [value]
        for each in ids:
            if not isinstance(each, str) or not _IDS[self.kind].fullmatch(each):
                raise Unshown(f"{shown(each)} is no {self.kind} that Slack knows")
        if self.many:
            return looks.element(f"multi_{self.kind}s_select", **{f"initial_{self.kind}s": ids or None})
        return looks.element(f"{self.kind}s_select", **{f"initial_{self.kind}": ids[0] if ids else None})

    def read(self, state: State, zone: ZoneInfo) -> Maybe:  # noqa: ARG002  others need it
        if self.many:
            found = said(state, **{f"multi_{self.kind}s_select": f"selected_{self.kind}s"})
        else:
            one = said(state, **{f"{self.kind}s_select": f"selected_{self.kind}"})
            found = [] if one is None else [one]
        ids: list[Json] = []
        for each in found if isinstance(found, list) else [found] if found is not None else []:
            if not isinstance(each, str) or not _IDS[self.kind].fullmatch(each):
                raise Unread(each, f"is no {self.kind} that Slack knows", "Choose again.")
            ids.append(each)
        return BLANK if not ids else ids if self.many else ids[0]


def _listed(value: Maybe) -> list[Json]:
    if value is BLANK or value is None:
        return []
    if not isinstance(value, list):
        raise Unshown(f"{shown(value)} is no list")
    return value


def _options(found: object) -> list[str]:
    """The keys of the options in a state."""
    if found is None:
        return []
    keys = [each.get("value") for each in found if isinstance(each, Mapping)] if isinstance(found, list) else [None]
    if not isinstance(found, list) or len(keys) != len(found) or not all(isinstance(key, str) for key in keys):
        raise Unread(found, "is no option of this form", AGAIN)
    return [key for key in keys if isinstance(key, str)]


def _folded(name: str) -> str:
    """What names are compared by, as in the catalogue."""
    return re.sub(r"[\s_-]+", "-", name.strip().casefold())
