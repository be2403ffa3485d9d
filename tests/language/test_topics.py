"""A day is one conversation: what stands for itself means what it means alone, and what goes on still does."""

# ruff: noqa: E501  one case a line

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from bot.language.brain import understand
from bot.language.references import ACTING
from bot.language.understanding import Earlier, Understanding
from tests.language.knowing import LEXICON, NOW, understood
from tests.language.test_understand import test_the_24_golden_utterances_are_understood

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
DEEDS: Final = (
    ("deploy cart 2.1 to staging", "cart 2.1.0 runs in staging since 10:02 (was 2.0.4); all 12 checks passed."),
    (
        "list open incidents",
        "One incident is open: INC-119, search outage in production, severity critical, since 14:02.",
    ),
    ("run the smoke suite on staging", "41 of 43 smoke tests passed on staging in 3.2 s; checkout and cart failed."),
    ("scale payments to 6 in prod", "payments in production now has 6 replicas (was 4); CPU went from 71.5 % to 48 %."),
)
"""What leaves more behind: a request to act, an id."""
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
    golden = vars(test_the_24_golden_utterances_are_understood)["pytestmark"][0].args[1]
    return [text for text, _ in golden] + [
        row["text"] for row in rows if not row.get("history") and row["intent"] not in TALK
    ]


@cache
def _alone(text: str) -> Understanding:
    return understood(text)


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
        alone, then = _alone(text), _after(question, answer, text)
        if then.operation != alone.operation or _values(then) - _values(alone):
            changed.append(text)
            acting += [text] if {alone.operation, then.operation} & ACTING else []
    assert acting == []
    assert len(changed) <= len(texts) / 100, changed


@pytest.mark.parametrize(("question", "answer"), DEEDS)
def test_another_request_takes_nothing_from_a_deed(question: str, answer: str) -> None:
    family = understood(question).operation.split(".")[0]
    changed = []
    for text in _standing():
        alone = _alone(text)
        if POINTERS.search(text) or alone.operation.split(".")[0] == family:
            continue
        then = _after(question, answer, text)
        if then.operation != alone.operation or (alone.operation in ACTING and _values(then) - _values(alone)):
            changed.append(text)
    assert changed == []


CPU = ("services with >80% cpu", "bot: CPU above 80 %: none of 16; the highest is postgres-main with 28.5 %.")
SLOW = ("why is checkout slow?", "bot: Probably the cause is auth-service: 63.8/s → 58.7/s, since the release 4.2.1.")
STATE = ("state of staging", "bot: 15 of 16 services are well; vector-db and cart are uneasy. The last deploy: chat-api 6.2.0, 2 hours ago.")  # fmt: skip
PAYMENTS = ("p95 of payments over the last hour", "bot: P95 latency of payments in production is 412 ms now.")
ASKED = ("deploy checkout", "bot: Which environment?")


@pytest.mark.parametrize(
    ("history", "text", "operation", "holds"),
    [
        (PAYMENTS, "same for cart", "metrics.query", {"service": "cart", "quantile": 0.95, "environment": None}),
        (PAYMENTS, "what about staging?", "metrics.query", {"service": "payments", "environment": "staging", "quantile": 0.95}),
        (PAYMENTS, "and p99?", "metrics.query", {"service": "payments", "quantile": 0.99}),
        (PAYMENTS, "errors then?", "metrics.query", {"service": "payments", "metric": "error_rate", "quantile": None}),
        (PAYMENTS, "and last week?", "metrics.query", {"service": "payments", "quantile": 0.95}),
        (PAYMENTS, "cart?", "metrics.query", {"service": "cart", "quantile": 0.95}),
        (PAYMENTS, "why?", "metrics.explain", {"service": "payments"}),
        (PAYMENTS, "show error logs", "logs.search", {"service": "payments", "level": "error"}),
        (PAYMENTS, "alert me if it goes above 2s", "watches.create", {"service": "payments"}),
        ((*PAYMENTS, "thanks", "bot: You are welcome."), "restart it", "runbooks.run", {"service": "payments"}),
        ((*PAYMENTS, "any open incidents?", "bot: None."), "restart it", "runbooks.run", {"service": "payments"}),
        (("which alerts are firing in prod", "bot: 2 alerts fire."), "just the critical ones", "alerts.list", {"environment": "production", "severity": "critical"}),
        (("what did we spend on cart this month", "bot: 200 USD."), "and last month?", "cost.report", {"service": "cart"}),
        (CPU, "restart it", "runbooks.run", {"service": "postgres-main"}),
        (CPU, "logs for that service", "logs.search", {"service": "postgres-main"}),
        (CPU, "errors there?", "metrics.query", {"service": "postgres-main", "metric": "error_rate"}),
        (SLOW, "roll it back", "deploy.rollback", {"service": "checkout", "version": None}),
        (("deploy cart 1.9 to staging", "bot: cart 1.9 runs in staging."), "ship it to prod", "deploy.start", {"service": "cart", "version": "1.9", "environment": "production"}),
        (("write load tests for chat-api", "bot: I wrote 6 load tests for chat-api."), "run them", "tests.run", {"service": "chat-api", "suite": "load"}),
        (("errors of cart and search", "bot: cart 0.1 %, search 0.2 %"), "restart them", "runbooks.run", {"service": "cart"}),
        (("list open incidents", "bot: Open: INC-4."), "resolve it", "incidents.resolve", {"incident": "INC-4"}),
        ((*ASKED, *PAYMENTS), "and in staging?", "metrics.query", {"service": "payments", "environment": "staging"}),
        ((*ASKED, *PAYMENTS), "staging", "metrics.query", {"service": "payments", "environment": "staging"}),
    ],
)  # fmt: skip
def test_what_goes_on_still_does(history: tuple[str, ...], text: str, operation: str, holds: dict[str, object]) -> None:
    found = understood(text, *history)
    assert found.operation == operation
    assert {kind: found.value(kind) for kind in holds} == holds
    assert not found.needs_clarification


@pytest.mark.parametrize(
    ("history", "text", "missing", "options"),
    [
        (STATE, "restart it", "service", ("vector-db", "cart", "chat-api")),
        (("errors of cart and search", "bot: cart 0.1 %, search 0.2 %"), "restart it", "service", ("cart", "search")),
        (("list open incidents", "bot: Open: INC-4 and INC-5."), "resolve it", "incident", ("INC-4", "INC-5")),
        (CPU, "scale to 10", "service", LEXICON.services),
        (PAYMENTS, "rollback pls", "service", LEXICON.services),
        ((*ASKED, *PAYMENTS), "rollback pls", "service", LEXICON.services),
        (("run the smoke suite on staging", "bot: 41 passed.", *PAYMENTS), "run it again", "service", LEXICON.services),
    ],
)  # fmt: skip
def test_a_target_that_is_not_plain_is_asked_for(
    history: tuple[str, ...], text: str, missing: str, options: tuple[str, ...]
) -> None:
    found = understood(text, *history)
    assert missing in found.missing
    assert found.options == options


def test_a_question_of_the_whole_is_none_of_the_service_before() -> None:
    for before in (CPU, PAYMENTS):
        found = understood("Compare our SLO performance against last quarter", *before)
        assert {each.type for each in found.holds} == {"time_range"}


@pytest.mark.parametrize("figures", ["63.8/s → 58.7/s", "28.5 %", "412.5 ms", "0.04", "×14.2", "1.24 s at 23.13"])
def test_a_figure_in_an_answer_is_no_version(figures: str) -> None:
    found = understood("deploy it to prod", "is cart ok", f"bot: cart: {figures}")
    assert found.value("service") == "cart"
    assert found.value("version") is None


def test_a_version_is_one_of_the_service_that_it_was_named_with() -> None:
    assert understood("deploy it to prod", *SLOW).value("version") is None
    assert understood("deploy it to prod", "is cart ok", "bot: cart runs release 4.2.1.").value("version") == "4.2.1"


def test_a_question_that_names_its_own_is_no_answer_and_leaves_the_question_behind() -> None:
    assert understood("p95 of payments over the last hour", *ASKED).operation == "metrics.query"
    assert understood("the payments one", *ASKED).operation == "answer.clarify"


def test_a_question_after_why_is_no_why() -> None:
    found = understood("p99 of checkout", *SLOW)
    assert found.operation == "metrics.query"
    assert {each.type for each in found.holds} == {"quantile", "service"}
