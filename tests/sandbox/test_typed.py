"""What people type, as Slack's client sends it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.sandbox.slack import rules
from integrations.sandbox.slack.state import Workspace
from integrations.sandbox.slack.typed import understood

WORKSPACE = Workspace.fresh()
OURS = re.compile(r"<(@U\w+|#C\w+\|[\w-]+|!(here|channel|everyone)|!subteam\^S\w+\|@[\w-]+|https?://[^<>]+)>")


def section(text: str) -> list[dict[str, Any]]:
    blocks = understood(WORKSPACE, text)[1]
    found: list[dict[str, Any]] = blocks[0]["elements"][0]["elements"]
    return found


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@sre look at #ops", "<@U0SRE> look at <#C0OPS|ops>"),
        ("@CoPilot help", "<@U0COPILOT> help"),
        ("@ml-engineers @here", "<!subteam^S0ML|@ml-engineers> <!here>"),
        ("mail a@sre.test, ask @nobody in #nowhere", "mail a@sre.test, ask @nobody in #nowhere"),
        ("1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("<@U0SRE> <!channel>", "&lt;@U0SRE&gt; &lt;!channel&gt;"),
        ("see https://a.test/x?y=1&z=2.", "see <https://a.test/x?y=1&amp;z=2>."),
        ("`@sre <b>` and *@sre*", "`@sre &lt;b&gt;` and *<@U0SRE>*"),
        ("```\n@sre\n```", "```@sre```"),
        ("sre@", "sre@"),
    ],
)
def test_names_become_mentions_and_everything_else_is_escaped(typed: str, sent: str) -> None:
    assert understood(WORKSPACE, typed)[0] == sent


def test_marks_become_styles() -> None:
    assert section("a *b _c_* `d` ~e~ :tada:") == [
        {"type": "text", "text": "a "},
        {"type": "text", "text": "b ", "style": {"bold": True}},
        {"type": "text", "text": "c", "style": {"italic": True, "bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "d", "style": {"code": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "e", "style": {"strike": True}},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "tada"},
    ]


def test_quotes_and_fences_are_blocks_of_their_own() -> None:
    blocks = understood(WORKSPACE, "before\n> quoted\n> more\nafter ```code```")[1]
    assert [element["type"] for element in blocks[0]["elements"]] == [
        "rich_text_section",
        "rich_text_quote",
        "rich_text_section",
        "rich_text_preformatted",
    ]
    assert blocks[0]["elements"][1]["elements"] == [{"type": "text", "text": "quoted\nmore"}]


@given(st.text(alphabet=st.sampled_from("ab@#sre<>&*_~`:/ \nhttps.|!U0"), max_size=60) | st.text(max_size=60))
@settings(deadline=None)
def test_nobody_forges_a_mention_and_slack_takes_whatever_is_typed(text: str) -> None:
    sent, blocks = understood(WORKSPACE, text)
    assert not re.search("[<>]", OURS.sub("", sent))
    rules.check_blocks(blocks)
