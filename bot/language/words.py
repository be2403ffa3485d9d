"""The words of the trade, by class: what people do, and what they do it to. Classes, not sentences."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VERBS: Final = """
show: show, give, get, fetch, pull, pull up, list, display, see, view, print, check, check on, look at, bring up,
  enumerate, dump, plot, graph, chart, tell, report, share, hand, send, summarize, summarise, know, learn,
  visualize, compute, calculate, measure
search: search, comb, scour, rummage through, hunt down, pick out, grep, find, look for, scan, tail, hunt, hunt for, filter, trawl, dig, dig up, dig for, dig out, dig
  into, sift, query, locate, look through, go through, comb through, look up, look in
grep: grep, tail
make: extend, flesh out, generate, write, create, make, build, draft, come up with, produce, author, prepare, put together, set up,
  setup, define, design, compose, develop, craft, invent, assemble, think up, whip up, cook up, script
run: run, rerun, re-run, execute, kick off, kickoff, trigger, start, launch, fire, fire off, fire up, begin,
  perform, invoke, initiate, do, redo, start up, spin up, exec, get going, set off, schedule, repeat, restart the
  run
test: test, retest, verify, validate, exercise, smoke test, load test, regression test, stress test, sanity check, put to the test
deploy: deploy, redeploy, unleash, ship, release, roll out, rollout, promote, push, push out, install, put live, go live
  with, get out, publish, put out
revert: unwind, retract, undeploy, wind back, roll back, rollback, revert, back out, undo, put back, go back, take back, unship, step back, return, bring
  back, restore, switch back, reset
scale: treble, spin up more, scale, scale up, scale down, scale out, scale in, resize, upscale, downscale, rescale, double, triple,
  quadruple, halve, autoscale, upsize, downsize, size up, size down, beef up
adjust: stick, chuck, throw, slap, land, shove, sling, dial, dial up, dial down, crank, crank up, ramp, ramp up, ramp down, knock,
  step up, step down, notch up, tweak, allocate, grant, lend, spare, move, let, allow, hand, have, use, keep, bring, bump, bump up, increase, decrease, raise, lower, reduce, add, take, drop, grow, shrink, expand, cut,
  set, remove, put, need, make, go, change, give
stop: stop, cancel, abort, kill, halt, terminate, call off, end, interrupt, pull the plug, bail out of, quit
declare: declare, sound, treat, open, raise, file, report, log, call, announce, create, start, kick off, spin up, trigger, make,
  open up, initiate, register
page: page, wake, wake up, call out, rouse, summon, rope in
update: set, change, update, mark, move, assign, make, put, add, upgrade, downgrade, escalate, deescalate,
  de-escalate, append, switch, hand over, hand, transfer, attach, edit, bump, bump up, lower, raise, flag, leave,
  post, name, appoint, transition, note, jot, record, document, log, reassign, drop, reclassify, write
resolve: resolve, put to bed, put to rest, lay to rest, conclude, shut, close, close out, wrap up, mark resolved, mark as resolved, finish off, clear, conclude, end
improve: improve, optimize, optimise, speed up, tune, reduce, cut, cut down, lower, bring down, make faster, harden,
  get down, shrink, trim, decrease, fix, save, tame, stabilize, stabilise, boost, minimize, minimise, avoid,
  prevent, keep down, drive down, shave, mitigate
investigate: shed light on, make sense of, account for, investigate, look into, diagnose, troubleshoot, debug, figure out, analyze, analyse, dig into, get to
  the bottom of, find out why, root cause, rca, explain, understand
watch: watch, monitor, keep an eye on, keep an eye, keep watch, keep tabs on, track, keep watching
suggest: brainstorm, suggest, recommend, advise, propose, advice
wait: wait, pause, hold, sleep, notify, post, ping, send, mail, email, seed, provision, invite, approve, ask
compare: compare, contrast, benchmark, diff, stack up
approve: approve, reject, deny, sign off
help: help
none: sign off for the night, sign off for today, sign off for the day, double check
"""

NOUNS: Final = """
logs: log, logs, log line, log lines, lines, stack trace, stack traces, stacktrace, stacktraces, logging, logged,
  log entries, log messages, stdout, stderr, backtrace, log output, logfile, logfiles, output, log file, log files
lines: line, lines, messages, entries, entry, message, occurrences, mentions, hits
traces: trace, traces, span, spans, tracing, waterfall, traced, slow requests, slow calls, slowest requests, slowest
  calls
requests: requests, request, calls, call, transactions, queries
failed: failed, failing, errored, erroring, error, errors, broken, unsuccessful, with errors
tests: test, tests, testing, test case, test cases, testcases, testcase, test suite, suite, suites, test scenarios,
  test plan
coverage: coverage, covered, uncovered, untested, not tested, test gaps, testing gaps, lacks tests, lack tests, have
  no tests, has no tests, without tests, lacking tests, missing tests
deploys: deploys, deployments, releases, rollouts, deployment frequency, deploy frequency, changes, deployed,
  shipped, released, rolled out
deploy: deploy, deployment, release, rollout, build, change, merge
workflow: workflow, workflows, pipeline, pipelines, flow, flows, job, jobs, automation, process
run: run, runs, execution, executions
incident: incident, incidents, outage, outages, sev, incident response
incidents: incidents, outages, sevs
runbook: runbook, runbooks, playbook, playbooks, run book, run books
approval: approval, approvals, sign-off, sign-offs, sign off, signoff, signoffs, to approve, approved yet, awaiting
  my ok, waiting on me, waiting for me, needs my ok, need my ok, needs approving, my okay, pending changes, pending
  requests, pending change requests, review queue, pending deploys, pending deployments, approver, approvers
alert: alert, alerts, alarm, alarms, firing, went off, go off, going off, gone off, paged, paging, been paged, goes
  off, red alert, pager, pagers, fired, alerting
watch: watches, watching, watch, monitors, watched, watchers, watcher, monitoring rules
slo: slo, slos, sla, slas, sli, slis, error budget, error budgets, burn rate, burn rates, budget left, budget burn,
  service level, service levels, service level objective, service level objectives, burning budget, burned through
  our budget, availability target, latency target, budget remaining, objectives, budget
cost: cost report, bill, spend, spending, spent, costing, costs, cost, cost breakdown, cost analysis, expenses,
  invoice total, how much money, paying, pay, budget spent, expensive
money: cost report, cost breakdown, cost analysis, spend, spending, spent, costing, bill, report, breakdown, analysis, money, paying
status: health, healthy, status, overview, health check, sitrep, state, shape, degraded, unhealthy
health: health, healthy, state, status, overview, up, down, ok, okay, alive, fine, looking, doing, situation,
  picture, running, unhealthy, stable, degraded, health check, reachable, available, in good shape, operational,
  holding up, sane, green, red, online, offline, all good, all right, alright, working, responding, broken, feeling,
  behaving, dead
version: version, versions, build, release, commit, tag, image, sha, revision
postmortem: postmortem, postmortems, post-mortem, post-mortems, post mortem, post mortems, rca, root cause analysis,
  writeup, write-up, write it up, blameless, retro, retrospective, incident report, write up, after action report,
  incident review, pir, post incident review, post-incident review, lessons learned
timeline: timeline, latest, summary, details, who, update, updates, history, story, news, status, state, owner
progress: underway, under way, finishing, completing, wrapping up, made it, outcome, verdict, done, finished, finish, complete, completed, progress, far, along, still running, succeed, succeeded,
  passed, pass, fail, failed, stuck, status, state, running, eta, over, through, ready, going, yet, doing, result,
  results, outcome, started, pending, stand, active, halfway, in flight, where
gap: gates, gate, quality gate, quality gates
everything: everything, all services, every service, each service, all of it, the platform, the whole platform, our
  services, whole stack, the stack, all systems, systems, anything, services, things, the system, world, fleet, us,
  we
help: help, what can you do, what can it do, what can this do, what can this thing do, what can the bot do, what can
  this bot do, what all can you do, what else can you do, what are you able to do, what are you good at, what do you
  do, commands, capabilities, what you can do, how to use, who are you, what are you, manual, documentation, docs,
  examples, cheat sheet, cheatsheet, features, help menu, get started, getting started, what else can you, your
  skills, tutorial
why: why, how come, reason, reasons, root cause, root causes, cause, causes, caused, causing, behind, what happened,
  what went wrong, what broke, culprit, explain, explanation, explains, to blame,
  responsible for, what triggered, what made, drove, what drove, driving,
  led to, due to what, because of what, explain why, what gives, wtf happened, whats wrong with, what's wrong with,
  what is wrong with, whats with, what's with, anomalous, where does the
compare: compare, compared, comparing, comparison, versus, vs, difference between, differences between, differ,
  differs, diff, side by side, stack up, relative to, against, contrast, delta, how does that compare, benchmark
advice: opinion, opinions, thoughts, your take, recommend, good idea, smarter, make sense to, makes sense to, worth
  it, suggest, suggestion, suggestions, recommend, recommends, recommendations, ideas, advice, advise, tips, what
  would you, how should we, what should we, what should i, what could we, what can we, best way, best practice, best
  practices, pointers, any way to, some way to, ways to, a way to, how might we, opportunities, opportunity,
  optimizations, optimisations, quick wins, low hanging fruit, bottleneck, bottlenecks, blockers, should we, should
  i, how best to, proposals, proposal, improve, improvements, optimize, optimise, worth doing, worth changing,
  options for, strategies, strategy, can be improved, could be improved, what would help
posture: api keys, secrets, credentials, certificates, certs, vulnerabilities, compliance, posture, permissions,
  compliance report, security report
greeting: hi, hello, hey, morning, good morning, good evening, good afternoon, howdy, yo, sup, hiya, greetings, good
  day, how are you, whats up, what's up, welcome back, good night
thanks: thanks, thank you, thx, ty, tysm, cheers, appreciated, appreciate it, thank, lifesaver, great job, nice
  work, good bot, well done, good job, awesome, nice one, you rock, love it, perfect, brilliant, amazing, kudos
dismiss: nvm, never mind, nevermind, forget it, figured it out, ignore that, ignore me, no worries, all set,
  disregard, scratch that, false alarm, wrong channel
again: same, again, likewise, ditto, same thing, the same, do that, as before, like before, like last time, same as
  before, same query, that query, same again, this one too, as well, too
about: what about, how about, and for, and in, now for, now in, now on, what of, and on, also for, try, instead,
  only, just, rather, without
"""

_DOUBLED: Final = frozenset(
    {
        "stop",
        "ship",
        "cut",
        "run",
        "get",
        "put",
        "plan",
        "trim",
        "bump",
        "dig",
        "tag",
        "drop",
        "rerun",
        "scan",
        "log",
        "let",
        *"set hit sit tip slip nip rip wrap flip swap step plug nod fit bin scrub shut spin beg pop slap chop zip grab drag win".split(),  # noqa: SIM905  a table of words
    }
)
_IRREGULAR: Final = {
    "write": ("wrote", "written"), "run": ("ran", "run"), "build": ("built",), "make": ("made",), "find": ("found",),
    "undo": ("undid", "undone"), "put": ("put",), "cut": ("cut",), "go": ("went", "gone"), "bring": ("brought",),
    "get": ("got", "gotten"), "take": ("took", "taken"), "do": ("did", "done"), "rerun": ("rerun",), "set": ("set",),
    "give": ("gave", "given"), "begin": ("began", "begun"), "shut": ("shut",), "draw": ("drew", "drawn"), "see": ("seen",),
    "keep": ("kept",), "redo": ("redone",), "roll": ("rolled",), "tell": ("told",), "send": ("sent",), "halve": ("halved",),
}  # fmt: skip


def _table(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.strip().replace("\n ", "").splitlines():
        name, _, words = line.partition(": ")
        yield name, [word.strip() for word in words.split(",")]


def nouns() -> Iterator[tuple[str, str]]:
    """Phrases and their class."""
    for name, phrases in _table(NOUNS):
        yield from ((phrase, name) for phrase in phrases)


def verbs() -> Iterator[tuple[str, str, str]]:
    """Phrases, their class, and their form: base, ed or ing."""
    for name, phrases in _table(VERBS):
        for phrase in phrases:
            first, _, rest = phrase.partition(" ")
            tail = f" {rest}" if rest else ""
            yield phrase, name, "base"
            yield from ((f"{word}{tail}", name, form) for word, form in forms(first))


def forms(verb: str) -> Iterator[tuple[str, str]]:
    """How it is bent."""
    stem = verb[:-1] if verb.endswith("e") else verb + verb[-1] if verb in _DOUBLED else verb
    third = verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeou" else f"{verb}s"
    yield (f"{verb}es" if verb.endswith(("s", "x", "sh", "ch", "o")) else third), "s"
    yield f"{stem}ing", "ing"
    for word in _IRREGULAR.get(verb, (third[:-2] + "ed" if third.endswith("ies") else f"{stem}ed",)):
        if word != verb:
            yield word, "ed"


PLAIN: Final = frozenset(
    """
    a an the this that these those it its he she they them their our your my his her we us you i me mine yours
    is are was were be been being am do does did done has have had having can could will would shall should may might must
    not no nor none never without except excluding but and or so if then else than as at by for from in into of off on onto
    out over under up down to with within about above below after before between during since until till through per via
    what which who whom whose when where why how whats hows wheres whos whens there here now today yesterday tomorrow
    tonight morning afternoon evening night overnight noon midnight week weeks month months quarter year years day days
    hour hours minute minutes second seconds min mins sec secs hr hrs last past next previous current recent recently
    latest ago since monday tuesday wednesday thursday friday saturday sunday january february march april june july
    august september october november december all any some every each both either neither most more less least few many
    much lot lots bit one two three four five six seven eight nine ten twelve first third fourth please pls thanks
    just only also too very really quite still yet already again soon later once twice ever always often maybe perhaps
    want need like love know think see say says said tell show look get got go going gone come make made take give let
    new old big small high low good bad better worse best worst right wrong left top bottom full empty real true false
    people team thing things something anything nothing everything someone anyone nobody everybody way time times number
    numbers rate rates count level levels user users customer customers support ticket tickets service services server
    prod production staging staged development dev live stage preprod environment environments cluster clusters namespace
    """.split()  # noqa: SIM905  a table of words
)
"""Words that are what they are, however near they come to one of ours."""
