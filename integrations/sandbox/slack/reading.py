"""What a person reads on a message or a view, and how they find the button or the field that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.sandbox.slack import forms
from integrations.sandbox.slack.state import Message, View, Wire

_TEXTS = ("text", "title", "subtitle", "body", "label", "description", "hint", "alt_text", "details", "output")
_INSIDE = ("elements", "fields", "accessory", "element", "rows", "options", "actions", "tasks", "sources", "blocks")


def words(message: Message) -> str:
    """Everything that is to be read: text, blocks, and what was streamed."""
    parts = [] if message.blocks and not message.chunks else [message.text]
    parts.extend(_texts(message.blocks))
    parts.extend(_texts(message.chunks))
    return "\n".join(part for part in parts if part) or message.text


def view_words(view: View) -> str:
    named = [view.payload.get(name) for name in ("title", "submit", "close")]
    return "\n".join(_texts([*(one for one in named if one), *view.payload["blocks"]]))


def plain(text: Any) -> str:
    """The words of a text object, or of a bare string."""
    return str(text.get("text", "")) if isinstance(text, Mapping) else str(text or "")


def _texts(blocks: Any) -> Iterator[str]:
    if isinstance(blocks, str):
        yield blocks
    elif isinstance(blocks, Mapping):
        if blocks.get("type") == "rich_text_section" or str(blocks.get("type", "")).startswith("rich_text_"):
            inline = [one for one in blocks.get("elements", []) if isinstance(one, Mapping)]
            if all("elements" not in one for one in inline):
                yield "".join(_inline(one) for one in inline)
                return
        for name in _TEXTS:
            yield from _texts(blocks.get(name))
        for name in _INSIDE:
            yield from _texts(blocks.get(name))
    elif isinstance(blocks, Sequence):
        for block in blocks:
            yield from _texts(block)


def _inline(one: Mapping[str, Any]) -> str:
    match one.get("type"):
        case "user":
            return f"<@{one.get('user_id')}>"
        case "channel":
            return f"<#{one.get('channel_id')}>"
        case "emoji":
            return f":{one.get('name')}:"
        case "link":
            return str(one.get("text") or one.get("url", ""))
        case _:
            return str(one.get("text", ""))


# ---------------------------------------------------------------- finding


def button(blocks: Sequence[Wire], what: str) -> tuple[forms.Placed, Wire]:
    """The element with that action_id or words, and what a click on it gives."""
    for one in forms.placed(blocks):
        if one.action_id == what and one.element["type"] not in {"overflow", "feedback_buttons"}:
            return one, {}
        for shown, given in _clickable(one.element):
            if what in shown:
                return one, given
    there = ", ".join(repr(shown[0]) for one in forms.placed(blocks) for shown, _ in _clickable(one.element) if shown)
    raise forms.NotPossible(f"There is nothing to click called {what!r}; there is {there or 'nothing'}.")


def _clickable(element: Wire) -> Iterator[tuple[list[str], Wire]]:
    """What stands on it (and its names), and what clicking there gives."""
    match element["type"]:
        case "button" | "icon_button" | "workflow_button":
            yield _names(element), {}
        case "overflow":
            for option in element.get("options", []):
                yield [plain(option.get("text")), str(option.get("value", ""))], {"selected_option": option}
        case "feedback_buttons":
            for face in ("positive_button", "negative_button"):
                shown = element.get(face, {})
                yield [*_names(shown), face.partition("_")[0]], {"value": shown.get("value")}


def _names(element: Wire) -> list[str]:
    named = [plain(element.get("text")), str(element.get("accessibility_label", "")), str(element.get("value", ""))]
    return [name for name in named if name]


def field(blocks: Sequence[Wire], what: str) -> forms.Placed:
    """The input with that label, placeholder, block_id or action_id."""
    held = [one for one in forms.placed(blocks) if one.holds]
    for one in held:
        if what in {one.action_id, one.block_id, plain(one.block.get("label"))}:
            return one
    for one in held:
        if what in {plain(one.element.get("placeholder")), plain(one.block.get("text"))}:
            return one
    there = ", ".join(repr(plain(one.block.get("label")) or one.action_id) for one in held)
    raise forms.NotPossible(f"There is no field {what!r}; there is {there or 'none'}.")


def filled(one: forms.Placed, value: Any) -> Wire:
    """The state of a field after somebody put `value` in: an option may be named by what it shows."""
    assert one.holds is not None
    if one.holds in {"selected_option", "selected_options"}:
        wanted = value if isinstance(value, list | tuple | set | frozenset) else [value]
        value = [_option(one.element, each) for each in wanted]
        if one.holds == "selected_option":
            value = value[0] if value and value[0] is not None else None
    return forms.held(one, {one.holds: value})


def _option(element: Wire, wanted: Any) -> Any:
    if wanted is None or isinstance(wanted, Mapping):
        return wanted
    for option in forms.options_of(element):
        if wanted in {option.get("value"), plain(option.get("text"))}:
            return option
    shown = ", ".join(repr(plain(option.get("text"))) for option in forms.options_of(element))
    raise forms.NotPossible(f"There is no option {wanted!r}; there is {shown or 'none'}.")
