"""What stands inside blocks: texts, options, confirm dialogs, buttons, menus, inputs, images; and which goes where."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.slack.grammar import (
    Check,
    Complaints,
    array,
    boolean,
    complain,
    exactly_one,
    integer,
    one_by_type,
    string,
    thing,
)

URL = string(3_000, pattern=r"(https?|mailto|slack)://?\S+|mailto:\S+", form="a URL")
IMAGE_URL = string(3_000, pattern=r"https?://\S+", form="a URL")
ACTION_ID = string(255)
ALT_TEXT = string(2_000)


# ---------------------------------------------------------------- texts


def plain(most: int = 3_000) -> Check:
    return thing({"type": string(one_of={"plain_text"}), "text": string(most)}, {"emoji": boolean})


def mrkdwn(most: int = 3_000) -> Check:
    return thing({"type": string(one_of={"mrkdwn"}), "text": string(most)}, {"verbatim": boolean})


def text(most: int = 3_000) -> Check:
    return one_by_type({"plain_text": plain(most), "mrkdwn": mrkdwn(most)})


# ---------------------------------------------------------------- objects

CONFIRM = thing(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": string(one_of={"primary", "danger"})},
)
SLACK_FILE = thing({}, {"id": string(), "url": string(3_000)}, exactly_one("id", "url"))
DISPATCH = thing(
    {"trigger_actions_on": array(string(one_of={"on_enter_pressed", "on_character_entered"}), 2)},
    {},
)
FILTER = thing(
    {},
    {
        "include": array(string(one_of={"im", "mpim", "private", "public"})),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def option(label: Check, **more: Check) -> Check:
    return thing({"text": label, "value": string(150)}, {"description": plain(75), **more})


MENU_OPTION = option(plain(75))
BOX_OPTION = thing({"text": text(75), "value": string(150)}, {"description": text(75)})
GROUP = thing({"label": plain(75), "options": array(MENU_OPTION, 100)}, {})


def _among_options(value: Any, at: str, complaints: Complaints) -> None:
    """What is chosen at first has to be on offer, word by word."""
    offered = [
        *value.get("options", ()),
        *(one for group in value.get("option_groups", ()) for one in group.get("options", ())),
    ]
    known = [(one["value"], one["text"]["text"]) for one in offered]
    if len({name for name, _ in known}) != len(known):
        complain(complaints, "option values must be unique", at)
    chosen = [*value.get("initial_options", ()), *([value["initial_option"]] if "initial_option" in value else [])]
    for one in chosen:
        if (one["value"], one["text"]["text"]) not in known:
            where = "initial_option" if "initial_option" in value else "initial_options"
            complain(complaints, f"must be one of the provided options; found `{one['value']}`", f"{at}/{where}")


# ---------------------------------------------------------------- interactive elements


def _acting(kind: str, required: dict[str, Check], optional: dict[str, Check], *also: Check) -> Check:
    return thing({"type": string(one_of={kind}), **required}, {"action_id": ACTION_ID, **optional}, *also)


def _asking(kind: str, required: dict[str, Check], optional: dict[str, Check], *also: Check) -> Check:
    """An element that holds a value."""
    shared: dict[str, Check] = {"focus_on_load": boolean}
    if kind not in {"checkboxes", "radio_buttons", "file_input"}:
        shared["placeholder"] = plain(150)
    return _acting(kind, required, {**shared, **optional}, *also)


def _between(low: str, high: str) -> Check:
    def check(value: Any, at: str, complaints: Complaints) -> None:
        try:
            wrong = low in value and high in value and float(value[low]) > float(value[high])
        except (TypeError, ValueError):
            return
        if wrong:
            complain(complaints, f"{low} must not be above {high}", at)

    return check


def _long_enough(value: Any, at: str, complaints: Complaints) -> None:
    initial = value.get("initial_value", "")
    if initial and not value.get("min_length", 0) <= len(initial) <= value.get("max_length", 3_000):
        complain(complaints, "initial_value must be between min_length and max_length", f"{at}/initial_value")


_DATE = string(pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", form="the format YYYY-MM-DD")
_TIME = string(pattern=r"([01]\d|2[0-3]):[0-5]\d", form="the format HH:mm")
_NUMBER = string(pattern=r"-?\d+(\.\d+)?", form="a number")
_STYLE = string(one_of={"primary", "danger"})
_CHOICE: dict[str, Check] = {
    "confirm": CONFIRM,
    "options": array(MENU_OPTION, 100),
    "option_groups": array(GROUP, 100),
}
_SEVERAL: dict[str, Check] = {"max_selected_items": integer(1), "confirm": CONFIRM}
_QUERY: dict[str, Check] = {"min_query_length": integer(0), "confirm": CONFIRM}
_FEEDBACK = thing({"text": plain(75), "value": string(2_000)}, {"accessibility_label": string(75)})

BUTTON = _acting(
    "button",
    {"text": plain(75)},
    {
        "url": URL,
        "value": string(2_000, least=0),
        "style": _STYLE,
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
OVERFLOW = _acting("overflow", {"options": array(option(plain(75), url=URL), 5)}, {"confirm": CONFIRM}, _among_options)
DATEPICKER = _asking("datepicker", {}, {"initial_date": _DATE, "confirm": CONFIRM})
TIMEPICKER = _asking("timepicker", {}, {"initial_time": _TIME, "timezone": string(), "confirm": CONFIRM})
DATETIMEPICKER = _acting(
    "datetimepicker",
    {},
    {"initial_date_time": integer(1_000_000_000, 9_999_999_999), "confirm": CONFIRM, "focus_on_load": boolean},
)
CHECKBOXES = _asking(
    "checkboxes",
    {"options": array(BOX_OPTION, 10)},
    {"initial_options": array(BOX_OPTION, 10), "confirm": CONFIRM},
    _among_options,
)
RADIO_BUTTONS = _asking(
    "radio_buttons",
    {"options": array(BOX_OPTION, 10)},
    {"initial_option": BOX_OPTION, "confirm": CONFIRM},
    _among_options,
)
SELECTS: dict[str, Check] = {
    "static_select": _asking(
        "static_select",
        {},
        {**_CHOICE, "initial_option": MENU_OPTION},
        exactly_one("options", "option_groups"),
        _among_options,
    ),
    "external_select": _asking("external_select", {}, {**_QUERY, "initial_option": MENU_OPTION}),
    "users_select": _asking("users_select", {}, {"initial_user": string(), "confirm": CONFIRM}),
    "conversations_select": _asking(
        "conversations_select",
        {},
        {
            "initial_conversation": string(),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": FILTER,
            "confirm": CONFIRM,
        },
    ),
    "channels_select": _asking(
        "channels_select",
        {},
        {"initial_channel": string(), "response_url_enabled": boolean, "confirm": CONFIRM},
    ),
}
MULTI_SELECTS: dict[str, Check] = {
    "multi_static_select": _asking(
        "multi_static_select",
        {},
        {**_CHOICE, **_SEVERAL, "initial_options": array(MENU_OPTION, 100)},
        exactly_one("options", "option_groups"),
        _among_options,
    ),
    "multi_external_select": _asking(
        "multi_external_select", {}, {**_QUERY, **_SEVERAL, "initial_options": array(MENU_OPTION, 100)}
    ),
    "multi_users_select": _asking("multi_users_select", {}, {**_SEVERAL, "initial_users": array(string())}),
    "multi_conversations_select": _asking(
        "multi_conversations_select",
        {},
        {
            **_SEVERAL,
            "initial_conversations": array(string()),
            "default_to_current_conversation": boolean,
            "filter": FILTER,
        },
    ),
    "multi_channels_select": _asking("multi_channels_select", {}, {**_SEVERAL, "initial_channels": array(string())}),
}
TYPED: dict[str, Check] = {
    "plain_text_input": _asking(
        "plain_text_input",
        {},
        {
            "initial_value": string(3_000, least=0),
            "multiline": boolean,
            "min_length": integer(0, 3_000),
            "max_length": integer(1, 3_000),
            "dispatch_action_config": DISPATCH,
        },
        _between("min_length", "max_length"),
        _long_enough,
    ),
    "number_input": _asking(
        "number_input",
        {"is_decimal_allowed": boolean},
        {"initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER, "dispatch_action_config": DISPATCH},
        _between("min_value", "max_value"),
        _between("min_value", "initial_value"),
        _between("initial_value", "max_value"),
    ),
    "email_text_input": _asking(
        "email_text_input", {}, {"initial_value": string(3_000), "dispatch_action_config": DISPATCH}
    ),
    "url_text_input": _asking("url_text_input", {}, {"initial_value": URL, "dispatch_action_config": DISPATCH}),
    "file_input": _asking(
        "file_input", {}, {"filetypes": array(string(pattern=r"[a-z0-9]+")), "max_files": integer(1, 10)}
    ),
}
WORKFLOW_BUTTON = _acting(
    "workflow_button",
    {
        "text": plain(75),
        "workflow": thing(
            {
                "trigger": thing(
                    {"url": URL},
                    {"customizable_input_parameters": array(thing({"name": string(), "value": string(least=0)}, {}))},
                )
            },
            {},
        ),
    },
    {"style": _STYLE, "accessibility_label": string(75)},
)
FEEDBACK_BUTTONS = _acting("feedback_buttons", {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {})
ICON_BUTTON = _acting(
    "icon_button",
    {"icon": string(one_of={"trash"}), "text": plain(75)},
    {
        "value": string(2_000),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": array(string()),
    },
)

IMAGE = thing(
    {"type": string(one_of={"image"}), "alt_text": ALT_TEXT},
    {"image_url": IMAGE_URL, "slack_file": SLACK_FILE},
    exactly_one("image_url", "slack_file"),
)
URL_SOURCE = thing({"type": string(one_of={"url"}), "url": URL, "text": string()}, {})

# ---------------------------------------------------------------- which goes where

_PICKED: dict[str, Check] = {
    "checkboxes": CHECKBOXES,
    "datepicker": DATEPICKER,
    "radio_buttons": RADIO_BUTTONS,
    "timepicker": TIMEPICKER,
    **SELECTS,
    **MULTI_SELECTS,
}
IN_ACTIONS: dict[str, Check] = {
    **_PICKED,
    "button": BUTTON,
    "datetimepicker": DATETIMEPICKER,
    "overflow": OVERFLOW,
    "workflow_button": WORKFLOW_BUTTON,
}
IN_SECTION: dict[str, Check] = {
    **_PICKED,
    "button": BUTTON,
    "image": IMAGE,
    "overflow": OVERFLOW,
    "workflow_button": WORKFLOW_BUTTON,
}
IN_INPUT: dict[str, Check] = {**_PICKED, **TYPED, "datetimepicker": DATETIMEPICKER}
IN_CONTEXT: dict[str, Check] = {"image": IMAGE, "plain_text": plain(2_000), "mrkdwn": mrkdwn(2_000)}
IN_CONTEXT_ACTIONS: dict[str, Check] = {"feedback_buttons": FEEDBACK_BUTTONS, "icon_button": ICON_BUTTON}
