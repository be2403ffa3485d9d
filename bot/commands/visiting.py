"""A terminal's short visit to the bot: it comes in as somebody, asks the one door, and shows what comes back."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer
from rich.console import Console

if TYPE_CHECKING:
    from bot.app import App
    from bot.config import Settings
    from bot.door.outcomes import Outcome

T = TypeVar("T")
USAGE: Final = 2
BROKEN: Final = 5
PIPED_WIDTH: Final = 200
OPEN: Final[dict[str, Any]] = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Of a command that takes whatever an operation takes."""


def _names(incomplete: str) -> list[str]:
    """Shell completion of operation names."""
    from bot.door.registry import Registry

    return [operation.name for operation in Registry.discover() if operation.name.startswith(incomplete)]


As = Annotated[
    str | None, typer.Option("--as", metavar="PERSON", help="Who asks; the setting terminal_person if not given.")
]
Operation = Annotated[str, typer.Argument(help="The name of the operation.", autocompletion=_names)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def console(*, error: bool = False) -> Console:
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(stderr=error, highlight=False, width=PIPED_WIDTH if piped else None)


def read_settings() -> Settings:
    from bot import config

    return config.load().require()


def with_app(work: Callable[[App], Coroutine[Any, Any, T]], *, whole: bool = False) -> T:
    """Start the app, do the work, and close it, whatever happens."""
    import asyncio

    from bot.app import App
    from bot.guard.redaction import Redactor
    from bot.logs import configure

    settings = read_settings()
    configure(Redactor(), level=settings.log_level, form=settings.log_format)

    async def run() -> T:
        async with App.running(settings, whole=whole) as app:
            configure(app.redactor, level=settings.log_level, form=settings.log_format)
            return await work(app)

    return asyncio.run(run())


async def invoke(app: App, operation: str, values: dict[str, object], person: str | None, **options: Any) -> Outcome:
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


def show(outcome: Outcome, *, as_json: bool = False) -> None:
    from bot import terminal

    code = terminal.show(console(), outcome, as_json=as_json)
    if code:
        raise typer.Exit(code)


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
