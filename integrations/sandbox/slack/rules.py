"""What Slack refuses in texts, blocks, views and streamed chunks; and the ids that it fills in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from integrations.sandbox.slack.blocks import CHUNK, HOME, IN_MESSAGE, MARKDOWN_LIMIT, MODAL
from integrations.sandbox.slack.elements import IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT
from integrations.sandbox.slack.grammar import Complaints, complain
from integrations.sandbox.slack.records import SlackError, Wire, copied

TEXT_LIMIT = 40_000
UPDATE_TEXT_LIMIT = 4_000  # of chat.update, which is stricter
BLOCKS_LIMIT = 13_200  # undocumented; what people measure
EACH_BLOCK = 10  # the container counts too
TABLE_LIMIT = 10_000
VIEW_LIMIT = 250_000
METADATA_LIMIT = 8_000

_SHOWN = frozenset({"text", "alt_text", "title", "description", "label", "hint", "placeholder", "body", "subtitle"})
INTERACTIVE = frozenset({**IN_ACTIONS, **IN_INPUT, **IN_CONTEXT_ACTIONS})


# ---------------------------------------------------------------- what is refused


def check_text(text: str, most: int = TEXT_LIMIT) -> None:
    if len(text) > most:
        raise SlackError("msg_too_long", f"{len(text)} characters; at most {most}")


def check_blocks(blocks: Sequence[Mapping[str, Any]]) -> None:
    """Those of a message."""
    complaints: Complaints = []
    IN_MESSAGE(list(blocks), "/blocks", complaints)
    if not complaints:
        _check_ids(blocks, "/blocks", complaints)
    if complaints:
        raise SlackError(
            "invalid_blocks",
            "; ".join(complaints[:3]),
            messages=[f"[ERROR] {one}" for one in complaints],
            extra={"errors": complaints},
        )
    _check_tables(blocks)
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    weight = sum(EACH_BLOCK + _weight(block) for block in blocks if block["type"] != "table")
    if markdown > MARKDOWN_LIMIT or weight > BLOCKS_LIMIT:
        raise SlackError("msg_blocks_too_long", f"{weight} characters in {len(blocks)} blocks; at most {BLOCKS_LIMIT}")


def check_view(view: Mapping[str, Any], kind: str) -> None:
    complaints: Complaints = []
    if not isinstance(view, Mapping):
        complain(complaints, "must provide an object", "/view")
    elif view.get("type") != kind:
        complain(complaints, f"must be a valid enum value; this is the place of a {kind}", "/view/type")
    else:
        (MODAL if kind == "modal" else HOME)(view, "/view", complaints)
    if not complaints:
        _check_ids(view["blocks"], "/view/blocks", complaints)
        _check_inputs(view, complaints)
    if complaints:
        raise SlackError(
            "invalid_arguments", "; ".join(complaints[:3]), messages=[f"[ERROR] {one}" for one in complaints]
        )
    if len(json.dumps(view)) > VIEW_LIMIT:
        raise SlackError("view_too_large", f"more than {VIEW_LIMIT} bytes")


def check_chunks(text: str, chunks: Sequence[Mapping[str, Any]]) -> None:
    """What is said in one go to a streaming message."""
    if len(text) > MARKDOWN_LIMIT:
        raise SlackError("msg_too_long", f"{len(text)} characters; at most {MARKDOWN_LIMIT} at once")
    complaints: Complaints = []
    for place, chunk in enumerate(chunks):
        if isinstance(chunk, Mapping) and isinstance(said := chunk.get("text"), str) and len(said) > MARKDOWN_LIMIT:
            raise SlackError("msg_too_long", f"{len(said)} characters; at most {MARKDOWN_LIMIT} at once")
        CHUNK(chunk, f"/chunks/{place}", complaints)
    if complaints:
        raise SlackError("invalid_chunks", complaints[0], messages=[f"[ERROR] {one}" for one in complaints])


def check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, Mapping):
        raise SlackError("invalid_metadata_format", "metadata is an object")
    if (
        set(metadata) - {"event_type", "event_payload", "entities"}
        or not isinstance(metadata.get("event_type"), str)
        or not metadata["event_type"]
        or not isinstance(metadata.get("event_payload"), Mapping)
    ):
        raise SlackError("invalid_metadata_schema", "event_type is a text, event_payload an object")
    if len(json.dumps(metadata)) > METADATA_LIMIT:
        raise SlackError("metadata_too_large", f"more than {METADATA_LIMIT} bytes")


def _check_ids(blocks: Sequence[Mapping[str, Any]], at: str, complaints: Complaints) -> None:
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            complain(complaints, f"`block_id` `{block_id}` already exists", f"{at}/{place}/block_id")
        seen.add(block_id or "")
        actions = actions_of(block)
        for action in {action for action in actions if actions.count(action) > 1}:
            complain(complaints, f"`action_id` `{action}` already exists", f"{at}/{place}")


def _check_inputs(view: Mapping[str, Any], complaints: Complaints) -> None:
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    if view["type"] == "modal" and inputs and "submit" not in view:
        complain(complaints, "`submit` is required when an `input` block is within blocks array", "/view")
    if view["type"] == "home" and any(block["element"]["type"] == "file_input" for block in inputs):
        complain(complaints, "unsupported type: file_input", "/view/blocks")
    focused = [one for block in view["blocks"] for one in elements_of(block) if one.get("focus_on_load")]
    if len(focused) > 1:
        complain(complaints, "only one element may have `focus_on_load`", "/view/blocks")


def _check_tables(blocks: Sequence[Mapping[str, Any]]) -> None:
    tables = [block for block in blocks if block["type"] == "table"]
    if len(tables) > 1:
        messages = ["[ERROR] only_one_table_allowed"]
        raise SlackError("invalid_attachments", "one table in a message", messages=messages)
    characters = sum(_weight(cell) for table in tables for row in table["rows"] for cell in row)
    if characters > TABLE_LIMIT:
        messages = [f"[ERROR] no more than {TABLE_LIMIT} characters allowed in all cells of a table"]
        raise SlackError("invalid_attachments", f"{characters} characters in the table", messages=messages)


def _weight(value: Any) -> int:
    """The characters that somebody will read."""
    match value:
        case Mapping():
            own = sum(len(held) for name, held in value.items() if name in _SHOWN and isinstance(held, str))
            return own + sum(_weight(held) for held in value.values() if not isinstance(held, str))
        case list() | tuple():
            return sum(_weight(item) for item in value)
        case _:
            return 0


# ---------------------------------------------------------------- what is in a block


def elements_of(block: Mapping[str, Any]) -> Iterator[Wire]:
    """The interactive elements of a block, in order."""
    found = [block.get("accessory"), block.get("element"), *block.get("elements", ())]
    if block.get("type") == "card":
        found.extend(block.get("actions", ()))
    for one in found:
        if not isinstance(one, Mapping):
            continue
        if one.get("type") == "card":
            yield from elements_of(one)
        elif one.get("type") in INTERACTIVE:
            yield one if isinstance(one, dict) else dict(one)


def actions_of(block: Mapping[str, Any]) -> list[str]:
    return [one["action_id"] for one in elements_of(block) if "action_id" in one]


def element(blocks: Iterable[Mapping[str, Any]], block_id: str, action_id: str) -> Wire | None:
    """The interactive element of this name."""
    for block in blocks:
        if block.get("block_id") == block_id:
            for one in elements_of(block):
                if one.get("action_id") == action_id:
                    return one
    return None


def with_ids(blocks: Iterable[Mapping[str, Any]], new_id: Callable[[], str]) -> list[Wire]:
    """Copies in which each block has a block_id and each interactive element an action_id."""
    completed: list[Wire] = []
    for block in blocks:
        mine: Wire = copied(dict(block))
        mine.setdefault("block_id", new_id())
        for one in elements_of(mine):
            one.setdefault("action_id", new_id())
        completed.append(mine)
    return completed
