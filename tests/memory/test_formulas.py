"""Tokens, relevance, words, budgets: formulas, with numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.memory.budget import ROOM, fill
from bot.memory.lexical import Bm25, fold, stem, terms
from bot.memory.relevance import IMPORTANCES, Kind, clamped, relevance
from bot.memory.semantic import WordLlamaEmbedder, cosines, unit
from bot.memory.tokens import tokens

DAY = timedelta(days=1)

# ---------------------------------------------------------------- relevance


def test_the_worked_example_of_the_specification_comes_out() -> None:
    assert round(relevance(0.8, timedelta(hours=24), 0.5), 4) == 0.6104


def test_days_count_and_not_only_the_hours_of_the_day() -> None:
    assert relevance(0, timedelta(days=2, hours=3), 0) == pytest.approx(0.3 * math.exp(-51 / 24))


def test_what_comes_from_a_clock_that_is_ahead_is_new_and_no_more() -> None:
    assert relevance(0, timedelta(hours=-5), 0) == 0.3


@example(0.0, timedelta.max, 0.0)
@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.timedeltas(),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_relevance_never_leaves_its_range(semantic: float, age: timedelta, importance: float) -> None:
    assert 0.0 <= relevance(semantic, age, importance) <= 1.0


def test_a_cosine_below_zero_is_nothing_and_no_number_is_nothing() -> None:
    assert (clamped(-0.4), clamped(1.7), clamped(math.nan)) == (0.0, 1.0, 0.0)


def test_every_kind_has_an_importance_and_an_incident_the_highest() -> None:
    assert set(IMPORTANCES) == set(Kind)
    assert max(IMPORTANCES.values()) == IMPORTANCES[Kind.INCIDENT] == 1.0


# ---------------------------------------------------------------- tokens

SAMPLES = {
    "prose": "The error rate of checkout rose after the release, and we rolled it back at three in the afternoon. " * 4,
    "json": '{"service": "checkout", "p95_ms": 412.7, "labels": ["prod", "eu-west-1"], "ok": false}\n' * 4,
    "code": "for each in sorted(found, key=lambda item: (-item.score, item.name)):\n    total += each.weight\n" * 4,
    "log": "2026-03-18T15:30:02Z ERROR gateway-7f9c: upstream 10.2.3.4:8080 timed out after 30000ms id=a81f3c\n" * 4,
    "german": "Die Fehlerrate stieg nach der Veröffentlichung, und wir haben sie zurückgenommen. " * 4,
    "chinese": "结账服务的错误率在发布之后上升，我们在下午三点回滚了。" * 4,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_estimate_is_near_what_a_tokeniser_says(name: str, llama: WordLlamaEmbedder) -> None:
    said = SAMPLES[name]
    counted = len(llama._model.tokenizer.encode(said, add_special_tokens=False).ids)
    assert 0.55 <= tokens(said) / counted <= 1.5, (tokens(said), counted)


@given(st.text(), st.text())
def test_two_texts_take_about_what_they_take_together(one: str, other: str) -> None:
    assert tokens(one + other) <= tokens(one) + tokens(other) <= tokens(one + other) + 1


def test_half_a_character_is_counted_too() -> None:
    assert tokens("\ud83d") > 0
    assert tokens("") == 0


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("deployments", "deployment"),
        ("Restarting", "restarted"),
        ("latencies", "latency"),
        ("rollbacks", "ROLLBACK"),
        ("café", "cafe\u0301"),
        ("STRASSE", "straße"),
        ("caching", "cache"),
        ("stopped", "stopping"),
        ("fixes", "fix"),
    ],
)
def test_forms_of_a_word_are_one_word(one: str, other: str) -> None:
    assert terms(one) == terms(other)


@pytest.mark.parametrize(("one", "other"), [("p95", "p99"), ("us", "use"), ("redis", "red"), ("status", "state")])
def test_names_stay_apart(one: str, other: str) -> None:
    assert stem(fold(one)) != stem(fold(other))


def test_a_name_is_found_whole_and_by_its_parts() -> None:
    assert {"checkout-api", "checkout", "api"} <= set(terms("is checkout-api up?"))
    assert {"inc-123", "inc", "123"} <= set(terms("INC-123"))


def test_text_without_spaces_is_found_by_pairs_of_characters() -> None:
    assert set(terms("错误率")) & set(terms("结账服务的错误率上升"))


@given(st.text(max_size=200))
def test_any_text_has_terms_of_bounded_length(text: str) -> None:
    assert all(0 < len(each) <= 128 for each in terms(text))


def test_the_text_that_is_about_the_rare_word_comes_first() -> None:
    texts = ["the checkout is slow", "the database is slow and slow", "checkout database", "lunch is at noon"]
    index = Bm25(map(terms, texts))
    scores = index.scores(terms("slow database"))
    assert list(np.argsort(scores)[::-1][:2]) == [1, 2]
    assert scores[3] == 0
    assert len(index) == 4
    assert 0 < scores.max() <= index.most(terms("slow database"))


def test_an_empty_index_answers_nothing() -> None:
    index = Bm25([])
    assert index.scores(["x"]).size == 0


# ---------------------------------------------------------------- vectors


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> WordLlamaEmbedder:
    return WordLlamaEmbedder(tmp_path_factory.mktemp("models"))


def test_the_vectors_of_the_wheel_load_without_a_network_and_know_what_is_alike(llama: WordLlamaEmbedder) -> None:
    pool, exhausted, lunch = llama(
        ["the database ran out of connections", "connection pool exhausted in postgres", "lunch is at noon"]
    )
    near, far = cosines(pool, np.array([exhausted, lunch]))
    assert near > 0.3 > far


def test_what_cannot_be_embedded_is_a_vector_all_the_same(llama: WordLlamaEmbedder) -> None:
    found = llama(["", "\ud83d", "x" * 100_000])
    assert found.shape == (3, 256)
    assert np.isfinite(found).all()


def test_the_cache_may_be_there_already(llama: WordLlamaEmbedder, tmp_path: Path) -> None:
    first, second = WordLlamaEmbedder(tmp_path), WordLlamaEmbedder(tmp_path)
    assert np.allclose(first(["same"]), second(["same"]))


def test_a_vector_of_nothing_stays_nothing() -> None:
    assert not unit(np.zeros((1, 3), np.float32)).any()


# ---------------------------------------------------------------- budgets


@dataclass(frozen=True)
class Piece:
    name: str
    tokens: int


def cut(piece: Piece, room: int) -> Piece | None:
    return replace(piece, name=f"{piece.name}'", tokens=room // 2) if piece.name != "solid" else None


def test_what_does_not_fit_is_shortened_while_there_is_room() -> None:
    filled = fill([Piece("a", 300), Piece("b", 900), Piece("c", 50)], 700, cut)
    assert [each.name for each in filled.items] == ["a", "b'", "c"]
    assert filled.tokens == 300 + 200 + 50


def test_with_a_hundred_tokens_left_nothing_is_shortened_but_what_fits_is_taken() -> None:
    filled = fill([Piece("a", 600), Piece("b", 900), Piece("c", 50)], 700, cut)
    assert [each.name for each in filled.items] == ["a", "c"]


def test_under_a_hundred_tokens_it_ends() -> None:
    filled = fill([Piece("a", 601), Piece("b", 1)], 700, cut)
    assert [each.name for each in filled.items] == ["a"]


def test_what_cannot_be_shortened_is_passed_over() -> None:
    filled = fill([Piece("solid", 900), Piece("c", 50)], 700, cut)
    assert [each.name for each in filled.items] == ["c"]


@given(st.lists(st.integers(0, 2_000)), st.integers(0, 5_000))
def test_a_budget_is_kept(sizes: list[int], budget: int) -> None:
    filled = fill([Piece("x", size) for size in sizes], budget, cut)
    assert filled.tokens == sum(each.tokens for each in filled.items) <= budget
    taken_or_full = len(filled.items) == len(sizes) or budget - filled.tokens < max([ROOM, *sizes])
    assert taken_or_full
