"""Approvals, runs and alerts as lines of a list: the same words in answers and on the Home tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.ports import Json
from handlers.buttons import OnApproval, Run
from handlers.present.alert import FACES
from handlers.present.blocks import actions, confirm, context, press, section
from handlers.present.cutting import cut, cut_list, more
from handlers.present.escaping import AGO, bold, code, date, escape, mention
from handlers.present.message import Block, Scene
from handlers.present.outcomes import CANCEL, knows
from handlers.present.values import RISKS, STATES, instant, shown

MOST_LINES: Final = 8
DESTRUCTIVE: Final = "destructive"
Rows = Sequence[Mapping[str, Json]]


def approvals(rows: Rows, scene: Scene, most: int = MOST_LINES) -> list[Block]:
    """Each with what it is for and who asked; Approve only for those who may."""
    kept, left = cut_list(rows, most)
    blocks = [block for row in kept for block in approval(row, scene)]
    return [*blocks, *([context(more(left, "approval"))] if left else [])]


def approval(row: Mapping[str, Json], scene: Scene) -> list[Block]:
    asked = Words(row)
    name, state = title(asked.text("operation"), scene), asked.text("state")
    lines = [f"{bold(name)} · {escape(STATES.get(state, state))}"]
    if values := asked.get("parameters"):
        lines.append(cut(shown(values, most=400), 420))
    facts = [
        f"asked by {mention(asked.text('requester'))}",
        f"{asked.text('approved')} of {asked.text('quorum')} agreed",
    ]
    if state == "pending":
        facts.append(f"expires {asked.when('expires_at', AGO)}")
    lines.append(" · ".join([*facts, escape(RISKS.get(asked.text("risk"), "").partition(":")[0])]).rstrip(" ·"))
    return [
        section("\n".join(lines)),
        *actions(decisions(asked.text("id"), row, title(asked.text("operation"), scene))),
    ]


def decisions(approval_id: str, row: Mapping[str, Json], name: str) -> list[Block | None]:
    """What can be pressed about an approval, by who looks at it."""
    if not approval_id:
        return []
    look = press("Details", OnApproval(approval_id, "details"), aloud=f"Details of {name}")
    if row.get("state") != "pending" or not row.get("you_may_decide"):
        return [look]
    sure = confirm_approve(name) if row.get("risk") == DESTRUCTIVE else None
    return [
        press("Approve", OnApproval(approval_id, "approve"), style="primary", confirm=sure, aloud=f"Approve {name}"),
        press("Reject", OnApproval(approval_id, "reject"), style="danger", aloud=f"Reject {name}"),
        look,
    ]


def confirm_approve(name: str) -> Block:
    return confirm(
        f"Approve {name}?", "It cannot simply be taken back. It runs as soon as enough people agreed.", "Approve"
    )


def runs(rows: Rows, scene: Scene, most: int = MOST_LINES) -> list[Block]:
    """Those under way first, each with a way to stop it."""
    order = sorted(rows, key=lambda row: row.get("state") != "running")
    kept, left = cut_list(order, most)
    blocks = [block for row in kept for block in run(row, scene)]
    return [*blocks, *([context(more(left, "run"))] if left else [])]


def run(row: Mapping[str, Json], scene: Scene) -> list[Block]:
    found = Words(row)
    state = found.text("state")
    parts = [
        f"{bold(title(found.text('operation'), scene))} · {escape(STATES.get(state, state))}",
        f"by {mention(found.text('actor'))} · started {found.when('started_at')} · {code(found.text('id'))}",
    ]
    if not (state == "running" and found.text("id") and knows(scene, "runs.cancel")):
        return [section("\n".join(parts))]
    stop = press("Cancel", Run("runs.cancel", {"run": found.text("id")}), confirm=CANCEL, aloud="Cancel this run")
    return [section("\n".join(parts), accessory=stop and {**stop, "action_id": "run:cancel"})]


def alerts(rows: Rows, scene: Scene, most: int = MOST_LINES) -> list[Block]:
    """As they come, each with a way to see what is behind it."""
    kept, left = cut_list(rows, most)
    blocks = [alert(row, scene) for row in kept]
    return [*blocks, *([context(more(left, "alert"))] if left else [])]


def alert(row: Mapping[str, Json], scene: Scene) -> Block:
    found = Words(row)
    name, severity = found.text("title"), found.text("severity")
    face = next((face for bad, face in FACES.items() if bad == severity), "•")
    parts = [f"{face} {cut(bold(name), 600)}", f"{cut(escape(severity), 100)} · since {found.when('since', AGO)}"]
    show = Run("alerts.show", {"alert": found.text("id")})
    return section(
        cut("\n".join(parts), 2_900),
        press("Show", show, aloud=f"Show: {name}") if found.text("id") and knows(scene, "alerts.show") else None,
    )


def title(operation: str, scene: Scene) -> str:
    """The title of an operation; its name where it is not installed any more."""
    return next((each.title for each in scene.registry if each.name == operation), operation) or "An operation"


class Words:
    """Values of a row, read with care: a row may come from an older version."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row

    def get(self, name: str) -> Any:
        return self._row.get(name)

    def text(self, name: str) -> str:
        value = self._row.get(name)
        return "" if value is None else str(value)

    def when(self, name: str, form: str = "") -> str:
        found = instant(self.text(name))
        return (date(found, form) if form else date(found)) if found else escape(self.text(name)) or "–"
