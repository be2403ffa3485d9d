"""What a message says to who cannot see its blocks: notifications, screen readers, search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from handlers.present.cutting import count, cut
from handlers.present.escaping import escape
from handlers.present.message import Block
from handlers.present.mrkdwn import plain

MOST: Final = 3_000
"""Slack takes 4,000; nobody listens to more than this."""


def spoken(blocks: Iterable[Block], most: int = MOST) -> str:
    """The words of the blocks, one line after the other; buttons and menus are not read out."""
    lines = [line for block in blocks for line in _lines(block) if line.strip()]
    return cut("\n".join(lines), most) or "A message without words."


def _lines(block: Block) -> list[str]:
    match block["type"]:
        case "section":
            text = [_text(block["text"])] if "text" in block else []
            return [*text, *(_text(each).replace("*\n", "*: ", 1) for each in block.get("fields", ()))]
        case "header":
            return [_text(block["text"])]
        case "context":
            return [" · ".join(_text(each) for each in block["elements"])]
        case "markdown":
            return [escape(plain(block["text"]))]
        case "table":
            rows = len(block["rows"]) - 1
            head = ", ".join(str(cell.get("text", "")) for cell in block["rows"][0])
            return [escape(f"A table with {count(rows, 'row')}: {head}")]
        case "plan":
            tasks = [f"{each['title']} ({each['status'].replace('_', ' ')})" for each in block.get("tasks", ())]
            return [escape("; ".join([block["title"], *tasks]))]
        case "image":
            return [escape(block["alt_text"])]
        case "rich_text":
            return [escape(" ".join(_words(block)))]
        case _:
            return []


def _text(element: Block) -> str:
    if element["type"] == "mrkdwn":
        return str(element["text"])
    return escape(str(element.get("text", element.get("alt_text", ""))))


def _words(item: Any) -> list[str]:
    if isinstance(item, dict):
        text = item.get("text")
        return [text] if isinstance(text, str) else [word for each in item.values() for word in _words(each)]
    return [word for each in item for word in _words(each)] if isinstance(item, list) else []
