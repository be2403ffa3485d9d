r"""What a scripted model says and does, as YAML; `demo.yaml` shows all of it.

    noted: ['in (?P<environment>staging|production)']   # looked for in the question, for every rule
    rules:                                  # the first one that fits is played
      - when:
          asked: "errors of (?P<service>\S+)"   # in the question: the last block of the person's last words
          said: …                           # in any block of them; what was looked up for the question is there, too
          system: …                         # in the system prompt
          result: …                         # in a result that just came; with `of`, in one of that tool
          failed: true                      # a result that just came is a failure
          turn: 2                           # how often the model was asked since those words
          offered: metrics.query            # only if it may call this
        do:
          think: …
          say: "It is {metrics.query.summary}"   # named groups, and results by tool and path in their JSON
          call: [{tool: metrics.query, with: {service: "{service}"}}]
          error: overloaded                 # or {kind: rate_limit, retry_after: 2}; after `say`, midway in the stream
          slow: 50                          # milliseconds before each piece
          cut: 10                           # the stream ends after so many characters of text
          abruptly: true                    # … and the connection breaks
          hang: true                        # nothing more comes
          garbage: "data: {oops"            # sent as it is, after what was said
          stop_reason: max_tokens
        times: 1                            # then it fits no more
    otherwise: {say: …}

A rule without `turn`, `result` or `failed` fits only right after a person spoke. One that calls what is not offered
does not fit, unless the call says `anyway: true`. `{name|else}` is `else` where there is no such thing; an argument
that is nothing but a placeholder without a value is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bot.config import reason, shown
from bot.errors import ConfigurationError

PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([^{}|]*)(?:\|([^{}]*))?\}")
DEMO: Final = Path(__file__).with_name("demo.yaml")

Kind = Literal[
    "overloaded", "rate_limit", "api_error", "invalid_request", "authentication", "permission", "not_found", "timeout"
]
Stop = Literal["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Part(BaseModel):
    """A piece of a script."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


class When(Part):
    """What must be so."""

    asked: re.Pattern[str] | None = None
    said: re.Pattern[str] | None = None
    system: re.Pattern[str] | None = None
    result: re.Pattern[str] | None = None
    of: str = ""
    failed: bool | None = None
    turn: int | None = Field(None, ge=1)
    offered: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()

    @property
    def groups(self) -> set[str]:
        patterns = (self.asked, self.said, self.system, self.result)
        return {name for pattern in patterns if pattern for name in pattern.groupindex}

    @property
    def after_results(self) -> bool:
        return self.turn is not None or self.result is not None or self.failed is not None


class Call(Part):
    """A call of a tool; `raw` is sent in the place of arguments, however broken."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict, alias="with")
    raw: str | None = None
    anyway: bool = False


class Trouble(Part):
    """An error that the API answers with."""

    kind: Kind
    retry_after: float | None = Field(None, ge=0)
    message: str = ""


class Do(Part):
    """What the model does in one message."""

    think: str = ""
    say: str = ""
    call: tuple[Call, ...] = ()
    error: Annotated[Trouble | None, BeforeValidator(lambda v: {"kind": v} if isinstance(v, str) else v)] = None
    slow: float = Field(0, ge=0)
    cut: int | None = Field(None, ge=0)
    abruptly: bool = False
    hang: bool = False
    garbage: str = ""
    stop_reason: Stop | None = None

    def placeholders(self) -> Iterator[str]:
        """The names in it, but for those that say what stands there otherwise."""
        for text in (self.think, self.say, *_texts([call.arguments for call in self.call])):
            yield from (match[1] for match in PLACEHOLDER.finditer(text) if match[1] is not None and match[2] is None)


class Rule(Part):
    """When, and what then."""

    when: When = When()
    do: Do
    times: int | None = Field(None, ge=1)


class Script(Part):
    """All of it."""

    noted: tuple[re.Pattern[str], ...] = ()
    rules: tuple[Rule, ...] = ()
    otherwise: Do = Do(say="I have nothing to say to that.")

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        noted = {name for pattern in self.noted for name in pattern.groupindex}
        for at, rule in enumerate((*self.rules, Rule(do=self.otherwise))):
            for name in rule.do.placeholders():
                if name not in noted | rule.when.groups and name != "result" and "." not in name:
                    where = f"rules.{at}" if at < len(self.rules) else "otherwise"
                    raise ValueError(f"{where} holds {{{name}}}, which no pattern names and no tool is called")
        return self


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)


def load(source: Path | str) -> Script:
    """From a file, or from YAML itself; ConfigurationError quotes every wrong value."""
    name = str(source) if isinstance(source, Path) else "the script"
    try:
        text = source.read_text("utf-8") if isinstance(source, Path) else source
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{name} cannot be read: {error}.", mend="Give a readable YAML file.") from error
    try:
        return Script.model_validate(content if content is not None else {})
    except ValidationError as error:
        wrong = "\n".join(
            f"- {'.'.join(map(str, detail['loc'])) or 'all of it'} = {shown(detail['input'])}: {reason(detail)}"
            for detail in error.errors(include_url=False)
        )
        mend = "The docstring of integrations/sandbox/anthropic/script.py says what there is."
        raise ConfigurationError(f"{name} is no script:\n{wrong}", mend=mend) from error
