from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.language.phrases import rank, words

PHRASES = {
    "approvals.list": ("approvals.list", "List approvals", "what is waiting for me?"),
    "status.self": ("status.self", "Status of the bot", "are you alright?"),
    "runs.list": ("runs.list", "List runs", "what is running?"),
}


def test_a_phrase_finds_its_own_name_for_certain() -> None:
    for name, phrases in PHRASES.items():
        for phrase in phrases:
            best = rank(phrase, PHRASES)[0]
            assert (best.name, round(best.score, 6)) == (name, 1.0)


def test_singular_and_plural_are_one_word_and_idle_words_count_nothing() -> None:
    assert words("Show me the approvals, please") == ["show", "approval"]
    assert words("what is it") == ["it"]
    assert words("what is") == ["what", "is"]


def test_strange_words_make_a_match_less_sure() -> None:
    plain, strange = (rank(text, PHRASES)[0].score for text in ("list runs", "list runs backwards through walls"))
    assert strange < plain


@given(st.text())
def test_any_text_gives_scores_from_0_to_1_best_first(text: str) -> None:
    scores = [match.score for match in rank(text, PHRASES)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1.000001 for score in scores)
