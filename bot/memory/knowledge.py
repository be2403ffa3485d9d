"""What is written down: the shipped pages and those of the installation, asked in plain words and kept up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import structlog

from bot import defaults
from bot.errors import NotFound
from bot.memory.knowledge_folder import Kept, LeftOut, Seen, gather, look, read
from bot.memory.knowledge_index import Answer, Index
from bot.memory.knowledge_markdown import Kind, Page
from bot.memory.semantic import Embedder
from bot.ports import Clock

LOOKED_EVERY: Final = timedelta(seconds=5)
PATIENCE: Final = 1.0
"""Seconds that somebody who asks waits for what has changed."""
SETTING: Final = "LLM_COPILOT_KNOWLEDGE_DIR"
MOST_SAID: Final = 3
log = structlog.get_logger()


@dataclass(frozen=True)
class Library:
    """The pages at a moment."""

    pages: tuple[Page, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    trouble: str = ""
    index: Index = field(default_factory=lambda: Index(()), repr=False)

    @classmethod
    def of(
        cls,
        pages: Sequence[Page],
        left_out: Sequence[LeftOut] = (),
        *,
        trouble: str = "",
        embedder: Embedder | None = None,
    ) -> Library:
        return cls(tuple(pages), tuple(left_out), trouble, Index(pages, embedder))

    def ask(self, question: str, n: int = 3, *, kinds: Collection[Kind] = ()) -> Answer:
        return self.index.ask(question, n, kinds=kinds)

    def of_kind(self, kind: Kind) -> tuple[Page, ...]:
        return tuple(sorted((page for page in self.pages if page.kind == kind), key=lambda page: page.name))

    def page(self, name: str, kind: Kind | None = None) -> Page:
        """By its path, its name or its title, as people write them."""
        among = [page for page in self.pages if kind in {None, page.kind}]
        wanted = _spoken(name.partition("#")[0])
        for said in ("path", "name", "title"):
            if found := next((page for page in among if _spoken(getattr(page, said)) == wanted), None):
                return found
        near = get_close_matches(wanted[:100], [page.name for page in among], n=3, cutoff=0.4)
        what = kind or "page"
        raise NotFound(
            f"there is no {what} {name[:80]!r}",
            mend=f"Did you mean {' or '.join(near)}?"
            if near
            else f"There are {', '.join(p.name for p in among[:12])}.",
        )

    @property
    def note(self) -> str:
        """What of it is missing, in words; empty where all is well."""
        said = [self.trouble] if self.trouble else []
        if self.left_out:
            many = "one file is" if len(self.left_out) == 1 else f"{len(self.left_out)} files are"
            listed = "; ".join(map(str, self.left_out[:MOST_SAID]))
            more = f"; and {len(self.left_out) - MOST_SAID} more" if len(self.left_out) > MOST_SAID else ""
            said.append(f"{many} left out: {listed}{more}")
        return "; ".join(said)


def _spoken(name: str) -> str:
    return name.strip().lower().removesuffix(".md").replace("_", "-").replace(" ", "-")


class Knowledge:
    """The library in force. Folders are looked at every few seconds, in a thread, and read where they changed."""

    def __init__(
        self,
        folder: Path | None,
        clock: Clock,
        *,
        shipped: Path | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._shipped = shipped or defaults.path("knowledge")
        self._clock = clock
        self._library = Library()
        self._seen: tuple[Seen, Seen] | None = None
        self._kept: tuple[Mapping[str, Kept], Mapping[str, Kept]] = ({}, {})
        self._looked: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    async def library(self) -> Library:
        """As it is now, give or take a few seconds; as it was, where much has changed and is still being read."""
        if self._is_due() and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(), name="knowledge")
        if self._looking and not self._looking.done():
            await asyncio.wait({self._looking}, timeout=PATIENCE if self._looked else None)
            if self._looking.done():
                self._looking.result()
        return self._library

    async def _look(self) -> None:
        self._library = await asyncio.to_thread(self._refreshed)
        self._looked = self._clock()

    async def ask(self, question: str, n: int = 3, *, kinds: Collection[Kind] = ()) -> Answer:
        return (await self.library()).ask(question, n, kinds=kinds)

    def _is_due(self) -> bool:
        return self._looked is None or abs(self._clock() - self._looked) >= LOOKED_EVERY

    def _refreshed(self) -> Library:
        seen = look(self._shipped), look(self._folder) if self._folder else Seen()
        if seen == self._seen:
            return self._library
        shipped = read(self._shipped, seen[0], self._kept[0], shipped=True)
        gone = self._folder is not None and not seen[1].there
        # A mount that is lost for a moment, in the middle of an incident, takes no runbook away.
        own = self._kept[1] if gone or self._folder is None else read(self._folder, seen[1], self._kept[1])
        pages, left_out = gather(shipped.values(), own)
        # What could not be read just now may be readable in a moment, and looks the same then.
        self._seen = None if any(each.passing for each in own.values()) else seen
        self._kept = shipped, own
        library = Library.of(
            pages,
            (*seen[1].left_out, *left_out),
            embedder=self._embedder,
            trouble=_gone(self._folder, bool(own)) if gone else "",
        )
        if library.note and library.note != self._library.note:
            log.warning("knowledge_incomplete", note=library.note)
        return library


def _gone(folder: Path | None, known: bool) -> str:  # noqa: FBT001
    as_it_was = "; its pages are shown as they were" if known else ""
    return f"the folder {str(folder)[:200]!r} of {SETTING} is not there{as_it_was}"
