"""Whatever may come: hostile texts, any JSON, outcomes, approvals, events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.agent.events import (
    Choice,
    Choices,
    Event,
    Facts,
    FormWanted,
    Picture,
    Plan,
    Result,
    Table,
    Task,
    Text,
    Trouble,
)
from bot.door.outcomes import Done, Failed, Problem, Refused, WaitingForApproval
from bot.door.registry import Registry
from bot.guard.approvals import Approval, ApprovalState, Decision, Route, Verdict
from bot.guard.people import ActorKind, Identity
from bot.guard.risk import Risk
from handlers.present.message import Scene

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
REGISTRY = Registry.discover()
OPERATIONS = tuple(each.name for each in REGISTRY)
HOSTILE = (
    "<!channel>",
    "<!here|everyone>",
    "@channel",
    "@here please",
    "<@U0ADMIN>",
    "<#C0OPS|ops>",
    "#general",
    "<https://evil.example|https://bank.example>",
    "[https://bank.example](https://evil.example)",
    "[click](javascript:alert(1))",
    "![](https://evil.example/pixel.png)",
    "```",
    "``` a ```",
    "`code` and ` half",
    "*bold* _it_ ~no~",
    "__init__ **x** a_b_c *.py",
    "> quoted",
    "&lt;!channel&gt;",
    "&#60;!channel&#62;",
    "&amp;lt;",
    ":fire: 10:20:30 :100:",
    "<!date^0^{date}|never>",
    "<!subteam^S0SRE>",
    "\u202egnp.exe\u202c",
    "a\u200bb\ufeffc",
    "\ud800",
    "\x00\x07\x1b[31m",
    "mailto:a@b.example",
    "a@b.example",
    "line\nline\r\nline\rline\u2028line",
    "=1+1",
    " ",
    "",
    "\n\n\n",
    "é" * 40,
    "日本語のテキスト",
    "👩‍👩‍👧‍👦🇬🇧",
    "x" * 400,
    "word " * 900,
    "https://example.com/" + "a" * 4_000,
)

short = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
texts = st.one_of(short, st.lists(short, max_size=6).map(" ".join), st.lists(short, max_size=4).map("\n".join))
names = st.one_of(st.sampled_from(("state", "risk", "id", "requester", "at", "why", "rows")), st.text(max_size=20))
instants = st.integers(-(10**6), 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    texts,
    instants.map(datetime.isoformat),
)
json = st.recursive(
    leaves,
    lambda inside: st.one_of(st.lists(inside, max_size=6), st.dictionaries(names, inside, max_size=6)),
    max_leaves=25,
)
objects = st.dictionaries(names, json, max_size=8)
rows = st.lists(st.dictionaries(names, leaves, max_size=6), max_size=8)
outputs = st.one_of(objects, rows.map(lambda found: {"things": found}), json)
operations = st.one_of(st.sampled_from(OPERATIONS), st.sampled_from(("gone.operation", "deploy.start")))
ids = st.one_of(st.sampled_from(("apr-1", "run-2", "ans-3")), st.text(min_size=1, max_size=100))
people = st.one_of(st.sampled_from(("U0SRE", "sre", "<@U0ADMIN>")), texts)

done = st.builds(Done, outputs, operations, ids, ids, repeated=st.booleans())
waiting = st.builds(
    WaitingForApproval,
    ids,
    operations,
    st.integers(1, 9),
    texts,
    st.lists(texts, max_size=5).map(tuple),
    instants,
    texts,
    ids,
)
problems = st.lists(st.builds(Problem, texts, texts, texts, texts), max_size=12).map(tuple)
refused = st.builds(
    Refused,
    st.sampled_from(
        (
            "invalid",
            "unknown-operation",
            "identity",
            "permission",
            "policy",
            "rate-limit",
            "concurrency",
            "approval",
            "conflict",
        )
    ),
    texts,
    texts,
    operations,
    ids,
    problems,
    st.one_of(st.none(), st.floats(0, 1e6)),
)
failed = st.builds(
    Failed,
    texts,
    texts,
    st.booleans(),
    operations,
    ids,
    ids,
    texts,
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.booleans(),
)
outcomes = st.one_of(done, waiting, refused, failed)
tables = st.integers(1, 24).flatmap(
    lambda width: st.builds(
        Table,
        texts,
        st.lists(short, min_size=width, max_size=width).map(tuple),
        st.lists(st.lists(short, min_size=width, max_size=width).map(tuple), max_size=8).map(tuple),
        st.frozensets(st.integers(0, width - 1)),
    )
)
choices = st.builds(Choice, texts, texts, st.one_of(st.just(""), operations), objects, st.booleans())
events = st.one_of(
    st.builds(Text, texts),
    st.builds(Plan, texts),
    st.builds(Task, st.sampled_from("abc"), texts, st.sampled_from(("pending", "running", "done", "failed")), texts),
    st.builds(Result, outcomes, texts, objects),
    tables,
    st.builds(Picture, st.just(b"png"), texts, texts),
    st.builds(Facts, st.lists(st.tuples(short, texts), max_size=14).map(tuple), texts, short),
    st.builds(Choices, st.lists(choices, max_size=30).map(tuple), texts),
    st.builds(FormWanted, operations, texts, objects, texts),
    st.builds(Trouble, texts, texts, texts),
)
turns: st.SearchStrategy[list[Event]] = st.lists(events, max_size=8)
decisions = st.builds(
    Decision,
    people,
    texts,
    st.sampled_from(Verdict),
    st.text(max_size=2_000) | texts.map(lambda text: text[:2_000]),
    instants,
)
approvals = st.builds(
    Approval,
    id=ids,
    operation=operations,
    parameters=objects,
    parameters_hash=st.just("0" * 64),
    risk=st.sampled_from(Risk),
    environment=st.one_of(st.none(), texts),
    service=st.one_of(st.none(), texts),
    why=texts,
    preview=texts,
    requester=people,
    requester_kind=st.just("person"),
    route=st.just(Route("channel", "C0OPS")),
    approvers=texts,
    quorum=st.integers(1, 40),
    self_approval=st.booleans(),
    created_at=instants,
    expires_at=instants,
    escalate_at=instants,
    escalate_to=texts,
    state=st.sampled_from(ApprovalState),
    escalated_at=st.one_of(st.none(), instants),
    decided_at=st.one_of(st.none(), instants),
    ended_because=texts,
    decisions=st.lists(decisions, max_size=8).map(tuple),
    trace_id=texts,
    outcome=st.one_of(st.none(), objects, st.just({"kind": "done", "output": {"written": True}, "trace_id": "t"})),
)
viewers = st.one_of(
    st.none(),
    st.builds(Identity, people, st.just(ActorKind.PERSON), texts, st.just(frozenset({"sre"})), st.just("UTC")),
)
scenes = st.builds(
    Scene,
    viewer=viewers,
    answer=st.sampled_from(("", "ans-1")),
    surface=st.sampled_from(("channel", "thread", "dm", "assistant", "command")),
    now=st.just(NOW),
    registry=st.just(REGISTRY),
    timezone=st.sampled_from(("UTC", "Europe/Berlin", "Nowhere/Land", "../etc")),
    stop=st.booleans(),
    following=st.booleans(),
)


def scene(answer: str = "ans-1", **given: object) -> Scene:
    known: dict[str, object] = {"viewer": None, "surface": "thread", "now": NOW, "registry": REGISTRY}
    return Scene(answer=answer, **{**known, **given})  # type: ignore[arg-type]
