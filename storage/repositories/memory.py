"""What is remembered, sealed, and found by a blind index.

A word is indexed as a keyed hash, under a key of the scope's own: the table tells neither the words nor which scopes
speak of the same things. Vectors give a text away to whoever has the model, so they are sealed like the text.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import structlog
from sqlalchemy import RowMapping, Select, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.agent.preferences import of_person
from bot.errors import CopilotError
from bot.guard.canonical import plain
from bot.keyring import Keyring
from bot.memory.lexical import rarity, terms, weight
from bot.memory.relevance import Kind, clamped
from bot.memory.store import REMEMBER, Found, Kept, Said, SaidPage, Tier
from storage.database import Database
from storage.models import MemoryItemRow, MemoryTermRow, PreferenceRow, SessionRow
from storage.repositories.conversations import ConversationRepository
from storage.repositories.rows import purge, seal, table, unseal

ITEMS, TERMS = table(MemoryItemRow), table(MemoryTermRow)
SESSIONS, PREFERENCES = table(SessionRow), table(PreferenceRow)
RECORD, EMBEDDING = "memory_items.record", "memory_items.embedding"
ASKED: Final = 40
"""Terms of a question that are looked up."""
COMMON: Final = 500
"""Items that hold a term are counted, and read, up to here."""
READ: Final = 2_000
CHOSEN: Final = 12
BEST, NEWEST = 48, 16
SLOTS: Final = 400  # a compound SELECT of SQLite takes 500
USUAL_LENGTH: Final = 40.0
INDEXED: Final = 1_000
"""Different terms of an item that are indexed; nobody looks for the rest of a log that was pasted."""
CORPUS, EVERYWHERE = 10_000, 4_000
"""What a term's rarity is measured by, and how often one occurs that was not counted to its end."""
SCALE: Final = 100
log = structlog.get_logger()


class MemoryRepository:
    """The memory store."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys
        self._conversations = ConversationRepository(database, keys)

    async def add(self, items: Sequence[Kept], *, forms: bool = False) -> Sequence[int]:
        wanted = {each.session for each in items if each.session}
        async with self._database.writing() as connection:
            alive = {None, *(await self._alive(connection, wanted))}
            ids: list[int] = []
            for item in items:
                if item.session not in alive:
                    continue
                each = replace(item, source=ids[0]) if forms and ids else item
                kept = await connection.execute(insert(ITEMS).values(self._row(each)).returning(ITEMS.c.id))
                ids.append(kept.scalar_one())
                await self._index(connection, ids[-1], each.scope, each.text)
        return ids

    async def search(self, scopes: Sequence[str], terms: Collection[str], now: datetime) -> Sequence[Found]:
        async with self._database.reading() as connection:
            scores = await self._matching(connection, scopes, list(dict.fromkeys(terms))[:ASKED])
            newest = await connection.execute(
                text(
                    " UNION ALL ".join(
                        f"SELECT * FROM (SELECT id FROM memory_items WHERE scope = :s{at} "  # noqa: S608  numbers
                        f"ORDER BY created_at DESC LIMIT {NEWEST}) AS q{at}"
                        for at in range(len(scopes))
                    )
                ),
                {f"s{at}": scope for at, scope in enumerate(scopes)},
            )
            ids = {*scores, *newest.scalars()}
            # By their ids alone: a plan that sees the scopes, too, would walk through all of them.
            found = await connection.execute(select(ITEMS).where(ITEMS.c.id.in_(ids)))
            rows = [
                row
                for row in found.mappings()
                if row["scope"] in scopes and (row["expires_at"] is None or row["expires_at"] > now)
            ]
        return [Found(each, scores.get(each.id, 0.0)) for each in self._items(rows)]

    async def newest(self, scope: str, kinds: Collection[Kind], now: datetime, limit: int) -> Sequence[Kept]:
        return await self._read(
            select(ITEMS)
            .where(ITEMS.c.scope == scope, ITEMS.c.kind.in_(kinds), _alive_at(now))
            .order_by(ITEMS.c.created_at.desc(), ITEMS.c.id.desc())
            .limit(limit)
        )

    async def of(self, person: str, kinds: Collection[Kind] = (), limit: int = 100_000) -> Sequence[Kept]:
        theirs = select(ITEMS).where(ITEMS.c.author == person)
        if kinds:
            theirs = theirs.where(ITEMS.c.kind.in_(kinds))
        return await self._read(theirs.order_by(ITEMS.c.created_at.desc(), ITEMS.c.id.desc()).limit(limit))

    async def count(self, scope: str, kind: Kind, since: datetime) -> int:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(func.count())
                .select_from(ITEMS)
                .where(ITEMS.c.scope == scope, ITEMS.c.created_at >= since, ITEMS.c.kind == kind)
            )
            return int(found.scalar_one())

    async def consents(self, person: str) -> bool:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(PREFERENCES.c.value).where(
                    PREFERENCES.c.scope == of_person(person), PREFERENCES.c.name == REMEMBER
                )
            )
            return found.scalar() is True

    async def forget(self, person: str, tiers: Collection[Tier] = tuple(Tier)) -> int:
        """What is theirs; if all of it, also what was made of it without their name."""
        theirs = (ITEMS.c.author == person) | ITEMS.c.scope.endswith(f":{person}", autoescape=True)
        made_of_it = ITEMS.c.source.in_(select(ITEMS.c.id).where(theirs))
        async with self._database.writing() as connection:
            these = theirs | made_of_it if set(tiers) == set(Tier) else theirs
            gone = await connection.execute(delete(ITEMS).where(these, ITEMS.c.tier.in_(tiers)))
            return gone.rowcount

    async def drop(self, item: int, scopes: Collection[str]) -> bool:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(ITEMS).where(ITEMS.c.id == item, ITEMS.c.scope.in_(scopes)))
            return bool(gone.rowcount)

    async def expire(self, now: datetime) -> int:
        gone = await purge(self._database, ITEMS.c.expires_at, now)
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(ITEMS.c.author).where(ITEMS.c.author.is_not(None), ITEMS.c.tier != Tier.SHORT).distinct()
            )
            lasting = list(found.scalars())
        for person in lasting:
            if not await self.consents(person):
                gone += await self.forget(person, (Tier.MEDIUM, Tier.LONG))
        return gone

    async def page(self, session: str, before: int | None, limit: int) -> SaidPage:
        messages, earlier = await self._conversations.page(session, before, limit)
        return SaidPage([Said(each.author, each.role, each.content, each.token_count) for each in messages], earlier)

    async def reindex(self, batch: int = 500) -> int:
        """After the active key changed: terms hidden anew, so that the old key can go. Safe to repeat."""
        count = 0
        stale = select(ITEMS).where(ITEMS.c.key_id != self._keys.active).limit(batch)
        while True:
            async with self._database.writing() as connection:
                rows = (await connection.execute(stale)).mappings().all()
                for row in rows:
                    await connection.execute(delete(TERMS).where(TERMS.c.item_id == row["id"]))
                    await self._index(connection, row["id"], row["scope"], self._record(row)["text"])
                    await connection.execute(
                        update(ITEMS).where(ITEMS.c.id == row["id"]).values(key_id=self._keys.active)
                    )
            if not rows:
                return count
            count += len(rows)

    # ------------------------------------------------------------ the blind index

    def _hidden(self, scope: str, words: Collection[str], key_id: str) -> Mapping[str, int]:
        """Each word as a number that only this keyring makes of it, in this scope."""
        key = bytes.fromhex(self._keys.seal(f"memory.terms\0{scope}".encode(), key_id))
        return {
            word: int.from_bytes(
                hashlib.blake2b(word.encode("utf-8", "surrogatepass"), key=key, digest_size=8).digest(), signed=True
            )
            for word in words
        }

    async def _index(self, connection: AsyncConnection, item: int, scope: str, said: str) -> None:
        found = terms(said)
        bag = Counter(found).most_common(INDEXED)
        hidden = self._hidden(scope, [word for word, _ in bag], self._keys.active)
        rows = [
            {
                "term": hidden[word],
                "item_id": item,
                "weight": round(SCALE * weight(count, len(found), USUAL_LENGTH)),
            }
            for word, count in bag
        ]
        if rows:
            await connection.execute(insert(TERMS), rows)

    async def _matching(
        self, connection: AsyncConnection, scopes: Sequence[str], asked: Sequence[str]
    ) -> Mapping[int, float]:
        """The best items, from 0 to 1: rare terms first, and of a common one only the newest items.

        A term counts by the square of its rarity, as in a cosine: whoever names an incident means that one.
        """
        slots = [
            (word, number)
            for key_id in self._keys.ids
            for scope in scopes
            for word, number in self._hidden(scope, asked, key_id).items()
        ][:SLOTS]
        if not slots:
            return {}
        counted = await connection.execute(
            text(
                " UNION ALL ".join(
                    f"SELECT {at} AS slot, count(*) AS held FROM "  # noqa: S608  numbers
                    f"(SELECT 1 FROM memory_terms WHERE term = :t{at} LIMIT {COMMON}) AS q{at}"
                    for at in range(len(slots))
                )
            ),
            {f"t{at}": number for at, (_, number) in enumerate(slots)},
        )
        held = sorted((row.held, row.slot) for row in counted if row.held)
        rare: defaultdict[str, float] = defaultdict(float)
        for count, slot in held:
            worth = rarity(count if count < COMMON else EVERYWHERE, CORPUS) ** 2
            rare[slots[slot][0]] = max(rare[slots[slot][0]], worth)
        if not rare:
            return {}
        usual = sum(rare.values()) / len(rare)
        whole = sum(rare.get(word, usual) for word in asked)
        chosen: list[int] = []
        left = READ
        for count, slot in held[:CHOSEN]:
            if chosen and count > left:
                break
            chosen.append(slot)
            left -= count
        parts = " UNION ALL ".join(
            f"SELECT * FROM (SELECT item_id, weight * CAST(:w{at} AS DOUBLE PRECISION) AS score "  # noqa: S608  numbers
            f"FROM memory_terms WHERE term = :t{at} ORDER BY item_id DESC LIMIT {COMMON}) AS q{at}"
            for at in range(len(chosen))
        )
        best = await connection.execute(
            text(
                f"SELECT item_id, sum(score) AS score FROM ({parts}) AS every GROUP BY item_id "  # noqa: S608  as above
                f"ORDER BY 2 DESC, 1 DESC LIMIT {BEST}"
            ),
            {f"t{at}": slots[slot][1] for at, slot in enumerate(chosen)}
            | {f"w{at}": rare[slots[slot][0]] / SCALE for at, slot in enumerate(chosen)},
        )
        return {row.item_id: clamped(row.score / whole) for row in best}

    # ------------------------------------------------------------ rows

    async def _alive(self, connection: AsyncConnection, sessions: Collection[str]) -> Collection[str]:
        """Held until we are through, so that none is dropped meanwhile."""
        if not sessions:
            return ()
        found = await connection.execute(
            select(SESSIONS.c.id).where(SESSIONS.c.id.in_(sessions)).with_for_update(read=True, key_share=True)
        )
        return list(found.scalars())

    def _row(self, item: Kept) -> dict[str, Any]:
        vector = None if item.vector is None else base64.b64encode(item.vector.astype("<f2").tobytes()).decode()
        return {
            "scope": item.scope,
            "tier": item.tier,
            "kind": item.kind,
            "author": item.author or None,
            "session_id": item.session,
            "source": item.source,
            "importance": item.importance,
            "tokens": item.tokens,
            "created_at": item.created_at,
            "expires_at": item.expires_at,
            "record_sealed": seal(self._keys, plain({"text": item.text, "meta": dict(item.meta)}), RECORD),
            "embedding_sealed": self._keys.encrypt(vector, EMBEDDING) if vector else None,
            "key_id": self._keys.active,
        }

    async def _read(self, wanted: Select[Any]) -> Sequence[Kept]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        return self._items(rows)

    def _items(self, rows: Sequence[RowMapping]) -> Sequence[Kept]:
        """One that is damaged does not hide the others."""
        out = []
        for row in rows:
            try:
                out.append(self._item(row))
            except CopilotError as error:
                log.warning("memory_unreadable", item=row["id"], error=str(error))
        return out

    def _record(self, row: RowMapping) -> Mapping[str, Any]:
        found: Mapping[str, Any] = unseal(self._keys, row["record_sealed"], RECORD)
        return found

    def _item(self, row: RowMapping) -> Kept:
        record, sealed = self._record(row), row["embedding_sealed"]
        vector = (
            np.frombuffer(base64.b64decode(self._keys.decrypt(sealed, EMBEDDING)), "<f2").astype(np.float16)
            if sealed
            else None
        )
        return Kept(
            id=row["id"],
            kind=Kind(row["kind"]),
            tier=Tier(row["tier"]),
            scope=row["scope"],
            text=record["text"],
            meta=record["meta"],
            tokens=row["tokens"],
            importance=row["importance"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            author=row["author"] or "",
            session=row["session_id"],
            source=row["source"],
            vector=vector,
        )


def _alive_at(now: datetime) -> Any:
    return ITEMS.c.expires_at.is_(None) | (ITEMS.c.expires_at > now)
