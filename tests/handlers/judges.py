"""Two judges that know nothing of us look at every payload: slack_sdk's models, and slackblocks; and Slack's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import slackblocks as sb
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView
from slackblocks.errors import InvalidUsageError
from slackblocks.views import HomeTabView

Kind = Literal["message", "blocks", "view"]
Json = Mapping[str, Any]
MOST_TEXT = 4_000
MOST_CHARACTERS = 13_100
TABLE_CHARACTERS = 10_000
UNKNOWN_TO_SLACKBLOCKS = frozenset({"call", "auth_provider"})


def judge(payload_kind: Kind, payload: Any) -> None:
    """Raises AssertionError where Slack, or one of the two, would refuse it."""
    match payload_kind:
        case "message":
            blocks = payload.get("blocks") or []
            text = payload.get("text")
            assert isinstance(text, str), "a message needs a text, for who cannot see its blocks"
            assert text.strip(), "the text of a message is empty"
            assert len(text) <= MOST_TEXT, f"the text has {len(text)} characters"
            _blocks(blocks, 50)
            _message_limits(blocks)
            _says(lambda: sb.Message("C0TEST", text=text, blocks=[rebuilt(each) for each in blocks] or None))
        case "blocks":
            _blocks(payload, 50)
            _message_limits(payload)
        case "view":
            _view(payload)
        case _:
            raise AssertionError(f"there is no judge for {payload_kind!r}")


def _blocks(blocks: Sequence[Json], most: int) -> None:
    assert len(blocks) <= most, f"{len(blocks)} blocks"
    parsed = SdkBlock.parse_all([dict(each) for each in blocks])
    for block, model in zip(blocks, parsed, strict=True):
        assert model is not None, f"slack_sdk does not know {block.get('type')!r}"
        _sdk(model, block)
        if block["type"] not in UNKNOWN_TO_SLACKBLOCKS:
            _says(partial(rebuilt, block), block)
        _block_limits(block)
    ids = [each["block_id"] for each in blocks if "block_id" in each]
    assert len(ids) == len(set(ids)), "two blocks have one id"


def _sdk(model: Any, block: Json) -> None:
    """Validates it and whatever it is made of, and finds in it all that we said."""
    try:
        made = model.to_dict()
    except SlackObjectFormationError as error:
        raise AssertionError(f"slack_sdk: {error} in {_short(block)}") from error
    missing = list(_lost(block, made))
    assert not missing, f"slack_sdk leaves out {missing[:3]} of {_short(block)}"


def _lost(ours: Any, theirs: Any, path: str = "") -> Iterable[str]:
    """What their model dropped: keys it does not know are keys that Slack does not know."""
    if isinstance(ours, Mapping):
        for key, value in ours.items():
            if not isinstance(theirs, Mapping) or key not in theirs:
                if value not in (None, "", [], {}, False):
                    yield f"{path}.{key}"
            else:
                yield from _lost(value, theirs[key], f"{path}.{key}")
    elif isinstance(ours, (list, tuple)):
        if not isinstance(theirs, (list, tuple)) or len(ours) != len(theirs):
            yield f"{path}[]"
        else:
            for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                yield from _lost(one, other, f"{path}[{at}]")


def _says(build: Callable[[], Any], block: Any = None) -> None:
    try:
        build()
    except (InvalidUsageError, TypeError, KeyError, ValueError) as error:
        raise AssertionError(f"slackblocks: {type(error).__name__}: {error} in {_short(block)}") from error


def _short(block: Any) -> str:
    text = repr(block)
    return text if len(text) < 400 else f"{text[:400]}…"


# ---------------------------------------------------------------- limits that neither of them looks at


def _message_limits(blocks: Sequence[Json]) -> None:
    assert sum(each["type"] == "table" for each in blocks) <= 1, "Slack takes one table a message"
    written = sum(len(each["text"]) for each in blocks if each["type"] == "markdown")
    assert written <= 12_000, f"{written} characters of markdown"
    seen = sum(map(characters, blocks))
    assert seen <= MOST_CHARACTERS, f"{seen} characters in the blocks"


def characters(item: Any) -> int:
    if isinstance(item, Mapping):
        read = {"text", "title", "alt_text"}
        return sum(
            len(value) if key in read and isinstance(value, str) else characters(value) for key, value in item.items()
        )
    return sum(map(characters, item)) if isinstance(item, (list, tuple)) else 0


def _block_limits(block: Json) -> None:
    kind = block["type"]
    if kind == "table":
        widths = {len(row) for row in block["rows"]}
        assert len(widths) == 1, f"rows of {sorted(widths)} cells"
        assert 1 <= widths.pop() <= 20, "a table has 1 to 20 columns"
        assert characters(block["rows"]) <= TABLE_CHARACTERS, f"{characters(block['rows'])} characters in a table"
        empty = [cell for row in block["rows"] for cell in row if cell["type"] == "raw_text" and not cell["text"]]
        assert not empty, "a cell is empty"
    if kind in {"context", "actions", "context_actions"}:
        assert block["elements"], f"{kind} without elements"
    if kind == "actions":
        ids = [each["action_id"] for each in block["elements"]]
        assert len(ids) == len(set(ids)), f"one action id twice: {ids}"
    if kind == "image":
        assert block["alt_text"].strip(), "an image without words"
    for text in _texts(block):
        assert text["text"].strip(), f"an empty text in {_short(block)}"
        assert len(text["text"]) <= 3_000, f"a text of {len(text['text'])} characters"
    for lone in _strings(block):
        lone.encode("utf-8")


def _texts(item: Any) -> Iterable[Json]:
    if isinstance(item, Mapping):
        if item.get("type") in {"mrkdwn", "plain_text"}:
            yield item
        for value in item.values():
            yield from _texts(value)
    elif isinstance(item, (list, tuple)):
        for value in item:
            yield from _texts(value)


def _strings(item: Any) -> Iterable[str]:
    if isinstance(item, str):
        yield item
    elif isinstance(item, Mapping):
        for value in item.values():
            yield from _strings(value)
    elif isinstance(item, (list, tuple)):
        for value in item:
            yield from _strings(value)


def _view(view: Json) -> None:
    blocks = view.get("blocks") or []
    assert blocks, "a view needs a block"
    _blocks(blocks, 100)
    try:
        SdkView(**dict(view)).to_dict()
    except SlackObjectFormationError as error:
        raise AssertionError(f"slack_sdk: {error}") from error
    own = {key: view[key] for key in ("private_metadata", "callback_id", "external_id") if view.get(key)}
    made = [rebuilt(each) for each in blocks]
    if view["type"] == "home":
        _says(lambda: HomeTabView(blocks=made, **own))
        return
    assert view.get("title"), "a modal needs a title"
    titles = {key: _text(view[key]) for key in ("title", "submit", "close") if view.get(key)}
    flags = {key: view[key] for key in ("clear_on_close", "notify_on_close") if key in view}
    _says(lambda: sb.ModalView(blocks=made, **titles, **own, **flags))


# ---------------------------------------------------------------- our JSON as objects of slackblocks


def rebuilt(block: Json) -> Any:
    """The block by slackblocks' own classes, which validate as they are made."""
    build = BLOCKS.get(block["type"])
    if build is None:
        return sb.blocks.Block.from_dict(dict(block))
    made = build(block)
    if block.get("block_id"):
        sb.DividerBlock(block["block_id"])  # checks the id as all blocks do
    return made


def _section(block: Json) -> Any:
    fields = [_text(each) for each in block.get("fields", ())] or None
    accessory = _element(block["accessory"]) if block.get("accessory") else None
    return sb.SectionBlock(_text(block.get("text")), fields=fields, accessory=accessory)


def _header(block: Json) -> Any:
    assert block["text"]["type"] == "plain_text", "a header is plain text"
    return sb.HeaderBlock(_text(block["text"]))


def _input(block: Json) -> Any:
    label, element, hint = _text(block["label"]), _element(block["element"]), _text(block.get("hint"))
    dispatch, optional = bool(block.get("dispatch_action")), bool(block.get("optional"))
    return sb.InputBlock(label, element, dispatch, hint=hint, optional=optional)


def _table(block: Json) -> Any:
    settings = [sb.ColumnSettings(**(each or {})) for each in block.get("column_settings") or ()]
    return sb.TableBlock([[_cell(cell) for cell in row] for row in block["rows"]], column_settings=settings or None)


def _elements(block: Json) -> list[Any]:
    return [_text(each) if each["type"] in {"mrkdwn", "plain_text"} else _element(each) for each in block["elements"]]


def _text(text: Json | None) -> Any:
    return sb.Text.from_dict(dict(text)) if text else None


def _cell(cell: Json) -> Any:
    if cell["type"] == "raw_text":
        return sb.RawText(cell["text"])
    assert cell["type"] == "rich_text", f"a cell of the type {cell['type']!r}"
    assert len(cell["elements"]) == 1, "a cell holds one rich text"
    return _rich(cell["elements"][0])


def _task(task: Json) -> Any:
    details, output = (_rich_text(task[name]) if task.get(name) else None for name in ("details", "output"))
    sources = [sb.URLSource(each["url"], each["text"]) for each in task.get("sources", ())] or None
    return sb.TaskCardBlock(task["task_id"], task["title"], details, output, sources, task.get("status"))


def _rich_text(block: Json) -> Any:
    return sb.RichTextBlock([_rich(each) for each in block["elements"]])


def _rich(item: Json) -> Any:
    match item["type"]:
        case "rich_text_section":
            return sb.RichTextSection([_word(each) for each in item["elements"]])
        case "rich_text_preformatted":
            return sb.RichTextCodeBlock([_word(each) for each in item["elements"]])
        case "rich_text_quote":
            return sb.RichTextQuote([_word(each) for each in item["elements"]])
        case "rich_text_list":
            inside = [_rich(each) for each in item["elements"]]
            return sb.RichTextList(item["style"], inside, indent=item.get("indent"))
        case other:
            raise AssertionError(f"rich text of the type {other!r}")


def _word(item: Json) -> Any:
    style = dict(item.get("style") or {})
    match item["type"]:
        case "text":
            assert item["text"], "an empty text in a rich text"
            return sb.RichText(item["text"], **style)
        case "link":
            return sb.RichTextLink(item["url"], item.get("text"), **style)
        case "user":
            return sb.RichTextUser(item["user_id"], **style)
        case "channel":
            return sb.RichTextChannel(item["channel_id"], **style)
        case "usergroup":
            return sb.RichTextUserGroup(item["usergroup_id"], **style)
        case "emoji":
            return sb.RichTextEmoji(item["name"])
        case other:
            raise AssertionError(f"a word of the type {other!r}")


def _option(option: Json) -> Any:
    description = _text(option.get("description"))
    return sb.Option(_text(option["text"]), option["value"], description=description, url=option.get("url"))


def _options(options: Iterable[Json]) -> list[Any]:
    return [_option(each) for each in options]


def _groups(groups: Iterable[Json]) -> list[Any]:
    return [sb.OptionGroup(_text(each["label"]), _options(each["options"])) for each in groups]


def _confirm(item: Json) -> Any:
    style = {"style": item["style"]} if item.get("style") else {}
    given = [_text(item[key]) for key in ("title", "text", "confirm", "deny")]
    return sb.ConfirmationDialogue(*given, **style)


def _feedback(item: Json) -> Any:
    return sb.FeedbackButton(_text(item["text"]), item["value"], item.get("accessibility_label"))


def _element(item: Json) -> Any:
    """An element by its class; its own names are kept, and what is made of other objects is made of theirs."""
    known = ELEMENTS.get(item["type"])
    assert known is not None, f"an element of the type {item['type']!r}"
    assert item["type"] == "image" or item.get("action_id"), f"{item['type']} without an action id"
    given = {key: PARTS[key](value) if key in PARTS else value for key, value in item.items() if key != "type"}
    if item["type"] == "number_input":  # on the wire its numbers are strings
        numbers = {"initial_value", "min_value", "max_value"} & given.keys()
        given |= {key: float(given[key]) if item.get("is_decimal_allowed") else int(given[key]) for key in numbers}
    return known(**given)


BLOCKS: Mapping[str, Callable[[Json], Any]] = {
    "section": _section,
    "header": _header,
    "input": _input,
    "table": _table,
    "rich_text": _rich_text,
    "task_card": _task,
    "context": lambda block: sb.ContextBlock(_elements(block)),
    "actions": lambda block: sb.ActionsBlock(_elements(block)),
    "context_actions": lambda block: sb.ContextActionsBlock(_elements(block)),
    "plan": lambda block: sb.PlanBlock(block["title"], [_task(each) for each in block.get("tasks", ())]),
}
PARTS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "placeholder": _text,
    "confirm": _confirm,
    "options": _options,
    "initial_options": _options,
    "initial_option": _option,
    "option_groups": _groups,
    "positive_button": _feedback,
    "negative_button": _feedback,
    "slack_file": sb.SlackFile.from_dict,
    "filter": sb.ConversationFilter.from_dict,
    "dispatch_action_config": lambda item: sb.DispatchActionConfiguration(**item),
}
ELEMENTS: Mapping[str, Callable[..., Any]] = {
    "button": sb.Button,
    "checkboxes": sb.CheckboxGroup,
    "datepicker": sb.DatePicker,
    "datetimepicker": sb.DateTimePicker,
    "email_text_input": sb.EmailInput,
    "feedback_buttons": sb.FeedbackButtons,
    "file_input": sb.FileInput,
    "image": sb.elements.Image,
    "multi_static_select": sb.StaticMultiSelectMenu,
    "multi_external_select": sb.ExternalMultiSelectMenu,
    "multi_users_select": sb.UserMultiSelectMenu,
    "multi_conversations_select": sb.ConversationMultiSelectMenu,
    "multi_channels_select": sb.ChannelMultiSelectMenu,
    "number_input": sb.NumberInput,
    "overflow": sb.OverflowMenu,
    "plain_text_input": sb.PlainTextInput,
    "radio_buttons": sb.RadioButtonGroup,
    "static_select": sb.StaticSelectMenu,
    "external_select": sb.ExternalSelectMenu,
    "users_select": sb.UserSelectMenu,
    "conversations_select": sb.ConversationSelectMenu,
    "channels_select": sb.ChannelSelectMenu,
    "timepicker": sb.TimePicker,
    "url_text_input": sb.URLInput,
}
