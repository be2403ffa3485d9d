"""Phrases that mean more than their words, some with other words between: "put … to bed", "set … in motion"."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.language import words

_TABLE: Final = """
do:resolve: put ... to bed, put ... to rest, lay ... to rest, draw a line under, put a bow on, call it resolved, call it closed, call it fixed,
  tie ... off, tie up, wrap ... up, sign off on, done and dusted, over and done with, case closed, be safe to close, be ready to close,
  be good to close, can be closed, may be closed, can close, tick ... off, shut ... off the list
do:deploy: put ... out there, put ... out, get ... out there, get ... out the door, get ... out, let ... loose, take ... live, bring ... live,
  make ... live, send ... live, send ... out, cut over to, stick ... onto, throw ... onto, push ... through to, move ... up to, hand ... over to, see ... shipped,
  roll forward to, upgrade ... to version, have ... deployed, have ... live
do:revert: go back to what, go back to how, go back to where, return to what, return to how, pull ... back, wind ... back, wind back, turn back the clock,
  back to where we be, back to what we have, back to how it be, last known good, last good version, last good release, last good build,
  yank ... out, take ... off prod, take ... out of prod, pull ... from prod, pull ... out of prod, put ... the old one, like it be before,
  bring back the old, bring the old, get rid of the new, drop the new release
do:run: set ... in motion, put ... in motion, set ... into motion, get ... underway, get ... under way, get ... rolling, get ... off the ground,
  get ... going, get ... moving, set ... going, set ... running, put ... to work, let ... run, let ... rip, pull the trigger on, hit go on, hit the button on, press play on, press go on,
  give ... a spin, give ... a go, give ... a run, take ... for a spin, kick ... into gear, queue up, proceed with, have ... run, crack on with, go for, make ... happen, set ... in train
x:through: put ... through, run ... through, take ... through, throw ... at, fire ... at, hit ... with, subject ... to, give ... a workout, send ... through, push ... through, see whether ... pass, see if ... pass, make sure ... pass,
  check that ... pass, check whether ... pass, check if ... pass, check ... with the, verify ... with, validate ... with, test ... with the
do:stop: put an end to, put a stop to, bring ... to a halt, bring ... to an end, cut ... short, knock ... on the head, shut ... down, stop ... in its track,
  pull the plug, kill ... off, take ... down, get rid of, do away with, pull the rug
x:needless: axe, nix, scrap, bin, ditch, scrub, nip ... in the bud, no longer need, not need any more, not need anymore, no need for, do not need, don't need, past its use, change of plan
do:make: dream up, conjure up, rustle up, knock up, knock together, brainstorm, devise, formulate, concoct, spit out, crank out, churn out, think of,
  cover ... with, sketch out, sketch, supply, put ... together, draw up
do:show: fill me in, bring me up to speed, get me up to speed, bring us up to speed, catch me up, walk me through, walk us through, run me through, talk me through, take me through,
  let me have, let me see, let's see, let us see, have a look, take a look, take a peek, have a peek, hit me with, shoot me, shoot over, serve up, read out, throw up, put up, eyeball, peek at, interest in, curious about,
  refresh my memory, remind me what, remind me which, remind me of, remind me how, what do we know about, double check, lay out, spell out, break down
do:page: get ... out of bed, drag ... in, rope in, pull in, summon, rouse, sound the alarm, raise the alarm, ring the alarm
x:declare: sound the alarm, raise the alarm, ring the alarm, pull the fire alarm, hit the red button, hit the panic button, treat ... as an incident, make ... an incident, call ... an incident, deserve an incident, merit an incident, warrant an incident,
  call for an incident, qualify as an incident, need an incident, count as an incident, be an incident now, have an incident on our hand, incident time, worth an incident, spin up an incident, get an incident going, deserve a sev, turn ... into an incident,
  need a war room, need the war room, open a war room, start a war room
x:routine: automate, save ... as a workflow, save ... as a pipeline, make ... a workflow, turn ... into a workflow, turn ... into a pipeline, keep ... as a workflow, store ... as a workflow, call ... workflow, string together, chain together, chain,
  from now on after, from here on after, going forward after, after each merge, after every merge, after each release, after every release, after each deploy, after every deploy, on each merge, on every merge, on each commit, on every commit, on every release, on each release, following sequence, these step,
  following step, this sequence, as one flow, in that order, in this order, one after the other, one after another
n:health: should worry, should be worried, should know about, all system go, system be go, still stand, come back to life, be back to life, on its foot, on their foot, in one piece, hang in there, alive and kick, in work order, in good nick, in good health,
  good to go, any trouble, in trouble, how go, how fare, lay of the land, state of play, state of affair, bird's eye view, big picture, vital sign, vitals, bill of health, under the weather, well behave, hold together, hold the fort, hold up,
  tick along, tick over, chug along, hum along, ship shape, shipshape, all quiet, nothing burn, anything burn, anything on fire, something on fire, on fire, need my attention, need attention, need our attention, i be worried, i worry, worth worry, be we good, be we up, any issue, any problem, any concern,
  back to normal, back in business, back up, back online, back on track, come back up, come back, still there, still breathe, still with us, still alive, still up, still ok, still kick, play nice, all there, all well, both fine, both ok, both up, do fine, keep up, take the temperature, once over, go smoothly,
  run smoothly, smooth sailing, anything up with, anything wrong, something wrong, in the green, in the red, at a glance, be well, be sick, feel well, recover, survive, make it through the night, serve traffic
n:alert: ring off the hook, wake me up, wake us up, woke me, woke us, wake the on call, anything fire, something fire, what fire, fire overnight, fire last night, go mad, go crazy, go wild, go nuts, red light, yell about, scream about, shout about, moan about, whine about, complain about, bark about, yell at us, scream at us, beep, alertmanager, be page, get page,
  page anyone, page anybody, page us overnight, trip the wire, go red, turn red, bug us, light up, prometheus yell, prometheus complain
n:approval: thumb up, thumbs up, green light, my blessing, the nod, my nod, a nod, the go ahead, my go ahead, a go ahead, rubber stamp, my signature, my say so, in my queue, in my inbox, on my desk, my eye, wait on me, wait for me, wait on us, await me, await approval, stick in review, need a yes, want a yes, two pair of eye, second pair of eye, hold for approval, my decision, to be sign off, sit with me
n:cost: set us back, set me back, put us back, in cash, in dollar, in euro, price tag, fork out, fork over, shell out, cash, euro, bucks, run up a bill, hit the wallet, burn a hole, burn through money, what be the damage, rack up a bill, out of pocket, financially, money wise, budget wise, eat our budget, charge us, bill us, invoice us, how pricey
x:why: for what reason, for which reason, how do ... come about, how come, how be it that, how be it possible, what lie behind, what stand behind, what sit behind, what account for, how do you explain, how do we explain, make sense of, no sense, puzzle, baffle, at a loss, scratch my head, boil down to, come down to, owe to, what get into, what have get into,
  what possess, what bring about, what bring on, give rise to, stem from, attribute to, attributable, on account of, any clue what, any theory, the story behind, story behind, mystery, what trip up, what knock, what push, what make, what send, what take ... down, what bring ... down, what kill, what tip, what drag, what be the matter, what gives, how do ... happen, how do ... get so, how do ... become, how can it be, how so,
  shed light on, shed some light, to what do we owe, at the bottom of, at the root of, get to the root, the trigger for, the trigger of, the driver of, the driver behind, any explanation, an explanation, the origin of, what be different about, what go on with
n:slo: uptime objective, availability objective, latency objective, our objective, its objective, uptime promise, uptime target, uptime commitment, keep our ... promise, keep its ... promise, keep our word, break our ... promise, live up to, hold to its, stick to its, meet its ... target, meet our ... target, hit its ... target, hit our ... target, meet the ... target, hit the ... target, three nine, four nine, room in the budget, budget be left, service target, reliability target, promise to customer, error allowance, objective
n:coverage: how thoroughly, how well tested, how well be ... test, how much of ... test, how much ... be test, well test, poorly test, percentage of line, line coverage, branch coverage, share of code, untested code, hole in our test, hole in the test, blind spot, blank spot, test blind spot, gap in our test, gap in the test, lack any test, have any test, not exercise by
n:postmortem: write ... up, lesson, what do we learn, blow by blow, debrief, autopsy, in hindsight, five why, 5 why, review doc, look back on, look back at
n:progress: come along, any news, any word, the word on, make it through, pan out, turn out, wind up, how be ... get on, where be we with, where do we stand, get stuck, hang, any sign of life, how long ... left, how much longer, how long until, near the end, still at it, wrap up yet, go well, go through
n:runbook: recipe for, standard procedure, canned procedure, emergency procedure, operating procedure, sop, sops, cookbook, how tos
n:thanks: much oblige, oblige, grateful, gratitude, that be quick, that be fast, that help, that be help, that be all, that's all, just what i need, exactly what i need, exactly what i want, spot on, good stuff, great stuff, legend, hero, champ, a star, the best, gracias, merci, danke, made my day, make my day, owe you, that do it, sweet, neat, super, magic, wonderful, fantastic, brill, ace, good one, bravo, well play, nailed it, top notch, that work, works for me, work for me, good work, splendid, excellent
n:dismiss: no bother, don't bother, do not bother, that's ok, it's fine, it's ok, no need, i be good, all good here, don't worry, not for you, wrong window, wrong chat, my mistake, pay no attention, sort itself out, changed my mind, change my mind, solved it myself, on second thought
n:greeting: g'day, how be it go, how be thing, how be life, how be your day, happy monday, happy friday, long time no see, evening all, nice to meet you, pleased to meet you, good to see you, top of the morning, how do you do, you there, anybody home, anyone home, i be back, are you awake
n:help: be you good for, you good at, be you for, can i ask you, can i ask, can we ask, show me the rope, teach me the rope, where do i start, where do i begin, how do you work, how do this work, how do this thing work, what do you know, up your sleeve, your trick, kind of thing can you, sort of thing can you, be you useful, you help with, you help me with, can you help, what else do you, what all do you, be this bot, do this bot do, introduce yourself, about yourself, your purpose, your job, i be new, i'm new, new here, list of command
n:advice: room for improvement, be do about, be done about, do better, can i do about, can we do about, could we do about, should we do about, could i do about, where would you, what would you do, how would you, fat to trim, slim down, what'd help, what do you make of, if you be me, in my shoe, in your opinion, what be the best, what be your take, any way of, some way of, a way of, talk me through option, wise to, clever to, sensible to, any trick, any lever, what lever, worth try, best bet, lower hanging
n:logs: have to say, have to say for itself, be it write, be it print, spew, in its output, console output, write to stdout, write to stderr, print to stdout, line say, line that say, line with, line contain, line mention
n:traces: call tree, call graph, flame graph, flamegraph, request flow, request path, hop by hop, where do the time go, where be the time go, where be time spent, where be the time spent, spend its time, spend their time, path of a request, journey of a request, journey of the request, follow a request, slow one end to end
n:watch: on the lookout for, look out for, on watch, eye on
x:mine: i've set up, i set up, i have set up, have i set up, do i have set up, i've create, i create, have i create, do i create, i make, i've make, i ask for, i ask you, my watch
n:incidents: on our hand, every incident, each incident, all incident, past incident, open incident, ongoing incident, current incident, recent incident, active incident, any incident, many incident, incident history, incident list, list of incident, unresolved incident, incident we have, incident do we have
f:compare: next to, alongside, set against, measure against, weigh against, weigh up, pit against, pit ... against, hold ... against, hold up against, line up against, put ... side by side, match up to, measure up to, compare to, in comparison, how do ... differ, what differ, which of the two, the odds between, tell ... apart, head to head
v:improve: squeeze, wring, shave off, knock down, cut back on, cut down on, tighten up, bring ... under control, get ... under control, rein in, keep ... in check, pep up, spruce up
"""
_GAP: Final = 7
"""Words between two parts."""
_IRREGULAR: Final = {
    "is": "be", "are": "be", "was": "be", "were": "be", "been": "be", "being": "be", "am": "be",
    "came": "come", "stood": "stand", "lay": "lay", "laid": "lay", "held": "hold", "kept": "keep", "had": "have", "has": "have",
    "having": "have", "does": "do", "did": "do", "done": "do", "doing": "do", "gone": "go", "went": "go", "goes": "go", "got": "get",
    "gotten": "get", "brought": "bring", "took": "take", "taken": "take", "taking": "take", "made": "make", "making": "make", "thought": "think",
    "gave": "give", "given": "give", "giving": "give", "woken": "wake", "fell": "fall", "lit": "light", "stuck": "stick", "spent": "spend", "feet": "foot",
    "broke": "break", "rang": "ring", "threw": "throw", "thrown": "throw", "drew": "draw", "wrote": "write", "written": "write", "bled": "bleed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Idiom:
    """What it stands for, and its parts; between two of them there may be other words."""

    feature: str
    parts: tuple[tuple[str, ...], ...]
    needs: frozenset[str]


_SHORT: Final = {"'s": "be", "'m": "be", "'re": "be", "'ve": "have", "'d": "would"}
_WHOLE: Final = frozenset({"let's", "o'clock", "bird's", "g'day", "what'd"})


def _split(words_: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each word and its place; "what's" is two."""
    for at, word in enumerate(words_):
        first, mark, rest = word.partition("'")
        if mark and word not in _WHOLE and (second := _SHORT.get(mark + rest)):
            yield at, first
            yield at, second
        else:
            yield at, word


def _read() -> Iterator[Idiom]:
    for line in _TABLE.strip().replace("\n ", "").splitlines():
        feature, _, phrases = line.partition(": ")
        for phrase in phrases.split(","):
            parts = tuple(tuple(word for _, word in _split(part.split())) for part in phrase.split("..."))
            yield Idiom(feature, parts, frozenset(word for part in parts for word in part))


def _indexed() -> dict[str, list[Idiom]]:
    """By their longest word, which is the rarest."""
    index: dict[str, list[Idiom]] = {}
    for each in _read():
        index.setdefault(max(sorted(each.needs), key=len), []).append(each)
    return index


def _stems(index: dict[str, list[Idiom]]) -> dict[str, str]:
    """From each form of a word to the word as it stands in the table."""
    used = {word for each in index.values() for idiom in each for part in idiom.parts for word in part}
    stems = {form: word for word in used if word.isalpha() and len(word) > 2 for form, _ in words.forms(word)}  # noqa: PLR2004  shorter ones are bent in ways of their own
    for word in used:
        stems.pop(word, None)
    return stems | {form: word for form, word in _IRREGULAR.items() if word in used}


_INDEX: Final = _indexed()
_STEMS: Final = _stems(_INDEX)
WORDS: Final = frozenset(
    [word for each in _INDEX.values() for idiom in each for part in idiom.parts for word in part] + [*_STEMS]
)
"""All that stand in idioms, in all their forms."""


def idioms(said: Sequence[str]) -> Iterator[tuple[str, int]]:
    """What each idiom stands for, and the place of the word that it begins with."""
    split = [*_split(said)]
    plain = [word for _, word in split]
    bent = [_STEMS.get(word, word) for word in plain]
    there = {*plain, *bent}
    for word in there:
        for each in _INDEX.get(word, ()):
            if each.needs <= there:
                first = each.parts[0][0]
                for at, (key, stem) in enumerate(zip(plain, bent, strict=True)):
                    if first in (key, stem) and _fits(each.parts, plain, bent, at):
                        yield each.feature, split[at][0]


def _fits(parts: Sequence[tuple[str, ...]], plain: Sequence[str], bent: Sequence[str], at: int) -> bool:
    place, most = at, at
    for part in parts:
        for start in range(place, most + 1):
            if _stands(part, plain, bent, start):
                place = start + len(part)
                most = place + _GAP
                break
        else:
            return False
    return True


def _stands(part: tuple[str, ...], plain: Sequence[str], bent: Sequence[str], at: int) -> bool:
    if at + len(part) > len(plain):
        return False
    return all(word in (plain[at + offset], bent[at + offset]) for offset, word in enumerate(part))
