"""The card of an approval: a view of the record, drawn anew at every move; and the two windows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.door.registry import Registry
from bot.errors import InvalidInput
from bot.guard.approvals import MAX_REASON, Approval, ApprovalState, Verdict, tick
from bot.guard.risk import Risk
from bot.ports import Json
from handlers.buttons import OnApproval
from handlers.present.blocks import actions, context, fields, header, modal, overflow, preformatted, press, section
from handlers.present.cutting import count, cut, cut_list, more, pieces
from handlers.present.escaping import AGO, bold, code, date, escape, mention, sentence
from handlers.present.limits import MODAL, fit
from handlers.present.lines import confirm_approve
from handlers.present.message import Block, Rendered, View
from handlers.present.spoken import spoken
from handlers.present.values import RISKS, label, pairs, shown

REJECT: Final = "reject"
"""The callback of the window that asks why; its field and its block are called `reason`."""
REASON: Final = "reason"
MOST_PARAMETERS: Final = 10
MOST_DECISIONS: Final = 5
MOST_VALUE: Final = 200
STATES: Final[Mapping[ApprovalState, tuple[str, str]]] = {
    ApprovalState.PENDING: ("⏳", "Waiting for approval"),
    ApprovalState.APPROVED: ("✅", "Approved"),
    ApprovalState.REJECTED: ("⛔", "Rejected"),
    ApprovalState.EXPIRED: ("⌛", "Expired"),
    ApprovalState.WITHDRAWN: ("↩️", "Withdrawn"),
    ApprovalState.SUPERSEDED: ("🔁", "Replaced"),
}
VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.APPROVE: ("✅", "approved"),
    Verdict.REJECT: ("⛔", "rejected"),
}
ENDED: Final[Mapping[str, tuple[str, str]]] = {
    "done": ("✓", "It ran."),
    "failed": ("✗", "It ran, and did not work."),
    "refused": ("✗", "It did not run."),
    "waiting": ("⏳", "It waits for another approval."),
}


def card(approval: Approval, registry: Registry, now: datetime, *, requester: str = "") -> Rendered:
    """The message that people decide on; `requester` is their name, for who is not known to Slack by an id."""
    approval = tick(approval, now)
    title = title_of(approval, registry)
    blocks = [
        head(approval),
        section(f"{bold(title)} · {code(approval.operation)}\n{_asked(approval, requester)}"),
        *_parameters(approval),
        *_why(approval),
        *_progress(approval),
        *_ending(approval),
        *_steps(approval, title),
        context(f"Request {code(approval.id)}"),
    ]
    fitted = fit(blocks)
    return Rendered(spoken(fitted), tuple(fitted))


def title_of(approval: Approval, registry: Registry) -> str:
    return next((each.title for each in registry if each.name == approval.operation), approval.operation)


def head(approval: Approval) -> Block:
    face, words = STATES[approval.state]
    return header(f"{face} {words}")


def _asked(approval: Approval, requester: str) -> str:
    where = "".join(
        f" in {bold(place)}" if place else "" for place in dict.fromkeys((approval.service, approval.environment))
    )
    return (
        f"Asked by {mention(approval.requester, requester)} {date(approval.created_at)}{where}\n"
        f"Risk: {escape(RISKS.get(approval.risk, approval.risk))}"
    )


def _parameters(approval: Approval) -> list[Block]:
    found = [
        (
            escape(label(name)),
            code(cut(value, MOST_VALUE)) if isinstance(value, str) and value else shown(value, most=400),
        )
        for name, value in approval.parameters.items()
    ]
    kept, left = cut_list(found, MOST_PARAMETERS)
    return [*fields(kept), *([context(f"{more(left, 'parameter')}: see Details")] if left else [])]


def _why(approval: Approval) -> list[Block]:
    texts = []
    if approval.preview.strip():
        texts.append(f"*What it does*\n{cut(sentence(approval.preview), 1_000, fences=True)}")
    if approval.why.strip():
        texts.append(f"*Why*\n{cut(sentence(approval.why), 600, fences=True)}")
    return [section(text) for text in texts]


def _progress(approval: Approval) -> list[Block]:
    """How many have agreed, who said what, who else may, and until when."""
    bar = "▰" * min(approval.agreed, 20) + "▱" * min(max(approval.quorum - approval.agreed, 0), 20)
    lines = [f"*{approval.agreed} of {approval.quorum}* agreed {bar}"]
    kept = list(approval.decisions)[-MOST_DECISIONS:]
    left = len(approval.decisions) - len(kept)
    lines += [f"{more(left, 'earlier decision')}"] if left else []
    lines += [_decision(each) for each in kept]
    notes = []
    if approval.state is ApprovalState.PENDING:
        notes.append(f"Who may approve: {cut(escape(approval.approvers), 500) or 'nobody here'}")
        notes.append(f"Expires {date(approval.expires_at)} ({date(approval.expires_at, AGO)})")
        if approval.escalated_at:
            notes.append(
                f"{escape(approval.escalate_to) or 'Somebody else'} was asked too {date(approval.escalated_at)}"
            )
    elif approval.decided_at:
        notes.append(f"Ended {date(approval.decided_at)}")
    return [section(cut("\n".join(lines), 2_900, fences=True)), *([context(*notes)] if notes else [])]


def _decision(decision: Any) -> str:
    face, words = VERDICTS[decision.verdict]
    reason = f": {cut(sentence(' '.join(decision.reason.split())), 300)}" if decision.reason.strip() else ""
    role = f" as {escape(decision.role)}" if decision.role else ""
    return f"{face} {mention(decision.person)} {words}{role} {date(decision.at)}{reason}"


def _ending(approval: Approval) -> list[Block]:
    """What came of it, once it is over."""
    if approval.state is ApprovalState.PENDING:
        return []
    because = cut(sentence(approval.ended_because), 400, fences=True)
    told = approval.state in {ApprovalState.EXPIRED, ApprovalState.WITHDRAWN, ApprovalState.SUPERSEDED} and because
    blocks = [section(because)] if told else []
    if approval.state is ApprovalState.APPROVED:
        blocks.append(section(outcome_line(approval.outcome)))
    return blocks


def outcome_line(outcome: Mapping[str, Json] | None) -> str:
    """How the run went, in a line or two."""
    if outcome is None:
        return "⏳ It is running, or about to."
    if outcome.get("still_running"):
        face, words = "⏳", "It is still running."
    else:
        face, words = ENDED.get(str(outcome.get("kind", "")), ("•", "It ended."))
    message, mend = str(outcome.get("message") or ""), str(outcome.get("mend") or "")
    said = cut(sentence(message), 500, fences=True) if message else _gist(outcome.get("output"))
    helps = f"\n{cut(sentence(mend), 300, fences=True)}" if mend else ""
    reference = f"\nReference {code(cut(str(outcome['trace_id']), 100))}" if outcome.get("trace_id") else ""
    return f"{face} {words} {said}".rstrip() + helps + reference


def _gist(output: Json) -> str:
    return "" if output in (None, "", [], {}) else shown(output, most=400)


def _steps(approval: Approval, title: str) -> list[Block]:
    look = press("Details", OnApproval(approval.id, "details"), aloud=f"Details of {title}")
    if approval.state is not ApprovalState.PENDING:
        return actions([look])
    sure = confirm_approve(title) if approval.risk is Risk.DESTRUCTIVE else None
    back = OnApproval(approval.id, "withdraw")
    return actions(
        [
            press(
                "Approve", OnApproval(approval.id, "approve"), style="primary", confirm=sure, aloud=f"Approve {title}"
            ),
            press("Reject", OnApproval(approval.id, "reject"), style="danger", aloud=f"Reject {title}"),
            look,
            overflow([("Withdraw my request", back)]) or press("Withdraw my request", back),
        ]
    )


# ---------------------------------------------------------------- the windows


def details(approval: Approval, now: datetime | None = None) -> View:
    """Everything about it; what is too long even here is cut, and says so."""
    if now:
        approval = tick(approval, now)
    values: list[Block] = []
    for name, value in approval.parameters.items():
        text = value if isinstance(value, str) else ""
        if len(text) > MOST_VALUE or "\n" in text:
            values += [section(bold(label(name))), *map(preformatted, pieces(text, 2_900)[:3])]
            left = sum(map(len, pieces(text, 2_900)[3:]))
            values += [context(more(left, "character"))] if left else []
        else:
            values += fields(pairs({name: value}, most=1_900))
    facts = {
        "service": approval.service,
        "environment": approval.environment,
        "risk": approval.risk.value,
        "who_may": approval.approvers,
        "created_at": approval.created_at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "ended_because": approval.ended_because,
        "parameters_hash": approval.parameters_hash,
        "reference": approval.trace_id,
    }
    blocks = [
        head(approval),
        section(f"{code(approval.operation)}\nAsked by {mention(approval.requester)}"),
        *(section(f"*{escape(name)}*\n{cut(sentence(text), 2_800, fences=True)}") for name, text in _long(approval)),
        section("*Parameters*" if values else "It takes no parameters."),
        *values,
        section(
            f"*{approval.agreed} of {approval.quorum}* agreed, {count(len(approval.decisions), 'decision')} in all"
        ),
        *(section(cut(_whole(each), 2_900, fences=True)) for each in approval.decisions),
        *([section(outcome_line(approval.outcome))] if approval.state is ApprovalState.APPROVED else []),
        *fields(pairs({name: item for name, item in facts.items() if item})),
        context(f"Request {code(approval.id)}"),
    ]
    return modal("Approval", fit(blocks, MODAL))


def _long(approval: Approval) -> list[tuple[str, str]]:
    found = (("What it does", approval.preview), ("Why", approval.why))
    return [(name, text) for name, text in found if text.strip()]


def _whole(decision: Any) -> str:
    face, words = VERDICTS[decision.verdict]
    reason = f"\n{sentence(decision.reason)}" if decision.reason.strip() else ""
    return f"{face} {mention(decision.person)} {words} as {escape(decision.role)} {date(decision.at)}{reason}"


def reject_view(approval: Approval) -> View:
    """Asks why; without a reason nobody can mend it."""
    ask: Block = {
        "type": "input",
        "block_id": REASON,
        "label": {"type": "plain_text", "text": "Why not"},
        "hint": {"type": "plain_text", "text": "The requester and everybody who looks at the request can read it."},
        "element": {
            "type": "plain_text_input",
            "action_id": REASON,
            "multiline": True,
            "min_length": 1,
            "max_length": MAX_REASON,
            "focus_on_load": True,
            "placeholder": {"type": "plain_text", "text": "What would have to change"},
        },
    }
    said = section(f"{code(approval.operation)}\nAsked by {mention(approval.requester)}. One rejection ends it.")
    return modal("Reject the request", fit([said, ask], MODAL), submit="Reject", callback=REJECT, metadata=approval.id)


def read_reject(view: Mapping[str, Any]) -> tuple[str, str]:
    """The approval and the reason, from a window that was sent."""
    state = view.get("state", {}).get("values", {}).get(REASON, {}).get(REASON, {})
    approval, reason = str(view.get("private_metadata") or ""), str(state.get("value") or "").strip()
    if not approval:
        raise InvalidInput("this window does not say which request it is about", mend="Open it again from the card.")
    return approval, reason
