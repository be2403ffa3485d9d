"""How long the memory takes to find what fits a question among 50,000 items, beside opening and scoring them all.

And what a thread of 500 messages takes to be made to fit.
"""

from __future__ import annotations

import asyncio
import re
import resource
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from sqlalchemy import func, select

from bot.keyring import Keyring, local_keys
from bot.memory.compression import Turn, window
from bot.memory.lexical import Bm25, terms
from bot.memory.memory import Memory
from bot.memory.relevance import Kind
from bot.memory.semantic import Embedder, embedder
from bot.memory.store import Kept, Tier, Where
from bot.memory.tokens import tokens
from storage.database import Database
from storage.repositories.memory import ITEMS, MemoryRepository
from tests import databases

ITEMS_KEPT: Final = 50_000
BATCH: Final = 1_000
QUESTIONS: Final = 200
LIMIT_MS: Final = 30
BUDGET: Final = 4_000
NOW: Final = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
HERE: Final = Where("T1", "C1", "1.0", "U1")
SERVICES: Final = re.findall(
    r"\w+", "checkout payments search gateway inference embeddings billing catalogue sessions ledger"
)
WORDS: Final = re.findall(
    r"\w+",
    "latency errors timeouts deploy rollback restart saturation queue cache pool replica canary traffic spike budget "
    "memory cpu disk token cost prompt model gpu batch retry circuit approval incident alert dashboard trace span log "
    "customer region cluster node pod release version config secret certificate database index lock migration backup",
)


def sentence(rng: np.random.Generator, number: int) -> str:
    """Words as people use them: a few all the time, most now and then, and a name that is the item's own."""
    at = np.minimum((rng.pareto(1.1, 18) * 4).astype(int), len(WORDS) - 1)
    service = SERVICES[int(rng.integers(len(SERVICES)))]
    return f"{service} {' '.join(WORDS[each] for each in at)} p95 {int(rng.integers(50, 900))} ms INC-{number // 3}"


async def fill(store: MemoryRepository, embed: Embedder | None) -> None:
    rng = np.random.default_rng(7)
    for start in range(0, ITEMS_KEPT, BATCH):
        said = [sentence(rng, number) for number in range(start, start + BATCH)]
        vectors = embed(said).astype(np.float16) if embed else [None] * BATCH
        await store.add(
            [
                Kept(
                    Kind.FINDING,
                    Tier.MEDIUM,
                    HERE.lasting,
                    text,
                    tokens(text),
                    0.6,
                    NOW - timedelta(seconds=12 * (ITEMS_KEPT - start - at)),
                    expires_at=NOW + timedelta(days=7),
                    vector=vector,
                )
                for at, (text, vector) in enumerate(zip(said, vectors, strict=True))
            ]
        )


def questions() -> Sequence[str]:
    rng = np.random.default_rng(11)
    made = []
    for number in range(QUESTIONS):
        some = " ".join(str(each) for each in rng.choice(WORDS, 3, replace=False))
        name = f" in INC-{int(rng.integers(ITEMS_KEPT // 3))}" if number % 2 else ""
        made.append(f"what happened to {rng.choice(SERVICES)} with {some}{name}?")
    return made


async def scanned(database: Database, store: MemoryRepository, question: str) -> float:
    """The plain way: open every item of the scope, and score it."""
    began = perf_counter()
    everything = select(ITEMS).where(ITEMS.c.scope == HERE.lasting)
    async with database.reading() as connection:
        rows = (await connection.execute(everything)).mappings().all()
    opened = store._items(rows)  # what the search itself opens its candidates with
    scores = Bm25(terms(each.text) for each in opened).scores(terms(question))
    np.argsort(scores)[::-1][:48]
    return (perf_counter() - began) * 1_000


async def measured(url: str, keys: Keyring, embed: Embedder | None) -> None:
    database = Database(url)
    await database.upgrade()
    store = MemoryRepository(database, keys)
    memory = Memory(store, embed, lambda: NOW)
    began = perf_counter()
    await fill(store, embed)
    async with database.reading() as connection:
        count = (await connection.execute(select(func.count()).select_from(ITEMS))).scalar_one()
    rate = count / (perf_counter() - began)
    before = _peak()
    took, right = [], []
    for question in questions():
        began = perf_counter()
        found = await memory.retrieve(question, HERE, BUDGET)
        took.append((perf_counter() - began) * 1_000)
        if (name := question.partition(" in ")[2].rstrip("?")) and found.items:
            right.append(any(each.text.endswith(name) for each in found.items[:3]))
    p50, p95, most = np.quantile(took, (0.5, 0.95, 1.0))
    how = "words and vectors" if embed else "words alone"
    print(f"  {database.kind}, {how}: p50 {p50:5.1f}  p95 {p95:5.1f}  worst {most:5.1f} ms  (limit: p95 {LIMIT_MS} ms)")
    print(f"    the one that is named is among the first three: {np.mean(right):.0%}; {rate:,.0f} items/s were added")
    print(f"    peak memory {before:.0f} MB before, {_peak():.0f} MB after the questions", end="")
    scans = [await scanned(database, store, question) for question in questions()[:3]]
    print(f", {_peak():.0f} MB after a plain scan; that takes {np.median(scans):,.0f} ms a question")
    await database.close()


def thread_of(count: int, length: int) -> list[Turn]:
    rng = np.random.default_rng(3)
    return [
        Turn.of(f"U{at % 5}", "assistant" if at % 2 else "user", ". ".join(sentence(rng, at) for _ in range(length)))
        for at in range(count)
    ]


async def main() -> None:
    print(f"\nThe memory: {QUESTIONS} questions to {ITEMS_KEPT:,} items of one channel, sealed at rest")
    with tempfile.TemporaryDirectory() as folder:
        keys = Keyring.parse(local_keys(Path(folder) / "key"))
        embed = embedder(Path(folder) / "models")
        await measured(f"sqlite+aiosqlite:///{folder}/memory.db", keys, embed)
        if not await databases.reachable():
            async with databases.temporary() as url:
                await measured(url, keys, None)
    for count, length, budget in ((500, 2, 10_000), (2_000, 4, 200_000)):
        turns = thread_of(count, length)
        began = perf_counter()
        fitted = window(turns, budget)
        took = (perf_counter() - began) * 1_000
        print(
            f"  a thread of {count} messages, {sum(each.tokens for each in turns):,} tokens, made to fit {budget:,}: "
            f"{took:.0f} ms, {fitted.tokens:,} tokens"
        )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    asyncio.run(main())
