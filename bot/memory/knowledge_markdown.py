"""A Markdown page as sections of plain sentences: they are found and quoted, and nothing in them is obeyed.

Every step is linear in the length of the text, whatever it holds: a page may come from anybody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.catalogue import parse
from bot.errors import ConfigurationError

Kind = Literal["page", "runbook", "guide", "postmortem", "policy"]
KINDS: Final[dict[str, Kind]] = {
    "runbooks": "runbook",
    "guides": "guide",
    "postmortems": "postmortem",
    "post-mortems": "postmortem",
    "policies": "policy",
}
"""What the pages of a folder are, where they do not say it themselves."""
MOST_FRONT: Final = 8_000
MOST_NESTED: Final = 8
MOST_TITLE: Final = 200
MOST_UNIT: Final = 1_000
MOST_SECTION: Final = 4_000
"""Characters after which a section goes on as a further one of the same heading."""

_HEADING: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_UNDERLINE: Final = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_RULE: Final = re.compile(r" {0,3}(?:[-*_][ \t]*){3,}")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM: Final = re.compile(r"\s{0,200}(?:([-*+])|(\d{1,9})[.)])[ \t]+")
_ROW: Final = re.compile(r"\s{0,200}\|(.*)\|\s*")
_LINE: Final = re.compile(r"[|\s:-]+")
_QUOTED: Final = re.compile(r"[ \t]*(?:>[ \t]?){1,100}")
_LINK: Final = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\n]{0,2000}\)")
_MARKS: Final = re.compile(r"`+|\*{2,3}|__|(?<!\w)[*_](?=\w)|(?<=[\w.,!?])[*_](?!\w)|~~")
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z0-9“\"(])")
_NO_SLUG: Final = re.compile(r"[^\w\- ]")
_SPACES: Final = re.compile(r"\s+")


def _listed(value: object) -> object:
    """`tags: restart` means a list of one."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[Annotated[str, Field(max_length=MOST_TITLE)], ...], BeforeValidator(_listed)]


class Front(BaseModel):
    """What a page says of itself; other programs keep words of their own there, which are let be."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = Field("", max_length=MOST_TITLE)
    kind: Kind | None = None
    services: Words = ()
    tags: Words = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a point of a list with its number, a row of a table, or a block of code."""

    text: str
    kind: Literal["sentence", "point", "code"] = "sentence"


@dataclass(frozen=True, slots=True)
class Section:
    """What stands below one heading."""

    heading: str
    anchor: str
    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        return "\n".join(unit.text for unit in self.units)


@dataclass(frozen=True, slots=True)
class Page:
    """One file."""

    path: str
    title: str
    kind: Kind
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    shipped: bool = False

    @property
    def name(self) -> str:
        """What it is called for: the file without its folders and its end."""
        return PurePosixPath(self.path).stem.lower()

    @property
    def lead(self) -> str:
        """Its first sentence."""
        return next((unit.text for section in self.sections for unit in section.units if unit.kind == "sentence"), "")


def read_page(path: str, raw: bytes, *, shipped: bool = False) -> Page:
    """Raises ConfigurationError where it is no text, or where what it says of itself is wrong."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text", mend="Save it as UTF-8.") from None
    if "\x00" in text:
        raise ConfigurationError(f"{path} is not text", mend="Keep only Markdown in this folder.")
    front, body = _front(path, _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    sections = tuple(_sections(_without_comments(body)))
    first = next((each.heading for each in sections if each.heading), "")
    where = PurePosixPath(path)
    folders = [KINDS[part.lower()] for part in where.parts[:-1] if part.lower() in KINDS]
    return Page(
        path=path,
        title=front.title or first or where.stem.replace("-", " ").replace("_", " "),
        kind=front.kind or (folders[-1] if folders else "page"),
        services=front.services,
        tags=front.tags,
        sections=sections,
        shipped=shipped,
    )


def _front(path: str, text: str) -> tuple[Front, str]:
    if not text.startswith("---\n"):
        return Front(), text
    end = text.find("\n---", 3)
    if end < 0 or end > MOST_FRONT:
        mend = f"End it with a line of --- within {MOST_FRONT:,} characters, or begin the page otherwise."
        raise ConfigurationError(f"{path}: what stands between the lines of --- has no end", mend=mend)
    head, body = text[4 : end + 1], text[end + 4 :].partition("\n")[2]
    try:
        _tame(path, head)
        data = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 2}" if mark else ""
        why = getattr(error, "problem", None) or "it cannot be read"
        raise ConfigurationError(
            f"{path}{place}: {why}", mend="Correct what stands between the lines of ---."
        ) from None
    return parse(Front, data or {}, path), body


def _tame(path: str, head: str) -> None:
    """A few lines of aliases would unfold to gigabytes, and deep nesting takes seconds."""
    depth = 0
    for event in yaml.parse(head, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MOST_NESTED:
            why = f"is nested more than {MOST_NESTED} deep" if depth > MOST_NESTED else "has an alias"
            raise ConfigurationError(f"{path}: what stands between the lines of --- {why}", mend="Write it out flat.")


def _without_comments(text: str) -> str:
    """What nobody who reads the page sees is not found in it either."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


@dataclass(slots=True)
class _Reading:
    """A page on its way from lines to sections."""

    heading: str = ""
    units: list[Unit] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    mark: str = ""
    slugs: Counter[str] = field(default_factory=Counter)

    def end_block(self) -> None:
        if self.lines:
            text = plain(" ".join(self.lines))
            if self.mark:
                self.units += [Unit(piece, "point") for piece in _pieces(f"{self.mark} {text}")]
            else:
                self.units += [Unit(piece) for sentence in _SENTENCE.split(text) for piece in _pieces(sentence)]
        self.lines, self.mark = [], ""

    def end_section(self, heading: str) -> Iterator[Section]:
        self.end_block()
        if self.units:
            anchor = self.anchor()
            for units in _portions(self.units):
                yield Section(self.heading, anchor, units)
        self.heading, self.units = heading, []

    def anchor(self) -> str:
        """As GitHub makes it."""
        if not self.heading:
            return ""
        slug = _NO_SLUG.sub("", self.heading.lower()).strip().replace(" ", "-")
        self.slugs[slug] += 1
        return slug if self.slugs[slug] == 1 else f"{slug}-{self.slugs[slug] - 1}"


def _sections(text: str) -> Iterator[Section]:
    now, fence, code = _Reading(), "", list[str]()
    for line in text.split("\n"):
        opening = _FENCE.match(line)
        if fence:
            if opening and opening[1].startswith(fence) and not line.strip(" `~"):
                now.units += [Unit(piece, "code") for piece in _pieces("\n".join(code))]
                fence, code = "", []
            else:
                code.append(line)
        elif opening:
            now.end_block()
            fence = opening[1]
        elif found := _HEADING.fullmatch(line):
            yield from now.end_section(plain(found[2].rstrip("# \t"))[:MOST_TITLE])
        elif _UNDERLINE.fullmatch(line) and len(now.lines) == 1 and not now.mark:
            heading, now.lines = plain(now.lines[0])[:MOST_TITLE], []
            yield from now.end_section(heading)
        elif not line.strip() or _RULE.fullmatch(line):
            now.end_block()
        else:
            _line(now, line)
    now.units += [Unit(piece, "code") for piece in _pieces("\n".join(code))]  # a fence that nobody closed
    yield from now.end_section("")


def _line(now: _Reading, line: str) -> None:
    if quoted := _QUOTED.match(line):
        line = line[quoted.end() :]
    if row := _ROW.fullmatch(line):
        now.end_block()
        if not _LINE.fullmatch(line):
            cells = " · ".join(cell.strip() for cell in row[1].split("|") if cell.strip())
            now.units += [Unit(piece, "point") for piece in _pieces(plain(cells))]
    elif item := _ITEM.match(line):
        now.end_block()
        now.mark = f"{item[2]}." if item[2] else "–"
        now.lines = [line[item.end() :]]
    else:
        now.lines.append(line.strip())


def plain(text: str) -> str:
    """Without the marks of Markdown: of a link, what it says."""
    return _SPACES.sub(" ", _MARKS.sub("", _LINK.sub(r"\1", text))).strip()


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), MOST_UNIT):
        if piece := text[start : start + MOST_UNIT].strip("\n"):
            yield piece


def _portions(units: list[Unit]) -> Iterator[tuple[Unit, ...]]:
    portion, size = list[Unit](), 0
    for unit in units:
        if portion and size + len(unit.text) > MOST_SECTION:
            yield tuple(portion)
            portion, size = [], 0
        portion.append(unit)
        size += len(unit.text)
    if portion:
        yield tuple(portion)
