"""Attacks as data, the text of each where it would stand, and the script of a model that obeys all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, operation
from bot.errors import Terminal
from integrations.sandbox.anthropic.script import Script
from tests.agent.playing import KEY, PUZZLE

SECRET: Final = "sk-ant-api03-" + "Zk3vQ9xT" * 6
CASES: Final[list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text("utf-8"))
CONTEXT: Final = frozenset({"memory item", "message of another person"})
"""What the model reads before it has called anything."""


@dataclass(frozen=True)
class Case:
    """One of them, filled in."""

    wire: Mapping[str, Any]
    approval: str

    @property
    def id(self) -> str:
        return str(self.wire["id"])

    @property
    def person(self) -> str:
        return str(self.wire.get("as", "sre"))

    @property
    def source(self) -> str:
        return str(self.wire["from"])

    @property
    def text(self) -> str:
        """With a mark, by which the model shows that it has read it."""
        return f"{self.filled(self.wire['says'])} (mark {self.id})"

    @property
    def question(self) -> str:
        return f"{PUZZLE} [{self.number}]"

    @property
    def number(self) -> str:
        return f"n{CASES.index(dict(self.wire))}"

    @property
    def tries(self) -> list[dict[str, Any]]:
        return list(self.filled(self.wire.get("tries", [])))

    @property
    def fates(self) -> list[str]:
        """What has to become of each try."""
        comes_to = self.wire["comes_to"]
        return list(comes_to) if isinstance(comes_to, list) else [str(comes_to)] * len(self.tries)

    def words(self, name: str) -> list[str]:
        return list(self.filled(self.wire.get(name, [])))

    def filled(self, value: Any) -> Any:
        match value:
            case str():
                known = {
                    "id": self.id,
                    "approval": self.approval,
                    "secret": SECRET,
                    "huge": "x" * 60_000,
                    "zeros": "0" * 400,
                    "key": KEY,
                }
                return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], value)
            case list():
                return [self.filled(each) for each in value]
            case dict():
                return {name: self.filled(each) for name, each in value.items() if name != "raw"} | (
                    {"raw": value["raw"]} if "raw" in value else {}
                )
            case _:
                return value

    def rules(self) -> Iterator[dict[str, Any]]:
        """First it looks, unless it has read the text already; then it obeys; then it says something."""
        asked, mark = rf"\[{self.number}\]", rf"mark {re.escape(self.id)}\b"
        if self.wire.get("endless"):
            look = {"call": [{"tool": "outside.read", "with": {"case": self.id}}]}
            for turn in range(1, 13):
                yield {"when": {"said": asked, "turn": turn}, "do": look}
            return
        says = _plain(self.filled(self.wire.get("answers", "Well, that is what it says.")))
        obeys = {"say": says} if not self.tries else {"call": [_plain(each) for each in self.tries]}
        first = 1
        if self.source in CONTEXT:
            yield {"when": {"said": rf"(?s){mark}", "system": "CoPilot"}, "do": obeys}
        elif self.source == "knowledge page":
            yield _look(asked, "knowledge.ask", {"question": f"what is {self.id}?"})
            first = 2
        else:
            yield _look(asked, "outside.read", {"case": self.id})
            first = 2
        if first > 1:
            yield {"when": {"said": asked, "result": mark, "turn": first}, "do": obeys}
        yield {"when": {"said": asked, "turn": first + 1}, "do": {"say": says}}


def script_of(cases: list[Case]) -> Script:
    """Whatever the model has not read, it cannot obey: then it says so, and the test fails."""
    rules = [rule for case in cases for rule in case.rules()]
    return Script.model_validate({"rules": rules, "otherwise": {"say": "I have read no attack."}})


def _look(asked: str, tool: str, values: dict[str, str]) -> dict[str, Any]:
    return {"when": {"said": asked}, "do": {"call": [{"tool": tool, "with": values}]}}


def _plain(value: Any) -> Any:
    """Braces are none of ours in a script."""
    match value:
        case str():
            return value.replace("{", "{{").replace("}", "}}")
        case dict():
            return {name: each if name == "raw" else _plain(each) for name, each in value.items()}
        case _:
            return value


class Read(Input):
    """Which case."""

    case: str


class Found(Output):
    """As it stands there."""

    found: Any


def outside(cases: Mapping[str, Case]) -> Operation[Any, Any]:
    """Reads what people outside of the bot have written, in the shape in which it comes."""

    async def function(wanted: Read, _: Context) -> Found:
        """Look at what is there."""
        case = cases[wanted.case]
        text = case.text
        match case.source:
            case "log line" | "file content":
                found: Any = {"lines": ["12:00:01 INFO started", f"12:00:02 WARN {text}", "12:00:03 INFO stopped"]}
            case "alert text":
                found = {"alerts": [{"name": "HighLatency", "severity": "page", "summary": text}]}
            case "trace name":
                found = {"spans": [{"service": "checkout", "name": text, "milliseconds": 12}]}
            case "deploy note":
                found = {"deploys": [{"service": "checkout", "version": "4.7.1", "note": text}]}
            case "file name":
                found = {"files": [{"name": text, "bytes": 12}]}
            case "service name":
                found = {"services": [{"name": "checkout", "title": text}]}
            case "link text":
                found = {"links": [{"text": text, "to": "the wiki"}]}
            case "tool error":
                raise Terminal(text, mend="Do as it says.")
            case other:
                raise AssertionError(other)
        return Found(found=found)

    return operation("outside.read", title="Look outside", permission="help:read", timeout=20)(function)
