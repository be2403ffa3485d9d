"""Whether a sentence goes on with what was before it, answers a question, or stands for itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.language.clauses import Shape
from bot.language.constructions import Construction
from bot.language.mentions import Mention
from bot.language.references import ACTING, IDS, PLACES, Before, Reach, takeable
from bot.language.understanding import Entity

OWN: Final = 0.88
"""From here on a text stands for itself, and does not go on with what was before."""
PLAIN: Final = 0.97
"""A construction that leaves no doubt."""
WISH: Final = 0.86
"""From here on a text with a name of its own is a wish, and no answer."""
FEW, SOME, MANY = 4, 9, 14
"""Words of an answer, of a follow-up."""

_ANSWER: Final = re.compile(
    r"^\W*(?:(?:ok|okay|hmm+|well|oh|ah|um|uh|erm|sorry|please|i think|i guess|let's say|let's|"
    r"make it|go with|use|take|just|the|both|all|i'd say|probably|it's|its|that's|that|for|in|"
    r"on|to)\W+)*"
    r"(?:yes|yeah|yep|yup|y|no|nope|nah|n|sure|go ahead|go for it|do it|please do|confirm(?:ed)?|"
    r"correct|right|exactly|affirmative|negative|cancel(?: that| it)?|abort|stop|never ?mind|"
    r"ok|okay|k|"
    r"(?:the )?(?:first|second|third|fourth|last|latter|former|other|1st|2nd|3rd|new|old|newer|"
    r"older|bigger|smaller|left|right|top|bottom|default)(?: (?:one|two|option))?|"
    r"both|all(?: of them)?|either|neither|none|any|that one|this one|option \w|number \d|#\d|"
    r"\d{1,5}|whichever|doesn't matter|don't care|i don't know|not sure|"
    r"fine|sounds good|perfect|proceed|approved?|lgtm|absolutely|definitely|of course|please|"
    r"wait|not yet|hold on|later)\b"
)
_AGAIN, _ANOTHER, _MORE = "the same again", "what about another", "goes on with what was asked"
_GOES_ON: Final = frozenset({_AGAIN, _ANOTHER, _MORE})
_NEVER: Final = frozenset({"answer.clarify", "chat.smalltalk", "help.show", "workflows.define"})
"""What stands on nothing that was before."""
_ONCE: Final = frozenset(
    {"incidents.declare", "incidents.resolve", "incidents.postmortem", "workflows.cancel", "workflows.define"}
)
"""Nobody means these again by naming one thing more."""
_LISTS: Final = frozenset(
    {
        *("status.overview", "slo.status", "alerts.list", "incidents.list", "approvals.list", "cost.report"),
        *("watches.list", "runbooks.list", "tests.coverage"),
    }
)
_OF_IDS: Final = frozenset(
    {
        *("workflows.status", "workflows.cancel", "incidents.show", "incidents.update", "incidents.resolve"),
        "incidents.postmortem",
    }
)
"""What is done with a thing that has an id, and so needs no pointer to the one that was just given."""
_MEASURES: Final = frozenset({"metric", "quantile"})
_TARGETS: Final = frozenset({"service", "instance", "endpoint", "runbook"})
_MARKS: Final = (("scale.", "h:scale"), ("traces.", "h:traces"), ("tests.", "h:tests"), ("deploy.", "h:deploy"))
_CALLED: Final = frozenset({"workflow", "runbook"})
"""Whose name alone says what is wanted."""
_THINGS: Final = (
    *("logs", "traces", "alert", "slo", "coverage", "incident", "runbook", "approval", "postmortem", "cost"),
    *("workflow", "tests", "watch", "why"),
)
_NOUN: Final = (
    r"(?:service|incident|outage|workflow|run|deploy|deployment|version|runbook|metric|query|box|host|pod|node|instance|"
    r"release|job|pipeline|thing|alert|model|suite|one|ones|env|environment|endpoint|number|spike|error|trace)"
)
_TIME: Final = (
    r"(?! (?:\w+ )?(?:week|month|quarter|year|morning|afternoon|evening|weekend|hour|time|day|sprint|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b)"
)
_DUMMY: Final = r"(?:time|possible|nice|great|good|safe|ok|okay|true|wise|worth|hurt)\b"
"""As in "it is time to": such an "it" points at nothing."""
_POINTER: Final = re.compile(
    r"\b(?:its|them|they|these|those|the (?:former|latter|same one|same service)|the (?:last|previous|other) one|"
    rf"(?:that|this) (?:\w+ )?{_NOUN}|the (?:service|host|box|pod))\b|"
    rf"\b(?<!is )(?<!would )(?<!was )it(?:'s)?\b(?! (?:is |was |would be |'s )?{_DUMMY})|"
    rf"\b(?:is|was|would) it\b(?! (?:be )?(?:a )?{_DUMMY})|"
    rf"\b(?:that|this)\b(?=\W*$|\s*[,.?!;)])|(?:^\W*|[,.;!?]\s*)(?:that|this)(?:'s)?\b{_TIME}|"
    r"\b(?:of|for|about|undo|to|with|on|in|is|was|does|did|do|by|like|behind|than|against|revert|stop|cancel|after|why|"
    rf"make|case|show|if|when|how)\s+(?:that|this)\b{_TIME}|"
    r"\b(?<!is )(?<!are )(?<!was )(?<!were )(?<!hi )(?<!hey )(?<!hello )there\b"
    r"(?!'s| (?:is|are|was|were|any|been|has)\b)"
)
_OF_IT: Final = re.compile(
    rf"\b(?:that|this|these|those) (?:\w+ )?{_NOUN}\b|\bits\b|"
    r"\b(?:is|are|does|do|was|were|how's) (?:it|they|that|this)\b|"
    r"\b(?<!any )(?<!all )(?<!none )(?<!some )"
    rf"(?:for|of|on|in|about|with|from|against) (?:it|them|that|this|there|those)\b{_TIME}"
)
"""What a list is asked of; elsewhere in such a question "it" is something that the question itself names."""
_MANY: Final = re.compile(r"\b(?:them|they|these|those|both|all|each|either)\b")
_JOINED: Final = re.compile(
    r"^\W*(?:(?:ok|okay|now|so|cool|great|thanks|hm+|ah|oh|right|nice)\W+)*"
    r"(?:and|what about|how about|what of|now for|also for|same)\b"
)


def remember(made: Shape, found: Sequence[Mention], before: Before) -> None:
    """What the thread adds to the shape of a text; little to one that names its own target and points at nothing."""
    if not before.count:
        return
    has, added = made.has, {"h:any"}
    said = {each.type for each in found if not each.out}
    pointed = points(made)
    if before.asked:
        added.add("h:asked")
    if pointed or not said & _TARGETS:
        types = {each.type for each in before.holds}
        if before.operation in ACTING:
            added.add("h:acting")
        if before.operation.startswith("workflows.") or "execution" in types:
            added.add("h:workflow")
        if "incident" in types or before.operation in {"incidents.declare", "incidents.update"}:
            added.add("h:incident")
        added |= {mark for start, mark in _MARKS if before.operation.startswith(start)}
    if not pointed and (has & {"do:declare", "n:incidents", "n:alert"} or "time_range" in said):
        added.discard("h:incident")
    if not pointed and "f:wh" in has:
        added.discard("h:tests")
    has |= added


def answers(made: Shape, found: Sequence[Mention], spoken: Mapping[str, Construction], before: Before) -> bool:
    """Short, and with no wish of its own: "staging", "the second one", "yes go ahead"."""
    has = made.has
    if _ANSWER.match(made.text) and made.count <= SOME and not has & {"f:wh", "n:logs", "n:traces"}:
        return True
    said = {each.type for each in found if not each.out}
    if said & PLACES - {"environment"} and any(
        name not in ACTING and name != before.operation and each.strength >= WISH
        for name, each in spoken.items()
        if before.operation in ACTING - {"watches.create"}
    ):
        return False
    wish = has & {
        *("f:wh", "f:polar", "n:logs", "n:traces", "n:incident", "n:alert", "n:slo", "f:why", "f:when", "x:why"),
        *("do:deploy", "do:book", "do:revert", "do:scale", "do:show", "do:search", "n:coverage", "f:compare"),
    }
    return (
        made.count <= SOME + 1
        and not wish
        and (bool(said) or made.count <= FEW)
        and not has & {"n:thanks", "n:dismiss"}
    )


def again(  # noqa: C901, PLR0912  one step for each kind
    made: Shape, found: Sequence[Mention], spoken: Mapping[str, Construction], before: Before
) -> Construction | None:
    """The earlier operation, for a text that gives none of its own."""
    has = made.has
    best = max((each.strength for each in spoken.values()), default=0.0)
    last = before.acted if has & {"do:run"} and "f:again" in has and before.acted else before.operation
    if last in {"chat.smalltalk", "help.show", "answer.clarify"} or made.mood != "request":
        return None
    said = {each.type for each in found if not each.out}
    if has & {"n:thanks", "n:dismiss"} and not said:
        return None
    own = said & _MEASURES and last in {
        *("logs.search", "traces.search", "status.overview", "tests.coverage", "alerts.list"),
    }
    if "f:again" in has and not (best >= PLAIN and has & {"n:logs", "n:traces", "n:alert", "n:slo"}) and not own:
        return Construction(last, 0.975, _AGAIN)
    things = {name for name in _THINGS if f"n:{name}" in has}
    if last == "logs.search":
        things -= {"logs"}
        if "level" in said:
            own = set()
    if last.startswith("tests."):
        things -= {"tests"}
    if own or things or has & {"x:why", "f:when", "f:than", "f:compare", "do:book", "do:stop", "do:revert", "f:how"}:
        return None
    if last not in ACTING and has & {"do:deploy", "do:scale", "do:run", "do:declare"}:
        return None
    if last in _ONCE or ("h:incident" in has and has & {"x:status", "e:severity", "x:role"}):
        return None
    if _stands(said, has, spoken, last):
        return None
    if said and has & {"f:about", "f:meant"} and made.count <= MANY:
        return Construction(last, 0.96, _ANOTHER)
    if (
        said
        and made.count <= SOME
        and "f:it" not in has
        and not has & {"n:health", "n:version"}
        and "x:fragment" in has
    ):
        return Construction(last, 0.945, _MORE)
    if said & _TARGETS and made.count > SOME:
        return None
    pointed = has & {"f:it", "f:about", "do:show", "f:meant", "f:desire", "x:ones"} or said - {"time_range", "user"}
    if best < OWN and made.count <= MANY and (said or has & {"f:about", "x:ones", "n:failed"}) and pointed:
        return Construction(last, 0.9, _MORE)
    return None


def _stands(said: set[str], has: set[str], spoken: Mapping[str, Construction], last: str) -> bool:
    """It names its own target and what is asked of that, or what the earlier operation has no use for."""
    named = PLACES.intersection(said) - {"environment"} or IDS.intersection(said)
    asked = has & {"e:metric", "e:quantile", "x:symptom"} or ("w:metric" in has and "metric" in said)
    lines = has & {"n:logs", "n:traces"} and not has & {"f:about", "f:meant"}
    if named and (asked or lines):
        return True
    if has & {"x:check", "n:everything"} and any(
        name != last and each.strength >= WISH for name, each in spoken.items()
    ):
        return True
    if said and _CALLED.intersection(said) - takeable(last):
        return True
    if last in ACTING and _MEASURES.intersection(said) and not takeable(last) & _MEASURES:
        return True
    return any(
        name != last and each.strength >= OWN and (name in ACTING or IDS.intersection(said))
        for name, each in spoken.items()
    )


def points(made: Shape) -> bool:
    """Whether it says "it", "that one", "there" of something outside of it."""
    return _POINTER.search(made.text) is not None


def of_many(made: Shape) -> bool:
    """Whether several are pointed at: "them", "both"."""
    return _MANY.search(made.text) is not None


def reach(operation: str, best: Construction, said: Sequence[Entity], made: Shape, before: Before) -> Reach:
    """How far it stands on what was said before."""
    if not before.count or operation in _NEVER:
        return "nothing"
    has, types = made.has, {each.type for each in said}
    own = types & {"service", "instance", "endpoint", "workflow", *IDS}
    same = operation == before.operation
    kin = operation.partition(".")[0] == before.operation.partition(".")[0]
    pointed: Reach = "pointed" if points(made) else "said"
    if "f:again" in has and operation in ACTING and not kin:
        return "nothing"
    if "f:again" in has or (same and best.text in _GOES_ON):
        return pointed
    if own:
        return "said" if same and not types & _MEASURES and _JOINED.match(made.text) else "nothing"
    if pointed == "pointed" and (operation not in _LISTS or _OF_IT.search(made.text)):
        return pointed
    if "n:everything" in has and operation not in ACTING:
        return "nothing"
    if operation in _OF_IDS:
        return "nothing" if types & {"time_range", "environment"} else "ids"
    if operation in ACTING:
        kin = before.operation in ACTING and operation.split(".", maxsplit=1)[0] == before.operation.split(".")[0]
        return "said" if kin else "nothing"
    if operation in _LISTS:
        return "said" if _JOINED.match(made.text) and made.count <= FEW and not has & {"f:wh", "do:show"} else "nothing"
    return "said" if _elliptic(said, made, before) else "nothing"


_GENERAL: Final = re.compile(
    r"\b(?:our|ours|overall|across|team|teams|platform|velocity|company|system|systems|in general)\b"
)


def _elliptic(said: Sequence[Entity], made: Shape, before: Before) -> bool:
    """A question to telemetry that says too little to be whole: "why tho", "p99?", "got an example trace?"."""
    has, types = made.has, {each.type for each in said}
    if _GENERAL.search(made.text) or has & {"n:slo", "n:cost", "n:deploys"}:
        return False
    if "do:investigate" in has and made.count > FEW:
        return False
    metrics = {str(each.value) for each in said if each.type == "metric"}
    other = metrics and metrics.isdisjoint(str(each.value) for each in before.meant("metric", "said"))
    if other and types & {"environment", "time_range"} and has & {"do:show", "f:wh", "f:polar"}:
        return False
    return "x:fragment" in has or made.count <= SOME
