"""The rules of each kind of block, and which kinds a message, a modal and a Home tab may hold."""

from __future__ import annotations

from integrations.sandbox.slack import elements
from integrations.sandbox.slack.elements import mrkdwn, plain, text
from integrations.sandbox.slack.grammar import (
    Check,
    anything,
    array,
    at_least_one,
    boolean,
    exactly_one,
    number,
    one_by_type,
    string,
    thing,
)
from integrations.sandbox.slack.rich_text import ELEMENTS, RICH_TEXT

TABLE_ROWS, TABLE_COLUMNS = 100, 20
MARKDOWN_LIMIT = 12_000
_STATUS = string(one_of={"pending", "in_progress", "complete", "error"})


def _block(kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None, *also: Check) -> Check:
    return thing({"type": string(one_of={kind}), **required}, {"block_id": string(255), **(optional or {})}, *also)


_IMAGE_BLOCK: dict[str, Check] = {
    "image_url": elements.IMAGE_URL,
    "slack_file": elements.SLACK_FILE,
    "title": plain(2_000),
    # Slack measures pictures and puts these in; what comes back with them is taken.
    "image_width": anything,
    "image_height": anything,
    "image_bytes": anything,
    "is_animated": anything,
    "fallback": anything,
}
_CELL = one_by_type(
    {
        "raw_text": thing({"type": string(one_of={"raw_text"}), "text": string()}, {}),
        "raw_number": thing({"type": string(one_of={"raw_number"}), "value": number, "text": string()}, {}),
        "rich_text": RICH_TEXT,
    }
)
_COLUMN = thing({}, {"align": string(one_of={"left", "center", "right"}), "is_wrapped": boolean})


def _column(value: object, at: str, complaints: list[str]) -> None:
    if value is not None:  # null keeps the column as it is
        _COLUMN(value, at, complaints)


_TASK_CARD = _block(
    "task_card",
    {"task_id": string(), "title": string()},
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": array(elements.URL_SOURCE), "status": _STATUS},
)

EVERYWHERE: dict[str, Check] = {
    "actions": _block("actions", {"elements": array(one_by_type(elements.IN_ACTIONS), 25)}),
    "context": _block("context", {"elements": array(one_by_type(elements.IN_CONTEXT), 10)}),
    "divider": _block("divider", {}),
    "header": _block("header", {"text": plain(150)}),
    "image": _block("image", {"alt_text": elements.ALT_TEXT}, _IMAGE_BLOCK, exactly_one("image_url", "slack_file")),
    "input": _block(
        "input",
        {"label": plain(2_000), "element": one_by_type(elements.IN_INPUT)},
        {"hint": plain(2_000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _block("rich_text", {"elements": ELEMENTS}),
    "section": _block(
        "section",
        {},
        {
            "text": text(3_000),
            "fields": array(text(2_000), 10),
            "accessory": one_by_type(elements.IN_SECTION),
            "expand": boolean,
        },
        at_least_one("text", "fields"),
    ),
    "video": _block(
        "video",
        {
            "alt_text": string(2_000),
            "title": plain(199),
            "thumbnail_url": elements.IMAGE_URL,
            "video_url": elements.IMAGE_URL,
        },
        {
            "author_name": string(49),
            "description": plain(200),
            "provider_icon_url": elements.IMAGE_URL,
            "provider_name": string(),
            "title_url": elements.IMAGE_URL,
        },
    ),
}
_CARD = _block(
    "card",
    {},
    {
        "hero_image": elements.IMAGE,
        "icon": elements.IMAGE,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "actions": array(elements.BUTTON, 5),
    },
    at_least_one("hero_image", "title", "actions", "body"),
)
ONLY_MESSAGES: dict[str, Check] = {
    "alert": _block(
        "alert",
        {"text": text()},
        {"level": string(one_of={"default", "info", "warning", "error", "success"})},
    ),
    "card": _CARD,
    "carousel": _block("carousel", {"elements": array(one_by_type({"card": _CARD}), 10)}),
    "context_actions": _block("context_actions", {"elements": array(one_by_type(elements.IN_CONTEXT_ACTIONS), 5)}),
    "file": _block("file", {"external_id": string(), "source": string(one_of={"remote"})}),
    "markdown": _block("markdown", {"text": string(MARKDOWN_LIMIT)}),
    "plan": _block("plan", {"title": string()}, {"tasks": array(one_by_type({"task_card": _TASK_CARD}), least=0)}),
    "table": _block(
        "table",
        {"rows": array(array(_CELL, TABLE_COLUMNS), TABLE_ROWS)},
        {"column_settings": array(_column, TABLE_COLUMNS, least=0)},
    ),
    "task_card": _TASK_CARD,
}

IN_MESSAGE = array(one_by_type({**EVERYWHERE, **ONLY_MESSAGES}), 50, least=0)
IN_MODAL = array(one_by_type(EVERYWHERE), 100)
IN_HOME = array(one_by_type(EVERYWHERE), 100)

CHUNK = one_by_type(
    {
        "markdown_text": thing({"type": string(), "text": string(MARKDOWN_LIMIT)}, {}),
        "task_update": thing(
            {"type": string(), "id": string(), "title": string(256)},
            {
                "status": _STATUS,
                "details": string(256, least=0),
                "output": string(256, least=0),
                "sources": array(elements.URL_SOURCE, least=0),
            },
        ),
        "plan_update": thing({"type": string(), "title": string(256)}, {}),
        "blocks": thing({"type": string(), "blocks": IN_MESSAGE}, {}),
    }
)

_ANY_VIEW: dict[str, Check] = {
    "private_metadata": string(3_000, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
MODAL = thing(
    {"type": string(one_of={"modal"}), "title": plain(24), "blocks": IN_MODAL},
    {
        **_ANY_VIEW,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
HOME = thing({"type": string(one_of={"home"}), "blocks": IN_HOME}, _ANY_VIEW)

__all__ = ["CHUNK", "HOME", "IN_HOME", "IN_MESSAGE", "IN_MODAL", "MARKDOWN_LIMIT", "MODAL", "mrkdwn"]
