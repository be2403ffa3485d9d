"""Markdown, which we and models write, as what Slack reads: its mrkdwn, its `markdown` block, or plain words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from handlers.present.escaping import (
    JOINER,
    LOOKALIKES,
    SCHEMES,
    bold,
    channel,
    clean,
    code,
    date,
    entities,
    escape,
    fence,
    group,
    honest,
    italic,
    link,
    mention,
    prose,
    safe_url,
)

__all__ = [
    "aligned",
    "bold",
    "channel",
    "clean",
    "code",
    "date",
    "entities",
    "escape",
    "fence",
    "group",
    "italic",
    "link",
    "markdown_to_mrkdwn",
    "mention",
    "plain",
    "prose",
    "safe_markdown",
    "safe_url",
]

BULLETS: Final = ("•", "◦", "▪")
INDENT: Final = "    "
RULE: Final = "───────"
WIDEST_CELL: Final = 60
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKS = {"strong": "*", "em": "_", "s": "~"}
_BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


def markdown_to_mrkdwn(markdown: str) -> str:
    """The same words and the same form; what mrkdwn has not (headings, tables, nested quotes) by what comes nearest."""
    return _Writer(_PARSER.parse(clean(markdown))).blocks().strip("\n")


def plain(markdown: str) -> str:
    """Only its words, a line for each block: for notifications and screen readers."""
    lines = []
    for token in _PARSER.parse(clean(markdown)):
        if token.type == "inline":
            lines.append(_words(token.children or ()))
        elif token.type in {"fence", "code_block"}:
            lines.append(token.content.strip("\n"))
    return "\n".join(line for line in lines if line)


def aligned(rows: Sequence[Sequence[str]], numeric: frozenset[int] = frozenset()) -> str:
    """A table for a fixed-width font; the first row is its head."""
    columns = max((len(row) for row in rows), default=0)
    cells = [[_cell(row[at]) if at < len(row) else "" for at in range(columns)] for row in rows]
    widths = [max(_width(row[at]) for row in cells) for at in range(columns)]
    lines = []
    for number, row in enumerate(cells):
        padded = (
            (" " * (width - _width(cell)) + cell) if at in numeric else (cell + " " * (width - _width(cell)))
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(padded).rstrip())
        if not number and len(rows) > 1:
            lines.append("  ".join("─" * width for width in widths))
    return "\n".join(lines)


def _cell(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= WIDEST_CELL else f"{line[: WIDEST_CELL - 1]}…"


def _width(text: str) -> int:
    """Places that it takes: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def _words(tokens: Iterable[Token]) -> str:
    """What is read of an inline token, without marks."""
    said = []
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                said.append(token.content)
            case "softbreak" | "hardbreak":
                said.append(" ")
            case "image":
                said.append(_words(token.children or ()))
    return "".join(said)


class _Writer:
    """Walks the tokens once, top to bottom."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self, closing: str = "") -> str:
        """The blocks up to the token that closes the one around them."""
        parts: list[str] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == closing:
                break
            parts.append(self._block(token))
        return "\n\n".join(part for part in parts if part)

    def _block(self, token: Token) -> str:
        match token.type:
            case "paragraph_open":
                return self._inline("paragraph_close")
            case "heading_open":
                return self._inline("heading_close", heading=True)
            case "bullet_list_open" | "ordered_list_open":
                return self._list(token, 0)
            case "blockquote_open":
                return "\n".join(f"> {line}".rstrip() for line in self._quoted().split("\n"))
            case "fence" | "code_block":
                return fence(token.content)
            case "table_open":
                return self._table()
            case "hr":
                return RULE
            case _:
                return escape(token.content)

    def _quoted(self) -> str:
        """A quote in a quote has one bar only: Slack knows no second."""
        inside = self.blocks("blockquote_close")
        return re.sub(r"^> ?", "", inside, flags=re.MULTILINE)

    def _inline(self, closing: str, *, heading: bool = False) -> str:
        token = self._tokens[self._at]
        self._at += 1
        text = ""
        if token.type == "inline":
            self._at += 1  # its closing token
            text = _inline(token.children or (), heading=heading)
        assert self._tokens[self._at - 1].type == closing
        return text

    def _list(self, opening: Token, depth: int) -> str:
        ordered = opening.type == "ordered_list_open"
        number = int(opening.attrGet("start") or 1) if ordered else 0
        lines: list[str] = []
        while (token := self._tokens[self._at]).type != opening.type.replace("_open", "_close"):
            self._at += 1
            if token.type == "list_item_open":
                bullet = f"{number}." if ordered else BULLETS[min(depth, len(BULLETS) - 1)]
                lines += self._item(bullet, depth)
                number += 1
        self._at += 1
        return "\n".join(lines)

    def _item(self, bullet: str, depth: int) -> list[str]:
        """An item: its first paragraph behind the bullet, what follows indented under it."""
        lines: list[str] = []
        first = True
        while (token := self._tokens[self._at]).type != "list_item_close":
            self._at += 1
            if token.type in {"bullet_list_open", "ordered_list_open"}:
                if first:
                    lines.append(f"{INDENT * depth}{bullet}")
                lines += self._list(token, depth + 1).split("\n")
            else:
                text = self._block(token)
                if first and token.type == "paragraph_open":
                    boxed = (box + text[len(mark) :] for mark, box in _BOXES.items() if text.startswith(mark))
                    text = next(boxed, text)
                lines += self._under(bullet, text, depth, first=first)
            first = False
        self._at += 1
        return lines or [f"{INDENT * depth}{bullet}"]

    @staticmethod
    def _under(bullet: str, text: str, depth: int, *, first: bool) -> list[str]:
        """A fence and a quote keep the start of the line, where alone Slack knows them."""
        head, *rest = text.split("\n")
        if head.startswith(("```", "> ")):
            return [f"{INDENT * depth}{bullet}", head, *rest] if first else [head, *rest]
        lead = f"{INDENT * depth}{bullet} " if first else INDENT * (depth + 1)
        return [lead + head, *(INDENT * (depth + 1) + line for line in rest)]

    def _table(self) -> str:
        rows: list[list[str]] = []
        numeric: set[int] = set()
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type in {"th_open", "td_open"} and "right" in str(token.attrGet("style")):
                numeric.add(len(rows[-1]))
            elif token.type == "inline":
                rows[-1].append(_words(token.children or ()))
        self._at += 1
        return fence(aligned(rows, frozenset(numeric)))


class _Line:
    """Inline tokens, one after the other.

    Slack reads a mark only where no word touches it from outside, and only within one line: so a joiner stands
    between, and what is open is closed before a break and opened again behind it.
    """

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        self._ended = False  # the last thing was a mark that closed, or code
        self._waiting: str | None = None  # the address of the link that is open
        self._label: list[str] = []

    def open(self, mark: str) -> None:
        if mark in self._open:  # bold in bold
            self._open.append("")
            return
        apart = self._ended or (self._out and (self._out[-1][-1:].isalnum() or self._out[-1].endswith("_")))
        if apart and not (self._out and self._out[-1] in self._open):
            self._out.append(JOINER)
        self._out.append(mark)
        self._open.append(mark)
        self._ended = False

    def close(self) -> None:
        mark = self._open.pop()
        if not mark:
            return
        if self._out and self._out[-1] == mark:  # nothing in between
            self._out.pop()
        else:
            self._out.append(mark)
            self._ended = True

    def words(self, shown: str, *, exact: bool = False) -> None:
        if not shown:
            return
        touching = self._ended and (shown[0].isalnum() or shown[0] in "_`")
        if exact and self._out and self._out[-1][-1:].isalnum():
            touching = True
        self._out += [JOINER, shown] if touching else [shown]
        self._ended = exact

    def line_break(self) -> None:
        marks = [mark for mark in self._open if mark]
        for mark in reversed(marks):
            if self._out[-1] == mark:  # nothing in between
                self._out.pop()
            else:
                self._out.append(mark)
        self._out += ["\n", *marks]
        self._ended = False

    def take(self, token: Token) -> None:
        if token.type == "link_open":
            self._waiting, self._label = str(token.attrGet("href") or ""), []
        elif token.type == "link_close":
            self.words(link(self._waiting or "", "".join(self._label)))
            self._waiting = None
        elif self._waiting is not None:
            self._label.append(_words([token]))
        elif token.tag in _MARKS:
            self.open(_MARKS[token.tag]) if token.nesting > 0 else self.close()
        elif token.type == "code_inline":
            self.words(code(token.content), exact=True)
        elif token.type == "image":
            self.words(link(str(token.attrGet("src") or ""), _words(token.children or ()) or "picture"))
        elif token.type in {"softbreak", "hardbreak"}:
            self.line_break()
        else:
            self.words(_unmarked(escape(token.content)))

    def __str__(self) -> str:
        return "".join(self._out)


def _inline(tokens: Sequence[Token], *, heading: bool = False) -> str:
    line = _Line()
    if heading:
        line.open("*")
    for token in tokens:
        line.take(token)
    if heading:
        line.close()
    return str(line)


def _unmarked(text: str) -> str:
    """Marks that are only text, though they stand alone: beside marks of ours they would pair up."""
    return re.sub(r"(?<![^\W_])[*~_]|[*~_](?![^\W_])", lambda mark: LOOKALIKES[mark[0]], text)


# ---------------------------------------------------------------- the `markdown` block

_ENTITY = re.compile(r"<(?=[!@#])|<(?=[^<>\n|]*\|)")
_CALL = re.compile(r"(?<!\w)@(?=\w)")
_TARGET = re.compile(r"\](?=\(\s*<?\s*([a-z][\w+.-]*):)", re.IGNORECASE)
_DEFINED = re.compile(r"^( {0,3}\[[^\]\n]+\]):(?=\s*<?\s*([a-z][\w+.-]*):)", re.IGNORECASE | re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]\n]+)\]\(\s*<?([^\s<>()]+)")
_IMAGE = re.compile(r"!(?=\[)")
_ESCAPED = re.compile(r"&(?=(?:lt|gt|#0*(?:60|62|64)|#x0*(?:3c|3e|40)|commat);)", re.IGNORECASE)


def safe_markdown(markdown: str) -> str:
    """Markdown for Slack's `markdown` block: it formats, but calls nobody and links only to where it says."""
    text = _ESCAPED.sub("&amp;", clean(markdown))
    text = _IMAGE.sub("", text)
    text = _LINK.sub(_told, text)
    text = _TARGET.sub(lambda found: "]" if found[1].lower() in SCHEMES else f"]{JOINER}", text)
    text = _DEFINED.sub(lambda found: f"{found[1]}{'' if found[2].lower() in SCHEMES else JOINER}:", text)
    text = _ENTITY.sub(f"<{JOINER}", text)
    return _CALL.sub(f"@{JOINER}", text)


def _told(found: re.Match[str]) -> str:
    whole, label, url = found[0], found[1], found[2]
    return whole.replace(f"[{label}]", f"[{honest(label, url)}]", 1) if safe_url(url) else whole
