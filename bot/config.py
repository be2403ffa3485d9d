"""Every setting: what it means, which value is in force, where that came from and what is wrong with it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic import field_validator as check
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import PydanticBaseSettingsSource as Source

from bot.errors import ConfigurationError
from bot.keyring import Keyring

PREFIX = "LLM_COPILOT_"
CONFIG = f"{PREFIX}CONFIG"
FILE = "llm-copilot.toml"
MASK = "********"

# At most one "@", and nothing unescaped in the password: otherwise a part of it would be taken for
# the host, and turn up in the messages of a failed connection.
_POSTGRES = re.compile(
    r"postgres(?:ql)?(?:\+asyncpg)?(://(?:[^@/?#:\s]+(?::[^@/?#\s]*)?@)?"
    r"(?:\[[\da-fA-F:.]+\]|[\w.-]*)(?::\d{1,5})?/[^@/?#\s]+(?:\?[^@#\s]*)?)"
)
_SQLITE = re.compile(r"sqlite(?:\+aiosqlite)?(:///.+)")


def _address(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if match := _SQLITE.fullmatch(url):
        return SecretStr(f"sqlite+aiosqlite{match[1]}")
    if match := _POSTGRES.fullmatch(url):
        # libpq says sslmode, asyncpg says ssl; hosting services hand out the former.
        return SecretStr("postgresql+asyncpg" + re.sub(r"(?<=[?&])sslmode=", "ssl=", match[1]))
    raise ValueError("is no address of a PostgreSQL or SQLite database, or its password is not URL-escaped")


def _keyring(secret: SecretStr) -> SecretStr:
    try:
        Keyring.parse(secret.get_secret_value())
    except ConfigurationError as error:
        raise PydanticCustomError("keyring", "{why}", {"why": error.message, "mend": error.mend}) from None
    return secret


def _begins(prefix: str) -> AfterValidator:
    """People take one token for the other; the value itself is not quoted."""

    def check(secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value().startswith(prefix):
            mend = "README.md says where to find it, under “Connect your workspace”."
            raise PydanticCustomError("token", "does not begin with {prefix}", {"prefix": prefix, "mend": mend})
        return secret

    return AfterValidator(check)


def _not_in_clear(url: str) -> str:
    """The token travels with every call."""
    host = urlsplit(url).hostname or ""
    if url.startswith("http:") and host not in {"localhost", "127.0.0.1", "::1"}:
        raise PydanticCustomError("clear", "would send the token unencrypted", {"mend": "Use https://…"})
    return url


def _base(url: str) -> str:
    """Where something is; who we are to it are settings of their own."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PydanticCustomError("base", "is no address", {"mend": "Begin it with http:// or https://."})
    if parts.username or parts.password or parts.query or parts.fragment:
        mend = "Leave out names, passwords and what follows the path; they have settings of their own."
        raise PydanticCustomError("base", "holds more than an address", {"mend": mend})
    return url.rstrip("/")


def _zone(name: str) -> str:
    """As the tz database knows it."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("zone", "is no time zone", {"mend": "Write it as in Europe/Berlin."}) from None
    return name


PerMinute = Annotated[int, Field(ge=1, le=1_000_000)]
Minutes = Annotated[int, Field(ge=1, le=43_200)]  # 30 days; beyond it lies a slip, and further an overflow
Days = Annotated[int, Field(ge=365, le=36_500)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_address)]
EncryptionKeys = Annotated[SecretStr, AfterValidator(_keyring)]
Lower = BeforeValidator(lambda value: str(value).lower())
Level = Annotated[Literal["debug", "info", "warning", "error"], Lower]
Format = Annotated[Literal["console", "json"], Lower]


class Settings(BaseSettings):
    """The settings in force; built by `load`, or directly from keyword arguments in tests."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    data_dir: Path = Path("data")
    """Folder for the SQLite files and everything else that is kept on disk."""
    database_url: DatabaseUrl | None = Field(None, examples=["postgresql://user:password@host/name"])
    """Address of the database; without it, a SQLite file in data_dir."""
    database_pool_size: int = Field(10, ge=1, le=100)
    """Connections that one replica keeps open to the database."""
    database_timeout_seconds: float = Field(5, gt=0, le=60)
    """Longest wait for a connection, and for a lock in SQLite."""
    encryption_keys: EncryptionKeys | None = Field(None, examples=["id:KEY", "new:KEY,old:KEY"])
    """Keys for stored secrets; the first encrypts, all decrypt. `openssl rand -base64 32` makes a KEY."""
    audit_retention_days: Days = 400
    """How long the audit trail is kept before it may be pruned."""
    log_level: Level = "warning"
    """Least level that is written to the log."""
    log_format: Format = "console"
    """console for people, json for machines."""
    person_per_minute: PerMinute = 60
    """Requests that one person may make in a minute."""
    channel_per_minute: PerMinute = 240
    """Requests that may come from one channel in a minute."""
    workspace_per_minute: PerMinute = 1200
    """Requests that may come from the whole workspace in a minute."""
    rate_burst: PerMinute = 20
    """Requests that may come at once before a rate limit slows them down."""
    concurrent_per_person: int = Field(10, ge=1, le=10)
    """Operations that one person may have running at the same time."""
    operation_timeout_seconds: int = Field(60, ge=1, le=600)
    """Longest run of an operation that names no timeout of its own."""
    approval_expiry_minutes: Minutes = 60
    """An approval that nobody decided in this time counts as refused."""
    approval_escalation_minutes: Minutes = 15
    """An approval that nobody decided in this time is brought to further people."""
    heartbeat_seconds: float = Field(5, gt=0, le=3600)
    """How often a replica records that it is alive."""
    replica_stale_seconds: float = Field(20, gt=0, le=86_400)
    """A replica silent for so long is dead, its runs are taken over; more than twice heartbeat_seconds."""
    services_file: Path | None = None
    """Service catalogue: our YAML, Backstage's catalog-info.yaml or a folder; without it, the shipped one."""
    roles_file: Path | None = None
    """Who may do what; without it, the shipped roles."""
    policies_file: Path | None = None
    """Rules on operations; without it, the shipped policies."""
    prometheus_url: Annotated[str, AfterValidator(_base)] | None = Field(
        None, examples=["https://prometheus.example.com"]
    )
    """Prometheus, VictoriaMetrics, Mimir or Thanos: the address before /api/v1."""
    prometheus_bearer: SecretStr | None = Field(None, examples=["a token"])
    """Token that Prometheus wants, sent as Authorization: Bearer."""
    prometheus_username: str | None = None
    """Name for basic authentication at Prometheus."""
    prometheus_password: SecretStr | None = None
    """Password that goes with it."""
    prometheus_tenant: str | None = None
    """Tenant at Prometheus, sent as X-Scope-OrgID."""
    loki_url: Annotated[str, AfterValidator(_base)] | None = Field(None, examples=["https://loki.example.com"])
    """Loki: the address before /loki/api/v1."""
    loki_bearer: SecretStr | None = Field(None, examples=["a token"])
    """Token that Loki wants, sent as Authorization: Bearer."""
    loki_username: str | None = None
    """Name for basic authentication at Loki."""
    loki_password: SecretStr | None = None
    """Password that goes with it."""
    loki_tenant: str | None = None
    """Tenant at Loki, sent as X-Scope-OrgID."""
    tempo_url: Annotated[str, AfterValidator(_base)] | None = Field(None, examples=["https://tempo.example.com"])
    """Tempo: the address before /api."""
    tempo_bearer: SecretStr | None = Field(None, examples=["a token"])
    """Token that Tempo wants, sent as Authorization: Bearer."""
    tempo_username: str | None = None
    """Name for basic authentication at Tempo."""
    tempo_password: SecretStr | None = None
    """Password that goes with it."""
    tempo_tenant: str | None = None
    """Tenant at Tempo, sent as X-Scope-OrgID."""
    deploys_url: Annotated[str, AfterValidator(_base)] | None = Field(None, examples=["https://deploys.example.com"])
    """A deploy API (see docs/how-it-works.md); without it, deploys are read from version labels of metrics."""
    deploys_bearer: SecretStr | None = Field(None, examples=["a token"])
    """Token that the deploy API wants, sent as Authorization: Bearer."""
    deploys_username: str | None = None
    """Name for basic authentication at the deploy API."""
    deploys_password: SecretStr | None = None
    """Password that goes with it."""
    deploys_tenant: str | None = None
    """Tenant at the deploy API, sent as X-Scope-OrgID."""
    telemetry_ca_file: Path | None = None
    """Who vouches for the certificates of Prometheus, Loki, Tempo and the deploy API, in PEM."""
    telemetry_cert_file: Path | None = None
    """The bot's own certificate, in PEM, where they want one (mTLS)."""
    telemetry_key_file: Path | None = None
    """Its key, where that is a file of its own."""
    telemetry_timeout_seconds: float = Field(30, gt=0, le=300)
    """Longest wait for an answer of one of them, all tries together."""
    telemetry_pool_size: int = Field(10, ge=1, le=1_000)
    """Connections that the bot keeps open to each of them."""
    signals_file: Path | None = None
    """How metrics and labels are called in this installation; without it, the shipped vocabulary."""
    names_file: Path | None = None
    """Names of workflows, runbooks and suites, and the words people have for them; without it, the shipped ones."""
    knowledge_dir: Path | None = None
    """A folder of Markdown (runbooks, guides) that answers “How do I …?”; without it, only the shipped pages."""
    semantic: bool = True
    """Whether the memory compares meanings, and not words alone, where the extra `semantic` is installed."""
    anthropic_api_key: SecretStr | None = Field(None, examples=["sk-ant-…"])
    """Key of Claude's API; with it, questions that the rules do not understand go to Claude."""
    anthropic_url: Annotated[str, AfterValidator(_base), AfterValidator(_not_in_clear)] = "https://api.anthropic.com"
    """Claude's API; another address for a gateway or a stand-in."""
    anthropic_model: str = Field("claude-sonnet-5-5", min_length=1)
    """Which Claude answers."""
    anthropic_input_price: float | None = Field(None, ge=0, le=1_000)
    """USD for a million tokens that it reads, where the built-in price is not yours."""
    anthropic_output_price: float | None = Field(None, ge=0, le=1_000)
    """USD for a million tokens that it writes, where the built-in price is not yours."""
    openai_api_key: SecretStr | None = Field(None, examples=["sk-…"])
    """Key of OpenAI or of what speaks like it (vLLM and others), which answers where Claude does not."""
    openai_url: Annotated[str, AfterValidator(_base)] = "https://api.openai.com/v1"
    """Where that is: the address before /chat/completions."""
    openai_model: str = Field("gpt-6.1-terra", min_length=1)
    """Which model answers there."""
    openai_input_price: float | None = Field(None, ge=0, le=1_000)
    """USD for a million tokens that it reads; a model that is not known to us costs nothing without it."""
    openai_output_price: float | None = Field(None, ge=0, le=1_000)
    """USD for a million tokens that it writes."""
    model_max_tokens: int = Field(16_000, ge=256, le=128_000)
    """Most that a model may write at once, its thinking included."""
    model_timeout_seconds: float = Field(60, gt=0, le=600)
    """Longest silence of a model before it is given up; pings do not count."""
    slack_bot_token: Annotated[SecretStr, _begins("xoxb-")] | None = Field(None, examples=["xoxb-…"])
    """Bot token of the Slack app; with it, `llm-copilot run` joins the workspace."""
    slack_app_token: Annotated[SecretStr, _begins("xapp-")] | None = Field(None, examples=["xapp-…"])
    """App-level token with connections:write, for Socket Mode."""
    slack_signing_secret: SecretStr | None = Field(None, examples=["the Signing Secret under Basic Information"])
    """Proves that what is posted to us in HTTP mode comes from Slack."""
    slack_mode: Literal["socket", "http"] = "socket"
    """How Slack reaches the bot: socket needs no open port, http an address with TLS in front."""
    slack_api_url: Annotated[str, AfterValidator(_not_in_clear)] = Field(
        "https://slack.com/api/", pattern=r"^https?://[^\s]+/$"
    )
    """Slack's Web API; another address for a local workspace or GovSlack."""
    slack_approvals_channel: str | None = Field(None, pattern=r"^[CG][A-Z0-9]+$", examples=["C0123456789"])
    """Id of the channel for approvals asked for in private, at a terminal or by HTTP."""
    watch_channel: str | None = Field(None, pattern=r"^[CG][A-Z0-9]+$", examples=["C0123456789"])
    """Id of the channel in which everything is watched: with it, the built-in scans run, and speak there."""
    watch_environments: str = Field("production", min_length=1)
    """Which environments they watch, with commas between."""
    alerts_per_day: int = Field(12, ge=1, le=1_000)
    """Alerts that a channel is told of in 24 hours; the rest stands in the digest. Critical ones are always told."""
    digest_at: str = Field("09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """When a channel with watches gets its digest, each day and on Mondays of the week."""
    digest_timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", examples=["Europe/Berlin"])
    """Of that time."""
    alertmanager_token: SecretStr | None = Field(None, examples=["a token"])
    """Token that Alertmanager sends to /webhooks/alertmanager; with it, its alerts come to watch_channel."""
    slack_rate_factor: float = Field(1, gt=0, le=10_000)
    """Multiplies the rates at which messages are sent; Slack's own are 1."""
    http_host: str = Field("127.0.0.1", min_length=1)
    """Address on which /health, /ready, /metrics and (in HTTP mode) /slack/events are served."""
    http_port: int = Field(8080, ge=0, le=65_535)
    """Port for them; 0 takes a free one."""
    terminal_person: str = Field("admin", min_length=1)
    """Whom the terminal speaks for unless --as names somebody."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: Source,
        *_: Source,
        **__: Source,
    ) -> tuple[Source, ...]:
        """Only keyword arguments: `load` reads the rest, so that it can say where each value came from."""
        return (init_settings,)

    @check("*", mode="before")
    @classmethod
    def _plain(cls, value: object, info: ValidationInfo) -> object:
        if value == "":
            raise ValueError("must not be empty")
        # pydantic would read `true` as the number 1.
        if type(value) is bool and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("must not be true or false")
        return value

    @check("replica_stale_seconds")
    @classmethod
    def _outlives_heartbeats(cls, value: float, info: ValidationInfo) -> float:
        least = 2 * info.data.get("heartbeat_seconds", 0)
        if value <= least:
            why = "must be more than twice heartbeat_seconds"
            raise PydanticCustomError("stale", why, {"mend": f"Use a number above {least:g}."})
        return value

    @property
    def database(self) -> str:
        """The address that SQLAlchemy takes, password and all."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{(self.data_dir / 'copilot.db').as_posix()}"
        return self.database_url.get_secret_value()

    @property
    def masked_database(self) -> str:
        """The address as it may be shown."""
        address = re.sub(r"://([^:@/]*):[^@]*@", rf"://\1:{MASK}@", self.database)
        return re.sub(r"(?i)([?&][^=&]*pass[^=&]*=)[^&]*", rf"\1{MASK}", address)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `field` is empty where it is the whole file."""

    field: str
    value: str
    source: str
    why: str
    mend: str

    def __str__(self) -> str:
        setting = f"{self.field} = {self.value} ({self.source})" if self.field else self.source
        return f"{setting}: {self.why}. {self.mend}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, or everything that is wrong with them; and where each value in force came from."""

    settings: Settings | None
    problems: tuple[Problem, ...]
    sources: dict[str, str]

    def require(self) -> Settings:
        """The settings, or ConfigurationError with every problem."""
        if self.settings is None:
            listed = "\n".join(f"- {problem}" for problem in self.problems)
            raise ConfigurationError(f"The settings are wrong:\n{listed}")
        return self.settings


# A setting, its value and where that stands.
Found = tuple[str, object, str]


def load(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Loaded:
    """Environment over file over defaults. Never raises; an empty variable counts as unset."""
    environ = os.environ if environ is None else environ
    cwd = Path() if cwd is None else cwd
    values: dict[str, object] = {}
    sources = dict.fromkeys(Settings.model_fields, "default")
    problems: list[Problem] = []
    for found in (*_in_file(environ, cwd), *_in_environment(environ, cwd)):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            field, values[field], sources[field] = found
    settings = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_problem(detail, sources) for detail in error.errors(include_url=False)]
    return Loaded(None if problems else settings, tuple(problems), sources)


def _in_file(environ: Mapping[str, str], cwd: Path) -> Iterator[Found | Problem]:
    name = environ.get(CONFIG) or FILE
    source = f"file {name}"
    raw = b""
    try:
        raw = (cwd / name).read_bytes()
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        if environ.get(CONFIG) or not isinstance(error, FileNotFoundError):
            mend = f"Make it a readable file, or point {CONFIG} to one."
            yield Problem("", "", source, f"cannot be read ({error.strerror})", mend)
    except UnicodeDecodeError as error:
        where = _position(raw[: error.start])
        yield Problem("", "", source, f"is not UTF-8 (at {where})", "Save it as UTF-8.")
    except (ValueError, RecursionError) as error:
        why = str(error).replace("end of document", _position(raw))
        yield Problem("", "", source, f"is not valid TOML: {why}", 'Write it as `name = 5` or `name = "text"`.')
    else:
        for key, value in content.items():
            yield (key, value, source) if key in Settings.model_fields else _unknown(key, source)


def _position(before: bytes) -> str:
    lines = before.decode("utf-8-sig", errors="replace").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def _in_environment(environ: Mapping[str, str], cwd: Path) -> Iterator[Found | Problem]:
    given = {name: environ[name] for name in sorted(environ) if name.upper().startswith(PREFIX) and environ[name]}
    given.pop(CONFIG, None)
    plain = {f"{PREFIX}{field.upper()}": field for field in Settings.model_fields}
    files = {f"{PREFIX}{field.upper()}_FILE": field for field in secrets()}
    for variable, value in given.items():
        source = f"environment {variable}"
        if variable in plain:
            yield plain[variable], value, source
        elif variable not in files:
            yield _unknown(variable, source)
        elif (rival := variable.removesuffix("_FILE")) in given:
            yield Problem(files[variable], MASK, source, f"is also given as {rival}", "Keep one of the two.")
        else:
            try:
                yield files[variable], (cwd / value).read_text("utf-8").rstrip("\r\n"), source
            except (OSError, ValueError) as error:
                # Neither the path nor the error's own text: people put the secret itself there.
                why = f"the file cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8 text'})"
                yield Problem(files[variable], MASK, source, why, "Give the path of a readable file.")


def _unknown(name: str, source: str) -> Problem:
    """A name that is no setting; its value stays hidden, for it may be a misspelt secret."""
    wanted = name.lower().replace("-", "_").removeprefix(PREFIX.lower())
    known = [*Settings.model_fields]
    in_environment = source.startswith("environment")
    if in_environment:
        known += ["config", *(f"{field}_file" for field in secrets())]
    near = get_close_matches(wanted, known, n=1)
    names = [f"{PREFIX}{field.upper()}" if in_environment else field for field in near]
    mend = f"Did you mean {names[0]}?" if names else "Remove it."
    return Problem(shown(name), MASK, source, "is no setting", mend)


def _problem(detail: ErrorDetails, sources: Mapping[str, str]) -> Problem:
    field = str(detail["loc"][0])
    value = MASK if field in secrets() else shown(detail["input"])
    mend = detail.get("ctx", {}).get("mend") or f"Use {allowed(field)}."
    return Problem(field, value, sources[field], reason(detail), mend)


def masked(settings: Settings, field: str) -> str:
    """The value in force as it may be shown; empty where there is none."""
    value = getattr(settings, field)
    return "" if value is None else MASK if field in secrets() else shown(_number(value))


def shown(value: object) -> str:
    """A value on one line of a terminal."""
    text = str(value) if value != "" and str(value).isprintable() else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004


def reason(detail: ErrorDetails) -> str:
    """Why pydantic refused a value, in our words; never quotes the value."""
    ours = {
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "greater_than": "must be above {gt}",
        "less_than": "must be below {lt}",
        "too_short": "must hold at least {min_length}",
        "value_error": "{error}",
    }
    if template := ours.get(detail["type"]):
        return template.format(**{key: _number(value) for key, value in detail["ctx"].items()})
    return re.sub(r"^\w+ should", "must", detail["msg"]).partition(", unable to")[0]


@cache
def _shapes() -> dict[str, dict[str, Any]]:
    properties = Settings.model_json_schema()["properties"]
    return {name: {**shape, **shape.get("anyOf", [{}])[0]} for name, shape in properties.items()}


def secrets() -> tuple[str, ...]:
    """The settings that are never shown, and that can come from a file."""
    return tuple(name for name, shape in _shapes().items() if shape.get("writeOnly"))


def allowed(field: str) -> str:
    """What a setting takes, worded to follow "Use"."""
    shape = _shapes()[field]
    if examples := shape.get("examples"):
        return " or ".join(examples)
    if choices := shape.get("enum"):
        return f"one of {', '.join(choices)}"
    if shape["type"] == "string":
        return "a path" if shape.get("format") == "path" else "some text"
    kind = "a whole number" if shape["type"] == "integer" else "a number"
    if shape.get("type") == "boolean":
        return "yes or no"
    low = f"from {shape['minimum']} to" if "minimum" in shape else f"above {shape['exclusiveMinimum']:g}, up to"
    return f"{kind} {low} {int(shape['maximum'])}"


def env_example() -> str:
    """The text of `.env.example`."""
    lines = [
        "# Settings of llm-copilot, each with its default. The program does not read this file by itself:",
        "# hand it over with `docker run --env-file`, systemd's EnvironmentFile, or `set -a; . ./.env`.",
        f"# {CONFIG} names a settings file other than ./{FILE}.",
    ]
    for name, shape in _shapes().items():
        variable = f"{PREFIX}{name.upper()}"
        lines += ["", f"# {shape['description']}", f"# Takes {allowed(name)}."]
        if name in secrets():
            lines.append(f"# Or the path of a file that holds it, in {variable}_FILE.")
        lines.append(f"# {variable}={_default(shape)}")
    return "\n".join(lines) + "\n"


def reference() -> str:
    """Every setting as a Markdown table."""
    rows = ["| setting | environment | default | takes | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, shape in _shapes().items():
        variable = f"`{PREFIX}{name.upper()}`" + (" or `…_FILE`" if name in secrets() else "")
        default = f"`{_default(shape)}`" if _default(shape) else ""
        rows.append(f"| `{name}` | {variable} | {default} | {allowed(name)} | {shape['description']} |")
    return "\n".join(rows) + "\n"


def _default(shape: Mapping[str, Any]) -> str:
    return "" if shape["default"] is None else str(_number(shape["default"]))


def _number(value: object) -> object:
    return f"{value:.9g}" if isinstance(value, float) else value
