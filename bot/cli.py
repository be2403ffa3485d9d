"""`llm-copilot`: the terminal's face. It asks the one door, as somebody, and shows what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import typer
from rich.console import Console

from bot.errors import ConfigurationError, CopilotError

if TYPE_CHECKING:
    from bot.app import App
    from bot.config import Settings
    from bot.door.outcomes import Outcome
    from bot.evaluation import Report

T = TypeVar("T")
USAGE: Final = 2
BROKEN: Final = 5
PATIENCE: Final = 30.0
PIPED_WIDTH: Final = 200

cli = typer.Typer(
    name="llm-copilot",
    help="A chat-ops bot for teams that run LLM services. Exit codes: 0 done, 2 wrong command line, 3 refused, "
    "4 waiting for approval, 5 failed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
check_cli = typer.Typer(help="Check what the bot is given.", no_args_is_help=True)
policy_cli = typer.Typer(help="What would happen, and why.", no_args_is_help=True)
audit_cli = typer.Typer(help="The audit trail.", no_args_is_help=True)
privacy_cli = typer.Typer(help="What is held about a person.", no_args_is_help=True)
db_cli = typer.Typer(help="The database.", no_args_is_help=True)
sandbox_cli = typer.Typer(help="Stand-ins of outside systems, to try things on.", no_args_is_help=True)
manifest_cli = typer.Typer(help="The manifest of the Slack app.", no_args_is_help=True)
docs_cli = typer.Typer(help="The generated reference in docs/.", no_args_is_help=True)
for name, sub in (
    ("check", check_cli),
    ("policy", policy_cli),
    ("audit", audit_cli),
    ("privacy", privacy_cli),
    ("db", db_cli),
    ("sandbox", sandbox_cli),
    ("manifest", manifest_cli),
    ("docs", docs_cli),
):
    cli.add_typer(sub, name=name)

As = Annotated[
    str | None, typer.Option("--as", metavar="PERSON", help="Who asks; the setting terminal_person if not given.")
]
Manifest = Annotated[Path, typer.Option(help="The manifest of the Slack app.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def console(*, error: bool = False) -> Console:
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=error, highlight=False, width=PIPED_WIDTH if piped else None)


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


def _settings() -> Settings:
    from bot import config

    return config.load().require()


def _with_app(work: Callable[[App], Coroutine[Any, Any, T]], *, whole: bool = False) -> T:
    """Start the app, do the work, and close it, whatever happens."""
    from bot.app import App
    from bot.guard.redaction import Redactor
    from bot.logs import configure

    settings = _settings()
    configure(Redactor(), level=settings.log_level, form=settings.log_format)

    async def run() -> T:
        async with App.running(settings, whole=whole) as app:
            configure(app.redactor, level=settings.log_level, form=settings.log_format)
            return await work(app)

    return asyncio.run(run())


async def _invoke(app: App, operation: str, values: dict[str, object], person: str | None, **options: Any) -> Outcome:
    from bot.door.outcomes import Origin
    from bot.guard.people import Actor

    out = console(error=True)
    on_screen = out.is_terminal

    async def progress(text: str) -> None:
        if on_screen:
            out.print(f"… {text}", style="dim", markup=False)

    origin = Origin("terminal", thread=getpass.getuser())
    actor = Actor(person or app.settings.terminal_person)
    return await app.door.invoke(actor, operation, values, origin=origin, progress=progress, **options)


def _show(outcome: Outcome, *, as_json: bool = False) -> None:
    from bot.terminal import show

    code = show(console(), outcome, as_json=as_json)
    if code:
        raise typer.Exit(code)


def _names(incomplete: str) -> list[str]:
    """Shell completion of operation names."""
    from bot.door.registry import Registry

    return [operation.name for operation in Registry.discover() if operation.name.startswith(incomplete)]


def parse_values(arguments: Sequence[str]) -> dict[str, object]:
    """`--key value`, `--key=value`, `--flag`; a key given twice is a list; JSON objects and lists are read as such."""
    values: dict[str, object] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or len(word) < 3:  # noqa: PLR2004  something behind the dashes
            raise typer.BadParameter(f"{word!r} stands alone; give values as --name value")
        key, equals, text = word[2:].partition("=")
        value: object = text
        if not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else True
        key = key.replace("-", "_")
        if isinstance(value, str) and value.startswith(("{", "[")):
            with contextlib.suppress(json.JSONDecodeError):  # “[urgent] disk full” is text
                value = json.loads(value)
        if key in values:
            before = values[key]
            values[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            values[key] = value
    return values


@cli.command("run-op", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_op(
    context: typer.Context,
    operation: Annotated[str, typer.Argument(help="The name of the operation.", autocompletion=_names)],
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
        outcome = await _invoke(
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

    _show(_with_app(work), as_json=as_json)


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


@cli.command()
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

    if code := _with_app(work):
        raise typer.Exit(code)


Now = Annotated[str | None, typer.Option("--now", help="The clock for words of time, in ISO 8601; now if not given.")]


@cli.command()
def understand(
    text: Annotated[list[str] | None, typer.Argument(help="What is asked, in plain words.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="A file of utterances, one JSON object a line.")] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Show how words are understood, and do nothing. Of a file: one prediction a line."""
    from bot.sentences import explained, predicted

    if jsonl and not text:
        predicted(_settings(), jsonl, now)
    elif text and not jsonl:
        explained(_settings(), " ".join(text), now, as_json=as_json)
    else:
        raise typer.BadParameter("Give either words or --jsonl FILE.")


@cli.command("eval")
def evaluate(
    corpus: Annotated[Path, typer.Argument(help="Labelled sentences, one JSON object a line.")],
    brain: Annotated[Literal["rules", "claude"], typer.Option(help="Who is judged.")] = "rules",
    now: Now = None,
    misses: Annotated[bool, typer.Option("--misses", help="Also what was taken for something else.")] = False,
) -> None:
    """Judge how well sentences are understood: accuracy, money and time. `claude` asks a model, which costs."""
    from bot.sentences import evaluated, print_report
    from integrations.models import claude_access

    settings = _settings()
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


@cli.command()
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
    it alone; findings begin at 0.5. Findings are no error: the exit code is 0.
    """
    from bot.detection.command import Wish
    from bot.detection.command import detect as look

    look(console(), console(error=True), Wish(file, out, plot, sensitivity, timezone, as_json))


@cli.command()
def run() -> None:
    """Run the bot until Ctrl-C: in Slack if slack_bot_token is set; heartbeats, expiry, taking over, retention."""

    async def work(app: App) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        out = console(error=True)
        out.print(
            f"llm-copilot runs as {app.replica} on {app.settings.masked_database}. Ctrl-C stops it.", markup=False
        )
        out.print(app.where, markup=False)
        await stop.wait()
        out.print("Stopping: what runs is let to its end …", markup=False)

    _with_app(work, whole=True)


@cli.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data; made anew each time.")] = Path(".demo"),
    port: Annotated[int | None, typer.Option(help="The page's port; 8900 or a free one if not given.")] = None,
    manifest: Manifest = Path("manifest.yml"),
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = True,
    model: Annotated[bool, typer.Option(help="With a scripted language model beside the rules.")] = False,
) -> None:
    """A whole Slack in your browser with the bot in it: no account, no key. Ctrl-C stops it."""
    from integrations.sandbox.demo import demo as run_demo

    run_demo(console(), folder, manifest, port=port, browser=browser, model=model)


@sandbox_cli.command("slack")
def sandbox_slack(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8900,
    manifest: Manifest = Path("manifest.yml"),
    state: Annotated[Path | None, typer.Option(help="A file that keeps the workspace between starts.")] = None,
    request_url: Annotated[
        str | None, typer.Option(help="Where your app takes Slack's posts, for HTTP mode; Socket Mode if not given.")
    ] = None,
    limits: Annotated[bool, typer.Option(help="Slack's rate limits.")] = True,
) -> None:
    """A strict local Slack alone, to try any bot on: prints the address of its API, and the tokens."""
    from integrations.sandbox.slack.alone import run_alone

    run_alone(console(), manifest, port=port, state=state, request_url=request_url, limits=limits)


@sandbox_cli.command("platform")
def sandbox_platform(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8901,
    seed: Annotated[int, typer.Option(help="Another number is another world.")] = 7,
) -> None:
    """A simulated LLM platform alone: Prometheus, Loki, Tempo and a deploy API, with faults to inject."""
    from integrations.sandbox.platform.alone import run_alone

    run_alone(console(), port=port, seed=seed)


@sandbox_cli.command("fault")
def sandbox_fault(
    kind: Annotated[str, typer.Argument(help="What; without it, what there is and what goes on.")] = "",
    service: Annotated[str, typer.Argument(help="Where.")] = "",
    environment: Annotated[str, typer.Option(help="In which environment.")] = "production",
    minutes: Annotated[float, typer.Option(help="For how long; until it is ended, if not given.")] = 0,
    size: Annotated[float, typer.Option(help="How much; what is usual for it, if not given.")] = 0,
    end: Annotated[str, typer.Option(help="End the fault of this id instead.")] = "",
    url: Annotated[str, typer.Option(help="The platform; the demo's if not given.")] = "http://127.0.0.1:8910",
) -> None:
    """Break something on a simulated platform that runs, such as the demo's: `sandbox fault latency payments`."""
    from integrations.sandbox.platform import faulting

    if end:
        faulting.end(console(), url, end)
    else:
        faulting.fault(console(), url, kind, service, environment=environment, minutes=minutes, size=size)


@sandbox_cli.command("model")
def sandbox_model(
    script: Annotated[Path | None, typer.Option(help="What it says, in YAML; the demo's if not given.")] = None,
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8902,
) -> None:
    """A scripted language model alone, behind the APIs of Anthropic and OpenAI: no key, no cost."""
    from integrations.sandbox.anthropic.alone import run_alone

    run_alone(console(), script, port=port)


@manifest_cli.command("check")
def manifest_check(path: Annotated[Path, typer.Argument(help="The manifest.")] = Path("manifest.yml")) -> None:
    """Fail if the manifest and the code differ in scopes, events, commands or shortcuts, or Slack would refuse it."""
    from handlers.manifest import manifest_check as check

    code = check(console(), path)
    if code:
        raise typer.Exit(code)


@check_cli.command("config")
def check_config(as_json: AsJson = False) -> None:
    """What is in force and where it comes from, secrets masked; and everything that is wrong, with its mend."""
    from bot.checkup import checkup

    code = checkup(console(), as_json=as_json)
    if code:
        raise typer.Exit(code)


@policy_cli.command("explain", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def policy_explain(
    context: typer.Context,
    operation: Annotated[str, typer.Argument(help="The name of the operation.", autocompletion=_names)],
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """What would happen if PERSON ran OPERATION, and why. Nothing is run. Its input is given as --name value."""
    values: dict[str, object] = {"operation": operation, "parameters": parse_values(context.args)}
    _show(_with_app(lambda app: _invoke(app, "policies.explain", values, person)), as_json=as_json)


@audit_cli.command("verify")
def audit_verify(
    expect: Annotated[str | None, typer.Option(help="SEQ:SEAL, as an earlier run printed it as head.")] = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Walk the whole chain. Exit code 5 if a row was changed, removed or moved."""
    from bot.door.outcomes import Done

    values: dict[str, object] = {"expect": expect} if expect else {}
    outcome = _with_app(lambda app: _invoke(app, "audit.verify", values, person))
    _show(outcome, as_json=as_json)
    if isinstance(outcome, Done) and isinstance(outcome.output, dict) and not outcome.output["intact"]:
        raise typer.Exit(BROKEN)


@audit_cli.command("export")
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
                outcome = await _invoke(app, "audit.export", {"after": last}, person)
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

    outcome = _with_app(work)
    if not isinstance(outcome, Done):
        _show(outcome)


@privacy_cli.command("export")
def privacy_export(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="Whose data.")], person: As = None, as_json: AsJson = True
) -> None:
    """Everything that is held about PERSON, as JSON."""
    _show(_with_app(lambda app: _invoke(app, "privacy.export", {"person": who}, person)), as_json=as_json)


@privacy_cli.command("erase")
def privacy_erase(
    who: Annotated[str, typer.Argument(metavar="PERSON", help="Who is to be forgotten.")],
    person: As = None,
    why: Annotated[str, typer.Option(help="Why, for those who approve it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Forget PERSON. Destructive: somebody else has to approve it. The audit chain stays valid."""
    _show(_with_app(lambda app: _invoke(app, "privacy.erase", {"person": who}, person, why=why)), as_json=as_json)


def _on_database(work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    from storage.database import Database

    settings = _settings()

    async def run() -> T:
        database = Database(settings.database, timeout=settings.database_timeout_seconds)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


@db_cli.command("upgrade")
def db_upgrade(revision: Annotated[str, typer.Argument(help="To which revision.")] = "head") -> None:
    """Bring the schema up to date."""
    _on_database(lambda database: database.upgrade(revision))
    db_current()


@db_cli.command("downgrade")
def db_downgrade(
    revision: Annotated[str, typer.Argument(help="To which revision; base drops every table.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take the schema back. What the newer tables hold is lost."""
    if not yes:
        typer.confirm(f"Take the schema back to {revision!r}, and lose what the newer tables hold?", abort=True)
    _on_database(lambda database: database.downgrade(revision))
    db_current()


@db_cli.command("current")
def db_current() -> None:
    """The revision of the schema, and the one that this version needs."""
    from storage.database import head_revision

    found = _on_database(lambda database: database.current())
    console().print(f"schema {found or 'none'}; this version needs {head_revision()}", markup=False)


@db_cli.command("rotate")
def db_rotate() -> None:
    """Rewrite every sealed column with the active key. Keep old keys that sealed audit rows."""
    from bot.app import read_keys
    from storage.database import Database
    from storage.repositories import MemoryRepository
    from storage.rotation import rotate

    keys = read_keys(_settings())

    async def work(database: Database) -> dict[str, int]:
        counts = dict(await rotate(database, keys))
        return counts | {"memory_terms": await MemoryRepository(database, keys).reindex()}

    counts = _on_database(work)
    for column, count in counts.items():
        console().print(f"{column}: {count}", markup=False)
    console().print(f"Everything is sealed with {keys.active!r} now.", markup=False)


@docs_cli.command("build")
def docs_build() -> None:
    """Write docs/ and .env.example anew from the code."""
    from bot.reference import build

    for path in build(cli):
        console().print(f"wrote {path}", markup=False)


@docs_cli.command("check")
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
