"""How well a brain understands, measured: the rules, and a model behind a real wire that says what a test wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.errors import ConfigurationError, InvalidInput
from bot.evaluation import ByModel, ByRules, Prediction, Report, Row, judged, missed, read_rows, scores
from integrations.anthropic.adapter import Claude
from integrations.sandbox.anthropic.server import ScriptedModel
from tests.language.knowing import LEXICON, NOW
from tests.sandbox.anthropic.stage import access_to

P95 = {
    "id": "a",
    "text": "p95 of checkout",
    "intent": "metric_query",
    "operation": "metrics.query",
    "entities": [{"type": "quantile", "value": 0.95}, {"type": "service", "value": "checkout"}],
}
ALERTS = {"id": "b", "text": "which alerts are firing?", "intent": "status_query", "operation": "alerts.list"}
LABELLED = """
rules:
  - when: {said: "p95 of"}
    do:
      say: '{{"intent": "metric_query", "operation": "metrics.query", "needs_clarification": false, "entities":
        [{{"type": "quantile", "value": 0.95}}, {{"type": "service", "value": "Checkout"}}]}}'
  - when: {said: "alerts"}
    do: {say: "I would rather chat"}
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n\n".join(json.dumps(each) for each in (P95, ALERTS)))
    return path


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(LABELLED) as served:
        yield served


async def last(rows: list[Row], predictor: ByRules | ByModel) -> Report:
    return [report async for report in judged(rows, predictor)][-1]


async def test_the_rules_are_judged_without_cost(corpus: Path) -> None:
    report = await last(read_rows(corpus), ByRules(LEXICON, NOW))
    figures = dict(scores(report))
    assert figures["operation"] == figures["intent"] == figures["clarification"] == "100.0%"
    assert (figures["cost"], figures["tokens"], figures["failures"]) == ("$0.0000", "0", "0")
    assert report.f1 == 1.0


async def test_a_model_is_judged_with_what_it_costs_and_where_it_fails(corpus: Path, model: ScriptedModel) -> None:
    claude = Claude(access_to(model))
    try:
        report = await last(read_rows(corpus), ByModel(claude, LEXICON, NOW))
    finally:
        await claude.close()
    assert report.share("operation") == 0.5
    assert report.f1 == 1.0, "Checkout is checkout"
    assert report.usd > 0
    assert report.tokens > 0
    assert [each.split(":")[0] for each in report.failed] == ["b"]
    assert missed(report) == [("b", "which alerts are firing?", "alerts.list", "nothing")]


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "holds no sentence"), ("{}", "corpus.jsonl:1: id"), ('{"id": "a"}\nno json', "corpus.jsonl:1: text")],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=why):
        read_rows(path)


def test_latency_is_that_of_the_share_asked_for() -> None:
    report = Report()
    row = Row.model_validate(P95)
    for seconds in range(1, 101):
        report.add(row, Prediction("", "", failed="x"), seconds / 1_000)
    assert (report.latency(0.5), report.latency(0.95)) == (51.0, 96.0)
    assert report.share("operation") == 0
    assert report.f1 == 0


# ---------------------------------------------------------------- in a terminal


Judge = Callable[..., str]


@pytest.fixture
def judge(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLM_COPILOT_CONFIG", raising=False)

    def call(*words: str) -> str:
        found = CliRunner().invoke(
            cli, ["eval", str(corpus), "--now", f"{datetime(2026, 3, 18, tzinfo=UTC):%FT%TZ}", *words]
        )
        if found.exception and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found.output

    return call


def test_the_command_prints_a_table(judge: Judge) -> None:
    said = judge("--misses")
    for expected in ("rules on 2 sentences", "entities, F1", "100.0%", "latency, p95", "missed"):
        assert expected in said


def test_without_a_key_no_model_is_judged(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLM_COPILOT_ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="anthropic_api_key"):
        judge("--brain", "claude")


def test_a_file_that_is_not_there_is_a_plain_error(judge: Judge, corpus: Path) -> None:
    corpus.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        judge()


async def test_the_command_asks_the_model(judge: Judge, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_COPILOT_ANTHROPIC_API_KEY", "sk-planted-and-secret")
    monkeypatch.setenv("LLM_COPILOT_ANTHROPIC_URL", model.url)
    said = await asyncio.to_thread(judge, "--brain", "claude", "--misses")
    assert "claude on 2 sentences" in said
    assert "50.0%" in said
    assert "alerts.list" in said
    assert "sk-planted" not in said
