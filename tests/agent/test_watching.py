"""Wishes to be told, in words: each becomes the form of a watch with the fields that it says, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.agent import hushing
from bot.agent.meaning import understand
from bot.agent.smalltalk import reply
from bot.errors import InvalidInput
from bot.language.understanding import Earlier
from tests.agent.test_meaning import KNOWN


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            "alert me if payments errors go over 2 % for 5 minutes",
            {"metric": "error_rate", "service": "payments", "above": 2, "lasting": "5 minutes"},
        ),
        (
            "ping me when p99.9 response time on search is over 800ms",
            {"metric": "latency", "service": "search", "quantile": 0.999, "above": 0.8},
        ),
        ("keep an eye on vector-db disk, tell me at 85%", {"metric": "disk", "service": "vector-db", "above": 85}),
        ("watch checkout latency", {"metric": "latency", "service": "checkout"}),
        ("tell me if chat-api stops sending metrics", {"service": "chat-api", "kind": "absence"}),
        ("tell me when redis-cache logs 'OOM'", {"service": "redis-cache", "pattern": "OOM", "metric": ""}),
        (
            "warn me if there are more than 20 “connection refused” lines in payments",
            {"service": "payments", "pattern": "connection refused", "above": 20.0, "metric": ""},
        ),
        (
            "alert if cost of chat-api rises 50 % against yesterday",
            {"metric": "cost", "service": "chat-api", "change": 50, "only": "up"},
        ),
        (
            "warn me when the error budget of checkout burns",
            {"service": "checkout", "kind": "burn", "metric": ""},
        ),
        (
            "alert me when availability of checkout drops below 99.9%",
            {"metric": "availability", "service": "checkout", "below": 99.9},
        ),
        (
            "let me know if throughput of search falls under 10 rps for 10 minutes",
            {"metric": "throughput", "service": "search", "below": 10.0, "lasting": "10 minutes"},
        ),
        (
            "tell me when latency of search is above 300 ms for more than 2 minutes",
            {"metric": "latency", "service": "search", "above": 0.3, "lasting": "2 minutes"},
        ),
        (
            "tell me if queue depth of sentiment-model exceeds 5k",
            {"metric": "queue_depth", "service": "sentiment-model", "above": 5_000.0},
        ),
        ("alert me if cost goes over $20/h", {"metric": "cost", "above": 20.0}),
        (
            "tell me if payments p99 doubles",
            {"metric": "latency", "service": "payments", "quantile": 0.99, "change": 100.0, "only": "up"},
        ),
        (
            "tell me if cost of chat-api falls 30 % against yesterday",
            {"metric": "cost", "service": "chat-api", "change": 30, "only": "down"},
        ),
        (
            "tell me if cost of chat-api changes by 30 % against yesterday",
            {"metric": "cost", "service": "chat-api", "change": 30},
        ),
        *(
            (f"tell me if cost of chat-api {moves}", {"metric": "cost", "service": "chat-api", "change": 30, **only})
            for moves, only in (
                ("goes up or down by 30 % against yesterday", {}),
                ("goes down or up 30 %", {}),
                ("is up/down 30 %", {}),
                ("jumps by 30 % in either direction", {}),
                ("moves 30 %", {}),
                ("moves by more than 30 %", {}),
                ("differs 30 % from yesterday", {}),
                ("changes more than 30 %", {}),
                ("moves up by 30 %", {"only": "up"}),
                ("goes down 30 %", {"only": "down"}),
            )
        ),
        (
            "alert me if payments stops getting traffic",
            {"metric": "throughput", "service": "payments", "below": 0.01},
        ),
        (
            "let me know if refusals of chat-api rise above 5 percent, check every 2 minutes",
            {"metric": "refusals", "service": "chat-api", "above": 5, "every": 120},
        ),
        (
            "watch errors in payments with high sensitivity",
            {"metric": "error_rate", "service": "payments", "sensitivity": "high"},
        ),
        ("alert me when checkout is slow", {"metric": "latency", "service": "checkout"}),
        ("tell me if search is down", {"metric": "error_rate", "service": "search"}),
        ("watch everything", {"kind": "scan"}),
        ("watch everything in staging", {"environment": "staging", "kind": "scan"}),
    ],
)
def test_a_wish_becomes_the_form_of_a_watch(text: str, values: dict[str, Any]) -> None:
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name, found.values) == ("form", "watches.create", values)


def test_what_is_to_be_watched_is_asked_where_it_is_not_said() -> None:
    assert understand("tell me when it goes too high", KNOWN).kind == "ask"


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("what am i watching", "watches.list", {"mine": True}),
        ("which watches are there in prod?", "watches.list", {"environment": "production"}),
        ("show watch wch-12ab34", "watches.show", {"watch": "wch-12ab34"}),
        ("test watch wch-12ab34 over the last 3 days", "watches.test", {"watch": "wch-12ab34"}),
        ("watches.test errors of payments above 2%", "watches.test", {"service": "payments", "above": 2}),
        ("what alerts went off overnight", "alerts.list", {"window": "overnight"}),
        ("any critical alerts on checkout?", "alerts.list", {"severity": "critical", "service": "checkout"}),
        ("which silences are active", "alerts.silences", {}),
        ("weekly digest", "alerts.digest", {"period": "weekly"}),
        ("what did you find overnight?", "alerts.list", {"window": "overnight"}),
        ("have you noticed anything in payments since yesterday", "alerts.list", {"service": "payments"}),
        ("who silenced payments?", "alerts.silences", {"about": "payments"}),
        ("what is silenced here?", "alerts.silences", {"about": "here"}),
        ("what's still muted in staging", "alerts.silences", {"about": "staging"}),
        ("what is silenced", "alerts.silences", {}),
        ("what is silenced, and by whom?", "alerts.silences", {}),
        ("is anything still silenced here?", "alerts.silences", {"about": "here"}),
        ("list all silences please", "alerts.silences", {}),
        ("which silences do we have?", "alerts.silences", {}),
        ("who silenced payments and why", "alerts.silences", {"about": "payments"}),
        ("is checkout muted", "alerts.silences", {"about": "checkout"}),
        ("why are auth errors muted?", "alerts.silences", {"about": "auth-service error_rate"}),
    ],
)
def test_questions_about_watches_and_alerts_are_answered_at_once(
    text: str, operation: str, values: dict[str, Any]
) -> None:
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name) == ("run", operation)
    assert values.items() <= found.values.items()


@pytest.mark.parametrize(
    ("text", "operation", "values"),
    [
        ("pause watch wch-12ab34 for 2 hours", "watches.pause", {"watch": "wch-12ab34", "until": "for 2 hours"}),
        ("resume wch-12ab34", "watches.resume", {"watch": "wch-12ab34"}),
        ("delete watch wch-12ab34", "watches.delete", {"watch": "wch-12ab34"}),
        ("stop watching checkout latency", "watches.delete", {"watch": "checkout latency"}),
        (
            "make the watch wch-12ab34 more sensitive",
            "watches.tune",
            {"watch": "wch-12ab34", "sensitivity": "more"},
        ),
        ("stop watching payments", "watches.delete", {"watch": "payments"}),
        ("turn off all the payments watches", "watches.delete", {"watch": "payments"}),
        ("pause all watches", "watches.pause", {}),
        ("resume `wch-12ab34`", "watches.resume", {"watch": "wch-12ab34"}),
        ("unwatch checkout latency", "watches.delete", {"watch": "checkout latency"}),
        ("don't watch checkout latency any more", "watches.delete", {"watch": "checkout latency"}),
        ("please stop watching auth response time", "watches.delete", {"watch": "auth-service latency"}),
        ("stop watching everything in prod", "watches.delete", {"watch": "everything production"}),
        ("stop watching the night shift thing", "watches.delete", {"watch": "night shift thing"}),
        ("turn the payments watch off", "watches.delete", {"watch": "payments"}),
        (
            "pause the checkout watch until tomorrow 9",
            "watches.pause",
            {"watch": "checkout", "until": "until tomorrow 9"},
        ),
        ("resume the checkout watch", "watches.resume", {"watch": "checkout"}),
        ("make the payments watch more sensitive", "watches.tune", {"watch": "payments", "sensitivity": "more"}),
        ("make the payments watch quieter", "watches.tune", {"watch": "payments", "sensitivity": "less"}),
        ("the payments watch is too noisy", "watches.tune", {"watch": "payments", "sensitivity": "less"}),
        ("raise the sensitivity of the search watch", "watches.tune", {"watch": "search", "sensitivity": "more"}),
        ("set the payments watch to low sensitivity", "watches.tune", {"watch": "payments", "sensitivity": "low"}),
        ("make the night shift watch quieter", "watches.tune", {"watch": "night shift", "sensitivity": "less"}),
        ("set the payments watch to high", "watches.tune", {"watch": "payments", "sensitivity": "high"}),
        (
            "raise the sensitivity of the payments watch to high",
            "watches.tune",
            {"watch": "payments", "sensitivity": "high"},
        ),
        (
            "the watches for payments latency are not sensitive enough",
            "watches.tune",
            {"watch": "payments latency", "sensitivity": "more"},
        ),
        ("delete the payments watch", "watches.delete", {"watch": "payments"}),
        ("please remove my watch on search latency", "watches.delete", {"watch": "search latency"}),
        ("watches.create make the search watch quieter", "watches.tune", {"watch": "search", "sensitivity": "less"}),
        ("unsilence payments", "alerts.unsilence", {"silence": "payments"}),
        ("unmute auth errors", "alerts.unsilence", {"silence": "auth-service error_rate"}),
        ("lift the silence on checkout", "alerts.unsilence", {"silence": "checkout"}),
        ("unmute alr-12ab34", "alerts.unsilence", {"silence": "alr-12ab34"}),
        ("silence payments", "alerts.silence", {"service": "payments"}),
        ("don't tell me about search latency any more", "alerts.silence", {"service": "search", "signal": "latency"}),
        ("watches.create checkout latency", "watches.create", {"service": "checkout", "metric": "latency"}),
        ("acknowledge alr-12ab34", "alerts.acknowledge", {"alert": "alr-12ab34"}),
        ("resolve alr-12ab34", "alerts.resolve", {"alert": "alr-12ab34"}),
        ("this alert alr-12ab34 was noise", "alerts.judge", {"alert": "alr-12ab34", "verdict": "noise"}),
        ("silence alr-12ab34 until tomorrow", "alerts.silence", {"alert": "alr-12ab34", "until": "until tomorrow"}),
        ("mute checkout for an hour", "alerts.silence", {"service": "checkout", "until": "for an hour"}),
        *(
            (text, "alerts.silence", {"service": "checkout", **said})
            for text, said in (
                ("silence checkout for 30 minutes because deploy", {"until": "for 30 minutes", "reason": "deploy"}),
                ("silence checkout until tomorrow 9am: Reindex", {"until": "until tomorrow 9am", "reason": "Reindex"}),
                ("alerts.silence checkout for 2h, deploying", {"until": "for 2h", "reason": "deploying"}),
                ("mute checkout (deploy 2.1 of search) for 2h", {"until": "for 2h", "reason": "deploy 2.1 of search"}),
                ("silence checkout because payments latency is tested", {"reason": "payments latency is tested"}),
                ("silence checkout for 2h. Deploying", {"until": "for 2h", "reason": "Deploying"}),
                ("silence checkout, we are deploying", {"reason": "we are deploying"}),
                ("silence checkout for 2h, please", {"until": "for 2h"}),
                ("silence checkout for 2h in prod", {"until": "for 2h", "environment": "production"}),
                ("don't tell me about checkout until 6pm", {"until": "until 6pm"}),
            )
        ),
        (
            "mute payments latency for 2h",
            "alerts.silence",
            {"service": "payments", "signal": "latency", "until": "for 2h"},
        ),
        ("silence alr-12 for 2h: known", "alerts.silence", {"alert": "alr-12", "until": "for 2h", "reason": "known"}),
        ("unsilence everything", "alerts.unsilence", {"silence": "everything"}),
        ("unmute all alerts", "alerts.unsilence", {"silence": "everything"}),
        ("end all silences", "alerts.unsilence", {"silence": "everything"}),
        ("silence everything for 1h", "alerts.silence", {"everything": True, "until": "for 1h"}),
        ("mute all the alerts here until tomorrow", "alerts.silence", {"everything": True, "until": "until tomorrow"}),
        ("silence staging for 2 hours", "alerts.silence", {"environment": "staging", "until": "for 2 hours"}),
        ("mute all alerts of staging", "alerts.silence", {"environment": "staging"}),
        (
            "mute cart until the deploy is done in staging",
            "alerts.silence",
            {"service": "cart", "environment": "staging", "reason": "until the deploy is done in staging"},
        ),
        (
            "silence cart until the checkout deploy is done",
            "alerts.silence",
            {"service": "cart", "reason": "until the checkout deploy is done"},
        ),
    ],
)
def test_what_is_done_to_watches_and_alerts_is_looked_over_first(
    text: str, operation: str, values: dict[str, Any]
) -> None:
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name, found.values) == ("form", operation, values)


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("watch errors in payments with high sensitivity", "watches.create"),
        ("make a watch on payments with more sensitive limits", "watches.create"),
        ("what did you find in the logs overnight", "logs.search"),
        ("don't watch the clock, deploy checkout 2.1 to staging", "deploy.start"),
        ("turn off search-api and watch the errors", "watches.create"),
        ("pause the rollout and watch payments", "watches.create"),
        ("turn off checkout, watch payments", "watches.create"),
        ("set the payments watch to alert on high cpu", "watches.create"),
        ("turn off the feature flag that watches payments", "watches.list"),
        ("stop looking at payments logs", "logs.search"),
        ("stop looking at me like that", "workflows.cancel"),
        ("give me the watches with high sensitivity", "watches.list"),
        ("our watch says latency went up to high", "metrics.query"),
        ("the watches for payments are firing, is checkout more sensitive to latency?", "watches.list"),
        ("no more messages from payments in kafka", "logs.search"),
        ("rest of the watches", "watches.list"),
        ("undo the last deploy of checkout or mute it", "deploy.rollback"),
        ("memory.forget don't watch payments", "memory.forget"),
        ("watches.create checkout latency and silence payments", "watches.create"),
        ("tell me when redis-cache logs 'retry and stop watching it'", "watches.create"),
        ("what happens if I silence payments and stop watching checkout?", "watches.list"),
    ],
)
def test_what_only_sounds_like_it_is_about_something_else(text: str, operation: str) -> None:
    found = understand(text, KNOWN)
    assert operation in {found.operation.name if found.operation else "", found.why}


@pytest.mark.parametrize(
    ("before", "operation", "values"),
    [
        ("silence checkout latency for 2h", "alerts.unsilence", {"silence": "latency checkout"}),
        ("silence everything here for an hour", "alerts.unsilence", {"silence": "everything"}),
        ("alerts.silence alert=alr-12 until=2h", "alerts.unsilence", {"silence": "alr-12"}),
        ("watch checkout latency", "watches.delete", {"watch": "latency checkout"}),
        ("pause the watch wch-12ab34", "watches.resume", {"watch": "wch-12ab34"}),
        ("alerts.acknowledge alert=alr-12", "alerts.unacknowledge", {"alert": "alr-12"}),
        ("alerts.judge alert=alr-12 verdict=noise", "alerts.judge", {"alert": "alr-12", "verdict": "none"}),
    ],
)
@pytest.mark.parametrize("text", ["undo", "take that back, please"])
def test_what_was_done_last_is_taken_back_with_a_form(
    before: str, operation: str, values: dict[str, Any], text: str
) -> None:
    found = understand(text, replace(KNOWN, history=(Earlier("user", before), Earlier("bot", "Done."))))
    assert found.operation is not None
    assert (found.kind, found.operation.name, found.values) == ("form", operation, values)


def test_what_was_done_to_several_is_taken_back_of_each() -> None:
    found = understand("undo", replace(KNOWN, history=(Earlier("user", "mute checkout and payments for 1h"),)))
    assert [each.values for each in (found, *found.then)] == [{"silence": "checkout"}, {"silence": "payments"}]


@pytest.mark.parametrize("before", ["", "what is firing?", "alerts.unsilence silence=checkout"])
def test_what_to_take_back_is_asked_where_nothing_was_done(before: str) -> None:
    history = (Earlier("user", before),) if before else ()
    assert understand("undo that", replace(KNOWN, history=history)).kind == "talk"
    assert reply("undo that").startswith("Say what to take back")


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("watch payments latency at night", True),
        ("alert me if payments errors go over 2 % during business hours", True),
        ("watch checkout latency between 9am and 5pm", True),
        ("watches.create payments latency on weekends", True),
        ("watch payments latency", False),
        ("tell me if errors of payments rise from 2 to 5 percent", False),
    ],
)
def test_a_watch_for_some_hours_only_is_said_to_be_none(text: str, some: bool) -> None:  # noqa: FBT001
    found = understand(text, KNOWN)
    assert found.operation is not None
    assert (found.kind, found.operation.name) == ("form", "watches.create")
    assert ("all hours" in found.note) == some
    assert found.values.get("above") in {None, 2, 5}


SILENT = ("alerts.silence", {"service": "payments"})
CHECKOUT = {"service": "checkout", "metric": "latency"}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        (
            "unsilence payments and show me the errors of search",
            [
                ("alerts.unsilence", {"silence": "payments"}),
                ("metrics.query", {"service": "search", "metric": "error_rate"}),
            ],
        ),
        ("mute payments and cart", [SILENT, ("alerts.silence", {"service": "cart"})]),
        (
            "mute cart latency and payments errors",
            [
                ("alerts.silence", {"service": "cart", "signal": "latency"}),
                ("alerts.silence", {"service": "payments", "signal": "error_rate"}),
            ],
        ),
        (
            "mute latency and errors of cart",
            [
                ("alerts.silence", {"service": "cart", "signal": "latency"}),
                ("alerts.silence", {"service": "cart", "signal": "error_rate"}),
            ],
        ),
        (
            "silence payments, cart and search for 1h because of the load test of checkout",
            [
                (
                    "alerts.silence",
                    {"service": name, "until": "for 1h", "reason": "the load test of checkout"},
                )
                for name in ("payments", "cart", "search")
            ],
        ),
        (
            "stop watching payments and cart",
            [("watches.delete", {"watch": "payments"}), ("watches.delete", {"watch": "cart"})],
        ),
        ("watches.create checkout latency and silence payments", [("watches.create", CHECKOUT), SILENT]),
        ("silence payments and watch checkout", [SILENT, ("watches.create", CHECKOUT)]),
        ("watches.create silence payments and watch checkout", [SILENT, ("watches.create", CHECKOUT)]),
        ("watch checkout latency, and please silence payments", [("watches.create", CHECKOUT), SILENT]),
        (
            "mute payments latency alerts and pause the checkout watch",
            [
                ("alerts.silence", {"service": "payments", "signal": "latency"}),
                ("watches.pause", {"watch": "checkout"}),
            ],
        ),
        (
            "silence payments and alert me about checkout errors above 2 %",
            [SILENT, ("watches.create", {"service": "checkout", "metric": "error_rate", "above": 2})],
        ),
        (
            "stop watching payments and watch checkout latency",
            [("watches.delete", {"watch": "payments"}), ("watches.create", CHECKOUT)],
        ),
        (
            "silence payments; watch checkout and then pause the search watch",
            [SILENT, ("watches.create", CHECKOUT), ("watches.pause", {"watch": "search"})],
        ),
        (
            "stop watching checkout. why is it slow?",
            [("watches.delete", {"watch": "checkout"}), ("metrics.explain", CHECKOUT)],
        ),
    ],
)
def test_of_several_wishes_none_is_lost(text: str, wishes: list[tuple[str, dict[str, Any]]]) -> None:
    found = understand(text, KNOWN)
    assert [(each.operation and each.operation.name, each.values) for each in (found, *found.then)] == wishes


@pytest.mark.parametrize(
    "why", ["we restart and deploy it", "we upgrade redis and restart the workers", "we stop it and then restart it"]
)
def test_what_is_done_in_a_reason_is_no_wish(why: str) -> None:
    for text in (f"silence payments for 30 minutes: {why}", f"silence payments for 30 minutes because {why}"):
        found = understand(text, KNOWN)
        assert (found.values["service"], found.values["reason"], found.then) == ("payments", why, ())
    for further, name in (
        (", and watch checkout", "watches.create"),
        (" and show me the latency of checkout", "metrics.query"),
        (". What is firing?", "alerts.list"),
        ("; roll back search", "deploy.rollback"),
    ):
        found = understand(f"silence payments for 30 minutes: {why}{further}", KNOWN)
        wishes = [each.operation.name if each.operation else each.why for each in (found, *found.then)]
        assert wishes == ["alerts.silence", name]
        assert found.values["reason"] == why


@pytest.mark.parametrize(
    "text",
    [
        "silence all alerts except critical ones",
        "silence everything except checkout",
        "mute everything but payments for 2 hours",
        "mute all alerts apart from payments errors",
    ],
)
def test_all_but_something_cannot_be_silent_and_is_asked_about(text: str) -> None:
    found = understand(text, KNOWN)
    assert (found.kind, found.operation, [each.name for each in found.near]) == (
        "unsure",
        None,
        ["alerts.silence", "watches.pause"],
    )


@pytest.mark.parametrize(
    "text",
    [
        "silence all alerts about deploys",
        "don't tell me about everything frobnicator does",
    ],
)
def test_what_narrows_everything_down_and_is_not_known_is_not_everything(text: str) -> None:
    found = understand(text, KNOWN)
    assert "everything" not in found.values


def test_what_is_too_much_at_once_is_said() -> None:
    found = understand("silence checkout and payments and search and chat-api and vector-db", KNOWN)
    assert [each.values["service"] for each in (found, *found.then)] == ["checkout", "payments", "search", "chat-api"]
    assert found.over == ("vector-db",)


def test_only_a_short_text_is_looked_through_for_a_length_and_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its words may begin one."""
    looked = []

    def no_time(said: str, *_: object) -> None:
        looked.append(said)
        raise InvalidInput(said)

    monkeypatch.setattr(hushing, "ahead", no_time)
    understand("silence checkout " + "for a " * 1_200, KNOWN)
    assert looked == []
    understand("silence checkout " + "for a " * 40, KNOWN)
    assert 40 < len(looked) <= 40 * 6


def test_that_an_end_is_no_time_is_said() -> None:
    assert "“until the deploy is done”" in understand("mute payments until the deploy is done", KNOWN).note
    assert understand("mute payments until tomorrow", KNOWN).note == ""
    assert understand("mute payments for 1h: until it is mended", KNOWN).note == ""
