"""The elements that a person fills: what they hold, what is given to them, and what Slack's client would not send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from integrations.sandbox.slack.state import Wire, Workspace

REQUIRED = "Please complete this required field."
LONGEST_TEXT = 3_000

# type → where its value is in the state, where it is given at first, and what an empty one is
_HOLDS: dict[str, tuple[str, str, Any]] = {
    "plain_text_input": ("value", "initial_value", None),
    "email_text_input": ("value", "initial_value", None),
    "url_text_input": ("value", "initial_value", None),
    "number_input": ("value", "initial_value", None),
    "rich_text_input": ("rich_text_value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "external_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "multi_static_select": ("selected_options", "initial_options", []),
    "multi_external_select": ("selected_options", "initial_options", []),
    "checkboxes": ("selected_options", "initial_options", []),
    "users_select": ("selected_user", "initial_user", None),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_users_select": ("selected_users", "initial_users", []),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", []),
    "multi_channels_select": ("selected_channels", "initial_channels", []),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
    "file_input": ("files", "", []),
}
_OPTION_KEYS = frozenset({"selected_option", "selected_options"})


class NotPossible(Exception):
    """Nobody could give that value in Slack's client."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An element and the block that it is in."""

    block: Wire
    element: Wire

    @property
    def block_id(self) -> str:
        return str(self.block.get("block_id", ""))

    @property
    def action_id(self) -> str:
        return str(self.element.get("action_id", ""))

    @property
    def holds(self) -> str | None:
        """The key of its value; None for what is only clicked."""
        held = _HOLDS.get(str(self.element.get("type")))
        return held[0] if held else None


def placed(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Placed]:
    """Everything that can be clicked or filled, top-down."""
    for block in blocks:
        inside = [block.get("element"), block.get("accessory"), *block.get("elements", [])]
        if block.get("type") == "card":
            inside.extend(block.get("actions", []))
        for element in inside:
            if isinstance(element, Mapping) and "action_id" in element:
                yield Placed(dict(block), dict(element))
        if block.get("type") == "carousel":
            yield from placed(block.get("elements", []))


def find(blocks: Sequence[Mapping[str, Any]], block_id: str, action_id: str) -> Placed:
    for one in placed(blocks):
        if one.action_id == action_id and block_id in {one.block_id, ""}:
            return one
    raise NotPossible(f"There is no {action_id!r} in block {block_id!r}.")


def initial(blocks: Sequence[Mapping[str, Any]]) -> Wire:
    """`state.values` before anybody touched anything."""
    values: Wire = {}
    for one in placed(blocks):
        held = _HOLDS.get(str(one.element.get("type")))
        if held is None:
            continue
        key, first, empty = held
        given = one.element.get(first, empty)
        if one.element["type"] == "number_input" and given is not None:
            given = str(given)
        values.setdefault(one.block_id, {})[one.action_id] = {"type": one.element["type"], key: given}
    return values


def held(one: Placed, given: Mapping[str, Any]) -> Wire:
    """The element's state after a person gave `given`: full options from bare values, and nothing impossible."""
    kind = str(one.element["type"])
    key, _, empty = _HOLDS[kind]
    value = given.get(key, given.get("value", empty) if key not in given else empty)
    if value in (None, "", []):
        return {"type": kind, key: empty}
    if key in _OPTION_KEYS:
        several = key == "selected_options"
        wanted = value if isinstance(value, list) else [value]
        options = [_option(one.element, each) for each in wanted]
        if several and len(options) > (most := int(one.element.get("max_selected_items", len(options)))):
            raise NotPossible(f"{len(options)} chosen; {one.action_id!r} takes at most {most}.")
        return {"type": kind, key: options if several else options[0]}
    if kind == "rich_text_input" and isinstance(value, str):
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
        value = {"type": "rich_text", "elements": [section]}
    if isinstance(empty, list) and not isinstance(value, list):
        value = [value]
    if kind == "datetimepicker":
        value = int(value)
    elif kind in {"datepicker", "timepicker"}:
        _check_moment(kind, str(value))
    elif key == "value":
        value = str(value)
    return {"type": kind, key: value}


def _check_moment(kind: str, value: str) -> None:
    try:
        ok = len(value) == len(date.fromisoformat(value).isoformat()) if kind == "datepicker" else len(value) == 5  # noqa: PLR2004
        if kind == "timepicker":
            time.fromisoformat(value)
    except ValueError:
        ok = False
    if not ok:
        raise NotPossible(f"{value!r} is no {'date' if kind == 'datepicker' else 'time of day'}.")


def options_of(element: Mapping[str, Any]) -> list[Wire]:
    groups = element.get("option_groups") or []
    return [*element.get("options", []), *(option for group in groups for option in group.get("options", []))]


def _option(element: Mapping[str, Any], given: Any) -> Wire:
    value = given.get("value") if isinstance(given, Mapping) else given
    for option in options_of(element):
        if option.get("value") == value:
            return {k: v for k, v in option.items() if k != "url"}
    if "external" in str(element["type"]) and isinstance(given, Mapping) and given.get("text"):
        return dict(given)
    raise NotPossible(f"There is no option {value!r} in {element.get('action_id')!r}.")


# ---------------------------------------------------------------- what Slack's client checks itself


def problems(workspace: Workspace, blocks: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, str]:
    """block_id → what the person is told, before anything is sent to the app."""
    found: dict[str, str] = {}
    for one in placed(blocks):
        if one.block.get("type") != "input" or one.holds is None:
            continue
        value = values.get(one.block_id, {}).get(one.action_id, {}).get(one.holds)
        if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
            if not one.block.get("optional"):
                found[one.block_id] = REQUIRED
        elif problem := _problem(workspace, one.element, value):
            found[one.block_id] = problem
    return found


def _problem(workspace: Workspace, element: Mapping[str, Any], value: Any) -> str | None:
    match element["type"]:
        case "plain_text_input":
            least, most = element.get("min_length", 0), element.get("max_length", LONGEST_TEXT)
            if len(value) < least:
                return f"Must be at least {least} characters long."
            if len(value) > most:
                return f"Must be at most {most} characters long."
        case "number_input":
            return _number_problem(element, value)
        case "email_text_input" if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            return "Please enter a valid email address."
        case "url_text_input" if not re.fullmatch(r"https?://[^\s/]+\S*", value):
            return "Please enter a valid URL."
        case "users_select" | "multi_users_select":
            wanted = value if isinstance(value, list) else [value]
            if any(person not in workspace.people for person in wanted):
                return "Please choose somebody of this workspace."
        case "file_input":
            return _file_problem(workspace, element, value)
    return None


def _number_problem(element: Mapping[str, Any], value: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Please enter a number." if element.get("is_decimal_allowed") else "Please enter a whole number."
    if (least := element.get("min_value")) is not None and float(value) < float(least):
        return f"Must be greater than or equal to {least}."
    if (most := element.get("max_value")) is not None and float(value) > float(most):
        return f"Must be less than or equal to {most}."
    return None


def _file_problem(workspace: Workspace, element: Mapping[str, Any], files: Sequence[Any]) -> str | None:
    if len(files) > int(element.get("max_files", 10)):
        return f"Please choose at most {element.get('max_files', 10)} files."
    for given in files:
        file = workspace.files.get(str(given.get("id") if isinstance(given, Mapping) else given))
        if file is None:
            return "Please upload the file again."
        if (kinds := element.get("filetypes")) and file.filetype not in kinds:
            return f"{file.name} is not of a kind that can be taken here ({', '.join(kinds)})."
    return None
