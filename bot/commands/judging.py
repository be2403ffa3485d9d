"""Commands that judge what they are given, and start no bot: words, samples, settings, the Slack app's manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.commands.visiting import AsJson, console, read_settings
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.evaluation import Report

check = typer.Typer(help="Check what the bot is given.", no_args_is_help=True)
manifest = typer.Typer(help="The manifest of the Slack app.", no_args_is_help=True)

Now = Annotated[str | None, typer.Option("--now", help="The clock for words of time, in ISO 8601; now if not given.")]


def understand(
    text: Annotated[list[str] | None, typer.Argument(help="What is asked, in plain words.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="A file of utterances, one JSON object a line.")] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Show how words are understood, and do nothing. Of a file: one prediction a line."""
    from bot.sentences import explained, predicted

    if jsonl and not text:
        predicted(read_settings(), jsonl, now)
    elif text and not jsonl:
        explained(read_settings(), " ".join(text), now, as_json=as_json)
    else:
        raise typer.BadParameter("Give either words or --jsonl FILE.")


def evaluate(
    corpus: Annotated[Path, typer.Argument(help="Labelled sentences, one JSON object a line.")],
    brain: Annotated[Literal["rules", "claude"], typer.Option(help="Who is judged.")] = "rules",
    now: Now = None,
    misses: Annotated[bool, typer.Option("--misses", help="Also what was taken for something else.")] = False,
) -> None:
    """Judge how well sentences are understood: accuracy, money and time. `claude` asks a model, which costs."""
    import asyncio

    from bot.sentences import evaluated, print_report
    from integrations.models import claude_access

    settings = read_settings()
    if brain == "claude" and not settings.anthropic_api_key:
        raise ConfigurationError(
            "The setting anthropic_api_key is not set, and --brain claude asks that model.",
            mend="Set LLM_COPILOT_ANTHROPIC_API_KEY, or judge the rules with --brain rules.",
        )

    async def work() -> Report:
        if brain == "rules":
            return await evaluated(settings, corpus, now, None, console(error=True))
        from integrations.anthropic.adapter import Claude

        model = Claude(claude_access(settings))
        try:
            return await evaluated(settings, corpus, now, model, console(error=True))
        finally:
            await model.close()

    print_report(console(), asyncio.run(work()), brain, misses=misses)


def detect(
    file: Annotated[str, typer.Argument(help="A CSV with the columns timestamp and value; - reads standard input.")],
    out: Annotated[
        str, typer.Option(help="Where the rows are written with their anomaly_score; - is standard output.")
    ] = "",
    plot: Annotated[Path | None, typer.Option(help="A PNG to draw it in: values, what is usual, findings.")] = None,
    sensitivity: Annotated[Literal["low", "medium", "high"], typer.Option(help="How much is told.")] = "medium",
    timezone: Annotated[str, typer.Option(help="Of timestamps without a zone, and of what is shown.")] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Find what is unusual in a file of samples. Needs no settings, no network and no bot.

    Every further column of numbers is a series of its own. The anomaly_score (0 to 1) of a row goes by the rows before
    it alone; 0.5 is unusual. A finding takes two unusual samples of three, as in the bot's watches; one alone is none.

    Exit codes: 0 done, whether or not anything was found (--json says how much); 2 wrong command line or file.
    """
    from bot.detection.command import Wish
    from bot.detection.command import detect as look

    look(console(), console(error=True), Wish(file, out, plot, sensitivity, timezone, as_json))


@manifest.command("check")
def manifest_check(path: Annotated[Path, typer.Argument(help="The manifest.")] = Path("manifest.yml")) -> None:
    """Fail if the manifest and the code differ in scopes, events, commands or shortcuts, or Slack would refuse it."""
    from handlers.manifest import manifest_check as check

    code = check(console(), path)
    if code:
        raise typer.Exit(code)


@check.command("config")
def check_config(as_json: AsJson = False) -> None:
    """What is in force and where it comes from, secrets masked; and everything that is wrong, with its mend."""
    from bot.checkup import checkup

    code = checkup(console(), as_json=as_json)
    if code:
        raise typer.Exit(code)
