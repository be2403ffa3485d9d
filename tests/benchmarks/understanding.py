"""How fast sentences are understood, and what a turn takes beside the operation that it runs."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import numpy as np

from bot import defaults
from bot.agent.events import Result
from bot.agent.request import Request
from bot.app import App
from bot.catalogue import Catalogue, load_model
from bot.config import Settings
from bot.door.outcomes import Done, Origin
from bot.guard.people import Actor
from bot.language.brain import understand
from bot.language.lexicon import Lexicon
from bot.language.names import Names
from bot.language.understanding import Earlier
from bot.telemetry.vocabulary import Vocabulary

CORPUS: Final = Path(__file__).parents[1] / "language" / "corpus"
NOW: Final = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
LEAST: Final = 1_000
"""Sentences a second, on one core."""
LIMIT_MS: Final = 150
ROUNDS: Final = 5
TURNS: Final = 200
SENTENCES: Final = (
    "what is waiting for me?",
    "list services",
    "my preferences",
    "who may approve?",
    "and those of staging?",
)


def lexicon() -> Lexicon:
    words = {name: each.words for name, each in load_model(defaults.path("signals.yaml"), Vocabulary).metrics.items()}
    return Lexicon(
        Catalogue.load(defaults.path("services.yaml")), words, load_model(defaults.path("names.yaml"), Names)
    )


def understanding() -> None:
    rows = [json.loads(line) for path in sorted(CORPUS.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    asked = [
        (row["text"], tuple(Earlier(each["role"], each["text"]) for each in row.get("history") or ())) for row in rows
    ]
    known = lexicon()
    took = []
    for _ in range(ROUNDS):
        began = process_time()
        for text, history in asked:
            understand(text, known, now=NOW, history=history)
        took.append((process_time() - began) / len(asked))
    each = [_once(text, known, history) for text, history in asked]
    rate = 1 / float(np.median(took))
    print(f"  {len(asked)} sentences with their threads: {rate:,.0f}/s of processor time (at least {LEAST:,}/s)")
    print(f"    one sentence: p50 {np.median(each):.2f}  p99 {np.quantile(each, 0.99):.2f}  worst {max(each):.2f} ms")


def _once(text: str, known: Lexicon, history: Sequence[Earlier]) -> float:
    began = perf_counter()
    understand(text, known, now=NOW, history=tuple(history))
    return (perf_counter() - began) * 1_000


async def turns() -> None:
    """One thread that gets longer and longer, without a model."""
    numbers = count()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), http_port=0, rate_burst=5_000, person_per_minute=100_000)
        beside, whole = [], []
        async with App.running(settings) as app:
            for number in range(TURNS):
                text = SENTENCES[number % len(SENTENCES)]
                request = Request(Actor("sre"), Origin("dm", "D1", None, "T1"), f"b{next(numbers)}", text=text)
                own = 0.0
                began = perf_counter()
                async for event in app.turns.run(request):
                    if isinstance(event, Result) and isinstance(event.outcome, Done):
                        own += event.outcome.duration_ms
                took = (perf_counter() - began) * 1_000
                whole.append(took)
                beside.append(took - own)
    p50, p95 = np.quantile(beside, (0.5, 0.95))
    print(f"  {TURNS} turns in one thread: p50 {p50:.0f}  p95 {p95:.0f} ms beside the operation (limit {LIMIT_MS} ms)")
    print(f"    with the operation: p50 {np.median(whole):.0f}  p95 {np.quantile(whole, 0.95):.0f} ms")


async def main() -> None:
    print("\nUnderstanding, and the turn around it")
    understanding()
    await turns()


if __name__ == "__main__":
    asyncio.run(main())
