"""Markdown comes out as Slack reads it, and brings nothing in that it should not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from handlers.present.escaping import JOINER, SCHEMES
from handlers.present.mrkdwn import aligned, markdown_to_mrkdwn, plain, safe_markdown
from tests.handlers.present import reader
from tests.handlers.present.strategies import texts

J = JOINER


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**a** and __b__", "*a* and *b*"),
        ("*a* and _b_", "_a_ and _b_"),
        ("~~a~~", "~a~"),
        ("***a***", "_*a*_"),
        ("**a *b* c**", "*a _b_ c*"),
        ("a**b**c", f"a{J}*b*{J}c"),
        ("**a\nb**", "*a*\n*b*"),
        ("`a*b`", "`a*b`"),
        ("``a`b``", "`aˋb`"),
        ("x`y`z", f"x{J}`y`{J}z"),
        ("# A **b**", "*A b*"),
        ("### `x` y", "*`x` y*"),
        ("[w](https://x.example)", "<https://x.example|w>"),
        ("**[w](https://x.example)**", "*<https://x.example|w>*"),
        ("<https://x.example>", "<https://x.example|https://x.example>"),
        ("![chart](https://x.example/a.png)", "<https://x.example/a.png|chart>"),
        ("- a\n- b\n  - c\n    - d", "• a\n• b\n    ◦ c\n        ▪ d"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- [ ] a\n- [x] b", "• ☐ a\n• ☑ b"),
        ("> a\n> b", "> a\n> b"),
        ("> a\n> > b", "> a\n>\n> b"),
        ("```py\na < b\n```", "```\na &lt; b\n```"),
        ("a\n\n---\n\nb", "a\n\n───────\n\nb"),
        ("| a | n |\n|---|--:|\n| x | 1 |\n| yy | 22 |", "```\na    n\n──  ──\nx    1\nyy  22\n```"),
        ("- a\n\n  ```\n  x\n  ```", "• a\n```\nx\n```"),
        ("5 * 3 * 2", "5 ∗ 3 ∗ 2"),
        ("a & b", "a &amp; b"),
        ("\\*a\\*", "∗a∗"),
        ("", ""),
    ],
)
def test_each_form_has_its_like(markdown: str, expected: str) -> None:
    assert markdown_to_mrkdwn(markdown) == expected


@given(texts)
def test_no_markdown_calls_anybody(markdown: str) -> None:
    shown = markdown_to_mrkdwn(markdown)
    for entity in reader.entities(shown):
        assert entity.partition(":")[0] in SCHEMES, shown
    outside = re.sub(r"```.*?```|`[^`\n]*`|<[^<>]*>", "", shown, flags=re.DOTALL)
    assert "call" not in reader.found(outside)
    assert "channel" not in reader.found(outside)


@given(texts)
def test_fences_are_closed_whatever_is_in_them(markdown: str) -> None:
    assert markdown_to_mrkdwn(markdown).count("```") % 2 == 0


def tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).parse(markdown)
    return [child for token in parsed for child in (token.children or [token])]


@given(texts)
def test_safe_markdown_holds_nothing_that_slack_obeys(markdown: str) -> None:
    shown = safe_markdown(markdown)
    for token in tokens(shown):
        assert not re.search(rf"<[!@#]|<(?!{J})[^<>\n|]*\|", token.content), token.content
        assert not re.search(r"(?<!\w)@(?=\w)", token.content), token.content
        assert token.type != "image"
        if token.type == "link_open":
            assert str(token.attrGet("href")).partition(":")[0].lower() in {*SCHEMES, "mailto"} or ":" not in str(
                token.attrGet("href")
            )


def test_safe_markdown_leaves_what_is_harmless() -> None:
    text = "# T\n\n**b** `a|b` [w](https://x.example)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert safe_markdown(text) == text


def test_a_forged_label_is_told_on() -> None:
    assert safe_markdown("[bank.example](https://evil.example)") == (
        "[bank.example (evil.example)](https://evil.example)"
    )


def test_plain_is_only_its_words() -> None:
    assert plain("# A\n\n- *b* `c`\n\n```\nd\n```") == "A\nb c\nd"


def test_wide_letters_take_two_places() -> None:
    assert aligned([("日本", "b"), ("a", "c")]) == "日本  b\n────  ─\na     c"
