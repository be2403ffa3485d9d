"""A whole answer as one message: the summary first, and behind its buttons the details, the query and the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from bot.agent.events import (
    Choice,
    Choices,
    Event,
    Facts,
    FormWanted,
    Picture,
    Plan,
    Progress,
    Result,
    Table,
    Task,
    Text,
    Trouble,
)
from bot.door.outcomes import Done
from bot.door.runner import OUTCOME
from bot.ports import Json
from handlers.buttons import Act, Form, OnAnswer, OnThread, Run, Say
from handlers.present.blocks import (
    MOST_IN_A_ROW,
    TaskStatus,
    actions,
    context,
    feedback,
    fields,
    markdown,
    modal,
    plan,
    preformatted,
    press,
    section,
    table,
)
from handlers.present.cutting import cut, more, pieces
from handlers.present.escaping import bold, clean, code, escape, prose, sentence
from handlers.present.limits import HOME, MARKDOWN, MESSAGE, MODAL, as_file, fit
from handlers.present.message import Attached, Block, Part, Rendered, Scene, View
from handlers.present.mrkdwn import fence, safe_markdown
from handlers.present.registry import presenters, presents
from handlers.present.spoken import spoken
from handlers.present.surfaces import for_view, page_of
from handlers.present.values import IN_A_FILE, MOST_IN_CELL, MOST_SHOWN, csv_file, is_table, json_file, pairs, rows_of

CHANNELS: Final = frozenset({"speaks in"})
"""Columns of channels."""
MOST_CHOICES: Final = 20
SEEN: Final = 140
"""Characters of what a picture shows; the picture itself carries all of it."""
PART: Final = re.compile(r"(?<=[;.]) ")
MOST_KNOWN: Final = 6
STATUS: Final[dict[Progress, TaskStatus]] = {
    "pending": "pending",
    "running": "in_progress",
    "done": "complete",
    "failed": "error",
}


def render(events: Iterable[Event], scene: Scene, *, done: bool) -> Rendered:
    """The message as it is now; `done` when no more events come."""
    presenters.load()
    seen = joined(events)
    parts = [presenters.event(event, scene) for event in seen if not isinstance(event, (Plan, Task, Facts, Choices))]
    body = [*_progress(seen, done=done), *(block for part in parts for block in part.summary)]
    body += [block for each in seen if isinstance(each, Facts) for block in presenters.event(each, scene).summary]
    body += [block for each in seen if isinstance(each, Choices) for block in presenters.event(each, scene).summary]
    if not body:
        body = [context("_Working on it …_")] if not done else [section("There is nothing to show.")]
    controls = actions(_buttons(seen, scene, deep=any(part.details for part in parts), done=done))
    voice = [feedback(scene.answer)] if done and scene.answer and scene.surface != "home" else []
    blocks = [*body, *controls, *voice]
    match scene.surface:
        case "home":
            blocks = fit(for_view(blocks, "home"), HOME)
        case "modal":
            blocks = fit(for_view(blocks, "modal"), MODAL)
        case _:
            blocks = fit(blocks, MESSAGE)
    pictures = tuple(each for each in seen if isinstance(each, Picture))
    return Rendered(spoken(blocks), tuple(blocks), pictures, files(seen, scene) if done else ())


def joined(events: Iterable[Event]) -> list[Event]:
    """Pieces of text that follow each other as one; progress in between does not part them."""
    seen: list[Event] = []
    last: int | None = None
    for event in events:
        if isinstance(event, Text):
            if last is None:
                last = len(seen)
                seen.append(event)
            else:
                before = seen[last]
                assert isinstance(before, Text)
                seen[last] = Text(before.markdown + event.markdown)
            continue
        if not isinstance(event, (Plan, Task)):
            last = None
        seen.append(event)
    return seen


def _progress(events: Sequence[Event], *, done: bool) -> list[Block]:
    """The plan and the newest state of each step. What was under way at the end did not end well."""
    title = next((each.title for each in reversed(events) if isinstance(each, Plan)), "")
    tasks = {each.id: each for each in events if isinstance(each, Task)}
    alone = done and not title and len(tasks) == 1  # its result says as much
    if alone or not (title or tasks):
        return []
    over: dict[TaskStatus, TaskStatus] = {"in_progress": "error", "pending": "pending"}
    steps = []
    for task in tasks.values():
        status = STATUS[task.state]
        steps.append((task.id or "step", task.title, over.get(status, status) if done else status, task.details))
    return [plan(title or "Steps", steps)] if steps else [context(f"_{escape(title).replace('_', ' ')} …_")]


def _buttons(events: Sequence[Event], scene: Scene, *, deep: bool, done: bool) -> list[Block | None]:
    steps: list[Block | None] = []
    if scene.answer and done:
        if deep:
            steps.append(press("Details", OnAnswer(scene.answer, "details"), aloud="Details of this answer"))
        if queries(events):
            steps.append(press("Show query", OnAnswer(scene.answer, "query"), aloud="The query behind the numbers"))
        if any(isinstance(each, Result) for each in events):
            steps.append(press("Raw", OnAnswer(scene.answer, "raw"), aloud="The outcome as JSON"))
    if scene.answer and scene.stop and not done:
        steps.append(press("Stop", OnAnswer(scene.answer, "stop"), style="danger", aloud="Stop working on this"))
    if scene.following:
        steps.append(press("Stop listening", OnThread(), aloud="Stop listening in this thread"))
    return steps


# ---------------------------------------------------------------- each kind of event


@presents(Text)
def text(event: Text, _: Scene) -> Part:
    shown = safe_markdown(event.markdown).strip()
    if not shown:
        return Part([], [])
    whole = [markdown(piece) for piece in pieces(shown, MARKDOWN)] if len(shown) > MARKDOWN else []
    return Part([markdown(cut(shown, MARKDOWN, fences=True))], whole)


@presents(Table)
def rows(event: Table, scene: Scene) -> Part:
    head = [section(bold(event.title))] if bold(event.title) else []
    if not event.rows or not event.columns:
        return Part([*head, context("There are no rows.")], [])
    short = [[cut(cell, MOST_IN_CELL) for cell in row] for row in event.rows[: min(event.most, MOST_SHOWN)]]
    whole = len(short) == len(event.rows) and all(
        list(row) == kept for row, kept in zip(event.rows, short, strict=True)
    )
    left = len(event.rows) - len(short)
    note = [context(more(left, "row") + (" are behind Details" if scene.answer else ""))] if left else []
    narrow = sum(map(len, event.columns)) + sum(len(cell) for row in short for cell in row) < 8_000  # noqa: PLR2004
    channels = frozenset(at for at, name in enumerate(event.columns) if name in CHANNELS)
    everything = [*head, table(event.columns, event.rows, event.numeric, channels)]
    return Part(
        [*head, table(event.columns, short, event.numeric, channels), *note],
        [] if whole and narrow and len(event.columns) <= 20 else everything,  # noqa: PLR2004
    )


@presents(Picture)
def picture(event: Picture, _: Scene) -> list[Block]:
    """The picture itself is uploaded; this says what is seen."""
    return [context(f"📈 {escape(_caption(event)) or bold(event.title)}")]


def _caption(event: Picture) -> str:
    """As many of its whole parts as are quickly read."""
    kept = ""
    for part in PART.split(clean(event.alt).strip()):
        longer = f"{kept} {part}".strip()
        if len(longer) > SEEN:
            break
        kept = longer
    return kept.rstrip(";")


@presents(Facts)
def facts(event: Facts, _: Scene) -> list[Block]:
    shown = [cut(escape(value), 200) for _, value in event.items if clean(value).strip()]
    return [context(" · ".join(shown))] if shown else []


@presents(Choices)
def choices(event: Choices, scene: Scene) -> list[Block]:
    """The first ones as buttons in one row; beyond them a button that opens them all."""
    asked = _asked(event)
    buttons = [each for each in map(choice, event.choices) if each]
    if len(buttons) > MOST_IN_A_ROW and scene.answer:
        shown = buttons[: MOST_IN_A_ROW - 1]
        rest = press(f"More ({len(buttons) - len(shown)})", OnAnswer(scene.answer, "more"), aloud="More to choose from")
        return [*asked, *actions([*shown, rest])]
    left = len(buttons) - MOST_CHOICES
    return [*asked, *actions(buttons[:MOST_CHOICES]), *([context(more(left, "choice"))] if left > 0 else [])]


def _asked(event: Choices) -> list[Block]:
    return [section(cut(prose(event.question), 2_900))] if clean(event.question).strip() else []


def choice(found: Choice) -> Block | None:
    if found.operation:
        act: Act = (Form if found.form else Run)(found.operation, found.values)
    else:
        act = Say(found.say or found.label)
    return press(found.label, act)


@presents(FormWanted)
def form_wanted(event: FormWanted, _: Scene) -> list[Block]:
    lines = [f"📝 {bold(event.title or event.operation)}"]
    if event.why.strip():
        lines.append(cut(sentence(event.why), 1_500))
    known = pairs(event.values)
    left = [context(more(len(known) - MOST_KNOWN, "value"))] if len(known) > MOST_KNOWN else []
    button = press("Fill in the form", Form(event.operation, event.values), style="primary")
    return [section("\n".join(lines)), *fields(known[:MOST_KNOWN]), *left, *actions([button])]


@presents(Trouble)
def trouble(event: Trouble, scene: Scene) -> list[Block]:
    lines = [f"⚠️ {cut(sentence(event.message), 1_500) or 'Something went wrong.'}"]
    if event.mend.strip():
        lines.append(cut(sentence(event.mend), 1_000))
    again = press("Try again", OnAnswer(scene.answer, "again")) if scene.answer else None
    reference = [context(f"Reference {code(event.reference)}")] if event.reference else []
    return [section("\n".join(lines)), *actions([again]), *reference]


@presents(Event)
def unknown(event: Event, _: Scene) -> list[Block]:
    return [context(f"This face has no way to show {code(type(event).__name__)}.")]


# ---------------------------------------------------------------- what is behind the buttons


def details(events: Iterable[Event], scene: Scene, page: int = 1) -> tuple[str, list[Block], int]:
    """A page of all that the message left out: its title, its blocks, and how many pages there are."""
    presenters.load()
    seen = [each for each in joined(events) if not isinstance(each, (Plan, Task, Choices))]
    found = [presenters.event(event, scene) for event in seen]
    blocks = [block for part in found for block in (part.details or part.summary)]
    readable = [block for block in blocks if block["type"] != "actions"]
    shown, pages = page_of(readable, scene.answer, "details", page)
    return "Details", shown, pages


def all_choices(events: Iterable[Event], scene: Scene, page: int = 1) -> tuple[str, list[Block], int]:
    """What the button More opens."""
    asked = [each for each in events if isinstance(each, Choices)]
    blocks: list[Block] = []
    for each in asked:
        blocks += _asked(each)
        blocks += actions(map(choice, each.choices))
    blocks = blocks or [section("There is nothing to choose from.")]
    shown, pages = page_of(blocks, scene.answer, "more", page)
    return "Choices", shown, pages


def raw(events: Iterable[Event]) -> str:
    """The outcomes as JSON, exactly as they came out of the door."""
    found = [OUTCOME.dump_python(each.outcome, mode="json") for each in events if isinstance(each, Result)]
    return json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False)


def queries(events: Iterable[Event]) -> list[tuple[str, str]]:
    """The queries that were run, each with its language."""
    return [(each.query, each.language) for each in events if isinstance(each, Facts) and each.query.strip()]


def query(events: Iterable[Event]) -> str:
    """The queries in mrkdwn, to be copied."""
    return "\n\n".join(fence(text, language) for text, language in queries(events))


def view(
    verb: Literal["details", "query", "raw", "more"], events: Sequence[Event], scene: Scene, page: int = 1
) -> View:
    """The modal behind a button of an answer."""
    match verb:
        case "details":
            title, blocks, _ = details(events, scene, page)
        case "more":
            title, blocks, _ = all_choices(events, scene, page)
        case "query":
            title = "Query"
            asked = [preformatted(piece) for text, _ in queries(events) for piece in pieces(text, 2_900)]
            notes = [block for each in events if isinstance(each, Facts) for block in facts(each, scene)]
            blocks, _ = page_of([*asked, *notes], scene.answer, "query", page)
        case "raw":
            title = "Raw"
            blocks, _ = page_of(
                [preformatted(piece) for piece in pieces(raw(events), 2_900)], scene.answer, "raw", page
            )
    return modal(title, fit(blocks, MODAL))


def files(events: Iterable[Event], scene: Scene) -> tuple[Attached, ...]:
    """What is too long to be read in a message, as files to keep."""
    found: list[Attached] = []
    for event in events:
        match event:
            case Text(markdown=written) if len(written) > MARKDOWN:
                found.append(as_file("answer.md", clean(written), "The whole answer"))
            case Table() if len(event.rows) > IN_A_FILE:
                found.append(csv_file(file_name(event.title), event.title or "Rows", event.columns, event.rows))
            case Result(outcome=Done(output={"model": dict() as model}, operation="dashboards.generate"), title=title):
                found.append(json_file("dashboard", title, model))
            case Result(outcome=Done(output=dict() as output, operation=operation), title=title):
                found += _files_of(operation, title, output, scene)
    return tuple(found)


def _files_of(operation: str, title: str, output: dict[str, Json], scene: Scene) -> list[Attached]:
    found: list[Attached] = []
    for name, item in output.items():
        if isinstance(item, list) and len(item) > IN_A_FILE:
            if is_table(item) and all(_flat(row) for row in item):
                heads, cells, _ = rows_of([row for row in item if isinstance(row, dict)], scene)
                found.append(csv_file(f"{file_name(operation)}-{file_name(name)}", title or operation, heads, cells))
            else:
                found.append(json_file(f"{file_name(operation)}-{file_name(name)}", title or operation, item))
    return found


def _flat(row: Json) -> bool:
    return isinstance(row, dict) and not any(isinstance(item, (dict, list)) for item in row.values())


def file_name(title: str) -> str:
    """Letters, digits and dashes of it."""
    name = "".join(each if each.isascii() and each.isalnum() else "-" for each in title.lower())
    return "-".join(part for part in name.split("-") if part)[:60] or "rows"
