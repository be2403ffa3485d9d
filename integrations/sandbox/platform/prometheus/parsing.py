"""From the text of a query to its tree: promql-parser's, its refusals worded and placed as Prometheus does.

promql-parser follows a newer language and has two edges: it knows no backslash in `raw` strings, and its recursion
ends the process on some thousand operators in a row. Both are met here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

import promql_parser as promql

from integrations.sandbox.platform.prometheus.aggregation import AGGREGATIONS
from integrations.sandbox.platform.prometheus.failures import QueryRefused
from integrations.sandbox.platform.prometheus.functions import FUNCTIONS
from integrations.sandbox.platform.prometheus.matching import ARITHMETIC, COMPARISONS, SETS
from integrations.sandbox.platform.prometheus.over_time import OVER_TIME
from integrations.sandbox.platform.prometheus.patterns import UnreadablePattern
from integrations.sandbox.platform.prometheus.storage import NAME, Matcher, Op

MOST_CHARACTERS: Final = 65_536
MOST_OPERATORS: Final = 1_000
OF_WINDOWS: Final = frozenset({*OVER_TIME, "absent_over_time", "predict_linear", "quantile_over_time"})
KNOWN: Final = frozenset({*FUNCTIONS, *OF_WINDOWS, "absent", "timestamp"})
OPERATORS: Final = frozenset({*ARITHMETIC, *COMPARISONS, *SETS})

_QUOTED: Final = re.compile(r"""`[^`]*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\#[^\n]*""")
_OPERATOR: Final = re.compile(r"[-+*/%^(<>=]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_UNKNOWN: Final = re.compile(r'unknown function with name "(\w+)"')
_ARGUMENT: Final = re.compile(r'expected type [\w ]+ in call to function "(\w+)"')
_TYPE_WORD: Final = re.compile(r"(?<=type )(vector|matrix)|(?<=got )(vector|matrix)")
_OPS: Final[dict[str, Op]] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def parsed(text: str) -> promql.Expr:
    """The tree, or a refusal that says where and why."""
    bare = _QUOTED.sub("", text)
    if len(text) > MOST_CHARACTERS or len(_OPERATOR.findall(bare)) > MOST_OPERATORS:
        raise refused(text, f"the query is longer than {MOST_CHARACTERS} characters or {MOST_OPERATORS} operators", 0)
    try:
        tree = promql.parse(_QUOTED.sub(lambda found: _interpreted(found[0]), text))
    except ValueError as error:
        message = _worded(str(error))
        raise refused(text, message, _place(text, message)) from error
    for problem in _problems(tree):
        raise refused(text, problem, _place(text, problem))
    return tree


def selector(text: str) -> list[Matcher]:
    """What `match[]` says."""
    tree = parsed(text)
    if not isinstance(tree, promql.VectorSelector) or tree.offset or tree.at:
        raise refused(text, "expected a series selector", 0)
    return matchers(tree)


def matchers(node: promql.VectorSelector) -> list[Matcher]:
    named = [Matcher(NAME, "=", node.name)] if node.name else []
    return named + [Matcher(one.name, _op(one), one.value) for one in node.matchers.matchers]


def refused(text: str, message: str, place: int) -> QueryRefused:
    line, column = text.count("\n", 0, place) + 1, place - (text.rfind("\n", 0, place) + 1) + 1
    return QueryRefused("bad_data", f"{line}:{column}: parse error: {message}")


def _op(matcher: promql.Matcher) -> Op:
    return _OPS[str(matcher.op).rpartition(".")[2]]


def _interpreted(quoted: str) -> str:
    return json.dumps(quoted[1:-1], ensure_ascii=False) if quoted.startswith("`") else quoted


def _worded(message: str) -> str:
    message = re.sub(r"'(\w+)'", r'"\1"', message.strip())
    message = re.sub(r"^illegal regex for (.*)", r"error parsing regexp: `^(?:\1)$`", message, flags=re.DOTALL)
    return _TYPE_WORD.sub(lambda word: "range vector" if word[0] == "matrix" else "instant vector", message)


def _place(text: str, message: str) -> int:
    """Where Prometheus would point at, for the mistakes that people make; the beginning for all others."""
    if message.startswith(("unclosed left parenthesis", "unexpected end of input")):
        return len(text)
    if (unknown := _UNKNOWN.search(message)) and (call := re.search(rf"\b{unknown[1]}\s*\(", text)):
        return call.start()
    if (argument := _ARGUMENT.search(message)) and (call := re.search(rf"\b{argument[1]}\s*\(\s*", text)):
        return call.end()
    return 0


def _problems(tree: promql.Expr) -> Iterator[str]:
    """What the parser lets pass and 2.42 does not have, or nobody has built here."""
    waiting = [tree]
    while waiting:  # by hand: promql.walk takes seconds for some hundred nodes within each other
        node = waiting.pop()
        yield from _problems_of(node)
        waiting += _children(node)


def _children(node: promql.Expr) -> list[promql.Expr]:
    match node:
        case promql.Call():
            return list(node.args)
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql.AggregateExpr():
            return [node.expr] if node.param is None else [node.expr, node.param]
        case promql.MatrixSelector():
            return [node.vector_selector]
        case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            return [node.expr]
    return []


def _problems_of(node: promql.Expr) -> Iterator[str]:
    match node:
        case promql.Call() if node.func.name not in KNOWN:
            yield f'unknown function with name "{node.func.name}"'
        case promql.AggregateExpr() if str(node.op) not in AGGREGATIONS:
            yield f'unknown function with name "{node.op}"'
        case promql.BinaryExpr():
            fill = node.modifier.fill_values if node.modifier else None
            if str(node.op) not in OPERATORS:
                yield f'unknown operator "{node.op}"'
            if fill and (fill.lhs is not None or fill.rhs is not None):
                yield 'unexpected "fill"'
        case promql.VectorSelector():
            if node.matchers.or_matchers:
                yield 'unexpected "or" in label matching, expected "," or "}"'
            yield from _unreadable(matchers(node))


def _unreadable(wanted: list[Matcher]) -> Iterator[str]:
    for one in wanted:
        try:
            one.matches("")
        except UnreadablePattern as error:
            yield f"error parsing regexp: {error}: `{one.value[:100]}`"
