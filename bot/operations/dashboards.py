"""The queries of a conversation as a dashboard of Grafana's."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bot.agent.answers import AnswerStore
from bot.agent.events import Facts, Result
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.errors import NotFound
from bot.observatory.comparing import BESIDE
from bot.observatory.dashboards import SOURCES, Language, Panel, dashboard

MOST_ANSWERS = 50


class Asked(Input):
    """One query of its own."""

    query: str = Field(min_length=1, max_length=2_000)
    title: str = Field("", max_length=200)
    language: Language = "promql"


class GenerateInput(Input):
    """What to call it, and what stands in it."""

    title: str = Field("CoPilot", description="What the dashboard is called.", min_length=1, max_length=200)
    queries: tuple[Asked, ...] = Field(
        (), description="The queries; those of this conversation, if left out.", max_length=MOST_ANSWERS
    )


class Dashboard(Output):
    """A JSON model, as Grafana imports it."""

    title: str
    panels: int
    model: dict[str, Any]


@operation(
    "dashboards.generate",
    title="Dashboard",
    permission="metrics:read",
    examples=("make a dashboard of this", "generate a dashboard from these queries"),
)
async def generate(wanted: GenerateInput, context: Context) -> Dashboard:
    """A Grafana dashboard of the queries of this conversation, as JSON to import; Grafana asks for the sources."""
    panels = [Panel(each.title or each.query, each.query, each.language) for each in wanted.queries]
    if not panels:
        panels = await _of_conversation(context)
    if not panels:
        raise NotFound(
            "there is no query in this conversation yet",
            mend="Ask something first, such as “p95 of checkout”, and then for the dashboard in the same thread.",
        )
    return Dashboard(title=wanted.title, panels=len(panels), model=dashboard(wanted.title, panels))


async def _of_conversation(context: Context) -> list[Panel]:
    """In the order in which they were asked, each once."""
    origin = context.origin
    if not origin.channel or not origin.thread:
        return []
    found: dict[str, Panel] = {}
    answers = await context.get(AnswerStore).in_thread(origin.channel, origin.thread, MOST_ANSWERS)
    for answer in reversed(answers):
        if not answer.visible_to(context.identity.id, origin.channel):
            continue
        titles = [event.title for event in answer.events if isinstance(event, Result)]
        for event in answer.events:
            language = next((each for each in SOURCES if isinstance(event, Facts) and each == event.language), None)
            if isinstance(event, Facts) and language:
                title = answer.question or next(iter(titles), "")
                for query in filter(None, event.query.split(BESIDE)):
                    found.setdefault(query, Panel(title or query, query, language))
    return list(found.values())
