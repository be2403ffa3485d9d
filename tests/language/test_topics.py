"""A day is one conversation: what stands for itself means what it means alone, and what goes on still does."""

# ruff: noqa: E501  one case a line

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from bot.language.brain import understand
from bot.language.references import ACTING
from bot.language.understanding import Earlier, Understanding
from tests.language.knowing import LEXICON, NOW, understood

FOLDER: Final = Path(__file__).parent / "corpus"
EXCHANGES: Final = (
    ("errors in payments in the last 30 minutes", "Error rate of payments in production is 0.04 % now; 0.04 % at the median, with a peak of 0.35 % at 00:15."),
    ("why is checkout slow?", "P95 latency of checkout went down to 401 ms between 23:13 and 23:15, where 420 ms is usual. Probably the cause is auth-service: throughput 63.8/s → 58.7/s."),
    ("services with >80% cpu", "CPU above 80 %: none of 16; the highest is postgres-main with 28.5 %."),
    ("state of staging", "staging: 15 of 16 services are well; vector-db is uneasy. The last deploy: chat-api 6.2.0, 2 hours ago."),
    ("p99 of search in staging over the last hour", "P99 latency of search in staging is 1.24 s now, ×14 of what is usual (0.09 s); web-03 is the slowest."),
    ("error logs of cart in prod since 9am", "84 error lines of cart in production; 61 of them say “connection refused” to redis-cache:6379."),
    ("slowest traces of chat-api today", "The slowest of 412 traces took 8.21 s: chat-api → inference-gateway → embedding-service."),
    ("which alerts are firing in prod", "2 alerts fire in production: HighLatency of recommendation (high) and DiskFull of vector-db (critical)."),
)  # fmt: skip
"""What was asked, and an answer with figures, times and names as the bot gives them."""
POINTERS: Final = re.compile(r"\b(?:it|its|them|they|that|this|these|those|there|the service)\b", re.IGNORECASE)
TALK: Final = frozenset({"smalltalk", "clarification"})


def _standing() -> list[str]:
    rows = [
        json.loads(line)
        for path in sorted(FOLDER.glob("*.jsonl"))
        if path.stem != "held-out"
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return [row["text"] for row in rows if not row.get("history") and row["intent"] not in TALK]


def _values(found: Understanding) -> set[tuple[str, str, str]]:
    """Of all that is asked for."""
    return {(one.operation, each.type, str(each.value)) for one in (found, *found.further) for each in one.holds}


def _after(question: str, answer: str, text: str) -> Understanding:
    return understand(text, LEXICON, now=NOW, history=(Earlier("user", question), Earlier("bot", answer)))


@pytest.mark.parametrize(("question", "answer"), EXCHANGES)
def test_what_stands_for_itself_means_the_same_after_another_topic(question: str, answer: str) -> None:
    texts = [text for text in _standing() if not POINTERS.search(text)]
    assert len(texts) > 400
    changed, acting = [], []
    for text in texts:
        alone, then = understood(text), _after(question, answer, text)
        if then.operation != alone.operation or _values(then) - _values(alone):
            changed.append(text)
            acting += [text] if {alone.operation, then.operation} & ACTING else []
    assert acting == []
    assert len(changed) <= len(texts) / 100, changed
