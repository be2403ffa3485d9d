"""Blocks of a message on surfaces that know fewer kinds: modals and the Home tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from handlers.present.blocks import context, paged, preformatted, said, section
from handlers.present.cutting import pieces
from handlers.present.limits import HOME, MODAL, SECTION, fit, weight
from handlers.present.message import Block
from handlers.present.mrkdwn import aligned, escape, markdown_to_mrkdwn

PAGE_CHARACTERS: Final = 9_000
PAGE_BLOCKS: Final = 40
ROWS: Final = 25
STATUS: Final = {"pending": "○", "in_progress": "◔", "complete": "●", "error": "✗"}


def for_view(blocks: Iterable[Block], surface: Literal["modal", "home"] = "modal") -> list[Block]:
    """The same content by what the surface has; buttons about a whole message stay with the message."""
    return [shown for block in blocks for shown in _shown(block, surface)]


def _shown(block: Block, surface: Literal["modal", "home"]) -> list[Block]:
    match block["type"]:
        case "markdown":
            return [section(piece) for piece in pieces(markdown_to_mrkdwn(block["text"]), SECTION) if piece.strip()]
        case "table" if surface == "modal":
            return _table(block)
        case "plan":
            lines = [f"{STATUS[each['status']]} {escape(each['title'])}" for each in block.get("tasks", ())]
            return [section(piece) for piece in pieces("\n".join([escape(block["title"]), *lines]), SECTION)]
        case "context_actions" | "task_card":
            return []
        case _:
            return [block]


def _table(block: Block) -> list[Block]:
    """Rows in a fixed-width font, some at a time, each time under their head."""
    settings = block.get("column_settings") or []
    numeric = frozenset(at for at, each in enumerate(settings) if each and each.get("align") == "right")
    head, *rows = [[said(cell) for cell in row] for row in block["rows"]]
    shown = []
    for at in range(0, max(len(rows), 1), ROWS):
        text = aligned([head, *rows[at : at + ROWS]], numeric)
        shown += [preformatted(piece) for piece in pieces(text, SECTION)]
    return shown


def pages(blocks: Iterable[Block]) -> list[list[Block]]:
    """In pages that are quick to read, each within the limits of a modal."""
    found: list[list[Block]] = [[]]
    for block in for_view(blocks):
        page = found[-1]
        if page and (len(page) >= PAGE_BLOCKS or weight(page) + weight(block) > PAGE_CHARACTERS):
            found.append([])
        found[-1].append(block)
    return [fit(page, MODAL) for page in found]


def page_of(
    blocks: Sequence[Block], answer: str, verb: Literal["details", "raw", "query", "more"], page: int
) -> tuple[list[Block], int]:
    """One page with the way back and on, and how many there are; a page that is not there is the nearest one."""
    found = pages(blocks or [context("There is nothing behind it.")])
    page = min(max(page, 1), len(found))
    return [*found[page - 1], *(paged(answer, verb, page, len(found)) if answer else [])], len(found)


def at_home(blocks: Iterable[Block]) -> list[Block]:
    return fit(for_view(blocks, "home"), HOME)
