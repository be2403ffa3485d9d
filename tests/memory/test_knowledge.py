"""Questions find their page; folders of any kind are read within bounds, and what is left out is said."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from datetime import timedelta
from pathlib import Path
from time import thread_time

import pytest

from bot import defaults
from bot.door.registry import Registry
from bot.errors import NotFound
from bot.memory import knowledge, knowledge_folder
from bot.memory.knowledge import LOOKED_EVERY, Knowledge, Library
from bot.memory.knowledge_folder import MOST_BYTES, MOST_SECTIONS, Kept
from bot.memory.knowledge_index import EXCERPT, FLOOR, Index
from bot.memory.knowledge_markdown import Page, read_page
from bot.memory.lexical import terms
from bot.memory.semantic import WordLlamaEmbedder
from tests.conftest import MovedClock
from tests.memory.knowledge_questions import ANSWERED, NOWHERE, UNSEEN

RUNBOOKS = {
    "clear-cache",
    "database-failover",
    "drain-node",
    "restart-service",
    "rollback-release",
    "rotate-credentials",
    "scale-out",
}


@pytest.fixture
async def shipped(clock: MovedClock) -> Library:
    return await Knowledge(None, clock).library()


def page(text: str, path: str = "page.md") -> Page:
    return read_page(path, text.encode())


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


class Reader:
    """Somebody who asks now and then."""

    def __init__(self, folder: Path | None, clock: MovedClock, shipped: Path) -> None:
        self.clock = clock
        self.knowledge = Knowledge(folder, clock, shipped=shipped)

    async def later(self) -> Library:
        self.clock.now += LOOKED_EVERY
        return await self.knowledge.library()

    async def names(self) -> list[str]:
        return [each.path for each in (await self.later()).pages]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "own"
    path.mkdir()
    return path


@pytest.fixture
def reader(folder: Path, tmp_path: Path, clock: MovedClock) -> Reader:
    """With no shipped pages."""
    (tmp_path / "none").mkdir()
    return Reader(folder, clock, tmp_path / "none")


# ---------------------------------------------------------------- what ships


async def test_every_shipped_page_is_whole(shipped: Library) -> None:
    assert shipped.note == ""
    files = {path.stem for path in defaults.path("knowledge").rglob("*.md")}
    assert {each.name for each in shipped.pages} == files
    assert {each.name for each in shipped.of_kind("runbook")} == RUNBOOKS
    assert all(each.shipped and each.lead and each.tags for each in shipped.pages)
    assert len({each.title for each in shipped.pages}) == len(shipped.pages)


async def test_every_shipped_runbook_says_when_what_first_how_whether_it_worked_and_how_back(shipped: Library) -> None:
    parts = ["When", "Checks before", "Steps", "How to verify", "How to undo"]
    for runbook in shipped.of_kind("runbook"):
        assert [each.heading for each in runbook.sections if each.heading] == parts, runbook.name
        steps = next(each for each in runbook.sections if each.heading == "Steps")
        assert steps.units[0].text.startswith("1. ")


async def test_pages_that_a_page_names_are_there(shipped: Library) -> None:
    for each in shipped.pages:
        for section in each.sections:
            for words in section.text.split("the guide “")[1:] + section.text.split("the runbook ")[1:]:
                named = words.partition("”")[0] if "”" in words else words.split()[0].strip(".,:")
                assert shipped.page(named)


# ---------------------------------------------------------------- questions


def share(library: Library, asked: tuple[tuple[str, str], ...]) -> tuple[float, float, list[str]]:
    """Of questions whose page stands first, and whose page is offered at all."""
    first, offered, missed = 0, 0, []
    for question, wanted in asked:
        answer = library.ask(question)
        names = [each.page.name for each in answer.passages]
        first += names[:1] == [wanted]
        offered += wanted in {*names, *(each.name for each in answer.near)}
        missed += [] if names[:1] == [wanted] else [f"{question} → {names}"]
    return first / len(asked), offered / len(asked), missed


async def test_questions_lead_to_their_page(shipped: Library) -> None:
    assert len(ANSWERED) >= 40
    first, offered, missed = share(shipped, ANSWERED)
    assert (first >= 0.95, offered >= 0.98) == (True, True), missed


async def test_questions_that_no_page_was_written_for_are_offered_theirs(shipped: Library) -> None:
    first, offered, missed = share(shipped, UNSEEN)
    assert (first >= 0.7, offered >= 0.95) == (True, True), missed


async def test_vectors_find_more_of_what_is_said_otherwise(shipped: Library, tmp_path: Path) -> None:
    plain, _, _ = share(shipped, UNSEEN)
    found = Library.of(shipped.pages, embedder=WordLlamaEmbedder(tmp_path))
    with_vectors, _, missed = share(found, UNSEEN)
    assert with_vectors > plain, missed
    assert share(found, ANSWERED)[0] >= 0.95


async def test_what_no_page_is_about_is_answered_by_nothing(shipped: Library) -> None:
    answered = [question for question in NOWHERE if shipped.ask(question).passages]
    assert len(answered) <= len(NOWHERE) / 5, answered


async def test_an_answer_quotes_the_sentences_that_answer_and_says_where(shipped: Library) -> None:
    best = shipped.ask("how many minutes of downtime does 99.9 % allow?").passages[0]
    assert best.source == "guides/error-budgets.md"
    assert "43 minutes" in best.excerpt
    best = shipped.ask("is it ok to use FLUSHALL on redis?").passages[0]
    assert best.source == "runbooks/clear-cache.md#steps"
    assert best.title == "Clear a cache › Steps"
    assert "FLUSHALL only where you are certain" in best.excerpt
    assert FLOOR <= best.score <= 1


async def test_a_kind_narrows_and_a_page_is_not_offered_twice(shipped: Library) -> None:
    answer = shipped.ask("too many database connections", n=5, kinds=["guide"])
    assert {each.page.kind for each in answer.passages} == {"guide"}
    paths = [each.page.path for each in answer.passages]
    assert max(map(paths.count, paths)) <= 2
    assert not {each.path for each in answer.near} & set(paths)


def test_a_page_names_only_operations_that_there_are() -> None:
    """But for those of which it says that they may be missing."""
    known = {each.name for each in Registry.discover()} | {"runbooks.run"}
    groups = {name.partition(".")[0] for name in known}
    for path in defaults.path("knowledge").rglob("*.md"):
        for name in re.findall(r"`([a-z_]+\.[a-z_]+)", path.read_text()):
            assert name in known or name.partition(".")[0] not in groups, f"{path.name}: {name}"


@pytest.mark.parametrize("question", ["", "   ", "?!", "how do I", "é" * 5_000, "why " * 3_000, "日本語の質問"])
async def test_a_question_of_nothing_finds_nothing_and_breaks_nothing(shipped: Library, question: str) -> None:
    assert shipped.ask(question).passages == ()


def test_excerpts_are_short_and_say_where_they_were_cut() -> None:
    found = Index([page("# T\nneedle " + "word " * 150), page("# U\nother", "u.md")]).ask("needle")
    assert len(found.passages[0].excerpt) <= EXCERPT
    assert found.passages[0].excerpt.endswith("…")


async def test_a_page_is_named_by_path_name_or_title(shipped: Library) -> None:
    for name in ("runbooks/drain-node.md", "drain-node", "Drain a node", "DRAIN_NODE", "runbooks/drain-node.md#steps"):
        assert shipped.page(name).name == "drain-node"
    with pytest.raises(NotFound, match="Did you mean drain-node"):
        shipped.page("drain-nod")
    with pytest.raises(NotFound, match="no runbook"):
        shipped.page("error-budgets", "runbook")


# ---------------------------------------------------------------- a folder


async def test_no_folder_and_an_empty_one_are_nothing_special(
    reader: Reader, clock: MovedClock, tmp_path: Path
) -> None:
    library = await reader.later()
    assert (library.pages, library.note, library.ask("anything").near) == ((), "", ())
    assert (await Reader(None, clock, tmp_path / "none").later()).note == ""


async def test_changes_are_seen_after_a_few_seconds_and_not_looked_for_before(reader: Reader, folder: Path) -> None:
    write(folder, "a.md", "# Apples\nAbout apples.")
    assert await reader.names() == ["a.md"]
    write(folder, "b.md", "# Pears\nAbout pears.")
    assert [each.path for each in (await reader.knowledge.library()).pages] == ["a.md"]
    assert await reader.names() == ["a.md", "b.md"]
    before = (await reader.later()).page("a")
    os.utime(write(folder, "b.md", "# Plums\nAbout plums."), ns=(1, 1))
    library = await reader.later()
    assert library.page("plums").name == "b"
    assert library.page("a") is before  # what did not change was not read again
    (folder / "a.md").unlink()
    assert await reader.names() == ["b.md"]


async def test_many_who_ask_at_once_read_the_folder_once(reader: Reader, folder: Path) -> None:
    write(folder, "a.md", "# Apples\nAbout apples.")
    found = await asyncio.gather(*(reader.knowledge.library() for _ in range(50)))
    assert len({id(each) for each in found}) == 1
    assert len(found[0].pages) == 1


async def test_while_much_is_read_anew_who_asks_gets_what_was(
    reader: Reader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.md", "# Apples\nAbout apples.")
    before = await reader.later()
    go_on = threading.Event()

    def slow(*_: object, **__: object) -> dict[str, Kept]:
        assert go_on.wait(10)
        return {}

    monkeypatch.setattr(knowledge, "read", slow)
    monkeypatch.setattr(knowledge, "PATIENCE", 0.0)
    write(folder, "b.md", "# Pears\nAbout pears.")
    assert await reader.later() is before
    assert await reader.knowledge.library() is before
    go_on.set()
    monkeypatch.setattr(knowledge, "PATIENCE", None)
    assert (await reader.knowledge.library()).pages == ()


async def test_a_folder_that_vanishes_is_said_and_its_pages_stay(reader: Reader, folder: Path, tmp_path: Path) -> None:
    write(folder, "a.md", "# Apples\nAbout apples.")
    await reader.later()
    away = tmp_path / "away"
    os.rename(folder, away)  # noqa: PTH104  pathlib's own would block no less
    library = await reader.later()
    assert library.page("a")
    assert "is not there; its pages are shown as they were" in library.note
    os.rename(away, folder)  # noqa: PTH104
    assert (await reader.later()).note == ""


async def test_a_folder_that_never_was_or_is_a_file_is_said(clock: MovedClock, tmp_path: Path) -> None:
    for name in ("nowhere", write(tmp_path, "file.md", "x").name):
        library = await Knowledge(tmp_path / name, clock).library()
        assert library.note.endswith("of LLM_COPILOT_KNOWLEDGE_DIR is not there")
        assert len(library.pages) > 20


async def test_a_page_of_ones_own_stands_in_for_the_shipped_one(clock: MovedClock, folder: Path) -> None:
    write(folder, "ops/restart-service.md", "---\nkind: runbook\n---\n# Our restart\nAsk the owner first.")
    library = await Knowledge(folder, clock).library()
    assert library.page("restart-service").title == "Our restart"
    assert {each.name for each in library.of_kind("runbook")} == RUNBOOKS
    assert library.ask("ask the owner before a restart").passages[0].source == "ops/restart-service.md#our-restart"


async def test_what_cannot_be_read_is_skipped_and_said_and_the_rest_goes_on(reader: Reader, folder: Path) -> None:
    write(folder, "good.md", "# Good\nFine.")
    write(folder, "huge.md", b"x" * (MOST_BYTES + 1))
    write(folder, "binary.md", b"\x00\xff\xfe" * 100)
    write(folder, "broken.md", "---\ntitle: [\n---\nx")
    write(folder, "empty.md", "")
    write(folder, "notes.txt", "not Markdown")
    write(folder, ".git/hidden.md", "# Hidden\nx")
    write(folder, ".hidden.md", "# Hidden\nx")
    library = await reader.later()
    assert {each.path for each in library.pages} == {"good.md", "empty.md"}
    assert {each.path for each in library.left_out} == {"huge.md", "binary.md", "broken.md"}
    assert library.note.startswith("3 files are left out: ")
    assert "larger than 1,000,000 bytes" in library.note
    write(folder, "broken.md", "---\ntitle: Mended\n---\nx")
    assert (await reader.later()).page("Mended")


async def test_nothing_outside_the_folder_is_read(reader: Reader, folder: Path, tmp_path: Path) -> None:
    write(tmp_path, "secret.md", "# Secret\npasswords")
    write(tmp_path, "away/other.md", "# Other\npasswords")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "linked").symlink_to(tmp_path / "away")
    (folder / "circle.md").symlink_to(folder / "circle.md")
    os.mkfifo(folder / "pipe.md")
    write(folder, "..data/real.md", "# Real\nAs a mounted ConfigMap has it.")
    (folder / "real.md").symlink_to(folder / "..data" / "real.md")
    library = await reader.later()
    assert [each.path for each in library.pages] == ["real.md"]
    assert library.ask("passwords").passages == ()
    assert {each.path for each in library.left_out} == {"link.md", "circle.md", "pipe.md"}
    assert "leads out of the folder" in library.note


async def test_a_file_that_could_not_be_read_once_is_tried_again(
    reader: Reader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "a.md", "# Apples\nAbout apples.")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", _refuses)
        assert "a.md: it cannot be read (stale handle)" in (await reader.later()).note
    assert await reader.names() == ["a.md"]


def _refuses(*_: object, **__: object) -> None:
    raise OSError(116, "stale handle")


async def test_beyond_the_bounds_is_left_out_and_said(
    reader: Reader, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_folder, "MOST_SECTIONS", 6)
    monkeypatch.setattr(knowledge_folder, "MOST_FILES", 3)
    for name in "abcd":
        write(folder, f"{name}.md", "# One\nx\n# Two\ny\n# Three\nz")
    library = await reader.later()
    assert [each.path for each in library.pages] == ["a.md", "b.md"]
    assert "beyond 3 files" in library.note
    assert "beyond 6 sections" in library.note


def test_five_thousand_sections_are_asked_much_quicker_than_they_are_read() -> None:
    """Beside a plain scan over all of them in the same process, so that no machine's pace counts."""
    text = "\n".join(
        f"# Part {number}\nservice{number % 97} fails with error {number} on host{number % 13}."
        for number in range(1_000)
    )
    pages = [page(text, f"{number}.md") for number in range(5)]
    index = Index(pages)
    assert len(index) == MOST_SECTIONS
    question = "why does service42 fail on host7"
    began = thread_time()
    wanted = set(terms(question))
    scanned = max(index.sections, key=lambda each: len(wanted & set(terms(each[1].text))))
    scan = thread_time() - began
    began = thread_time()
    for _ in range(10):
        found = index.ask(question)
    assert (thread_time() - began) / 10 < scan / 3
    assert len(wanted & set(terms(found.passages[0].section.text))) == len(wanted & set(terms(scanned[1].text)))


async def test_looking_leaves_the_loop_free(folder: Path, clock: MovedClock) -> None:
    for number in range(200):
        write(folder, f"{number}.md", f"# Part {number}\n" + "Some words to read. " * 100)
    reading = asyncio.create_task(Knowledge(folder, clock).library())
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 20
    assert (await reading).index
    assert timedelta(seconds=1) < LOOKED_EVERY < timedelta(seconds=30)
