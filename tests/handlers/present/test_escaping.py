"""What comes from outside is seen, and obeyed in nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from handlers.present.escaping import (
    CHANNEL,
    JOINER,
    LOOKALIKES,
    bold,
    channel,
    clean,
    code,
    date,
    escape,
    fence,
    group,
    italic,
    link,
    literal,
    mention,
    prose,
    safe_url,
    sentence,
)
from tests.handlers.present import reader
from tests.handlers.present.strategies import HOSTILE, texts


@given(texts)
def test_escaped_text_is_nothing_but_text(text: str) -> None:
    assert reader.found(escape(text)) == {}


@given(texts)
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    def alike(words: str) -> str:
        for mark, other in LOOKALIKES.items():
            words = words.replace(other, mark)
        return words

    assert reader.read(escape(text)) == alike(clean(text))


@given(texts, texts)
def test_two_escaped_texts_side_by_side_hold_no_entity(one: str, other: str) -> None:
    assert not reader.entities(f"{escape(one)} {escape(other)}")
    assert "`" not in escape(one) + escape(other)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_hostile_text_gets_through_any_of_the_wrappers(text: str) -> None:
    for wrapped in (escape(text), bold(text), italic(text), code(text), fence(text, text[:10]), prose(text)):
        assert not reader.entities(wrapped), wrapped
        wrapped.encode("utf-8")


@given(texts)
def test_code_has_its_two_backticks_and_one_line(text: str) -> None:
    shown = code(text)
    assert shown == "(empty)" or (shown[0] == shown[-1] == "`" and shown.count("`") == 2)
    assert "\n" not in shown


@given(texts)
def test_a_fence_is_closed_only_by_its_own_end(text: str) -> None:
    shown = fence(text)
    assert shown.count("```") == 2
    assert shown.startswith("```\n")
    assert shown.endswith("\n```")


def test_a_fence_says_its_language_above() -> None:
    assert fence("up", "promql") == "_promql_\n```\nup\n```"


@given(texts)
def test_bold_text_is_bold_from_end_to_end(text: str) -> None:
    shown = bold(text)
    assert shown == "" or (shown.count("*") == 2 and "\n" not in shown)


@given(texts)
def test_plain_text_shows_no_emoji_that_was_not_meant(text: str) -> None:
    assert "emoji" not in reader.found(literal(text))


def test_an_at_calls_nobody_and_copies_well() -> None:
    assert escape("ask @sre") == f"ask @{JOINER}sre"
    assert escape("a@b.example") == "a@b.example"


def test_marks_within_words_stay_as_they_are() -> None:
    assert escape("error_rate_5m 5 * 3 a~b") == "error_rate_5m 5 * 3 a~b"


def test_the_direction_of_reading_cannot_be_turned() -> None:
    assert escape("invoice\u202egnp.exe") == "invoicegnp.exe"


def test_names_in_backticks_are_code_in_a_sentence() -> None:
    assert prose("`runs.list` shows <them>") == "`runs.list` shows &lt;them&gt;"
    assert sentence("there is no run") == "There is no run."
    assert sentence("runs.list is gone") == "runs.list is gone."
    assert sentence("") == ""


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://", "//x", "", "ftp://x.example"]
)
def test_a_link_leads_to_the_web_or_nowhere(url: str) -> None:
    assert safe_url(url) == ""
    assert link(url, "words") == "words"


@given(texts, texts)
def test_a_link_is_one_entity_at_the_most(url: str, label: str) -> None:
    shown = link(url, label)
    assert len(reader.entities(shown)) <= 1
    assert len(shown) < 2_000 or not reader.entities(shown)


@given(texts)
def test_a_label_does_not_break_out_of_its_link(label: str) -> None:
    shown = link("https://x.example/a?b=1&c=2", label)
    assert re.fullmatch(r"<https://x\.example/a\?b=1&amp;c=2\|[^<>|]+>", shown), shown


def test_a_label_that_names_another_place_is_told_on() -> None:
    assert link("https://evil.example/x", "bank.example") == "<https://evil.example/x|bank.example (evil.example)>"
    assert link("https://www.bank.example/x", "bank.example") == "<https://www.bank.example/x|bank.example>"


def test_only_known_ids_are_mentioned() -> None:
    assert mention("U0SRE") == "<@U0SRE>"
    assert mention("sre", "SRE on call") == "SRE on call"
    assert mention("U0SRE>|<!channel") == escape("U0SRE>|<!channel")
    assert group("S0SRE") == "<!subteam^S0SRE>"
    assert group("sre") == "sre"
    assert channel("C0OPS") == "<#C0OPS>"
    assert channel("#ops") == f"#{JOINER}ops"
    assert not CHANNEL.fullmatch("C0OPS|x")


def test_an_instant_is_shown_in_the_readers_time_and_else_in_utc() -> None:
    when = datetime(2026, 3, 14, 10, 26, tzinfo=timezone(timedelta(hours=1)))
    assert date(when, "{time} ({ago})") == "<!date^1773480360^{time} ({ago})|2026-03-14 09:26 UTC>"
    assert date(when.replace(tzinfo=None)) == date(when.replace(tzinfo=UTC))
