"""The services that the team runs; and how such files are read: strictly, with every fault named at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, ValidationError
from pydantic import model_validator as check
from pydantic_core import ErrorDetails
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from bot.config import reason, shown
from bot.errors import ConfigurationError

MAX_BYTES = 2_000_000
MAX_DEPTH = 32
MAX_LISTED = 20

Model = TypeVar("Model", bound=BaseModel)


# ---------------------------------------------------------------- files


class _Loader(yaml.SafeLoader):
    """No aliases (a few lines could unfold to gigabytes), no tags, no key twice, no bottomless nesting."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse what PyYAML would follow."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        why = ""
        if isinstance(event, yaml.AliasEvent):
            why = "aliases are not allowed, write the value out"
        elif getattr(event, "tag", None):
            why = "tags are not allowed, write the bare value"
        elif self.depth == MAX_DEPTH:
            why = f"nested more than {MAX_DEPTH} deep"
        if why:
            raise ComposerError(None, None, why, event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        """PyYAML would silently keep the last of several equal keys."""
        result: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise ConstructorError(None, None, f"key {key!r} is not text", key_node.start_mark)
            if key in result:
                raise ConstructorError(None, None, f"key {key!r} stands here twice", key_node.start_mark)
            result[key] = self.construct_object(value_node, deep=deep)
        return result

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Values such as 2026-02-30 fail in Python's own types, which know no line."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
            raise ConstructorError(None, None, "value is not what it looks like", node.start_mark) from None


def read_documents(path: Path) -> list[object]:
    """Every document of a YAML file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        mend = "Give the path of a readable file."
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}).", mend=mend) from error
    if len(raw) > MAX_BYTES:
        raise ConfigurationError(f"{path} is larger than {MAX_BYTES:,} bytes.", mend="Split it.")
    try:
        text = raw.decode("utf-8-sig")
        return list(yaml.load_all(text, _Loader))
    except UnicodeDecodeError as error:
        why, before = "not UTF-8", raw[: error.start].decode("utf-8-sig", errors="replace")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why, before = str(error.problem), text[: mark.index] if mark else ""
    except yaml.reader.ReaderError as error:
        why, before = "a character that YAML does not allow", text[: error.position]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    raise ConfigurationError(f"{path}, line {line}, column {column}: {why}.", mend="Correct it there.")


def read_yaml(path: Path) -> object:
    """The one document of a YAML file; None where it is empty."""
    return _single(read_documents(path), path)


def _single(documents: list[object], path: Path) -> object:
    if len(documents) > 1:
        raise ConfigurationError(f"{path} holds {len(documents)} documents.", mend="Remove the lines `---`.")
    return documents[0] if documents else None


def load_model(path: Path, model: type[Model]) -> Model:
    """Read a file into a model."""
    return parse(model, read_yaml(path), str(path))


def parse(model: type[Model], data: object, where: str) -> Model:
    """Data into a model; or ConfigurationError with each fault, its place, its value and what to do."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    faults = [f"- {fault}" for detail in _own(details) for fault in _faults(detail, data, model)]
    raise ConfigurationError("\n".join([f"{where} is wrong:", *faults]))


def _own(details: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Without what merely follows: wrong items make a list too short, wrong fields leave defaults unmade."""
    for detail in details:
        loc = detail["loc"]
        below = any(other["loc"][: len(loc)] == loc for other in details if other is not detail)
        if not (detail["type"] == "default_factory_not_called" or (detail["type"] == "too_short" and below)):
            yield detail


def _faults(detail: ErrorDetails, data: object, model: type[BaseModel]) -> Iterator[str]:
    place, value, why = _place(detail["loc"], data), detail["input"], reason(detail)
    at = place if isinstance(value, dict | list | tuple | BaseModel) else f"{place} = {shown(value)}"
    match detail["type"]:
        case "extra_forbidden":
            mend = _did_you_mean(str(detail["loc"][-1]), _known(model, detail["loc"]))
            yield f"{at}: is not known here. {mend}"
        case "missing":
            yield f"{place}: is missing. Add it."
        case "value_error":
            # A validator that sees the whole may have found several faults: one argument each.
            yield from (f"{at}: {fault}" if detail["loc"] else fault for fault in detail["ctx"]["error"].args)
        case "model_type" | "dict_type":
            yield f"{at}: must be a mapping. Write it as `key: value` lines."
        case _:
            yield f"{at}: {why}."


def _place(loc: tuple[int | str, ...], data: object) -> str:
    """Where in the file; an entry of a list goes by its name where it has one."""
    place = ""
    for step in loc:
        if isinstance(data, list) and isinstance(step, int):
            data = data[step]
            place += f"[{shown(data.get('name', step)) if isinstance(data, dict) else step}]"
        else:
            data = data.get(step) if isinstance(data, dict) else None
            place += f".{step}"
    return place.lstrip(".") or "the file"


def _known(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the model knows beside the one at `loc`; unions count with all their branches."""
    schema = model.model_json_schema()

    def unfold(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if "$ref" in node:
            return unfold(schema["$defs"][node["$ref"].rpartition("/")[2]])
        branches = node.get("anyOf") or node.get("oneOf") or []
        return [leaf for branch in branches for leaf in unfold(branch)] or [node]

    nodes = unfold(schema)
    for step in loc[:-1]:
        below = [node.get("properties", {}).get(step) or node.get("additionalProperties") for node in nodes]
        below += [node.get("items") for node in nodes if isinstance(step, int)]
        # A step that leads nowhere is pydantic's name for a branch of a union.
        nodes = [leaf for node in below if isinstance(node, dict) for leaf in unfold(node)] or nodes
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _did_you_mean(text: str, known: Iterable[str]) -> str:
    near = get_close_matches(text, known := sorted(known), n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known are {', '.join(known)}." if len(known) <= MAX_LISTED else "Correct the name."


# ---------------------------------------------------------------- services

Environment = Literal["production", "staging", "development"]

ENVIRONMENTS: dict[Environment, tuple[str, ...]] = {
    "production": ("prod", "prd", "live"),
    "staging": ("stg", "stage", "preprod"),
    "development": ("dev",),
}


def environment(text: str) -> Environment | None:
    """The environment that a person means."""
    wanted = text.strip().casefold()
    return next((name for name, aliases in ENVIRONMENTS.items() if wanted in (name, *aliases)), None)


def _key(text: str) -> str:
    """What names are compared by: people write vector-db, "Vector DB" and vector_db."""
    return re.sub(r"[\s_-]+", "-", text.strip().casefold())


def _named_environment(value: object) -> object:
    return (environment(value) or value) if isinstance(value, str) else value


def _quoted(value: object) -> object:
    if value is None:
        raise ValueError('is empty. To YAML, # begins a comment: put the channel in quotes, "#ops".')
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if twice := [value for value, count in Counter(values).items() if count > 1]:
        raise ValueError(f"{twice[0]} stands here twice. Remove one.")
    return values


Distinct = AfterValidator(_distinct)
KnownEnvironment = Annotated[Environment, BeforeValidator(_named_environment)]
Text = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]
# Names end up in the queries sent to Prometheus, Loki and Tempo: no character there needs escaping.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Channel = Annotated[str, Field(pattern=r"^#[^\s#A-Z]{1,79}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Objective(_Strict):
    """A service level objective."""

    name: Text
    objective: float = Field(gt=0, lt=100, strict=True)  # percent
    window_days: StrictInt = Field(30, ge=1, le=366)
    indicator: Literal["availability", "latency"]
    threshold_ms: float | None = Field(None, gt=0, strict=True)

    @check(mode="after")
    def _threshold_fits(self) -> Self:
        if (self.threshold_ms is None) == (self.indicator == "latency"):
            word = "needs a" if self.indicator == "latency" else "takes no"
            raise ValueError(f"indicator {self.indicator} {word} threshold_ms. Correct one of the two.")
        return self


class Service(_Strict):
    """One service of the catalogue."""

    name: Name
    title: Text = Field(default_factory=lambda data: data.get("name", ""))
    aliases: Annotated[tuple[Text, ...], Distinct] = ()
    tier: StrictInt = Field(3, ge=1, le=4)
    owner: Text
    channel: Annotated[Channel | None, BeforeValidator(_quoted)] = None
    environments: Annotated[tuple[KnownEnvironment, ...], Distinct] = Field(tuple(ENVIRONMENTS), min_length=1)
    depends_on: Annotated[tuple[Name, ...], Distinct] = ()
    slos: tuple[Objective, ...] = ()


class _File(_Strict):
    services: tuple[Service, ...]


class Catalogue(_Strict):
    """All services, by whatever name people use."""

    services: tuple[Service, ...] = Field(min_length=1)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Our format or Backstage's, from a file or from all YAML files below a folder."""
        files = [path]
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"})
        return parse(cls, {"services": [service for file in files for service in _services(file)]}, str(path))

    def resolve(self, text: str) -> Service | None:
        """The service of that name or alias."""
        return self._index.get(_key(text))

    def near(self, text: str, n: int = 3) -> list[str]:
        """Names of services that may have been meant, the likeliest first."""
        keys = get_close_matches(_key(text), self._index, n=len(self._index))
        return list(dict.fromkeys(self._index[key].name for key in keys))[:n]

    @cached_property
    def _index(self) -> dict[str, Service]:
        return {_key(name): service for service in self.services for name in (service.name, *service.aliases)}

    @check(mode="after")
    def _agrees(self) -> Self:
        faults: list[str] = []
        names = {service.name for service in self.services}
        taken: dict[str, int] = {}
        for position, service in enumerate(self.services):
            for name in (service.name, *service.aliases):
                holder = taken.setdefault(_key(name), position)
                if holder != position:
                    other = self.services[holder].name
                    faults.append(f"{service.name}: {name!r} already means {other}. Choose another.")
            for need in service.depends_on:
                if need == service.name:
                    faults.append(f"{need}: depends on itself. Remove that.")
                elif need not in names:
                    near = self.near(need, 1)
                    mend = f"Did you mean {near[0]}?" if near else _did_you_mean(need, names)
                    faults.append(f"{service.name}: depends on {need!r}, which is no service. {mend}")
        if faults:
            raise ValueError(*faults)
        return self


# ---------------------------------------------------------------- Backstage

_OURS = "llm-copilot/"


class _Metadata(BaseModel):
    name: str
    title: str | None = None
    annotations: dict[str, str] = {}


class _Spec(BaseModel):
    owner: str
    depends_on: tuple[str, ...] = Field((), alias="dependsOn")


class _Entity(BaseModel):
    kind: str
    metadata: _Metadata
    spec: _Spec


def _services(path: Path) -> list[Service]:
    documents = [document for document in read_documents(path) if document is not None]
    if not any(_is_backstage(document) for document in documents):
        return list(parse(_File, _single(documents, path), str(path)).services)
    services: list[Service] = []
    for number, document in enumerate(documents, 1):
        kind = document.get("kind", "Component") if isinstance(document, dict) else "Component"
        if kind in ("Component", "Resource"):
            where = f"{path}, document {number},"
            services.append(parse(Service, _component(parse(_Entity, document, where)), where))
    return services


def _is_backstage(document: object) -> bool:
    return isinstance(document, dict) and str(document.get("apiVersion", "")).startswith("backstage.io/")


def _component(entity: _Entity) -> dict[str, object]:
    """What Service takes; annotations of ours become its fields, so that it refuses misspelt ones."""
    fields: dict[str, object] = {}
    for key, text in entity.metadata.annotations.items():
        if key.startswith(_OURS):
            field = key.removeprefix(_OURS)
            parts = [part.strip() for part in text.split(",")]
            fields[field] = parts if field == "aliases" else int(text) if text.isdecimal() else text
    if entity.metadata.title is not None:
        fields["title"] = entity.metadata.title
    needs = [_reference(text) for text in entity.spec.depends_on]
    return {
        **fields,
        "name": entity.metadata.name,
        "owner": _reference(entity.spec.owner)[1],
        "depends_on": [name for kind, name in needs if kind in {"", "component", "resource"}],
    }


def _reference(text: str) -> tuple[str, str]:
    """Kind and name of `kind:namespace/name`, of which only the name is always there."""
    kind, _, rest = text.rpartition(":")
    return kind.lower(), rest.rpartition("/")[2]
