"""The windows around a form: loading, how it went, and long results page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from handlers.present.blocks import context, modal, preformatted, section, words
from handlers.present.blocks import paged as turning
from handlers.present.escaping import clean, escape
from handlers.present.limits import MODAL, fit
from handlers.present.message import Block, View
from handlers.widgets import MOST_TITLE, cut

PAGE: Final = 5_500
"""Characters of plain text on one page: a screenful or two."""
SHOWN_IN_MODALS: Final = frozenset(
    {"actions", "alert", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
)


def loading(title: str) -> View:
    """Opened at once, so that whatever is looked up meanwhile meets no expired trigger."""
    return told(title, "One moment …")


def told(title: str, message: str, mend: str = "") -> View:
    """Words instead of a form: a refusal, a failure, a result."""
    blocks = [section(escape(message).strip() or "…")]
    if mend.strip():
        blocks.append(context(escape(mend)))
    return modal(named(title), fit(blocks, MODAL))


def paged(
    title: str,
    shown: str | Sequence[Block],
    page: int,
    answer: str,
    verb: Literal["details", "query", "raw", "more"] = "more",
    *,
    pages: int = 1,
) -> View:
    """One page of a long result: blocks, of which there are `pages` pages, or a text that is cut into pages here."""
    if isinstance(shown, str):
        texts = _pages(clean(shown))
        pages = len(texts)
        page = max(1, min(page, pages))
        shown = [preformatted(texts[page - 1])]
    moves = turning(answer, verb, max(1, min(page, pages)), pages)
    blocks = fit([block if _is_shown(block) else _left_out(block) for block in shown], MODAL)
    room = MODAL.blocks - len(moves)
    if len(blocks) > room:
        blocks = [*blocks[: room - 1], context(f"… {len(blocks) - room + 1} more on this page")]
    return modal(named(title), [*(blocks or [section("There is nothing here.")]), *moves])


def named(title: str) -> str:
    """A title that ends with a whole word."""
    return cut(words(title)["text"], MOST_TITLE)


def _pages(text: str) -> list[str]:
    """At line ends where there are any: joined again they are the text."""
    found: list[str] = []
    while len(text) > PAGE:
        end = text.rfind("\n", PAGE // 2, PAGE) + 1 or PAGE
        found.append(text[:end])
        text = text[end:]
    return [*found, text]


def _is_shown(block: Block) -> bool:
    return block.get("type") in SHOWN_IN_MODALS or block.get("type") == "table"  # `fit` turns tables into text


def _left_out(block: Block) -> Block:
    """Said, for Slack would refuse the whole window."""
    return context(f"Here stands a {escape(str(block.get('type')))} that only messages can show.")
