"""Sends go as fast as they may, never faster, and everybody's turn comes."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.pace import NEW_MESSAGES, SEVERAL, TIERS, Pace, Rate, Rates, Ticket

rates = st.builds(
    Rate, per_minute=st.floats(min_value=1, max_value=600, allow_nan=False), burst=st.integers(min_value=1, max_value=8)
)
EPSILON = 1e-6


def drain(pace: Pace, now: float) -> list[tuple[float, Ticket]]:
    """Lets the line go to its end; who went when."""
    went = []
    while True:
        going, again = pace.release(now)
        went += [(now, ticket) for ticket in going]
        if math.isinf(again):
            return went
        assert again > now, "it says when it is worth to ask again, and that is later"
        now = again


def most_in_any_window(times: list[float], rate: Rate) -> bool:
    """Whether no window holds more than the burst and what came back in it."""
    times = sorted(times)
    return all(
        last - first + 1 <= rate.burst + (times[last] - times[first] + EPSILON) * rate.per_minute / 60
        for first in range(len(times))
        for last in range(first, len(times))
    )


@settings(max_examples=100, deadline=None)
@given(
    channel=rates,
    posting=rates,
    update=rates,
    joins=st.lists(
        st.tuples(
            st.floats(min_value=0, max_value=3),
            st.sampled_from(["chat.postMessage", "chat.update"]),
            st.sampled_from(["C1", "C2", "C3"]),
            st.sampled_from([0.0, 5.0, -60.0]),
        ),
        max_size=40,
    ),
)
def test_no_window_ever_holds_more_than_the_rate_and_nobody_waits_for_ever(
    channel: Rate, posting: Rate, update: Rate, joins: list[tuple[float, str, str, float]]
) -> None:
    pace = Pace(Rates(channel=channel, posting=posting, tier3=update))
    now, went = 0.0, []
    for later, method, where, yields in joins:
        now += later
        pace.join(method, where, now, yields=yields)
        went += [(now, ticket) for ticket in pace.release(now)[0]]
    went += drain(pace, now)

    assert len(went) == len(joins)
    assert most_in_any_window([at for at, ticket in went if ticket.method == "chat.postMessage"], posting)
    assert most_in_any_window([at for at, ticket in went if ticket.method == "chat.update"], update)
    for name in ("C1", "C2", "C3"):
        assert most_in_any_window([at for at, ticket in went if ticket.channel == name], channel)


@settings(max_examples=60, deadline=None)
@given(posting=rates, wants=st.lists(st.sampled_from(["C1", "C2", "C3"]), min_size=1, max_size=30))
def test_those_of_one_channel_go_in_the_order_in_which_they_came(posting: Rate, wants: list[str]) -> None:
    pace = Pace(Rates(posting=posting))
    tickets = [pace.join("chat.postMessage", channel, n / 1_000) for n, channel in enumerate(wants)]
    went = [ticket for _, ticket in drain(pace, 1.0)]
    for name in set(wants):
        assert [each for each in went if each.channel == name] == [each for each in tickets if each.channel == name]


def test_a_noisy_channel_holds_up_no_other() -> None:
    pace = Pace()
    for _ in range(50):
        pace.join("chat.postMessage", "C-noisy", 0.0)
    pace.release(0.0)
    quiet = pace.join("chat.postMessage", "C-quiet", 0.1)
    assert pace.release(0.1)[0] == [quiet]


def test_a_scarce_method_is_shared_in_the_order_of_coming_not_by_who_asks_most_often() -> None:
    pace = Pace(Rates(tier3=Rate(per_minute=60, burst=1)))
    first, second = pace.join("chat.update", "C1", 0.0), pace.join("chat.update", "C2", 0.1)
    third = pace.join("chat.update", "C1", 0.2)
    assert [ticket for _, ticket in drain(pace, 1.0)] == [first, second, third]


def test_progress_yields_to_what_is_final_but_not_for_ever() -> None:
    pace = Pace(Rates(tier3=Rate(per_minute=60, burst=1)))
    pace.join("chat.update", "C0", 0.0)
    pace.release(0.0)
    progress = pace.join("chat.update", "C1", 0.1, yields=5)
    finals = [pace.join("chat.update", "C2", n) for n in (0.2, 1.2, 2.2, 3.2, 4.2, 5.2, 6.2)]
    went = [ticket for _, ticket in drain(pace, 7.0)]
    assert went.index(finals[0]) < went.index(progress) < went.index(finals[-1])


def test_a_pause_of_one_channel_concerns_that_channel_only() -> None:
    pace = Pace()
    assert pace.pause("chat.postMessage", "C1", 0.0, 30) == "channel"
    held = pace.join("chat.postMessage", "C1", 0.0)
    free = pace.join("chat.postMessage", "C2", 0.0)
    update = pace.join("chat.update", "C1", 0.0)
    assert pace.release(0.0) == ([free, update], 30)
    assert pace.release(30.0) == ([held], math.inf)


def test_several_channels_that_are_refused_at_once_mean_the_method() -> None:
    pace = Pace()
    said = [pace.pause("chat.postMessage", f"C{n}", 0.0, 30) for n in range(SEVERAL)]
    assert said == ["channel"] * (SEVERAL - 1) + ["method"]
    pace.join("chat.postMessage", "C-other", 0.0)
    assert pace.release(0.0) == ([], 30)


def test_a_pause_of_a_method_concerns_all_channels_and_no_other_method() -> None:
    pace = Pace()
    assert pace.pause("chat.update", "C1", 0.0, 10) == "method"
    pace.join("chat.update", "C2", 0.0)
    posted = pace.join("chat.postMessage", "C2", 0.0)
    assert pace.release(0.0) == ([posted], 10)


def test_the_delay_counts_those_before() -> None:
    pace = Pace(Rates(channel=Rate(per_minute=60, burst=1)))
    assert pace.delay("chat.postMessage", "C1", 0.0) == 0
    for _ in range(3):
        pace.join("chat.postMessage", "C1", 0.0)
    pace.release(0.0)
    assert pace.delay("chat.postMessage", "C1", 0.0) == 3
    assert pace.delay("chat.postMessage", "C2", 0.0) == 0


def test_buckets_of_channels_that_are_quiet_are_forgotten() -> None:
    pace = Pace(Rates(posting=Rate(per_minute=600_000, burst=10_000)))
    for n in range(2_000):
        pace.join("chat.postMessage", f"C{n}", float(n))
        pace.release(float(n))
    assert len(pace._channels) < 600


def test_every_method_has_a_tier_that_can_be_set() -> None:
    assert set(TIERS.values()) <= set(Rates.model_fields)
    assert set(TIERS) >= NEW_MESSAGES


def test_a_newcomer_goes_at_once_or_is_told_when_it_is_worth_to_ask() -> None:
    pace = Pace(Rates(tier3=Rate(per_minute=60, burst=1)))
    first, second = pace.join("chat.update", None, 0.0), pace.join("chat.update", None, 0.0)
    assert pace.release_one(first, 0.0) == 0
    assert pace.release_one(second, 0.0) == 1
    assert pace.release(1.0) == ([second], math.inf)
