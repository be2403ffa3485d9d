"""What reads labels out of a line: json, logfmt, unpack, patterns and regexes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from bot.telemetry.queries.logql import Parser, compiled
from bot.telemetry.queries.logql_nodes import pieces
from integrations.sandbox.platform.loki.entry import Entry, Run
from integrations.sandbox.platform.loki.errors import BadQuery

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_]")
_PAIR: Final = re.compile(r'([^\s="]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?')
_PATH: Final = re.compile(r'\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\["([^"]+)"\]')


def json_parser(stage: Parser) -> Run:
    paths = [(name, _path(where)) for name, where in stage.fields]

    def run(entry: Entry) -> bool:
        try:
            found = json.loads(entry.line, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            why = (
                "Value looks like object, but can't find closing '}' symbol"
                if "{" in entry.line
                else "Unknown value type"
            )
            entry.fail("JSONParserErr", why)
        elif paths:
            for name, path in paths:
                entry.put(name, _text(_dig(found, path)))
        else:
            _flatten(entry, "", found, 0)
        return True

    return run


def _path(where: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 0
    while at < len(where):
        found = _PATH.match(where, at)
        if found is None:
            raise BadQuery(f"parse error : cannot parse expression [{where}]: syntax error: unexpected character")
        steps.append(int(found[2]) if found[2] else found[1] or found[3])
        at = found.end()
    return steps


def _dig(found: object, path: list[str | int]) -> object:
    for step in path:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_DEEPEST: Final = 20


def _flatten(entry: Entry, prefix: str, found: Mapping[str, object], depth: int) -> None:
    for key, value in found.items():
        name = prefix + safe(key)
        if isinstance(value, dict):
            if depth < _DEEPEST:
                _flatten(entry, f"{name}_", value, depth + 1)
        elif value is not None and not isinstance(value, list):
            entry.put(name, _text(value))


def safe(key: str) -> str:
    """A key as the name of a label."""
    name = _UNSAFE.sub("_", key)
    return f"_{name}" if name[:1].isdigit() else name


def logfmt_parser(stage: Parser) -> Run:
    wanted = [(name, where) for name, where in stage.fields]
    empties = "--keep-empty" in stage.flags

    def run(entry: Entry) -> bool:
        pairs = {
            found[1]: _bare(found[2] or "") for found in _PAIR.finditer(entry.line) if found[2] is not None or empties
        }
        if wanted:
            for name, where in wanted:
                entry.put(name, pairs.get(where, ""))
            return True
        for key, value in pairs.items():
            if value or empties:
                entry.put(safe(key), value)
        return True

    return run


_ESCAPED: Final = re.compile(r"\\(.)")
_MEANT: Final = {"n": "\n", "t": "\t"}


def _bare(value: str) -> str:
    if value[:1] != '"':
        return value
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), value[1:-1])


def unpack(entry: Entry) -> bool:
    try:
        found = json.loads(entry.line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        entry.fail("JSONParserErr", "expecting json object(6), but it is not")
        return True
    for key, value in found.items():
        if isinstance(value, str) and key != "_entry":
            entry.put(safe(key), value)
    if isinstance(found.get("_entry"), str):
        entry.line = found["_entry"]
    return True


def pattern_parser(by: str) -> Run:
    cut = pieces(by)

    def run(entry: Entry) -> bool:
        start = entry.line.find(cut[0])
        if start < 0 or (cut[0] and start > 0):
            return True
        at = start + len(cut[0])
        for name, text in zip(cut[1::2], cut[2::2], strict=True):
            end = entry.line.find(text, at) if text else len(entry.line)
            if end < 0:
                return True
            if name != "_":
                entry.put(name, entry.line[at:end])
            at = end + len(text)
        return True

    return run


def regexp_parser(by: str) -> Run:
    search = compiled(by).search

    def run(entry: Entry) -> bool:
        found = search(entry.line)
        for name, value in (found.groupdict() if found else {}).items():
            entry.put(name, value or "")
        return True

    return run
