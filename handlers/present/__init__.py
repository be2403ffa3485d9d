"""Typed events as Block Kit: `render` makes a whole message of them, one presenter for each kind.

A plug-in brings presenters of its own through the entry point group `llm_copilot.presenters`: a module whose
functions are marked with `presents(EventType)` or `presents_output("operation.name")`.
"""

import handlers.present.outcomes
import handlers.present.outputs  # noqa: F401  # presenters register as they are imported
from handlers.present.answer import all_choices, details, queries, query, raw, render, view
from handlers.present.message import Attached, Block, Part, Rendered, Scene, View
from handlers.present.registry import presenters, presents, presents_output

__all__ = [
    "Attached",
    "Block",
    "Part",
    "Rendered",
    "Scene",
    "View",
    "all_choices",
    "details",
    "presenters",
    "presents",
    "presents_output",
    "queries",
    "query",
    "raw",
    "render",
    "view",
]
