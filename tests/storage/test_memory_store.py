from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from bot.agent.threads import Message
from bot.keyring import Keyring
from bot.memory.lexical import terms
from bot.memory.relevance import Kind
from bot.memory.store import REMEMBER, Found, Kept, Tier
from bot.memory.tokens import tokens
from storage.database import Database
from storage.models import Base
from storage.repositories import ConversationRepository, PreferenceRepository, PrivacyRepository
from storage.repositories.memory import BEST, ITEMS, NEWEST, TERMS, MemoryRepository
from storage.rotation import rotate
from tests.conftest import KEYS, START

RING = Keyring.parse(KEYS)
NEW = f"k2:{base64.b64encode(b'2' * 32).decode()}"
HERE, THERE = "channel:T1:C1", "channel:T1:C2"
LATER = START + timedelta(days=1)


def kept(said: str, scope: str = HERE, **more: object) -> Kept:
    made = Kept(Kind.FINDING, Tier.MEDIUM, scope, said, tokens(said), 0.6, START)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(database: Database) -> MemoryRepository:
    return MemoryRepository(database, RING)


async def ask(store: MemoryRepository, question: str, *scopes: str) -> list[Found]:
    found = await store.search(scopes or (HERE,), terms(question), START)
    return sorted(found, key=lambda each: (-each.lexical, each.item.id))


async def rows(database: Database) -> tuple[int, int]:
    async with database.reading() as connection:
        counted = [
            (await connection.execute(select(func.count()).select_from(each))).scalar() for each in (ITEMS, TERMS)
        ]
    return counted[0] or 0, counted[1] or 0


async def raw(database: Database) -> str:
    out = []
    async with database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            out += [f"{table.name} {tuple(row)!r}" for row in await connection.execute(table.select())]
    return "\n".join(out)


# ---------------------------------------------------------------- finding


async def test_what_shares_the_rare_words_comes_first(store: MemoryRepository) -> None:
    said = [f"checkout is slow again, number {n}" for n in range(30)]
    await store.add([kept(each) for each in said])
    await store.add([kept("the ledger was slow because of INC-4711")])
    first, *_ = await ask(store, "what was INC-4711 about?")
    assert first.item.text == "the ledger was slow because of INC-4711"
    assert 0.5 < first.lexical <= 1.0
    assert (await ask(store, "zebra"))[0].lexical == 0.0


async def test_an_item_comes_back_as_it_was_kept(store: MemoryRepository) -> None:
    vector = np.linspace(-1, 1, 256).astype(np.float16)
    item = kept("said", author="ada", meta={"operation": "x.do", "values": {"n": 1}}, expires_at=LATER, vector=vector)
    (number,) = await store.add([item])
    (found,) = await store.of("ada")
    assert found.vector is not None
    assert np.array_equal(found.vector, vector)
    names = [name for name in Kept.__slots__ if name not in {"vector", "id"}]
    assert [getattr(found, name) for name in names] == [getattr(item, name) for name in names]
    assert found.id == number


async def test_what_is_kept_in_one_scope_is_not_found_from_another(store: MemoryRepository) -> None:
    await store.add([kept("the secret of C1"), kept("the secret of C2", THERE)])
    assert [each.item.text for each in await ask(store, "secret", THERE)] == ["the secret of C2"]
    assert len(await ask(store, "secret", HERE, THERE)) == 2


async def test_what_has_expired_is_not_found_even_before_it_is_dropped(store: MemoryRepository) -> None:
    await store.add([kept("gone", expires_at=START), kept("still here", expires_at=LATER)])
    assert [each.item.text for each in await ask(store, "gone here")] == ["still here"]


async def test_candidates_are_bounded_however_much_is_kept(store: MemoryRepository) -> None:
    await store.add([kept(f"checkout is slow, number {n}") for n in range(1_300)])
    assert len(await ask(store, "is checkout slow?")) <= BEST + NEWEST
    (first, *_) = await ask(store, "slow number 7")
    assert first.item.text.endswith(" 7")


@pytest.mark.parametrize("question", ["", "the of and", "'; DROP TABLE memory_items; --", "\ud83d", "a " * 5_000])
async def test_any_question_can_be_asked(store: MemoryRepository, question: str) -> None:
    await store.add([kept("something")])
    assert [each.item.text for each in await ask(store, question)] == ["something"]


async def test_a_question_of_many_words_in_many_scopes_stays_one_question(store: MemoryRepository) -> None:
    await store.add([kept("word7 alone")])
    scopes = (HERE, *(f"channel:T1:X{n}" for n in range(20)))
    found = await ask(store, " ".join(f"word{n}" for n in range(500)), *scopes)
    assert [each.item.text for each in found] == ["word7 alone"]


@pytest.mark.parametrize("said", ["", "\ud83d half", "nul \x00 within", "x " * 20_000])
async def test_any_text_can_be_kept(store: MemoryRepository, said: str) -> None:
    await store.add([kept(said, author="ada", meta={"odd": float("nan")})])
    assert len(await store.of("ada")) == 1


async def test_one_damaged_item_does_not_hide_the_others(store: MemoryRepository, database: Database) -> None:
    one, _ = await store.add([kept("first word"), kept("second word")])
    async with database.writing() as connection:
        await connection.execute(update(ITEMS).where(ITEMS.c.id == one).values(record_sealed="v1.test.AAAA"))
    assert [each.item.text for each in await ask(store, "word")] == ["second word"]


async def test_twenty_that_remember_at_once_lose_nothing(store: MemoryRepository, database: Database) -> None:
    conversations = ConversationRepository(database, RING)
    session = await conversations.open("T1", "C1", "1.0", by="ada", now=START, expires_at=LATER)

    async def turn(number: int) -> None:
        said = f"message {number}"
        await asyncio.gather(
            conversations.say(session.id, Message(f"U{number}", "user", said, START, token_count=tokens(said))),
            store.add([kept(said, "thread:T1:C1:1.0", tier=Tier.SHORT, session=session.id)]),
        )

    await asyncio.gather(*(turn(number) for number in range(20)))
    page = await store.page(session.id, None, 100)
    assert {each.text for each in page.messages} == {f"message {n}" for n in range(20)}
    assert len(await ask(store, "message", "thread:T1:C1:1.0")) == 20
    after = await conversations.find("T1", "C1", "1.0")
    assert after
    assert after.token_count == sum(each.tokens for each in page.messages)


async def test_pages_of_a_thread_follow_each_other(store: MemoryRepository, database: Database) -> None:
    conversations = ConversationRepository(database, RING)
    session = await conversations.open("T1", "C1", "1.0", by="ada", now=START, expires_at=LATER)
    for number in range(7):
        await conversations.say(session.id, Message("ada", "user", str(number), START, token_count=1))
    read, before = [], None
    while True:
        page = await store.page(session.id, before, 3)
        read.append([each.text for each in page.messages])
        if (before := page.before) is None:
            break
    assert read == [["4", "5", "6"], ["1", "2", "3"], ["0"]]


async def test_the_newest_of_some_kinds(store: MemoryRepository) -> None:
    await store.add([kept(f"n{n}", kind=Kind.INCIDENT, created_at=START + timedelta(hours=n)) for n in range(4)])
    await store.add([kept("other")])
    assert [each.text for each in await store.newest(HERE, (Kind.INCIDENT,), START, 2)] == ["n3", "n2"]
    assert await store.count(HERE, Kind.INCIDENT, START + timedelta(hours=1)) == 3


# ---------------------------------------------------------------- sealed


async def test_neither_text_nor_words_nor_vectors_can_be_read_in_the_database(
    store: MemoryRepository, database: Database, database_url: str
) -> None:
    vector = np.ones(256, np.float16)
    await store.add([kept("rosebud is a sledge", author="ada", meta={"who": "rosebud"}, vector=vector)])
    found = await raw(database)
    assert "rosebud" not in found
    assert base64.b64encode(vector.tobytes()).decode() not in found
    if database.sqlite:
        path = Path(database_url.removeprefix("sqlite+aiosqlite:///"))
        for file in path.parent.glob("copilot.db*"):
            assert b"rosebud" not in file.read_bytes()
            assert vector.tobytes() not in file.read_bytes()


async def test_the_same_word_looks_different_in_every_scope_and_under_every_key(database: Database) -> None:
    for ring in (RING, Keyring.parse(NEW)):
        await MemoryRepository(database, ring).add([kept("rosebud"), kept("rosebud", THERE)])
    async with database.reading() as connection:
        hidden = list((await connection.execute(select(TERMS.c.term))).scalars())
    assert len(set(hidden)) == len(hidden) == 4


async def test_after_a_rotation_everything_is_found_and_the_old_key_can_go(database: Database) -> None:
    vector = np.ones(256, np.float16)
    await MemoryRepository(database, RING).add([kept(f"rosebud {n}", vector=vector) for n in range(5)])
    both = Keyring.parse(f"{NEW},{KEYS}")
    assert len([each for each in await ask(MemoryRepository(database, both), "rosebud") if each.lexical]) == 5
    counts = await rotate(database, both)
    assert (counts["memory_items.record"], counts["memory_items.embedding"]) == (5, 5)
    before = await rows(database)
    assert await MemoryRepository(database, both).reindex(batch=2) == 5
    assert await MemoryRepository(database, both).reindex() == 0
    assert await rows(database) == before
    only = MemoryRepository(database, Keyring.parse(NEW))
    assert len([each for each in await ask(only, "rosebud") if each.lexical]) == 5


# ---------------------------------------------------------------- gone is gone


async def test_what_belongs_to_a_session_goes_with_it(store: MemoryRepository, database: Database) -> None:
    conversations = ConversationRepository(database, RING)
    session = await conversations.open("T1", "C1", "1.0", by="ada", now=START, expires_at=LATER)
    await store.add([kept("in the thread", session=session.id), kept("beyond it")])
    await conversations.expire(LATER)
    assert [each.item.text for each in await ask(store, "thread")] == ["beyond it"]
    assert await rows(database) == (1, len(set(terms("beyond it"))))
    assert await store.add([kept("too late", session=session.id)]) == []


async def test_forgetting_a_person_leaves_no_row_no_word_and_no_vector(
    store: MemoryRepository, database: Database, database_url: str
) -> None:
    vector = np.ones(256, np.float16)
    await store.add([kept(f"by ada {n}", author="ada", vector=vector) for n in range(3)])
    async with database.reading() as connection:
        sealed = list((await connection.execute(select(ITEMS.c.record_sealed))).scalars())
    await store.add([kept("by bob", author="bob")])
    assert await store.forget("ada") == 3
    assert await rows(database) == (1, len(set(terms("by bob"))))
    assert await store.of("ada") == []
    if database.sqlite:
        async with database.reading() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        data = await asyncio.to_thread(Path(database_url.removeprefix("sqlite+aiosqlite:///")).read_bytes)
        assert not any(each.encode() in data for each in sealed)


async def test_what_was_answered_in_a_place_of_their_own_goes_too(store: MemoryRepository) -> None:
    own, others = "thread:T1:C1:command:ada", "thread:T1:C1:command:grace-ada"
    await store.add([kept("answer", own), kept("answer", others)])
    assert await store.forget("ada") == 1
    assert [each.item.scope for each in await ask(store, "answer", own, others)] == [others]


async def test_only_some_tiers_can_be_forgotten(store: MemoryRepository) -> None:
    await store.add([kept("short", author="ada", tier=Tier.SHORT), kept("long", author="ada", tier=Tier.LONG)])
    assert await store.forget("ada", (Tier.MEDIUM, Tier.LONG)) == 1
    assert [each.text for each in await store.of("ada")] == ["short"]


async def test_expiry_drops_what_is_due_and_what_nobody_consents_to_any_more(
    store: MemoryRepository, database: Database
) -> None:
    preferences = PreferenceRepository(database)
    for person in ("ada", "bob"):
        await preferences.set(f"person:{person}", REMEMBER, True, START)
    assert await store.consents("ada")
    assert not await store.consents("eve")
    await store.add(
        [
            kept("due", expires_at=START),
            kept("not due", expires_at=LATER),
            kept("ada in the thread", author="ada", tier=Tier.SHORT),
            kept("ada for long", author="ada", tier=Tier.LONG),
            kept("bob for long", author="bob", tier=Tier.LONG),
        ]
    )
    await preferences.set("person:ada", REMEMBER, False, START)
    assert await store.expire(START + timedelta(minutes=1)) == 2
    left = {each.item.text for each in await ask(store, "due thread long")}
    assert left == {"not due", "ada in the thread", "bob for long"}


async def test_a_person_is_handed_what_is_remembered_and_erased_with_it(database: Database) -> None:
    store, privacy = MemoryRepository(database, RING), PrivacyRepository(database, RING)
    await store.add([kept("by ada", author="ada", meta={"operation": "x.do"}), kept("by bob", author="bob")])
    (item,) = (await privacy.export("ada"))["memory"]
    assert (item["text"], item["details"], item["where"]) == ("by ada", {"operation": "x.do"}, HERE)
    assert (await privacy.erase("ada", "erased-1"))["memory"] == 1
    assert (await privacy.export("ada"))["memory"] == []
    assert len(await store.of("bob")) == 1
