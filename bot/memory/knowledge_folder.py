"""A folder of Markdown, read within bounds: what is left out is said, and nothing outside the folder is touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.errors import ConfigurationError
from bot.memory.knowledge_markdown import Page, read_page

MOST_BYTES: Final = 1_000_000
MOST_FILES: Final = 2_000
MOST_SECTIONS: Final = 5_000
MOST_DEPTH: Final = 12
MOST_LEFT_OUT: Final = 50
MOST_WHY: Final = 300
ENDINGS: Final = frozenset({".md", ".markdown"})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not among the pages, and why."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"[:MOST_WHY]


Stamp = tuple[int, int, int]
"""What differs once a file was written anew: when, how long, which."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies in a folder at a moment; two that are equal hold the same."""

    files: Mapping[str, Stamp] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    there: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was read: a page, or why it is none."""

    stamp: Stamp
    page: Page | None
    why: str = ""
    passing: bool = False
    """It may go otherwise the next time, though the file is the same."""


def look(folder: Path) -> Seen:
    """Names and stamps only: cheap enough to be asked every few seconds."""
    try:
        root = folder.resolve(strict=True)
    except (OSError, RuntimeError):
        return Seen(there=False)
    if not root.is_dir():
        return Seen(there=False)
    files: dict[str, Stamp] = {}
    left_out: list[LeftOut] = []
    for path in _pages_in(root):
        name = path.relative_to(root).as_posix()
        if len(files) >= MOST_FILES:
            left_out.append(LeftOut(name, f"it and what follows it are beyond {MOST_FILES:,} files"))
            break
        found = _stamp(path, root)
        if isinstance(found, str):
            left_out.append(LeftOut(name, found))
        else:
            files[name] = found
    return Seen(files, tuple(left_out[:MOST_LEFT_OUT]))


def _pages_in(root: Path) -> Iterator[Path]:
    """In the order of their names; neither hidden ones nor what a linked folder leads to."""
    for where, folders, names in os.walk(root):
        here = Path(where)
        deep = len(here.relative_to(root).parts) >= MOST_DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))
        yield from (here / name for name in sorted(names) if _is_page(name))


def _is_page(name: str) -> bool:
    return Path(name).suffix.lower() in ENDINGS and not name.startswith(".")


def _stamp(path: Path, root: Path) -> Stamp | str:
    """Or why it is left out."""
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            return "it is a link that leads out of the folder"
        found = path.stat()
    except (OSError, RuntimeError) as error:
        return f"it cannot be read ({getattr(error, 'strerror', None) or 'a link in a circle'})"
    if not stat.S_ISREG(found.st_mode):
        return "it is no file"
    if found.st_size > MOST_BYTES:
        return f"it is larger than {MOST_BYTES:,} bytes"
    return found.st_mtime_ns, found.st_size, found.st_ino


def read(folder: Path, seen: Seen, kept: Mapping[str, Kept], *, shipped: bool = False) -> dict[str, Kept]:
    """Every file of the folder; what has not changed is not read again."""
    return {
        name: before
        if (before := kept.get(name)) and before.stamp == stamp and not before.passing
        else _read(folder, name, stamp, shipped)
        for name, stamp in seen.files.items()
    }


def _read(folder: Path, name: str, stamp: Stamp, shipped: bool) -> Kept:  # noqa: FBT001
    try:
        with (folder / name).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            return Kept(stamp, None, f"it is larger than {MOST_BYTES:,} bytes")
        return Kept(stamp, read_page(name, raw, shipped=shipped))
    except OSError as error:
        return Kept(stamp, None, f"it cannot be read ({error.strerror})", passing=True)
    except ConfigurationError as error:
        return Kept(stamp, None, " ".join(error.message.removeprefix(name).lstrip(":, ").split()))


def gather(shipped: Iterable[Kept], own: Mapping[str, Kept]) -> tuple[list[Page], list[LeftOut]]:
    """All pages: one of the folder stands in for a shipped one of the same name; and what did not fit in."""
    left_out = [LeftOut(name, each.why) for name, each in own.items() if each.page is None]
    mine = [each.page for each in own.values() if each.page]
    replaced = {page.name for page in mine}
    pages, room = [], MOST_SECTIONS
    for page in (*(each.page for each in shipped if each.page and each.page.name not in replaced), *mine):
        if len(page.sections) > room:
            left_out.append(LeftOut(page.path, f"there is no room: it would be beyond {MOST_SECTIONS:,} sections"))
            continue
        room -= len(page.sections)
        pages.append(page)
    return pages, left_out
