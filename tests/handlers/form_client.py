"""What Slack's judges and Slack's client do with a modal: refuse what breaks a limit, send back what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import slackblocks
from slack_sdk.models.blocks import Block, InputBlock
from slack_sdk.models.views import View

Json = dict[str, Any]

_PLAIN = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}


def judged(view: Json) -> Json:
    """Fails unless slack_sdk, slackblocks and the limits that neither of them knows take it."""
    model = View(**view)
    model.validate_json()
    for block in view["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None, block
        parsed.validate_json()
        if isinstance(parsed, InputBlock):
            assert not isinstance(parsed.element, str | None)
            parsed.element.validate_json()
        assert set(parsed.to_dict()) == set(block) or "optional" in block, (parsed.to_dict(), block)
    _slackblocks(view)
    _limits(view)
    return view


# ---------------------------------------------------------------- slackblocks


def _slackblocks(view: Json) -> None:
    blocks = [_block(block) for block in view["blocks"]]
    slackblocks.ModalView(
        title=view["title"]["text"],
        blocks=blocks,
        submit=view.get("submit", {}).get("text"),
        close=view.get("close", {}).get("text"),
        private_metadata=view.get("private_metadata"),
        callback_id=view.get("callback_id"),
    ).to_dict()


def _block(block: Json) -> Any:
    if block["type"] != "input":
        if block["type"] == "section":
            return slackblocks.SectionBlock.from_dict(block)
        if block["type"] == "context":
            return slackblocks.ContextBlock([slackblocks.Text.from_dict(each) for each in block["elements"]])
        if block["type"] == "actions":
            return slackblocks.ActionsBlock([_button(each) for each in block["elements"]])
        return slackblocks.DividerBlock()  # rich text, which slackblocks builds in another way
    hint = block.get("hint", {}).get("text")
    return slackblocks.InputBlock(
        label=block["label"]["text"],
        element=_element(block["element"]),
        block_id=block["block_id"],
        hint=hint,
        optional=block["optional"],
    )


def _button(element: Json) -> Any:
    return slackblocks.Button(element["text"]["text"], element["action_id"], value=element["value"])


def _element(element: Json) -> Any:
    given = {key: value for key, value in element.items() if key not in {"type", "placeholder"}}
    if "placeholder" in element:
        given["placeholder"] = element["placeholder"]["text"]
    for key in ("options", "initial_options"):
        if key in given:
            given[key] = [_option(each) for each in given[key]]
    if "initial_option" in given:
        given["initial_option"] = _option(given["initial_option"])
    if "initial_date_time" in given:
        given["initial_datetime"] = given.pop("initial_date_time")
    kinds = {
        "plain_text_input": slackblocks.PlainTextInput,
        "email_text_input": slackblocks.EmailInput,
        "url_text_input": slackblocks.URLInput,
        "number_input": slackblocks.NumberInput,
        "checkboxes": slackblocks.CheckboxGroup,
        "radio_buttons": slackblocks.RadioButtonGroup,
        "static_select": slackblocks.StaticSelectMenu,
        "external_select": slackblocks.ExternalSelectMenu,
        "multi_static_select": slackblocks.StaticMultiSelectMenu,
        "multi_external_select": slackblocks.ExternalMultiSelectMenu,
        "users_select": slackblocks.UserSelectMenu,
        "multi_users_select": slackblocks.UserMultiSelectMenu,
        "conversations_select": slackblocks.ConversationSelectMenu,
        "multi_conversations_select": slackblocks.ConversationMultiSelectMenu,
        "datepicker": slackblocks.DatePicker,
        "timepicker": slackblocks.TimePicker,
        "datetimepicker": slackblocks.DateTimePicker,
    }
    return kinds[element["type"]](**given)


def _option(option: Json) -> Any:
    return slackblocks.Option(slackblocks.PlainText(option["text"]["text"]), option["value"])


# ---------------------------------------------------------------- limits that neither of the two checks


def _limits(view: Json) -> None:
    ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
    assert len(ids) == len(set(ids))
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    assert not inputs or "submit" in view, "a modal with inputs needs a submit button"
    for text in _texts(view):
        assert text.strip(), "Slack takes no empty text"
    for block in inputs:
        _input_limits(block["element"])


def _texts(part: object) -> list[str]:
    if isinstance(part, Mapping):
        own = [str(part["text"])] if part.get("type") in {"plain_text", "mrkdwn"} else []
        return own + [text for value in part.values() for text in _texts(value)]
    return [text for value in part for text in _texts(value)] if isinstance(part, list) else []


def _input_limits(element: Json) -> None:
    options = element.get("options", [])
    values = [option["value"] for option in options]
    assert len(values) == len(set(values)), "two options with one value"
    assert all(0 < len(value) <= 150 for value in values)
    assert all(1 <= len(option["text"]["text"]) <= 75 for option in options)
    chosen = [
        *element.get("initial_options", []),
        *([element["initial_option"]] if "initial_option" in element else []),
    ]
    if not element["type"].endswith("external_select"):
        assert all(option in options for option in chosen), "an initial option must be one of the options"
    for option in chosen:
        assert 0 < len(option["value"]) <= 150
        assert len(option["text"]["text"]) <= 75
    match element["type"]:
        case "plain_text_input":
            text, most = element.get("initial_value", "x"), element.get("max_length", 3_000)
            assert 0 < len(text) <= most <= 3_000, "Slack refuses an initial value that is longer than the field"
            assert element.get("multiline") or "\n" not in text
        case "number_input":
            low, high, now = (element.get(key) for key in ("min_value", "max_value", "initial_value"))
            for number in (low, high, now):
                assert number is None or re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", number), number
            assert now is None or low is None or float(low) <= float(now)
            assert now is None or high is None or float(now) <= float(high)
            assert element["is_decimal_allowed"] or now is None or "." not in now
        case "checkboxes" | "radio_buttons":
            assert 1 <= len(options) <= 10
            assert "placeholder" not in element
        case "static_select" | "multi_static_select":
            assert 1 <= len(options) <= 100
        case "datetimepicker":
            assert 0 <= element.get("initial_date_time", 0) <= 9_999_999_999
            assert "placeholder" not in element
        case "datepicker":
            assert datetime.fromisoformat(element.get("initial_date", "2026-01-31"))


# ---------------------------------------------------------------- the client


def untouched(view: Json) -> Json:
    """The submission of somebody who changes nothing."""
    values = {
        block["block_id"]: {block["element"]["action_id"]: _state(block["element"])}
        for block in view["blocks"]
        if block["type"] == "input"
    }
    return {**view, "id": "V1", "state": {"values": values}}


def answered(view: Json, **answers: Json) -> Json:
    """The same, but for these fields, by name: the state of their elements."""
    sent = untouched(view)
    for name, state in answers.items():
        block = name if name in sent["state"]["values"] else f"field:{name}"
        assert block in sent["state"]["values"], sorted(sent["state"]["values"])
        ((action, before),) = sent["state"]["values"][block].items()
        sent["state"]["values"][block] = {action: {"type": before["type"], **state}}
    return sent


def field(view: Json, name: str) -> Json:
    """The input block of a field."""
    (found,) = [block for block in view["blocks"] if block.get("block_id") in {name, f"field:{name}"}]
    return dict(found)


def _state(element: Json) -> Json:
    kind = element["type"]
    if kind in _PLAIN:
        return {"type": kind, "value": element.get("initial_value")}
    if kind in {"radio_buttons", "static_select", "external_select"}:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in {"checkboxes", "multi_static_select", "multi_external_select"}:
        chosen = element.get("initial_options", [])
        if kind == "checkboxes":
            chosen = [option for option in element["options"] if option in chosen]
        return {"type": kind, "selected_options": chosen}
    named = {
        "users_select": "user",
        "multi_users_select": "users",
        "conversations_select": "conversation",
        "multi_conversations_select": "conversations",
        "datepicker": "date",
        "timepicker": "time",
        "datetimepicker": "date_time",
    }[kind]
    return {
        "type": kind,
        f"selected_{named}": element.get(f"initial_{named}", [] if kind.startswith("multi") else None),
    }
