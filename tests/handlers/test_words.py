from __future__ import annotations

from typing import Any

import pytest

from handlers.deliveries import conversation, identity, kind_of
from handlers.words import literal, plain, speaks_to_another

BOT = "U0BOT"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("<@U0BOT> status", "status"),
        ("hey <@U0BOT|copilot> status", "hey status"),
        ("<@U0BOT> ask <@U0SRE>", "ask U0SRE"),
        ("in <#C0OPS|ops> please", "in #ops please"),
        ("see <https://a.example/x?y=1&amp;z=2|the page>", "see https://a.example/x?y=1&z=2"),
        ("p95 &lt; 3 &amp; rising", "p95 < 3 & rising"),
        ("*status* of `checkout`", "status of checkout"),
        ("maintenance.drill label=a_b", "maintenance.drill label=a_b"),
        ("<!channel> status", "status"),
        ("&gt; maintenance.drill\nwhat is that?", "what is that?"),
        ("```\nmaintenance.drill\n``` what is that?", "what is that?"),
        ("```maintenance.drill", ""),
        ("", ""),
    ],
)
def test_only_what_the_person_says_themselves_is_meant(typed: str, meant: str) -> None:
    assert plain(typed, BOT) == meant


def test_as_data_everything_stays() -> None:
    assert literal("&gt; <@U1> said <#C1|ops> <https://a.example|here>") == "> @U1 said #ops https://a.example"


def test_a_sentence_that_begins_with_somebody_else_is_for_them() -> None:
    assert speaks_to_another("<@U0SRE> can you look?", BOT)
    assert not speaks_to_another("<@U0BOT> can you look?", BOT)
    assert not speaks_to_another("can <@U0SRE> look?", BOT)


def event(kind: str = "message", **more: Any) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "authorizations": [{"user_id": BOT}],
        "event": {"type": kind, "channel": "C1", "ts": "1.1", "user": "U1", "text": f"<@{BOT}> hi", **more},
    }


def test_a_mention_that_comes_as_two_events_is_one_thing() -> None:
    assert identity(event()) == identity(event("app_mention")) is not None


@pytest.mark.parametrize(
    "more",
    [
        {"user": BOT},
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"hidden": True},
        {"text": "no mention"},
        {"user": None},
    ],
)
def test_what_is_not_said_to_us_by_a_person_is_not_even_kept(more: dict[str, Any]) -> None:
    assert identity(event(**more)) is None


@pytest.mark.parametrize("more", [{"channel_type": "im", "text": "hi"}, {"thread_ts": "1.0", "text": "and now?"}])
def test_what_may_be_meant_for_us_is_kept(more: dict[str, Any]) -> None:
    assert identity(event(**more))


def test_each_press_is_one_of_its_own() -> None:
    press = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "trigger_id": "t1",
        "actions": [{"action_id": "run", "action_ts": "5.1"}],
    }
    assert kind_of(press) == "block_actions"
    assert identity(press) == "action:U1:5.1:run"
    assert identity({**press, "trigger_id": "t2"}) == identity(press)


def test_a_thread_is_one_conversation_and_two_questions_are_two() -> None:
    assert conversation(event(thread_ts="1.0")) == conversation(event(ts="2.2", thread_ts="1.0"))
    assert conversation(event()) != conversation(event(ts="2.2"))


def test_an_id_that_no_database_takes_is_refused() -> None:
    assert identity({"command": "/copilot", "trigger_id": "a\x00b"}) is None
