"""Canvases: Markdown documents, alone or of a channel."""

from __future__ import annotations

import hashlib

from integrations.sandbox.slack.records import SlackError, Wire
from integrations.sandbox.slack.web.method import Call, method


@method("canvases.create", "canvases:write")
def create(call: Call) -> Wire:
    markdown = _markdown(call.arguments.json("document_content"))
    channel = call.channel("channel_id").id if "channel_id" in call.arguments else None
    canvas = call.workspace.create_canvas(call.bot, call.arguments.text("title"), markdown, channel=channel)
    return {"canvas_id": canvas.id}


@method("conversations.canvases.create", "canvases:write", required=("channel_id",))
def create_in_channel(call: Call) -> Wire:
    return create(call)


@method("canvases.edit", "canvases:write", required=("canvas_id", "changes"))
def edit(call: Call) -> Wire:
    canvas = call.workspace.canvas(call.bot, call.arguments.text("canvas_id"))
    changes = call.arguments.objects("changes")
    if len(changes) != 1:
        what = "[ERROR] no more than 1 items allowed [json-pointer:/changes]"
        raise SlackError("invalid_arguments", f"{len(changes)} changes", messages=[what])
    change = changes[0]
    if change.get("operation") == "rename":
        title = _markdown(change.get("title_content"))
        call.workspace.write_canvas(call.bot, canvas.id, canvas.content.decode(), title=title)
        return {}
    call.workspace.write_canvas(call.bot, canvas.id, _changed(canvas.content.decode(), change))
    return {}


@method("canvases.delete", "canvases:write", required=("canvas_id",))
def delete(call: Call) -> Wire:
    canvas = call.workspace.canvas(call.bot, call.arguments.text("canvas_id"))
    for channel in call.workspace.channels.values():
        if channel.canvas == canvas.id:
            channel.canvas = None
    call.workspace.delete_file(call.bot, canvas.id)
    return {}


@method("canvases.sections.lookup", "canvases:read", required=("canvas_id", "criteria"))
def lookup(call: Call) -> Wire:
    canvas = call.workspace.canvas(call.bot, call.arguments.text("canvas_id"))
    criteria = call.arguments.json("criteria") or {}
    wanted = criteria.get("contains_text", "")
    only_headings = any(str(one).startswith(("h", "any_header")) for one in criteria.get("section_types", ()))
    found = [
        {"id": section_id}
        for section_id, text in _sections(canvas.content.decode())
        if wanted in text and (not only_headings or text.startswith("#"))
    ]
    return {"sections": found}


def _markdown(content: object) -> str:
    if content is None:
        return ""
    if (
        not isinstance(content, dict)
        or content.get("type") != "markdown"
        or not isinstance(content.get("markdown"), str)
    ):
        what = "[ERROR] must be {type: markdown, markdown: …} [json-pointer:/document_content]"
        raise SlackError("invalid_arguments", "no document content", messages=[what])
    return str(content["markdown"])


def _sections(markdown: str) -> list[tuple[str, str]]:
    """Paragraphs, with ids that stay while their text does."""
    found: list[tuple[str, str]] = []
    for place, text in enumerate(part for part in markdown.split("\n\n") if part.strip()):
        digest = hashlib.sha256(f"{place}{text}".encode()).hexdigest()[:12]
        found.append((f"temp:C:{digest}", text))
    return found


def _changed(markdown: str, change: Wire) -> str:
    operation, section = change.get("operation"), change.get("section_id")
    new = _markdown(change.get("document_content"))
    sections = _sections(markdown)
    place = next((at for at, (section_id, _) in enumerate(sections) if section_id == section), None)
    if section and place is None:
        raise SlackError("section_not_found", str(section))
    texts = [text for _, text in sections]
    match operation, place:
        case "insert_at_start", None:
            texts.insert(0, new)
        case "insert_at_end", None:
            texts.append(new)
        case "replace", None:
            texts = [new]
        case "replace", int():
            texts[place] = new
        case "insert_before", int():
            texts.insert(place, new)
        case "insert_after", int():
            texts.insert(place + 1, new)
        case "delete", int():
            del texts[place]
        case _:
            what = f"[ERROR] must be a valid enum value; found `{operation}` [json-pointer:/changes/0/operation]"
            raise SlackError("invalid_arguments", str(operation), messages=[what])
    return "\n\n".join(texts)
