"""What a person types becomes what Slack's client sends: names to mentions, links, escapes, and rich text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from integrations.sandbox.slack.state import Workspace

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_PIECE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|(?P<link>https?://[^\s<>|]*[^\s<>|.,;:!?)\]}'\"*_~])"
    r"|(?<![\w@])@(?P<name>[\w.-]*\w)"
    r"|(?<![\w#&])#(?P<channel>[\w-]+)"
    r"|:(?P<emoji>[a-z0-9_+'-]+):"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)
_BROADCASTS = frozenset({"here", "channel", "everyone"})


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def understood(workspace: Workspace, text: str) -> tuple[str, list[dict[str, Any]]]:
    """The message's text and its one rich_text block; no block without text."""
    sent: list[str] = []
    elements: list[dict[str, Any]] = []
    for place, part in enumerate(_FENCE.split(text)):
        if place % 2:
            sent.append(f"```{escaped(part)}```")
            elements.append(
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": part}], "border": 0}
            )
        elif part:
            inline, shown = _inline(workspace, part)
            sent.append(inline)
            elements.extend(_quotes_and_sections(shown))
    return "".join(sent), [{"type": "rich_text", "elements": elements}] if elements else []


def _inline(workspace: Workspace, text: str) -> tuple[str, list[dict[str, Any]]]:
    sent: list[str] = []
    shown: list[dict[str, Any]] = []
    at = 0
    for hit in _PIECE.finditer(text):
        piece = _piece(workspace, hit)
        if piece is None:
            continue
        if before := text[at : hit.start()]:
            sent.append(escaped(before))
            shown.append({"type": "text", "text": before})
        sent.append(piece[0])
        shown.extend(piece[1])
        at = hit.end()
    if rest := text[at:]:
        sent.append(escaped(rest))
        shown.append({"type": "text", "text": rest})
    return "".join(sent), shown


def _piece(workspace: Workspace, hit: re.Match[str]) -> tuple[str, list[dict[str, Any]]] | None:
    found = hit.group(0)
    match hit.lastgroup:
        case "code":
            return escaped(found), [{"type": "text", "text": hit["code"], "style": {"code": True}}]
        case "link":
            return f"<{escaped(found)}>", [{"type": "link", "url": found}]
        case "name":
            return _mention(workspace, hit["name"])
        case "channel":
            channel = workspace.channel_named(hit["channel"])
            if channel is None or channel.kind != "channel":
                return None
            return f"<#{channel.id}|{channel.name}>", [{"type": "channel", "channel_id": channel.id}]
        case "emoji":
            return found, [{"type": "emoji", "name": hit["emoji"]}]
        case "bold" | "italic" | "strike" as style:
            text, inner = _inline(workspace, hit[style])
            return (
                f"{found[0]}{text}{found[-1]}",
                [{**one, "style": {**one.get("style", {}), style: True}} for one in inner],
            )
        case _:
            return None


def _mention(workspace: Workspace, name: str) -> tuple[str, list[dict[str, Any]]] | None:
    if name in _BROADCASTS:
        return f"<!{name}>", [{"type": "broadcast", "range": name}]
    for person in workspace.people.values():
        if person.name.lower() == name.lower() and not person.deleted:
            return f"<@{person.id}>", [{"type": "user", "user_id": person.id}]
    for group in workspace.groups.values():
        if group.handle.lower() == name.lower():
            return f"<!subteam^{group.id}|@{group.handle}>", [{"type": "usergroup", "usergroup_id": group.id}]
    return None


def _quotes_and_sections(shown: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Lines that begin with `>` are quotes; what lies between is a section."""
    lines: list[list[dict[str, Any]]] = [[]]
    for one in shown:
        if one["type"] != "text":
            lines[-1].append(one)
            continue
        first, *others = one["text"].split("\n")
        lines[-1].append({**one, "text": first})
        lines.extend([{**one, "text": other}] for other in others)
    held: list[dict[str, Any]] = []
    quoted = False
    for number, line in enumerate(lines):
        start = line[0] if line else None
        quotes = (
            start is not None and start["type"] == "text" and start["text"].startswith(">") and not start.get("style")
        )
        if number and quotes != quoted:
            yield from _closed(held, quoted=quoted)
            held = []
        elif number:
            held.append({"type": "text", "text": "\n"})
        if quotes and start is not None:
            line[0] = {**start, "text": start["text"][1:].lstrip()}
        held.extend(one for one in line if one["type"] != "text" or one["text"])
        quoted = quotes
    yield from _closed(held, quoted=quoted)


def _closed(held: list[dict[str, Any]], *, quoted: bool) -> Iterator[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    for one in held:
        alike = merged and one["type"] == "text" == merged[-1]["type"] and one.get("style") == merged[-1].get("style")
        if alike:
            merged[-1] = {**one, "text": merged[-1]["text"] + one["text"]}
        else:
            merged.append(one)
    if merged:
        yield {"type": "rich_text_quote" if quoted else "rich_text_section", "elements": merged}
