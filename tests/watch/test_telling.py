from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.watch.alerts import Alert, AlertState, Judgement, Lesson, Origin, Silence
from bot.watch.finding import Family, Finding
from bot.watch.telling import MOST_TITLE, done, joined, line, news, quieter, title
from tests.watch.scenes import SHOP, START, Room, change, finding, minute, watch

SLOW = finding("checkout", "latency", words="p95 is 1.9 s, usual is 450 ms")
SAID = "checkout is slow: p95 is 1.9 s, usual is 450 ms"
QUIETER = Judgement("ada", "noise", START, (Lesson("scan", "checkout", "latency", 0.5, 0.5),))
MUST_BE = "latency of checkout must be about 3 times as unusual as at first"
AS_AT_FIRST = Judgement("ada", "none", minute(1), (Lesson("scan", "checkout", "latency", 0.0, 0.0),))
PAYMENTS = Origin("payments", 0.8, "deploy 2.3, 2 minutes before")


@pytest.mark.parametrize(
    ("findings", "origins", "said"),
    [
        ([SLOW], (), SAID),
        (
            [SLOW],
            (PAYMENTS,),
            f"{SAID}; payments is the likely origin (deploy 2.3, 2 minutes before)",
        ),
        ([SLOW], (replace(PAYMENTS, service="checkout"),), f"{SAID} (deploy 2.3, 2 minutes before)"),
        ([SLOW], (Origin("checkout", 0.8, SLOW.words),), SAID),
        (
            [SLOW, finding("payments", "latency", words="p95 is 3 s")],
            (PAYMENTS,),
            "payments is slow: p95 is 3 s (deploy 2.3, 2 minutes before); also checkout",
        ),
        ([SLOW], (replace(PAYMENTS, confidence=0.3),), SAID),
        ([SLOW, finding("frontend")], (), f"{SAID}; also frontend"),
        (
            [SLOW, finding("frontend"), finding("gateway"), finding("search", ended=minute(1))],
            (),
            f"{SAID}; also frontend and gateway",
        ),
        (
            [SLOW, finding("frontend"), finding("gateway"), finding("search")],
            (),
            f"{SAID}; also 3 more services",
        ),
        ([finding("chat", "cost", words="cost is $9/h")], (), "chat costs more: cost is $9/h"),
        (
            [
                finding("chat", "logs", family=Family.PATTERN, words="new warning lines"),
                finding("search", "cost", words="cost is $8/h"),
                finding("chat", "cost", words="cost is $9/h"),
            ],
            (),
            "chat costs more: cost is $9/h; also search",
        ),
        ([finding("chat", "eval_score", words="score is 40 %")], (), "chat: score is 40 %"),
        ([finding("chat", "latency", family=Family.ABSENCE, words="gone")], (), "chat: gone"),
        (
            [finding("chat", "slo", family=Family.BURN, detail="answers are fast", words="burns 9 times too fast")],
            (),
            "chat, answers are fast: burns 9 times too fast",
        ),
        (
            [finding("chat", "HighErrorRate", family=Family.OUTSIDE, words="5 % fail")],
            (),
            "HighErrorRate at chat: 5 % fail",
        ),
        ([finding("", "DiskFull", family=Family.OUTSIDE, words="/ is full")], (), "DiskFull: / is full"),
        (
            [finding("", "watch", family=Family.ABSENCE, detail="all metrics", words="sees nothing: timed out")],
            (),
            "the watch all metrics: sees nothing: timed out",
        ),
        (
            [finding("", "throughput", words="5/s, usual is 9/s", direction="low")],
            (),
            "production gets less traffic: 5/s, usual is 9/s",
        ),
    ],
)
def test_one_sentence(findings: list[Finding], origins: tuple[Origin, ...], said: str) -> None:
    assert title(findings, origins) == said


def test_a_line_of_a_list_is_short() -> None:
    assert line(SLOW) == "checkout: p95 is 1.9 s, usual is 450 ms"


@given(st.text(max_size=900), st.text(max_size=300), st.text(max_size=300))
def test_text_from_outside_is_one_short_line(words: str, service: str, because: str) -> None:
    said = title([finding(service, words=words)], (Origin("x", 0.9, because),))
    assert len(said) <= MOST_TITLE
    assert said.isprintable()
    assert len(joined(said)) <= MOST_TITLE


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (-2, "deploy 2.3, 2 minutes before"),
        (-1, "deploy 2.3, 1 minute before"),
        (0, "deploy 2.3, as it began"),
        (3, "deploy 2.3, 3 minutes after"),
    ],
)
def test_a_change_says_how_long_before(moment: float, said: str) -> None:
    assert done(change("payments", moment), minute(0)) == said


def test_no_stored_word_has_a_time_of_day() -> None:
    room = Room(replace(SHOP, changes=[change("payments", -2)]))
    room.look(1, SLOW, finding("payments", "error_rate"))
    alert = room.one()
    words = " ".join([alert.title, *alert.changes, *(each.because for each in alert.origins)])
    assert not re.search(r"\d:\d\d", words)


# ---------------------------------------------------------------- the thread


def lines_of(room: Room, moment: float, *reported: Finding) -> list[str]:
    before = dict(room.alerts)
    changed = room.look(moment, *reported)
    return [each for alert in changed for each in news(before.get(alert.id), alert)]


def test_the_thread_is_told_what_became_of_it() -> None:
    room = Room()
    leaky = finding("index", "error_rate", at=2, size=90, words="errors are 9 %")
    assert lines_of(room, 1, finding("index", "memory")) == []
    assert lines_of(room, 2, finding("index", "memory")) == []
    told = lines_of(room, 3, finding("index", "memory"), leaky)
    assert told == ["now high, was medium", "also index: errors are 9 %"]
    assert lines_of(room, 12, finding("index", "memory"), leaky) == []
    assert lines_of(room, 15) == []
    assert lines_of(room, 20) == ["over after 15 min"]
    assert lines_of(room, 30, finding("index", "memory", at=30)) == ["back after 10 min"]


def test_all_of_a_message_says_the_number_that_is_on_record() -> None:
    def says(seconds: float, **fields: object) -> Finding:
        return replace(finding("payments", "latency", words=f"p95 is {seconds} s, usual is 0.4 s"), **fields)  # type: ignore[arg-type]

    room = Room()
    room.look(1, says(3.4), finding("gateway", "latency"))
    before = room.one()
    assert before.origins[0].because == "p95 is 3.4 s, usual is 0.4 s"
    room.look(2, says(2.8), finding("gateway", "latency"))
    after = room.one()
    assert after.version == before.version, "people need not see it"
    for said in (after.title, after.origins[0].because, *(each.words for each in after.findings)):
        assert "3.4 s" not in said
    assert "p95 is 2.8 s" in after.title
    room.look(3, says(2.1, ended=minute(3)))
    room.look(9)
    assert room.one().state is AlertState.RESOLVED
    assert "p95 is 2.1 s" in room.one().title


def test_a_reason_that_may_be_of_either_is_left_as_it_was() -> None:
    room = Room()
    alike = [finding("payments", signal, words="2 s, usual is 1 s") for signal in ("latency", "queue_depth")]
    room.look(1, *alike)
    room.look(2, alike[0], replace(alike[1], words="9 s, usual is 1 s"))
    assert room.one().origins[0].because == "2 s, usual is 1 s"


def test_another_origin_is_news() -> None:
    room = Room()
    room.look(1, finding("frontend", "latency"))
    told = lines_of(room, 2, finding("frontend", "latency"), finding("gateway", "latency", size=40))
    assert told[-1] == "gateway is the likely origin (latency is 9, usual is 3)"


def test_many_new_findings_are_counted() -> None:
    room = Room()
    room.look(1, SLOW)
    many = [finding("checkout", "logs", family=Family.PATTERN, detail=str(number)) for number in range(9)]
    assert lines_of(room, 2, SLOW, *many)[-1] == "and 5 more"


def test_what_flaps_says_so_once_and_then_is_quiet() -> None:
    room = Room()
    told: list[str] = []
    for moment in (0, 8, 16, 24, 50, 76):
        told += lines_of(room, moment, finding("checkout", "latency", at=moment))
        told += lines_of(room, moment + 1)
        told += lines_of(room, moment + (6 if moment < 24 else 22))
    assert told[:2] == ["over after 60 s", "back after 120 s"]
    assert told[-1] == "it keeps coming and going, back 3 times lately: from now on it is told less often"
    assert len(told) == 6


def alert() -> Alert:
    room = Room()
    room.look(1, SLOW)
    return room.one()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"acknowledged_by": "ada"}, "ada looks at it"),
        ({"acknowledged_by": "ada"}, {}, "ada does not look at it any more"),
        ({"acknowledged_by": "ada"}, {"acknowledged_by": "ada"}, ""),
        ({}, {"silence": "sil-1"}, "silenced"),
        ({"silence": "sil-1"}, {}, "no longer silenced"),
        (
            {},
            {"state": AlertState.RESOLVED, "resolved_at": minute(3)},
            "said to be over; it is quiet until it has ended and comes back",
        ),
        (
            {},
            {
                "state": AlertState.RESOLVED,
                "resolved_at": minute(3),
                "findings": (),
                "title": "part of another alert: that",
            },
            "part of another alert: that",
        ),
        (
            {"state": AlertState.RESOLVED, "findings": ()},
            {"state": AlertState.RESOLVED, "findings": (), "title": "part of another alert: that"},
            "",
        ),
        ({}, {"version": 7}, ""),
        ({}, {"judgements": (Judgement("ada", "noise", START),)}, ""),
        ({"judgements": (QUIETER,)}, {"judgements": (QUIETER,)}, ""),
        (
            {},
            {"judgements": (QUIETER,)},
            f"ada finds it noise: from now on, {MUST_BE} before I speak up. Whoever sees it otherwise presses Useful",
        ),
        (
            {"judgements": (QUIETER,)},
            {"judgements": (AS_AT_FIRST,)},
            "ada takes back what they said of it: from now on, I speak of latency of checkout as soon as at first",
        ),
    ],
)
def test_moves_of_people_are_told(before: dict, after: dict, said: str) -> None:  # type: ignore[type-arg]
    told = news(replace(alert(), **before), replace(alert(), **after))
    assert told == ((said,) if said else ())


@pytest.mark.parametrize(("reason", "why"), [("", ""), ("  ", ""), ("deploying\nnow", ": deploying now")])
def test_a_silence_says_who_until_when_and_why(reason: str, why: str) -> None:
    hidden = replace(alert(), silence="sil-1")
    silence = Silence("sil-1", minute(60), "ada", START, reason=reason)
    assert news(alert(), hidden, silence) == (f"ada silenced it until {minute(60).isoformat()}{why}",)
    assert news(hidden, hidden, silence) == ()
    assert news(hidden, alert()) == ("no longer silenced",)


def test_a_watch_says_where_it_is_quieter() -> None:
    assert quieter(watch()) == ()
    taught = watch().taught({("checkout", "error_rate"): 0.5, ("", "latency"): 1.0, ("index", "cpu"): 0.0})
    assert quieter(taught) == (
        "error rate of checkout must be about 3 times as unusual as at first",
        "latency must be about 10 times as unusual as at first",
    )
    assert quieter(watch(tuned=3.0)) == (
        "all of it must be about 1,000 times as unusual as at first (feedback makes it no quieter)",
    )
