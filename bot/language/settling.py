"""Which mentions are entities of an operation: a word such as "errors" is a level of logs and a measure of metrics."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from bot.language.clauses import Shape
from bot.language.folding import Folded
from bot.language.lexicon import Lexicon, Text
from bot.language.mentions import NUMBERS, Mention
from bot.language.signs import capitals

_TESTS: Final = frozenset({"tests.run", "tests.coverage", "workflows.define"})
_INCIDENTS: Final = frozenset(
    {
        "incidents.declare",
        "incidents.update",
        "incidents.show",
        "incidents.resolve",
        "incidents.list",
        "incidents.postmortem",
    }
)
_MEASURED: Final = frozenset(
    {"metrics.query", "metrics.compare", "metrics.explain", "recommend.improve", "watches.create"}
)
_UNMEASURED: Final = frozenset(
    {
        "tests.run",
        "tests.generate",
        "tests.coverage",
        "runbooks.run",
        "workflows.start",
        "workflows.status",
        "workflows.cancel",
        "help.show",
    }
    | {
        "approvals.list",
        "chat.smalltalk",
        "deploy.start",
        "deploy.rollback",
        "incidents.resolve",
        "incidents.update",
        "incidents.postmortem",
    }
)
_LOG_STOP: Final = frozenset(
    "a an the in on from for of to with by at since during over log logs line lines show me "  # noqa: SIM905  a table of words
    "all any every recent latest new last error errors warn warning warnings info debug "
    "prod production staging that say says saying contain contains containing mention mentions "
    "mentioning matching with and or is are was were there have has how many please pls "
    "find search grep look get give messages message entries entry my our this these those what "
    "which did do does we see seeing i you it its them about today yesterday now again "
    "just only level raw some few occurrences count number got getting can could would tail "
    "pull show list dump service services up out in not but no anything something stuff more".split()
)
_FOR: Final = re.compile(
    r"\b(?:for|mentioning|mentions?|containing|contains?|matching|match|with the (?:text|word|"
    r"string|phrase)|with|saying|says?|that say|like|about|including|includes?|having|has|grep|"
    r"having the words?)\s+(?:the (?:word|string|text|phrase|pattern|regex)s?\s+|any\s+|a\s+|"
    r"an\s+)?"
)


def settled(  # noqa: C901  one step for each kind
    operation: str, found: Sequence[Mention], made: Shape, folded: Folded, read: Text, lexicon: Lexicon
) -> list[Mention]:
    """The entities, in the order of the text, each value once."""
    kept: list[Mention] = []
    strong = any(each.type == "metric" and not each.weak for each in found)
    for each in found:
        if each.out or each.type == "window":
            continue
        if (
            each.start in made.verbs
            and each.type in {"service", "metric", "suite", "test_kind", "role", "runbook"}
            and each.end - each.start < 12  # noqa: PLR2004  a length
            and _is_verb(each, found, made)
        ):
            continue
        if (
            each.type == "service"
            and _INDEFINITE.search(made.text, max(0, each.start - 12), each.start)
            and each.note != "own"
            and _noun(each, read, lexicon)
        ):
            continue
        if _fits(each, operation, found, made, strong=strong):
            kept.append(each)
    if operation == "logs.search" and not any(each.type == "pattern" for each in kept):
        kept += _patterns(kept, made, folded, read, lexicon)
    if operation == "runbooks.run":
        kept += _runbooks(kept, made)
    if (
        operation in {"logs.search", "traces.search"}
        and (count := re.search(r"\bhow many\b|\bnumber of\b|\bcount of\b|\bcount\b", made.text))
        and not any(each.type == "aggregation" for each in kept)
    ):
        kept.append(Mention("aggregation", "count", *count.span()))
    if (
        operation in {"recommend.improve", "help.show"}
        and made.has & {"v:scale", "ing:scale"}
        and (goal := re.search(r"\bto (\d{1,4})\b(?![\w.%:])", made.text))
    ):
        kept.append(Mention("replicas", int(goal[1]), *goal.span(1)))
    if operation == "scale.service" and not any(each.type in {"replicas", "factor", "percent"} for each in kept):
        kept += _bare_number(made, found)
    kept.sort(key=lambda each: (each.start, each.end))
    seen: set[tuple[str, str]] = set()
    result = []
    for each in kept:
        if (key := (each.type, str(each.value))) not in seen:
            seen.add(key)
            result.append(each)
    return result


_INDEFINITE: Final = re.compile(r"\b(?:any|some|your|other|more|few|good|further)\s+$")


def _noun(each: Mention, read: Text, lexicon: Lexicon) -> bool:
    """As in "any recommendations?" asks for some, and not for the service."""
    at = next((index for index, word in enumerate(read.words) if word.start == each.start), None)
    return at is not None and any(sense.kind[0] == "n" for sense in lexicon.senses(read.shadow.text, read.words, at))


def _is_verb(each: Mention, found: Sequence[Mention], made: Shape) -> bool:
    """As in "search payments logs" asks to search; "search latency" asks of the service."""
    if each.type == "metric":
        return True
    rest = made.text[each.end :]
    if not rest.strip(" ?.!,") or re.match(
        r"\s+(?:is|was|are|has|in|on|p\d+|service|v?\d|vs|versus|and|or|compared|against)", rest
    ):
        return False
    following = next((other for other in found if other.start >= each.end), None)
    near = following is not None and not made.text[each.end : following.start].strip()
    if near and following is not None and following.type in {"metric", "quantile", "environment"}:
        return False
    others = any(other.type in {"service", "instance", "endpoint"} and other.start != each.start for other in found)
    if re.match(r"\s+(?:error |warn |debug |info )?logs?\b(?! for)", rest):
        return others
    return others or bool(re.match(r"\s+(?:the|for|all|through|in|our|my|any)\b", rest)) or each.type != "service"


def _fits(each: Mention, operation: str, found: Sequence[Mention], made: Shape, *, strong: bool) -> bool:  # noqa: C901, PLR0912  one step for each kind
    text = made.text
    match each.type:
        case "metric":
            return _measure(each, operation, found, made, strong=strong)
        case "level":
            if operation != "logs.search":
                return False
            return not (each.note in {"error", "errors"} and re.match(r"\s*(?:rates?|budget)", text[each.end :]))
        case "pattern":
            return operation == "logs.search"
        case "suite":
            if operation == "workflows.define":
                return bool(
                    re.search(
                        r"\b(?:tests?|suites?|checks?|run|runs|then)\b", text[max(0, each.start - 25) : each.end + 30]
                    )
                )
            return operation in _TESTS
        case "test_kind":
            return operation == "tests.generate"
        case "severity":
            if each.weak and not _worded(each, text, operation):
                return False
            return operation in _INCIDENTS or operation in {
                "alerts.list",
                "watches.create",
                "metrics.explain",
                "status.overview",
                "runbooks.list",
                "answer.clarify",
                "workflows.define",
            }
        case "incident_status":
            return operation in {"incidents.update", "answer.clarify", "incidents.list"} or (
                operation == "incidents.resolve"
                and bool(
                    re.search(
                        r"\b(?:consider|call|declare|treat|mark|set|move|flip|change|status|to|as)\b[^.]*$",
                        text[: each.start],
                    )
                )
            )
        case "role":
            return operation in _INCIDENTS
        case "aggregation":
            if each.note == "worst" and operation in _MEASURED:
                return bool(re.match(r"\s+case\b", text[each.end :]))
            if each.note in {"top", "worst", "overall", "count"} and operation != "logs.search":
                return False
            return operation in _MEASURED or operation in {"logs.search", "traces.search", "cost.report"}
        case "duration_threshold":
            return operation not in {
                "incidents.update",
                "incidents.resolve",
                "chat.smalltalk",
                "deploy.start",
                "runbooks.run",
            }
        case "factor":
            return operation in {
                "scale.service",
                "answer.clarify",
                "help.show",
                "recommend.improve",
                "workflows.define",
                "watches.create",
            } and not (
                each.weak
                and operation not in {"scale.service", "answer.clarify", "workflows.define", "help.show"}
                and "ing:scale" not in made.has
            )
        case "replicas":
            return operation in {
                "scale.service",
                "answer.clarify",
                "workflows.define",
                "help.show",
                "recommend.improve",
            }
        case "runbook":
            if operation == "workflows.define":
                return False
            return operation in {"runbooks.run", "runbooks.list", "answer.clarify", "help.show"} and (
                each.note != "restart" or operation == "runbooks.run"
            )
        case "workflow":
            return (operation.startswith("workflows.") and operation != "workflows.define") or (
                operation in {"watches.create", "answer.clarify", "help.show", "approvals.list", "metrics.explain"}
                and each.note == "own"
            )
        case "version":
            return operation != "chat.smalltalk"
        case "quantile":
            return operation != "chat.smalltalk"
        case _:
            return True


def _measure(each: Mention, operation: str, found: Sequence[Mention], made: Shape, *, strong: bool) -> bool:  # noqa: C901  one step for each kind
    text = made.text
    if re.match(r"\s*(?:budgets?)\b", text[each.end :]) or re.match(
        r"\s*(?:tests?|suites?|testing)\b", text[each.end :]
    ):
        return False
    if operation in _UNMEASURED:
        return False
    if operation in {"logs.search", "traces.search"}:
        return False
    if operation == "cost.report":
        return each.value == "cost" or not each.weak
    if (
        each.weak
        and strong
        and each.value not in {other.value for other in found if other.type == "metric" and not other.weak}
    ):
        return operation in {"metrics.compare", "metrics.query"} and each.note == "errors"
    if each.note in {"pay", "paying", "money", "spent", "bill", "free", "token"} and operation not in _MEASURED:
        return False
    if each.weak and operation == "slo.status":
        return False
    if operation in {"status.overview", "alerts.list", "incidents.list", "incidents.show", "watches.list"}:
        return not each.weak
    if (
        each.weak
        and each.note in {"requests", "load", "pay", "free", "available", "duration", "queued", "refused", "quality"}
        and any(
            other.type == "metric" and other.note != each.note and (not other.weak or other.start > each.start)
            for other in found
            if other is not each
        )
    ):
        return False
    if operation == "workflows.define":
        return not each.weak
    return True


def _worded(each: Mention, text: str, operation: str) -> bool:
    """As in "critical alerts", "low severity", "make it high"; but not "memory is high"."""
    if each.note == "critical" and operation not in {"recommend.improve", "metrics.query"}:
        return True
    near = text[max(0, each.start - 24) : each.end + 24]
    if re.search(r"\b(?:severity|sev|priority|prio)\b", near):
        return True
    if operation in {"alerts.list", "incidents.list", "incidents.declare"}:
        return bool(
            re.match(
                r"\s*(?:and \w+\s*|or \w+\s*|,\s*\w+\s*)?(?:alerts?|incidents?|ones|outages?|sev)", text[each.end :]
            )
        )
    return operation == "incidents.update" and bool(re.search(r"\b(?:to|as|it|is)\s+(?:a\s+)?$", text[: each.start]))


def _runbooks(kept: list[Mention], made: Shape) -> list[Mention]:
    if any(each.type == "runbook" for each in kept):
        return []
    if made.runbooks:
        return [Mention("runbook", name, start, end) for name, start, end in made.runbooks[:1]]
    return [
        Mention("runbook", each.removeprefix("book:"), 0, 0) for each in sorted(made.has) if each.startswith("book:")
    ][:1]


_BARE: Final = re.compile(
    r"(?<![\w.:/-])(\d{1,5}|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty)(?![\w.%:/-])"
)


def _bare_number(made: Shape, found: Sequence[Mention]) -> list[Mention]:
    for match in _BARE.finditer(made.text):
        if not any(each.start < match.end() and match.start() < each.end for each in found):
            number = NUMBERS.get(match[1])
            return [Mention("replicas", int(match[1]) if number is None else int(number), *match.span())]
    return []


def _patterns(kept: Sequence[Mention], made: Shape, folded: Folded, read: Text, lexicon: Lexicon) -> list[Mention]:  # noqa: C901  one step for each kind
    """What to look for where nothing is quoted: a word of code, what stands behind "for", what stands before "lines"."""
    taken = [(each.start, each.end) for each in kept if each.end > each.start]

    def free(start: int, end: int) -> bool:
        return not any(left < end and start < right for left, right in taken)

    spans = [(read.shadow.span(word.start, word.end), word) for word in read.words]
    for start, end in capitals(folded.raw):
        inside = [word for (left, right), word in spans if left < end and start < right]
        if inside and free(inside[0].start, inside[-1].end) and not lexicon.named(read.shadow.text, [inside[0]], 0):
            return [Mention("pattern", folded.raw[start:end], inside[0].start, inside[-1].end, raw=(start, end))]
    runs: list[list[int]] = []
    for match in _FOR.finditer(made.text):
        run = _run(read, match.end(), free)
        if run:
            runs.append(run)
    if not runs:
        for index, word in enumerate(read.words):
            if word.key in {"lines", "messages", "entries", "line", "occurrences"} or (word.key in {"logs", "log"}):
                back: list[int] = []
                at = index - 1
                while (
                    at >= 0
                    and read.words[at].key not in _LOG_STOP
                    and free(read.words[at].start, read.words[at].end)
                    and not made.text[read.words[at].end : read.words[at + 1].start].strip(" -_")
                    and len(back) < 4  # noqa: PLR2004  a length
                ):
                    back.insert(0, at)
                    at -= 1
                if (
                    back
                    and word.key not in {"logs", "log"}
                    and not (set(back) & {i for i in back if read.words[i].start in made.verbs})
                ):
                    runs.append(back)
    for run in runs:
        first, last = read.words[run[0]], read.words[run[-1]]
        start, end = read.shadow.span(first.start, last.end)
        said = folded.raw[start:end].strip(" `\"'*.,?!")
        return [Mention("pattern", said, first.start, last.end, raw=(start, end))]
    return []


def _run(read: Text, place: int, free: Callable[[int, int], bool]) -> list[int]:
    run: list[int] = []
    for index, word in enumerate(read.words):
        if word.start < place:
            continue
        gap = read.shadow.text[read.words[run[-1]].end if run else place : word.start]
        if (
            (run and (gap.strip(" -_'") or len(gap) > 2))  # noqa: PLR2004  a length
            or (not run and word.start - place > 2)  # noqa: PLR2004  a length
            or word.key in _LOG_STOP
            or not free(word.start, word.end)
            or len(run) == 4  # noqa: PLR2004  a length
        ):
            break
        run.append(index)
    return run
