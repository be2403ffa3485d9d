"""Every kind of fault shows where it would in a real platform, nowhere else, and goes away when it is cured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.errors import Conflict, InvalidInput, NotFound
from bot.telemetry.signals import Window
from integrations.sandbox.platform.prometheus.storage import Matcher
from integrations.sandbox.platform.world import Cells, World
from integrations.sandbox.platform.world.acts import FAULTS

AT = datetime(2026, 3, 4, 13, 0, 30, tzinfo=UTC)
BEGIN = int(AT.timestamp() // 60) + 1
NOW = AT + timedelta(hours=2)
USUAL = World(born=AT)
LLM = ("tokens_in", "tokens_out", "cost", "refusals", "eval")
PLAIN = ("rate", "errors", "median", "cpu", "memory", "gpu", "queue", "connections", "cache_hit")


def over(world: World, service: str, first: int = 10, last: int = 50, env: str = "production") -> Cells:
    return world.cells(service, env, BEGIN + first, BEGIN + last)


def broken(kind: str, service: str, **how: float) -> World:
    world = World(born=AT)
    world.inject(kind, service, "production", AT, **how)  # type: ignore[arg-type]
    return world


def ratio(world: World, service: str, signal: str, first: int = 10, last: int = 50, env: str = "production") -> float:
    """How many times as much as without the fault."""
    usual = getattr(over(USUAL, service, first, last, env), signal)
    return float(np.mean(getattr(over(world, service, first, last, env), signal)) / np.mean(usual))


def untouched(world: World, service: str, *signals: str) -> bool:
    return all(ratio(world, service, signal) == 1 for signal in signals if over(USUAL, service).rate.any())


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_stays_in_its_environment_and_out_of_services_that_do_not_depend_on_it(kind: str) -> None:
    service = {"connection_exhaustion": "postgres-main", "gpu_saturation": "sentiment-model"}.get(kind, "chat-api")
    world = broken(kind, service)
    for other in world.services:
        for signal in ("rate", "errors", "median"):
            assert ratio(world, other, signal, env="staging") == 1
    if kind not in {"traffic_surge", "noisy_neighbour"}:
        assert ratio(world, "vector-db", "median") == 1
        assert ratio(world, "redis-cache", "errors") == 1


def test_latency_flows_up_and_not_down() -> None:
    world = broken("latency", "payments")
    assert ratio(world, "payments", "median") > 3
    assert 1.8 < ratio(world, "checkout", "median") < ratio(world, "payments", "median")
    assert 1.1 < ratio(world, "api-gateway", "median") < ratio(world, "checkout", "median")
    assert 1.05 < ratio(world, "frontend", "median") < ratio(world, "api-gateway", "median")
    for other in ("postgres-main", "auth-service", "cart", "search", "chat-api"):
        assert untouched(world, other, "median", "errors")
    assert untouched(world, "payments", "errors")


def test_errors_flow_up_dampened_by_retries() -> None:
    world = broken("error_burst", "payments")
    shares = [over(world, name).errors.mean() for name in ("payments", "checkout", "api-gateway", "frontend")]
    assert shares[0] > 0.07
    assert shares[0] > shares[1] > shares[2] > shares[3] > 0.0005
    assert untouched(world, "auth-service", "errors")
    assert untouched(world, "payments", "median")


def test_a_surge_at_the_top_surges_below_and_queues_build_up() -> None:
    world = broken("traffic_surge", "frontend")
    assert ratio(world, "frontend", "rate") > 2.1
    for below, least in (("api-gateway", 1.9), ("checkout", 1.9), ("auth-service", 1.8), ("postgres-main", 1.8)):
        assert ratio(world, below, "rate") > least
    assert ratio(world, "checkout", "cpu") > 1.4
    assert ratio(world, "frontend", "median") > 1.8
    assert over(world, "frontend").errors.max() > 0.01
    assert ratio(world, "frontend", "queue") > 3


def test_a_surge_below_does_not_reach_those_above() -> None:
    world = broken("traffic_surge", "chat-api")
    assert ratio(world, "chat-api", "rate") == pytest.approx(2.5, rel=0.1)
    assert ratio(world, "inference-gateway", "rate") > 1.4
    assert ratio(world, "api-gateway", "rate") == pytest.approx(1, abs=0.01)


def test_saturation_is_not_linear() -> None:
    gentle, hard = (
        ratio(broken("traffic_surge", "frontend", size=size), "frontend", "own_median") for size in (1.1, 1.5)
    )
    assert hard - 1 > 10 * (gentle - 1) > 0


def test_an_exhausted_database_hits_its_callers_only() -> None:
    world = broken("connection_exhaustion", "postgres-main")
    assert over(world, "postgres-main").connections.max() == 200
    for caller in ("checkout", "payments", "cart", "auth-service"):
        assert over(world, caller).connections.mean() > 0.85 * 40
        assert ratio(world, caller, "median") > 1.3
        assert ratio(world, caller, "errors") > 5
    for other in ("search", "recommendation", "inference-gateway", "embedding-service"):
        assert untouched(world, other, "median", "errors")


def test_a_noisy_neighbour_takes_the_cpu_of_those_on_its_machine() -> None:
    world = broken("noisy_neighbour", "checkout")
    node = world.nature.node("checkout", "production", 0)
    matchers = [Matcher("__name__", "=", "container_cpu_usage_seconds_total"), Matcher("env", "=", "production")]
    begin, end = (BEGIN + 10) * 60_000, (BEGIN + 40) * 60_000
    usual, used = (
        {
            one.labels["instance"]: one.values[-1] - one.values[0]
            for block in each.select(matchers, begin, end)
            for one in block.series()
        }
        for each in (World(born=AT), world)
    )
    runs = [
        run for name in world.services for run in world.instances_at(name, "production", AT + timedelta(minutes=20))
    ]
    beside = {run.name for run in runs if run.node == node}
    assert 2 <= len(beside) < len(runs) / 4
    for name, seconds in used.items():
        assert (seconds > 1.2 * usual[name]) == (name in beside), name
    assert ratio(world, "checkout", "median") > 1.05


def test_a_starved_gpu_lets_the_first_token_wait() -> None:
    world = broken("gpu_saturation", "inference-gateway")
    assert over(world, "inference-gateway").gpu.min() > 0.9
    assert ratio(world, "inference-gateway", "ttft") > 3
    assert ratio(world, "inference-gateway", "queue") > 5
    assert ratio(world, "inference-gateway", "speed") < 0.7
    assert ratio(world, "chat-api", "median") > 2
    assert ratio(world, "chat-api", "ttft") > 1.5
    assert ratio(world, "sentiment-model", "gpu") == 1


def test_a_leak_fills_memory_until_the_process_dies_again_and_again() -> None:
    world = broken("memory_leak", "search", size=20)
    matchers = [
        Matcher("__name__", "=", "container_memory_working_set_bytes"),
        Matcher("service", "=", "search"),
        Matcher("env", "=", "production"),
    ]
    for block in world.select(matchers, BEGIN * 60_000, (BEGIN + 100) * 60_000):
        limit = 4096 * 2**20
        assert block.values.max() > 0.93 * limit
        falls = np.flatnonzero(np.diff(block.values[0]) < -0.2 * limit)
        assert 3 <= len(falls) <= 5
    runs = world.instances("search", "production", AT.timestamp(), AT.timestamp() + 6000)
    assert len(runs) >= 3 * 4
    assert ratio(world, "search", "memory") > 1.15
    assert untouched(world, "search", "cpu")


@pytest.mark.parametrize(
    ("kind", "rises", "falls"), [("cost_spike", "cost", ""), ("refusal_drift", "refusals", "eval")]
)
def test_faults_of_models_touch_nothing_but_what_models_do(kind: str, rises: str, falls: str) -> None:
    world = broken(kind, "chat-api")
    assert ratio(world, "chat-api", rises) > 2.5
    if falls:
        assert ratio(world, "chat-api", falls) < 0.95
    for service in world.services:
        assert untouched(world, service, "rate", "errors", "median", "cpu")
    assert ratio(world, "inference-gateway", rises) == 1


def test_a_bad_deploy_is_a_deploy_and_is_bad_until_rolled_back() -> None:
    world = World(born=AT)
    before = world.version_at("checkout", "production", AT)
    fault = world.inject("bad_deploy", "checkout", "production", AT)
    change = world.deploys(Window(AT, AT + timedelta(minutes=1)), "checkout", "production")[-1]
    assert (change.kind, change.before, change.version) == ("deploy", before, fault.version)
    assert fault.version != before
    assert world.faults_at("checkout", "production", AT + timedelta(minutes=5)) == ("bad_deploy",)
    assert ratio(world, "checkout", "median") > 2
    assert over(world, "checkout").errors.mean() > 0.03
    assert untouched(world, "payments", "median", "errors")
    back = world.act("rollback", "checkout", "production", AT + timedelta(minutes=20))
    assert (back.version, back.before) == (before, fault.version)
    assert ratio(world, "checkout", "median", 24, 50) == 1
    assert ratio(world, "checkout", "median", 5, 20) > 2
    assert world.faults()[0].stop == datetime(2026, 3, 4, 13, 21, tzinfo=UTC)


def test_a_newer_version_ends_a_bad_one_too() -> None:
    world = broken("bad_deploy", "checkout")
    world.act("deploy", "checkout", "production", AT + timedelta(minutes=10), version="99.0.0")
    assert ratio(world, "checkout", "median", 14, 50) == 1


def test_users_leave_where_much_fails() -> None:
    world = broken("error_burst", "frontend", size=0.5)
    assert 0.6 < ratio(world, "frontend", "rate") < 0.9
    assert ratio(broken("error_burst", "payments"), "frontend", "rate") > 0.97


@pytest.mark.parametrize(
    ("kind", "service", "action", "signal"),
    [
        ("memory_leak", "search", "restart", "memory"),
        ("connection_exhaustion", "postgres-main", "restart", "median"),
        ("connection_exhaustion", "postgres-main", "failover", "median"),
    ],
)
def test_actions_cure(kind: str, service: str, action: str, signal: str) -> None:
    world = broken(kind, service)
    world.act(action, service, "production", AT + timedelta(minutes=30))
    assert ratio(world, service, signal, 15, 30) > 1.1
    assert ratio(world, service, signal, 34, 80) == pytest.approx(1, abs=0.001)
    assert world.faults()[0].stop is not None


def test_an_action_elsewhere_cures_nothing() -> None:
    world = broken("memory_leak", "search")
    world.act("restart", "cart", "production", AT + timedelta(minutes=5))
    world.act("restart", "search", "staging", AT + timedelta(minutes=5))
    assert world.faults()[0].stop is None


@pytest.mark.parametrize(
    ("kind", "service", "signal"),
    [("traffic_surge", "frontend", "own_median"), ("gpu_saturation", "embedding-service", "ttft")],
)
def test_more_replicas_relieve(kind: str, service: str, signal: str) -> None:
    world = broken(kind, service)
    assert ratio(world, service, signal, 10, 30) > 1.5
    world.act("scale", service, "production", AT + timedelta(minutes=30), replicas=16)
    assert ratio(world, service, signal, 34, 60) < 1.2
    assert len(world.instances_at(service, "production", AT + timedelta(minutes=35))) == 16


def test_too_few_replicas_are_felt() -> None:
    world = World(born=AT)
    world.act("scale", "checkout", "production", AT, replicas=1)
    assert ratio(world, "checkout", "median") > 1.5
    assert ratio(world, "checkout", "cpu") > 1.5


def test_a_flushed_cache_fills_again() -> None:
    world = World(born=AT)
    world.act("flush", "redis-cache", "production", AT)
    hits = world.cells("auth-service", "production", BEGIN, BEGIN + 60).cache_hit
    assert hits[0] < 0.15
    assert hits[-1] > 0.85
    assert ratio(world, "cart", "median", 0, 5) > 1.1


def test_a_failover_hurts_for_a_moment() -> None:
    world = World(born=AT)
    world.act("failover", "postgres-main", "production", AT)
    cells = world.cells("postgres-main", "production", BEGIN, BEGIN + 10)
    assert cells.errors[0] > 0.2
    assert cells.errors[3:].max() < 0.001


def test_a_fault_ends_by_itself_or_when_it_is_ended() -> None:
    world = broken("latency", "cart", minutes=15)
    assert ratio(world, "cart", "median", 16, 40) == 1
    again = world.inject("latency", "cart", "production", AT + timedelta(hours=1))
    ended = world.end(again.id, AT + timedelta(minutes=70))
    assert ended.stop == datetime(2026, 3, 4, 14, 11, tzinfo=UTC)
    with pytest.raises(Conflict, match="is over"):
        world.end(again.id, AT + timedelta(minutes=80))
    with pytest.raises(NotFound, match="no fault"):
        world.end("latency-99", NOW)


def test_a_bad_deploy_that_ends_by_itself_is_rolled_back() -> None:
    world = broken("bad_deploy", "cart", minutes=10)
    changes = world.deploys(Window(AT, NOW), "cart", "production")
    assert [change.kind for change in changes] == ["deploy", "rollback"]
    assert changes[1].version == changes[0].before


def test_rollbacks_lead_further_and_further_back_until_nothing_is_kept() -> None:
    world = World(born=AT)
    seen = [world.version_at("cart", "production", AT)]
    with pytest.raises(InvalidInput, match="no former version"):  # noqa: PT012  how often depends on the seed
        while True:
            at = AT + timedelta(minutes=len(seen))
            seen.append(world.act("rollback", "cart", "production", at).version)
    assert len(seen) == len(set(seen)) > 3


@pytest.mark.parametrize(
    ("kind", "service", "how", "words"),
    [
        ("explode", "cart", {}, "'explode' is no action"),
        ("restart", "kart", {}, "'kart' is no service"),
        ("scale", "cart", {"replicas": 0}, "0 replicas"),
        ("scale", "cart", {"replicas": 51}, "51 replicas"),
        ("scale", "cart", {}, "needs replicas"),
        ("restart", "cart", {"replicas": 2}, "takes no replicas"),
        ("restart", "cart", {"version": "1.0.0"}, "takes no version"),
        ("deploy", "cart", {}, "needs a version"),
        ("deploy", "cart", {"version": "latest; rm -rf /"}, "does not look like a version"),
        ("rollback", "cart", {"version": "0.0.1"}, "leads to"),
        ("flush", "payments", {}, "no cache"),
        ("failover", "cart", {}, "no standby"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(
    kind: str, service: str, how: dict[str, object], words: str
) -> None:
    world = World(born=AT)
    with pytest.raises(InvalidInput, match=words) as refused:
        world.act(kind, service, "production", AT, **how)  # type: ignore[arg-type]
    assert refused.value.mend
    assert world.events == ()


@pytest.mark.parametrize(
    ("kind", "service", "how", "words"),
    [
        ("gremlins", "cart", {}, "is no fault"),
        ("gpu_saturation", "cart", {}, "cannot have"),
        ("cost_spike", "payments", {}, "cannot have"),
        ("connection_exhaustion", "redis-cache", {}, "cannot have"),
        ("latency", "cart", {"minutes": 0}, "cannot last"),
        ("latency", "cart", {"minutes": float("nan")}, "cannot last"),
        ("latency", "cart", {"size": 1e9}, "cannot have the size"),
        ("error_burst", "cart", {"size": 2}, "cannot have the size"),
        ("latency", "cart", {"version": "1.2.3"}, "has no version"),
        ("bad_deploy", "cart", {"version": "x"}, "does not look like"),
    ],
)
def test_faults_that_make_no_sense_are_refused(kind: str, service: str, how: dict[str, object], words: str) -> None:
    world = World(born=AT)
    with pytest.raises(InvalidInput, match=words) as refused:
        world.inject(kind, service, "production", AT, **how)  # type: ignore[arg-type]
    assert refused.value.mend
    assert world.events == ()


def test_signals_of_the_llm_are_zero_where_there_is_none() -> None:
    cells = over(World(born=AT), "cart")
    assert not any(getattr(cells, name).any() for name in (*LLM, "gpu", "ttft"))
    assert all(np.isfinite(getattr(cells, name)).all() for name in PLAIN)
