"""The sentences that each role is promised (UX-01), said in Slack: each is answered, or what is missing is said."""

from __future__ import annotations

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.seeing import Settled, answers

ABSENT = "is not something I can do here yet"
SAID = [
    ("Generate edge case tests for the sentiment model", "test bench"),
    ("Compare latency between model v2.1 and v2.2 over the last week", "nothing to compare"),
    ("Deploy the approved model to staging with full test suite", "Nothing was started"),
    ("Why did inference latency spike yesterday at 3pm?", "inference-gateway"),
    ("Scale the inference cluster to handle 2x current load", "Nothing was started"),
    ("Show me all services with >80% CPU utilization", "CPU"),
    ("Set up a new deployment pipeline for the recommendation service", "Nothing was started"),
    ("What's the current state of the production environment?", "services"),
    ("What's our error budget burn rate for the API service?", "error budget"),
    ("Start incident response for the latency alert", "Nothing was started"),
    ("Execute the database failover runbook", "runbook runner"),
    ("Generate a post-mortem report for yesterday's outage", "incident manager"),
    ("Generate adversarial test cases for the content filter", "test bench"),
    ("Run the full regression suite and summarize failures", "test bench"),
    ("What's our current test coverage for the chat module?", "test bench"),
    ("Create quality gates for the next release", "workflow engine"),
    ("Scan all endpoints for prompt injection vulnerabilities", ABSENT),
    ("Show me all API keys that haven't been rotated in 90 days", "Security posture"),
    ("Generate a security compliance report for SOC 2", "Security posture"),
    ("Investigate the anomalous access pattern detected last night", ""),
    ("Show me the team's deployment frequency this quarter", "deploy"),
    ("What are the top blockers affecting velocity?", ""),
    ("Generate a cost analysis for the ML platform", "for models"),
    ("Compare our SLO performance against last quarter", ""),
]


async def test_each_is_answered_or_what_is_missing_is_said(
    watching: App, settled: Settled, sre: Person, workspace: Playground
) -> None:
    wrong = []
    for sentence, expected in SAID:
        thread = await sre.says("#ops", f"@copilot {sentence}")
        await thread.last()
        await settled()
        said = "\n".join(words(each) for each in answers(thread))
        if expected.lower() not in said.lower() or "not sure what you mean" in said or "unexpected" in said:
            wrong.append((sentence, said[:200]))
        assert all(words(each).strip() or each.files for each in answers(thread)), sentence
    assert not wrong
