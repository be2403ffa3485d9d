"""A turn in a terminal: what stands where, the exit code, and that no text from outside is obeyed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.agent.events import Choice, Choices, Event, Facts, FormWanted, Picture, Result, Table, Task, Text, Trouble
from bot.door.outcomes import Done, Failed, Refused
from bot.door.registry import Registry
from bot.ports import Json
from bot.spoken import FAILED, USAGE, Spoken

REGISTRY = Registry.discover()
NASTY = "\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] \u202e"
TOLD: Mapping[str, Json] = {
    "summary": "P95 is 1 s [now].",
    "findings": ["worse", NASTY],
    "sources": [{"name": "loki", "state": "down", "note": "no answer"}, {"name": "tempo", "state": "fresh"}],
    "repaired": "sum((",
}


async def heard(*events: Event, as_json: bool = False, pictures: Path | None = None) -> tuple[int, str, str]:
    """The exit code, and what stands on each stream."""
    out, aside = StringIO(), StringIO()

    async def stream() -> AsyncIterator[Event]:
        for event in events:
            yield event

    spoken = Spoken(
        Console(file=out, width=200), Console(file=aside, width=200), REGISTRY, as_json=as_json, pictures=pictures
    )
    return await spoken.say(stream(), "what?"), out.getvalue(), aside.getvalue()


def done(output: Json, operation: str = "metrics.query") -> Result:
    return Result(Done(output, operation, "trace", "run"), "Metrics")


async def test_the_sentence_comes_first_then_what_stands_out_and_what_is_missing() -> None:
    code, out, aside = await heard(Task("1", "metrics.query"), done(dict(TOLD)))
    assert code == 0
    assert out.splitlines()[:2] == ["P95 is 1 s [now].", "  • worse"]
    assert "! loki (down): no answer" in out
    assert "tempo" not in out
    assert "it was sum((" in out
    assert "understood as" in aside


async def test_json_is_json_and_nothing_else() -> None:
    facts = Facts((("where", "checkout"),), "up", "promql")
    code, out, aside = await heard(done(dict(TOLD)), facts, Picture(b"", "x", "y"), as_json=True)
    assert code == 0
    assert json.loads(out)["output"]["summary"] == TOLD["summary"]
    assert aside == ""


async def test_nothing_from_outside_is_obeyed() -> None:
    """Neither by the terminal nor by what draws on it."""
    events = [
        done(dict(TOLD)),
        Table(NASTY, ("a", NASTY), ((NASTY, "1"),), frozenset({1})),
        Facts((("where", NASTY),), NASTY, "promql"),
        Choices((Choice(NASTY, operation="logs.search", values={"service": NASTY}), Choice(NASTY, say=NASTY))),
        Picture(b"", NASTY, NASTY),
        Text(NASTY),
        Trouble(NASTY, NASTY),
    ]
    _, out, aside = await heard(*events)
    for said in (out, aside):
        assert not {"\x1b", "\x07", "\u202e"} & set(said)
        assert "[bold]x[/bold]" in said


async def test_a_table_keeps_brackets_and_aligns_numbers() -> None:
    _, out, _ = await heard(Table("", ("service", "p95"), (("cart [1]", "9 ms"), ("api", "120 ms")), frozenset({1})))
    assert "cart [1]" in out
    assert "  9 ms" in out


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Trouble("it is broken", "Mend it"), FAILED),
        (Text("I am not sure what you mean. I would rather ask than guess."), USAGE),
        (Text("The cause is not sure."), 0),
        (Result(Failed("down", "wait", retryable=True, operation="x.y", trace_id="t", run_id=""), "X"), 5),
        (Result(Refused("permission", "no", "ask", "x.y", "t"), "X"), 3),
    ],
)
async def test_the_exit_code_says_how_it_went(event: Event, code: int) -> None:
    assert (await heard(event))[0] == code


async def test_a_change_is_not_guessed_but_spelt_out() -> None:
    wanted = FormWanted("approvals.decide", "Decide", {"approval": "apr-1; rm -rf /"}, "it changes something")
    code, out, _ = await heard(wanted)
    assert code == USAGE
    assert "llm-copilot run-op approvals.decide --approval 'apr-1; rm -rf /' --verdict …" in out


async def test_ways_to_go_on_can_be_typed() -> None:
    choice = Choice("Show logs", operation="logs.search", values={"service": "cart", "window": "last 2 hours"})
    _, _, aside = await heard(done(dict(TOLD)), Choices((choice, Choice("Help", say="help"))))
    assert "Show logs: llm-copilot run-op logs.search --service cart --window 'last 2 hours'" in aside
    assert "llm-copilot ask help" in aside


async def test_pictures_are_kept_in_the_folder_whatever_they_are_called(tmp_path: Path) -> None:
    folder = tmp_path / "charts"
    _, _, aside = await heard(Picture(b"png", "../../P95 · checkout", "a chart"), pictures=folder)
    assert [each.name for each in folder.iterdir()] == ["p95-checkout.png"]
    assert "p95-checkout.png" in aside
    _, _, aside = await heard(Picture(b"png", "x", "what is seen"))
    assert aside.strip() == "what is seen"
