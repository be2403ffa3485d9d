"""Secrets in, none out: not in the log, not in the audit, not in the outcome, not in the database."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import logs
from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.door.outcomes import Done, Outcome
from bot.door.runner import OUTCOME
from bot.errors import Conflict, NotFound, Refusal, Terminal, Unavailable
from bot.guard.people import Actor
from bot.guard.redaction import Redactor
from tests.conftest import KEY, ORIGIN, MakeApp, invoke
from tests.door.stage import IN_PROCESS, Script, change, danger, dump, read

SECRETS = {
    "slack": "xoxb-123456789012-abcdefghijkl",
    "app": "xapp-1-A0000000-1234567890-abcdef",
    "anthropic": "sk-ant-api03-abcdefghijklmnopqrst",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz012345",
    "aws": "AKIAABCDEFGHIJKLMNOP",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop",
    "bearer": "Bearer abcdef0123456789abcdef",
    "url": "postgresql://bot:correct-horse-9@db/x",
    "field": "password=hunter2hunter2",
    "own": KEY,
}
PLANTED = " ".join(SECRETS.values())
TELLTALES = (
    *(text for name, text in SECRETS.items() if name not in {"bearer", "url", "field"}),
    "abcdef0123456789abcdef",
    "correct-horse-9",
    "hunter2hunter2",
)


class Fields(Input):
    """With a field that is called like a secret."""

    words: str = ""
    api_key: str = ""


class Everything(Output):
    """Secrets in values, in keys, under telling names, in lists."""

    words: str
    token: str
    more: dict[str, Any]


@operation("test.leaky", title="T", permission="help:read")
async def leaky(wanted: Fields, _: Context) -> Everything:
    """Hand out all that came in."""
    return Everything(
        words=wanted.words, token="abcdefgh", more={wanted.words: [wanted.words, {"password": "swordfish1"}]}
    )


def told(text: str) -> list[str]:
    return [secret for secret in (*TELLTALES, "swordfish1", "letmein99") if secret in text]


@pytest.fixture
def stream(quiet_logs: None) -> io.StringIO:
    return io.StringIO()


def listen(app: App, stream: io.StringIO, form: str = "json") -> None:
    logs.configure(app.redactor, level="debug", form=form, stream=stream)


@pytest.fixture(autouse=True)
def root_logger() -> Any:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


async def test_planted_secrets_come_out_nowhere(
    make_app: MakeApp, database_url: str, tmp_path: Path, stream: io.StringIO
) -> None:
    async def says(wanted: Any, context: Context) -> str:
        await context.progress(PLANTED)
        return str(wanted.words)

    seen: list[str] = []

    async def shows(text: str) -> None:
        seen.append(text)

    async def preview(_: Any, __: Context) -> str:
        return PLANTED

    errors = (Refusal, NotFound, Conflict, Terminal, Unavailable)
    app = await make_app(
        leaky,
        change("test.change", says),
        danger("test.danger", says, preview=preview),
        change("test.bug", Script(error=ValueError(PLANTED))),
        *(
            change(f"test.{error.__name__.lower()}", Script(error=error(PLANTED, mend=f"Use {PLANTED}.")))
            for error in errors
        ),
        *(read(f"test.read{error.__name__.lower()}", Script(error=error(PLANTED))) for error in errors),
        rate_burst=100,
    )
    listen(app, stream)
    outcomes: list[Outcome] = []

    async def ask(person: str, name: str, raw: dict[str, Any], **more: Any) -> None:
        outcomes.append(await app.door.invoke(Actor(person), name, raw, origin=ORIGIN, progress=shows, **more))

    await ask("sre", "test.leaky", {"words": PLANTED, "api_key": "letmein99"})
    await ask("sre", "test.change", {"words": PLANTED}, why=PLANTED)
    await ask("sre", "test.danger", {"words": PLANTED}, why=PLANTED)
    await ask("admin", "test.danger", {"words": PLANTED}, why=PLANTED, break_glass=PLANTED)
    await ask("sre", "test.bug", {})
    for error in errors:
        await ask("sre", f"test.{error.__name__.lower()}", {})
        await ask("sre", f"test.read{error.__name__.lower()}", {})
    for secret in SECRETS.values():
        await ask("sre", secret, {})  # for the name of an operation
        await ask(secret, "help.show", {})  # for a person
        await ask("sre", "help.show", {secret: 1})  # for a field
        await ask("sre", "help.show", {"operation": 1, "x": {"y": [secret]}})
        await ask("sre", "help.show", {"operation": ["x" * 30, secret]})
        await ask("sre", "help.show", {"operation": "x" * 30 + " " + secret + "\x00"})  # cut in the middle
        await ask("sre", "help.show", {"operation": secret})
        await ask("admin", "audit.search", {"person": secret, "trace": secret})
        await ask("sre", "runs.cancel", {"run": secret})
        await ask("sre", "test.change", {}, idempotency_key=secret)
    await ask("sre", "test.leaky", {"password": "letmein99"})
    await ask("sre", "test.leaky", {"words": 1, "db_password": "letmein99", "x": {"token": "letmein99"}})

    assert told(json.dumps([OUTCOME.dump_python(outcome, mode="json") for outcome in outcomes])) == []
    assert "[secret]" in str(outcomes)
    assert told(json.dumps(await app.audit.page(0, 5_000))) == []
    assert told("".join(seen)) == []
    assert told(stream.getvalue()) == []
    assert "glass_broken" in stream.getvalue()
    assert "operation_failed" in stream.getvalue()
    everything = await dump(database_url, tmp_path)
    assert told(everything) == []
    assert "test.leaky" in everything
    assert not (await app.audit.verify()).faults


def test_no_piece_of_a_secret_is_left_where_a_value_was_cut_short() -> None:
    from bot.door.intake import BadInput, check  # noqa: PLC0415

    secret = "correct-horse-battery-staple"
    for before in range(30, 65):
        with pytest.raises(BadInput) as caught:
            check(leaky, {"words": ["x" * before + secret]}, Redactor([secret]))
        assert "correct" not in str(caught.value)


@IN_PROCESS
async def test_the_installations_own_secrets_are_known_in_whole_and_in_part(make_app: MakeApp) -> None:
    app = await make_app(leaky, encryption_keys=f"old:{KEY[:-2]}E=,new:{KEY}")
    for text in (KEY, f"{KEY[:-2]}E=", f"old:{KEY[:-2]}E=,new:{KEY}", f"the key is {KEY}!"):
        outcome = await invoke(app, "sre", "test.leaky", words=text)
        assert isinstance(outcome, Done)
        assert KEY[:-2] not in str(outcome)


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_log_masks_whatever_is_logged_however(stream: io.StringIO, form: str) -> None:
    logs.configure(Redactor([KEY]), level="debug", form=form, stream=stream)
    log = structlog.get_logger()
    log.info(PLANTED, words=PLANTED, deep={"a": [PLANTED, {"b": (PLANTED, {PLANTED})}]}, token="swordfish1")
    log.info("names", password="letmein99", api_key="letmein99", nested={"secret": "letmein99"}, _token="swordfish1")
    log.info("own", **{PLANTED: 1}, _hidden=PLANTED, error=ValueError(PLANTED), path=Path(SECRETS["slack"]))
    try:
        _raise(RuntimeError(PLANTED), ValueError(PLANTED))
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("library").exception("failed %s", PLANTED)
    logging.getLogger("library").warning("%(a)s", {"a": PLANTED}, stack_info=True)
    logging.getLogger("library").warning(PLANTED)
    written = stream.getvalue()
    assert written.count("failed") >= 2
    assert told(written) == []
    assert "[secret]" in written


def _raise(error: Exception, cause: Exception) -> None:
    raise error from cause
