"""Cutting a text at a limit: at a word or a line, never inside an entity or an open fence, and always said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")
NOTE: Final = 48
"""Room for the words that say how much is missing."""
LONGEST_OPENING: Final = 40
LONGEST_MARK: Final = 12
LONGEST_ENTITY: Final = 4_000
_ENTITY = re.compile(r"<[^<>\n]*>|&(?:amp|lt|gt);")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*$", re.MULTILINE)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 row, 1,200 rows."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def more(number: int, one: str = "", many: str = "") -> str:
    """What is said where something is left out."""
    if not one:
        return f"… {number:,} more"
    return f"… {number:,} more {one if number == 1 else many or f'{one}s'}"


def cut(text: str, most: int, *, fences: bool = False, beyond: int = 0) -> str:
    """At most so many characters, the note about the rest included.

    `fences` for texts of several lines; `beyond` is how many characters were left away before.
    """
    if len(text) <= most and not beyond:
        return text
    room = min(most - NOTE - (LONGEST_MARK + 1 if fences else 0), len(text))
    if room <= 0:
        return text[: max(0, most - 1)].rstrip() + "…" if most > 0 else ""
    end = _boundary(text, room)
    kept = text[:end].rstrip()
    gap = "\n" if "\n" in kept else " " if kept else ""
    if fences and (opened := open_fence(kept)):
        kept, gap = f"{kept}\n{_closing(opened)}", "\n"
    return f"{kept}{gap}{more(len(text) - end + beyond, 'character')}"


def cut_list(items: Sequence[T], most: int) -> tuple[Sequence[T], int]:
    """The first ones, and how many are left out."""
    return items[:most], max(0, len(items) - most)


def pieces(text: str, most: int) -> list[str]:
    """The whole text in pieces of at most so many characters; a fence that is broken is opened again."""
    found: list[str] = []
    opening = ""
    rest = text
    while rest and not rest.isspace():
        start = f"{opening}\n" if opening else ""
        if len(start) + len(rest) <= most:
            found.append(start + rest)
            break
        room = most - len(start) - LONGEST_MARK - 1
        end = _boundary(rest, room) or room
        piece = start + rest[:end].rstrip()
        opening = open_fence(piece)
        rest = rest[end:].removeprefix(" ").lstrip("\n")
        found.append(f"{piece}\n{_closing(opening)}" if opening else piece)
    return [piece for piece in found if piece.strip()]


def open_fence(text: str) -> str:
    """The line that opened the fence in which the text ends, or "" where all are closed."""
    opened, length = "", 0
    for found in _FENCE.finditer(text):
        line, mark = found[0].strip(), found[1]
        if not opened:
            opened, length = line if len(line) <= LONGEST_OPENING else mark[:LONGEST_MARK], len(mark)
        elif mark[0] == opened[0] and len(mark) >= length and line == mark:
            opened = ""
    return opened


def _closing(opening: str) -> str:
    """The marks that close what this line opened."""
    return opening[: len(opening) - len(opening.lstrip(opening[0]))][:LONGEST_MARK]


def _boundary(text: str, room: int) -> int:
    """The last good place to stop: a paragraph, a line, a word; not inside an entity."""
    end = room
    for mark, least in (("\n\n", 0.7), ("\n", 0.6), (" ", 0.5)):
        found = text.rfind(mark, 0, room + 1)
        if found > room * least:
            end = found
            break
    for entity in _ENTITY.finditer(text, max(0, end - LONGEST_ENTITY), end + LONGEST_ENTITY):
        if entity.start() < end < entity.end():
            return entity.start()
        if entity.start() >= end:
            break
    return end
