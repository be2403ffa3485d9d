from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.watch.alerts import Alert, Judgement, Lesson, Verdict
from bot.watch.teaching import teach
from bot.watch.watches import QUIETEST, Watch
from tests.watch.scenes import START, Room, finding, watch

LATENCY: Final = ("checkout", "latency")
Said = tuple[str, int, Verdict]
"""Who, of which alert, and what."""


def alert() -> Alert:
    room = Room()
    room.look(1, finding(*LATENCY))
    return room.one()


def heard(said: Iterable[Said], by: Watch) -> Watch:
    """The watch after all of it, as the desk has it taught."""
    alerts = [alert(), alert()]
    for person, number, verdict in said:
        of = alerts[number]
        mine = next((each for each in of.judgements if each.person == person), None)
        if (mine.verdict if mine else "none") == verdict:
            continue
        by, lessons = teach(by, of, verdict, mine)
        others = (each for each in of.judgements if each.person != person)
        alerts[number] = replace(of, judgements=(*others, Judgement(person, verdict, START, lessons)))
    return by


@pytest.mark.parametrize("second", [0, 1])
def test_words_that_are_taken_back_in_another_order_leave_nothing(second: int) -> None:
    said: list[Said] = [("ada", 0, "noise"), ("bob", second, "useful"), ("ada", 0, "none")]
    stands = heard(said, watch())
    assert stands.learned.get(LATENCY) == 0.0, "useful stands, and sooner than at first nothing is told"
    assert heard([*said, ("bob", second, "none")], watch()).tunings == ()


def test_of_joined_words_only_those_are_undone_that_no_tuning_by_hand_has_undone() -> None:
    """Where two alerts became one, one word has what two taught, at two times."""
    tuned = replace(watch().taught({LATENCY: 0.5}), tuned_at=START + timedelta(minutes=5))
    times = (START, START + timedelta(minutes=9))
    lessons = tuple(Lesson(tuned.id, *LATENCY, 0.5, 0.5, at) for at in times)
    after, _ = teach(tuned, alert(), "none", Judgement("ada", "noise", times[1], lessons))
    assert after.sums.get(LATENCY, 0.0) == 0.0


people, places = st.sampled_from(["ada", "bob", "eve"]), st.integers(0, 1)


@given(
    st.lists(st.tuples(people, places, st.sampled_from(["noise", "useful", "none"])), max_size=20),
    st.permutations([(person, number) for person in ("ada", "bob", "eve") for number in (0, 1)]),
    st.sampled_from([0.0, 0.25, 2.75, 3.0]),
)
def test_whatever_was_said_and_in_whatever_order_it_is_taken_back_it_is_as_it_was(
    said: list[Said], order: list[tuple[str, int]], before: float
) -> None:
    first = watch().taught({LATENCY: before})
    taught = heard(said, first)
    assert 0.0 <= taught.learned.get(LATENCY, 0.0) <= QUIETEST
    back: list[Said] = [(person, number, "none") for person, number in order]
    assert heard([*said, *back], first).tunings == first.tunings


def test_useful_at_first_does_not_make_noise_later_count_less() -> None:
    many: list[Said] = [(f"p{number}", 0, "useful") for number in range(9)]
    assert heard([*many, ("ada", 1, "noise")], watch()).learned[LATENCY] == 0.5
