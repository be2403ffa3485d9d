"""Outputs that deserve more than names and values: each of our operations that people look at often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from handlers.buttons import Run
from handlers.present import lines
from handlers.present.blocks import actions, context, fields, press, section
from handlers.present.cutting import count, cut
from handlers.present.escaping import bold, code, escape, sentence
from handlers.present.help import help_for
from handlers.present.message import Part, Scene
from handlers.present.outcomes import COLUMNS, knows
from handlers.present.registry import presents_output
from handlers.present.values import listing, pairs

Row = Mapping[str, Any]
FACES: Final = {"runs": "✅", "waits": "🤝", "refused": "⛔"}
"""By the word that a verdict begins with."""


@presents_output("approvals.list", "ApprovalList")
def approvals(output: Row, scene: Scene) -> Part:
    rows = list(output.get("approvals", ()))
    if len(rows) <= lines.MOST_LINES:
        return Part(lines.approvals(rows, scene), [])  # each has Details of its own
    mine = [row for row in rows if row.get("you_may_decide")]
    table = listing("Approvals", rows, scene, COLUMNS["approvals.list"])
    return Part([*lines.approvals(mine, scene, 3), *table.summary], table.details)


@presents_output("ApprovalView")
def approval(output: Row, scene: Scene) -> Part:
    return Part(lines.approval(output, scene), [])


@presents_output("runs.list", "RunList")
def runs(output: Row, scene: Scene) -> Part:
    rows = list(output.get("runs", ()))
    if len(rows) <= lines.MOST_LINES:
        return Part(lines.runs(rows, scene), [])
    running = [row for row in rows if row.get("state") == "running"]
    table = listing("Runs", rows, scene, COLUMNS["runs.list"])
    return Part([*lines.runs(running, scene, 3), *table.summary], table.details)


@presents_output("RunView")
def run(output: Row, scene: Scene) -> Part:
    return Part(lines.run(output, scene), [])


@presents_output("status.self", "StatusOutput")
def status(output: Row, scene: Scene) -> Part:
    trouble = [str(each) for each in output.get("trouble") or ()]
    head = "💚 I am well." if output.get("healthy") else "🧡 I am not quite well."
    listed = [section(cut("\n".join(f"• {sentence(each)}" for each in trouble), 2_900))] if trouble else []
    first = ("running", "pending_approvals", "dead_letters", "replicas", "version", "started_at")
    broken = {name: state for name, state in (output.get("breakers") or {}).items() if state != "closed"}
    resting = [context(f"Resting: {cut(escape(', '.join(broken)), 500)}")] if broken else []
    steps = actions(
        press(label, Run(operation))
        for label, operation, number in (
            ("Show what is waiting", "approvals.list", output.get("pending_approvals")),
            ("Show what failed", "dead_letters.list", output.get("dead_letters")),
        )
        if number and knows(scene, operation)
    )
    summary = fields(pairs({name: output.get(name) for name in first}))
    return Part([section(head), *listed, *summary, *resting, *steps], fields(pairs(output, most=1_900)))


@presents_output("policies.explain", "ExplainOutput")
def explained(output: Row, _: Scene) -> Part:
    verdict = str(output.get("verdict", "")) or "there is no verdict"
    face = FACES.get(verdict.partition(" ")[0].rstrip(":"), "•")
    lines_ = [
        f"{bold(str(output.get('operation', '')))} by {bold(str(output.get('person', '')))}",
        f"{face} {cut(sentence(verdict), 900)}",
    ]
    if missing := output.get("missing_permission"):
        who = ", ".join(map(str, output.get("who_may") or ())) or "nobody here"
        lines_.append(f"The permission {code(str(missing))} is missing. These roles have it: {cut(escape(who), 500)}.")
    if quorum := output.get("quorum"):
        who = ", ".join(map(str, output.get("approvers") or ())) or "nobody here"
        lines_.append(f"It needs {count(int(quorum), 'approval')}, by: {cut(escape(who), 500)}.")
    policies = list(output.get("policies") or ())
    said = [
        f"{'✓' if each.get('allowed') else '✗'} {bold(str(each.get('policy', '')))}: "
        f"{cut(sentence(str(each.get('reason', ''))), 400)} {cut(sentence(str(each.get('mend') or '')), 300)}".rstrip()
        for each in policies
    ]
    against = [line for line, each in zip(said, policies, strict=True) if not each.get("allowed")]
    shown = [section(cut("\n".join(against), 2_900))] if against else []
    return Part([section(cut("\n".join(lines_), 2_900)), *shown], [section(cut(line, 2_900)) for line in said])


@presents_output("audit.verify", "Verified")
def verified(output: Row, _: Scene) -> Part:
    faults = [str(each) for each in output.get("faults") or ()]
    rows = count(int(output.get("rows") or 0), "row")
    head = f"🔒 The audit trail is whole: {rows}." if output.get("intact") else "🚨 The audit trail is not whole."
    shown = [section(cut("\n".join(f"• {escape(each)}" for each in faults[:10]), 2_900))] if faults else []
    summary = [section(head), *shown, *fields(pairs({"first": output.get("first"), "last": output.get("last")}))]
    return Part(
        [*summary, context(f"Head {code(cut(str(output.get('head', '')), 200))}")],
        [section(escape(each)) for each in faults],
    )


@presents_output("maintenance.drill", "DrillOutput")
def drilled(output: Row, _: Scene) -> Part:
    written = "One row was written into" if output.get("written") else "The row was there already in"
    where, name = escape(str(output.get("environment", ""))), bold(str(output.get("label", "")))
    head = f"{written} the drill book of {where}: {name}."
    return Part([section(cut(head, 2_900)), context(f"{count(int(output.get('drills') or 0), 'drill')} so far")], [])


@presents_output("files.look", "LookOutput")
def looked(output: Row, _: Scene) -> Part:
    name, kind, lines_ = code(cut(str(output.get("name", "")), 150)), str(output.get("kind", "")), output.get("lines")
    found = [count(int(output.get(each) or 0), each.removesuffix("s")) for each in ("errors", "warnings")]
    what = f"{escape(kind)}, {count(int(lines_ or 0), 'line')}, {found[0]}, {found[1]}"
    blocks = [section(f"{name}: {'there is nothing in it' if kind == 'empty' else what}.")]
    if columns := output.get("columns"):
        blocks.append(context(cut(f"Columns: {escape(', '.join(map(str, columns)))}", 900)))
    if first := str(output.get("first_error") or ""):
        blocks.append(section(f"*The first error*\n{code(cut(first, 600))}"))
    if again := list(output.get("commonest") or ()):
        listed = [f"{each['lines']} × {code(cut(str(each['example']), 300))}" for each in again]
        blocks.append(section(cut("\n".join(["*What comes again and again*", *listed]), 2_900)))
    if output.get("cut"):
        blocks.append(context("✂️ It was cut: only its beginning was looked at."))
    return Part(blocks, [])


@presents_output("help.show", "HelpOutput")
def helped(output: Row, scene: Scene) -> Part:
    return help_for(list(output.get("operations", ())), scene)
