"""The demo's model: usual questions lead to fitting operations, with inputs that these take."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

import httpx
import pytest

from bot.door.registry import Registry
from integrations.models.names import own_name, wire_name
from integrations.sandbox.anthropic.heard import heard
from integrations.sandbox.anthropic.playing import Player, Reply
from integrations.sandbox.anthropic.script import DEMO, load

REGISTRY = Registry.discover()
NAMES = (
    "metrics.query",
    "metrics.explain",
    "metrics.compare",
    "logs.search",
    "traces.search",
    "status.overview",
    "services.show",
    "slo.status",
    "cost.report",
    "deploys.list",
)
TOOLS = [wire_name(name) for name in NAMES]
Turns = list[tuple[str, list[dict[str, Any]]]]


def asked(question: str) -> Turns:
    return [("user", [{"type": "text", "text": question}])]


def reply(turns: Turns) -> Reply:
    return Player(load(DEMO)).reply(heard("", turns, TOOLS))


def after(turns: Turns, said: Reply, text: str, *, failed: bool = False) -> Turns:
    uses = [
        {"type": "tool_use", "id": f"{len(turns)}-{at}", "name": call.name, "input": {}}
        for at, call in enumerate(said.calls)
    ]
    back = [{"type": "tool_result", "tool_use_id": use["id"], "content": text, "is_error": failed} for use in uses]
    return [*turns, ("assistant", uses), ("user", back)]


QUESTIONS = [
    ("p95 of checkout in prod over the last hour", "metrics.query", {"service": "checkout", "environment": "prod"}),
    ("[U123] latency of inference-gateway?", "metrics.query", {"service": "inference-gateway", "metric": "latency"}),
    ("errors in payments in the last 30 minutes", "metrics.query", {"service": "payments", "metric": "errors"}),
    ("what is the error rate of cart in staging", "metrics.query", {"service": "cart", "environment": "staging"}),
    ("how slow is search", "metrics.query", {"service": "search", "metric": "latency"}),
    ("why is checkout slow?", "metrics.explain", {"service": "checkout"}),
    ("Why did the inference-gateway slow down at 3pm?", "metrics.explain", {"service": "inference-gateway"}),
    ("why is the error rate of cart high?", "metrics.explain", {"service": "cart", "metric": "error rate"}),
    ("compare latency of checkout with yesterday", "metrics.compare", {"service": "checkout", "against": "yesterday"}),
    ("compare checkout to payments", "metrics.compare", {"service": "checkout", "other_service": "payments"}),
    ("show me the logs of payments", "logs.search", {"service": "payments"}),
    ("checkout logs please", "logs.search", {"service": "checkout"}),
    ("slowest traces of checkout", "traces.search", {"service": "checkout"}),
    ("what was deployed to checkout? deploys of checkout", "deploys.list", {"service": "checkout"}),
    ("recent deploys", "deploys.list", {"service": "", "window": "last 7 days"}),
    ("what did we spend today", "cost.report", {"service": "", "window": "today"}),
    ("cost by model in the last 3 days", "cost.report", {"service": "", "window": "last 3 days"}),
    ("slo of checkout", "slo.status", {"service": "checkout"}),
    ("error budgets", "slo.status", {"service": ""}),
    ("how is production?", "status.overview", {"environment": "production"}),
    ("state of staging", "status.overview", {"environment": "staging"}),
    ("status of checkout", "services.show", {"service": "checkout"}),
    ("how is checkout doing?", "services.show", {"service": "checkout"}),
]


@pytest.mark.parametrize(("question", "operation", "wanted"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_a_usual_question_leads_to_the_fitting_operation(question: str, operation: str, wanted: dict[str, str]) -> None:
    [call] = reply(asked(question)).calls
    arguments = json.loads(call.arguments)
    assert own_name(call.name) == operation
    assert {key: arguments[key] for key in wanted} == wanted
    REGISTRY.get(operation).input.model_validate(arguments)


@pytest.mark.parametrize(("question", "operation", "wanted"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_the_answer_is_the_summary_of_what_was_found(question: str, operation: str, wanted: dict[str, str]) -> None:
    turns = asked(question)
    found = reply(after(turns, reply(turns), f'{operation}:\n```json\n{{"summary": "It is 412 ms."}}\n```'))
    assert found.say.startswith("It is 412 ms.")
    assert not found.calls


@pytest.mark.parametrize(
    "question",
    [
        "investigate checkout",
        "@CoPilot please investigate why checkout is slow in prod",
        "look into the errors of checkout",
        "what is wrong with checkout?",
    ],
)
def test_an_investigation_takes_two_steps_of_several_calls_and_ends_with_their_numbers(question: str) -> None:
    turns, steps = asked(question), []
    while (said := reply(turns)).calls:
        for call in said.calls:
            arguments = json.loads(call.arguments)
            assert arguments["service"] == "checkout"
            REGISTRY.get(own_name(call.name)).input.model_validate(arguments)
        steps.append([own_name(call.name) for call in said.calls])
        turns = after(turns, said, '{"summary": "412 ms since 15:02."}')
    assert steps == [["metrics.query", "metrics.query", "deploys.list"], ["metrics.explain", "logs.search"]]
    assert said.say.count("412 ms since 15:02.") == 4


def test_what_could_not_be_found_out_is_said() -> None:
    turns = asked("p95 of checkout")
    said = reply(after(turns, reply(turns), "Prometheus cannot be reached.", failed=True))
    assert said.say == "I could not find that out: Prometheus cannot be reached."


def test_anything_else_is_met_with_what_it_knows() -> None:
    assert "investigate checkout" in reply(asked("sing me a song")).say


async def test_it_runs_alone_on_the_command_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from bot.cli import main; main()",
        *("sandbox", "model", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while "ANTHROPIC_URL=" not in (line := (await process.stdout.readline()).decode()):
                assert line, "it ended"
        headers = {"x-api-key": "any", "anthropic-version": "2026-10-21"}
        async with httpx.AsyncClient(base_url=line.strip().partition("=")[2], headers=headers) as wire:
            said = [{"role": "user", "content": "thanks"}]
            asking = {"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": said}
            answer = (await wire.post("/v1/messages", json=asking)).json()
        assert answer["content"][0]["text"] == "You are welcome."
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0
