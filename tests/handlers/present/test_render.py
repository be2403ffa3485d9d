"""A whole answer: valid for both judges, the summary first, and everything else behind its buttons."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.agent.events import (
    Choice,
    Choices,
    Event,
    Facts,
    FormWanted,
    Picture,
    Plan,
    Result,
    Table,
    Task,
    Text,
    Trouble,
)
from bot.door.outcomes import Done
from handlers import buttons
from handlers.buttons import Form, OnAnswer, OnThread, Run, Say
from handlers.present import Rendered, Scene, details, query, raw, render, view
from handlers.present.blocks import FEEDBACK
from tests.handlers.judges import judge
from tests.handlers.present.strategies import HOSTILE, scene, scenes, turns

VERBS: tuple[Literal["details", "query", "raw", "more"], ...] = ("details", "query", "raw", "more")


def elements(blocks: Any) -> list[dict[str, Any]]:
    return [each for block in blocks if block["type"] == "actions" for each in block["elements"]]


def labels(rendered: Rendered) -> list[str]:
    return [each["text"]["text"] for each in elements(rendered.blocks)]


def judged(rendered: Rendered) -> str:
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    return json.dumps(rendered.blocks, ensure_ascii=False)


@given(turns, scenes, st.booleans())
@settings(deadline=None, max_examples=60)
def test_whatever_comes_is_a_message_that_slack_takes(events: list[Event], at: Scene, done: object) -> None:
    judged(render(events, at, done=bool(done)))


@given(turns, scenes, st.integers(-3, 9))
@settings(deadline=None, max_examples=40)
def test_every_window_behind_an_answer_is_valid(events: list[Event], at: Scene, page: int) -> None:
    for verb in VERBS:
        judge("view", view(verb, events, at, page))


@given(turns)
@settings(deadline=None, max_examples=40)
def test_every_button_reads_back(events: list[Event]) -> None:
    for each in elements(render(events, scene(), done=True).blocks):
        buttons.read(each["action_id"], each["value"])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_event_passes_an_entity_on(text: str) -> None:
    events = [
        Text(text),
        Plan(text),
        Task("a", text, "failed", text),
        Task("b", text, "done", text),
        Table(text, (text, "b"), ((text, text),)),
        Picture(b"", text, text),
        Facts(((text, text),), text, text),
        Choices((Choice(text, say=text),), text),
        FormWanted("maintenance.drill", text, {text: text}, text),
        Trouble(text, text, text),
        Result(Done({"why": text, text: text}, "gone.operation", "t", "r"), text, {text: text}),
    ]
    rendered = render(events, scene(), done=True)
    judged(rendered)
    for block in rendered.blocks:
        if block["type"] not in {"table", "plan", "rich_text", "actions"}:
            assert "<!channel" not in json.dumps(block)
            assert "<@" not in json.dumps(block)
    assert "<!channel" not in rendered.text
    assert "<@" not in rendered.text


def test_text_that_comes_in_pieces_is_one_text() -> None:
    rendered = render([Text("Hello **wo"), Task("a", "Looking"), Text("rld**")], scene(), done=True)
    assert [block["text"] for block in rendered.blocks if block["type"] == "markdown"] == ["Hello **world**"]
    assert rendered.text.startswith("Hello world")


def test_text_after_a_result_stays_after_it() -> None:
    done = Result(Done({"a": 1}, "gone.operation", "t", "r"), "T")
    kinds = [block["type"] for block in render([Text("a"), done, Text("b")], scene(""), done=True).blocks]
    assert kinds == ["markdown", "section", "section", "markdown"]


def test_at_the_very_start_something_is_said() -> None:
    rendered = render([], scene(stop=True), done=False)
    assert "Working on it" in rendered.text
    assert labels(rendered) == ["Stop"]


def test_a_plan_shows_the_newest_state_of_each_step() -> None:
    events = [
        Plan("Looking around"),
        Task("a", "One", "running"),
        Task("b", "Two", "pending"),
        Task("a", "One", "done"),
    ]
    plan = render(events, scene(), done=False).blocks[0]
    assert plan["title"] == "Looking around"
    assert [task["status"] for task in plan["tasks"]] == ["complete", "pending"]


def test_a_step_under_way_at_the_end_has_not_gone_well() -> None:
    events = [Plan("Looking around"), Task("a", "One", "running")]
    assert render(events, scene(), done=True).blocks[0]["tasks"][0]["status"] == "error"


def test_stop_is_offered_while_it_runs_and_only_then() -> None:
    at = scene(stop=True)
    assert labels(render([Text("a")], at, done=False)) == ["Stop"]
    assert labels(render([Text("a")], at, done=True)) == []


def test_a_followed_thread_can_be_left() -> None:
    button = elements(render([Text("a")], scene(following=True), done=True).blocks)[0]
    assert buttons.read(button["action_id"], button["value"]) == OnThread()


def test_feedback_comes_at_the_end_and_reads_as_an_act() -> None:
    last = render([Text("a")], scene(), done=True).blocks[-1]
    pair = last["elements"][0]
    assert pair["action_id"] == FEEDBACK
    assert buttons.read("answer", pair["positive_button"]["value"]) == OnAnswer("ans-1", "up")
    assert buttons.read("answer", pair["negative_button"]["value"]) == OnAnswer("ans-1", "down")
    assert all(block["type"] != "context_actions" for block in render([Text("a")], scene(), done=False).blocks)
    assert all(block["type"] != "context_actions" for block in render([Text("a")], scene(""), done=True).blocks)


def test_buttons_are_there_only_where_something_is_behind_them() -> None:
    assert labels(render([Text("a")], scene(), done=True)) == []
    assert labels(render([Facts(query="up")], scene(), done=True)) == ["Show query"]
    assert labels(render([Result(Done({"a": 1}, "gone.operation", "t", "r"), "T")], scene(), done=True)) == ["Raw"]
    assert "Details" in labels(render([table(140)], scene(), done=True))
    assert labels(render([table(140), Facts(query="up")], scene(""), done=True)) == []


def table(rows: int, title: str = "Rows") -> Table:
    return Table(title, ("name", "count"), tuple((f"row-{at}", str(at)) for at in range(rows)), frozenset({1}))


def test_a_long_table_says_what_is_missing_and_where_it_is() -> None:
    rendered = render([table(139)], scene(), done=True)
    assert "… 40 more rows are behind Details" in judged(rendered)
    assert not rendered.files
    title, blocks, pages = details([table(139)], scene(), 1)
    everything = [json.dumps(details([table(139)], scene(), page)[1]) for page in range(1, pages + 1)]
    assert title == "Details"
    assert blocks
    assert all(any(f"row-{at} " in page for page in everything) for at in range(139))


def test_a_very_long_table_is_a_file_too() -> None:
    file = render([table(300, "=Rows / All")], scene(), done=True).files[0]
    assert file.name == "rows-all.csv"
    assert file.content.decode().splitlines()[300] == "row-299,299"
    assert file.alt.startswith("=Rows / All: 300 rows")
    assert not render([table(300)], scene(), done=False).files


def test_a_cell_is_no_formula_in_the_file() -> None:
    rows = tuple((text, "-1.5") for text in ["=1+1", "@x", "+y", *map(str, range(200))])
    content = render([Table("t", ("a", "b"), rows)], scene(), done=True).files[0].content.decode()
    assert content.splitlines()[1:4] == ["'=1+1,-1.5", "'@x,-1.5", "'+y,-1.5"]


def test_a_long_output_is_a_file_too() -> None:
    flat: Any = {"rows": [{"a": at} for at in range(201)]}
    deep: Any = {"rows": [{"a": {"b": at}} for at in range(201)]}
    names = [
        render([Result(Done(output, "gone.operation", "t", "r"), "T")], scene(), done=True).files[0].name
        for output in (flat, deep)
    ]
    assert names == ["gone-operation-rows.csv", "gone-operation-rows.json"]


def test_a_long_text_is_cut_in_the_message_and_whole_in_the_file_and_in_details() -> None:
    text = "\n\n".join(f"paragraph-{at} " + "word " * 50 for at in range(100))
    rendered = render([Text(text)], scene(), done=True)
    assert "more characters" in judged(rendered)
    assert rendered.files[0].content.decode() == text
    pages = details([Text(text)], scene(), 1)[2]
    assert "paragraph-99" in json.dumps(details([Text(text)], scene(), pages)[1])
    assert labels(rendered) == ["Details"]


def test_facts_are_one_line() -> None:
    facts = Facts((("environment", "Production"), ("window", "last hour"), ("zone", "UTC"), ("age", "12 s old")))
    block = render([facts], scene(""), done=True).blocks[0]
    assert block["elements"][0]["text"] == "Production · last hour · UTC · 12 s old"


def test_a_picture_goes_along_and_is_told() -> None:
    picture = Picture(b"png", "Latency", "p95 rises from 200 ms to 900 ms at 15:00")
    rendered = render([picture], scene(""), done=True)
    assert rendered.pictures == (picture,)
    assert "p95 rises from 200 ms" in rendered.text


def test_below_a_picture_stand_whole_parts_of_what_it_shows() -> None:
    def below(alt: str) -> str:
        said: str = render([Picture(b"png", "Latency", alt)], scene(""), done=True).blocks[0]["elements"][0]["text"]
        return said

    first = "Latency of payments, 06:00–07:00 UTC: p95 rises from 200 ms to 900 ms"
    assert below(f"{first}; highest {'at 06:41 ' * 12}; 2 marks") == f"📈 {first}"
    assert below(f"{first}; 2 marks") == f"📈 {first}; 2 marks"
    assert below("word " * 60) == "📈 *Latency*"


def test_a_channel_is_a_mention_in_its_own_column_only() -> None:
    cell = render([Table("", ("watch", "speaks in"), (("C0OPS", "C0OPS"), ("x", "here")))], scene(""), done=True)
    (_, (name, place), (_, here)) = cell.blocks[0]["rows"]
    assert (name["type"], name["text"]) == ("raw_text", "C0OPS")
    assert place["elements"][0]["elements"] == [{"type": "channel", "channel_id": "C0OPS"}]
    assert (here["type"], here["text"]) == ("raw_text", "here")
    two = Table("", ("watch", "speaks in"), (("w", "C0OPS"),))
    lines = render([two, two], scene(""), done=True).blocks[1]
    assert "C0OPS" in json.dumps(lines), "a message has one table, the other is lines"


def test_choices_are_buttons_that_do_what_they_say() -> None:
    choices = Choices(
        (Choice("A", say="a"), Choice("B", operation="runs.list"), Choice("C", operation="x.y", form=True))
    )
    found = [
        buttons.read(each["action_id"], each["value"])
        for each in elements(render([choices], scene(), done=True).blocks)
    ]
    assert found == [Say("a"), Run("runs.list"), Form("x.y")]


def test_many_choices_are_behind_more() -> None:
    choices = Choices(tuple(Choice(f"choice {at}") for at in range(30)), "Which?")
    rendered = render([choices], scene(), done=True)
    assert labels(rendered) == ["choice 0", "choice 1", "choice 2", "choice 3", "More (26)"]
    assert len(elements(view("more", [choices], scene())["blocks"])) == 30
    assert "… 10 more choices" in judged(render([choices], scene(""), done=True))


def test_a_form_is_offered_with_what_is_known() -> None:
    wanted = FormWanted("maintenance.drill", "Practice drill", {"label": "x"}, "the environment is missing")
    rendered = render([wanted], scene(""), done=True)
    assert "The environment is missing." in rendered.text
    button = elements(rendered.blocks)[0]
    assert buttons.read(button["action_id"], button["value"]) == Form("maintenance.drill", {"label": "x"})


def test_values_too_long_for_a_button_are_asked_for_in_the_form() -> None:
    choice = Choice("Go", operation="maintenance.drill", values={"label": "x" * 3_000, "environment": "staging"})
    button = elements(render([Choices((choice,))], scene(), done=True).blocks)[0]
    assert buttons.read(button["action_id"], button["value"]) == Form("maintenance.drill", {"environment": "staging"})


def test_trouble_says_what_helps_and_can_be_tried_again() -> None:
    rendered = render([Trouble("the directory does not answer", "Wait a minute", "trace-1")], scene(), done=True)
    assert "The directory does not answer." in rendered.text
    assert "Wait a minute." in rendered.text
    assert "`trace-1`" in rendered.text
    assert labels(rendered) == ["Try again"]


def test_raw_is_what_came_out_of_the_door() -> None:
    events = [Result(Done({"a": "<&>"}, "x.y", "t", "r"), "T"), Text("words")]
    assert json.loads(raw(events))["output"] == {"a": "<&>"}


def test_a_query_is_shown_as_it_was_run() -> None:
    assert query([Facts(query="rate(x[5m]) > 0", language="promql")]) == "_promql_\n```\nrate(x[5m]) &gt; 0\n```"


@pytest.mark.parametrize("surface", ["home", "modal"])
def test_an_answer_within_a_view_uses_what_a_view_has(surface: str) -> None:
    rendered = render([Text("**a**"), table(3), Plan("p"), Task("a", "A")], scene(surface=surface), done=False)
    title = {"title": {"type": "plain_text", "text": "t"}} if surface == "modal" else {}
    judge("view", {"type": surface, "blocks": list(rendered.blocks), **title})
