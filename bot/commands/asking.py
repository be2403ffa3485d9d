"""Commands that ask the bot as somebody: operations, plain words, policies, the audit trail, privacy."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.commands.visiting import BROKEN, OPEN, As, AsJson, Operation, console, invoke, parse_values, show, with_app

if TYPE_CHECKING:
    from bot.app import App
    from bot.door.outcomes import Outcome

PATIENCE: Final = 30.0
policy = typer.Typer(help="What would happen, and why.", no_args_is_help=True)
audit = typer.Typer(help="The audit trail.", no_args_is_help=True)
privacy = typer.Typer(help="What is held about a person.", no_args_is_help=True)


def run_op(
    context: typer.Context,
    operation: Operation,
    person: As = None,
    as_json: AsJson = False,
    why: Annotated[str, typer.Option(help="Why, for those who approve it.")] = "",
    key: Annotated[str | None, typer.Option(help="An idempotency key: the same key runs a change once.")] = None,
    supersedes: Annotated[
        str | None, typer.Option(help="The id of your own pending request that this one replaces.")
    ] = None,
    break_glass: Annotated[
        str | None, typer.Option(help="Run at once, without approval, for this reason. Administrators; loudly audited.")
    ] = None,
) -> None:
    """Run an operation. Its own input is given as --name value (see `run-op help.show --operation NAME`)."""
    values = parse_values(context.args)

    async def work(app: App) -> Outcome:
        outcome = await invoke(
            app,
            operation,
            values,
            person,
            why=why,
            idempotency_key=key,
            supersedes=supersedes,
            break_glass=break_glass,
        )
        return await _followed(app, outcome, quiet=as_json)

    show(with_app(work), as_json=as_json)


async def _followed(app: App, outcome: Outcome, *, quiet: bool) -> Outcome:
    """Whoever gave the last approval here also sees how the operation went; this process runs it."""
    from bot.door.outcomes import Done
    from bot.terminal import render

    if not (isinstance(outcome, Done) and outcome.operation == "approvals.decide" and isinstance(outcome.output, dict)):
        return outcome
    if outcome.output["state"] != "approved":
        return outcome
    if not quiet:
        console().print(render(outcome))
        console().print(f"\n{outcome.output['operation']} runs now …", style="dim")
    ran = await app.approved.result(str(outcome.output["id"]), PATIENCE)
    return ran or outcome


def ask(
    text: Annotated[list[str], typer.Argument(help="What you want, in plain words.")],
    person: As = None,
    as_json: AsJson = False,
    pictures: Annotated[Path | None, typer.Option(help="A folder to save the charts in.")] = None,
) -> None:
    """Ask in plain words, as in Slack. It says what it understood.

    What reads is run. What would change something is not run on a guess: you are shown how to ask for it.
    """
    from uuid import uuid4

    from bot.agent.request import Request
    from bot.door.outcomes import Origin
    from bot.guard.people import Actor
    from bot.spoken import Spoken

    question = " ".join(text)

    async def work(app: App) -> int:
        origin = Origin("terminal", thread=getpass.getuser())
        actor = Actor(person or app.settings.terminal_person)
        events = app.turns.run(Request(actor, origin, f"ask-{uuid4().hex}", text=question))
        spoken = Spoken(console(), console(error=True), app.registry, as_json=as_json, pictures=pictures)
        return await spoken.say(events, question)

    if code := with_app(work):
        raise typer.Exit(code)


@policy.command("explain", context_settings=OPEN)
def policy_explain(
    context: typer.Context,
    operation: Operation,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """What would happen if PERSON ran OPERATION, and why. Nothing is run. Its input is given as --name value."""
    values: dict[str, object] = {"operation": operation, "parameters": parse_values(context.args)}
    show(with_app(lambda app: invoke(app, "policies.explain", values, person)), as_json=as_json)


@audit.command("verify")
def audit_verify(
    expect: Annotated[str | None, typer.Option(help="SEQ:SEAL, as an earlier run printed it as head.")] = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Walk the whole chain. Exit code 5 if a row was changed, removed or moved."""
    from bot.door.outcomes import Done

    values: dict[str, object] = {"expect": expect} if expect else {}
    outcome = with_app(lambda app: invoke(app, "audit.verify", values, person))
    show(outcome, as_json=as_json)
    if isinstance(outcome, Done) and isinstance(outcome.output, dict) and not outcome.output["intact"]:
        raise typer.Exit(BROKEN)


@audit.command("export")
def audit_export(
    to: Annotated[Path | None, typer.Option(help="The file to write; standard output if not given.")] = None,
    after: Annotated[int, typer.Option(help="Only rows behind this number.")] = 0,
    person: As = None,
) -> None:
    """Every row with its seal, as JSON lines, oldest first."""
    from bot.door.outcomes import Done

    async def work(app: App) -> Outcome:
        last, written = after, 0
        file = to.open("w", encoding="utf-8") if to else sys.stdout
        try:
            while True:
                outcome = await invoke(app, "audit.export", {"after": last}, person)
                if not isinstance(outcome, Done):
                    return outcome
                assert isinstance(outcome.output, dict)
                rows: Any = outcome.output["rows"]
                # The export is itself on record: it ends where it began, not behind its own rows.
                for row in rows:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                written += len(rows)
                if len(rows) < 1000:  # noqa: PLR2004  the page size of audit.export
                    break
                last = rows[-1]["seq"]
        finally:
            if to:
                file.close()
        console(error=True).print(f"{written} rows", style="dim")
        return outcome

    outcome = with_app(work)
    if not isinstance(outcome, Done):
        show(outcome)


@privacy.command("export")
def privacy_export(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="Whose data.")], person: As = None, as_json: AsJson = True
) -> None:
    """Everything that is held about PERSON, as JSON."""
    show(with_app(lambda app: invoke(app, "privacy.export", {"person": who}, person)), as_json=as_json)


@privacy.command("erase")
def privacy_erase(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="Who is to be forgotten.")],
    person: As = None,
    why: Annotated[str, typer.Option(help="Why, for those who approve it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Forget PERSON. Destructive: somebody else has to approve it. The audit chain stays valid."""
    show(with_app(lambda app: invoke(app, "privacy.erase", {"person": who}, person, why=why)), as_json=as_json)
