"""Turns of phrase that say more than their words: each is a feature of its own."""

# ruff: noqa: E501, ISC004  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.language.clauses import Shape
from bot.language.mentions import Mention

_SIGNS: Final = tuple(
    (f"x:{name}", re.compile(pattern))
    for name, pattern in (
        ("new", r"\bnew (?:\w+ )?(?:workflow|pipeline|flow|automation|job)\b"),
        ("now", r"\b(?:now|asap|please|pls|right away|immediately)\b"),
        (
            "progress",
            r"\b(?:done|finished|ready|complete|over|through)\b(?: yet)?|\bhow far\b|\bany progress\b|"
            r"\bhow(?:'s| is) (?:it|that) (?:going|coming|doing)\b|\bstill (?:running|going)\b|\bdid "
            r"(?:it|that|they) (?:work|finish|pass|succeed|fail|go through|complete)\b",
        ),
        ("sev", r"\bsev"),
        (
            "outage",
            r"\b(?:is|are|went|gone|going|completely|totally|all|hard) down\b|\boutage\b|\bbroken for "
            r"everyone\b|\b(?:nobody|no one|no-one|customers? can't|users? can't) (?:can|is able)?\b|"
            r"\bon fire\b|\bmelting\b|\bbleeding\b|\bdata loss\b|\bbreach\b",
        ),
        (
            "alarm",
            r"\bpage\b|\ball hands\b|\bemergency\b|\beveryone\b|\bwar ?room\b|\bthis is bad\b|\bneed "
            r"(?:an )?incident\b|\bopen(?:ed)?\b",
        ),
        (
            "who",
            r"\b(?:everyone|everybody|on-?call|someone|somebody|team|people|all|whoever|the \w+ team|"
            r"\w+ team|responders?|lead|manager)\b",
        ),
        (
            "note",
            r"\bnote\b|\bnotes\b|\b(?:add|append|put|log|record|jot|post|write|leave)\b.{0,40}\b(?:that|"
            r"note|comment|timeline|update|entry|record)\b|\bfor the (?:record|timeline)\b|\bupdate (?:on|"
            r"for|to) inc\b|\bcomment\b|\bto the timeline\b",
        ),
        (
            "notehead",
            r"^\W*(?:(?:please|pls|ok|and|can you|could you|also|someone)\W+)*(?:(?:add|put|make|log|"
            r"leave|append|take|post|write)\s+)?(?:a |this |the |another )?(?:quick )?(?:note|comment|"
            r"timeline entry|update to the timeline)\b",
        ),
        (
            "to",
            r"\b(?:to|onto|into|on|in) (?:\w+ )?(?:prod|production|prd|live|staging|stg|stage|preprod|dev|development)\b",
        ),
        (
            "get",
            r"\b(?:get|have|put|bring|move|see|want|need|like)\b.{1,60}\b(?:into|onto|out to|out on|live|in|on|to)\b",
        ),
        (
            "motion",
            r"\b(?:go|goes|going|gone|move|moves|moving|land|lands|roll|rolls|head|heads|headed|end up|appear|be|belongs?|bound|due|destined|jump|hop|graduate|advance)\s+"
            r"(?:\w+\s+){0,2}?(?:to|on|onto|into|in|for|from \w+ to)\s+(?:the |our )?(?:\w+ )?(?:prod|production|prd|live|staging|stg|stage|preprod|dev|development)\b|"
            r"\bgo(?:es)? live\b",
        ),
        (
            "order",
            r"\b(?:should|shall|must|needs? to|has to|have to|ought to|can|could|may|let|let's|lets|please|pls|want|wants|like|would|now|ready|is to|are to|gets? to|get|time for)\b",
        ),
        ("past", r"\b(?:did|has|have|had|was|were|when|who|already|went|since)\b"),
        ("more", r"\b(?:more|fewer|less|extra|additional|another|spare|bigger|smaller|again as many)\b"),
        (
            "many",
            r"\b(?:every|each|all|any|which|what|how many|list|past|previous|recent|ongoing|latest|table)\b.{0,40}\b(?:incident|outage|sev\d?|p\d)s?\b",
        ),
        ("suite", r"\bsuites?\b|\btests?\b"),
        (
            "first",
            r"\bfirst\b.{3,160}\bthen\b|\bthen\b.{3,120}\bthen\b|\bthen\b.{3,120}\b(?:finally|lastly|after that)\b|\bfollowed by\b",
        ),
        (
            "said",
            r"^\W*(?:(?:ok|and|also|please|pls|fyi|update|for|re|on|regarding|note|add(?: this)?(?: to)?(?: the)?(?: log| timeline| notes?)?(?: of| for| on)?|put(?: this| down)?(?:[ a-z]{0,20})?(?: under| in| on| to))\W+)*inc-\d+\s*(?::|-|,)\s*\w",
        ),
        (
            "logof",
            r"\b(?:to|in|into|on|under)\s+(?:the )?(?:log|timeline|notes|record|history|ticket|journal|diary) (?:of|for|on)?\s*(?:the )?inc|\b(?:tell|inform)\s+inc-\d+\s+(?:that|about|we|with)\b",
        ),
        ("declare", r"^\W*(?:(?:a|we need a|need a|please)\W+)?new (?:\w+ )?(?:incident|outage)\b"),
        ("newtests", r"\b(?:new|more|additional|extra|fresh|further) (?:[\w-]+ ){0,2}tests?\b"),
        (
            "tonumber",
            r"\bto (?:just |only |about )?(?:\d{1,3}|one|two|three|four|five|six|eight|ten|a dozen|a single one)\b"
            r"(?!\s*(?:%|ms\b|s\b|sec|m\b|min|h\b|x\b|pm\b|am\b|percent|rps|[.:/-]\d))",
        ),
        (
            "could",
            r"\b(?:can|could|may|might|shall|would it be possible|is it possible|possible)\b.{0,20}\b(?:have|get|see|put|bring|move)\b",
        ),
        (
            "wherewe",
            r"\b(?:where|how|what)(?: else| more| exactly)? (?:can|could|should|might|would|do|must|shall) (?:we|i|you|one|the team)\b|\bwhat(?: would| could| might|'d) (?:make|get|bring|keep|help|speed|cut|lower|reduce|improve)\b",
        ),
        (
            "superlative",
            r"\b(?:which|who|what|where)(?:'s| is| of| one| has| are| uses?| consumes?| eats?| needs?| takes?| gets?| costs?| runs?| does| was| performs?)?\b.{0,40}\b(?:more|less|most|least|fewer|\w+er|best|worst|\w+est)\b",
        ),
        ("against", r"\b(?:against|next to|beside|alongside|versus|vs|opposed to|rather than|or|than|over)\b"),
        (
            "done",
            r"\b(?:everything|all|it|that|this|they|things?|problem|issue|fault|bug|situation|service|leak|outage|disk|cable|link|node|customers?)\b.{0,30}\b(?:repaired|sorted|restored|working again|gone|mended|cured|stable|healthy|recovered|behind us|over|fixed)\b",
        ),
        ("goingon", r"\bwhat(?:'s| is) (?:going on|happening|up|the deal|wrong)\W*$"),
        (
            "mine",
            r"\b(?:have|did|do) i\b|\bi(?:'ve| have| set| configured| created)\b|\bmy (?:alerts?|alarms?|alert rules|watches)\b",
        ),
        ("ones", r"\b(?:ones?|instead|too|as well|rather|wrong (?:service|environment|env|one))\b"),
        ("onetrace", r"\b(?:the|that|this) trace\b(?! id)"),
        ("the", r"\b(?:the|that|this) (?:incident|outage)\b"),
        ("warn", r"\b(?:alert|ping|notify|page|warn|remind) (?:me|us)\b"),
        ("list", r"\b(?:workflow|pipeline|flow|job|automation)\b.{0,40}(?::|\bthat\b|\bwhich\b|\bsteps\b)"),
        ("going", r"\bwhat(?:'s| is) (?:up|going on|happening) with\b"),
        (
            "colon",
            r"\b(?:workflow|"
            r"pipeline|flow|automation)\b[^.:\n]{0,24}:",
        ),
        ("sevword", r"\bseverity\b|\bincident status\b"),
        (
            "able",
            r"\b(?:are you (?:able|allowed|capable)|can you (?:also )?(?:do|handle|deal with)\b|do you "
            r"(?:support|know how|handle|integrate)|are you (?:read[- ]only|a bot))",
        ),
        (
            "close",
            r"\b(?:mark|set|move|flip|change|consider|call|put|declare)\b.{0,40}\b(?:resolved|closed|"
            r"fixed|done|over)\b|\b(?:can|could|please|lets|let's|you|to|now|and|should|may|just) (?:be "
            r")?clos(?:e|ed|ing)\b|^\W*close\b|\bclose (?:it|that|this|out|the)\b|\bresolved\b",
        ),
        (
            "fixed",
            r"\b(?:fixed|resolved|solved|mitigated|all (?:clear|good)|back to normal|recovered|is over|"
            r"closed|is done|no longer (?:an issue|happening))\b",
        ),
        (
            "limit",
            r"[<>]|\b(?:above|over|below|under|exceeds?|more than|less than|at \d|hits?|reach(?:es)?|"
            r"drops?|goes|crosses|threshold)\b",
        ),
        ("if", r"\b(?:if|when|whenever|once)\b"),
        (
            "meeting",
            r"\b(?:meeting|met|meet|hit|hitting|within|breach\w*|blown|blew|on track|missing|missed|holding|hold|reality|promised|keep|kept|live up|lived up|objective|"
            r"targets?|goals?)\b",
        ),
        ("vulnerable", r"\bvulnerab\w+|\bpentest\b|\bprompt injection\b|\bpenetration\b"),
        (
            "live",
            r"\b(?:go(?:es|ing)? live|live now|prod now|production now|to prod(?:uction)?\b|on prod(?:uction)? "
            r"(?:now|next|too|as well)|out (?:to|on|in) (?:the )?(?:prod\w*|prd|live|staging|stg|stage|preprod|dev\w*)|onto)\b",
        ),
        (
            "revert",
            r"\bgo(?:ing)? back to\b|\bback (?:to|onto|on) (?:the )?(?:previous|last|old|prior|earlier|v\d|"
            r"\d+\.\d|[0-9a-f]{7})|\bprevious (?:version|release|build)\b|\bundo\b|\brevert\w*\b|\brollback\b|"
            r"\broll\w*\b.{1,40}\bback\b|\bback(?:ed|ing)? out\b|\bput (?:it|that|.{1,30}) back\b",
        ),
        ("replicas", r"\b(?:replicas?|pods?|instances?|nodes?|copies|workers?)\b"),
        (
            "number",
            r"^\W*(?:(?:hmm|ok|okay|no|actually|make|it|that|to|back|go|with|then|just|so|let's|lets|"
            r"do|say|sorry|wait|i|meant?|rather|better|and|set|use|bump|put|scale|please|now|hm|bring|"
            r"up|down)\W+)*\d{1,4}\b(?!\s*(?:%|ms|s\b|:|h\b|m\b|\.\d))",
        ),
        (
            "exceptions",
            r"\b(?:exceptions?|stack ?traces?|panics?|errors? (?:messages?|lines?)|segfaults?|core dumps?)\b",
        ),
        ("slowest", r"\b(?:slow|slowest|longest|longer|laggy|stuck|hanging)\b"),
        (
            "why",
            r"^(?:\W|\b(?:but|and|so|ok|hmm|wait|any idea|do we know|do you know|also|hey)\b)*why\b(?! "
            r"(?:don't|not|dont) (?:we|you|just))|\bwhat(?:'s| is| was| is the|'s the| are the)? ?(?:causing|"
            r"behind|wrong with|pushing|pulling|dragging|killing|hurting|bloating|inflating|blocking|clogging|hammering|taking down|choking|starving|driving|making|happening to|eating|slowing|hogging)\b|\bwhat (?:on earth |the hell |the heck |in the world |exactly |suddenly |actually |really |has |could have |might have |may have |would |could )*(?:caused?|"
            r"triggered|broken?|happened|led|made|make|makes|went wrong|gone wrong|knocked|brought down|took down|killed|pushed|sent|drove|explains|could explain|might explain)\b|"
            r"\bhow come\b|\breasons? (?:for|behind|why|that)\b|\bthe reason\b|\bany ideas? why\b|\b(?:know|"
            r"understand|see|explain|wonder|wondering|tell me|figure out|find out|clue|idea|says?|said|"
            r"out|me|on|curious|about|determine|unclear|sure|into|asking|asks?) why\b|\broot[- ]causes?\b(?! "
            r"analysis (?:doc|write|report))|\bexplain (?:why|the|this|that|what|yesterday|last|me the|"
            r"me this)\b|\bwhat is the cause\b|\bcause of\b|\bculprit\b|\bto blame\b|\bwhere (?:did|does|"
            r"do|is) .{1,50}\bcom(?:e|ing) from\b|\bcan'?t see (?:why|the reason)\b",
        ),
        (
            "frequency",
            r"\bdeploy(?:ment)? (?:frequency|count)\b|\bhow (?:often|many times) (?:do|did|have|are) "
            r"we (?:deploy|ship|releas)\w*\b|\blead time\b|"
            r"\bhow (?:often|frequently) (?:does|do|did|is|are|was|has) .{2,40} (?:fail|error|crash|restart|break|tim\w+ out)\w*",
        ),
        (
            "symptom",
            r"\b(?:timing out|times out|throwing|flapping|crash(?:ing|ed|es|looping|loops)|hanging|hangs|"
            r"borked|misbehaving|degraded|unreachable|acting up|dying|unresponsive|stuck|spiking|spiked|"
            r"exploding|through the roof|pegged|flaky|choking|struggling|broken|down|dead|weird)\b",
        ),
        (
            "how",
            r"\bhow(?:'s| is| are| was| were| did| does| do)\b|\bwhat(?:'s| is) (?:up|the (?:state|status|"
            r"situation|picture))\b|\bwhat's happening\b",
        ),
        ("check", r"\bhealth ?checks?\b|\bcheck (?:on|up)\b|\bsitrep\b|\brundown\b|\bcheck\b|\bstatus\b"),
        ("bot", r"\b(?:you|bot|copilot|your)\b|^\W*help\b|\bhelp(?: me| us)?\W*(?:please\W*)?$"),
    )
)
_HINTS: Final = {
    "x:why": ("why", "what", "how come", "reason", "explain", "cause", "culprit", "blame", "where"),
    "x:close": ("clos", "resolved", "fixed", "done", "over"),
    "x:superlative": ("which", "who", "what", "where"),
    "x:could": ("can", "could", "ma", "might", "shall", "possible"),
    "x:done": (
        "repaired",
        "sorted",
        "restored",
        "again",
        "gone",
        "mended",
        "cured",
        "stable",
        "healthy",
        "recovered",
        "behind us",
        "over",
        "fixed",
    ),
    "x:first": ("then", "followed"),
    "x:bot": ("you", "bot", "copilot", "help"),
}
"""Where none of these stands in the text, the pattern cannot: a cheaper look than the pattern itself."""
_CAPITAL: Final = re.compile(
    r"(?<![\w.<@#/-])(?:[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]+)+|[A-Z]{2,}[a-z]+[A-Za-z]*|[A-Z][A-Z0-9]*_[A-Z0-9_]+|"
    r"E[A-Z]{4,}|SIG[A-Z]{3,5}|[a-z]+=\w+|[A-Z]{5,})(?![\w-])"
)
_LOOKS: Final = tuple((name, pattern, _HINTS.get(name, ())) for name, pattern in _SIGNS)
_BETTER: Final = re.compile(
    r"\b(?:get|bring|push|drive|keep|hold|pull|squeeze|drag|force)\b.{1,60}\b(?:under|below|beneath|less than|within)\b|"
    r"\b(?:make|get|making|getting|keep|bring|keeping|bringing|drive)\b.{1,60}\b(?:faster|cheaper|"
    r"better|quicker|lighter|healthier|less (?:\w+)|more (?:reliable|stable|efficient|robust|resilient)|leaner|snappier|smaller|robust|"
    r"resilient|down|lower|under control|low)\b|\bspeed(?:ing)? up\b"
)
_AGAINST: Final = re.compile(
    r"\b(?:against|next to|beside|alongside|versus|vs|compared|opposed to|worse|better|faster|slower|than)\b"
)
_BESIDE: Final = re.compile(r"\b(?:and|or|vs|versus|than|to|with|against|next|from|over|beside)\b")
SHORT: Final = 6
FRAGMENT: Final = 12
_THINGS: Final = frozenset(
    "logs traces tests coverage workflow incident runbook approval alert watch slo cost postmortem "  # noqa: SIM905  a table of words
    "why compare advice help health version deploys".split()
)


def capitals(raw: str) -> list[tuple[int, int]]:
    """Words that are written as code writes them, where not all is shouted."""
    letters = [each for each in raw if each.isalpha()]
    if sum(each.isupper() for each in letters) > 0.6 * max(1, len(letters)):
        return []
    return [match.span() for match in _CAPITAL.finditer(raw)]


def signs(made: Shape, found: Sequence[Mention], raw: str) -> None:  # noqa: C901, PLR0912  one step for each kind
    """Add them to what the shape has."""
    has, text = made.has, made.text
    for name, pattern, hints in _LOOKS:
        if (not hints or any(each in text for each in hints)) and pattern.search(text):
            has.add(name)
    if "!!" in text:
        has.add("x:alarm")
    said = {each.type for each in found if not each.out}
    for each in found:
        if each.type == "metric" and not each.out:
            has.add(f"m:{each.value}")
    if _BETTER.search(text):
        has.add("v:improve")
        if (
            any(each.head & {"adjust", "improve"} and not each.negated for each in made.clauses)
            and "f:question" not in has
        ):
            has.add("do:improve")
    if has & {"n:incident", "e:severity", "x:sev"}:
        has.add("x:incident")
    if "w:incident_status" in has:
        has.add("x:status")
    if "w:role" in has and re.search(
        r"\b(?:is|as|takes?|taking|over|make|assign|be|doing|does|now|commander|scribe|will|who's|who)\b", text
    ):
        has.add("x:role")
    if has & {"m:cost", "n:cost"}:
        has.add("x:cost")
    if any(each.startswith("book:") for each in has):
        has.add("x:book")
    for kind in ("service", "environment"):
        values = [each for each in found if each.type == kind and not each.out]
        if len({str(each.value) for each in values}) > 1 and (
            "x:superlative" in has or _AGAINST.search(text, values[0].end, values[-1].start)
        ):
            has.add("f:choice")
    for kind in ("time_range", "version"):
        values = [each for each in found if each.type == kind and not each.out]
        if len({str(each.value) for each in values}) > 1 and _BESIDE.search(text, values[0].end, values[-1].start):
            has.add("x:two")
    if capitals(raw):
        has.add("x:pattern")
    if re.search(r"\b(?:capacity|load|traffic|size|current|more|footprint|replicas)\b", text):
        has.add("n:capacity")
    heads = [each for each in made.clauses if each.head]
    if made.count <= SHORT:
        has.add("x:short")
    if not heads and "f:question" not in has and made.count <= FRAGMENT:
        has.add("x:fragment")
    bare = not (said - {"time_range", "user", "role", "incident_status", "aggregation", "level", "severity"})
    things = any(f"n:{each}" in has for each in _THINGS - {"health", "help", "why"})
    if (
        bare
        and not things
        and not has & {"do:deploy", "do:revert", "do:scale", "do:stop", "do:book", "do:run", "f:when"}
    ):
        has.add("x:bare")
        if made.count <= SHORT and not has & {"n:help"}:
            has.add("x:greeting")
