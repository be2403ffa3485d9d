"""The shape of a text: its clauses, what each begins with, which verbs and nouns of the trade it holds, and its mood."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.language.deeds import NEGATION, books_in, particles, passives
from bot.language.idioms import idioms
from bot.language.lexicon import Lexicon, Text
from bot.language.mentions import Mention
from bot.language.understanding import Mood

_BREAK: Final = re.compile(
    r"[.!?;\n\x00]+(?=\s|$)|,|:(?=\s|$)|\s-+\s|-{2,}|\(|\)|\b(?:then|and|but|so|plus|also|because|"
    r"cause|since it|while|before|after|until|as soon as|&)\b"
)
_WHO: Final = r"(?:you|we|i|someone|somebody|anyone|anybody|one|the bot|copilot|it|us)"
_SHELL: Final = re.compile(
    rf"""(?:
    (?:would|do)\ you\ mind|please|kindly|hey|hi|hello|yo|ok|okay|alright|right|great|cool|perfect|nice|good|so|now|just|quickly|quick|actually|maybe|also|then|and|or|but
    |hmm+|hm|well|oh|ah|yeah|yes|yep|yup|sure|btw|fyi|again|asap|urgent|urgently|bot|copilot|team|folks|all|guys|everyone|there|morning|afternoon|evening|anyway|first|next|finally|lastly
    |(?:every|each)\ \w+(?:\ (?:night|morning|evening))?(?:\ at\ [\w:]+(?:\ ?[ap]m)?)?|at\ \d\d?(?::\d\d)?\ ?(?:am|pm)?
    |good\ (?:morning|afternoon|evening|day)|thanks|thank\ you|sorry|excuse\ me|looks\ good|lgtm|if\ possible|if\ you\ can|when\ you\ (?:can|get\ a\ chance|have\ a\ (?:moment|minute|sec))|no(?!\ (?:need|longer|one))|nope|wait|shit|crap|damn|argh|ugh|lol|um+|uh+|eh|sir|mate|dude|friend|dear
    |(?:can|could|would|will|may|might)\ (?:{_WHO})(?:\ (?:please|just|quickly|kindly|possibly|maybe|perhaps|also|then|now|help\ me\ (?:to\ )?|go\ ahead\ and|be\ able\ to|try\ to|try\ and))*
    |would\ it\ be\ possible\ to|is\ it\ possible\ to|possible\ to|(?:is\ there\ )?any\ chance\ (?:you|we|i)\ (?:can|could|might)|any\ chance\ of|are\ you\ able\ to
    |(?:i\ was\ |i'm\ |i\ am\ |we're\ |was\ |just\ )?(?:wonder(?:ing)?|curious|asking|checking|hoping)(?:\ (?:if|whether|about))?(?:\ (?:you|we|i|it)\ (?:can|could|might|would|will))?
    |(?:i|we|they|the\ team|someone|somebody|everyone|you)(?:'d|\ would)?(?:\ (?:really|urgently|also|just|definitely|still|now|probably))?\ (?:need|want|wish|like|love|have|ought|prefer|appreciate|got|plan|intend|try|require)s?(?:\ (?:you|someone|somebody|it|us|help))?\ to
    |(?:need|want|like|have|needs|wants|got)(?:\ (?:you|someone|somebody|us|it))?\ to
    |(?:i|we)(?:'m|\ am|'re|\ are)\ (?:going|trying|planning|looking|supposed|about|hoping|asked)\ to
    |(?:we|you|i|someone)\ (?:should|must|shall|gotta|can|could|may|might|better)(?:\ (?:probably|just|really|now|also))?|we'd\ better
    |let's|let\ (?:me|us)|go\ ahead(?:\ and)?|go\ on\ and|help\ (?:me|us)(?:\ (?:to|with))?|time\ to|try\ to|try\ and|make\ sure\ (?:to|you)|be\ so\ kind\ (?:and|as\ to|to)|feel\ free\ to|do\ me\ a\ favou?r\ and|ready\ to|remember\ to|you\ (?:can|may|could|have\ to|need\ to)
    |it's\ time\ to|would\ be\ (?:nice|great|good)\ (?:if\ you\ could|to)|it\ would\ be\ (?:nice|great|good)\ (?:if\ you\ could|if\ you\ can|to)|(?:the\ )?idea\ is\ to
    |why\ (?:don't|dont|not|do\ not)\ (?:we|you|i|just)(?:\ just)?|why\ not|shall\ (?:we|i)|how\ about\ (?:we|you|i)|what\ about\ we|what\ if\ (?:we|you)\ just|(?:we|you|i)\ (?:may|might)\ as\ well|might\ as\ well|do\ (?:me|us)\ (?:a|the)\ (?:favou?r|kindness|solid)(?:\ (?:and|of))?|be\ (?:a\ dear|so\ good|a\ star)(?:\ and|\ as\ to)?|care\ to|fancy|up\ for|think\ you\ (?:can|could)|you\ mind|mind|i'd\ be\ (?:glad|grateful|happy)\ if\ you\ (?:could|would|can)|we\ had\ better|you\ had\ better|i\ was\ hoping\ you\ (?:could|would|can)|(?:i\ )?wonder\ whether\ (?:you|we)\ (?:could|can|might)|would\ it\ hurt\ to|(?:boss|management|they|he|she|the\ boss|my\ boss|customer|the\ customer|product)\ (?:wants?|needs?|asks?|asked|would\ like)\ (?:me\ |us\ |you\ )?to|(?!on|re|app|fam|ear|week|dai|hour|night|month|suppl|ear|re)[a-z]{{3,}}ly
    |i\ think\ we\ should|think\ we\ should|i\ think(?:\ we)?|i\ guess(?:\ we)?|i\ say(?:\ we)?|ask(?:\ you)?\ to
    )(?![\w'-])[\s,!.:;-]*""",
    re.VERBOSE,
)
_DESIRE: Final = re.compile(
    r"\b(?:need|needs|want|wants|would like|'d like|would love|'d love|require|requires|looking "
    r"for|desire|prefer|give me|after some|deserves?|merits?|warrants?|calls? for|could use|could do with|can use|crying out for|begs for|in need of|"
    r"overdue for|due for|is due|asking for|after a|wish for|let's have|would appreciate|in order|fancy|keen on|hoping for)\b"
)
_HOW: Final = re.compile(
    r"\bhow (?:do|can|could|would|should|might|shall|did) (?:i|we|you|one|someone|people|somebody)\b|"
    r"\bhow does (?:one|someone|\w+ work)\b|\bhow to\b|\bhow (?:is|are) \S+ (?:done|supposed)\b|"
    r"\bwhat(?:'s| is)? the (?:\w+ )?(?:way|command|syntax|process|procedure|steps|slash command|"
    r"phrase|format)\b|\bis there a (?:way|command|slash command)\b|\bwhat (?:do|should|would|"
    r"must|can) (?:i|we) (?:have to |need to )?(?:type|say|write|ask)\b|"
    r"\b(?:explain|teach|show|tell) (?:me |us )?(?:how|what the steps)\b.*\b(?:to|works?|you|"
    r"i|we)\b|\bwhich command\b|\bwhat command\b|\bwhat happens when\b"
)
_HYPOTHETICAL: Final = re.compile(
    r"\bwhat (?:would|will|could|might) (?:happen|be the (?:impact|effect|result|risk)|it (?:take|"
    r"mean|cost)|break|go wrong)\b|\bwhat (?:happens )?if (?:i|we|you|someone)\b|\bwhat happens "
    r"if\b|\bif (?:i|we|you) were to\b|"
    r"\b(?:suppose|hypothetically|theoretically|in theory|imagine|assuming)\b|\bif (?:i|we) (?:deployed|"
    r"scaled|restarted|rolled|cancelled|canceled|killed|shipped|doubled|stopped|flushed|drained|"
    r"ran|released|pushed|reverted|halved)\b|"
    r"\bwould (?:it|that|things|anything|deploying|scaling|restarting|rolling|\w+ing) .{0,60}\b(?:help|"
    r"break|hurt|affect|be safe|be risky|cause|fix)\b|\bis it (?:safe|ok|okay|risky|wise|a good "
    r"idea) to\b|\bdo you think (?:we|i) should\b|\bwhat would .{1,60}\bdo (?:to|if)\b"
)
_QUESTION: Final = re.compile(r"(?:what|which|who|whom|whose|when|where|why|how|what's|how's|who's|where's|when's)\b")
_POLAR: Final = re.compile(
    r"(?:is|are|was|were|am|does|do|did|has|have|had|any|anything|anyone|can|could|will|would|"
    r"should|isn't|aren't|doesn't|hasn't|haven't|didn't|wasn't|got any|got)\b"
)
_MODAL: Final = re.compile(r"\b(?:can|could|would|will|may|might|possible|mind|able|chance)\b")
_ASKED: Final = re.compile(
    r"\b(?:who|what|which|when|where)\s+(?:is|are|was|were|has|have|did|does|do)\b|\b(?:who|what|where)'s\b"
)
_SCHEDULE: Final = re.compile(
    r"\b(?:every|each) (?:\w+ )?(?:night|day|morning|evening|hour|week|month|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|weekday|weekend|release|merge|push|time|\d+ \w+)\b|\b(?:nightly|"
    r"weekly|daily|hourly|monthly)\b(?=,| at\b|:)"
)
_WHEN: Final = re.compile(
    r"\b(?:alert|ping|notify|page|remind|warn|tell|message|dm|text|call|inform|email|poke|shout "
    r"at|yell at|nudge|holler|yell|scream|cry out|shout out|beep|buzz|let|slack|wake|rouse|rattle|holler at|shout to|drop|send|give|write|flag|update|ring|signal|beep|mail|tap|kick|bug|bother|trouble)\s+(?:me|us|the team|everyone|oncall|on-call|the on-call|"
    r"the channel|this channel|my team|the \w+ team|#\w+|here|in here|\x01+)?\s*(?:know\s*|a (?:line|note|message|shout|ring|call|bell|buzz|nudge|ping|heads[- ]?up|dm|text|holler|poke|warning|signal|mail|hint)\s*|up\s*|out of bed\s*|straight away\s*|on the shoulder\s*)?(?:in "
    r"(?:here|this channel|the channel)\s*|here\s*|right away\s*|immediately\s*|asap\s*|please\s*)?(?:if|"
    r"when|whenever|once|as soon as|at \d|(?:every|each|any) ?time|the (?:moment|minute|second|instant|day)|should|in case|in the event|before|on the off chance|provided|were)\b(?! are| is| do| should i)|\b(?:alert|notify|page|"
    r"warn|ping) (?:me|us) (?:on|at|about|of|for)\b|"
    r"\b(?:i|we) (?:want|need|would like|'d like|like|wanna|wish)? ?(?:to )?(?:be )?(?:know|alerted|"
    r"notified|told|pinged|paged|warned|informed|a heads[- ]?up|an alert|hear|see an alert)\b.{0,"
    r"40}\b(?:if|when|whenever|once|as soon as|in case|in the event|the (?:moment|minute|second|instant))\b|"
    r"\b(?:alert|watch|alarm|notification|heads[- ]?up|ping|shout|warning)\s+(?:me\s+)?(?:if|"
    r"when|whenever|once|as soon as|for when)\b|\bkeep (?:an eye|watch|tabs|watching)\b|\bwatch "
    r"out for\b|\bwatch over\b|\bin case (?:it|this|that|anything|something|things|the|any)\b.{1,60}\b(?:worse\w*|again|exceeds?|goes|drops?|climbs?|fails?|happens?)\b|"
    r"(?:^|[,:;]\s*)(?:if|when|whenever|once|as soon as|should|in case|any ?time|every time|each time|the (?:moment|minute|second|instant))\b.{3,120}(?:,|\bthen\b|\bi want\b|\bplease\b|\s)\s*(?:i want (?:an? |to )|please\s+|pls\s+|then\s+)?(?:alert|ping|notify|page|warn|tell|"
    r"message|dm|text|call|inform|email|buzz|wake|let (?:me|us) know|give (?:me|us) a|drop (?:me|us) a|shout|slack|be told|know|hear|raise (?:an|the) al(?:ert|arm)|heads[- ]?up)\b|"
    r"\bgive (?:me|us) a (?:shout|heads[- ]?up|ping|nudge)\b|\bshout "
    r"(?:if|when)\b"
)
_COMPARATIVE: Final = re.compile(
    r"\b(?:faster|slower|better|worse|higher|lower|more|less|fewer|bigger|smaller|cheaper|pricier|"
    r"quicker|hungrier|heavier|lighter|busier|stabler|healthier|costlier|different|longer|shorter|"
    r"greater|larger|worse off)\b[^.!?\n]{0,80}?\bthan\b(?!\s*(?:\d+(?:\.\d+)?\s*(?:%|x\b|ms|"
    r"s\b|sec|m\b|min|h\b|hour|day|percent|req|rps|gb|mb|usd)|\d+(?:\s|$|\W*$)|a (?:second|minute)|"
    r"one second))"
)
_CHOICE: Final = re.compile(
    r"\b(?:which|who|what)\b[^.!?\n]{0,60}\b(?:more|less|most|faster|slower|better|worse|higher|"
    r"lower|cheaper|bigger|fewer|best|worst|quicker|slowest|fastest|busier|healthier|hungrier|stabler|heavier|lighter|dearer|smaller|larger)\b[^.!?\n]{0,80}\bor\b|\b(?:faster|slower|"
    r"better|worse|higher|lower|more|less)\b[^.!?\n]{0,60}\bor\b"
)
_COMPARE: Final = re.compile(
    r"\b(?:compare[ds]?|comparing|comparison|versus|vs|difference between|differences between|"
    r"differ(?:s)?(?: from)?|side by side|next to|alongside|head to head|as (?:fast|slow|quick|busy|reliable|healthy|good|bad|high|low|expensive|cheap|stable|hungry|much|many) as (?!possible|usual|you|we|i\b|\d)|different(?:ly)? (?:from|to|than|in)|stack(?:s)? up|relative to|before and after|as opposed to|in contrast "
    r"to|contrast|delta|diff|diff between|against (?:last|yesterday|previous|the (?:previous|"
    r"last|week|day)|v\d|\d+\.\d)|differences?\b[^.!?\n]{0,60}\bbetween|gap between|same as (?:last|"
    r"yesterday|in)|change(?:d)? (?:between|from|since|compared))\b"
)
_AGAIN: Final = re.compile(
    r"^(?:\W|\bok\b|\bnow\b|\band\b|\bthe\b|\bhmm\b|\bgreat\b|\bcool\b|\bthen\b|\bdo\b|\bnice\b|"
    r"\bthanks\b|\bgot it\b|\bshow(?: me)?\b|\bgive me\b|\brun\b|\bplease\b|\bcan you do\b|\bcan "
    r"i (?:get|see|have)\b)*\s*(?:same\b|again\b|likewise\b|ditto\b|repeat that\b|that again\b)|"
    r"\bsame (?:thing|query|question|for|but|on|in|numbers?|again|chart|graph|as|over|with|deal|"
    r"stuff|period|range|one|metric|report|logs?|check)\b|^\W*(?:\w+\W+){0,3}?(?:run|do|start|"
    r"trigger|execute|repeat|kick)\s+(?:it|that|them|this)\s+(?:off\s+)?(?:again|once more|one "
    r"more time|over)\b|^\W*(?:rerun|redo|repeat)(?: (?:it|that|them|this))?\W*$|\b(?:as|like) "
    r"(?:before|last time|earlier)\b|\bdo (?:it|that) again\b|\bthe same\b"
)
_ABOUT: Final = re.compile(
    r"^\W*(?:(?:ok|okay|and|so|now|hm+|great|cool|thanks|thx|right|alright|nice|hey|yeah|oh|also|"
    r"no|nope|sorry|actually|wait|please|then|but|well|ah|yes|just|got it|interesting|fine|good|"
    r"perfect|good to know)\W+)*(?:what about|how about|and|what of|also for|now for|now in|now "
    r"on|now|instead|only|just|but|for|in|on|or|make (?:it|that)|not|no|i meant?|i mean|rather|"
    r"with|without|per|by|since|from|during|over|actually|as|at|to|then|try|again|what if)\b"
)
_MEANT: Final = re.compile(
    r"\b(?:i meant?|i mean|sorry,? i|no,? (?:i|not|the|for|in)|not \w+[,;]|actually|my bad|correction|"
    r"oops|wrong (?:service|env|environment|one|cluster|metric|thing))\b"
)
_IT: Final = re.compile(
    r"\b(?:it|its|it's|that|this|them|they|these|those|there|that one|this one|the other one|"
    r"the previous one|the last one|that (?:service|incident|workflow|run|deploy|deployment|version|"
    r"runbook|one|metric|query|box|host|pod|node|instance|release|job|pipeline|thing|alert|model|"
    r"suite)|the (?:service|incident|workflow|run|deploy|model|same service|same one|box|host|"
    r"pod|release|job))\b"
)


_NAME_HERE: Final = re.compile(
    r"\s*(?:$|[?.!,;)]|(?:is|was|are|has|in|on|p\d+|service|v?\d[\w.]*|vs|versus|and|or|compared|against|latency|errors?|cpu|memory)\b)"
)
"""What follows a name and not a verb: "search latency", "cart and search"."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of the text; `head` are the classes of the verb that it begins with, `shell` what stood before that."""

    start: int
    end: int
    body: int
    head: frozenset[str] = frozenset()
    length: int = 0
    """Of the verb's phrase, in words."""
    shell: str = ""
    negated: bool = False
    mood: Mood = "request"


@dataclass(slots=True)
class Shape:
    """What the text is made of; `has` holds features such as do:deploy, pp:scale, n:logs, f:why, e:service."""

    text: str
    clauses: tuple[Clause, ...] = ()
    has: set[str] = field(default_factory=set)
    mood: Mood = "request"
    verbs: frozenset[int] = frozenset()
    """Where words stand that are verbs here, and so name nothing."""
    runbooks: tuple[tuple[str, int, int], ...] = ()
    """Runbooks meant by a verb."""
    count: int = 0
    doubtful: bool = False
    """Something is denied, and no clause asks for anything plainly."""
    asks: int = 0
    """How many clauses begin with a verb or as a question."""


def shape(read: Text, found: Sequence[Mention], lexicon: Lexicon) -> Shape:  # noqa: C901, PLR0912  one step for each kind
    text = read.shadow.text
    made = Shape(text, count=len(read.words))
    has = made.has
    covered = {
        place: each for each in found if each.type in {"workflow", "runbook"} for place in range(each.start, each.end)
    }
    amounts = {
        place
        for each in found
        if each.type in {"time_range", "pattern", "endpoint", "instance"}
        for place in range(each.start, each.end)
    }
    starts = {word.start: index for index, word in enumerate(read.words)}
    named = {each.start for each in found if each.type == "service" and _NAME_HERE.match(text, each.end)}
    clauses = _clauses(text, read, starts, lexicon, amounts | named, covered)
    verbs: set[int] = set()
    books: list[tuple[str, int, int]] = []
    for clause in clauses:
        index = starts.get(clause.body)
        mark = "no:" if clause.negated else "do:"
        has.update(f"{mark}{each}" for each in clause.head)
        if index is not None and clause.head:
            verbs.update(read.words[index + offset].start for offset in range(clause.length))
        if index is not None and not clause.negated:
            books += books_in(read, index, clause.end, lexicon)
    until = 0
    for index, word in enumerate(read.words):
        if word.start in amounts:
            continue
        inside = covered.get(word.start)
        within = word.start < until
        for sense in lexicon.senses(text, read.words, index):
            if inside and word.start >= inside.start and read.words[index + len(sense.words) - 1].end <= inside.end:
                continue
            name = sense.kind[2:]
            if sense.kind[0] == "n":
                if within:  # of "stack traces" the traces are none
                    continue
                if len(sense.words) > 1:
                    until = max(until, read.words[index + len(sense.words) - 1].end)
                has.add(f"n:{name}")
            elif sense.form == "base":
                has.add(f"v:{name}")
            else:
                has.add(f"{sense.form}:{name}")
    for each in found:
        if not each.out:
            has.add(f"{'w' if each.weak else 'e'}:{each.type}")
    _forms(text, has, clauses)
    has.update(_idiomatic(text, read, clauses))
    has |= passives(text, read, lexicon)
    made.asks = sum(
        bool(each.head)
        or bool(_QUESTION.match(text, each.body, each.end))
        or bool(_POLAR.match(text, each.body, each.end))
        for each in clauses
    ) + len(books)
    made.clauses, made.verbs, made.runbooks = tuple(clauses), frozenset(verbs), tuple(books)
    if books:
        has.add("do:book")
    made.mood = _mood(text, has, clauses)
    made.doubtful = (
        bool(NEGATION.search(text)) and not any(each.head and not each.negated for each in clauses) and not books
    )
    return made


_TELLS: Final = re.compile(
    r"\W*(?:did|has|have (?!the\b|an?\b|our\b|my\b)|had|is|are|was|were|who|what|which|when|why|does|do (?:we|they|you)|(?:i|we|they|he|she|it)(?:'ve)? (?:just |already )?"
    r"(?:put|set|got|did|went|rolled|shipped))\b"
)
"""How a clause begins that tells or asks of a deed, and does not order it."""


def _idiomatic(text: str, read: Text, clauses: Sequence[Clause]) -> Iterator[str]:
    for feature, at in idioms([each.key for each in read.words]):
        kind, _, name = feature.partition(":")
        if kind != "do":
            yield feature
            continue
        place = read.words[at].start
        clause = next((each for each in clauses if each.start <= place < each.end), None)
        if clause is None or not _TELLS.match(text, clause.start):
            yield f"no:{name}" if clause is not None and clause.negated else feature


def _clauses(
    text: str, read: Text, starts: dict[int, int], lexicon: Lexicon, amounts: set[int], covered: dict[int, Mention]
) -> list[Clause]:
    cuts = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
    made: list[Clause] = []
    for start, end in itertools.pairwise(cuts):
        body = start
        while body < end and not text[body].isalnum():
            body += 1
        first = body
        while (match := _SHELL.match(text, body)) and match.end() > body and match.end() <= end:
            body = match.end()
            while body < end and not text[body].isalnum():
                body += 1
        made.append(_clause(text, read, starts, lexicon, amounts, covered, start, end, first, body))
    return made


def _clause(
    text: str,
    read: Text,
    starts: dict[int, int],
    lexicon: Lexicon,
    amounts: set[int],
    covered: dict[int, Mention],
    start: int,
    end: int,
    first: int,
    body: int,
) -> Clause:
    shell = text[first:body]
    negated = False
    rest = text[body:end]
    if match := re.match(
        r"(?:don't|do not|never|not|no need to|shouldn't|should not|won't|please don't|must not|stop "
        r"short of|can't)\s+(?:you\s+|ever\s+|want (?:you )?to\s+|need (?:you )?to\s+|actually\s+|"
        r"just\s+|yet\s+)*",
        rest,
    ):
        negated = True
        body += match.end()
    index = starts.get(body)
    if index is None or body in amounts or body >= end:
        return Clause(start, end, body, shell=shell, negated=negated)
    inside = covered.get(body)
    heads: set[str] = set()
    length = 0
    if _AUXILIARY.match(rest) and not shell.strip().startswith(("let", "please", "just", "go")):
        return Clause(start, end, body, shell=shell, negated=negated)
    progressive = bool(re.search(r"mind\W*$|chance of\W*$", shell))
    for sense in lexicon.senses(text, read.words, index):
        if sense.kind[0] != "v" or not (sense.form == "base" or (progressive and sense.form == "ing")):
            continue
        if (
            inside
            and inside.end >= read.words[index + len(sense.words) - 1].end
            and inside.end - inside.start > len(read.words[index].key)
        ):
            continue
        heads.add(sense.kind[2:])
        length = max(length, len(sense.words))
    # "bring X up to 5", "put it back": the particle stands behind the object
    if index + 2 <= len(read.words):
        heads |= particles(read, index, end)
    return Clause(start, end, body, frozenset(heads), length, shell, negated)


_AUXILIARY: Final = re.compile(r"(?:do|does|did) (?:i|we|you|they|the|any|our|my|it|that|this|anyone|people)\b")


def _forms(text: str, has: set[str], clauses: Sequence[Clause]) -> None:  # noqa: C901  one step for each kind
    for clause in clauses:
        rest = text[clause.body : clause.end]
        start = text[clause.start : clause.end].strip()
        if _QUESTION.match(rest) or (_QUESTION.match(start) and not clause.head):
            has.add("f:wh")
        if (_POLAR.match(start) and not clause.head) or (_POLAR.match(rest) and not clause.shell.startswith("let")):
            has.add("f:polar")
        elif _ASKED.search(rest):
            has.add("f:wh")
        if "need" in clause.shell or "want" in clause.shell or "like" in clause.shell or "love" in clause.shell:
            has.add("f:desire")
    for name, pattern in (
        ("f:desire", _DESIRE), ("f:how", _HOW), ("f:hypothetical", _HYPOTHETICAL), ("f:schedule", _SCHEDULE), ("f:when", _WHEN),
        ("f:than", _COMPARATIVE), ("f:choice", _CHOICE), ("f:compare", _COMPARE), ("f:again", _AGAIN), ("f:about", _ABOUT), ("f:meant", _MEANT), ("f:it", _IT),
    ):  # fmt: skip
        if pattern.search(text):
            has.add(name)
    if "?" in text and not any(each.head and _MODAL.search(each.shell) for each in clauses):
        has.add("f:?")
    if has & {"f:wh", "f:polar", "f:?"}:
        has.add("f:question")
    acting = {"run", "deploy", "revert", "scale", "stop", "test", "wait", "make"}
    steps = [each for each in clauses if each.head & acting and not each.negated]
    if len(steps) > 1:
        has.add("f:steps")
        if len(steps) > 2 or re.search(  # noqa: PLR2004  a length
            r"\b(?:then|after that|afterwards|finally|once (?:it|that|they|done|green)|wait for|when "
            r"(?:done|finished|it's done)|followed by|if (?:it|that|they|all|everything) (?:pass|fail|"
            r"work|succeed|is green|looks))",
            text,
        ):
            has.add("f:sequence")


def _mood(text: str, has: set[str], clauses: Sequence[Clause]) -> Mood:
    if "f:hypothetical" in has:
        return "hypothetical"
    if "f:how" in has:
        return "how"
    plain = re.search(r"\b(?:don't|do not|never|no need to|shouldn't|must not)\b", text)
    heads = [each for each in clauses if each.head or (each.negated and plain)]
    if "do:book" in has:
        return "request"
    if heads and all(each.negated for each in heads):
        return "negated"
    return "request"
