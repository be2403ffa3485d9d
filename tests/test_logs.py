"""The log: one stream, one shape, with the trace id of the request, and never a reason to fail."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import logs
from bot.app import App
from bot.door.context import Context
from bot.door.outcomes import Done
from bot.guard.redaction import Redactor
from tests.conftest import MakeApp, invoke
from tests.door.stage import read


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def configured(**changes: Any) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(Redactor(), **{"level": "info", "form": "json", "stream": stream, **changes})
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ours_and_a_librarys_lines_have_one_shape() -> None:
    stream = configured()
    structlog.get_logger().info("ours", number=1, nothing=None, yes=True, half=0.5)
    logging.getLogger("library").info("%s lines", "their")
    ours, theirs = lines(stream)
    assert ours == {
        "event": "ours",
        "number": 1,
        "nothing": None,
        "yes": True,
        "half": 0.5,
        "level": "info",
        "timestamp": ours["timestamp"],
    }
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"]) == ("their lines", "info")
    assert ours.keys() >= theirs.keys()


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_holds_for_both(level: str, shown: int) -> None:
    stream = configured(level=level)
    for log in (structlog.get_logger(), logging.getLogger("library")):
        for name in ("debug", "info", "warning", "error"):
            getattr(log, name)("x")
    assert len(lines(stream)) == 2 * shown


def test_configuring_twice_writes_once() -> None:
    configured()
    stream = configured()
    logging.getLogger("library").info("once")
    assert len(lines(stream)) == 1


def test_personal_data_is_masked() -> None:
    stream = configured()
    structlog.get_logger().info("mail of ann@example.org", phone="+49 30 1234567", card="4111 1111 1111 1111")
    (line,) = lines(stream)
    assert (line["event"], line["phone"], line["card"]) == ("mail of [e-mail]", "[phone]", "[card]")


def test_an_exception_is_written_with_its_trace() -> None:
    stream = configured()
    try:
        int("what happened")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed")
    for line in lines(stream):
        assert "what happened" in line["exception"]
        assert "Traceback" in line["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_that_is_logged_is_a_reason_to_fail(
    form: str, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        logs.configure(Redactor(), level="info", form=form, stream=stream)
        structlog.get_logger().info(
            "odd \ud800",
            surrogate="\udfff",
            nan=float("nan"),
            inf=float("inf"),
            bytes_=b"\xff",
            thing=object(),
            keys={1: 2},
        )
        logging.getLogger("library").info("odd \ud800")
    assert "Logging error" not in capsys.readouterr().err
    written = (tmp_path / "log").read_text()
    assert written.count("odd") == 2
    if form == "json":
        json.loads(written.splitlines()[0], parse_constant=pytest.fail)


async def test_every_line_of_a_request_carries_its_trace_id(make_app: MakeApp, database_kind: str) -> None:
    async def logs_(_: Any, __: Context) -> str:
        structlog.get_logger().info("inside")
        logging.getLogger("library").info("inside a library")
        return ""

    app: App = await make_app(read("test.read", logs_))
    stream = io.StringIO()
    logs.configure(app.redactor, level="info", form="json", stream=stream)
    outcome = await invoke(app, "sre", "test.read")
    assert isinstance(outcome, Done)
    structlog.get_logger().info("outside")
    inside = [line for line in lines(stream) if line["event"].startswith("inside")]
    assert [line["trace_id"] for line in inside] == [outcome.trace_id] * 2
    assert all("trace_id" not in line for line in lines(stream) if line["event"] == "outside")
