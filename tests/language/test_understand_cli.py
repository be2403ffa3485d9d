from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.errors import InvalidInput

AT = ("--now", "2026-03-18T15:30:00Z")


def ran(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["understand", *arguments, *AT])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_it_says_what_it_understood_and_why() -> None:
    text = ran("p95 of chekcout in prod since 9am")
    for part in (
        "metrics.query",
        "service = checkout",
        "“chekcout”",
        "2026-03-18T09:00:00Z",
        "histogram_quantile",
        "because",
    ):
        assert part in text


def test_it_says_it_in_json() -> None:
    told = json.loads(ran("--json", "deploy", "it"))
    assert (told["operation"], told["needs_clarification"], told["query"]) == ("deploy.start", True, None)


def test_a_file_becomes_one_prediction_a_line(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text('{"id": "a", "text": "p95 of cart"}\n{"id": "b", "text": "hi"}\n', encoding="utf-8")
    lines = [json.loads(line) for line in ran("--jsonl", str(file)).splitlines()]
    assert [(line["id"], line["operation"]) for line in lines] == [("a", "metrics.query"), ("b", "chat.smalltalk")]
    assert lines[0]["query"]["language"] == "promql"
    assert set(lines[0]) == {"id", "intent", "operation", "entities", "query", "needs_clarification"}


def test_a_bad_line_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"id": "a", "text": "p95 of cart"}\n{"text": 3}\n', encoding="utf-8")
    with pytest.raises(InvalidInput, match="line 2"):
        ran("--jsonl", str(file))


def test_words_and_a_file_at_once_are_refused(tmp_path: Path) -> None:
    assert "either words or --jsonl" in " ".join(ran("hi", "--jsonl", str(tmp_path / "x")).replace("│", " ").split())
    assert "either words or --jsonl" in " ".join(ran().replace("│", " ").split())
