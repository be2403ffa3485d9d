from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.signals import Change
from bot.watch.finding import Family, Finding
from bot.watch.relating import Ground, Nature, nature, neighbours, together
from tests.watch.scenes import GRAPH, POLICY, SHOP, change, finding, minute, services

WINDOW = POLICY.window


def grouped(*findings: Finding, changes: tuple[Change, ...] = ()) -> list[list[str]]:
    near = neighbours(replace(SHOP, changes=changes), WINDOW)
    return services(together(findings, near, WINDOW))


@pytest.mark.parametrize(
    ("signal", "travels"),
    [
        ("latency", Nature.FELT),
        ("error_rate", Nature.FELT),
        ("time_to_first_token", Nature.FELT),
        ("slo", Nature.FELT),
        ("logs", Nature.FELT),
        ("HighErrorRate", Nature.FELT),
        ("throughput", Nature.LOAD),
        ("tokens", Nature.LOAD),
        ("memory", Nature.MACHINE),
        ("gpu", Nature.MACHINE),
        ("cost", Nature.OWN),
        ("refusals", Nature.OWN),
    ],
)
def test_each_signal_travels_in_its_own_way(signal: str, travels: Nature) -> None:
    assert nature(finding(signal=signal)) is travels


def test_several_signals_of_one_service_are_of_one_cause() -> None:
    assert grouped(finding(signal="latency"), finding(signal="memory"), finding(signal="cost")) == [["checkout"]]


def test_a_caller_and_whom_it_calls_are_of_one_cause_and_a_stranger_is_not_lost() -> None:
    found = grouped(finding("checkout"), finding("payments", at=2), finding("index", "memory"))
    assert found == [["checkout", "payments"], ["index"]]


def test_what_is_far_apart_in_time_is_apart() -> None:
    assert grouped(finding("checkout"), finding("payments", at=11)) == [["checkout"], ["payments"]]


def test_a_chain_of_onsets_has_no_edges_of_buckets() -> None:
    late = [finding("checkout", "latency"), finding("payments", at=9), finding("database", at=18)]
    assert grouped(*late) == [["checkout", "database", "payments"]]


def test_two_that_need_the_same_quiet_service_are_joined_by_what_they_feel() -> None:
    assert grouped(finding("checkout", "error_rate"), finding("payments", "error_rate")) == [["checkout", "payments"]]
    graph = {"checkout": ("database",), "orders": ("database",)}
    near = neighbours(Ground(graph=graph), WINDOW)
    felt = [finding("checkout", "error_rate"), finding("orders", "latency")]
    assert services(together(felt, near, WINDOW)) == [["checkout", "orders"]]
    own = [finding("checkout", "memory"), finding("orders", "latency")]
    assert services(together(own, near, WINDOW)) == [["checkout"], ["orders"]]


def test_what_each_has_for_itself_is_no_common_cause() -> None:
    assert grouped(finding("chat", "cost"), finding("inference", "memory")) == [["chat"], ["inference"]]


def test_what_a_machine_lacks_is_felt_by_who_calls_and_what_a_call_costs_is_not() -> None:
    assert grouped(finding("checkout"), finding("payments", "memory")) == [["checkout", "payments"]]
    assert grouped(finding("checkout"), finding("payments", "cost")) == [["checkout"], ["payments"]]
    assert grouped(finding("checkout", "throughput"), finding("payments", "cost")) == [["checkout", "payments"]]


@pytest.mark.parametrize(
    ("cause", "effect", "comes"),
    [
        (finding("payments"), finding("checkout"), True),
        (finding("database"), finding("checkout", "error_rate"), True),  # itself, and by payments
        (finding("inference", "gpu"), finding("gateway"), True),
        (finding("checkout"), finding("payments"), False),
        (finding("payments"), finding("checkout", "memory"), False),
        (finding("payments", "cost"), finding("checkout"), False),
        (finding("payments", "cost"), finding("payments"), True),
        (finding("checkout", "throughput"), finding("payments", "memory"), True),
        (finding("payments", "throughput"), finding("checkout", "throughput"), False),
        (finding("payments"), finding("search"), False),
        (finding("payments"), finding("checkout", environment="staging"), False),
    ],
)
def test_trouble_goes_up_and_load_goes_down(cause: Finding, effect: Finding, *, comes: bool) -> None:
    assert neighbours(SHOP, WINDOW).explains(cause, effect) is comes


def test_a_surge_at_the_entrance_flows_down() -> None:
    surge = [finding(each, "throughput", at) for at, each in enumerate(("frontend", "gateway", "search", "index"))]
    assert grouped(*surge, finding("index", "latency", at=5)) == [["frontend", "gateway", "index", "search"]]


def test_another_environment_is_another_world() -> None:
    assert grouped(finding("checkout"), finding("payments", environment="staging")) == [["checkout"], ["payments"]]


def test_one_version_rolled_out_to_several_is_one_change() -> None:
    rolled = (change("index", -4), change("payments", -2))
    apart = [finding("index", "latency"), finding("payments", "latency", at=1)]
    assert grouped(*apart) == [["index"], ["payments"]]
    assert grouped(*apart, changes=rolled) == [["index", "payments"]]
    assert grouped(*apart, changes=(rolled[0], replace(rolled[1], version="7.0"))) == [["index"], ["payments"]]


def test_changes_count_shortly_before() -> None:
    ground = replace(SHOP, changes=[change("payments", at) for at in (-70, -5, -1, 2, 9)])
    found = ground.changed({"payments"}, "production", minute(0))
    assert [each.at for each in found] == [minute(2), minute(-1), minute(-5)]
    assert ground.changed({"payments"}, "staging", minute(0)) == []
    assert ground.changed({"checkout"}, "production", minute(0)) == []


FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from([*GRAPH, "database", "index", "inference", "batch", ""]),
        st.sampled_from(["latency", "memory", "throughput", "cost"]),
        st.integers(0, 60),
        environment=st.sampled_from(["production", "staging"]),
    ),
    max_size=25,
    unique_by=lambda each: each.key,
)


@given(FINDINGS, st.randoms(use_true_random=False))
def test_no_finding_is_lost_or_doubled_and_their_order_does_not_matter(found: list[Finding], dice: object) -> None:
    near = neighbours(SHOP, WINDOW)
    groups = together(found, near, WINDOW)
    assert sorted(each.key for group in groups for each in group) == sorted(each.key for each in found)
    dice.shuffle(found)  # type: ignore[attr-defined]
    assert {frozenset(each) for each in together(found, near, WINDOW)} == {frozenset(each) for each in groups}


@given(FINDINGS)
def test_groups_are_exactly_the_chains_of_near_ones(found: list[Finding]) -> None:
    near = neighbours(SHOP, WINDOW)
    group_of = {each.key: number for number, group in enumerate(together(found, near, WINDOW)) for each in group}
    parent = {each.key: each.key for each in found}

    def top(key: object) -> object:
        while parent[key] != key:  # type: ignore[index]
            key = parent[key]  # type: ignore[index]
        return key

    for one in found:
        for other in found:
            if near.near(one, other) and abs(one.since - other.since) <= WINDOW:
                parent[top(one.key)] = top(other.key)  # type: ignore[index,assignment]
    for one in found:
        for other in found:
            assert (group_of[one.key] == group_of[other.key]) == (top(one.key) == top(other.key))


def test_a_storm_of_thousands_is_put_together_quickly() -> None:
    graph = {f"s{number}": (f"s{number + 1}", f"s{number + 7}") for number in range(1_000)}
    storm = [
        finding(f"s{number % 1_000}", signal, number % 9, family=Family.DEVIATION)
        for number in range(3_000)
        for signal in ("latency", "memory", "throughput")
    ]
    began = time.perf_counter()
    groups = together(storm, neighbours(Ground(graph=graph), timedelta(minutes=10)), timedelta(minutes=10))
    assert len(groups) == 1
    assert time.perf_counter() - began < 5


def test_processors_that_are_wanted_in_the_same_minute_are_those_of_one_machine() -> None:
    """A noisy neighbour troubles services that never call each other."""
    near = neighbours(Ground(), timedelta(minutes=10))
    cart, search = finding("cart", "cpu", since=minute(0)), finding("search", "cpu", since=minute(1))
    later, memory = finding("chat", "cpu", since=minute(8)), finding("mail", "memory", since=minute(0))
    groups = together([cart, search, later, memory], near, timedelta(minutes=10))
    assert sorted(len(each) for each in groups) == [1, 1, 2]
