"""The stages of a log pipeline, each a function that changes one line and says whether it stays."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from bot.telemetry.queries.logql import (
    BytesFilter,
    DurationFilter,
    Every,
    Extract,
    LabelFilter,
    LabelFormat,
    Labels,
    LineFilter,
    LineFormat,
    Matcher,
    NumberFilter,
    Parser,
    Rename,
    Some,
    Stage,
    Unwrap,
    Where,
    compiled,
)
from bot.telemetry.queries.logql_nodes import Decolorize
from integrations.sandbox.platform.loki.entry import DETAILS, ERROR, Entry, Run
from integrations.sandbox.platform.loki.errors import BadQuery
from integrations.sandbox.platform.loki.parsers import (
    json_parser,
    logfmt_parser,
    pattern_parser,
    regexp_parser,
    unpack,
)
from integrations.sandbox.platform.loki.values import NotANumber, duration, integer_bytes, number

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_FIELD: Final = re.compile(r"\.([A-Za-z_]\w*)|(__line__)")
_WORDS: Final[Mapping[str, Callable[[str], str]]] = {
    "ToUpper": str.upper, "upper": str.upper, "ToLower": str.lower, "lower": str.lower,
    "trim": str.strip, "TrimSpace": str.strip, "title": str.title,
}  # fmt: skip
_COMPARES: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def runner(stage: Stage) -> Run:
    """The function of a stage."""
    match stage:
        case LineFilter():
            return line_filter(stage)
        case Parser(kind="unpack"):
            return unpack
        case Parser():
            return json_parser(stage) if stage.kind == "json" else logfmt_parser(stage)
        case Extract():
            return pattern_parser(stage.by) if stage.kind == "pattern" else regexp_parser(stage.by)
        case Where():
            return where(stage.filter)
        case LineFormat():
            return _line_format(stage.template)
        case LabelFormat():
            return _label_format(stage)
        case Labels():
            return _drop(stage) if stage.kind == "drop" else _keep(stage)
        case Decolorize():
            return _decolorize


def finder(wanted: LineFilter) -> Callable[[str], bool]:
    """Whether a text passes a line filter."""
    searches = [compiled(each).search for each in wanted.values] if wanted.op[1] == "~" else []

    def found(text: str) -> bool:
        return any(search(text) for search in searches) if searches else any(each in text for each in wanted.values)

    return found if wanted.op[0] == "|" else lambda text: not found(text)


def line_filter(wanted: LineFilter) -> Run:
    passes = finder(wanted)
    return lambda entry: passes(entry.line)


# filters


def where(wanted: LabelFilter) -> Run:
    match wanted:
        case Matcher():
            return lambda entry: wanted.matches(entry.get(wanted.name))
        case Every():
            runs = [where(each) for each in wanted.parts]
            return lambda entry: all(run(entry) for run in runs)
        case Some():
            runs = [where(each) for each in wanted.parts]
            return lambda entry: any(run(entry) for run in runs)
        case NumberFilter():
            return _compared(wanted.name, wanted.op, wanted.value, number)
        case DurationFilter():
            return _compared(wanted.name, wanted.op, wanted.value / 1e9, duration)
        case BytesFilter():
            return _compared(wanted.name, wanted.op, wanted.value, integer_bytes)


def _compared(name: str, op: str, value: float, read: Callable[[str], float]) -> Run:
    compare = _COMPARES[op]

    def run(entry: Entry) -> bool:
        if entry.has(ERROR):  # only a text filter takes a failed line out
            return True
        if not entry.has(name):
            return False
        try:
            return compare(read(entry.get(name)), value)
        except NotANumber as wrong:
            entry.fail("LabelFilterErr", str(wrong))
            return True

    return run


def _drop(stage: Labels) -> Run:
    def run(entry: Entry) -> bool:
        for each in stage.labels:
            if isinstance(each, str):
                entry.forget(each)
            elif each.matches(entry.get(each.name)):
                entry.forget(each.name)
        return True

    return run


def _keep(stage: Labels) -> Run:
    names = {each for each in stage.labels if isinstance(each, str)}
    matchers = [each for each in stage.labels if isinstance(each, Matcher)]

    def run(entry: Entry) -> bool:
        kept = names | {each.name for each in matchers if each.matches(entry.get(each.name))} | {ERROR, DETAILS}
        for labels in (entry.parsed, entry.metadata, entry.stream):
            for name in [name for name in labels if name not in kept]:
                del labels[name]
        return True

    return run


# formats


def _decolorize(entry: Entry) -> bool:
    entry.line = _ANSI.sub("", entry.line)
    return True


def _template(text: str) -> Callable[[Entry], str]:
    """The part of Go's templates that people use in queries: labels, the line, and a few functions behind a bar."""
    parts = _ACTION.split(text)
    actions = [_action(each) for each in parts[1::2]]

    def write(entry: Entry) -> str:
        out = parts[0]
        for action, after in zip(actions, parts[2::2], strict=True):
            out += action(entry) + after
        return out

    return write


def _action(text: str) -> Callable[[Entry], str]:
    first, *words = [each.strip() for each in text.split("|")]
    found = _FIELD.fullmatch(first)
    unknown = next((each for each in words if each not in _WORDS), None)
    if found is None or unknown is not None:
        what = unknown if found is not None else first
        raise BadQuery(f'parse error : invalid template: template: line:1: function "{what}" not defined')

    def run(entry: Entry) -> str:
        value = entry.line if found[2] else entry.get(found[1])
        for word in words:
            value = _WORDS[word](value)
        return value

    return run


def _line_format(template: str) -> Run:
    write = _template(template)

    def run(entry: Entry) -> bool:
        entry.line = write(entry)
        return True

    return run


def _label_format(stage: LabelFormat) -> Run:
    parts = [
        (each.name, each.source, None) if isinstance(each, Rename) else (each.name, "", _template(each.template))
        for each in stage.parts
    ]

    def run(entry: Entry) -> bool:
        for name, source, write in parts:
            if write is not None:
                entry.write(name, write(entry))
            elif entry.has(source):
                value = entry.get(source)
                entry.forget(source)
                entry.write(name, value)
        return True

    return run


def sample(unwrap: Unwrap) -> Callable[[Entry], float | None]:
    """The number that a line gives; none where the label is missing or a filter afterwards says no."""
    read = {"": number, "bytes": integer_bytes}.get(unwrap.unit, duration)
    after = [where(each) for each in unwrap.after]

    def run(entry: Entry) -> float | None:
        if not entry.has(unwrap.label):
            return None
        value = math.nan
        try:
            value = read(entry.get(unwrap.label))
            entry.forget(unwrap.label)
        except NotANumber as wrong:
            entry.fail("SampleExtractionErr", str(wrong))
        return value if all(passes(entry) for passes in after) else None

    return run
