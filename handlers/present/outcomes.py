"""What came out of the door: done, waiting, refused or failed, and in each case what can be done next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.agent.events import Result
from bot.door.outcomes import Done, Failed, Problem, Refused, RefusedBecause, WaitingForApproval
from bot.guard.risk import Risk
from bot.ports import Json
from handlers.buttons import Form as FormOf
from handlers.buttons import OnApproval, Run, Say
from handlers.present.blocks import actions, confirm, context, press, section
from handlers.present.cutting import count, cut, cut_list, more
from handlers.present.escaping import AGO, bold, code, date, escape, prose, sentence
from handlers.present.message import Block, Part, Scene
from handlers.present.observatory import TOLD
from handlers.present.registry import presenters, presents
from handlers.present.values import general

MOST_PROBLEMS: Final = 8
TONES: Final[Mapping[RefusedBecause, tuple[str, str]]] = {
    "invalid": ("✏️", "Something in it does not fit yet"),
    "unknown-operation": ("🔎", "There is no such operation"),
    "identity": ("🪪", "You may not act here"),
    "permission": ("🔒", "You may not run this"),
    "policy": ("🛡️", "A rule is in the way"),
    "rate-limit": ("🐢", "That was a lot at once"),
    "concurrency": ("🚦", "Too much is running at the moment"),
    "approval": ("🤝", "The approval does not hold"),
    "conflict": ("🔀", "Somebody was first"),
}
"""What stands above a refusal; what happened and what helps follow in the refusal's own words."""
MOMENTARY: Final = frozenset({"rate-limit", "concurrency", "conflict"})
EMPTY: Final[Mapping[str, str]] = {
    "approvals.list": "Nothing is waiting.",
    "runs.list": "Nothing is running.",
    "dead_letters.list": "Nothing is left undone.",
    "audit.search": "Nothing in the audit trail fits.",
    "audit.export": "There are no more rows.",
    "operations.list": "No operation fits.",
    "help.show": "There is nothing here that you may use yet.",
}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "audit.search": ("at", "actor", "role", "operation", "event", "decision", "outcome"),
    "operations.list": ("name", "title", "risk", "permission"),
    "dead_letters.list": ("id", "error", "attempts", "state", "created_at"),
    "runs.list": ("id", "operation", "actor", "state", "started_at", "finished_at"),
    "approvals.list": ("id", "operation", "requester", "state", "approved", "quorum", "expires_at"),
}
"""What a table shows of each row; Details and Raw have all of it."""
UNTITLED: Final = frozenset({"help.show", "status.self", *TOLD})
"""What is a conversation, and no work that was done."""


@presents(Result)
def result(event: Result, scene: Scene) -> Part:
    match event.outcome:
        case Done():
            return _done(event, event.outcome, scene)
        case WaitingForApproval():
            return Part(_waiting(event, event.outcome), [])
        case Refused():
            return _refused(event, event.outcome, scene)
        case Failed():
            return _failed(event, event.outcome, scene)


def title_of(event: Result) -> str:
    return event.title.strip() or event.outcome.operation


def _done(event: Result, outcome: Done, scene: Scene) -> Part:
    part = presenters.output(outcome.operation, outcome.output, scene)
    if part is None:
        columns = COLUMNS.get(outcome.operation)
        part = general(outcome.output, scene, columns, empty_words(outcome.operation, event.values))
    elif not part.summary:
        part = Part([section(escape(empty_words(outcome.operation, event.values)))], part.details)
    head = [] if outcome.operation in UNTITLED else [section(f"✓ {bold(title_of(event))}")]
    again = [context("It had run before; this is what it gave then.")] if outcome.repeated else []
    return Part([*head, *part.summary, *again], part.details)


def empty_words(operation: str, values: Mapping[str, Json]) -> str:
    """What is said where there is nothing, and whether that is all."""
    narrowed = {name: item for name, item in values.items() if name not in {"limit", "everybody"} and item}
    if narrowed.get("state") in {None, "pending", "running", "open"} and len(narrowed) <= ("state" in narrowed):
        return EMPTY.get(operation, "There is nothing to show.")
    return "Nothing fits what you asked for."


def _waiting(event: Result, outcome: WaitingForApproval) -> list[Block]:
    head = f"⏳ {bold(title_of(event))} needs {count(outcome.quorum, 'approval')}. It runs by itself once it has them."
    who = ", ".join(outcome.who_may) or "nobody here"
    until = f"until {date(outcome.expires_at)} ({date(outcome.expires_at, AGO)})"
    lines = [head, f"Who may approve: {cut(escape(who), 600)}, {until}."]
    if outcome.why:
        lines.append(f"Why: {cut(sentence(outcome.why), 600)}")
    return [
        section("\n".join(lines)),
        *actions([press("Details", OnApproval(outcome.approval_id, "details"), aloud="Details of the request")]),
        context(f"Request {code(outcome.approval_id)}"),
    ]


def _refused(event: Result, outcome: Refused, scene: Scene) -> Part:
    face, words = TONES[outcome.because]
    lines = [f"{face} {bold(title_of(event))}: {words}.", cut(sentence(outcome.message), 1_200)]
    if outcome.mend:
        lines.append(cut(sentence(outcome.mend), 900))
    shown, left = cut_list(outcome.problems, MOST_PROBLEMS)
    said = [section("\n".join(lines))]
    if outcome.problems:
        listed = "\n".join(_problem(each) for each in shown)
        said.append(section(cut(listed + (f"\n{more(left, 'problem')}" if left else ""), 2_900, fences=True)))
    details = [section(_problem(each)) for each in outcome.problems] if left else []
    next_steps = actions(_after_refusal(event, outcome, scene))
    return Part([*said, *next_steps, context(f"Nothing was changed. Reference {code(outcome.trace_id)}")], details)


def _problem(problem: Problem) -> str:
    value = f" = {code(cut(problem.value, 120))}" if problem.value else ""
    mend = f" {cut(prose(problem.mend), 300)}" if problem.mend else ""
    return f"• {bold(problem.field) or '*input*'}{value}: {cut(prose(problem.why), 300).rstrip('.')}.{mend}"


def _after_refusal(event: Result, outcome: Refused, scene: Scene) -> list[Block | None]:
    known = knows(scene, outcome.operation)
    match outcome.because:
        case "invalid" if known:
            return [press("Fill in again", FormOf(outcome.operation, event.values), style="primary")]
        case "unknown-operation":
            return [press("Show what there is", Say("help"))]
        case "permission" | "policy" if knows(scene, "policies.explain"):
            why = Run("policies.explain", {"operation": outcome.operation, "parameters": dict(event.values)})
            return [press("Why", why, aloud="Why this was refused")]
        case because if because in MOMENTARY and known:
            return [_again(event, outcome.operation, scene)]
        case _:
            return []


def _failed(event: Result, outcome: Failed, scene: Scene) -> Part:
    name = bold(title_of(event))
    head = f"⏳ {name} is still running." if outcome.still_running else f"✗ {name} did not work."
    lines = [head, cut(sentence(outcome.message), 1_200)]
    if outcome.mend:
        lines.append(cut(sentence(outcome.mend), 900))
    steps: list[Block | None] = []
    if outcome.still_running and knows(scene, "runs.list"):
        steps.append(press("Show my runs", Run("runs.list")))
    if outcome.still_running and outcome.run_id and knows(scene, "runs.cancel"):
        steps.append(press("Cancel it", Run("runs.cancel", {"run": outcome.run_id}), style="danger", confirm=CANCEL))
    if outcome.retryable and not outcome.still_running and knows(scene, outcome.operation):
        steps.append(_again(event, outcome.operation, scene))
    wait = f" · it may work again {_soon(outcome.retry_after)}" if outcome.retryable and outcome.retry_after else ""
    details = [section(f"*What went wrong*\n{cut(escape(outcome.error), 2_500, fences=True)}")] if outcome.error else []
    return Part(
        [section("\n".join(lines)), *actions(steps), context(f"Reference {code(outcome.reference)}{wait}")], details
    )


def _soon(seconds: float) -> str:
    return "in a moment" if seconds < 2 else f"in {count(round(seconds), 'second')}"  # noqa: PLR2004


def _again(event: Result, operation: str, scene: Scene) -> Block | None:
    risk = next((each.risk for each in scene.registry if each.name == operation), Risk.READ)
    sure = confirm(f"Run {title_of(event)} again?", "It is asked for anew, with the same values.", "Run it")
    return press("Try again", Run(operation, event.values), confirm=sure if risk is Risk.DESTRUCTIVE else None)


def knows(scene: Scene, operation: str) -> bool:
    return any(each.name == operation for each in scene.registry)


CANCEL: Final = confirm(
    "Cancel this run?",
    "What it has changed so far stays changed.",
    "Cancel the run",
    "Let it run",
    danger=True,
)
