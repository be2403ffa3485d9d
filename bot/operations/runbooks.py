"""Runbooks: which there are, and what one says. Running them is another matter, and said where it is not possible."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.door.registry import Registry
from bot.memory.knowledge import Knowledge
from bot.memory.knowledge_markdown import Kind, Page
from bot.observatory.observatory import Observatory
from bot.observatory.told import Grid, Step, Told
from bot.operations.knowledge import PageAnswer, opened, origin_of, source_of, told

RUN: Final = "runbooks.run"
RUNBOOK: Final[Kind] = "runbook"
NO_RUNNING: Final = "Nothing here runs a runbook by itself: people follow its steps"
MOST_OPENED: Final = 4
MOST_RUNBOOKS: Final = 200


class ListInput(Input):
    """Which of them."""

    service: str = Field("", description="Only those for this service; all of them, if left out.", max_length=100)
    text: str = Field("", description="Only those that fit these words.", max_length=500)


class RunbookView(Output):
    """A runbook in the list."""

    name: str
    title: str
    services: tuple[str, ...]
    about: str
    source: str


class RunbookList(Told):
    """The runbooks that were asked for."""

    runbooks: tuple[RunbookView, ...] = ()
    can_run: bool = False


@operation(
    "runbooks.list",
    title="Runbooks",
    permission="help:read",
    examples=("which runbooks are there?", "list the runbooks", "is there a runbook for this?"),
)
async def list_runbooks(wanted: ListInput, context: Context) -> RunbookList:
    """The runbooks of this installation: for a service, or for what is the matter, the fitting ones first."""
    library = await context.get(Knowledge).library()
    service = context.get(Observatory).service(wanted.service).name if wanted.service else ""
    every = library.of_kind(RUNBOOK)
    found = [page for page in every if not service or not page.services or service in page.services]
    if service:
        found.sort(key=lambda page: service not in page.services)
    if wanted.text:
        answer = library.ask(wanted.text, n=len(every), kinds=(RUNBOOK,))
        order = list(dict.fromkeys(each.page.path for each in answer.passages))
        found = sorted((page for page in found if page.path in order), key=lambda page: order.index(page.path))
    can_run = any(each.name == RUN for each in context.get(Registry))
    about = f" for {service}" if service else ""
    about += f" on “{wanted.text[:80]}”" if wanted.text else ""
    return RunbookList(
        summary=_summary(len(found), about),
        findings=() if can_run else (f"{NO_RUNNING} (there is no operation {RUN} here).",),
        sources=source_of(library),
        grid=Grid(
            columns=("runbook", "for", "what it is for"),
            rows=tuple((page.name, ", ".join(page.services) or "any service", page.lead) for page in found),
        ),
        steps=tuple(opened(page) for page in (found or every)[:MOST_OPENED]),
        runbooks=tuple(_view(page) for page in found[:MOST_RUNBOOKS]),
        can_run=can_run,
    )


def _summary(count: int, about: str) -> str:
    if not count:
        return f"I have no runbook{about}."
    return f"{'One runbook' if count == 1 else f'{count} runbooks'}{about}."


def _view(page: Page) -> RunbookView:
    return RunbookView(
        name=page.name,
        title=page.title,
        services=page.services,
        about=page.lead,
        source=f"{page.path} ({origin_of(page)})",
    )


class ShowInput(Input):
    """Which one."""

    runbook: str = Field(description="Its name, such as restart-service.", min_length=1, max_length=300)


class RunbookAnswer(PageAnswer):
    """A runbook, whole: its steps first."""

    can_run: bool = False


@operation(
    "runbooks.show",
    title="Runbook",
    permission="help:read",
    examples=("show the runbook restart-service", "open the runbook for database failover"),
)
async def show(wanted: ShowInput, context: Context) -> RunbookAnswer:
    """What a runbook says: when it is for, what to check before, its steps, how to verify, how to undo it."""
    library = await context.get(Knowledge).library()
    page = library.page(wanted.runbook, "runbook")
    can_run = any(each.name == RUN for each in context.get(Registry))
    steps = (Step(label="Run it", operation=RUN, values={"runbook": page.name}),) if can_run else ()
    answer = told(page, library, chiefly="steps", steps=(*steps, Step(label="All runbooks", operation="runbooks.list")))
    found = answer.findings if can_run else (*answer.findings, f"{NO_RUNNING}.")
    return RunbookAnswer(**{**dict(answer), "findings": found}, can_run=can_run)
