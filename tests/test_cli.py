"""The terminal's face, driven as people drive it: words in, text and an exit code out."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot import reference
from bot.cli import cli, main
from bot.commands.visiting import parse_values
from storage.database import head_revision


@dataclass
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """`run("run-op", "status.self", "--json")` in a fresh installation."""
    (tmp_path / "data").mkdir()
    shutil.copy(sqlite_template, tmp_path / "data" / "copilot.db")
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "DATA_DIR", "DATABASE_URL", "ENCRYPTION_KEYS"):
        monkeypatch.delenv(f"LLM_COPILOT_{name}", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TZ", "UTC")

    def call(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["llm-copilot", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        captured = capfd.readouterr()
        return Said(code, captured.out, captured.err)

    yield call
    logging.getLogger().handlers.clear()


def test_a_change_is_asked_for_approved_by_somebody_else_and_found_in_the_trail(run: Run) -> None:
    drill = ("run-op", "maintenance.drill", "--label", "a rehearsal", "--environment", "production")
    refused = run(*drill, "--as", "qa-engineer")
    assert refused.code == 3
    assert "These may: Administrator, DevOps engineer, Site reliability engineer." in refused.out
    waiting = run(*drill, "--as", "sre", "--why", "we practise", "--json")
    assert waiting.code == 4
    approval = waiting.json["approval_id"]
    decide = ("run-op", "approvals.decide", "--approval", approval, "--verdict", "approve", "--as")
    assert run(*decide, "sre").code == 3
    done = run(*decide, "manager", "--json")
    assert done.code == 0
    assert done.json["output"] == {"label": "a rehearsal", "environment": "production", "written": True, "drills": 1}
    late = run(*decide, "admin")
    assert late.code == 3
    assert "was approved already (by manager); nothing was changed" in late.out
    trail = run("run-op", "audit.search", "--operation", "maintenance.drill", "--json").json["output"]["rows"]
    assert [(row["actor"], row["event"], row["decision"]) for row in trail] == [
        ("sre", "end", "approved"),
        ("sre", "start", "approved"),
        ("sre", "requested", "approval-wanted"),
        ("qa-engineer", "refused", "refused:permission"),
    ]
    assert run("audit", "verify").code == 0


def test_people_read_what_the_last_approval_started(run: Run) -> None:
    waiting = run("run-op", "maintenance.drill", "--as", "sre", "--json").json
    said = run("run-op", "approvals.decide", "--approval", waiting["approval_id"], "--verdict=approve", "--as=devops")
    assert said.code == 0
    assert "maintenance.drill runs now" in said.out
    assert "written" in said.out


def test_a_waiting_change_says_what_it_would_do_and_how_to_approve_it(run: Run) -> None:
    said = run("run-op", "maintenance.drill", "--label", "x", "--as", "sre")
    assert said.code == 4
    assert "Writes one row, 'x', into the drill book of development. Nothing else changes." in said.out
    assert "llm-copilot run-op approvals.decide --approval apr-" in said.out
    assert "(60 minutes)" in said.out


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        ("what is waiting for me", "approvals.list"),
        ("what can you do", "help.show"),
        ("status", "status.self"),
        ("help with approvals.decide", "help.show"),
        ("why may I not run maintenance.drill?", "policies.explain"),
        ("show the audit trail", "audit.search"),
        ("list operations", "operations.list"),
    ],
)
def test_ask_finds_the_operation_that_is_meant(run: Run, words: str, operation: str) -> None:
    said = run("ask", *words.split())
    assert f"understood as {operation}" in said.err
    assert said.code == 0


@pytest.mark.parametrize("words", ["run a drill in production", "practice drill in staging"])
def test_ask_never_changes_anything_on_a_guess(run: Run, words: str) -> None:
    said = run("ask", *words.split(), "--as", "sre")
    assert said.code == 2
    assert f"llm-copilot run-op maintenance.drill --environment {words.rsplit(maxsplit=1)[-1]}\n" in said.out
    assert "It also takes --label" in said.out
    assert run("run-op", "approvals.list", "--json").json["output"]["approvals"] == []


def test_what_is_said_not_to_be_done_is_left(run: Run) -> None:
    said = run("ask", "do not run a drill", "--as", "sre")
    assert said.code == 0
    assert "I do nothing" in said.out


def test_an_option_without_its_value_is_no_text(run: Run) -> None:
    said = run("run-op", "maintenance.drill", "--label", "--environment", "production", "--as", "sre")
    assert said.code == 3
    assert "label = True" in said.out


def test_ask_does_not_guess(run: Run) -> None:
    said = run("ask", "make me a sandwich")
    assert said.code == 2
    assert "I am not sure what you mean by 'make me a sandwich'" in said.out
    assert "help" in said.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("run-op", "maintenance.dril"), "Did you mean maintenance.drill"),
        (("run-op", "maintenance.drill", "--lable", "x"), "Did you mean 'label'?"),
        (("run-op", "maintenance.drill", "--environment", "mars"), "environment = 'mars'"),
        (("run-op", "approvals.list", "--limit", "many"), "limit = 'many'"),
        (("run-op", "status.self", "--as", "nobody-we-know"), "nobody is known as 'nobody-we-know'"),
    ],
)
def test_a_wrong_word_is_quoted_with_what_would_be_right(run: Run, words: tuple[str, ...], complaint: str) -> None:
    said = run(*words)
    assert said.code == 3
    assert complaint in said.out.replace("\n", " ")


@pytest.mark.parametrize("words", [("run-op",), ("run-op", "status.self", "stray"), ("nonsense",)])
def test_a_wrong_command_line_is_code_2(run: Run, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert said.code == 2
    assert said.err


def test_help_is_there_before_anything_that_takes_long_is_read() -> None:
    heavy = "{'bot.app', 'bot.config', 'handlers', 'integrations', 'pydantic', 'storage'}"
    look = f"import sys, bot.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_values_are_read_from_options_flags_repetitions_and_json() -> None:
    words = [
        "--name",
        "x",
        "--dry-run",
        "--tag=a",
        "--tag",
        "b",
        "--label",
        "[urgent] x",
        "--parameters",
        '{"n": 1}',
        "--empty=",
    ]
    assert parse_values(words) == {
        "name": "x",
        "dry_run": True,
        "tag": ["a", "b"],
        "label": "[urgent] x",
        "parameters": {"n": 1},
        "empty": "",
    }


def test_the_glass_is_broken_by_an_administrator_with_a_reason_and_the_trail_says_so(run: Run) -> None:
    drill = ("run-op", "maintenance.drill", "--environment", "production", "--break-glass", "the house burns", "--as")
    assert run(*drill, "sre").code == 3
    assert run(*drill, "admin").code == 0
    rows = run("run-op", "audit.search", "--decision", "break-glass", "--json").json["output"]["rows"]
    assert {row["details"].get("break_glass") for row in rows if row["event"] == "start"} == {"the house burns"}


def test_policy_explain_says_what_would_happen_and_runs_nothing(run: Run) -> None:
    explain = ("policy", "explain", "maintenance.drill", "--environment", "production")
    said = run(*explain, "--as", "sre", "--json").json["output"]
    assert said["verdict"].startswith("waits for 1 approval from somebody else")
    assert run(*explain, "--as", "qa-engineer", "--json").json["output"]["missing_permission"] == "maintenance:drill"
    assert run("run-op", "approvals.list", "--json").json["output"]["approvals"] == []


def test_check_config_shows_what_is_in_force_and_masks_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "B" * 43 + "="
    monkeypatch.setenv("LLM_COPILOT_ENCRYPTION_KEYS", f"k1:{key}")
    monkeypatch.setenv("LLM_COPILOT_PERSON_PER_MINUTE", "7")
    said = run("check", "config")
    assert said.code == 0
    assert key not in said.out + said.err
    assert "********" in said.out
    assert "environment LLM_COPILOT_PERSON_PER_MINUTE" in said.out


def test_check_config_lists_everything_that_is_wrong_with_its_mend(run: Run, tmp_path: Path) -> None:
    (tmp_path / "llm-copilot.toml").write_text('audit_retention_days = 30\nlog_level = "loud"\nratebrust = 3\n')
    said = run("check", "config")
    assert said.code == 2
    for expected in ("audit_retention_days = 30", "365", "log_level = loud", "ratebrust", "rate_burst", "3 problems"):
        assert expected in said.out


def test_a_corrupt_settings_file_stops_every_command_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "llm-copilot.toml").write_text("data_dir = [\n")
    said = run("run-op", "status.self")
    assert said.code == 2
    assert "llm-copilot.toml" in said.err
    assert "Traceback" not in said.err


def test_a_corrupt_roles_file_is_named_with_the_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = tmp_path / "roles.yaml"
    roles.write_text("roles:\n  admin: {title: A, grants: [{permissions: ['audit:raed']}]}\n")
    monkeypatch.setenv("LLM_COPILOT_ROLES_FILE", str(roles))
    said = run("run-op", "status.self")
    assert said.code == 2
    assert "'audit:raed' matches no permission (did you mean 'audit:read'?)" in " ".join(said.err.split())


def test_the_database_goes_up_down_and_up_again(run: Run) -> None:
    assert f"schema {head_revision()}" in run("db", "current").out
    assert "schema none" in run("db", "downgrade", "base", "--yes").out
    assert f"schema {head_revision()}" in run("db", "upgrade").out


def test_the_audit_trail_is_exported_as_json_lines(run: Run, tmp_path: Path) -> None:
    run("run-op", "status.self")
    assert run("audit", "export", "--to", str(tmp_path / "audit.jsonl")).code == 0
    rows = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert {"start", "end"} <= {row["event"] for row in rows}
    assert all(len(row["seal"]) == 64 for row in rows)
    assert run("audit", "export", "--as", "sre").code == 3


def test_a_changed_row_makes_verify_fail(run: Run, tmp_path: Path) -> None:
    run("run-op", "status.self")
    with sqlite3.connect(tmp_path / "data" / "copilot.db") as connection:
        connection.execute("UPDATE audit SET body = replace(body, 'admin', 'nobody') WHERE seq = 1")
    connection.close()
    said = run("audit", "verify")
    assert said.code == 5
    assert "row 1: the row was changed" in said.out


def test_a_person_is_exported_and_erased_behind_the_gate_and_the_chain_stays_whole(run: Run) -> None:
    run("run-op", "status.self", "--as", "devops")
    assert run("privacy", "export", "devops").json["output"]["audit"]
    waiting = run("privacy", "erase", "devops", "--as", "admin", "--json")
    assert waiting.code == 4
    decide = ("run-op", "approvals.decide", "--approval", waiting.json["approval_id"], "--verdict", "approve")
    assert run(*decide, "--as", "manager", "--json").json["output"]["pseudonym"].startswith("erased-")
    assert run("audit", "verify").code == 0
    rows = run("run-op", "audit.search", "--limit", "200", "--json").json["output"]["rows"]
    assert not [row for row in rows if row["actor"] == "devops"]


def test_keys_are_rotated_and_the_old_one_is_still_needed_for_the_trail(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "k1:" + "A" * 43 + "=", "k2:" + "B" * 43 + "="
    monkeypatch.setenv("LLM_COPILOT_ENCRYPTION_KEYS", old)
    run("run-op", "maintenance.drill", "--as", "sre")
    monkeypatch.setenv("LLM_COPILOT_ENCRYPTION_KEYS", f"{new},{old}")
    assert "approvals.parameters: 1" in run("db", "rotate").out
    assert run("audit", "verify").code == 0
    monkeypatch.setenv("LLM_COPILOT_ENCRYPTION_KEYS", new)
    assert len(run("run-op", "approvals.list", "--json").json["output"]["approvals"]) == 1
    said = run("audit", "verify")
    assert said.code == 5
    assert "'k1', which is not in the keyring" in said.out.replace("\n", " ")


def test_a_wrong_key_is_said_in_plain_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_COPILOT_ENCRYPTION_KEYS", "k1:" + "A" * 43 + "=")
    run("run-op", "maintenance.drill", "--as", "sre")
    monkeypatch.setenv("LLM_COPILOT_ENCRYPTION_KEYS", "k1:" + "C" * 43 + "=")
    said = run("run-op", "approvals.list")
    assert said.code == 5
    assert "the key 'k1' is another one than it was sealed with" in " ".join(said.out.split())


def test_the_demo_never_clears_a_folder_that_is_not_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    said = run("demo", "--folder", "mine", "--no-browser")
    assert said.code == 2
    assert "holds something that is not a demo's" in said.err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_what_a_terminal_would_obey_is_taken_out_of_what_it_shows(run: Run) -> None:
    said = run("run-op", "help.show", "--operation", "[red]x[/red]\\")
    assert said.code == 3
    assert "[red]x[/red]" in said.out
    assert "\x1b" not in said.out


def test_generated_docs_are_fresh_and_a_stale_one_is_found(run: Run, tmp_path: Path) -> None:
    assert run("docs", "check").code == 0
    reference.build(cli, tmp_path)
    assert reference.stale(cli, tmp_path) == []
    (tmp_path / "docs" / "settings.md").write_text("old")
    assert reference.stale(cli, tmp_path) == ["docs/settings.md"]
