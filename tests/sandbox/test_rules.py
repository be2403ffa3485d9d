"""What Slack refuses: each limit holds on both of its sides, and unknown things are not let through."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models import blocks as sdk

from integrations.sandbox.slack import rules
from integrations.sandbox.slack.state import SlackError

Block = dict[str, Any]


def plain(text: str = "x") -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Block:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain(), "action_id": "go", **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def option(value: str = "v", text: str = "x") -> Block:
    return {"text": plain(text), "value": value}


def select(**more: Any) -> Block:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


def image(**more: Any) -> Block:
    return {"type": "image", "image_url": "https://example.test/p.png", "alt_text": "a curve", **more}


def rich(text: str = "x") -> Block:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def table(rows: int = 2, columns: int = 2, text: str = "x") -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def card(**more: Any) -> Block:
    return {"type": "task_card", "task_id": "1", "title": "Ask", "status": "complete", **more}


def asking(element: Block, **more: Any) -> Block:
    return {"type": "input", "label": plain(), "element": {"action_id": "a", **element}, **more}


def modal(*blocks: Block, **more: Any) -> Block:
    return {"type": "modal", "title": plain("Declare"), "submit": plain("Go"), "blocks": list(blocks), **more}


CONFIRM = {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain()}
FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "feedback",
    "positive_button": {"text": plain("👍"), "value": "good"},
    "negative_button": {"text": plain("👎"), "value": "bad"},
}

# Each limit: what makes a block of this size, and how much is taken.
LIMITS: dict[str, tuple[Callable[[int], list[Block]], int]] = {
    "blocks in a message": (lambda n: [section()] * n, 50),
    "section": (lambda n: [section("x" * n)], 3_000),
    "fields": (lambda n: [{"type": "section", "fields": [mrkdwn()] * n}], 10),
    "field": (lambda n: [{"type": "section", "fields": [mrkdwn("x" * n)]}], 2_000),
    "header": (lambda n: [{"type": "header", "text": plain("x" * n)}], 150),
    "button text": (lambda n: [actions(button(text=plain("x" * n)))], 75),
    "button value": (lambda n: [actions(button(value="x" * n))], 2_000),
    "button url": (lambda n: [actions(button(url="https://" + "x" * (n - 8)))], 3_000),
    "action_id": (lambda n: [actions(button(action_id="x" * n))], 255),
    "block_id": (lambda n: [section(block_id="x" * n)], 255),
    "elements of context": (lambda n: [{"type": "context", "elements": [mrkdwn()] * n}], 10),
    "elements of actions": (lambda n: [actions(*(button(action_id=str(i)) for i in range(n)))], 25),
    "options of overflow": (
        lambda n: [actions({"type": "overflow", "options": [option(str(i)) for i in range(n)]})],
        5,
    ),
    "options of a select": (lambda n: [actions(select(options=[option(str(i)) for i in range(n)]))], 100),
    "option text": (lambda n: [actions(select(options=[option(text="x" * n)]))], 75),
    "option value": (lambda n: [actions(select(options=[option("x" * n)]))], 150),
    "placeholder": (lambda n: [actions(select(placeholder=plain("x" * n)))], 150),
    "alt text": (lambda n: [image(alt_text="x" * n)], 2_000),
    "image title": (lambda n: [image(title=plain("x" * n))], 2_000),
    "markdown": (lambda n: [{"type": "markdown", "text": "x" * n}], 12_000),
    "rows": (lambda n: [table(rows=n)], 100),
    "columns": (lambda n: [table(columns=n)], 20),
    "confirm title": (lambda n: [actions(button(confirm={**CONFIRM, "title": plain("x" * n)}))], 100),
    "confirm text": (lambda n: [actions(button(confirm={**CONFIRM, "text": plain("x" * n)}))], 300),
    "confirm button": (lambda n: [actions(button(confirm={**CONFIRM, "confirm": plain("x" * n)}))], 30),
    "feedback text": (
        lambda n: [
            {
                "type": "context_actions",
                "elements": [{**FEEDBACK, "positive_button": {"text": plain("x" * n), "value": "v"}}],
            }
        ],
        75,
    ),
}

GOOD: dict[str, list[Block]] = {
    "divider": [{"type": "divider"}],
    "section with everything": [section(accessory=button(style="primary", confirm=CONFIRM), expand=True)],
    "actions": [actions(button(), select(), {"type": "datepicker", "initial_date": "2026-03-18"})],
    "menus": [
        actions(
            {"type": "users_select", "placeholder": plain()},
            {"type": "conversations_select", "filter": {"include": ["im"], "exclude_bot_users": True}},
            {"type": "channels_select"},
            {"type": "external_select", "min_query_length": 2},
            {"type": "multi_static_select", "options": [option()], "max_selected_items": 2},
            {"type": "timepicker", "initial_time": "09:30"},
            {"type": "datetimepicker", "initial_date_time": 1_800_000_000},
            {"type": "radio_buttons", "options": [option("a"), option("b")], "initial_option": option("b")},
            {"type": "checkboxes", "options": [{"text": mrkdwn(), "value": "a"}]},
        )
    ],
    "context": [{"type": "context", "elements": [image(), mrkdwn(), plain()]}],
    "rich text": [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "user", "user_id": "U0SRE"}, {"type": "emoji", "name": "eyes"}],
                },
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "indent": 1,
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "link", "url": "https://a.test"}]}
                    ],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said", "style": {"italic": True}}]},
            ],
        }
    ],
    "table": [{**table(), "column_settings": [{"align": "right", "is_wrapped": True}, None]}],
    "cells": [{"type": "table", "rows": [[rich(), {"type": "raw_number", "value": 4.5, "text": "4.5"}]]}],
    "task card": [card(details=rich(), output=rich(), sources=[{"type": "url", "url": "https://a.test", "text": "a"}])],
    "plan": [{"type": "plan", "title": "Looking", "tasks": [card(), card(task_id="2", status="error")]}],
    "feedback": [
        {"type": "context_actions", "elements": [FEEDBACK, {"type": "icon_button", "icon": "trash", "text": plain()}]}
    ],
    "file": [{"type": "file", "external_id": "A1", "source": "remote"}],
    "input in a message": [asking({"type": "plain_text_input", "multiline": True})],
}

BAD: dict[str, list[Block]] = {
    "unknown block": [{"type": "chart"}],
    "no type": [{"text": plain()}],
    "unknown key": [section(colour="red")],
    "unknown key inside": [section(accessory=button(colour="red"))],
    "emoji on mrkdwn": [{"type": "section", "text": {**mrkdwn(), "emoji": True}}],
    "empty text": [section("")],
    "text that is no text": [{"type": "section", "text": "x"}],
    "section without anything": [{"type": "section"}],
    "header with mrkdwn": [{"type": "header", "text": mrkdwn()}],
    "button with mrkdwn": [actions(button(text=mrkdwn()))],
    "no elements": [actions()],
    "style": [actions(button(style="green"))],
    "url": [actions(button(url="not a url"))],
    "same action twice": [actions(button(), button())],
    "same block twice": [section(block_id="a"), section(block_id="a")],
    "image without alt text": [{"type": "image", "image_url": "https://a.test/p.png"}],
    "image from nowhere": [{"type": "image", "alt_text": "x"}],
    "image from two places": [image(slack_file={"id": "F1"})],
    "image by a bad address": [image(image_url="p.png")],
    "no options": [actions(select(options=[]))],
    "options and groups": [actions(select(option_groups=[{"label": plain(), "options": [option()]}]))],
    "initial that is not offered": [actions(select(initial_option=option("other")))],
    "initial under another name": [actions(select(initial_option=option("v", "other")))],
    "date": [actions({"type": "datepicker", "initial_date": "18.03.2026"})],
    "month": [actions({"type": "datepicker", "initial_date": "2026-13-01"})],
    "time": [actions({"type": "timepicker", "initial_time": "24:00"})],
    "moment": [actions({"type": "datetimepicker", "initial_date_time": 5})],
    "typed text in actions": [actions({"type": "plain_text_input", "action_id": "a"})],
    "image in actions": [actions(image())],
    "button in context": [{"type": "context", "elements": [button()]}],
    "button in input": [asking(button())],
    "button in context_actions": [{"type": "context_actions", "elements": [button()]}],
    "empty cell": [table(text="")],
    "no rows": [{"type": "table", "rows": []}],
    "row that is no row": [{"type": "table", "rows": [{"cells": []}]}],
    "status of a task": [card(status="done")],
    "source without text": [card(sources=[{"type": "url", "url": "https://a.test"}])],
    "empty piece": [rich("")],
    "list of a third kind": [
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "dash", "elements": []}]}
    ],
    "too long by min": [asking({"type": "plain_text_input", "min_length": 5, "max_length": 2})],
    "number": [asking({"type": "number_input", "is_decimal_allowed": True, "initial_value": "many"})],
    "number below": [
        asking({"type": "number_input", "is_decimal_allowed": False, "min_value": "5", "initial_value": "4"})
    ],
    "number of unknown kind": [asking({"type": "number_input"})],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_message_may_say(name: str) -> None:
    rules.check_blocks(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_slack_refuses(name: str) -> None:
    with pytest.raises(SlackError) as caught:
        rules.check_blocks(BAD[name])
    assert caught.value.error == "invalid_blocks"
    assert all(m.startswith("[ERROR] ") and "[json-pointer:/blocks" in m for m in caught.value.messages)


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_where_slack_has_it(name: str) -> None:
    make, most = LIMITS[name]
    rules.check_blocks(make(most))
    with pytest.raises(SlackError) as caught:
        rules.check_blocks(make(most + 1))
    assert caught.value.error == "invalid_blocks"


def test_a_refusal_says_where_and_why() -> None:
    with pytest.raises(SlackError) as caught:
        rules.check_blocks([section(), actions(button(text=plain("x" * 76)))])
    answer = caught.value.answer()
    said = "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]"
    assert answer["errors"] == [said]
    assert answer["response_metadata"] == {"messages": [f"[ERROR] {said}"]}


# ---------------------------------------------------------------- together


def no(error: str) -> Any:
    return pytest.raises(SlackError, match=f"^{error}")


def test_all_blocks_together_have_a_limit() -> None:
    rules.check_blocks([section("x" * 2_600)] * 5)
    with no("msg_blocks_too_long"):
        rules.check_blocks([section("x" * 2_700)] * 5)


def test_markdown_blocks_share_their_limit() -> None:
    with no("msg_blocks_too_long"):
        rules.check_blocks([{"type": "markdown", "text": "x" * 6_001}] * 2)


def test_one_table_in_a_message_and_not_too_long() -> None:
    with no("invalid_attachments"):
        rules.check_blocks([table(), table()])
    rules.check_blocks([table(rows=100, columns=10, text="x" * 10)])
    with no("invalid_attachments"):
        rules.check_blocks([table(rows=100, columns=10, text="x" * 11)])


def test_text_is_at_most_forty_thousand_characters() -> None:
    rules.check_text("x" * 40_000)
    with no("msg_too_long"):
        rules.check_text("x" * 40_001)


# ---------------------------------------------------------------- views

VIEW_LIMITS: dict[str, tuple[Callable[[int], Block], int]] = {
    "title": (lambda n: modal(section(), title=plain("x" * n)), 24),
    "submit": (lambda n: modal(section(), submit=plain("x" * n)), 24),
    "close": (lambda n: modal(section(), close=plain("x" * n)), 24),
    "private_metadata": (lambda n: modal(section(), private_metadata="x" * n), 3_000),
    "callback_id": (lambda n: modal(section(), callback_id="x" * n), 255),
    "blocks": (lambda n: modal(*[section()] * n), 100),
    "label": (lambda n: modal(asking({"type": "plain_text_input"}, label=plain("x" * n))), 2_000),
    "hint": (lambda n: modal(asking({"type": "plain_text_input"}, hint=plain("x" * n))), 2_000),
    "placeholder": (lambda n: modal(asking({"type": "plain_text_input", "placeholder": plain("x" * n)})), 150),
    "initial value": (lambda n: modal(asking({"type": "plain_text_input", "initial_value": "x" * n})), 3_000),
    "checkboxes": (
        lambda n: modal(asking({"type": "checkboxes", "options": [option(str(i)) for i in range(n)]})),
        10,
    ),
}


@pytest.mark.parametrize("name", VIEW_LIMITS)
def test_a_limit_of_views_is_where_slack_has_it(name: str) -> None:
    make, most = VIEW_LIMITS[name]
    rules.check_view(make(most), "modal")
    with no("invalid_arguments"):
        rules.check_view(make(most + 1), "modal")


def test_inputs_need_something_to_submit_them() -> None:
    view = modal(asking({"type": "plain_text_input"}))
    del view["submit"]
    with no("invalid_arguments"):
        rules.check_view(view, "modal")


@pytest.mark.parametrize("kind", ["markdown", "table", "context_actions", "task_card", "plan", "file"])
def test_what_is_for_messages_is_in_no_view(kind: str) -> None:
    good = next(
        block
        for blocks in GOOD.values()
        for block in [*blocks, {"type": "markdown", "text": "x"}]
        if block["type"] == kind
    )
    with no("invalid_arguments"):
        rules.check_view(modal(good), "modal")
    with no("invalid_arguments"):
        rules.check_view({"type": "home", "blocks": [good]}, "home")


def test_a_home_tab_has_no_title_and_a_modal_is_no_home() -> None:
    rules.check_view({"type": "home", "blocks": [section()]}, "home")
    for view in (modal(section()), {"type": "home", "title": plain(), "blocks": [section()]}):
        with no("invalid_arguments"):
            rules.check_view(view, "home")


def test_one_element_has_the_focus() -> None:
    one = {"type": "plain_text_input", "focus_on_load": True}
    rules.check_view(modal(asking(one)), "modal")
    with no("invalid_arguments"):
        rules.check_view(modal(asking(one), asking(one)), "modal")


# ---------------------------------------------------------------- chunks


def test_chunks_are_of_four_kinds_and_short() -> None:
    task = {"type": "task_update", "id": "1", "title": "x" * 256, "status": "pending", "details": "x" * 256}
    rules.check_chunks("", [task, {"type": "plan_update", "title": "Looking"}, {"type": "markdown_text", "text": "x"}])
    rules.check_chunks("", [{"type": "blocks", "blocks": [section()]}])
    for wrong in (
        {**task, "details": "x" * 257},
        {**task, "status": "done"},
        {"type": "task_update", "title": "no id"},
        {"type": "chart"},
        {"type": "blocks", "blocks": [{"type": "chart"}]},
    ):
        with no("invalid_chunks"):
            rules.check_chunks("", [wrong])
    with no("msg_too_long"):
        rules.check_chunks("x" * 12_001, [])


# ---------------------------------------------------------------- against the SDK, and at random


@pytest.mark.parametrize("name", GOOD)
def test_slack_sdk_knows_what_is_taken_here(name: str) -> None:
    """Its models accept the same blocks, and say them the same way."""
    for block in GOOD[name]:
        parsed = sdk.Block.parse(copy.deepcopy(block))
        assert parsed is not None
        rules.check_blocks([parsed.to_dict()])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "elements", "options", "rows", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(["section", "actions", "table", "rich_text", "input", "plan", "context", "markdown", 5])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": TYPES},
            optional={"text": JSON, "elements": JSON, "rows": JSON, "tasks": JSON, "element": JSON, "label": JSON},
        ),
        max_size=3,
    )
)
def test_whatever_comes_is_taken_or_refused_and_never_breaks(blocks: list[Any]) -> None:
    with contextlib.suppress(SlackError):  # anything else would be a fault of ours
        rules.check_blocks(blocks)


@given(JSON)
def test_a_view_of_any_form_is_taken_or_refused(view: Any) -> None:
    with pytest.raises(SlackError, match=r"^invalid_arguments"):
        rules.check_view({"type": "modal", "title": plain(), "blocks": view}, "modal")


@given(st.lists(st.sampled_from(list(GOOD)), max_size=4))
def test_ids_are_filled_in_once(names: list[str]) -> None:
    numbers = iter(range(10_000))
    blocks = rules.with_ids([block for name in names for block in GOOD[name]], lambda: f"n{next(numbers)}")
    assert all("block_id" in block for block in blocks)
    assert all("action_id" in one for block in blocks for one in rules.elements_of(block))
    assert rules.with_ids(blocks, lambda: "never") == blocks
