from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.memory.compression import MARK, TARGET, TRIGGER, Turn, compressed, shortened, truncated, window
from bot.memory.tokens import tokens

FILLER = "We looked at it for a while and talked about this and that. Nobody was sure. It went on like that. "


def talk(count: int, words: int = 3) -> list[Turn]:
    return [
        Turn.of(f"U{at % 3}" if at % 2 == 0 else "bot", "assistant" if at % 2 else "user", FILLER * words)
        for at in range(count)
    ]


def test_what_fits_is_left_as_it_is() -> None:
    turns = talk(10)
    found = window(turns, sum(each.tokens for each in turns) * 2)
    assert (found.turns, found.compressed) == (tuple(turns), False)


def test_over_eighty_percent_it_is_compressed_to_seventy() -> None:
    turns = talk(100)
    total = sum(each.tokens for each in turns)
    assert not window(turns, int(total / TRIGGER) + 1).compressed
    budget = int(total / TRIGGER) - 10
    found = window(turns, budget)
    assert found.compressed
    assert found.tokens <= budget * TARGET
    assert found.tokens == sum(each.tokens for each in found.turns)


def test_a_question_and_its_answer_are_never_parted() -> None:
    turns = talk(60)
    found = compressed(turns, 2_000)
    summary, *rest = found.turns
    assert summary.summary
    assert rest == turns[-len(rest) :]
    assert rest[0].role == "user"
    assert found.summarised == 60 - len(rest)


def test_decisions_numbers_names_incidents_and_open_questions_survive() -> None:
    said = {
        "We decided to roll back release 2.3.": "user",
        "INC-4711 was declared with severity 1.": "assistant",
        "apr-9f3 was approved by the manager.": "assistant",
        "checkout-api answered 412 ms at the median.": "assistant",
        "Who owns the certificate of the gateway?": "user",
    }
    turns = talk(80)
    for at, (line, role) in enumerate(said.items()):
        turns[at * 3] = Turn.of("U9", "user" if role == "user" else "assistant", FILLER + line + " " + FILLER)
    summary = compressed(turns, 1_500).turns[0]
    for line in said:
        assert line in summary.text


def test_what_is_pinned_stays_where_there_is_no_room_for_anything_else() -> None:
    loud = [Turn.of("U1", "user", f"We decided on INC-{n} with 500 errors, approved by sre-{n}.") for n in range(500)]
    pinned = Turn.of("record", "user", "The gate of the ledger stays shut.", pinned=True)
    found = compressed([pinned, *loud], 400)
    assert "The gate of the ledger stays shut." in found.turns[0].text


def test_a_summary_is_not_summarised_into_nothing() -> None:
    first = compressed([Turn.of("U1", "user", "We decided to keep Redis in eu-west-1."), *talk(60)], 1_500)
    again = first
    for _ in range(6):
        again = compressed([*again.turns, *talk(60)], 1_500)
    summary = again.turns[0]
    assert "We decided to keep Redis in eu-west-1." in summary.text
    assert summary.text.count(MARK) == 1


def test_one_exchange_that_is_too_long_is_shortened_and_still_there() -> None:
    question = Turn.of("U1", "user", "What does this log say?")
    answer = Turn.of("bot", "assistant", "It says that the pool is exhausted. " + "lorem ipsum dolor " * 20_000)
    found = compressed([question, answer], 500)
    assert found.tokens <= 500
    assert found.turns[0] == question
    assert found.turns[-1].role == "assistant"


def test_a_long_talk_among_people_keeps_its_newest_words() -> None:
    turns = [Turn.of(f"U{n % 7}", "user", f"Message {n}. {FILLER}") for n in range(500)]
    found = compressed(turns, 3_000)
    assert found.turns[-1] == turns[-1]
    assert len(found.turns) > 20


def test_a_thread_of_two_hundred_thousand_tokens_fits() -> None:
    turns = talk(1_000, words=9)
    assert sum(each.tokens for each in turns) > 200_000
    assert compressed(turns, 20_000).tokens <= 20_000


ROLES = st.sampled_from(["user", "assistant", "system"])
TURNS = st.lists(st.builds(Turn.of, st.just("U1"), ROLES, st.text(max_size=300) | st.just(FILLER)), max_size=40)


@given(TURNS, st.integers(0, 2_000))
def test_whatever_comes_in_it_fits(turns: list[Turn], target: int) -> None:
    found = compressed(turns, target)
    assert sum(each.tokens for each in found.turns) == found.tokens <= target
    assert all(each.tokens == tokens(each.text) for each in found.turns)


@given(st.text(max_size=2_000), st.integers(0, 200))
def test_a_shortened_text_fits(text: str, most: int) -> None:
    assert tokens(shortened(text, most)) <= most
    assert tokens(truncated(text, most)) <= most


def test_a_shortened_text_keeps_what_matters_in_its_order() -> None:
    text = FILLER + "INC-1 began at 14:02. " + FILLER * 5 + "We decided to restart ledger-db."
    assert shortened(text, 30).split("\n")[0] == "INC-1 began at 14:02."
    assert shortened(text, 30).endswith("We decided to restart ledger-db.")


@pytest.mark.parametrize("hostile", ["a" * 300_000, "a-" * 150_000, "? " * 150_000, "\n" * 300_000, "1" * 300_000])
def test_hostile_text_is_cut_all_the_same(hostile: str) -> None:
    assert tokens(shortened(hostile, 100)) <= 100
