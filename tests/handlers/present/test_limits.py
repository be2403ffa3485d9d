"""Whatever is too long comes out within Slack's limits, and says how much is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.buttons import Say
from handlers.present.blocks import (
    actions,
    context,
    fields,
    header,
    markdown,
    plan,
    preformatted,
    press,
    section,
    table,
)
from handlers.present.cutting import cut, open_fence, pieces
from handlers.present.escaping import clean
from handlers.present.limits import HOME, MESSAGE, MODAL, fit, split, weight
from handlers.present.message import Block, Rendered
from handlers.present.mrkdwn import fence
from handlers.present.surfaces import for_view
from tests.handlers.judges import judge
from tests.handlers.present.strategies import texts as any_texts

texts = any_texts.map(clean)
long = st.one_of(texts, st.builds(lambda text, times: (text or "x") * times, texts, st.integers(1, 60)))


def button(label: str) -> Block:
    found = press(label, Say("x"))
    assert found
    return found


blocks = st.one_of(
    long.map(section),
    long.map(header),
    long.map(markdown),
    long.map(preformatted),
    st.lists(long.map(lambda text: text[:3_000] or "x"), min_size=1, max_size=14).map(lambda all_: context(*all_)),
    st.lists(st.tuples(st.just("n"), long), min_size=1, max_size=25).map(lambda pairs: fields(pairs)[0]),
    st.integers(1, 30).flatmap(
        lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), max_size=6).map(
            lambda rows: table(["h"] * width, [*rows, *rows * 30])
        )
    ),
    st.lists(texts, min_size=1, max_size=8).map(lambda labels: actions(map(button, labels))[0]),
    st.lists(texts, min_size=1, max_size=70).map(
        lambda names: plan("p", [(str(at), name, "complete", name) for at, name in enumerate(names)])
    ),
)
many = st.lists(blocks, min_size=1, max_size=6).flatmap(
    lambda found: st.integers(1, 12).map(lambda times: found * times)
)


@given(many)
@settings(deadline=None, max_examples=30)
def test_any_blocks_fit_a_message(given_blocks: list[Block]) -> None:
    judge("blocks", fit(given_blocks))


@given(many)
@settings(deadline=None, max_examples=30)
def test_any_blocks_fit_a_view(given_blocks: list[Block]) -> None:
    for surface, limits in (("modal", MODAL), ("home", HOME)):
        shown = fit(for_view(given_blocks, surface), limits) or [context("nothing")]  # type: ignore[arg-type]
        title = {"title": {"type": "plain_text", "text": "t"}} if surface == "modal" else {}
        judge("view", {"type": surface, "blocks": shown, **title})


@given(many)
@settings(deadline=None, max_examples=30)
def test_what_fits_is_left_as_it_is(given_blocks: list[Block]) -> None:
    once = fit(given_blocks)
    assert fit(once) == once


@given(many)
@settings(deadline=None, max_examples=30)
def test_nothing_is_left_out_in_silence(given_blocks: list[Block]) -> None:
    shown = fit(given_blocks)
    before, after = sum(map(weight, given_blocks)), sum(map(weight, shown))
    if after < before - 200:
        assert "…" in str(shown)


@given(text=long, most=st.integers(65, 4_000), fences=st.booleans())
def test_a_cut_text_keeps_to_its_limit_and_says_what_is_missing(text: str, most: int, *, fences: bool) -> None:
    shown = cut(text, most, fences=fences)
    assert len(shown) <= most
    if len(text) > most:
        said = re.search(r"… ([\d,]+) more characters?$", shown)
        assert said
        assert 0 <= len(text) - int(said[1].replace(",", "")) <= most
        body = shown[: said.start()].rstrip()
        closed = body.rpartition("\n")[0].rstrip()  # a fence that was open has a line more
        assert text.startswith(body) or (fences and text.startswith(closed))
    else:
        assert shown == text


@pytest.mark.parametrize("most", range(70, 140, 7))
def test_a_cut_goes_through_no_entity(most: int) -> None:
    for unit in ("<!date^1773480360^{time}|2026-03-14 09:26 UTC>", "&amp;"):
        kept = cut(unit * 30, most).partition("…")[0].strip()
        assert kept.replace(unit, "") == ""


def test_a_cut_fence_is_closed() -> None:
    assert cut(fence("line\n" * 100), 200, fences=True).count("```") == 2


@given(long, st.integers(100, 3_000))
@settings(deadline=None, max_examples=50)
def test_pieces_hold_every_word_and_keep_to_the_limit(text: str, most: int) -> None:
    found = pieces(text, most)
    assert all(len(piece) <= most for piece in found)
    if "```" not in text and "~~~" not in text:
        assert "".join("".join(found).split()) == "".join(text.split())


def test_a_fence_over_several_pieces_is_closed_and_opened_again() -> None:
    found = pieces("before\n```sql\n" + "select 1;\n" * 100 + "```\nafter", 300)
    assert len(found) > 3
    assert all(not open_fence(piece) for piece in found)
    assert all(piece.startswith("```sql\n") for piece in found[1:-1])


@given(many)
@settings(deadline=None, max_examples=30)
def test_a_message_that_is_split_is_whole_and_each_part_is_valid(given_blocks: list[Block]) -> None:
    parts = split(Rendered("text", tuple(given_blocks)))
    for part in parts:
        if part.blocks:
            judge("message", {"text": part.text, "blocks": list(part.blocks)})


def test_a_split_answer_loses_no_word() -> None:
    text = "\n\n".join(f"paragraph {number} " + "word " * 60 for number in range(200))
    parts = split(Rendered("text", (markdown(text),)))
    assert len(parts) > 3
    said = " ".join(str(block["text"]) for part in parts for block in part.blocks)
    assert said.split() == text.split()


def test_buttons_stay_where_text_has_to_go() -> None:
    row = actions([button("Details")])
    shown = fit([*[section("word " * 500) for _ in range(60)], *row])
    assert shown[-1] == row[0]
    assert sum(map(weight, shown)) <= MESSAGE.characters


def test_the_second_table_of_a_message_is_lines() -> None:
    one = table(["a"], [["1"]])
    kinds = [block["type"] for block in fit([one, one])]
    assert kinds == ["table", "rich_text"]


def test_rows_beyond_a_table_are_counted() -> None:
    shown: Any = fit([table(["a"], [["1"]] * 139)])
    assert len(shown[0]["rows"]) == 100
    assert shown[1]["elements"][0]["text"] == "… 40 more rows"


def test_only_a_column_with_something_long_in_it_is_wrapped() -> None:
    made = table(("at", "what"), [("12:58", "latency of payments is not as usual"), ("13:04",)])
    assert [each["is_wrapped"] for each in made["column_settings"]] == [False, True]
