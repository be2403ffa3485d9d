"""`llm-copilot`: every command of the terminal, in the order in which `--help` shows them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from bot.commands import asking, database, judging, running
from bot.commands.visiting import BROKEN, OPEN, USAGE, console
from bot.errors import ConfigurationError, CopilotError


class Commands(TyperGroup):
    """What is wrong with a command line, without the word of the library that found it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


cli = typer.Typer(
    name="llm-copilot",
    cls=Commands,
    help="A chat-ops bot for teams that run LLM services. Exit codes: 0 done, 2 wrong command line, 3 refused, "
    "4 waiting for approval, 5 failed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
docs = typer.Typer(help="The generated reference in docs/.", no_args_is_help=True)

cli.command("run-op", context_settings=OPEN)(asking.run_op)
cli.command("ask")(asking.ask)
cli.command("understand")(judging.understand)
cli.command("eval")(judging.evaluate)
cli.command("detect")(judging.detect)
cli.command("run")(running.run)
cli.command("demo")(running.demo)
cli.add_typer(judging.check, name="check")
cli.add_typer(asking.policy, name="policy")
cli.add_typer(asking.audit, name="audit")
cli.add_typer(asking.privacy, name="privacy")
cli.add_typer(database.db, name="db")
cli.add_typer(running.sandbox, name="sandbox")
cli.add_typer(judging.manifest, name="manifest")
cli.add_typer(docs, name="docs")


def main() -> None:
    """The entry point: our errors in plain words, everything else as the bug that it is."""
    try:
        cli()
    except CopilotError as error:
        _complain(error)
        raise SystemExit(USAGE if isinstance(error, ConfigurationError) else BROKEN) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _complain(error: CopilotError) -> None:
    out = console(error=True)
    out.print(f"Error: {error.message}", style="bold red", markup=False)
    if error.mend:
        out.print(error.mend, markup=False)


@docs.command("build")
def docs_build() -> None:
    """Write docs/ and .env.example anew from the code."""
    from bot.reference import build

    for path in build(cli):
        console().print(f"wrote {path}", markup=False)


@docs.command("check")
def docs_check() -> None:
    """Fail if a generated page is not what the code says."""
    from bot.reference import stale

    old = stale(cli)
    for path in old:
        console(error=True).print(f"{path} is stale; run: llm-copilot docs build", markup=False)
    if old:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
