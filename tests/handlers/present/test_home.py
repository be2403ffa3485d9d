"""The Home tab: what waits first, something to do even when nothing does, and never more than Slack takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.guard.people import ActorKind, Identity
from bot.ports import Json
from handlers import buttons
from handlers.buttons import Form, OnApproval, Open, Run
from handlers.present import home as home_module
from handlers.present.blocks import section
from handlers.present.home import HomeData, home, home_section
from handlers.present.message import Scene, View
from tests.handlers.judges import judge
from tests.handlers.present.strategies import NOW, objects, scene, scenes

ME = Identity("U0SRE", ActorKind.PERSON, "SRE on call", frozenset({"sre"}))
WAITING: dict[str, Json] = {
    "id": "apr-1",
    "operation": "maintenance.drill",
    "parameters": {"label": "x"},
    "risk": "destructive",
    "state": "pending",
    "requester": "U0QA",
    "approved": 0,
    "quorum": 1,
    "expires_at": NOW.isoformat(),
    "you_may_decide": True,
}
RUNNING: dict[str, Json] = {
    "id": "run-1",
    "operation": "maintenance.drill",
    "actor": "U0SRE",
    "state": "running",
    "started_at": NOW.isoformat(),
}
STATUS: dict[str, Json] = {"healthy": True, "trouble": [], "version": "0.1.0"}


def shown(data: HomeData, at: Scene | None = None) -> View:
    view = home(data, at or scene("", surface="home", viewer=ME))
    judge("view", view)
    return view


def pressed(view: View) -> list[tuple[str, Any]]:
    elements = [each for block in view["blocks"] if block["type"] == "actions" for each in block["elements"]]
    elements += [block["accessory"] for block in view["blocks"] if "accessory" in block]
    options = [{**option, "action_id": each["action_id"]} for each in elements for option in each.get("options", ())]
    elements = [each for each in elements if "options" not in each] + options
    return [(each["text"]["text"], buttons.read(each["action_id"], each["value"])) for each in elements]


rows = st.lists(objects, max_size=24)  # twenty are shown


@given(rows, rows, objects, scenes)
@settings(deadline=None, max_examples=40)
def test_every_home_is_valid(one: list[dict[str, Json]], other: list[dict[str, Json]], status: Any, at: Scene) -> None:
    shown(HomeData(one, one, other, status, ("SRE",)), at)


def test_an_empty_home_says_so_and_offers_what_to_do() -> None:
    view = shown(HomeData(status=STATUS, roles=("Site reliability engineer",)))
    text = json.dumps(view, ensure_ascii=False)
    for words in (
        "Hello, SRE on call.",
        "*Site reliability engineer*",
        "Nothing is waiting for you.",
        "None of your requests is waiting.",
        "Nothing of yours is running.",
        "💚 I am well",
    ):
        assert words in text, words
    found = dict(pressed(view))
    assert found["Ask something"] == Open("ask")
    assert found["What can you do?"] == Open("help")
    assert found["Practice drill"] == Form("maintenance.drill")


def test_what_waits_for_me_can_be_decided_right_here() -> None:
    found = pressed(shown(HomeData(approvals=[WAITING])))
    assert ("Approve", OnApproval("apr-1", "approve")) in found
    assert ("Details", OnApproval("apr-1", "details")) in found
    assert "Label: x" in json.dumps(shown(HomeData(approvals=[WAITING])))


def test_what_waits_for_others_is_only_counted() -> None:
    view = shown(HomeData(approvals=[{**WAITING, "you_may_decide": False}]))
    assert "1 request waits for others" in json.dumps(view)
    assert not any(label == "Approve" for label, _ in pressed(view))


def test_running_comes_first_and_can_be_cancelled() -> None:
    view = shown(HomeData(runs=[{**RUNNING, "id": "run-0", "state": "done"}, RUNNING]))
    text = json.dumps(view)
    assert text.index("run-1") < text.index("run-0")
    assert ("Cancel", Run("runs.cancel", {"run": "run-1"})) in pressed(view)


def test_quick_actions_are_those_that_the_role_may_use() -> None:
    labels = [label for label, _ in pressed(shown(HomeData(allowed=frozenset({"status.self"}))))]
    assert "Practice drill" not in labels


def test_a_busy_home_stays_within_its_limits_and_says_so() -> None:
    view = shown(HomeData(approvals=[WAITING] * 200, requests=[WAITING] * 200, runs=[RUNNING] * 200))
    assert "… 195 more approvals" in json.dumps(view, ensure_ascii=False)


def test_plug_ins_bring_sections_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "SECTIONS", {})

    @home_section("incidents", "Incidents", order=5)
    def incidents(data: Any, _: Scene) -> list[dict[str, Any]]:
        return [section(str(each)) for each in data]

    @home_section("broken", "Broken")
    def broken(data: Any, _: Scene) -> list[dict[str, Any]]:
        raise KeyError(data)

    assert "Incidents" not in json.dumps(shown(HomeData()))
    text = json.dumps(shown(HomeData(more={"incidents": ["inc-1"] * 30, "broken": 1})), ensure_ascii=False)
    assert text.index("Incidents") < text.index("Waiting for you")
    assert "… 10 more parts" in text
    assert "This part cannot be shown at the moment." in text


# ---------------------------------------------------------------- alerts and watches

BAD: dict[str, Json] = {"id": "alt-1", "title": "cart fails", "severity": "critical", "since": NOW.isoformat()}


def test_what_fires_stands_first_and_is_a_press_away() -> None:
    rows: list[Json] = [{**BAD, "id": f"alt-{place}", "title": f"cart {place} fails"} for place in range(5)]
    view = shown(HomeData(approvals=[WAITING], more={"alerts.list": {"alerts": rows, "summary": "5 alerts fire now."}}))
    text = json.dumps(view, ensure_ascii=False)
    assert text.index("🔴 *cart 0 fails*") < text.index("cart 2 fails") < text.index("Waiting for you")
    assert "cart 3 fails" not in text
    assert "… 2 more alerts" in text


def test_of_more_alerts_than_an_answer_holds_it_is_said_how_many_there_are() -> None:
    rows: list[Json] = [{**BAD, "id": f"alt-{place}"} for place in range(50)]
    view = shown(HomeData(more={"alerts.list": {"alerts": rows, "total": 1_000, "summary": "1,000 alerts fire now."}}))
    assert "… 997 more alerts" in json.dumps(view, ensure_ascii=False)


def test_of_watches_and_silences_one_line_says_how_many() -> None:
    more: dict[str, Json] = {
        "alerts.list": {"alerts": [], "summary": "No alerts fire now."},
        "watches.list": {"watches": [{"id": "wch-1"}], "summary": "Watches: 1; none of them spoke."},
        "alerts.silences": {"silences": [{"id": "sil-1"}], "summary": "Silences: 1."},
    }
    text = json.dumps(shown(HomeData(more=more)))
    for words in ("No alerts fire now.", "Watches: 1; none of them spoke.", "Silences: 1."):
        assert words in text, words


@given(objects, st.sampled_from(["alerts", "watches", "silences"]), rows)
@settings(deadline=None, max_examples=40)
def test_whatever_is_watched_the_home_is_valid(held: dict[str, Json], name: str, listed: list[dict[str, Json]]) -> None:
    found: dict[str, Json] = {**held, name: [*listed]}
    shown(HomeData(more={"alerts.list": found, "watches.list": found, "alerts.silences": found}))


# ---------------------------------------------------------------- preferences


def preferring(**held: Json) -> list[tuple[str, Any]]:
    more = {"preferences.show": {"environment": "", "follow_threads": True, "remember": False, "note": "", **held}}
    return pressed(shown(HomeData(more=more)))


def test_each_preference_is_turned_over_where_it_is_shown() -> None:
    off = [act for _, act in preferring()]
    assert Run("preferences.set", {"follow_threads": False}) in off
    assert Run("preferences.set", {"remember": True}) in off
    assert Run("preferences.set", {"environment": "staging"}) in off
    on = [act for _, act in preferring(remember=True, follow_threads=False, environment="staging")]
    assert Run("preferences.set", {"follow_threads": True}) in on
    assert Run("preferences.set", {"remember": False}) in on
    assert Run("preferences.set", {"environment": "staging"}) not in on, "it is so already"


def test_what_is_remembered_is_one_press_away_and_forgetting_it_asks_first() -> None:
    found = dict(preferring())
    assert found["What I remember of you"] == Run("memory.show")
    assert found["My history"] == Run("history.list")
    view = shown(HomeData(more={"preferences.show": {"remember": True}}))
    asking = {
        element["text"]["text"]: element["confirm"]["confirm"]["text"]
        for block in view["blocks"]
        for element in (*block.get("elements", ()), block.get("accessory") or {})
        if "confirm" in element
    }
    assert asking == {"Forget everything": "Forget everything", "Turn off": "Remember no more"}


@given(objects)
@settings(deadline=None, max_examples=40)
def test_whatever_is_preferred_the_home_is_valid(held: dict[str, Json]) -> None:
    shown(HomeData(more={"preferences.show": held}))
