from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.watch.alerts import Alert, AlertState, Beside, Judgement, Lesson, Silence
from bot.watch.finding import Family, Finding
from bot.watch.settling import MOST_FINDINGS, excuse
from bot.watch.watches import WatchKind
from tests.watch.scenes import CHANNEL, GRAPH, POLICY, SHOP, START, Room, change, finding, minute, watch

SLOW = finding("checkout", "latency")
ERRORS = finding("payments", "error_rate", at=1)
MINE = watch("mine", WatchKind.THRESHOLD)
LOGS = watch("logs")


def silence(**fields: object) -> Silence:
    return replace(Silence("sil-1", minute(60), "ada", START), **fields)  # type: ignore[arg-type]


def at(one: Finding, moment: float, **fields: object) -> Finding:
    return replace(one, seen=minute(moment), **fields)  # type: ignore[arg-type]


# ---------------------------------------------------------------- one cause, one alert


def test_one_cause_is_one_alert_with_the_likely_origin_first() -> None:
    room = Room(replace(SHOP, changes=[change("payments", -1)]))
    (alert,) = room.look(2, SLOW, ERRORS, finding("frontend", "latency", at=1))
    assert alert.services == ("payments", "checkout", "frontend")
    assert alert.origins[0].service == "payments"
    assert alert.changes == ("payments: deploy 2.3, 1 minute before",)
    assert (alert.version, alert.opened_at, alert.changed_at) == (1, minute(2), minute(2))
    assert alert.severity == "critical"
    assert "payments" in alert.title


def test_what_is_unrelated_is_an_alert_of_its_own() -> None:
    room = Room()
    room.look(2, SLOW, finding("index", "memory"), finding("batch", "cost"))
    assert sorted(each.services for each in room.firing) == [("batch",), ("checkout",), ("index",)]


def test_while_an_alert_fires_what_is_near_joins_it_however_late() -> None:
    room = Room()
    room.look(1, SLOW)
    (alert,) = room.look(45, SLOW, finding("gateway", "error_rate", at=44))
    assert set(alert.services) == {"checkout", "gateway"}
    assert alert.version == 2


def test_what_does_not_come_of_an_alert_is_another_one_however_near_it_is() -> None:
    room = Room()
    room.look(1, SLOW)
    below = finding("payments", "error_rate", at=9)
    room.look(10, SLOW, below)
    assert sorted(each.services for each in room.firing) == [("checkout",), ("payments",)]
    again = finding("checkout", "error_rate", at=11)  # whom both would explain
    room.look(12, SLOW, below, again)
    assert room.one_of("payments").services == ("payments", "checkout"), "the last to begin explains it best"
    assert len(room.firing) == 2


@pytest.mark.parametrize(
    ("mine", "same"),
    [
        (finding("checkout", "latency", at=2, watch="mine"), True),
        (finding("frontend", "latency", at=2, watch="mine"), True),
        (finding("frontend", "latency", at=9, watch="mine"), True),
        (finding("batch", "cost", at=2, watch="mine"), False),
        (finding("payments", "error_rate", at=30, watch="mine"), False),
    ],
)
def test_of_what_two_watches_find_the_later_names_the_earlier(mine: Finding, same: bool) -> None:  # noqa: FBT001
    room = Room()
    (first,) = room.look(1, SLOW)
    (second,) = room.look(31, mine, by=MINE)
    assert second.beside == (Beside(first.id, first.title) if same else None)
    assert first.beside is None


def test_a_new_cause_takes_its_own_effects_with_it() -> None:
    room = Room()
    inference = finding("inference", "gpu")
    room.look(1, inference, finding("gateway", at=1))
    felt = finding("gateway", "error_rate", at=20)
    room.look(21, inference, finding("gateway", at=1), finding("index", at=20), finding("search", at=20), felt)
    assert {"index", "search", "gateway"} == set(room.one_of("index").services)
    assert set(room.one_of("inference").services) == {"inference", "gateway"}


def test_a_cause_that_is_seen_after_what_it_did_is_of_the_same_alert() -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(4, SLOW, finding("payments", "error_rate", at=3))
    assert set(room.one().services) == {"checkout", "payments"}


@pytest.mark.parametrize(
    "cause", [finding("payments", "error_rate", at=4), finding("checkout", "memory", at=4), finding("payments", "logs")]
)
def test_a_cause_that_began_long_before_and_is_seen_late_is_of_the_same_alert(cause: Finding) -> None:
    room = Room()
    room.look(11, finding("checkout", at=10))
    room.look(16, finding("checkout", at=10), cause)
    assert {"checkout", cause.subject.service} == set(room.one().services)


def test_what_two_causes_explain_does_not_make_them_one() -> None:
    room = Room()
    search, inference = finding("search"), finding("inference", "gpu", at=2)
    room.look(3, search, inference)
    assert len(room.firing) == 2
    room.look(31, search, inference, finding("gateway", at=30))
    assert room.one_of("gateway").services == ("gateway", "inference")
    assert len(room.firing) == 2


def test_lines_of_two_causes_that_are_read_together_do_not_make_them_one() -> None:
    room = Room()
    search, felt = finding("search"), finding("gateway", at=1)
    room.look(2, search, felt)
    slow, failing = finding("payments", "error_rate", at=10), finding("frontend", "error_rate", at=12)
    room.look(12, search, felt, slow)
    room.look(13, search, felt, slow, failing)
    assert len(room.firing) == 2
    lines = [
        finding(name, "logs", at=at, family=Family.PATTERN, watch="logs")
        for name, at in (("gateway", 4), ("payments", 10))
    ]
    room.look(15, *lines, by=LOGS)
    assert len(room.firing) == 2
    assert lines[0].key in {each.key for each in room.one_of("search").findings}
    assert lines[1].key in {each.key for each in room.one_of("payments").findings}


def test_who_judged_two_alerts_that_turn_out_to_be_one_has_one_word_with_all_it_taught() -> None:
    room = Room()
    room.look(1, finding("frontend"))
    older = room.one()
    room.look(2, finding("frontend"), finding("payments", "memory"))
    (newer,) = [each for each in room.firing if each.id != older.id]
    here, there = (Lesson("scan", name, "latency", 0.5, 0.5) for name in ("frontend", "payments"))
    room.keep(replace(older, judgements=(Judgement("ada", "noise", START, (here,)),)))
    room.keep(replace(newer, judgements=(Judgement("ada", "noise", START, (there,)),)))
    room.look(3, finding("frontend"), finding("payments", "memory"), finding("checkout", "error_rate", at=3))
    (left,) = room.firing
    both = tuple(replace(each, at=START) for each in (here, there))
    assert [(each.person, each.lessons) for each in left.judgements] == [("ada", both)]
    assert not room.alerts[newer.id].judgements, "what is taken back here could be taken back there, too"


def merged(older: dict[str, Any], newer: dict[str, Any]) -> tuple[Alert, Alert]:
    """Two that turn out to be one, after people did that to them."""
    room = Room()
    room.look(1, finding("frontend"))
    first = room.one()
    room.look(2, finding("frontend"), finding("payments", "memory"))
    (second,) = [each for each in room.firing if each.id != first.id]
    room.keep(replace(first, **older))
    room.keep(replace(second, **newer))
    room.look(3, finding("frontend"), finding("payments", "memory"), finding("checkout", "error_rate", at=3))
    return room.alerts[first.id], room.alerts[second.id]


@pytest.mark.parametrize(
    ("here", "there", "left"),
    [
        (("useful", 1), ("noise", 2), ("noise", 2)),
        (("useful", 2), ("noise", 1), ("useful", 2)),
        (("noise", 1), ("none", 2), ("noise", 1)),
        (("none", 2), ("noise", 1), ("noise", 1)),
    ],
)
def test_of_two_words_of_one_person_the_newest_that_was_not_taken_back_stays_with_what_both_taught(
    here: tuple[Any, float], there: tuple[Any, float], left: tuple[Any, float]
) -> None:
    one, other = (Lesson("scan", name, "latency", 0.5, 0.5) for name in ("frontend", "payments"))
    words = [Judgement("ada", word, minute(at), (lesson,)) for (word, at), lesson in ((here, one), (there, other))]
    into, _ = merged({"judgements": words[:1]}, {"judgements": words[1:]})
    both = (replace(one, at=minute(here[1])), replace(other, at=minute(there[1])))
    assert list(into.judgements) == [Judgement("ada", left[0], minute(left[1]), both)]


def test_who_looks_at_either_of_two_that_turn_out_to_be_one_looks_at_it() -> None:
    ada = {"acknowledged_by": "ada", "acknowledged_at": minute(2)}
    bob = {"acknowledged_by": "bob", "acknowledged_at": minute(1)}
    seen = [(each.acknowledged_by, each.acknowledged_at) for each in (merged({}, ada)[0], merged(ada, bob)[0])]
    assert seen == [("ada", minute(2))] * 2


def test_an_alert_that_took_another_in_is_as_bad_and_flaps_as_much() -> None:
    flapped = {"severity": "critical", "flapping": True, "reopened": 3, "reopenings": (minute(-9), minute(-3))}
    into, _ = merged({"reopened": 1, "reopenings": (minute(-5),)}, flapped)
    assert (into.severity, into.flapping) == ("critical", True)
    assert into.reopened == 1, "the other one did: this one is not back"
    assert into.reopenings == (minute(-9), minute(-5), minute(-3))


def test_what_joined_says_which_one_it_is_part_of() -> None:
    into, joined = merged({}, {})
    assert (into.part_of, joined.part_of) == ("", into.id)


def test_what_has_only_just_ended_may_still_have_consequences() -> None:
    room = Room()
    room.look(1, finding("payments"))
    room.look(20, finding("payments", ended=minute(20), seen=minute(19)))
    room.look(24, finding("checkout", "slo", at=24))
    assert set(room.one().services) == {"payments", "checkout"}


def test_scans_of_an_environment_share_their_alerts_and_each_ends_only_its_own() -> None:
    room = Room()
    room.look(1, SLOW)
    new_lines = finding("checkout", "logs", at=2, family=Family.PATTERN)
    (alert,) = room.look(2, new_lines, by=LOGS)
    assert {each.watch for each in alert.open} == {"scan", "logs"}
    room.look(3, by=LOGS)
    assert [each.watch for each in room.one().open] == ["scan"]


def test_a_watch_of_somebody_makes_one_alert_whatever_it_finds() -> None:
    room = Room()
    room.look(1, SLOW, finding("batch", "cost"), by=MINE)
    room.look(50, SLOW, finding("batch", "cost"), finding("index", "memory", at=50), by=MINE)
    assert set(room.one().services) == {"checkout", "batch", "index"}
    room.look(51, SLOW)
    assert len(room.firing) == 2


def test_two_alerts_that_turn_out_to_be_one_are_joined_and_nothing_of_them_is_lost() -> None:
    room = Room()
    room.look(1, finding("frontend", "latency"))
    older = room.one()
    room.look(2, finding("frontend", "latency"), finding("payments", "memory"))
    (newer,) = [each for each in room.firing if each.id != older.id]
    room.keep(replace(newer, judgements=(Judgement("bob", "useful", START),), version=5))
    room.look(3, finding("frontend", "latency"), finding("payments", "memory"), finding("checkout", "error_rate", at=3))
    (left,) = room.firing
    assert left.id == older.id
    assert set(left.services) == {"frontend", "payments", "checkout"}
    assert [each.person for each in left.judgements] == ["bob"]
    gone = room.alerts[newer.id]
    assert (gone.state, gone.findings, gone.version) == (AlertState.RESOLVED, (), 6)
    assert gone.title.startswith("part of another alert: ")
    assert len(room.look(4, finding("payments", "memory"))) == 1, "what joined never comes back by itself"


def test_two_replicas_make_the_same_alert_of_the_same_look() -> None:
    one, other = Room(), Room()
    assert one.look(2, SLOW, ERRORS) == other.look(2, ERRORS, SLOW)


# ---------------------------------------------------------------- its life


def test_it_resolves_after_it_was_calm_for_long_enough() -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(10, at(SLOW, 9, ended=minute(9)))
    assert room.one().calm_since == minute(9), "since it ended, not since that is known"
    assert room.one().version == 1, "calm is no news yet"
    room.look(13)
    assert room.one().state is AlertState.FIRING
    (alert,) = room.look(14)
    assert (alert.state, alert.resolved_at, alert.version) == (AlertState.RESOLVED, minute(14), 2)
    assert room.look(16) == []


def test_a_budget_that_burns_on_keeps_nothing_open_unless_it_is_urgent() -> None:
    def burns(rate: float) -> Finding:
        return finding("checkout", "slo", at=5, family=Family.BURN, value=rate, size=rate)

    room = Room()
    room.look(1, SLOW)
    room.look(6, SLOW, burns(14))
    room.look(10, at(SLOW, 9, ended=minute(9)), burns(8))
    room.look(20, burns(8))
    assert room.one().state is AlertState.FIRING
    (over,) = room.look(30, burns(1.4))
    assert (over.state, over.open) == (AlertState.RESOLVED, ())
    assert room.look(40, burns(1.2)) == [], "what is left of it is no news"
    (again,) = room.look(50, burns(15))
    assert (again.id, again.state) == (over.id, AlertState.FIRING)


def test_a_budget_that_burns_slowly_by_itself_is_told_until_it_does_not() -> None:
    room = Room()
    slow = finding("checkout", "slo", family=Family.BURN, value=1.4, size=1.4)
    room.look(1, slow)
    room.look(90, slow)
    assert room.one().state is AlertState.FIRING


@pytest.mark.parametrize("rate", [1.4, 14.0])
def test_an_alert_of_budgets_alone_is_over_when_none_of_them_burns(rate: float) -> None:
    room = Room()
    one, other = (
        finding("checkout", "slo", family=Family.BURN, value=value, size=value, detail=name)
        for name, value in (("latency", rate), ("availability", 1.4))
    )
    room.look(1, one, other)
    room.look(10, at(one, 9, ended=minute(9)), other)
    room.look(90, other)
    assert [each.key for each in room.one().open] == [other.key]
    assert room.one().state is AlertState.FIRING
    room.look(100)
    (over,) = room.look(105)
    assert (over.state, over.open) == (AlertState.RESOLVED, ())


def test_a_budget_that_burned_and_burns_anew_is_told_again() -> None:
    room = Room()
    slow = finding("checkout", "slo", family=Family.BURN, value=1.4, size=1.4)
    room.look(1, slow)
    room.look(20)
    room.look(30)
    assert room.one().state is AlertState.RESOLVED
    (again,) = room.look(45, at(slow, 45, since=minute(44)))
    assert again.state is AlertState.FIRING
    room.look(60)
    room.look(70)
    (anew,) = room.look(300, at(slow, 300, since=minute(299)))
    assert (anew.state, anew.id == again.id) == (AlertState.FIRING, False), "long after it is another alert"


def test_what_a_watch_does_not_report_any_more_has_ended() -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(2)
    assert room.one().findings[0].ended == minute(2)


def test_what_comes_back_is_watched_again() -> None:
    room = Room()
    room.look(1, SLOW)
    retired = replace(room.one(), state=AlertState.RESOLVED, unwatched=True, resolved_at=minute(2), findings=())
    room.keep(replace(retired, findings=(at(SLOW, 2, ended=minute(2)),)))
    (again,) = room.look(5, at(SLOW, 5, since=minute(4)))
    assert (again.id, again.state, again.unwatched) == (retired.id, AlertState.FIRING, False)


def test_what_returns_while_it_is_calm_cancels_the_end() -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(5)
    room.look(9, finding("checkout", "latency", at=9))
    assert room.one().calm_since is None
    room.look(12)
    room.look(16)
    assert room.one().state is AlertState.FIRING
    assert room.look(17)[0].state is AlertState.RESOLVED
    assert room.one().reopened == 0


def test_the_same_trouble_within_half_an_hour_is_the_same_alert() -> None:
    room = Room()
    room.look(1, SLOW)
    room.keep(room.one().changed(minute(2), acknowledged_by="ada", acknowledged_at=minute(2)))
    for moment in (5, 10):
        room.look(moment)
    (alert,) = room.look(40, finding("checkout", "latency", at=40))
    assert (alert.state, alert.reopened, alert.resolved_at) == (AlertState.FIRING, 1, None)
    assert alert.acknowledged_by == "", "nobody looks at what comes back"
    assert len(room.alerts) == 1


def test_another_symptom_of_the_same_origin_is_the_same_trouble() -> None:
    room = Room()
    room.look(1, finding("payments", "error_rate"), finding("checkout", "error_rate"))
    room.look(5)
    room.look(10)
    (alert,) = room.look(30, finding("payments", "availability", at=30, direction="low"))
    assert alert.reopened == 0, "availability is another measure …"
    (alert,) = room.look(31, finding("payments", "error_rate", at=31))
    assert len(room.firing) == 1, "… and joins what fires"


def test_after_half_an_hour_it_is_a_new_alert() -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(5)
    room.look(10)
    room.look(41, finding("checkout", "latency", at=41))
    assert len(room.alerts) == 2
    assert {each.fingerprint for each in room.alerts.values()} == {room.one_of("checkout").fingerprint}


def flap(room: Room, moment: float, calm: float) -> float:
    room.look(moment, finding("checkout", "latency", at=moment))
    room.look(moment + 1)
    room.look(moment + 1 + calm)
    return moment + 2 + calm


def test_what_comes_and_goes_is_damped() -> None:
    room, moment = Room(), 0.0
    for _ in range(4):
        assert not room.alerts or not room.one().flapping
        moment = flap(room, moment, 5)
    assert (room.one().flapping, room.one().reopened) == (True, 3)
    assert room.one().state is AlertState.FIRING, "five minutes are not enough any more"
    room.look(moment + 15)
    assert room.one().state is AlertState.RESOLVED


def test_what_comes_back_seldom_does_not_flap() -> None:
    room, moment = Room(), 0.0
    for _ in range(6):
        flap(room, moment, 5)
        moment += 35
        room.look(moment, finding("checkout", "latency", at=moment))
        moment += 40
    assert room.one().reopened > 3
    assert not room.one().flapping


def test_what_a_person_calls_over_is_quiet_until_it_has_ended_and_comes_back() -> None:
    room = Room()
    room.look(1, SLOW)
    room.keep(room.one().changed(minute(2), state=AlertState.RESOLVED, resolved_at=minute(2)))
    for moment in (3, 60):
        room.look(moment, at(SLOW, moment))
        assert (room.one().state, room.one().version) == (AlertState.RESOLVED, 2)
    room.look(70)
    (alert,) = room.look(80, finding("checkout", "latency", at=80))
    assert (alert.state, alert.reopened) == (AlertState.FIRING, 1)


# ---------------------------------------------------------------- what people see of it


@pytest.mark.parametrize(
    ("moment", "change_of", "news"),
    [
        (2, {}, False),
        (9, {"value": 9.5}, False),
        (2, {"size": 14.0}, False),
        (2, {"size": 40.0}, True),
        (11, {}, True),
    ],
)
def test_it_is_edited_when_people_should_see_a_difference(moment: float, change_of: dict, news: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001
    room = Room()
    room.look(1, finding("index", "memory"))
    room.look(moment, at(finding("index", "memory"), moment, **change_of))
    assert room.one().version == (2 if news else 1)
    assert room.one().changed_at == minute(moment if news else 1)
    assert room.one().findings[0].seen == minute(moment), "what is quietly known is kept all the same"


def test_severity_only_rises_while_it_fires() -> None:
    room = Room()
    room.look(1, finding("index", "memory"))
    assert room.one().severity == "medium"
    room.look(2, finding("index", "memory"), finding("index", "error_rate", size=90))
    worse = room.one().severity
    assert worse == "high"
    room.look(3, finding("index", "memory"))
    assert room.one().severity == worse


def test_findings_that_ended_do_not_pile_up_for_ever() -> None:
    room = Room()
    room.look(0, SLOW)
    for number in range(1, MOST_FINDINGS + 20):
        lines = finding("checkout", "logs", at=number, family=Family.PATTERN, detail=f"{number:04}")
        room.look(number, at(SLOW, number), lines)
    assert len(room.one().findings) == MOST_FINDINGS
    assert room.one().open[0].key == SLOW.key
    assert max(each.subject.detail for each in room.one().findings) == f"{MOST_FINDINGS + 19:04}"


# ---------------------------------------------------------------- what nobody is told of


def test_a_channel_has_its_share_for_the_day_and_critical_ones_always() -> None:
    ground = replace(SHOP, graph={})
    room = Room(ground, replace(POLICY, budget=3))
    room.look(1, *(finding(f"s{number}", "memory", size=number) for number in range(5)))
    assert sorted(each.findings[0].size for each in room.alerts.values() if each.held_back) == [0, 1]
    room.look(2, *(finding(f"s{number}", "memory", size=number) for number in range(5)), finding("checkout", "errors"))
    (loud,) = [each for each in room.alerts.values() if each.services == ("checkout",)]
    assert (loud.severity, loud.held_back) == ("critical", False)
    room.look(3, finding("s0", "memory", size=0), *(finding("s0", each, at=3, size=999) for each in ("errors", "slo")))
    assert room.one_of("s0").held_back, "high is not critical"
    room.look(24 * 60 + 2, finding("s9", "memory", at=24 * 60))
    assert not room.one_of("s9").held_back


def test_a_held_back_alert_that_becomes_critical_is_told() -> None:
    room = Room(replace(SHOP, graph={}), replace(POLICY, budget=0))
    room.look(1, finding("checkout", "memory"))
    assert room.one().held_back
    room.look(2, finding("checkout", "memory"), finding("checkout", "error_rate", at=2))
    assert (room.one().severity, room.one().held_back, room.one().version) == ("critical", False, 2)


def test_a_silence_hides_an_alert_as_long_as_all_that_is_open_is_hidden() -> None:
    room = Room(replace(SHOP, silences=[silence(service="checkout")]))
    room.look(1, SLOW)
    assert (room.one().silence, room.one().shown) == ("sil-1", False)
    room.look(2, SLOW, ERRORS)
    assert room.one().shown
    room.look(3, SLOW)
    assert not room.one().shown
    (alert,) = room.look(60, SLOW)
    assert (alert.silence, alert.state, alert.shown) == ("", AlertState.FIRING, True)


def test_a_planned_silence_begins_by_itself() -> None:
    room = Room(replace(SHOP, silences=[silence(service="checkout", starts=minute(10), until=minute(20))]))
    for at, hidden in ((1, ""), (9, ""), (10, "sil-1"), (19, "sil-1"), (20, "")):
        room.look(at, SLOW)
        assert room.one().silence == hidden, at


@pytest.mark.parametrize(
    ("fields", "hides"),
    [
        ({"signal": "latency"}, True),
        ({"signal": "error_rate"}, False),
        ({"channel": CHANNEL}, True),
        ({"channel": "C0ML"}, False),
        ({"watch": "scan"}, True),
        ({"watch": "logs"}, False),
        ({"environment": "production", "service": "checkout"}, True),
        ({"environment": "staging"}, False),
        ({"service": "checkout", "until": minute(1)}, False),
        ({"service": "checkout", "ended_at": minute(0)}, False),
    ],
)
def test_a_silence_hides_what_it_names(fields: dict, hides: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001
    room = Room(replace(SHOP, silences=[silence(**fields)]))
    room.look(1, SLOW)
    assert room.one().shown is not hides


@pytest.mark.parametrize(
    ("said", "ground", "moment", "reason"),
    [
        (finding("checkout", "cpu"), {"changes": [change("checkout", -1)]}, 1, "just been changed"),
        (finding("checkout", "latency"), {"changes": [change("checkout", -1)]}, 1, ""),
        (finding("checkout", "error_rate"), {"changes": [change("checkout", -1)]}, 1, ""),
        (finding("checkout", "cpu"), {"changes": [change("checkout", -1)]}, 5, ""),
        (finding("checkout", "cpu"), {"changes": [change("payments", -1)]}, 1, ""),
        (finding("checkout", "cpu", family=Family.ABSENCE), {"changes": [change("checkout", -1)]}, 1, "changed"),
        (
            finding("checkout", "memory"),
            {"changes": [change("checkout", -9, finished_at=minute(-1))]},
            1,
            "just been changed",
        ),
        (finding("checkout", "error_rate"), {"traffic": {"checkout": 0.01}}, 1, "too little traffic"),
        (finding("checkout", "memory"), {"traffic": {"checkout": 0.01}}, 1, ""),
        (finding("checkout", "error_rate"), {"traffic": {"checkout": 3.0}}, 1, ""),
        (finding("checkout", "error_rate"), {"traffic": {"payments": 0.01}}, 1, ""),
        (finding("checkout", "latency", ended=minute(1)), {}, 2, ""),
        (finding("checkout", "latency", ended=minute(1)), {}, 9, "it was over"),
    ],
)
def test_what_is_excused_and_why(said: Finding, ground: dict, moment: float, reason: str) -> None:  # type: ignore[type-arg]
    there = replace(SHOP, **ground)
    why = excuse(said, watch(), there, POLICY, minute(moment))
    assert bool(why) is bool(reason)
    assert reason in why
    room = Room(there)
    room.look(moment, said)
    assert bool(room.alerts) is not bool(reason)


def test_what_is_excused_is_told_once_the_excuse_is_gone() -> None:
    room = Room(replace(SHOP, changes=[change("checkout", -1)]))
    busy = finding("checkout", "cpu")
    room.look(1, busy)
    room.look(3, at(busy, 3))
    assert not room.alerts
    room.look(4, at(busy, 4))
    assert room.one().findings[0].since == busy.since


def test_who_set_a_limit_gets_no_excuses() -> None:
    ground = replace(SHOP, traffic={"checkout": 0.0}, changes=[change("checkout", 0)])
    room = Room(ground)
    room.look(1, finding("checkout", "error_rate"), finding("checkout", "cpu"), by=MINE)
    assert len(room.one().open) == 2


# ---------------------------------------------------------------- what others found


def test_what_others_found_is_put_together_and_ends_when_they_say_so() -> None:
    intake = watch("outside:C0OPS", WatchKind.THRESHOLD)
    down = [
        finding(service, name, family=Family.OUTSIDE, direction="", size=16.0)
        for service, name in (("payments", "HighErrorRate"), ("checkout", "HighLatency"), ("batch", "JobFailed"))
    ]
    room = Room()
    room.look(1, *down, by=intake)
    assert sorted(len(each.open) for each in room.firing) == [1, 2]
    assert {each.severity for each in room.firing} == {"critical"}
    ended = [replace(each, ended=minute(5)) for each in down]
    room.look(5, *ended, by=intake)
    assert not room.firing, "they have waited for its end already"
    assert room.look(6, *ended, by=intake) == []


# ---------------------------------------------------------------- whatever happens

NAMES = st.sampled_from([*GRAPH, "database", "index", "batch"])
SIGNALS = st.sampled_from(["latency", "error_rate", "memory", "throughput", "cost"])


class Life(RuleBasedStateMachine):
    """Findings come and go, people press buttons, silences begin and end; time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room(replace(SHOP, traffic={}), replace(POLICY, budget=4))
        self.minute = 0.0
        self.open: dict[str, dict[object, Finding]] = {"scan": {}, "logs": {}}
        self.ever: set[object] = set()
        self.versions: dict[str, tuple[int, str]] = {}

    @rule(by=st.sampled_from(["scan", "logs"]), service=NAMES, signal=SIGNALS)
    def begins(self, by: str, service: str, signal: str) -> None:
        made = finding(service, signal, at=self.minute, watch=by)
        self.open[by].setdefault(made.key, made)

    @rule(by=st.sampled_from(["scan", "logs"]), place=st.integers(0, 9))
    def ends(self, by: str, place: int) -> None:
        for key in list(self.open[by])[place : place + 1]:
            del self.open[by][key]

    @rule(by=st.sampled_from(["scan", "logs"]), size=st.floats(1, 99))
    def grows(self, by: str, size: float) -> None:
        self.open[by] = {key: replace(each, size=size) for key, each in self.open[by].items()}

    @rule(place=st.integers(0, 9), over=st.booleans())
    def presses(self, place: int, *, over: bool) -> None:
        for each in self.room.firing[place : place + 1]:
            now = minute(self.minute)
            fields = {"state": AlertState.RESOLVED, "resolved_at": now} if over else {"acknowledged_by": "ada"}
            self.room.keep(each.changed(now, **fields))

    @rule(service=NAMES, hides=st.booleans())
    def silences(self, service: str, *, hides: bool) -> None:
        until = minute(self.minute + 20)
        silences = [silence(service=service, until=until)] if hides else []
        self.room.ground = replace(self.room.ground, silences=silences)

    @rule(by=st.sampled_from(["scan", "logs"]), minutes=st.sampled_from([0.5, 1, 4, 6, 31]))
    def looks(self, by: str, minutes: float) -> None:
        self.minute += minutes
        reported = [replace(each, seen=minute(self.minute)) for each in self.open[by].values()]
        before = dict(self.room.alerts)
        changed = self.room.look(self.minute, *reported, by=watch(by))
        self.ever |= {each.key for each in reported}
        for each in changed:
            self._is_sound(before.get(each.id), each)
        held = {one.key for each in self.room.alerts.values() for one in each.open}
        assert {each.key for each in reported} <= held, "every open finding is in an alert"

    def _is_sound(self, before: Alert | None, after: Alert) -> None:
        version = before.version if before else 0
        assert after.version in {version, version + 1}
        if before and after.version == version:
            told = ("state", "severity", "silence", "held_back", "changed_at", "acknowledged_by")
            assert all(getattr(before, name) == getattr(after, name) for name in told)
            assert [each.service for each in before.origins] == [each.service for each in after.origins]
        else:
            assert after.changed_at == minute(self.minute)
        if before and before.state is AlertState.FIRING and after.state is AlertState.RESOLVED and after.findings:
            wait = POLICY.calm * (POLICY.damping if before.flapping else 1)
            assert not after.open
            assert before.calm_since
            assert minute(self.minute) - before.calm_since >= wait

    @invariant()
    def nothing_is_lost_or_in_two_places(self) -> None:
        kept = {one.key for each in self.room.alerts.values() for one in each.findings}
        assert self.ever <= kept
        open_ = [one.key for each in self.room.alerts.values() for one in each.open]
        assert len(open_) == len(set(open_))

    @invariant()
    def what_fires_has_something_open_or_is_calm(self) -> None:
        for each in self.room.firing:
            assert bool(each.open) is (each.calm_since is None)
            assert each.calm_since is None or minute(self.minute) - each.calm_since <= timedelta(days=1)
            assert each.title
            assert each.findings


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
