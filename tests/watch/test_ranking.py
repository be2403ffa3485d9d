from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.watch.alerts import Alert, Origin
from bot.watch.finding import Family, Finding
from bot.watch.ranking import ordered, origins, ranked, severity
from bot.watch.relating import Ground
from tests.watch.scenes import GRAPH, SHOP, TIERS, Room, change, finding

CALLERS = ("frontend", "gateway", "checkout")


def several(signal: str, *services: str, at: float = 0.0, **fields: object) -> list[Finding]:
    return [finding(service, signal, at, **fields) for service in services]


SCENES: Mapping[str, tuple[str, Sequence[Finding], Ground]] = {
    "the deepest slow one, not whom it slows down": ("payments", several("latency", "payments", *CALLERS), SHOP),
    "also where its callers are hurt more": (
        "payments",
        [finding("payments", "latency"), *several("latency", *CALLERS, size=30)],
        SHOP,
    ),
    "also where it is seen a little later": (
        "payments",
        [finding("payments", at=2), *several("latency", *CALLERS)],
        SHOP,
    ),
    "who fails, not who fails with it": ("payments", several("error_rate", "payments", *CALLERS), SHOP),
    "one that is stepped over because it is quiet": ("payments", several("error_rate", "payments", "gateway"), SHOP),
    "a shared database in trouble before all who need it": (
        "database",
        [
            finding("database", "saturation"),
            *several("latency", *CALLERS, "payments"),
            finding("payments", "error_rate"),
        ],
        SHOP,
    ),
    "the entrance where traffic rose": (
        "frontend",
        [
            *several("throughput", "frontend", "gateway", "checkout", "payments", "search"),
            *several("latency", "payments", "checkout", at=2, size=25),
            finding("payments", "cpu", 1),
        ],
        SHOP,
    ),
    "who sends more where that begins below the entrance": (
        "checkout",
        [*several("throughput", "checkout", "payments", "database"), *several("latency", "database", "checkout", at=1)],
        SHOP,
    ),
    "the owner of what costs more": ("chat", [*several("cost", "chat"), *several("tokens", "chat", "inference")], SHOP),
    "the owner of full GPUs, not who waits for them": (
        "inference",
        [*several("gpu", "inference"), *several("queue_depth", "inference"), *several("time_to_first_token", "chat")],
        SHOP,
    ),
    "the owner of a leak that fails in the end": (
        "payments",
        [
            finding("payments", "memory", -20, family=Family.TREND),
            *several("error_rate", *CALLERS, size=25),
            finding("payments", "error_rate"),
        ],
        SHOP,
    ),
    "of two alike, the one that was just changed": (
        "search",
        several("error_rate", "search", "checkout"),
        replace(SHOP, changes=[change("search", -2)]),
    ),
    "of two alike, the one that was first": ("search", [finding("search", at=-6), finding("checkout")], SHOP),
    "a cause, though it sends less to the others": (
        "checkout",
        [finding("checkout", "error_rate"), *several("throughput", "payments", "database", direction="low", size=25)],
        SHOP,
    ),
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_likely_origin_is(scene: str) -> None:
    service, findings, ground = SCENES[scene]
    found = origins(findings, ground)
    assert found[0].service == service, found
    assert all(0 <= each.confidence < 1 for each in found)
    assert list(found) == sorted(found, key=lambda each: -each.confidence)


def test_a_change_just_before_is_why() -> None:
    found = origins(several("latency", "payments"), replace(SHOP, changes=[change("payments", -2)]))
    assert found == (Origin("payments", 0.95, "deploy 2.3, 2 minutes before"),)


def test_a_remedy_is_less_suspicious_than_a_deploy() -> None:
    two = several("error_rate", "search", "checkout")
    ground = replace(SHOP, changes=[change("search", -2, "scale"), change("checkout", -2)])
    assert origins(two, ground)[0].service == "checkout"


def test_little_evidence_is_little_confidence() -> None:
    weak = origins([finding("batch", "cpu", size=2.0, sure=0.3)], SHOP)
    assert weak[0].confidence < 0.4


def test_nobody_is_the_origin_of_what_is_no_service() -> None:
    assert origins([finding("", "watch", family=Family.ABSENCE)], SHOP) == ()
    assert origins([], SHOP) == ()


FOUND = st.lists(
    st.builds(
        finding,
        st.sampled_from([*GRAPH, "database", "index", "inference"]),
        st.sampled_from(["latency", "memory", "throughput", "cost", "error_rate"]),
        st.integers(0, 9),
        size=st.floats(0, 500),
        sure=st.floats(0, 1),
        direction=st.sampled_from(["high", "low"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each.key,
)


@given(FOUND, st.randoms(use_true_random=False))
def test_the_order_in_which_findings_come_tells_nothing(found: list[Finding], dice: object) -> None:
    first = (origins(found, SHOP), ordered(found, SHOP), severity(found, SHOP))
    dice.shuffle(found)  # type: ignore[attr-defined]
    assert (origins(found, SHOP), ordered(found, SHOP), severity(found, SHOP)) == first


@given(FOUND)
def test_a_service_is_named_once_and_only_if_something_was_found_there(found: list[Finding]) -> None:
    named = [each.service for each in origins(found, SHOP)]
    assert len(named) == len(set(named))
    assert set(named) <= {each.subject.service for each in found}
    assert named


def test_a_cycle_of_calls_ends() -> None:
    loop = Ground(graph={"a": ("b",), "b": ("c",), "c": ("a",)})
    assert {each.service for each in origins(several("latency", "a", "b", "c"), loop)} == {"a", "b", "c"}


# ---------------------------------------------------------------- how bad it is


@pytest.mark.parametrize(
    ("findings", "as_bad_as"),
    [
        (several("error_rate", "checkout", size=40), "critical"),
        (several("error_rate", "checkout", "payments", "gateway", "frontend"), "critical"),
        (several("latency", "checkout"), "high"),
        (several("latency", "search"), "high"),
        (several("latency", "index"), "medium"),
        (several("cost", "checkout"), "medium"),
        (several("refusals", "checkout"), "medium"),
        (several("cost", "batch"), "low"),
        (several("cpu", "batch"), "low"),
        (several("memory", "index"), "medium"),
        (several("slo", "checkout", family=Family.BURN, size=14.4), "critical"),
        (several("slo", "checkout", family=Family.BURN, size=3.0), "medium"),
        (several("slo", "index", family=Family.BURN, size=3.0), "low"),
        (several("JobFailed", "batch", family=Family.OUTSIDE, size=16.0), "critical"),
        (several("JobFailed", "batch", family=Family.OUTSIDE, size=11.0), "high"),
        (several("JobFailed", "checkout", family=Family.OUTSIDE, size=8.0), "medium"),
        (several("JobFailed", "checkout", family=Family.OUTSIDE, size=6.0), "low"),
        ([finding("", "watch", family=Family.ABSENCE, size=0.0)], "medium"),
        ([], "low"),
    ],
)
def test_severity_is_by_what_is_hurt_of_whom_and_how_much(findings: list[Finding], as_bad_as: str) -> None:
    assert severity(findings, SHOP) == as_bad_as


@given(FOUND, st.floats(1, 100))
def test_what_is_larger_is_never_less_severe(found: list[Finding], times: float) -> None:
    order = ("critical", "high", "medium", "low")
    larger = [replace(each, size=each.size * times) for each in found]
    assert order.index(severity(larger, SHOP)) <= order.index(severity(found, SHOP))


@pytest.mark.parametrize("service", sorted(TIERS))
def test_a_better_tier_is_never_less_severe(service: str) -> None:
    order = ("critical", "high", "medium", "low")
    for signal in ("error_rate", "latency", "memory", "cost"):
        said = [severity([finding(service, signal)], replace(SHOP, tiers={service: tier})) for tier in (1, 2, 3, 4)]
        assert said == sorted(said, key=order.index)


def test_open_findings_come_first_and_the_telling_ones_before_others() -> None:
    over = finding("checkout", "error_rate", ended=finding().since)
    found = ordered([finding("checkout", "cpu"), over, finding("checkout", "latency")], SHOP)
    assert [each.subject.signal for each in found] == ["latency", "cpu", "error_rate"]


def test_the_alert_to_look_at_first_is_first() -> None:
    room = Room(replace(SHOP, graph={}))
    room.look(1, *several("error_rate", "checkout", size=40), *several("memory", "search", "index"))
    room.look(2, *several("error_rate", "checkout", size=40), *several("memory", "search", "index"))
    quiet = next(each for each in room.firing if each.services == ("search",))
    seen = replace(quiet, acknowledged_by="ada")
    over: list[Alert] = [replace(each, id="x", state=type(each.state)("resolved")) for each in room.firing[:1]]
    found = ranked([*over, seen, *(each for each in room.firing if each is not quiet)])
    assert [each.services[0] for each in found] == ["checkout", "index", "search", "checkout"]
