from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bot.errors import ConfigurationError, InvalidInput, Tampered, Unavailable
from bot.guard.audit import AuditTrail, Query
from bot.guard.chain import Chain, Entry, Head, Row, anchor_of
from bot.keyring import Keyring
from storage.database import Database
from storage.models import Base
from storage.repositories import AuditRepository
from tests.conftest import KEYS, START, MovedClock

OTHER = f"k2:{base64.b64encode(b'2' * 32).decode()}"


def trail_on(database: Database, clock: MovedClock, keys: str = KEYS) -> AuditTrail:
    ring = Keyring.parse(keys)
    return AuditTrail(AuditRepository(database, Chain(ring).genesis), ring, clock)


@pytest.fixture
async def trail(database: Database, clock: MovedClock) -> AsyncIterator[AuditTrail]:
    made = trail_on(database, clock)
    yield made
    await made.close()


def entry(actor: str = "ada", **changes: Any) -> Entry:
    made = Entry(START, "end", actor, "person", "x.do", "allowed", trace_id="t1", details={"parameters": {"n": 1}})
    return replace(made, **changes)


async def write(trail: AuditTrail, count: int = 5) -> None:
    for number in range(1, count + 1):
        await trail.record(entry(("ada", "bob")[number % 2], outcome=f"n{number}", trace_id=f"t{number}"))


async def run(database: Database, *statements: str, **values: object) -> None:
    async with database.writing() as connection:
        for statement in statements:
            await connection.execute(text(statement), values)


async def dump(database: Database) -> str:
    """Every value of every table, as a thief would read them."""
    out = []
    async with database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            out += [f"{table.name} {tuple(row)!r}" for row in await connection.execute(table.select())]
    return "\n".join(out)


# ---------------------------------------------------------------- what is written


async def test_an_untouched_chain_verifies_and_says_where_it_ends(trail: AuditTrail) -> None:
    await write(trail, 7)
    found = await trail.verify()
    assert (found.rows, found.first_seq, found.last_seq, found.faults) == (7, 1, 7, [])
    assert found.head.startswith("7:")
    assert not (await trail.verify(found.head)).faults
    await write(trail, 2)
    assert not (await trail.verify(found.head)).faults, "an older head is still on the way"


async def test_what_arrives_together_is_written_together_and_in_order(trail: AuditTrail) -> None:
    await asyncio.gather(*(trail.record(entry(outcome=f"n{number}")) for number in range(40)))
    rows = await trail.page(0, 100)
    assert [row["seq"] for row in rows] == list(range(1, 41))
    assert {row["outcome"] for row in rows} == {f"n{number}" for number in range(40)}
    assert not (await trail.verify()).faults


async def test_a_lazy_entry_is_written_with_the_next_batch_or_at_the_end(
    trail: AuditTrail, database: Database, clock: MovedClock
) -> None:
    await trail.record(entry(outcome="lazy"), lazy=True)
    await trail.record(entry(outcome="prompt"))
    assert [row["outcome"] for row in await trail.page(0, 9)] == ["lazy", "prompt"]
    await trail.record(entry(outcome="last"), lazy=True)
    await trail.close()
    assert (await trail.verify()).rows == 3


async def test_two_replicas_write_one_chain(database: Database, clock: MovedClock) -> None:
    replicas = [trail_on(database, clock) for _ in range(3)]
    await asyncio.gather(
        *(replicas[number % 3].record(entry(f"p{number % 5}", outcome=str(number))) for number in range(60))
    )
    found = await trail_on(database, clock).verify()
    assert (found.rows, found.faults) == (60, [])
    assert len({(await each.pseudonym("p1")) for each in replicas}) == 1


async def test_verifying_while_others_write_finds_nothing_wrong(database: Database, clock: MovedClock) -> None:
    reader, writer = trail_on(database, clock), trail_on(database, clock)
    await write(writer, 3)
    store = reader._store
    heads = 0

    async def head() -> Head | None:
        nonlocal heads
        found, heads = await AuditRepository.head(store), heads + 1  # type: ignore[arg-type]
        if heads <= 3:
            await write(writer, 2)
        return found

    store.head = head  # type: ignore[method-assign]
    found = await reader.verify()
    assert (found.faults, found.rows) == ([], 5)


async def test_long_details_are_cut_and_say_so(trail: AuditTrail) -> None:
    await trail.record(entry(details={"log": "x" * 100_000}))
    (row,) = await trail.page(0, 1)
    assert isinstance(row["details"], dict)
    assert row["details"]["characters"] == 100_010
    assert len(json.dumps(row)) < 10_000
    assert not (await trail.verify()).faults


async def test_a_trail_that_cannot_be_written_stops_everything(
    trail: AuditTrail, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(trail, 1)
    await run(database, "ALTER TABLE audit RENAME TO gone")
    results = await asyncio.gather(*(trail.record(entry()) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(each, ConfigurationError) for each in results)
    await trail.record(entry(), lazy=True)
    await trail.close()
    monkeypatch.setattr("bot.guard.audit.MOST_WAITING", 0)
    with pytest.raises(Unavailable):
        await trail.record(entry())
    monkeypatch.undo()
    await run(database, "ALTER TABLE gone RENAME TO audit")
    await trail.record(entry())
    found = await trail.verify()
    assert (found.rows, found.faults) == (2, []), "a batch that failed left neither row nor head behind"


async def test_a_writer_who_gives_up_does_not_take_the_others_along(trail: AuditTrail) -> None:
    waiting = [asyncio.create_task(trail.record(entry(outcome=str(number)))) for number in range(4)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [result for result in results if result is not None and not isinstance(result, asyncio.CancelledError)] == []
    await trail.close()
    assert not (await trail.verify()).faults


# ---------------------------------------------------------------- what is found

AUDIT, HEAD = Base.metadata.tables["audit"], Base.metadata.tables["audit_head"]


@contextlib.asynccontextmanager
async def attacked(database: Database) -> AsyncIterator[None]:
    """What is done to the trail in the block is undone afterwards."""
    async with database.reading() as connection:
        kept = [
            (table, [dict(row) for row in (await connection.execute(table.select())).mappings()]) for table in TABLES
        ]
    yield
    async with database.writing() as connection:
        for table, rows in kept:
            await connection.execute(table.delete())
            await connection.execute(table.insert(), rows)


TABLES = (AUDIT, HEAD)


async def is_found(trail: AuditTrail) -> bool:
    """A fault, or the name of a key that there is not."""
    try:
        return bool((await trail.verify()).faults)
    except ConfigurationError:
        return True


async def test_a_change_of_any_column_of_any_row_is_found(trail: AuditTrail, database: Database) -> None:
    await write(trail)
    values: dict[str, object] = {"seq": 77, "at": START + timedelta(seconds=1), "key_id": ""}
    for row, column in product((1, 3, 5), [each.name for each in AUDIT.columns]):
        async with attacked(database):
            async with database.writing() as connection:
                changed = AUDIT.update().where(AUDIT.c.seq == row).values({column: values.get(column, "x")})
                await connection.execute(changed)
            assert await is_found(trail), f"{column} of row {row}"
    assert not await is_found(trail)


async def test_a_change_of_the_head_is_found_and_not_sealed_over(
    trail: AuditTrail, database: Database, clock: MovedClock
) -> None:
    await write(trail)
    for column in [each.name for each in HEAD.columns if each.name != "id"]:
        async with attacked(database):
            value: object = 3 if column.endswith("seq") else ""
            await run(database, f"UPDATE audit_head SET {column} = :value", value=value)
            assert await is_found(trail), column
            with pytest.raises((Tampered, ConfigurationError)):
                await trail_on(database, clock).record(entry())
            assert await is_found(trail), column


ATTACKS: dict[str, Sequence[str]] = {
    "the first row deleted": ["DELETE FROM audit WHERE seq = 1"],
    "a middle row deleted": ["DELETE FROM audit WHERE seq = 3"],
    "the last row deleted": ["DELETE FROM audit WHERE seq = 5"],
    "the last rows deleted": ["DELETE FROM audit WHERE seq >= 3"],
    "all rows deleted": ["DELETE FROM audit"],
    "the head deleted": ["DELETE FROM audit_head"],
    "two rows swapped": [
        "UPDATE audit SET seq = 99 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 99",
    ],
    "the rows shifted over a hole": [
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 5",
        "UPDATE audit_head SET seq = 4",
    ],
    "details emptied": ["UPDATE audit SET details = '' WHERE seq = 2"],
    "details nulled without an erasure": ["UPDATE audit SET details = NULL WHERE seq = 2"],
    "all details nulled without an erasure": ["UPDATE audit SET details = NULL"],
    "the text cut short": ["UPDATE audit SET body = substr(body, 1, 30) WHERE seq = 2"],
    "the text replaced by an empty object": ["UPDATE audit SET body = '{}' WHERE seq = 2"],
    "the text replaced by a list": ["UPDATE audit SET body = '[]' WHERE seq = 2"],
    "a copy at the end": [
        (
            "INSERT INTO audit SELECT 6, at, subject, operation, trace_id, decision, body, details, key_id, seal "
            "FROM audit WHERE seq = 5"
        )
    ],
    "a copy at the end, with a head that knows it": [
        (
            "INSERT INTO audit SELECT 6, at, subject, operation, trace_id, decision, body, details, key_id, seal "
            "FROM audit WHERE seq = 5"
        ),
        "UPDATE audit_head SET seq = 6",
    ],
    "a row before the beginning": [
        (
            "INSERT INTO audit SELECT 0, at, subject, operation, trace_id, decision, body, details, key_id, seal "
            "FROM audit WHERE seq = 1"
        )
    ],
    "a row far before the beginning": [
        (
            "INSERT INTO audit SELECT -9, at, subject, operation, trace_id, decision, body, details, key_id, seal "
            "FROM audit WHERE seq = 1"
        )
    ],
    "a beginning moved forward": [
        "UPDATE audit_head SET first_seq = 2, first_seal = (SELECT seal FROM audit WHERE seq = 2)",
        "DELETE FROM audit WHERE seq <= 2",
    ],
    "an end moved back": [
        "UPDATE audit_head SET seq = 3, seal = (SELECT seal FROM audit WHERE seq = 3)",
        "DELETE FROM audit WHERE seq > 3",
    ],
    "an erasure forged": [
        (
            "INSERT INTO audit SELECT 6, at, subject, 'privacy.erase', trace_id, decision, "
            '\'{"event":"erased","operation":"privacy.erase","outcome":"\' || subject || \'"}\', \'\', key_id, seal '
            "FROM audit WHERE seq = 2"
        ),
        "UPDATE audit SET details = NULL WHERE seq = 2",
    ],
}


async def test_every_attack_with_sql_alone_is_found(trail: AuditTrail, database: Database) -> None:
    await write(trail)
    for name, statements in ATTACKS.items():
        async with attacked(database):
            await run(database, *statements)
            assert (await trail.verify()).faults, name
    assert not (await trail.verify()).faults


@pytest.mark.parametrize("attack", ["an end moved back", "a beginning moved forward", "the head deleted"])
async def test_writing_on_does_not_heal_what_was_broken(
    trail: AuditTrail, database: Database, clock: MovedClock, attack: str
) -> None:
    await write(trail)
    await run(database, *ATTACKS[attack])
    with pytest.raises(Tampered, match="head"):
        await trail_on(database, clock).record(entry())
    with contextlib.suppress(Tampered):  # this one remembers the true head
        await trail.record(entry())
    assert (await trail.verify()).faults


async def test_a_tail_cut_together_with_its_head_is_found_by_an_earlier_head(
    trail: AuditTrail, database: Database
) -> None:
    await write(trail, 3)
    async with database.reading() as connection:
        old = dict((await connection.execute(text("SELECT * FROM audit_head"))).mappings().one())
    await write(trail, 3)
    known = (await trail.verify()).head
    sets = ", ".join(f"{name} = :{name}" for name in old)
    await run(database, f"UPDATE audit_head SET {sets}", **old)
    assert (await trail.verify()).faults, "rows behind the head"
    await run(database, "DELETE FROM audit WHERE seq > 3")
    assert not (await trail.verify()).faults, "by itself an older state is whole"
    (fault,) = (await trail.verify(known)).faults
    assert fault.seq == 6


@pytest.mark.parametrize("head", ["x", "5", ":abc", "²:abc", "-1:abc", "5.0:abc"])
def test_an_expected_head_that_is_none_is_refused(head: str) -> None:
    with pytest.raises(InvalidInput, match="is no head"):
        anchor_of(head)


@given(st.text())
def test_a_head_is_read_or_refused(given_head: str) -> None:
    with contextlib.suppress(InvalidInput):
        anchor_of(given_head)


async def test_a_row_that_cannot_be_read_is_an_error_with_its_number(trail: AuditTrail, database: Database) -> None:
    await write(trail, 2)
    await run(database, "UPDATE audit SET body = 'gone' WHERE seq = 2")
    with pytest.raises(Tampered, match="audit row 2"):
        await trail.search(Query())


# ---------------------------------------------------------------- keys


async def test_rows_that_an_old_key_sealed_still_verify(database: Database, clock: MovedClock) -> None:
    await write(trail_on(database, clock), 2)
    await write(trail_on(database, clock, f"{OTHER},{KEYS}"), 2)
    assert not (await trail_on(database, clock, f"{OTHER},{KEYS}").verify()).faults
    assert {row["key_id"] for row in await trail_on(database, clock, f"{OTHER},{KEYS}").page(0, 9)} == {"test", "k2"}


async def test_a_key_that_is_missing_is_named_and_nothing_is_written_without_it(
    database: Database, clock: MovedClock
) -> None:
    await write(trail_on(database, clock), 2)
    for deed in (AuditTrail.verify, lambda trail: trail.record(entry())):
        with pytest.raises(ConfigurationError, match="'test'") as error:
            await deed(trail_on(database, clock, OTHER))
        assert "LLM_COPILOT_ENCRYPTION_KEYS" in error.value.mend


async def test_another_key_under_the_same_name_does_not_verify(database: Database, clock: MovedClock) -> None:
    await write(trail_on(database, clock), 2)
    assert (await trail_on(database, clock, OTHER.replace("k2:", "test:")).verify()).faults


# ---------------------------------------------------------------- reading


async def test_search_finds_by_all_that_is_given(trail: AuditTrail) -> None:
    await trail.record(
        entry("ada", outcome="a"),
        entry("bob", operation="y.do", decision="refused:policy", outcome="b"),
        entry("bob", at=START + timedelta(hours=1), trace_id="t9", decision="refused:permission", outcome="c"),
    )

    async def found(query: Query, person: str | None = None) -> list[object]:
        return [row["outcome"] for row in await trail.search(query, person)]

    assert await found(Query()) == ["c", "b", "a"]
    assert await found(Query(), "bob") == ["c", "b"]
    assert await found(Query(operation="y.do"), "bob") == ["b"]
    assert await found(Query(decision="refused")) == ["c", "b"]
    assert await found(Query(decision="%")) == []
    assert await found(Query(trace_id="t9")) == ["c"]
    assert await found(Query(since=START + timedelta(minutes=1))) == ["c"]
    assert await found(Query(until=START + timedelta(minutes=1), limit=1)) == ["b"]
    (row,) = await trail.search(Query(limit=1))
    assert (row["actor"], row["details"]) == ("bob", {"parameters": {"n": 1}})


async def test_looking_for_somebody_does_not_write_them_down(trail: AuditTrail, database: Database) -> None:
    await write(trail, 1)
    assert await trail.search(Query(), "stranger-7") == []
    assert "stranger-7" not in await dump(database)


async def test_pages_hold_every_row_once_and_in_order(trail: AuditTrail) -> None:
    await write(trail, 7)
    for size in (1, 2, 3, 7, 50):
        after, seen = 0, []
        while page := await trail.page(after, size):
            assert len(page) <= size
            seen += page
            after = int(str(page[-1]["seq"]))
        assert [row["outcome"] for row in seen] == [f"n{number}" for number in range(1, 8)]
        assert all(row["seal"] and row["key_id"] == "test" for row in seen)


# ---------------------------------------------------------------- forgetting


async def test_an_erased_person_is_gone_from_the_whole_database_and_the_chain_is_whole(
    trail: AuditTrail, database: Database, clock: MovedClock
) -> None:
    for number in range(3):
        await trail.record(entry("ada-lovelace", details={"why": f"ada-lovelace wants it {number}"}))
        await trail.record(entry("bob"))
    assert "ada-lovelace" in await dump(database)
    assert await trail.erase("ada-lovelace", "bob") == 3
    assert "ada-lovelace" not in await dump(database)
    assert not (await trail.verify()).faults
    rows = await trail.search(Query())
    assert {str(row["actor"]).partition(" ")[0] for row in rows} == {"erased", "bob"}
    assert {row["details"] for row in rows if "erased" in str(row["actor"])} == {"erased"}
    assert await trail.search(Query(), "ada-lovelace") == []
    assert "ada-lovelace" not in await dump(database)
    await trail.record(entry("ada-lovelace"))
    assert len(await trail.search(Query(), "ada-lovelace")) == 1, "who comes back is somebody new"


async def test_who_erases_themselves_is_gone_too(trail: AuditTrail, database: Database) -> None:
    await trail.record(entry("ada-lovelace"))
    await trail.erase("ada-lovelace", "ada-lovelace")
    assert "ada-lovelace" not in await dump(database)
    assert not (await trail.verify()).faults


async def test_an_erasure_speaks_for_one_person_only(trail: AuditTrail, database: Database) -> None:
    await write(trail, 4)
    await trail.erase("ada", "bob")
    await run(database, "UPDATE audit SET details = NULL WHERE seq = 1")
    (fault,) = (await trail.verify()).faults
    assert "no erasure is on record" in fault.what


async def test_a_purge_keeps_the_chain_and_what_is_younger(
    trail: AuditTrail, database: Database, clock: MovedClock
) -> None:
    old = clock.now
    await trail.record(*(entry(at=old + timedelta(days=day)) for day in (0, 1, 2)))
    await trail.record(entry(at=old + timedelta(days=300), outcome="young"))
    clock.move(days=367)
    before = (await trail.verify()).head
    assert await trail.purge(timedelta(days=365), "upkeep") == 2
    found = await trail.verify(before)
    assert (found.first_seq, found.rows, found.faults) == (3, 3, [])
    last = (await trail.search(Query(limit=1)))[0]
    assert (last["operation"], last["outcome"]) == ("audit.purge", "2 rows through 2")
    assert await trail.purge(timedelta(days=365), "upkeep") == 0
    await write(trail, 2)
    assert not (await trail_on(database, clock).verify()).faults
    await run(database, "DELETE FROM audit WHERE seq = 3")
    assert (await trail.verify()).faults, "the new beginning is guarded as the old one was"


async def test_a_purge_of_an_empty_trail_is_nothing(trail: AuditTrail) -> None:
    assert await trail.purge(timedelta(days=365), "upkeep") == 0


async def test_no_purge_takes_less_than_a_year(trail: AuditTrail) -> None:
    with pytest.raises(InvalidInput, match="364 days"):
        await trail.purge(timedelta(days=364, hours=23), "upkeep")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET at = '2001-01-01 00:00:00+00:00' WHERE seq <= 3",
        "UPDATE audit_head SET first_seq = 2, first_seal = (SELECT seal FROM audit WHERE seq = 2)",
    ],
)
async def test_a_purge_does_not_take_away_the_traces_of_a_forger(
    trail: AuditTrail, database: Database, clock: MovedClock, statement: str
) -> None:
    await write(trail, 5)
    await run(database, statement)
    clock.move(days=400 if "head" in statement else 1)
    with pytest.raises(Tampered):
        await trail.purge(timedelta(days=365), "upkeep")
    assert len((await dump(database)).split("\naudit (")) == 5


async def test_a_purge_gets_through_while_others_write(
    trail: AuditTrail, database: Database, clock: MovedClock
) -> None:
    await write(trail, 4)
    clock.move(days=400)
    other, rows = trail_on(database, clock), trail._store.rows

    async def slowly(*given: Any, **named: Any) -> AsyncIterator[Row]:
        async for row in rows(*given, **named):
            await other.record(entry(at=clock.now))
            yield row

    trail._store.rows = slowly  # type: ignore[method-assign]
    assert await trail.purge(timedelta(days=365), "upkeep") == 3, "all but the end of the chain as it was"
    trail._store.rows = rows  # type: ignore[method-assign]
    assert not (await trail.verify()).faults


async def test_a_purge_during_a_verification_is_not_taken_for_a_loss(
    trail: AuditTrail, database: Database, clock: MovedClock
) -> None:
    await write(trail, 4)
    clock.move(days=400)
    await trail.record(entry(at=clock.now))
    other, head, purged = trail_on(database, clock), trail._store.head, False

    async def just_before() -> Head | None:
        nonlocal purged
        found = await head()
        if not purged:
            purged = True
            await other.purge(timedelta(days=365), "upkeep")
        return found

    trail._store.head = just_before  # type: ignore[method-assign]
    assert not (await trail.verify()).faults


async def test_a_fresh_installation_has_nothing_to_complain_of(trail: AuditTrail) -> None:
    assert not (await trail.verify()).faults


async def test_a_pseudonym_that_is_given_to_somebody_else_is_found(trail: AuditTrail, database: Database) -> None:
    await trail.record(entry(actor="p1"))
    await trail.record(entry(actor="p2"))
    assert not (await trail.verify()).faults
    async with database.writing() as connection:
        for before, after in (("p1", "p3"), ("p2", "p1"), ("p3", "p2")):
            await connection.execute(
                text("UPDATE subjects SET person = :after WHERE person = :before"), {"before": before, "after": after}
            )
    assert len([fault for fault in (await trail.verify()).faults if "given to somebody else" in fault.what]) == 2
