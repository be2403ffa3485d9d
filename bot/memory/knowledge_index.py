"""Which section answers a question: BM25 over words, and of that section the sentences that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.memory.knowledge_markdown import Kind, Page, Section, Unit
from bot.memory.lexical import Bm25, rarity, terms
from bot.memory.semantic import Embedder, Vector, cosines

OF_TITLE: Final = 3
OF_HEADING: Final = 2
OF_TAGS: Final = 2
UNKNOWN: Final = 0.6
"""A word that stands on no page weighs so much of the rarest: it may be a name, or only chatter."""
FLOOR: Final = 0.2
"""Of all that a question says: what fits less answers nothing."""
OF_PAGE: Final = 0.3
"""How much the page as a whole counts: a question's words may be spread over its sections."""
OF_MEANING: Final = 0.2
"""How much vectors count beside words, where there are any: they find what is said otherwise, and blur what is not."""
MOST_OF_A_PAGE: Final = 2
MOST_TERMS: Final = 60
EXCERPT: Final = 420
_CHATTER: Final = frozenset(
    terms(
        """about after again all also always am any anyone anything because before being does doing done every get gets
        give go got having he hello her here hey hi just keep let like make makes mean means much need needs no not now
        off ok one only other out over should some somebody someone something such thanks thing things those too use
        used using very want wants way while without work show tell know find help best good right idea ideas
        suggest suggestion suggestions recommend improve better"""
    )
)
"""Words of asking: in a question they point at nothing; on a page they may."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A section that answers, and where it stands; the excerpt is what the page says, and no instruction."""

    page: Page
    section: Section
    excerpt: str
    score: float

    @property
    def source(self) -> str:
        """To be cited."""
        return f"{self.page.path}#{self.section.anchor}" if self.section.anchor else self.page.path

    @property
    def title(self) -> str:
        heading = self.section.heading
        return f"{self.page.title} › {heading}" if heading and heading != self.page.title else self.page.title


@dataclass(frozen=True, slots=True)
class Answer:
    """The best passages, best first; none where nothing fits, and then `near` has what came nearest."""

    passages: tuple[Passage, ...] = ()
    near: tuple[Page, ...] = ()


class Index:
    """All sections, each by its words; those of its page's title and tags count for each."""

    def __init__(self, pages: Sequence[Page], embedder: Embedder | None = None) -> None:
        self.sections = [(page, section) for page in pages for section in page.sections]
        documents = [_document(page, section) for page, section in self.sections]
        of_page = [number for number, page in enumerate(pages) for _ in page.sections]
        whole: list[list[str]] = [[] for _ in pages]
        for number, document in zip(of_page, documents, strict=True):
            whole[number] += document
        self._bm25, self._whole = Bm25(documents), Bm25(whole)
        self._page_of = np.array(of_page, np.intp)
        self._holding = Counter(term for each in documents for term in set(each))
        self._embedder = embedder if self.sections else None
        self._vectors: Vector | None = (
            self._embedder([f"{page.title}. {section.heading}. {section.text}" for page, section in self.sections])
            if self._embedder
            else None
        )

    def __len__(self) -> int:
        return len(self.sections)

    def ask(self, question: str, n: int = 3, *, kinds: Collection[Kind] = (), floor: float = FLOOR) -> Answer:
        asked = asked_terms(question)
        scores = self._scores(asked)
        if self._embedder and self._vectors is not None:
            alike = np.maximum(cosines(self._embedder([question])[0], self._vectors), 0.0)
            scores = (1 - OF_MEANING) * scores + OF_MEANING * alike
        weights = {term: rarity(self._holding[term], len(self)) for term in asked}
        found: list[Passage] = []
        near: dict[str, Page] = {}
        taken: Counter[str] = Counter()
        for number in np.argsort(-scores, kind="stable").tolist():
            page, section = self.sections[number]
            if scores[number] <= 0 or (len(found) >= n and len(near) >= n):
                break
            if kinds and page.kind not in kinds:
                continue
            if len(found) < n and scores[number] >= floor and taken[page.path] < MOST_OF_A_PAGE:
                taken[page.path] += 1
                found.append(Passage(page, section, excerpt(section.units, weights), round(float(scores[number]), 4)))
            elif page.path not in taken:
                near.setdefault(page.path, page)
        return Answer(tuple(found), tuple(page for path, page in near.items() if path not in taken)[:n])

    def _scores(self, asked: Sequence[str]) -> NDArray[np.float64]:
        """From 0 to 1: of what a section would have that is all about every word."""
        known = [term for term in asked if self._holding[term]]
        if not known:
            return np.zeros(len(self))
        unknown = UNKNOWN * self._bm25.most(term for term in asked if not self._holding[term])
        of_section = self._bm25.scores(known) / (self._bm25.most(known) + unknown)
        of_page = self._whole.scores(known) / (self._whole.most(known) + unknown)
        return (1 - OF_PAGE) * of_section + OF_PAGE * of_page[self._page_of]


def asked_terms(question: str) -> list[str]:
    found = list(dict.fromkeys(terms(question)))
    return [term for term in found if term not in _CHATTER][:MOST_TERMS] or found[:MOST_TERMS]


def _document(page: Page, section: Section) -> list[str]:
    return [
        *terms(section.text),
        *OF_TITLE * terms(page.title),
        *OF_HEADING * terms(section.heading),
        *OF_TAGS * terms(" ".join(page.tags)),
        *terms(" ".join((page.name, *page.services))),
    ]


def excerpt(units: Sequence[Unit], weights: Mapping[str, float], most: int = EXCERPT) -> str:
    """The unit that says most of what is asked, and what goes on from there, as much as there is room."""
    if not units:
        return ""
    worth = [sum(weights.get(term, 0.0) for term in set(terms(unit.text))) for unit in units]
    start = max(range(len(units)), key=lambda place: (worth[place], -place))
    end, size = start + 1, len(units[start].text)
    while start > 0 and worth[start - 1] > 0 and size + len(units[start - 1].text) < most:
        start -= 1
        size += len(units[start].text) + 1
    while end < len(units) and size + len(units[end].text) < most:
        size += len(units[end].text) + 1
        end += 1
    said = units[start].text
    for before, unit in zip(units[start:end], units[start + 1 : end], strict=False):
        said += (" " if before.kind == unit.kind == "sentence" else "\n") + unit.text
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"
