"""Settings: precedence, provenance, every problem at once, and no secret in any of their texts."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from bot.config import (
    CONFIG,
    FILE,
    MASK,
    PREFIX,
    Loaded,
    Problem,
    Settings,
    env_example,
    load,
    masked,
    reference,
    secrets,
)
from bot.errors import ConfigurationError
from bot.keyring import Keyring

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
PLANTED = "hunter2-planted"
NAMES = sorted(Settings.model_fields)


def variables(**settings: object) -> dict[str, str]:
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()}


def with_file(folder: Path, text: str | bytes, name: str = FILE) -> Path:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def only_problem(loaded: Loaded) -> Problem:
    assert loaded.settings is None
    assert len(loaded.problems) == 1, loaded.problems
    return loaded.problems[0]


# ---------------------------------------------------------------- where values come from


def test_an_empty_environment_and_no_file_give_defaults_that_work(tmp_path: Path) -> None:
    loaded = load({}, tmp_path)
    assert loaded.problems == ()
    assert loaded.require() == Settings()
    assert loaded.sources == dict.fromkeys(Settings.model_fields, "default")


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    with_file(tmp_path, "rate_burst = 7\nperson_per_minute = 8\n")
    loaded = load(variables(rate_burst=9), tmp_path)
    settings = loaded.require()
    assert (settings.rate_burst, settings.person_per_minute, settings.channel_per_minute) == (9, 8, 240)
    assert loaded.sources["rate_burst"] == "environment LLM_COPILOT_RATE_BURST"
    assert loaded.sources["person_per_minute"] == "file llm-copilot.toml"
    assert loaded.sources["channel_per_minute"] == "default"


def test_a_wrong_value_that_the_environment_overrides_is_no_problem(tmp_path: Path) -> None:
    with_file(tmp_path, "rate_burst = 0\n")
    assert load(variables(rate_burst=9), tmp_path).require().rate_burst == 9


def test_without_arguments_the_process_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.delenv(CONFIG, raising=False)
    monkeypatch.setenv("LLM_COPILOT_RATE_BURST", "3")
    monkeypatch.chdir(with_file(tmp_path, "person_per_minute = 4\n"))
    settings = load().require()
    assert (settings.rate_burst, settings.person_per_minute) == (3, 4)


def test_settings_built_directly_read_neither_environment_nor_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_COPILOT_RATE_BURST", "3")
    monkeypatch.setenv("RATE_BURST", "3")
    monkeypatch.chdir(with_file(tmp_path, "rate_burst = 4\n"))
    assert Settings().rate_burst == 20


def test_a_dotenv_file_is_not_read(tmp_path: Path) -> None:
    with_file(tmp_path, "LLM_COPILOT_RATE_BURST=3\n", ".env")
    assert load({}, tmp_path).require().rate_burst == 20


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    loaded = load(variables(rate_burst="", services_file="", database_url=""), tmp_path)
    assert loaded.require() == Settings()
    assert loaded.sources["services_file"] == "default"


def test_the_path_of_the_file_can_be_given(tmp_path: Path) -> None:
    with_file(tmp_path, "rate_burst = 1\n")
    with_file(tmp_path, "rate_burst = 2\n", "other.toml")
    loaded = load({CONFIG: "other.toml"}, tmp_path)
    assert loaded.require().rate_burst == 2
    assert loaded.sources["rate_burst"] == "file other.toml"
    assert load({CONFIG: str(tmp_path / "other.toml")}, Path("/")).require().rate_burst == 2


def test_foreign_variables_are_left_alone(tmp_path: Path) -> None:
    assert load({"PATH": "/bin", "RATE_BURST": "x", "OTHER_LLM_COPILOT_X": "y"}, tmp_path).problems == ()


@pytest.mark.parametrize(("given_level", "level"), [("INFO", "info"), ("Error", "error"), ("debug", "debug")])
def test_levels_may_be_written_in_any_case(given_level: str, level: str, tmp_path: Path) -> None:
    assert load(variables(log_level=given_level), tmp_path).require().log_level == level


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Settings().rate_burst = 5  # type: ignore[misc]


# ---------------------------------------------------------------- what is wrong


def test_a_problem_reads_as_one_sentence_with_value_source_reason_and_remedy(tmp_path: Path) -> None:
    assert str(only_problem(load(variables(audit_retention_days=30), tmp_path))) == (
        "audit_retention_days = 30 (environment LLM_COPILOT_AUDIT_RETENTION_DAYS): "
        "must be at least 365. Use a whole number from 365 to 36500."
    )


def test_every_problem_of_every_source_is_told_at_once(tmp_path: Path) -> None:
    with_file(tmp_path, 'rate_burst = "many"\nlog_lvel = "info"\n')
    loaded = load(variables(audit_retention_days=30, log_format="xml", typo="x"), tmp_path)
    assert loaded.settings is None
    told = {problem.field: (problem.value, problem.source) for problem in loaded.problems}
    assert told == {
        "log_lvel": (MASK, "file llm-copilot.toml"),
        "LLM_COPILOT_TYPO": (MASK, "environment LLM_COPILOT_TYPO"),
        "audit_retention_days": ("30", "environment LLM_COPILOT_AUDIT_RETENTION_DAYS"),
        "log_format": ("xml", "environment LLM_COPILOT_LOG_FORMAT"),
        "rate_burst": ("many", "file llm-copilot.toml"),
    }


def test_require_raises_one_error_that_lists_all_problems(tmp_path: Path) -> None:
    loaded = load(variables(audit_retention_days=30, log_format="xml"), tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        loaded.require()
    assert all(str(problem) in str(caught.value) for problem in loaded.problems)


BOUNDS = [
    ("database_pool_size", 1, 100),
    ("audit_retention_days", 365, 36_500),
    ("concurrent_per_person", 1, 10),
    ("operation_timeout_seconds", 1, 600),
    ("person_per_minute", 1, 1_000_000),
    ("channel_per_minute", 1, 1_000_000),
    ("workspace_per_minute", 1, 1_000_000),
    ("rate_burst", 1, 1_000_000),
    ("approval_expiry_minutes", 1, 43_200),
    ("approval_escalation_minutes", 1, 43_200),
    ("model_max_tokens", 256, 128_000),
]


@pytest.mark.parametrize(("name", "least", "most"), BOUNDS)
def test_whole_numbers_hold_up_to_their_bounds_and_not_beyond(name: str, least: int, most: int, tmp_path: Path) -> None:
    for value in (least, most):
        assert getattr(load(variables(**{name: value}), tmp_path).require(), name) == value
    for value in (least - 1, most + 1):
        problem = only_problem(load(variables(**{name: value}), tmp_path))
        assert (problem.field, problem.value) == (name, str(value))
        assert problem.mend == f"Use a whole number from {least} to {most}."


@pytest.mark.parametrize("value", ["0", "-1", "60.5", "nan", "inf", "-inf", "five", " "])
def test_the_database_timeout_lies_above_0_and_up_to_60(value: str, tmp_path: Path) -> None:
    problem = only_problem(load(variables(database_timeout_seconds=value), tmp_path))
    assert problem.mend == "Use a number above 0, up to 60."
    assert load(variables(database_timeout_seconds="60"), tmp_path).problems == ()
    assert load(variables(database_timeout_seconds="0.01"), tmp_path).problems == ()


@pytest.mark.parametrize("toml", ["rate_burst = true", 'terminal_person = ""', "log_level = 3", "data_dir = 5"])
def test_values_of_the_wrong_kind_in_the_file_are_problems(toml: str, tmp_path: Path) -> None:
    problem = only_problem(load({}, with_file(tmp_path, toml)))
    assert problem.field == toml.split(" ", maxsplit=1)[0]
    assert problem.source == "file llm-copilot.toml"


@pytest.mark.parametrize(("heartbeat", "stale", "problems"), [(5, 10, 1), (5, 10.5, 0), (9.9, 20, 0)])
def test_a_replica_is_stale_only_after_more_than_two_heartbeats(
    heartbeat: float, stale: float, problems: int, tmp_path: Path
) -> None:
    loaded = load(variables(heartbeat_seconds=heartbeat, replica_stale_seconds=stale), tmp_path)
    assert len(loaded.problems) == problems


def test_a_heartbeat_too_slow_for_the_default_is_told_with_the_number_it_needs(tmp_path: Path) -> None:
    problem = only_problem(load(variables(heartbeat_seconds=15), tmp_path))
    assert (problem.field, problem.value, problem.source) == ("replica_stale_seconds", "20", "default")
    assert problem.mend == "Use a number above 30."


def test_a_wrong_heartbeat_is_told_alone(tmp_path: Path) -> None:
    assert only_problem(load(variables(heartbeat_seconds=-1), tmp_path)).field == "heartbeat_seconds"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("LLM_COPILOT_DATABSE_URL", "LLM_COPILOT_DATABASE_URL"),
        ("LLM_COPILOT_ENCRYPTION_KEY", "LLM_COPILOT_ENCRYPTION_KEYS"),
        ("LLM_COPILOT_ENCRYPTION_KEY_FILE", "LLM_COPILOT_ENCRYPTION_KEYS_FILE"),
        ("LLM_COPILOT_CONFG", "LLM_COPILOT_CONFIG"),
        ("LLM_COPILOT_data_dir", "LLM_COPILOT_DATA_DIR"),
        ("llm_copilot_data_dir", "LLM_COPILOT_DATA_DIR"),
    ],
)
def test_an_unknown_variable_is_a_problem_that_names_the_nearest(variable: str, meant: str, tmp_path: Path) -> None:
    problem = only_problem(load({variable: PLANTED}, tmp_path))
    assert problem.mend == f"Did you mean {meant}?"
    assert PLANTED not in str(problem)


@pytest.mark.parametrize(
    ("key", "meant"),
    [("log-level", "log_level"), ("LLM_COPILOT_LOG_LEVEL", "log_level"), ("encryption_key", "encryption_keys")],
)
def test_an_unknown_key_in_the_file_is_a_problem_that_names_the_nearest(key: str, meant: str, tmp_path: Path) -> None:
    problem = only_problem(load({}, with_file(tmp_path, f'{key} = "{PLANTED}"')))
    assert (problem.field, problem.value, problem.mend) == (key, MASK, f"Did you mean {meant}?")


def test_an_unknown_name_near_to_nothing_is_to_be_removed(tmp_path: Path) -> None:
    assert only_problem(load({"LLM_COPILOT_QQQQ": "1"}, tmp_path)).mend == "Remove it."


def test_only_secrets_can_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    with_file(tmp_path, "5", "burst")
    problem = only_problem(load({"LLM_COPILOT_RATE_BURST_FILE": "burst"}, tmp_path))
    assert problem.field == "LLM_COPILOT_RATE_BURST_FILE"


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"rate_burst = 5\nlog_level = = 3\n", "line 2, column 13"),
        (b'rate_burst = 5\nlog_level = "info', "line 2, column 18"),
        (b"a = 1\na = 2\n", "line 2, column 6"),
        (b"rate_burst = 5\nx = '\xff'\n", "line 2, column 6"),
        (b"[table\n", "line 1, column 7"),
    ],
)
def test_a_corrupt_file_is_one_problem_with_file_line_and_column(content: bytes, place: str, tmp_path: Path) -> None:
    problem = only_problem(load({}, with_file(tmp_path, content)))
    assert "llm-copilot.toml" in str(problem)
    assert place in str(problem)


@pytest.mark.parametrize("content", ["a = " + "[" * 9000, "a = " + "9" * 5000, "a = 2020-01-01T00:00:00+99:99"])
def test_a_file_that_breaks_the_parser_is_still_one_problem(content: str, tmp_path: Path) -> None:
    assert "llm-copilot.toml" in str(only_problem(load({}, with_file(tmp_path, content))))


@given(st.binary(max_size=60))
def test_no_content_of_the_file_makes_load_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    loaded = load({}, with_file(tmp_path_factory.mktemp("toml"), content))
    assert (loaded.settings is None) == bool(loaded.problems)


def test_a_byte_order_mark_is_allowed(tmp_path: Path) -> None:
    assert load({}, with_file(tmp_path, b"\xef\xbb\xbfrate_burst = 5\n")).require().rate_burst == 5


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    problem = only_problem(load({CONFIG: "gone.toml"}, tmp_path))
    assert problem.source == "file gone.toml"
    assert CONFIG in problem.mend


def test_a_folder_in_place_of_the_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    assert "cannot be read" in str(only_problem(load({}, tmp_path)))


# ---------------------------------------------------------------- secrets


def test_the_secrets_are_those_that_we_know_of() -> None:
    slack = ("slack_bot_token", "slack_app_token", "slack_signing_secret")
    telemetry = [
        f"{name}_{kind}" for name in ("prometheus", "loki", "tempo", "deploys") for kind in ("bearer", "password")
    ]
    models = ("anthropic_api_key", "openai_api_key")
    assert secrets() == ("database_url", "encryption_keys", *telemetry, *models, *slack, "alertmanager_token")


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("SLACK_BOT_TOKEN", f"xapp-{PLANTED}", "does not begin with xoxb-"),
        ("SLACK_APP_TOKEN", f"xoxb-{PLANTED}", "does not begin with xapp-"),
        ("SLACK_API_URL", "http://slack.example/api/", "would send the token unencrypted"),
        ("SLACK_API_URL", "https://slack.com/api", "must match"),
    ],
)
def test_what_slack_would_refuse_is_said_before_it_is_asked(
    variable: str, value: str, why: str, tmp_path: Path
) -> None:
    (problem,) = load({f"LLM_COPILOT_{variable}": value}, tmp_path).problems
    assert why in problem.why
    assert problem.mend
    assert PLANTED not in str(problem)


def test_a_slack_on_this_machine_needs_no_encryption(tmp_path: Path) -> None:
    given_url = {"LLM_COPILOT_SLACK_API_URL": "http://127.0.0.1:8900/api/"}
    assert load(given_url, tmp_path).require().slack_api_url == "http://127.0.0.1:8900/api/"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file_without_its_trailing_newline(ending: str, tmp_path: Path) -> None:
    with_file(tmp_path, f"k1:{KEY}{ending}", "keys")
    loaded = load({"LLM_COPILOT_ENCRYPTION_KEYS_FILE": "keys"}, tmp_path)
    keys = loaded.require().encryption_keys
    assert keys is not None
    assert keys.get_secret_value() == f"k1:{KEY}"
    assert loaded.sources["encryption_keys"] == "environment LLM_COPILOT_ENCRYPTION_KEYS_FILE"


def test_a_secret_given_twice_is_a_problem(tmp_path: Path) -> None:
    with_file(tmp_path, f"k1:{KEY}", "keys")
    given_twice = {"LLM_COPILOT_ENCRYPTION_KEYS_FILE": "keys", **variables(encryption_keys=f"k2:{KEY}")}
    assert "LLM_COPILOT_ENCRYPTION_KEYS" in only_problem(load(given_twice, tmp_path)).why


def test_a_secret_file_wins_over_the_settings_file(tmp_path: Path) -> None:
    with_file(tmp_path, 'database_url = "sqlite:///a.db"')
    with_file(tmp_path, "sqlite:///b.db\n", "url")
    settings = load({"LLM_COPILOT_DATABASE_URL_FILE": "url"}, tmp_path).require()
    assert settings.database == "sqlite+aiosqlite:///b.db"


@pytest.mark.parametrize("path", [PLANTED, f"k1:{PLANTED}", f"{PLANTED * 400}", f"{PLANTED}\0", "."])
def test_an_unreadable_secret_file_is_a_problem_that_does_not_echo_its_path(path: str, tmp_path: Path) -> None:
    problem = only_problem(load({"LLM_COPILOT_ENCRYPTION_KEYS_FILE": path}, tmp_path))
    assert (problem.field, problem.value) == ("encryption_keys", MASK)
    assert "cannot be read" in problem.why
    assert PLANTED not in repr(problem)


def test_a_secret_file_that_is_no_text_or_empty_is_a_problem(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00", b"", b"\n"):
        with_file(tmp_path, content, "keys")
        problem = only_problem(load({"LLM_COPILOT_ENCRYPTION_KEYS_FILE": "keys"}, tmp_path))
        assert (problem.field, problem.value) == ("encryption_keys", MASK)


LEAKS = [
    ("encryption_keys", PLANTED),
    ("encryption_keys", f"k1:{PLANTED}"),
    ("encryption_keys", f"{KEY}:k1"),
    ("encryption_keys", f"k1:{KEY},k1:{OTHER_KEY}"),
    ("encryption_keys", f"k1:{KEY},K2:{OTHER_KEY}"),
    ("encryption_keys", f"k1:{KEY[:20]}"),
    ("encryption_keys", f"k1:{KEY},"),
    ("encryption_keys", f"k1:é{KEY}"),
    ("encryption_keys", f"a-far-too-long-id:{KEY}"),
    ("database_url", PLANTED),
    ("database_url", f"mysql://u:{PLANTED}@host/db"),
    ("database_url", f"postgresql+psycopg2://u:{PLANTED}@host/db"),
    ("database_url", f"postgresql://u:{PLANTED}@host"),
    ("database_url", f"postgresql://u:x@{PLANTED}@host/db"),
    ("database_url", f"postgresql://u:12/{PLANTED}@host/db"),
    ("database_url", f"postgresql://u:12?{PLANTED}@host/db"),
    ("database_url", f"postgresql://u:12#{PLANTED}@host/db"),
    ("database_url", f"postgresql://host:{PLANTED}/db"),
    ("database_url", f"sqlite://{PLANTED}"),
]


@pytest.mark.parametrize(("name", "value"), LEAKS)
@pytest.mark.parametrize("through", ["environment", "settings file", "secret file"])
def test_no_part_of_a_wrong_secret_shows_in_any_text(name: str, value: str, through: str, tmp_path: Path) -> None:
    environ = {}
    if through == "environment":
        environ = variables(**{name: value})
    elif through == "settings file":
        with_file(tmp_path, f'{name} = "{value}"')
    else:
        with_file(tmp_path, value, "secret")
        environ = {f"{PREFIX}{name.upper()}_FILE": "secret"}
    loaded = load(environ, tmp_path)
    problem = only_problem(loaded)
    assert (problem.field, problem.value) == (name, MASK)
    with pytest.raises(ConfigurationError) as caught:
        loaded.require()
    chain = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
    shown = f"{loaded!r} {problem} {problem!r} {chain}"
    for planted in (PLANTED, KEY, OTHER_KEY, KEY[:20], value):
        assert planted not in shown


def test_right_secrets_do_not_show_in_the_settings_either(tmp_path: Path) -> None:
    given_secrets = variables(database_url=f"postgres://u:{PLANTED}@host/db", encryption_keys=f"k1:{KEY}")
    loaded = load(given_secrets, tmp_path)
    settings = loaded.require()
    texts = [str(settings), repr(settings), repr(loaded), settings.model_dump_json(), settings.masked_database]
    assert not [text for text in texts if PLANTED in text or KEY in text]


def test_the_value_in_force_can_be_shown_and_a_secret_only_as_stars(tmp_path: Path) -> None:
    settings = load(variables(encryption_keys=f"k1:{KEY}", log_level="info"), tmp_path).require()
    assert {name: masked(settings, name) for name in NAMES} == {
        **{name: str(getattr(settings, name) or "") for name in NAMES},
        "encryption_keys": MASK,
        "database_timeout_seconds": "5",
        "heartbeat_seconds": "5",
        "model_timeout_seconds": "60",
        "replica_stale_seconds": "20",
        "slack_rate_factor": "1",
        "telemetry_timeout_seconds": "30",
    }


def test_pydantic_itself_does_not_show_the_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(encryption_keys=f"k1:{PLANTED}")
    assert PLANTED not in f"{caught.value} {caught.value!r}"


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=5))
def test_keys_that_the_keyring_reads_are_settings(keys: list[bytes]) -> None:
    text = ",".join(f"k-{number}:{base64.b64encode(key).decode()}" for number, key in enumerate(keys))
    secret = load(variables(encryption_keys=text), Path("/nonexistent")).require().encryption_keys
    assert secret is not None
    assert Keyring.parse(secret.get_secret_value()).active == "k-0"


# ---------------------------------------------------------------- the database


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("postgres://u:p@h/db", "postgresql+asyncpg://u:p@h/db"),
        ("postgresql://u:p@h:5433/db", "postgresql+asyncpg://u:p@h:5433/db"),
        ("postgresql+asyncpg://u@h/db", "postgresql+asyncpg://u@h/db"),
        ("postgresql://[::1]:5432/db", "postgresql+asyncpg://[::1]:5432/db"),
        ("postgresql:///db?host=/var/run/postgresql", "postgresql+asyncpg:///db?host=/var/run/postgresql"),
        ("postgres://u:p%40%2F@h/db?sslmode=require", "postgresql+asyncpg://u:p%40%2F@h/db?ssl=require"),
        ("postgres://h/db?a=b&sslmode=require", "postgresql+asyncpg://h/db?a=b&ssl=require"),
        ("sqlite:///some/file.db", "sqlite+aiosqlite:///some/file.db"),
        ("sqlite:////abs/file.db", "sqlite+aiosqlite:////abs/file.db"),
        ("sqlite+aiosqlite:///file.db", "sqlite+aiosqlite:///file.db"),
    ],
)
def test_the_address_is_normalised_to_the_async_driver(url: str, normal: str, tmp_path: Path) -> None:
    settings = load(variables(database_url=url), tmp_path).require()
    assert settings.database == normal
    assert make_url(settings.database).get_dialect().is_async


def test_without_an_address_the_database_lies_in_the_data_folder(tmp_path: Path) -> None:
    assert Settings().database == "sqlite+aiosqlite:///data/copilot.db"
    url = make_url(Settings(data_dir=tmp_path).database)
    assert url.database == str(tmp_path / "copilot.db")


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        (f"postgres://u:{PLANTED}@h/db", f"postgresql+asyncpg://u:{MASK}@h/db"),
        (f"postgres://u:a:{PLANTED}@h/db", f"postgresql+asyncpg://u:{MASK}@h/db"),
        (
            f"postgres://h/db?user=u&password={PLANTED}&ssl=on",
            f"postgresql+asyncpg://h/db?user=u&password={MASK}&ssl=on",
        ),
        ("postgres://u@h/db", "postgresql+asyncpg://u@h/db"),
        ("sqlite:///a:b@c.db", "sqlite+aiosqlite:///a:b@c.db"),
    ],
)
def test_the_masked_address_hides_only_the_password(url: str, masked: str, tmp_path: Path) -> None:
    assert load(variables(database_url=url), tmp_path).require().masked_database == masked


@given(st.text(min_size=1, max_size=20))
def test_a_password_is_never_in_the_masked_address_and_never_lost_in_the_real_one(password: str) -> None:
    settings_or_problems = load(
        variables(database_url=f"postgresql://someone:<{password}>@host/name"), Path("/nonexistent")
    )
    if settings_or_problems.settings is None:
        assert f"<{password}>" not in repr(settings_or_problems)
    else:
        settings = settings_or_problems.settings
        assert f"<{password}>" not in settings.masked_database
        assert make_url(settings.database).host == "host"


# ---------------------------------------------------------------- what the documentation takes


def test_every_setting_is_described() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_the_example_names_every_setting_once_and_its_lines_uncommented_are_the_defaults(tmp_path: Path) -> None:
    lines = re.findall(rf"^# ({PREFIX}\w+)=(.*)$", env_example(), re.MULTILINE)
    assert [name for name, _ in lines] == [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    assert load(dict(lines), tmp_path).require() == Settings()


def test_the_example_sets_nothing_as_it_stands() -> None:
    assert all(line.startswith("#") or not line for line in env_example().splitlines())


def test_the_example_describes_each_setting() -> None:
    assert all(f"# {field.description}" in env_example() for field in Settings.model_fields.values())


def test_the_reference_has_a_row_of_five_cells_for_every_setting() -> None:
    rows = reference().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(Settings.model_fields)
    assert {row.count("|") for row in rows} == {6}
    assert [row for row in rows if "…_FILE" in row] == [row for row in rows if row.split("`")[1] in secrets()]
