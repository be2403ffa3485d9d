"""Wishes for silence in words: from when, until when and why, apart from what is to be silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.agent import hushing
from bot.agent.meaning import understand
from bot.language.ranges.ahead import ahead
from bot.language.ranges.coming import coming
from bot.ports import Json
from tests.agent.test_meaning import KNOWN
from tests.agent.test_pointing import HERE, THIS
from tests.language.knowing import NOW


def wished(text: str, topic: bool = False) -> list[dict[str, Json]]:  # noqa: FBT001, FBT002 - said
    found = understand(text, HERE if topic else KNOWN)
    assert found.kind == "form", found
    assert {each.operation and each.operation.name for each in (found, *found.then)} == {"alerts.silence"}
    return [dict(each.values) for each in (found, *found.then)]


PAYMENTS: dict[str, Json] = {"service": "payments"}
TOMORROW: dict[str, Json] = {"starts": "2026-03-19 09:00", "until": "2026-03-19 10:00"}
TONIGHT: dict[str, Json] = {"starts": "2026-03-18 22:00", "until": "2026-03-18 23:00"}
MAINTENANCE: dict[str, Json] = {"reason": "maintenance"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("silence payments tomorrow from 9 to 10", {**PAYMENTS, **TOMORROW}),
        ("Please silence Payments tomorrow, 9am–10am", {**PAYMENTS, **TOMORROW}),
        ("can you silence payments tomorrow at 9 for 1 hour?", {**PAYMENTS, **TOMORROW}),
        ("silence tomorrow from 9 to 10 for payments", {**PAYMENTS, **TOMORROW}),
        ("silence tomorrow payments from 9 to 10", {**PAYMENTS, **TOMORROW}),
        ("silence payments (tomorrow from 9 to 10)", {**PAYMENTS, **TOMORROW}),
        ("tomorrow from 9 to 10 silence payments", {**PAYMENTS, **TOMORROW}),
        ("tomorrow, mute payments from 9 to 10", {**PAYMENTS, **TOMORROW}),
        ("at 10pm silence payments for an hour", {**PAYMENTS, **TONIGHT}),
        ("schedule a silence for payments tonight 22:00-23:00", {**PAYMENTS, **TONIGHT}),
        ("i need a silence on payments tonight at 22:00 for 1h", {**PAYMENTS, **TONIGHT}),
        ("silence payments in prod tonight 22:00-23:00", {**PAYMENTS, "environment": "production", **TONIGHT}),
        ("mute payments latency 10pm - 11pm", {**PAYMENTS, "signal": "latency", **TONIGHT}),
        ("mute all alerts tonight 22:00-23:00: night off", {"everything": True, **TONIGHT, "reason": "night off"}),
        ("no alerts from payments tomorrow from 9 to 10 please", {**PAYMENTS, **TOMORROW}),
        ("ignore payments tomorrow from 9 to 10", {**PAYMENTS, **TOMORROW}),
        ("shut up about payments tomorrow from 9 to 10 please, disks", {**PAYMENTS, **TOMORROW, "reason": "disks"}),
        ("silence payments tonight from 22:00 to 23:00: disks", {**PAYMENTS, **TONIGHT, "reason": "disks"}),
        ("silence staging from 10pm to 11pm", {"environment": "staging", **TONIGHT}),
        ("silence alr-12 tomorrow from 9 to 10", {"alert": "alr-12", **TOMORROW}),
        ("don't tell me about payments tomorrow from 9 to 10", {**PAYMENTS, **TOMORROW}),
        ("stop pinging me about payments today", {**PAYMENTS, "until": "2026-03-19 00:00"}),
        ("put a silence on payments from 14:00 to 18:00", {**PAYMENTS, "until": "2026-03-18 18:00"}),
        ("silence payments from now until 6pm", {**PAYMENTS, "until": "2026-03-18 18:00"}),
        ("silence payments from 10pm", {**PAYMENTS, "starts": "2026-03-18 22:00"}),
        # Reasons.
        *(
            (text, {**PAYMENTS, **TOMORROW, "reason": why})
            for text, why in (
                ("silence payments tomorrow from 9 to 10 because friday's deploy is slow", "friday's deploy is slow"),
                ("silence payments tomorrow from 9 to 10: load test of search", "load test of search"),
                ("silence payments (load test of search) tomorrow from 9 to 10", "load test of search"),
                ("silence payments tomorrow from 9 to 10 (load test)", "load test"),
                ("silence payments while we migrate tomorrow from 9 to 10", "we migrate"),
                ("silence payments tomorrow 9-10, db upgrade tonight", "db upgrade tonight"),
                ("silence payments tomorrow 9-10 for the load test", "the load test"),
                ("silence payments tomorrow for the db migration from 9 to 10", "the db migration"),
                ("silence payments tomorrow from 9 to 10 for maintenance", "maintenance"),
                ("silence payments tomorrow from 9 to 10 because mondays are slow", "mondays are slow"),
            )
        ),
        ("silence payments because friday's deploy is slow", {**PAYMENTS, "reason": "friday's deploy is slow"}),
        ("silence payments: load test tomorrow", {**PAYMENTS, "reason": "load test tomorrow"}),
        (
            "silence payments (load test tomorrow) for 1h",
            {**PAYMENTS, "until": "for 1h", "reason": "load test tomorrow"},
        ),
        (
            "silence payments for 30 minutes, deploy at 5pm",
            {**PAYMENTS, "until": "for 30 minutes", "reason": "deploy at 5pm"},
        ),
        ("can you silence payments for 2 hours?", {**PAYMENTS, "until": "for 2 hours"}),
        (
            "silence payments for 2 hours. The release at 5pm failed",
            {**PAYMENTS, "until": "for 2 hours", "reason": "The release at 5pm failed"},
        ),
        ("silence payments. The release is at 5pm", PAYMENTS),
        ("silence payments, from 9 to 10 tomorrow. Deploying", {**PAYMENTS, **TOMORROW, "reason": "Deploying"}),
        (
            "mute payments until friday as tomorrow is a holiday",
            {**PAYMENTS, "until": "until friday", "reason": "tomorrow is a holiday"},
        ),
        (
            "silence payments until the deploy tomorrow is done",
            {**PAYMENTS, "reason": "until the deploy tomorrow is done"},
        ),
        (
            "silence payments from 10pm until the deploy is done",
            {**PAYMENTS, "starts": "2026-03-18 22:00", "reason": "until the deploy is done"},
        ),
        # Maintenance.
        ("maintenance window for payments tonight 22:00-23:00", {**PAYMENTS, **TONIGHT, **MAINTENANCE}),
        ("maintenance: payments tonight 22:00-23:00: disks", {**PAYMENTS, **TONIGHT, "reason": "disks"}),
        ("planned maintenance of payments tomorrow at 9 for 60 minutes", {**PAYMENTS, **TOMORROW, **MAINTENANCE}),
        ("payments maintenance tomorrow 9-10", {**PAYMENTS, **TOMORROW, **MAINTENANCE}),
        ("payments will be down for maintenance tomorrow from 9 to 10", {**PAYMENTS, **TOMORROW, **MAINTENANCE}),
        ("heads up: database maintenance on payments tomorrow 9-10", {**PAYMENTS, **TOMORROW, **MAINTENANCE}),
        ("tomorrow at 9 we have maintenance on payments for 1h", {**PAYMENTS, **TOMORROW, **MAINTENANCE}),
        ("could you schedule maintenance for payments tomorrow 9-10?", {**PAYMENTS, **TOMORROW, **MAINTENANCE}),
        ("db maintenance tonight 22:00-23:00", {"service": "postgres-main", **TONIGHT, **MAINTENANCE}),
        ("maintenance for everything tonight 22:00-23:00", {"everything": True, **TONIGHT, **MAINTENANCE}),
        (
            "there is maintenance in staging tomorrow from 9 to 10",
            {"environment": "staging", **TOMORROW, **MAINTENANCE},
        ),
        ("we have maintenance on payments until 5pm", {**PAYMENTS, "until": "until 5pm", **MAINTENANCE}),
        ("put payments in maintenance mode for 2 hours", {**PAYMENTS, "until": "for 2 hours", **MAINTENANCE}),
        (
            "schedule maintenance for cart on friday from 9am to 11am",
            {"service": "cart", "starts": "2026-03-20 09:00", "until": "2026-03-20 11:00", **MAINTENANCE},
        ),
    ],
)
def test_a_planned_silence_becomes_a_form_with_its_times(text: str, values: dict[str, Json]) -> None:
    assert wished(text) == [values]


def test_each_of_several_has_the_time() -> None:
    assert wished("mute payments and cart tomorrow from 9 to 10") == [
        {**PAYMENTS, **TOMORROW},
        {"service": "cart", **TOMORROW},
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("silence this tomorrow from 9 to 10", TOMORROW),
        ("mute it tomorrow 9-10 because we deploy", {**TOMORROW, "reason": "we deploy"}),
        ("tonight 22:00-23:00 silence this", TONIGHT),
        ("please snooze this alert tonight 22:00-23:00", TONIGHT),
    ],
)
def test_in_the_thread_of_an_alert_it_is_that_which_is_to_be_silent_then(text: str, values: dict[str, Json]) -> None:
    assert wished(text, topic=True) == [{"alert": THIS, **values}]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("silence payments every sunday from 2am to 4am", hushing.ONCE),
        ("mute payments nightly from 2 to 3", hushing.ONCE),
        ("mute payments on sundays", hushing.ONCE),
        ("each weekday from 9 to 10 silence payments", hushing.ONCE),
        ("we have maintenance every sunday from 2 to 4 on payments", hushing.ONCE),
        ("silence payments tonight and cart tomorrow", hushing.ONE_TIME.format("tomorrow")),
        ("silence payments tomorrow from 9 to 10 because mondays are slow", ""),
        ("silence payments tomorrow from 9 to 10", ""),
    ],
)
def test_what_one_silence_cannot_be_is_said(text: str, note: str) -> None:
    assert understand(text, KNOWN).note == note


@pytest.mark.parametrize(
    "text",
    [
        "maintenance",
        "maintenance tomorrow 9-10",
        "is there maintenance today?",
        "is there maintenance on payments tonight?",
        "is payments in maintenance?",
        "when is the maintenance of payments?",
        "who scheduled maintenance on payments tonight",
        "how do I schedule maintenance for payments tomorrow?",
        "maintenance on payments is over",
        "maintenance on payments was cancelled",
        "cancel the maintenance of payments tomorrow",
        "don't schedule maintenance for payments tomorrow",
        "show maintenance runbook for payments",
        "show payments maintenance tonight",
        "explain payments latency after the maintenance last night",
        "maintenance.drill environment=staging",
        "run the maintenance drill in staging",
        "start maintenance drill",
        "what is silenced tomorrow",
        "tonight mute everything but payments",
        "silence everything except payments tonight",
    ],
)
def test_what_only_sounds_like_it_is_no_wish_for_silence(text: str) -> None:
    found = understand(text, KNOWN)
    assert all(each.operation is None or each.operation.name != "alerts.silence" for each in (found, *found.then))


@pytest.mark.parametrize(
    ("timezone", "now", "text", "starts", "until"),
    [
        ("Europe/Berlin", "2026-03-28T20:00Z", "tomorrow from 22:00 to 23:00", "2026-03-29 22:00", "2026-03-29 23:00"),
        ("Europe/Berlin", "2026-03-28T20:00Z", "from 22:00 for 8 hours", "2026-03-28 22:00", "2026-03-29 07:00"),
        ("Europe/Berlin", "2026-03-28T20:00Z", "from 2:30 to 5:00", "2026-03-29 03:30", "2026-03-29 05:00"),
        ("Europe/Berlin", "2026-10-24T20:00Z", "from 1:30 to 2:30", "2026-10-25 01:30", "2026-10-25 02:30+01:00"),
        ("America/Denver", "2026-03-18T02:00Z", "tomorrow from 9 to 10", "2026-03-18 09:00", "2026-03-18 10:00"),
        ("America/Denver", "2026-03-18T15:30:20Z", "in 2 hours for 30 minutes", "2026-03-18 11:30", "2026-03-18 12:00"),
    ],
)
def test_times_are_written_by_the_clock_of_the_person_and_read_back(
    timezone: str, now: str, text: str, starts: str, until: str
) -> None:
    moment = datetime.fromisoformat(now)
    said = hushing.wish(f"silence payments {text}", moment, timezone).said
    assert said == {"starts": starts, "until": until}
    planned = coming(text, moment, timezone)
    assert planned
    assert ahead(starts, moment, timezone) == planned.start
    assert ahead(until, planned.start, timezone) == planned.end


@pytest.mark.parametrize("text", ["what is the latency of payments tomorrow from 9 to 10", "watch payments at night"])
def test_other_sentences_stay_as_they_are_and_cost_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hushing, "coming", None)
    assert hushing.wish(text, NOW, "UTC") == hushing.Wish(text)


def test_a_time_is_that_of_whoever_says_it() -> None:
    found = understand("silence payments tomorrow from 9 to 10", replace(KNOWN, timezone="Asia/Tokyo"))
    assert found.values == {**PAYMENTS, "starts": "2026-03-20 09:00", "until": "2026-03-20 10:00"}
