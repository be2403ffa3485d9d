from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from bot.agent.threads import Message
from bot.keyring import Keyring
from bot.memory.compression import MARK
from bot.memory.memory import CORRECTIONS, PROMOTED, WHOLE, Correction, Memory
from bot.memory.patterns import MOST, Outcome, Pattern
from bot.memory.relevance import Kind
from bot.memory.semantic import Vector, unit
from bot.memory.store import REMEMBER, Item, Tier, Where
from bot.memory.tokens import tokens
from storage.database import Database
from storage.repositories import ConversationRepository, PreferenceRepository
from storage.repositories.memory import MemoryRepository
from tests.conftest import KEYS, START, MovedClock

RING = Keyring.parse(KEYS)
CHANNEL = Where("T1", "C1", "1.0", "ada")
OTHER_THREAD = replace(CHANNEL, thread="2.0")
OTHER_CHANNEL = replace(CHANNEL, channel="C2")
DM = Where("T1", "D1", "9.0", "ada", private=True)


@pytest.fixture
def store(database: Database) -> MemoryRepository:
    return MemoryRepository(database, RING)


@pytest.fixture
def memory(store: MemoryRepository, clock: MovedClock) -> Memory:
    return Memory(store, None, clock)


@pytest.fixture
async def consenting(database: Database) -> None:
    await PreferenceRepository(database).set("person:ada", REMEMBER, True, START)


async def texts(memory: Memory, query: str, where: Where, budget: int = 10_000) -> list[str]:
    return [each.text for each in (await memory.retrieve(query, where, budget)).items]


# ---------------------------------------------------------------- tiers


async def test_what_was_said_in_a_thread_is_found_in_it_and_nowhere_else(memory: Memory) -> None:
    await memory.remember(Item(Kind.MESSAGE, "checkout is slow", "ada"), CHANNEL)
    assert await texts(memory, "slow checkout", CHANNEL) == ["checkout is slow"]
    assert await texts(memory, "slow checkout", replace(CHANNEL, person="bob")) == ["checkout is slow"]
    for elsewhere in (OTHER_THREAD, OTHER_CHANNEL, DM):
        assert await texts(memory, "slow checkout", elsewhere) == []


async def test_what_is_important_is_known_in_the_channel_for_a_week(memory: Memory, clock: MovedClock) -> None:
    await memory.remember(Item(Kind.DECISION, "We roll back 2.3 of checkout.", "ada"), CHANNEL)
    assert await texts(memory, "what about checkout?", CHANNEL) == ["We roll back 2.3 of checkout."], "once, not twice"
    assert await texts(memory, "what about checkout?", OTHER_THREAD) == ["We roll back 2.3 of checkout."]
    clock.move(days=6, hours=23)
    assert await texts(memory, "what about checkout?", OTHER_THREAD) == ["We roll back 2.3 of checkout."]
    clock.move(hours=2)
    assert await texts(memory, "what about checkout?", OTHER_THREAD) == []
    assert await memory.expire(clock()) == 2


async def test_what_outlives_its_thread_is_short(memory: Memory, store: MemoryRepository, clock: MovedClock) -> None:
    long = "It went on and on. " * 400 + "INC-7 was caused by the certificate of the gateway."
    await memory.remember(Item(Kind.INCIDENT, long, "ada"), CHANNEL)
    (found,) = await store.newest(CHANNEL.lasting, (Kind.INCIDENT,), clock(), 9)
    assert found.tokens == tokens(found.text) <= PROMOTED
    assert "INC-7 was caused by the certificate of the gateway." in found.text
    assert (found.tier, found.source is None) == (Tier.MEDIUM, False)


async def test_a_budget_is_kept_and_what_does_not_fit_is_shortened(memory: Memory) -> None:
    await memory.remember(Item(Kind.MESSAGE, "checkout was slow. " * 200 + "INC-1 was declared.", "ada"), CHANNEL)
    await memory.remember(Item(Kind.MESSAGE, "checkout: a short one", "ada"), CHANNEL)
    found = await memory.retrieve("checkout", CHANNEL, 200)
    assert len(found.items) == 2
    assert found.total_tokens == sum(each.tokens for each in found.items) <= 200
    assert "INC-1 was declared." in max((each.text for each in found.items), key=len)
    assert list(found.relevance_scores) == [each.id for each in found.items]
    assert list(found.relevance_scores.values()) == sorted(found.relevance_scores.values(), reverse=True)


async def test_what_is_old_and_says_nothing_to_the_question_is_left_out(memory: Memory, clock: MovedClock) -> None:
    session = replace(CHANNEL, session=None)
    await memory.remember(Item(Kind.MESSAGE, "lunch is at noon", "ada"), session)
    assert await texts(memory, "checkout", CHANNEL) == ["lunch is at noon"], "it was just said"
    clock.move(hours=11)
    assert await texts(memory, "checkout", CHANNEL) == []
    assert await texts(memory, "when is lunch?", CHANNEL) == ["lunch is at noon"]


async def test_meaning_finds_what_shares_no_word(store: MemoryRepository, clock: MovedClock) -> None:
    def by_topic(said: Sequence[str]) -> Vector:
        return unit(
            np.array(
                [[1.0, 0.0] if "pool" in each or "connections" in each else [0.0, 1.0] for each in said], np.float32
            )
        )

    memory = Memory(store, by_topic, clock)
    for said in ("the pool is exhausted", "lunch is at noon"):
        await memory.remember(Item(Kind.MESSAGE, said, "ada"), CHANNEL)
    assert (await texts(memory, "no more connections", CHANNEL))[0] == "the pool is exhausted"


# ---------------------------------------------------------------- whose it is


async def test_without_consent_nothing_private_outlives_its_conversation(
    memory: Memory, store: MemoryRepository, clock: MovedClock
) -> None:
    await memory.remember(Item(Kind.DECISION, "I will resign in May.", "ada"), DM)
    await memory.remember(Item(Kind.PREFERENCE, "I prefer tables.", "ada"), DM)
    await memory.learn(Pattern("my laptop is slow", "restart it", Outcome.HELPED), DM)
    assert {each.tier for each in await store.of("ada")} == {Tier.SHORT}
    assert sorted(await texts(memory, "resign tables", DM)) == ["I prefer tables.", "I will resign in May."]
    assert await texts(memory, "resign tables", replace(DM, thread="other")) == []
    clock.move(hours=13)
    await memory.expire(clock())
    assert await store.of("ada") == []


@pytest.mark.usefixtures("consenting")
async def test_private_memory_is_for_its_person_and_in_private_alone(memory: Memory) -> None:
    assert await memory.consent("ada")
    await memory.remember(Item(Kind.DECISION, "I will resign in May.", "ada"), DM)
    assert await texts(memory, "resign", replace(DM, thread="another day")) == ["I will resign in May."]
    for elsewhere in (CHANNEL, replace(DM, person="bob", channel="D2"), replace(CHANNEL, channel="D1", thread="")):
        assert await texts(memory, "resign", elsewhere) == []


async def test_what_a_channel_remembers_names_nobody_who_has_not_agreed(
    memory: Memory, store: MemoryRepository, clock: MovedClock
) -> None:
    await memory.remember(Item(Kind.DECISION, "We roll back.", "ada"), CHANNEL)
    (found,) = await store.newest(CHANNEL.lasting, (Kind.DECISION,), clock(), 9)
    assert found.author == ""
    await memory.withdraw("ada")
    assert await texts(memory, "roll back", CHANNEL) == ["We roll back."]
    await memory.forget("ada")
    assert await texts(memory, "roll back", CHANNEL) == []


@pytest.mark.usefixtures("consenting")
async def test_with_consent_it_names_them_until_they_take_it_back(
    memory: Memory, store: MemoryRepository, clock: MovedClock
) -> None:
    await memory.remember(Item(Kind.DECISION, "We roll back.", "ada"), CHANNEL)
    (found,) = await store.newest(CHANNEL.lasting, (Kind.DECISION,), clock(), 9)
    assert found.author == "ada"
    assert await memory.withdraw("ada") == 1
    assert {each.tier for each in await store.of("ada")} == {Tier.SHORT}


async def test_what_the_bot_says_in_private_is_the_persons_too(memory: Memory, store: MemoryRepository) -> None:
    await memory.remember(Item(Kind.ANSWER, "Your leave is approved."), DM)
    assert [each.text for each in await store.of("ada")] == ["Your leave is approved."]
    assert await memory.forget("ada") == 1


# ---------------------------------------------------------------- history


async def test_the_history_tells_what_was_asked_and_what_came_of_it_newest_first(
    memory: Memory, clock: MovedClock
) -> None:
    for number in range(3):
        await memory.did(f"p95 of checkout, take {number}", "metrics.query", {"n": number}, "done", CHANNEL)
        clock.move(minutes=1)
    await memory.did("status", "status.show", {}, "done", replace(CHANNEL, person="bob"))
    first, *rest = await memory.history("ada")
    assert (first.asked, first.operation, first.values) == ("p95 of checkout, take 2", "metrics.query", {"n": 2})
    assert (first.workspace, first.channel, first.thread, first.outcome) == ("T1", "C1", "1.0", "done")
    assert len(rest) == 2
    assert len(await memory.history("ada", 1)) == 1


@pytest.mark.usefixtures("consenting")
async def test_a_command_stands_in_the_history_once(memory: Memory, clock: MovedClock) -> None:
    await memory.did("status", "status.show", {}, "done", DM)
    assert len(await memory.history("ada")) == 1
    clock.move(hours=13)
    await memory.expire(clock())
    assert len(await memory.history("ada")) == 1, "what they let us keep is still there"


# ---------------------------------------------------------------- learning


async def test_what_helped_when_things_were_alike_is_recommended(memory: Memory) -> None:
    helped = Pattern(
        "checkout latency high after deploy", "roll back checkout", Outcome.CONFIRMED, {"service": "checkout"}
    )
    await memory.learn(helped, CHANNEL)
    await memory.learn(replace(helped, action="restart checkout", outcome=Outcome.FAILED), CHANNEL)
    await memory.learn(replace(helped, action="wait", outcome=Outcome.UNKNOWN), CHANNEL)
    (found,) = await memory.recommend("latency of checkout is high after the deploy", OTHER_THREAD)
    assert (found.action, found.source) == ("roll back checkout", "historical_pattern")
    assert found.reason.startswith("Based on a similar situation on 2026-03-18")
    assert 0.3 < found.confidence <= 1.0
    assert await memory.recommend("latency of checkout is high after the deploy", OTHER_CHANNEL) == []
    assert await memory.recommend("the printer is out of paper", CHANNEL) == []


async def test_what_was_learned_can_be_looked_over_and_unlearned_where_it_belongs(memory: Memory) -> None:
    await memory.learn(Pattern("checkout slow", "roll back checkout", Outcome.HELPED), CHANNEL)
    (lesson,) = await memory.learned(OTHER_THREAD)
    assert lesson.meta["action"] == "roll back checkout"
    assert not await memory.unlearn(lesson.id, OTHER_CHANNEL)
    assert await memory.unlearn(lesson.id, OTHER_THREAD)
    assert await memory.learned(CHANNEL) == []
    assert await memory.recommend("checkout slow", CHANNEL) == []


async def test_what_was_remembered_twice_is_told_once(memory: Memory) -> None:
    for _ in range(2):
        await memory.remember(Item(Kind.FINDING, "checkout is slow"), CHANNEL)
    assert await texts(memory, "checkout", CHANNEL) == ["checkout is slow"]
    assert await texts(memory, "checkout", OTHER_THREAD) == ["checkout is slow"]


async def test_a_log_that_was_pasted_is_kept_by_its_ends(memory: Memory) -> None:
    log = "first line\n" + "x-1 failed\n" * 50_000 + "last line"
    await memory.remember(Item(Kind.MESSAGE, log), CHANNEL)
    (found,) = (await memory.retrieve("log", CHANNEL, 10_000)).items
    assert found.tokens <= WHOLE
    assert found.text.startswith("first line")
    assert found.text.endswith("last line")


async def test_talk_does_not_crowd_out_what_was_learned(memory: Memory) -> None:
    await memory.learn(Pattern("checkout slow", "roll back checkout", Outcome.HELPED), CHANNEL)
    for number in range(80):
        await memory.remember(Item(Kind.FINDING, f"checkout slow {number}"), CHANNEL)
    assert [each.action for each in await memory.recommend("checkout slow", CHANNEL)] == ["roll back checkout"]


async def test_five_recommendations_at_most_and_each_action_once(memory: Memory) -> None:
    for number in range(8):
        for outcome in (Outcome.HELPED, Outcome.CONFIRMED):
            await memory.learn(Pattern("checkout is slow", f"action {number}", outcome), CHANNEL)
    found = await memory.recommend("checkout is slow", CHANNEL)
    assert len({each.action for each in found}) == len(found) == MOST


@pytest.mark.usefixtures("consenting")
async def test_what_somebody_prefers_is_recommended_to_them_in_private(memory: Memory) -> None:
    await memory.remember(Item(Kind.PREFERENCE, "Compare checkout with last week.", "ada"), CHANNEL)
    (found,) = await memory.recommend("checkout", DM)
    assert (found.action, found.source) == ("Compare checkout with last week.", "preference")
    assert await memory.recommend("checkout", OTHER_THREAD) == []


async def test_many_corrections_within_a_week_call_for_somebody(memory: Memory, clock: MovedClock) -> None:
    wrong = Correction("The p95 is 3 s.", "The p95 is 300 ms.", "p95 of checkout")
    said = [await memory.correct(wrong, CHANNEL) for _ in range(CORRECTIONS + 1)]
    assert said == [*[False] * CORRECTIONS, True]
    assert (await texts(memory, "p95 of checkout", OTHER_THREAD))[0] == "The p95 is 300 ms."
    clock.move(days=8)
    assert not await memory.correct(wrong, CHANNEL)


# ---------------------------------------------------------------- threads


async def session_of(database: Database, count: int, words: int) -> str:
    conversations = ConversationRepository(database, RING)
    session = await conversations.open("T1", "C1", "1.0", by="ada", now=START, expires_at=START + timedelta(days=30))
    for number in range(count):
        said = f"Message {number}. " + "We talked about this and that. " * words
        await conversations.say(
            session.id,
            Message(
                "ada", "assistant" if number % 2 else "user", said, START, token_count=tokens(said) if number % 3 else 0
            ),
        )
    return session.id


async def test_a_thread_that_fits_comes_as_it_was_said(memory: Memory, database: Database) -> None:
    found = await memory.thread(await session_of(database, 6, 1), 5_000)
    assert [each.text[:9] for each in found.turns] == [f"Message {n}" for n in range(6)]
    assert not found.compressed
    assert (await memory.thread("no such session", 5_000)).turns == ()


async def test_a_long_thread_is_compressed_around_what_was_decided(memory: Memory, database: Database) -> None:
    session = await session_of(database, 60, 20)
    where = replace(CHANNEL, session=session)
    await memory.remember(Item(Kind.APPROVAL, "apr-77: restart of ledger-db was approved.", "bob"), where)
    found = await memory.thread(session, 2_000, where)
    assert found.compressed
    assert found.tokens <= 1_400
    assert found.turns[0].text.startswith(MARK)
    assert "apr-77: restart of ledger-db was approved." in found.turns[0].text
    assert found.turns[-1].text.startswith("Message 59.")


async def test_twenty_that_are_remembered_at_once_are_all_there(memory: Memory) -> None:
    said = [Item(Kind.MESSAGE, f"checkout message {n}", f"U{n}") for n in range(20)]
    await asyncio.gather(*(memory.remember(each, CHANNEL) for each in said))
    assert len(await texts(memory, "checkout message", CHANNEL)) == 20
