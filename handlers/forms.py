"""Any operation's input as a form, filled in as far as is known; and the one way back from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import to_jsonable_python

from bot.catalogue import ENVIRONMENTS, Catalogue
from bot.door.intake import shown
from bot.door.outcomes import Problem
from bot.door.registry import AnyOperation, Registry
from bot.errors import InvalidInput, NotFound
from bot.guard.people import Identity
from bot.guard.redaction import Redactor
from bot.guard.risk import Risk
from bot.guard.roles import RoleBook
from bot.ports import Json
from handlers.form_asks import ask_view, feedback_view, read_ask, read_feedback
from handlers.form_fields import Field, Fields
from handlers.form_reading import WHY, Carried, Errors, Place, Reading, Submission, response, unreadable
from handlers.form_texts import typed
from handlers.form_views import loading, named, paged, told
from handlers.present.blocks import modal, words
from handlers.present.message import Block, View
from handlers.widgets import AGAIN, BLANK, Looks, Pick, Picks, Unshown, cut, zone

__all__ = [
    "Errors",
    "FormScene",
    "Forms",
    "Place",
    "Submission",
    "ask_view",
    "feedback_view",
    "loading",
    "paged",
    "read_ask",
    "read_feedback",
    "response",
    "told",
]

FORM: Final = "form"
MORE: Final = "more"
"""The button that shows the other fields, and the block that it stands in."""
MOST_BLOCKS: Final = 100
MOST_HINT: Final = 2_000
MOST_METADATA: Final = 3_000
MOST_CARRIED: Final = 1_500
MOST_PROBLEMS: Final = 5
_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINE_END: Final = re.compile(r"(?<!\n)\n(?![\n*-])\s*")
"""In the middle of a paragraph."""


@dataclass(frozen=True, slots=True)
class FormScene:
    """Who fills it in, where the answer belongs, and what is known already.

    The same `key` is the same request, however often it is sent. `problems` are what the door found wrong before.
    """

    timezone: str = "UTC"
    channel: str = ""
    thread: str = ""
    answer: str = ""
    key: str = ""
    viewer: Identity | None = None
    why: str = ""
    problems: Sequence[Problem] = ()
    would: str = ""
    """What comes of it as it is filled in, where the operation can say so before."""


class Forms:
    """Makes and reads the forms of all operations."""

    def __init__(self, registry: Registry, catalogue: Catalogue, roles: RoleBook, redactor: Redactor) -> None:
        self._registry = registry
        self._catalogue = catalogue
        self._roles = roles
        self._redactor = redactor
        self._fields = Fields(registry, catalogue, redactor)

    def operation(self, name: str) -> AnyOperation:
        """Raises NotFound."""
        return self._registry.get(name)

    # ------------------------------------------------------------ making one

    def form(self, operation: str, values: Mapping[str, object], scene: FormScene) -> View:
        """Raises NotFound. Filled in as far as is known; whatever could not be filled in is said at its field."""
        found = self.operation(operation)
        fields = self._offered(found, scene.viewer)
        known = {name: _jsonable(value) for name, value in values.items()}
        would = [_said(scene.would)] if scene.would else []
        head = [*would, _small(_about(found)), *self._mend_first(scene.problems)]
        if unknown := [name for name in known if name not in {each.name for each in fields}]:
            head.append(_small(f"Left out, for this takes no such values: {', '.join(map(shown, unknown))}."))
        if not fields:
            head.append(_said("It takes no values."))
        asked = _asked(fields, known, scene.problems)
        folded = len(asked) < len(fields)
        gated = found.risk is not Risk.READ and not found.about_gate
        shown_fields, hidden = _fitting(asked, MOST_BLOCKS - len(head) - 1 - gated - folded)
        kept = {each.name: known[each.name] for each in hidden if each.name in known and not each.secret}
        lost = len(json.dumps(kept)) > MOST_CARRIED
        if hidden:
            head.append(_small(_about_hidden(hidden, kept, lost=lost)))
        looks = Looks(zone(scene.timezone))
        blocks = [*head, *(self._input(each, known, looks) for each in shown_fields)]
        if folded:
            blocks.append(_more(len(fields) - len(asked)))
        if gated:
            blocks.append(self._why(found, scene.why))
        carried = Carried(
            operation=found.name,
            channel=scene.channel,
            thread=scene.thread,
            answer=scene.answer,
            key=scene.key,
            timezone=looks.zone.key,
            values={} if lost else kept,
        )
        metadata = carried.model_dump_json(exclude_defaults=True)
        if len(metadata) > MOST_METADATA:
            raise InvalidInput(
                f"a form would have to carry {len(metadata):,} characters, Slack allows {MOST_METADATA:,}"
            )
        submit = "Ask to run" if found.risk is Risk.DESTRUCTIVE else "Run"
        return modal(named(found.title), blocks, callback=FORM, metadata=metadata, submit=submit)

    def unfolded(self, view: Mapping[str, Any], viewer: Identity | None = None) -> View:
        """The same window with the fields that it left out at first, where the button was.

        What was typed stays: the other blocks go back as they came, and Slack keeps what stands in them by their ids.
        """
        carried = Carried.by(view)
        if carried is None:
            raise InvalidInput("this form cannot be read", mend=AGAIN)
        blocks: list[Block] = list(view["blocks"])
        ids = [block.get("block_id") for block in blocks]
        if MORE in ids:
            looks, at = Looks(zone(carried.timezone)), ids.index(MORE)
            rest = [each for each in self._offered(self.operation(carried.operation), viewer) if each.aside]
            rest = [each for each in rest if each.block not in ids][: MOST_BLOCKS - len(blocks) + 1]
            blocks[at : at + 1] = [self._input(each, {}, looks) for each in rest]
        kept = {name: view[name] for name in ("title", "close", "submit", "callback_id", "private_metadata")}
        return {"type": "modal", **kept, "blocks": blocks}

    def _offered(self, operation: AnyOperation, viewer: Identity | None) -> list[Field]:
        """With only those services and environments that the person's roles allow; the door decides all the same."""
        fields = list(self._fields.of(operation))
        if viewer is None:
            return fields
        has_environment, has_service = operation.scoped
        environments = [*ENVIRONMENTS] if has_environment else [None]
        services = [each.name for each in self._catalogue.services] if has_service else [None]
        allowed = [
            (environment, service)
            for environment in environments
            for service in services
            if self._roles.may(viewer.roles, operation.permission, environment, service)
        ]
        for number, each in enumerate(fields):
            widget = each.widget
            if not allowed or each.name not in {"environment", "service"} or not isinstance(widget, Pick | Picks):
                continue
            mine = {pair[each.name == "service"] for pair in allowed}
            everything = set(environments if each.name == "environment" else services)
            kept = [choice.value for choice in widget.choices if choice.value in mine or choice.value not in everything]
            if len(kept) < len(widget.choices) and any(value is not None for value in kept):
                hint = f"{each.hint} Only what your roles allow is offered.".strip()
                fields[number] = replace(each, widget=widget.only(kept), hint=hint)
        return fields

    def _input(self, each: Field, known: Mapping[str, Json], looks: Looks) -> Block:
        looks = replace(looks, placeholder=each.placeholder)
        element, note = self._element(each, known, looks)
        hint = " ".join(part for part in (note, each.hint) if part)
        block: Block = {
            "type": "input",
            "block_id": each.block,
            "label": words(each.label, 150),
            "element": element,
            "optional": each.optional,
        }
        return {**block, "hint": words(hint, MOST_HINT)} if hint else block

    def _element(self, each: Field, known: Mapping[str, Json], looks: Looks) -> tuple[Block, str]:
        """With the value where it can stand there, and else with a note of why not."""
        if each.name not in known:
            try:
                return each.widget.element(each.default, looks), ""
            except Unshown:  # not offered to this person
                return each.widget.element(BLANK, looks), ""
        value = known[each.name]
        if each.secret or self._redactor.value({each.name: value}) != {each.name: value}:
            return each.widget.element(BLANK, looks), "What you gave looks like a secret, and is not put into forms."
        try:
            return each.widget.element(value, looks), ""
        except Unshown as error:
            why = str(error)
        try:
            return each.widget.element(each.canonical(value), looks), ""
        except (Unshown, ValueError):
            blank = each.widget.element(BLANK, looks)
            return blank, f"The value so far is not filled in: {self._redactor.text(why)}."

    def _why(self, operation: AnyOperation, why: str) -> Block:
        hint = (
            "Those who approve it read this." if operation.risk is Risk.DESTRUCTIVE else "Kept with the record of it."
        )
        try:
            element = typed(self._redactor.text(why), Looks(), multiline=True)
        except Unshown as error:
            element, hint = typed("", Looks(), multiline=True), f"The reason so far is not filled in: {error}. {hint}"
        return {
            "type": "input",
            "block_id": WHY,
            "label": words("Why"),
            "element": element,
            "optional": True,
            "hint": words(hint, MOST_HINT),
        }

    def _mend_first(self, problems: Sequence[Problem]) -> list[Block]:
        if not problems:
            return []
        lines = [f"• {cut(str(problem), 400)}" for problem in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            lines.append(f"… {len(problems) - MOST_PROBLEMS} more")
        return [_said("\n".join(["Please mend this:", *lines]))]

    # ------------------------------------------------------------ menus that load

    def options(self, payload: Mapping[str, object], viewer: Identity | None = None) -> dict[str, Any]:
        """The answer to a `block_suggestion`; nothing where the question makes no sense."""
        view, letters = payload.get("view"), payload.get("value")
        carried = Carried.by(view) if isinstance(view, Mapping) else None
        if carried is None or not isinstance(letters, str):
            return {"options": []}
        return {"options": self.choices(carried.operation, str(payload.get("block_id")), letters, viewer)}

    def choices(self, operation: str, block: str, letters: str, viewer: Identity | None = None) -> list[Block]:
        """What one menu offers for the letters typed so far."""
        try:
            fields = self._offered(self._registry.get(operation), viewer)
        except NotFound:
            return []
        menus = [each.widget for each in fields if each.block == block]
        return menus[0].options(letters) if menus and isinstance(menus[0], Pick | Picks) else []

    # ------------------------------------------------------------ reading one

    def read(self, view: Mapping[str, object]) -> Submission | Errors:
        """The values as the door takes them, or what is wrong and where."""
        carried = Carried.by(view)
        if carried is None:
            return unreadable(view, Problem("form", "", "this form cannot be read", AGAIN))
        try:
            operation = self._registry.get(carried.operation)
        except NotFound as error:
            return unreadable(view, Problem("form", "", error.message, error.mend))
        return Reading(operation, self._fields.of(operation), carried, self._redactor, view).result()


def _jsonable(value: object) -> Json:
    found: Json = to_jsonable_python(value, fallback=str)
    return found


def _about(operation: AnyOperation) -> str:
    risk = {
        Risk.READ: "",
        Risk.WRITE: "It changes something.",
        Risk.DESTRUCTIVE: "It cannot simply be taken back: somebody else has to agree first.",
    }[operation.risk]
    summary = _LINE_END.sub(" ", _CODE.sub(r"“\1”", operation.summary))
    return f"{cut(summary, 2_000)} {risk}".strip()


def _asked(fields: Sequence[Field], known: Mapping[str, Json], problems: Sequence[Problem]) -> list[Field]:
    """What matters, and whatever has a value or a mistake in it; all of them, where that makes it no shorter."""
    wrong = {problem.field.partition(".")[0].partition("[")[0] for problem in problems}
    asked = [each for each in fields if not each.aside or each.name in known or each.name in wrong]
    return asked if len(asked) < len(fields) - 1 else list(fields)


def _more(count: int) -> Block:
    element = {"type": "button", "action_id": MORE, "text": words("More…"), "value": MORE}
    return {
        "type": "actions",
        "block_id": MORE,
        "elements": [element | {"accessibility_label": f"More… ({count} fields)"}],
    }


def _fitting(fields: Sequence[Field], room: int) -> tuple[list[Field], list[Field]]:
    """Those that are needed first, where not all fit."""
    if len(fields) <= room + 1:  # the note about hidden ones is not needed then
        return list(fields), []
    ranked = sorted(fields, key=lambda each: each.optional)
    kept = {each.name for each in ranked[:room]}
    return [each for each in fields if each.name in kept], [each for each in fields if each.name not in kept]


def _about_hidden(hidden: Sequence[Field], carried: Mapping[str, Json], *, lost: bool) -> str:
    names = ", ".join(each.name for each in hidden)
    text = f"{len(hidden)} more fields do not fit here, and keep what they are unless you say them in words: {names}."
    if lost and carried:
        text = f"The values of {', '.join(carried)} are too long to be kept here; say them in words. {text}"
    return cut(text, 2_900)


def _small(text: str) -> Block:
    return {"type": "context", "elements": [words(text, MOST_HINT)]}


def _said(text: str) -> Block:
    """Plain: what it quotes comes from outside."""
    return {"type": "section", "text": words(text)}
