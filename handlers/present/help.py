"""Help: what can be asked here, by group, each with a button that tries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.agent.events import Choice
from bot.guard.risk import Risk
from handlers.buttons import Form, Run, Say
from handlers.present.blocks import actions, context, fields, header, press, section
from handlers.present.cutting import cut, cut_list, more
from handlers.present.escaping import bold, code, escape, italic, prose
from handlers.present.limits import fit
from handlers.present.message import Block, Part, Rendered, Scene
from handlers.present.spoken import spoken
from handlers.present.values import RISKS
from handlers.surface import COMMANDS, Command

Shown = Mapping[str, Any]
MOST_ASKED: Final = 5
MOST_IN_GROUP: Final = 4
MOST_GROUPS: Final = 10
GROUPS: Final[Mapping[str, str]] = {
    "alerts": "🔔 Alerts",
    "answers": "💬 Answers",
    "approvals": "🤝 Approvals",
    "audit": "📜 Audit trail",
    "cost": "💰 Costs",
    "dashboards": "🖼️ Dashboards",
    "dead_letters": "📭 What could not be done",
    "deploys": "🚀 Deploys",
    "files": "📎 Files",
    "help": "💡 Help",
    "history": "🕘 What you asked",
    "incidents": "🚨 Incidents",
    "knowledge": "📚 How do I …",
    "logs": "🪵 Logs",
    "maintenance": "🧰 Practice",
    "memory": "🧠 What I remember",
    "metrics": "📈 Metrics",
    "operations": "🗂️ Operations",
    "policies": "🛡️ Rules",
    "preferences": "🎛️ Preferences",
    "privacy": "🔏 Privacy",
    "recommend": "✨ What could be better",
    "runbooks": "📖 Runbooks",
    "runs": "🏃 Runs",
    "services": "🏙️ Services",
    "slo": "🎯 Error budgets",
    "spending": "🧾 What I have cost",
    "status": "💚 How things are",
    "tests": "🧪 Tests",
    "traces": "🧵 Traces",
    "watches": "👀 Watches",
    "workflows": "🧩 Workflows",
}
FIRST: Final = ("metrics", "status", "logs", "traces", "approvals", "slo", "deploys", "cost", "runs", "maintenance")
"""Groups that people ask for most."""
HIDDEN: Final = frozenset({"answers", "help"})
"""Groups that have buttons of their own wherever they matter."""


def help_for(operations: Sequence[Shown], scene: Scene) -> Part:
    """What somebody with these operations can ask for; one operation alone is explained in full."""
    if len(operations) == 1:
        return _single(operations[0])
    allowed = [each for each in operations if each.get("allowed", True)]
    if not allowed:
        return Part([], [])
    groups = _grouped(allowed)
    shown, left = cut_list(list(groups.items()), MOST_GROUPS)
    blocks: list[Block] = [section(greeting(scene)), *actions(map(_asked, asked_first(allowed)))]
    for name, found in shown:
        blocks.append(section(_group(name, found)))
    blocks += [context(more(left, "group"))] if left else []
    blocks.append(context("Ask in your own words, or `help` with the name of an operation."))
    details = [block for name, found in groups.items() for block in [header(group_title(name)), *map(_line, found)]]
    return Part(blocks, details)


def greeting(scene: Scene) -> str:
    name = f", {escape(scene.viewer.name)}" if scene.viewer and scene.viewer.name else ""
    return f"Hello{name}. Here is what you can ask me. Press one to try it."


def asked_first(allowed: Sequence[Shown]) -> list[Choice]:
    """How do I …: one example of each group, the most useful first."""
    found: list[Choice] = []
    for name, operations in _grouped(allowed).items():
        if name in HIDDEN:
            continue
        first = sorted(operations, key=lambda each: each.get("risk") != Risk.READ)  # what changes nothing, if there is
        example = next((each for each in first if each.get("examples")), None)
        if example:
            found.append(Choice(str(example["title"]), say=str(example["examples"][0])))
    return found[:MOST_ASKED]


def command_help(command: str, scene: Scene, operations: Sequence[Shown] | None = None) -> Rendered:
    """What stands behind a slash command; honest where nothing is installed yet."""
    known = COMMANDS.get(command) or Command("", "", groups=("?",))
    found = list(operations) if operations is not None else of_registry(scene)
    if known.groups:
        found = [each for each in found if group_of(str(each["name"])) in known.groups]
    head = f"{code(command)} is for {escape(known.about)}."
    blocks: list[Block] = [section(head)]
    if not found:
        blocks.append(section("Nothing is installed behind it yet, so there is nothing to run."))
        blocks += actions([press("Show what there is", Say("help"))])
    elif not known.groups:
        blocks += help_for(found, scene).summary
    else:
        kept, left = cut_list(found, MOST_GROUPS)
        for each in kept:
            blocks += [_line(each), *actions([_try(each)])]
        blocks += [context(more(left, "operation"))] if left else []
    blocks.append(context("Slash commands do not work inside threads: mention me there with the same words."))
    shown = fit(blocks)
    return Rendered(spoken(shown), tuple(shown))


def of_registry(scene: Scene) -> list[Shown]:
    """All operations as help shows them, whoever looks."""
    return [
        {
            "name": each.name,
            "title": each.title,
            "summary": each.summary,
            "risk": each.risk.value,
            "examples": list(each.examples),
            "needs": any(field.is_required() for field in each.input.model_fields.values()),
        }
        for each in scene.registry
    ]


def group_of(name: str) -> str:
    return name.partition(".")[0]


def group_title(name: str) -> str:
    return GROUPS.get(name) or name.replace("_", " ").replace("-", " ").capitalize()


def _grouped(operations: Sequence[Shown]) -> dict[str, list[Shown]]:
    """By group; those that only a newcomer needs stand where they are, others in front of them."""
    groups: dict[str, list[Shown]] = {}
    for each in operations:
        groups.setdefault(group_of(str(each["name"])), []).append(each)

    def rank(name: str) -> tuple[int, str]:
        return (FIRST.index(name) if name in FIRST else len(FIRST) + (name in HIDDEN), name)

    return {name: groups[name] for name in sorted(groups, key=rank)}


def _group(name: str, operations: Sequence[Shown]) -> str:
    kept, left = cut_list(operations, MOST_IN_GROUP)
    lines = [bold(group_title(name))]
    for each in kept:
        example = f": {code(str(each['examples'][0]))}" if each.get("examples") else ""
        lines.append(f"• {escape(str(each['title']))}{example}")
    return cut("\n".join([*lines, *([more(left)] if left else [])]), 2_900)


def _line(each: Shown) -> Block:
    risk = RISKS.get(str(each.get("risk")), "").partition(":")[0]
    examples = ", ".join(code(str(example)) for example in list(each.get("examples") or ())[:3])
    lines = [f"{bold(str(each['title']))} · {code(str(each['name']))} · {escape(risk)}".rstrip(" ·")]
    lines.append(cut(prose(str(each.get("summary", ""))), 600))
    lines += [f"Say: {cut(examples, 500)}"] if examples else []
    return section("\n".join(line for line in lines if line))


def _needs(each: Shown) -> bool:
    if "needs" in each:
        return bool(each["needs"])
    return any(field.get("required") for field in each.get("fields") or ())


def _try(each: Shown) -> Block | None:
    """Reads run at once; what changes something, or needs values, opens its form."""
    name, title = str(each["name"]), str(each["title"])
    if each.get("allowed") is False:
        return None
    if each.get("risk") == Risk.READ and not _needs(each):
        return press("Try it", Run(name), aloud=f"Try: {title}")
    return press("Open the form", Form(name), aloud=f"Open the form: {title}")


def _asked(found: Choice) -> Block | None:
    return press(found.label, Say(found.say), aloud=f"Ask: {found.say}")


def _single(each: Shown) -> Part:
    """One operation: what it takes, field by field."""
    pairs = [
        (
            f"{escape(str(field['name']))}{'' if field.get('required') else ' (optional)'}",
            cut(prose(str(field.get("description", ""))), 500)
            + f"\n{italic(str(field.get('type', '')))}"
            + (f", else {code(str(field['default']))}" if field.get("default") else ""),
        )
        for field in each.get("fields") or ()
    ]
    undo = [context(f"To undo it: {cut(prose(str(each['undo'])), 500)}")] if each.get("undo") else []
    may = (
        [] if each.get("allowed", True) else [context(f"It needs the permission {code(str(each.get('permission')))}.")]
    )
    return Part([_line(each), *fields(pairs), *undo, *may, *actions([_try(each)])], [])
