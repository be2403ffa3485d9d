"""The catalogue: what resolves to which service, and that a wrong file is refused with every fault named."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from bot import defaults
from bot.catalogue import (
    ENVIRONMENTS,
    MAX_BYTES,
    MAX_DEPTH,
    Catalogue,
    Service,
    environment,
    load_model,
    parse,
    read_documents,
    read_yaml,
)
from bot.errors import ConfigurationError

# What people call the services in the corpus of utterances.
SPOKEN = {
    "frontend": ["web", "web ui", "storefront"],
    "api-gateway": ["gateway", "the api"],
    "auth-service": ["auth", "login"],
    "checkout": [],
    "payments": ["payment", "payment service", "billing"],
    "cart": ["shopping cart"],
    "search": ["search service"],
    "recommendation": ["recs", "recommender", "recommendation service"],
    "inference-gateway": ["inference", "inference cluster", "llm gateway"],
    "embedding-service": ["embeddings", "embedder"],
    "chat-api": ["chat", "chat module", "the chat bot backend"],
    "sentiment-model": ["sentiment", "sentiment analysis"],
    "content-filter": ["moderation", "content moderation"],
    "postgres-main": ["db", "database", "postgres", "pg"],
    "redis-cache": ["cache", "redis"],
    "vector-db": ["vector store", "qdrant"],
}
SHIPPED = Catalogue.load(defaults.path("services.yaml"))


def written(folder: Path, text: str | bytes, name: str = "services.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Catalogue.load(path)
    return str(caught.value)


def service(**fields: object) -> dict[str, object]:
    return {"name": "checkout", "owner": "commerce", **fields}


def fault(**fields: object) -> str:
    """What is said of a catalogue with this one service."""
    with pytest.raises(ConfigurationError) as caught:
        parse(Catalogue, {"services": [service(**fields)]}, "services.yaml")
    head, *faults = str(caught.value).splitlines()
    assert head == "services.yaml is wrong:"
    assert len(faults) == 1, faults
    return faults[0]


def catalogue(*services: dict[str, object]) -> Catalogue:
    return parse(Catalogue, {"services": list(services)}, "services.yaml")


# ---------------------------------------------------------------- the shipped services


def test_the_shipped_services_are_those_of_the_corpus() -> None:
    assert [service.name for service in SHIPPED.services] == list(SPOKEN)


@pytest.mark.parametrize(("name", "said"), [(name, said) for name, all_ in SPOKEN.items() for said in (name, *all_)])
def test_everything_that_people_call_a_shipped_service_resolves_to_it(name: str, said: str) -> None:
    for text in (said, said.upper(), f"  {said.title()} "):
        found = SHIPPED.resolve(text)
        assert found is not None
        assert found.name == name


def test_every_shipped_service_has_an_owner_a_known_channel_and_an_objective() -> None:
    assert {service.channel for service in SHIPPED.services} <= {"#ops", "#ml", "#deploys", "#incidents", "#general"}
    assert all(service.owner and service.slos and service.title for service in SHIPPED.services)
    assert {service.owner for service in SHIPPED.services} == {"platform", "commerce", "ml-serving", "data"}


# ---------------------------------------------------------------- finding


@given(st.sampled_from(SHIPPED.services), st.data())
def test_case_spaces_dashes_and_underscores_do_not_matter(service: Service, data: st.DataObject) -> None:
    letters = [data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in service.name]
    text = re.sub("-", lambda _: data.draw(st.sampled_from([" ", "_", "-", "  "])), "".join(letters))
    assert SHIPPED.resolve(text) == service


@given(st.text(max_size=20))
def test_whatever_is_asked_resolves_to_a_service_or_to_nothing(text: str) -> None:
    found = SHIPPED.resolve(text)
    assert found is None or found in SHIPPED.services


@pytest.mark.parametrize("text", ["", " ", "check", "checkout2", "checkout payments"])
def test_what_is_only_similar_does_not_resolve(text: str) -> None:
    assert SHIPPED.resolve(text) is None


def test_near_names_the_service_that_was_meant_even_by_its_alias() -> None:
    assert SHIPPED.near("paymets", 1) == ["payments"]
    assert SHIPPED.near("Databse", 1) == ["postgres-main"]
    assert SHIPPED.near("xyzzy") == []


@given(st.text(max_size=20), st.integers(1, 5))
def test_near_gives_at_most_so_many_names_and_none_twice(text: str, n: int) -> None:
    names = SHIPPED.near(text, n)
    assert len(names) == len(set(names)) <= n
    assert set(names) <= set(SPOKEN)


@pytest.mark.parametrize(
    ("name", "said"), [(name, said) for name, all_ in ENVIRONMENTS.items() for said in (name, *all_)]
)
def test_environments_have_short_names(name: str, said: str) -> None:
    assert environment(said) == environment(f" {said.upper()} ") == name


@pytest.mark.parametrize("text", ["", "produ", "test", "production staging"])
def test_what_is_no_environment_is_none(text: str) -> None:
    assert environment(text) is None


def test_the_spec_s_environments_are_all_there() -> None:
    assert ENVIRONMENTS == {
        "production": ("prod", "prd", "live"),
        "staging": ("stg", "stage", "preprod"),
        "development": ("dev",),
    }


# ---------------------------------------------------------------- one service


def test_a_service_needs_only_name_and_owner() -> None:
    only = catalogue(service()).services[0]
    assert (only.title, only.tier, only.channel, only.slos) == ("checkout", 3, None, ())
    assert only.environments == ("production", "staging", "development")


def test_environments_of_a_service_may_be_given_by_their_short_names() -> None:
    assert catalogue(service(environments=["prod", "dev"])).services[0].environments == ("production", "development")


@pytest.mark.parametrize(
    ("fields", "place", "why"),
    [
        ({"name": "a b"}, "services[a b].name = a b", "pattern"),
        ({"name": 'x"}'}, "services", "pattern"),
        ({"name": "x\n"}, "services", "pattern"),
        ({"tier": 5}, "services[checkout].tier = 5", "must be at most 4"),
        ({"tier": True}, "services[checkout].tier = True", "must be a valid integer"),
        ({"tier": "1"}, "services[checkout].tier = 1", "must be a valid integer"),
        ({"owner": ""}, "services[checkout].owner", "at least 1"),
        ({"owner": 7}, "services[checkout].owner = 7", "must be a valid string"),
        ({"owner": " x"}, "services[checkout].owner", "pattern"),
        ({"channel": "ops"}, "services[checkout].channel = ops", "pattern"),
        ({"channel": None}, "services[checkout].channel = None", "in quotes"),
        ({"environments": []}, "services[checkout].environments", "must hold at least 1"),
        ({"environments": ["mars"]}, "services[checkout].environments[0] = mars", "'production', 'staging'"),
        ({"environments": ["prod", "live"]}, "services[checkout].environments", "production stands here twice"),
        ({"aliases": ["a", "a"]}, "services[checkout].aliases", "a stands here twice"),
        ({"aliases": [True]}, "services[checkout].aliases[0] = True", "must be a valid string"),
        ({"depends_on": ["x", "x"]}, "services[checkout].depends_on", "x stands here twice"),
        ({"teir": 1}, "services[checkout].teir = 1", "Did you mean tier?"),
        ({"qqqq": 1}, "services[checkout].qqqq = 1", "Known are aliases, channel,"),
    ],
)
def test_a_wrong_field_is_told_with_its_place_and_the_remedy(fields: dict[str, object], place: str, why: str) -> None:
    told = fault(**fields)
    assert told.startswith(f"- {place}")
    assert why in told


@pytest.mark.parametrize(
    ("slo", "why"),
    [
        ({"objective": 100}, "objective = 100: must be below 100"),
        ({"objective": 0}, "objective = 0: must be above 0"),
        ({"objective": float("nan")}, "objective = nan"),
        ({"objective": True}, "objective = True"),
        ({"objective": "99"}, "objective = 99"),
        ({"window_days": 0}, "window_days = 0: must be at least 1"),
        ({"window_days": True}, "window_days = True"),
        ({"indicator": "speed"}, "must be 'availability' or 'latency'"),
        ({"indicator": "latency"}, "indicator latency needs a threshold_ms"),
        ({"threshold_ms": 5}, "indicator availability takes no threshold_ms"),
        ({"indicator": "latency", "threshold_ms": 0}, "threshold_ms = 0: must be above 0"),
        ({"treshold_ms": 5}, "Did you mean threshold_ms?"),
    ],
)
def test_a_wrong_objective_is_told(slo: dict[str, object], why: str) -> None:
    right = {"name": "up", "objective": 99.9, "indicator": "availability"}
    assert catalogue(service(slos=[right])).services[0].slos[0].window_days == 30
    told = fault(slos=[{**right, **slo}])
    assert told.startswith("- services[checkout].slos[up]")
    assert why in told


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    told = refusal(
        written(
            tmp_path,
            """
            services:
              - {name: checkout, teir: 1, owner: commerce}
              - {name: cart}
              - {owner: data, tier: 9}
            """,
        )
    )
    assert str(tmp_path / "services.yaml") in told
    assert "services[checkout].teir = 1: is not known here. Did you mean tier?" in told
    assert "services[cart].owner: is missing." in told
    assert "services[2].name: is missing." in told
    assert "services[2].tier = 9" in told


# ---------------------------------------------------------------- the services together


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (service(), "'checkout' already means checkout"),
        (service(name="CHECKOUT"), "'CHECKOUT' already means checkout"),
        (service(name="cart", aliases=["Checkout"]), "'Checkout' already means checkout"),
        (service(name="Buy"), "'Buy' already means checkout"),
        (service(name="cart", aliases=["BUY"]), "'BUY' already means checkout"),
        (service(name="cart", aliases=["check_out"]), "'check_out' already means checkout"),
    ],
)
def test_no_name_or_alias_means_two_services(second: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(why)):
        catalogue(service(aliases=["buy", "check-out"]), second)


def test_a_dependency_must_exist_and_the_near_one_is_named() -> None:
    cart = service(name="cart", aliases=["basket"])
    with pytest.raises(ConfigurationError, match=r"checkout: depends on 'crat', which is no service\. Did .* cart\?"):
        catalogue(service(depends_on=["crat"]), cart)
    with pytest.raises(ConfigurationError, match=r"depends on 'basket', which is no service\. Did you mean cart\?"):
        catalogue(service(depends_on=["basket"]), cart)


def test_a_service_may_not_depend_on_itself() -> None:
    assert "checkout: depends on itself" in fault(depends_on=["checkout"])


def test_services_may_depend_on_each_other_in_a_circle() -> None:
    both = catalogue(service(depends_on=["cart"]), service(name="cart", depends_on=["checkout"]))
    assert [one.depends_on for one in both.services] == [("cart",), ("checkout",)]


def test_every_fault_between_services_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        catalogue(service(depends_on=["checkout", "nowhere"]), service(name="cart", aliases=["checkout"]))
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize("content", ["services: []", "", "services:", "[]", "just text", "{}"])
def test_a_file_without_services_is_refused(content: str, tmp_path: Path) -> None:
    assert "services.yaml" in refusal(written(tmp_path, content)) or str(tmp_path) in refusal(tmp_path)


# ---------------------------------------------------------------- reading YAML


@pytest.mark.parametrize(
    ("content", "place", "why"),
    [
        (b"a: 1\nb: [1, 2\n", "line 3, column 1", "expected"),
        (b"a: 1\n\tb: 2\n", "line 2, column 1", "found character"),
        (b"a: 1\nb: 2\na: 3\n", "line 3, column 1", "key 'a' stands here twice"),
        (b"x: {a: 1, a: 2}", "line 1, column 11", "key 'a' stands here twice"),
        (b"a: &x 1\nb: *x\n", "line 2, column 4", "aliases are not allowed"),
        (b"a: 1\nb: !!python/object/apply:os.system [ls]\n", "line 2, column 4", "tags are not allowed"),
        (b"a: !!set {x}\n", "line 1, column 4", "tags are not allowed"),
        (b"a: ! x\n", "line 1, column 4", "tags are not allowed"),
        (b"on: 1\n", "line 1, column 1", "key True is not text"),
        (b"a: {1: x}\n", "line 1, column 5", "key 1 is not text"),
        (b"? [a, b]\n: 1\n", "line 1, column 3", "is not text"),
        (b"<<: {a: 1}\n", "line 1, column 1", "could not determine a constructor"),
        (b"a: 2026-02-30\n", "line 1, column 4", "value is not what it looks like"),
        (b"a: " + b"9" * 5000, "line 1, column 4", "value is not what it looks like"),
        (b"a: 1\nb: \xff\n", "line 2, column 4", "not UTF-8"),
        (b"a: 1\nb: \x07\n", "line 2, column 4", "a character that YAML does not allow"),
        (b"a: " + b"[" * 60 + b"]" * 60, f"line 1, column {MAX_DEPTH + 3}", "nested more than"),
        (b"a: @x\n", "line 1, column 4", "cannot start any token"),
    ],
)
def test_a_file_that_cannot_be_read_as_yaml_is_refused_with_line_and_column(
    content: bytes, place: str, why: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}, {place}: ")
    assert why in str(caught.value)


def test_a_bomb_of_aliases_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(ConfigurationError, match="aliases are not allowed"):
        read_yaml(written(tmp_path, "\n".join(lines)))


def test_a_file_over_two_megabytes_is_refused_and_one_of_just_that_size_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"a: 1\n#".ljust(MAX_BYTES, b"x"))
    assert read_yaml(path) == {"a": 1}
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ConfigurationError, match="larger than 2,000,000 bytes"):
        read_yaml(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.yaml", tmp_path):
        with pytest.raises(ConfigurationError, match=r"cannot be read \("):
            read_yaml(path)


def test_a_byte_order_mark_and_windows_line_ends_are_allowed(tmp_path: Path) -> None:
    assert read_yaml(written(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")) == {"a": 1, "b": 2}


def test_an_empty_file_holds_nothing_and_several_documents_are_not_one(tmp_path: Path) -> None:
    assert read_yaml(written(tmp_path, "")) is None
    path = written(tmp_path, "a: 1\n---\nb: 2\n")
    assert read_documents(path) == [{"a": 1}, {"b": 2}]
    with pytest.raises(ConfigurationError, match="holds 2 documents"):
        read_yaml(path)


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), below)
    ),
    max_leaves=12,
)


@given(trees)
def test_what_pyyaml_writes_without_aliases_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, tree: object
) -> None:
    text = yaml.dump(tree, Dumper=_Unaliased)
    path = written(tmp_path_factory.mktemp("yaml"), text.encode())
    assert read_yaml(path) == tree


class _Unaliased(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@given(st.binary(max_size=60) | st.text("ab:-[]{}?&*!|>%#'\"\n\t 0129.xe~<=_@,", max_size=40).map(str.encode))
def test_no_content_raises_anything_but_a_configuration_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("yaml"), content)
    try:
        Catalogue.load(path)
    except ConfigurationError as error:
        told = str(error)
    else:
        told = str(path)
    assert str(path) in told


# ---------------------------------------------------------------- any model


class Grant(BaseModel):
    model_config = ConfigDict(extra="forbid")
    permissions: list[str]
    until: int = 0


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["group"] = "group"
    members: list[str]


class Role(BaseModel):
    model_config = ConfigDict(extra="forbid")
    grants: tuple[Grant, ...] = ()
    holder: Group | Grant | None = None
    inherits: Role | None = None


class Roles(BaseModel):
    model_config = ConfigDict(extra="forbid")
    roles: dict[str, Role]


def test_any_model_can_be_loaded_from_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, "roles: {sre: {grants: [{permissions: [a]}]}}", "roles.yaml")
    assert load_model(path, Roles) == Roles(roles={"sre": Role(grants=(Grant(permissions=["a"]),))})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{roles: {sre: {grnts: []}}}", "roles.sre.grnts: is not known here. Did you mean grants?"),
        ("{roles: {sre: {grants: [{permisions: []}]}}}", "permisions: is not known here. Did you mean permissions?"),
        (
            "{roles: {sre: {inherits: {grant: []}}}}",
            "roles.sre.inherits.grant: is not known here. Did you mean grants?",
        ),
        ("{roles: {sre: {holder: {membrs: []}}}}", "membrs: is not known here. Did you mean members?"),
        ("{rolls: {}}", "rolls: is not known here. Did you mean roles?"),
        ("{roles: {sre: [1]}}", "roles.sre: must be a mapping."),
        ("{roles: {sre: {grants: [{permissions: [], until: soon}]}}}", "roles.sre.grants[0].until = soon: must be"),
        ("", "the file = None: must be a mapping."),
    ],
)
def test_faults_of_any_model_are_told_with_path_value_and_remedy(content: str, told: str, tmp_path: Path) -> None:
    path = written(tmp_path, content, "roles.yaml")
    with pytest.raises(ConfigurationError) as caught:
        load_model(path, Roles)
    assert str(caught.value).startswith(f"{path} is wrong:\n- ")
    assert told in str(caught.value)


def test_a_list_is_too_short_only_where_it_is_empty() -> None:
    assert fault(environments=["mars"]).startswith("- services[checkout].environments[0] = mars")
    assert fault(environments=[]) == "- services[checkout].environments: must hold at least 1."


def test_long_values_are_cut_and_stay_on_one_line() -> None:
    told = fault(tier="x\n" * 500)
    assert len(told) < 200


# ---------------------------------------------------------------- Backstage

BACKSTAGE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  title: Checkout
  namespace: default
  labels: {team: commerce}
  tags: [java]
  links: [{url: "https://example.com", title: Runbook}]
  annotations:
    github.com/project-slug: shop/checkout
    llm-copilot/tier: "1"
    llm-copilot/aliases: buy, check out
    llm-copilot/channel: "#ops"
spec:
  type: service
  lifecycle: production
  owner: group:default/commerce
  system: shop
  dependsOn:
    - component:default/cart
    - resource:orders-db
    - Component:legacy
    - api:default/tax
  providesApis: [orders]
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: commerce}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: commerce}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: orders-db}
spec: {type: database, owner: user:jane}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart}
spec: {type: service, lifecycle: production, owner: commerce}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: legacy}
spec: {type: service, lifecycle: deprecated, owner: other/commerce}
---
"""


def test_a_backstage_catalogue_is_read(tmp_path: Path) -> None:
    read = Catalogue.load(written(tmp_path, BACKSTAGE, "catalog-info.yaml"))
    assert [(one.name, one.owner) for one in read.services] == [
        ("checkout", "commerce"),
        ("orders-db", "jane"),
        ("cart", "commerce"),
        ("legacy", "commerce"),
    ]
    checkout = read.resolve("buy")
    assert checkout is not None
    assert (checkout.title, checkout.tier, checkout.channel) == ("Checkout", 1, "#ops")
    assert checkout.aliases == ("buy", "check out")
    assert checkout.depends_on == ("cart", "orders-db", "legacy")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("llm-copilot/tier:", "llm-copilot/teir:", "teir = 1: is not known here. Did you mean tier?"),
        ('llm-copilot/tier: "1"', 'llm-copilot/tier: "7"', "tier = 7: must be at most 4"),
        ("resource:orders-db", "resource:order-db", "depends on 'order-db', which is no service."),
        ("  owner: group:default/commerce\n", "", "spec.owner: is missing"),
        ("  name: checkout\n", "", "metadata.name: is missing"),
        ("kind: Component\nmetadata:\n  name: checkout", "metadata:\n  name: checkout", "kind: is missing"),
        ("kind: Resource", "kind: [Resource]", "is not known here"),
    ],
)
def test_a_wrong_backstage_file_is_refused_with_its_document(old: str, new: str, told: str, tmp_path: Path) -> None:
    if told == "is not known here":
        # A kind that is no text is skipped like any other foreign kind; only the dependency on it shows.
        told = "depends on 'orders-db', which is no service."
    assert old in BACKSTAGE
    assert told in refusal(written(tmp_path, BACKSTAGE.replace(old, new, 1), "catalog-info.yaml"))


def test_a_folder_is_read_as_one_catalogue_whatever_the_format_of_each_file(tmp_path: Path) -> None:
    written(tmp_path, BACKSTAGE, "shop/catalog-info.yml")
    written(tmp_path, "services: [{name: search, owner: data, depends_on: [cart]}]", "search.yaml")
    written(tmp_path, "not: ours", "notes.txt")
    names = [one.name for one in Catalogue.load(tmp_path).services]
    assert names == ["search", "checkout", "orders-db", "cart", "legacy"]


def test_a_folder_refuses_a_service_that_two_files_define(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        written(tmp_path, "services: [{name: search, owner: data}]", name)
    assert "'search' already means search" in refusal(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path) in refusal(tmp_path)


def test_a_broken_file_in_a_folder_is_named(tmp_path: Path) -> None:
    written(tmp_path, "services: [{name: search, owner: data}]", "a.yaml")
    assert str(tmp_path / "b.yaml") in refusal(written(tmp_path, "services: [{nme: x}]", "b.yaml").parent)
