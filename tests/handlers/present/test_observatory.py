"""Answers about telemetry in Slack: the sentence, what stands out, what kept a source from answering; all bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.agent.events import Result
from bot.door.outcomes import Done
from bot.door.registry import Registry
from bot.memory.knowledge import Knowledge
from bot.observatory.told import Told
from bot.operations.knowledge import told
from handlers.present import Rendered, details, render
from handlers.present.message import Block
from handlers.present.observatory import PAGES, TOLD
from tests.handlers.judges import judge
from tests.handlers.present.reader import entities, read
from tests.handlers.present.strategies import NOW, scene

NASTY = "<!channel> *x* `y` &amp; @here <https://evil.example|ok> \u202e"


def shown(output: dict[str, Any], operation: str = "metrics.query") -> Rendered:
    rendered = render([Result(Done(output, operation, "tr", "run-1"), "Title")], scene(), done=True)
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    return rendered


def behind(output: dict[str, Any], operation: str = "metrics.query") -> list[Block]:
    """What Details opens, all its pages."""
    result = Result(Done(output, operation, "tr", "run-1"), "Title")
    pages = details([result], scene())[2]
    return [block for page in range(1, pages + 1) for block in details([result], scene(), page)[1]]


def words(rendered: Rendered) -> str:
    return read(rendered.text + str(list(rendered.blocks)))


def source(state: str, note: str = "") -> dict[str, str]:
    return {"name": "loki", "state": state, "note": note}


def test_every_answer_that_is_told_has_its_presenter() -> None:
    told = {each.name for each in Registry.discover() if issubclass(each.output, Told)}
    assert told == set(TOLD)


def test_the_sentence_stands_first_and_bold_then_what_stands_out() -> None:
    rendered = shown({"summary": "P95 is 1 s now.", "findings": ["worse", "a deploy"]})
    texts = [each["text"]["text"] for each in rendered.blocks if each["type"] == "section"]
    assert texts[0] == "*P95 is 1 s now.*"
    assert texts[1] == "• worse\n• a deploy"


def test_a_channel_that_a_watch_speaks_in_is_shown_by_its_name() -> None:
    answer = {
        "summary": "I watch it, and speak in C0OPS.",
        "findings": ["In C0OPS."],
        "watches": [{"channel": "C0OPS"}],
    }
    said = str(shown(answer, "watches.create").blocks)
    assert said.count("<#C0OPS>") == 2
    assert "<#" not in str(shown({**answer, "watches": []}, "watches.create").blocks)


def test_an_answer_of_nothing_says_so() -> None:
    assert "There is nothing to show." in words(shown({}))


@pytest.mark.parametrize(
    ("state", "said"),
    [("down", "gave no answer: why"), ("stale", "is down; this is older"), ("partial", "gave only a part")],
)
def test_a_source_that_failed_is_said(state: str, said: str) -> None:
    assert said in words(shown({"summary": "x", "sources": [source(state, "why")]}))


@pytest.mark.parametrize("state", ["fresh", "cached"])
def test_a_source_that_is_well_takes_no_room(state: str) -> None:
    assert "loki" not in words(shown({"summary": "x", "sources": [source(state)]}))


def test_a_query_that_was_mended_shows_what_it_was() -> None:
    assert "it was" in words(shown({"summary": "x", "repaired": "sum(("}))


WHOLE: dict[str, Any] = {
    "summary": NASTY,
    "findings": [NASTY] * 12,
    "repaired": NASTY,
    "sources": [source("down", NASTY)],
    "figures": [{"name": NASTY, "last": 1.5, "maximum": None, "trend": NASTY}],
    "suspects": [
        {
            "service": NASTY,
            "confidence": 0.8,
            "speaks_for": [{"kind": "change", "weight": 1, "words": NASTY}],
            "speaks_against": [{"kind": "metrics", "weight": 1, "words": NASTY}],
        }
    ],
    "ruled_out": [{"service": NASTY, "reason": NASTY, "because_of": ""}],
    "patterns": [{"template": NASTY, "occurrences": 12_345, "examples": [NASTY]}],
    "lines": [{"at": "2026-03-18T15:00:00.123456Z", "level": "error", "text": NASTY}],
    "bottlenecks": [{"service": NASTY, "name": NASTY, "share": 0.5, "recommendation": NASTY}],
    "sections": [{"heading": NASTY, "anchor": "x", "lines": [NASTY, f"{NASTY}\n  {NASTY}"]}],
}


@pytest.mark.parametrize("operation", TOLD)
def test_nothing_from_outside_is_a_mark_a_link_or_a_call(operation: str) -> None:
    rendered = shown(WHOLE, operation)
    said = str([each for each in (*rendered.blocks, *behind(WHOLE, operation)) if each["type"] != "rich_text"])
    assert "!channel" not in "".join(entities(said))
    assert "evil.example" not in "".join(entities(said))
    assert "\u202e" not in said


def test_details_hold_what_is_behind_the_sentence() -> None:
    said = read(str(behind({**WHOLE, "findings": [f"finding {number}" for number in range(12)]})))
    for part in ("finding 11", "confidence 80 %", "12,345 ×", "15:00:00.123", "50 %", "Ruled out"):
        assert part in said


def test_however_much_there_is_it_fits() -> None:
    long = "long words " * 900
    much: dict[str, Any] = {
        "summary": long,
        "findings": [long] * 50,
        "sources": [source("down", long)] * 20,
        "figures": [{"name": long, "mean": 1.0}] * 50,
        "patterns": [{"template": long, "occurrences": 1, "examples": [long] * 5}] * 20,
        "lines": [{"at": "2026-03-18T15:00:00Z", "level": "info", "text": long}] * 30,
    }
    shown(much)
    for block in behind(much):
        assert len(str(block.get("text", ""))) <= 3_200


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=4))
@settings(deadline=None, max_examples=40)
def test_whatever_is_said_the_message_is_valid(summary: str, findings: list[str]) -> None:
    shown({"summary": summary, "findings": findings, "sources": [source("partial", summary)]})


# ---------------------------------------------------------------- pages


CODE = "select 1;\n  -- indented"
PAGE: dict[str, Any] = {
    "summary": "Runbook “Failover”, steps:",
    "findings": ["1. Say so in the channel.", CODE, "2. Fail over.", "People follow its steps."],
    "sections": [
        {"heading": "When", "anchor": "when", "lines": ["– The primary is gone."]},
        {"heading": "Steps", "anchor": "steps", "lines": ["1. Say so in the channel.", CODE, "2. Fail over."]},
        {"heading": "", "anchor": "", "lines": ["What stands below no heading."]},
    ],
}


def code_of(blocks: Iterable[Block]) -> list[str]:
    return [
        part["elements"][0]["text"]
        for block in blocks
        if block["type"] == "rich_text"
        for part in block["elements"]
        if part["type"] == "rich_text_preformatted"
    ]


@pytest.mark.parametrize("operation", PAGES)
def test_a_page_begins_with_what_matters_most_and_code_stands_as_it_is(operation: str) -> None:
    blocks = shown(PAGE, operation).blocks
    texts = [each["text"]["text"] for each in blocks if each["type"] == "section"]
    assert texts[:3] == [
        "*Runbook “Failover”, steps:*",
        "1. Say so in the channel.",
        "2. Fail over.\nPeople follow its steps.",
    ]
    assert code_of(blocks) == [CODE]


@pytest.mark.parametrize("operation", PAGES)
def test_behind_a_page_is_all_of_it_below_its_headings(operation: str) -> None:
    blocks = behind(PAGE, operation)
    texts = [each["text"]["text"] for each in blocks if each["type"] == "section"]
    assert [each for each in texts if each.startswith("*")] == ["*When*", "*Steps*"]
    assert code_of(blocks) == [CODE]
    said = read(str(blocks))
    assert said.index("The primary is gone") < said.index("Fail over") < said.index("below no heading")


def test_a_page_without_an_end_still_fits() -> None:
    endless = ["a sentence without an end " * 400, "x = 1\n" * 4_000]
    much = {**PAGE, "findings": endless, "sections": [{"heading": "h" * 400, "anchor": "", "lines": endless}] * 30}
    shown(much, "knowledge.show")
    pages = details([Result(Done(much, "knowledge.show", "tr", "run-1"), "Title")], scene())[2]
    assert pages > 1


def test_the_pages_that_ship_are_shown_whole() -> None:
    library = asyncio.run(Knowledge(None, lambda: NOW).library())
    assert library.pages
    for page in library.pages:
        answer = told(page, library, chiefly="steps").model_dump(mode="json")
        shown(answer, "runbooks.show")
        said = read(str(behind(answer, "runbooks.show")))
        assert all(section.heading in said for section in page.sections)
