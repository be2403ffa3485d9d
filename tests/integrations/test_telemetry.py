"""Which settings make which sources, that secrets stay masked, and how versions in metrics become changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.config import Settings
from bot.errors import ConfigurationError
from bot.observatory.observatory import Observatory
from bot.resilience import Breakers
from bot.telemetry.cached import CachedChanges, CachedLogs, CachedMetrics, CachedTraces
from bot.telemetry.signals import Window
from integrations.telemetry import NamedVersions, backend_of, connect
from tests.conftest import START
from tests.observatory.fakes import CATALOGUE, VOCABULARY, FakeMetrics, line, lines

SYSTEMS = ("prometheus", "loki", "tempo", "deploys")
URL = "https://telemetry.example.com/base"
SECRET = "hunter2-and-more"


def settings(**values: Any) -> Settings:
    return Settings.model_validate(values)


def connected(**values: Any) -> Observatory:
    return connect(settings(**values), VOCABULARY, CATALOGUE, Breakers(), lambda: START)


def test_nothing_set_is_nothing_connected() -> None:
    found = connected()
    assert (found.metrics, found.logs, found.traces, found.changes) == (None, None, None, None)
    assert [backend_of(settings(), name) for name in SYSTEMS] == [None] * 4


@pytest.mark.parametrize(
    ("name", "kind"),
    [("prometheus", CachedMetrics), ("loki", CachedLogs), ("tempo", CachedTraces), ("deploys", CachedChanges)],
)
def test_each_address_makes_its_source_behind_the_cache(name: str, kind: type[object]) -> None:
    found = connected(**{f"{name}_url": URL})
    made = {"prometheus": found.metrics, "loki": found.logs, "tempo": found.traces, "deploys": found.changes}
    assert isinstance(made.pop(name), kind)
    others = {key: each for key, each in made.items() if each is not None}
    assert list(others) == (["deploys"] if name == "prometheus" else [])  # read from versions in metrics


@pytest.mark.parametrize("name", SYSTEMS)
def test_who_we_are_to_each_system_is_its_own(name: str) -> None:
    found = backend_of(
        settings(
            **{f"{name}_url": f"{URL}/", f"{name}_username": "bot", f"{name}_password": SECRET, f"{name}_tenant": "t1"}
        ),
        name,
    )
    assert found is not None
    assert found.url == URL
    assert found.sent()["Authorization"].startswith("Basic ")
    assert found.sent()["X-Scope-OrgID"] == "t1"
    bearer = backend_of(settings(**{f"{name}_url": URL, f"{name}_bearer": SECRET}), name)
    assert bearer is not None
    assert bearer.sent() == {"Authorization": f"Bearer {SECRET}"}
    for each in (found, bearer):
        assert SECRET not in repr(each)
        assert SECRET not in str(each.model_dump())
        assert SECRET in each.secrets()


def test_what_all_have_in_common_goes_to_each(tmp_path: Path) -> None:
    files = {f"telemetry_{name}_file": tmp_path / name for name in ("ca", "cert", "key")}
    common = settings(
        **{f"{name}_url": URL for name in SYSTEMS}, **files, telemetry_timeout_seconds=7, telemetry_pool_size=3
    )
    for name in SYSTEMS:
        found = backend_of(common, name)
        assert found is not None
        assert (found.timeout, found.pool, found.ca_file) == (7, 3, tmp_path / "ca")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"loki_bearer": SECRET, "loki_username": "bot"}, "not both"),
        ({"loki_tenant": "a\nb"}, "line break"),
        ({"telemetry_key_file": "key.pem"}, "without a `cert_file`"),
    ],
)
def test_settings_that_do_not_fit_together_are_said_without_their_secrets(more: Mapping[str, Any], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        backend_of(settings(loki_url=URL, **more), "loki")
    assert "loki" in caught.value.message
    assert "LLM_COPILOT_LOKI" in caught.value.mend
    assert SECRET not in str(caught.value)


# ---------------------------------------------------------------- versions in metrics


def running(app: str, namespace: str) -> FakeMetrics:
    """Version 2 takes over from version 1 half an hour ago."""
    turn = START.timestamp() - 1_800
    labels = {"app": app, "namespace": namespace}
    old = line(lambda times: np.where(times < turn, 3.0, np.nan), **labels, version="1.0.0")
    new = line(lambda times: np.where(times >= turn, 3.0, np.nan), **labels, version="2.0.0")
    return FakeMetrics({"build_info": lines(old, new)}, label_names=("app", "namespace", "version"))


async def test_versions_go_by_the_labels_and_words_of_the_installation() -> None:
    vocabulary = VOCABULARY.model_copy(update={"environments": {"production": "prod"}})
    source = running("checkout", "prod")
    changes = NamedVersions(source, vocabulary, lambda: START)
    window = Window(START - timedelta(hours=1), START)
    read = await changes.changes(window, service="checkout", environment="production")
    assert 'app="checkout"' in source.asked[0][0]
    assert 'namespace="prod"' in source.asked[0][0]
    (change,) = read.value
    assert (change.service, change.environment, change.version) == ("checkout", "production", "2.0.0")
    assert (await changes.versions("production")).value == {("checkout", "production"): "2.0.0"}
    assert await changes.ready() == "build_info in a fake"


async def test_an_environment_without_a_word_of_its_own_keeps_its_name() -> None:
    read = await NamedVersions(running("cart", "staging"), VOCABULARY, lambda: START).versions()
    assert list(read.value) == [("cart", "staging")]
