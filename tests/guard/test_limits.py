from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import RateLimited
from bot.guard import limits
from bot.guard.limits import Limits, MemoryBuckets, Rate, arrive
from storage.database import Database
from storage.repositories import BucketRepository

NOW = 1_773_848_000.123


class TokenBucket:
    """The textbook: a number of tokens that grows with time."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.tokens, self.at = rate, float(rate.burst), NOW

    def take(self, now: float) -> bool:
        grown = (now - self.at) / self.rate.interval
        self.tokens, self.at = min(self.rate.burst, self.tokens + grown), now
        if self.tokens < 1 - 1e-4:
            return False
        self.tokens -= 1
        return True


@given(per_minute=st.integers(1, 600), burst=st.integers(1, 40), gaps=st.lists(st.integers(0, 400), max_size=80))
@example(per_minute=7, burst=40, gaps=[0] * 50)
def test_it_lets_pass_what_a_token_bucket_would(per_minute: int, burst: int, gaps: list[int]) -> None:
    rate, now, arrival = Rate(per_minute, burst), NOW, None
    reference = TokenBucket(rate)
    for gap in gaps:
        now += gap * rate.interval / 16
        after, wait = arrive(arrival, now, rate)
        assert (wait == 0) == reference.take(now)
        if wait == 0:
            arrival = after
        else:
            assert 0 < wait <= rate.interval * 1.001
            assert arrive(arrival, now + wait, rate)[1] == 0, "whoever waits as long as told gets through"


@pytest.mark.parametrize("per_minute", [7, 11, 13, 60, 97, 600])
def test_a_rested_bucket_gives_its_whole_burst_at_any_hour(per_minute: int) -> None:
    rate = Rate(per_minute, 23)
    for now in (NOW, NOW + 1 / 3, NOW * 1.7, 4e9 + 0.7):
        arrival, passed = None, 0
        while not (step := arrive(arrival, now, rate))[1]:
            arrival, passed = step[0], passed + 1
        assert passed == 23


SHARED = pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite has one process, and a dict
RATES = {"person:U1": Rate(60, 3), "channel:C1": Rate(6, 5)}
WISHES = [
    (0.0, ("person:U1", "channel:C1")),
    (0.0, ("person:U1", "channel:C1")),
    (0.1, ("person:U1",)),
    (0.1, ("person:U1", "channel:C1")),
    (0.1, ("channel:C1",)),
    (0.1, ("channel:C1",)),
    (0.1, ("channel:C1",)),
    (0.2, ("channel:C1", "person:U1")),
    (9.0, ("person:U1", "channel:C1")),
    (10.0, ("person:U1", "channel:C1")),
    (10.0, ("person:U1",)),
    (10.0, ("person:U1",)),
    (10.0, ("person:U1",)),
    (3600.0, ("person:U1", "channel:C1")),
]


@SHARED
async def test_the_buckets_of_one_process_and_of_many_agree(database: Database) -> None:
    memory, shared = MemoryBuckets(), BucketRepository(database)
    for later, keys in WISHES:
        rates = {key: RATES[key] for key in keys}
        here, there = await memory.take(rates, NOW + later), await shared.take(rates, NOW + later)
        assert here.keys() == there.keys(), (later, keys)
        assert there == pytest.approx(dict(here))


@SHARED
async def test_an_empty_channel_costs_the_person_nothing(database: Database) -> None:
    rates = {"person:U1": Rate(1, 2), "channel:C1": Rate(1, 1)}
    for buckets in (MemoryBuckets(), BucketRepository(database)):
        assert not await buckets.take(rates, NOW)
        for _ in range(5):
            assert (await buckets.take(rates, NOW)).keys() == {"channel:C1"}
        assert not await buckets.take({"person:U1": rates["person:U1"]}, NOW)


@SHARED
async def test_replicas_that_race_never_give_out_more_than_the_burst(database: Database) -> None:
    replicas = [BucketRepository(database) for _ in range(3)]
    rates = {"person:U1": Rate(1, 7), "channel:C1": Rate(1, 50)}
    took = await asyncio.gather(*(replicas[each % 3].take(rates, NOW) for each in range(30)))
    assert sum(not waits for waits in took) == 7


WHEN = datetime(2026, 3, 18, tzinfo=UTC)


async def test_the_refusal_names_the_fullest_bucket_and_when_to_come_back() -> None:
    tight = Limits(MemoryBuckets(), Rate(60, 1), Rate(1, 1), Rate(600, 100))
    await tight.take("U1", "C1", "T1", WHEN)
    with pytest.raises(RateLimited, match="this channel") as error:
        await tight.take("U1", "C1", "T1", WHEN)
    assert error.value.retry_after == pytest.approx(60)
    assert "60 seconds" in error.value.mend or "61 seconds" in error.value.mend
    with pytest.raises(RateLimited, match="this person") as error:
        await tight.take("U1", None, None, WHEN)
    assert error.value.mend == "Try again in 1 second."


async def test_people_do_not_use_up_each_others_tokens() -> None:
    each = Limits(MemoryBuckets(), Rate(60, 1), Rate(60, 9), Rate(60, 9))
    for person in ("U1", "U2", "U3"):
        await each.take(person, None, None, WHEN)
    with pytest.raises(RateLimited):
        await each.take("U2", None, None, WHEN)


async def test_ever_new_strangers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMORY_SIZE", 10)
    buckets = MemoryBuckets()
    for each in range(200):
        await buckets.take({f"person:{each}": Rate(60, 1)}, NOW + each)
    assert len(buckets._arrivals) <= 11
