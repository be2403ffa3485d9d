"""Alertmanager's webhook, read into findings and handed on.

    route:                              # alertmanager.yml
      receiver: copilot
    receivers:
      - name: copilot
        webhook_configs:
          - url: https://copilot.example.com/webhooks/alertmanager
            send_resolved: true         # the default; without it, nothing ends by itself
            http_config: {authorization: {credentials: <alertmanager_token>}}

An alert is known again by its labels. Which label names the service and the environment is said under `labels.metrics`
of the vocabulary, as for metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qs, urlsplit

import structlog
from pydantic import ValidationError

from bot.catalogue import Catalogue, environment
from bot.errors import InvalidInput
from bot.ports import Clock, Json
from bot.telemetry.charts.words import clean, counted
from bot.telemetry.vocabulary import Role, Vocabulary
from bot.watch.finding import Family, Finding, Subject
from bot.watch.outside import Intake, Report
from integrations.alertmanager.payload import Payload, WireAlert

SOURCE: Final = "Alertmanager"
SEVERITY: Final = ("severity", "priority", "level")
SIZES: Final[Mapping[str, float]] = {
    **dict.fromkeys(("critical", "page", "emergency", "fatal", "disaster", "p1"), 16.0),
    **dict.fromkeys(("error", "high", "major", "p2"), 11.0),
    **dict.fromkeys(("warning", "warn", "medium", "minor", "average", "p3"), 8.0),
    **dict.fromkeys(("info", "information", "low", "debug", "p4", "p5"), 6.0),
}
"""How surprising a detector would have to find it to be taken as seriously."""
USUAL: Final = 8.0
FOR_NOBODY: Final = "none"
"""By convention the severity of what only shows that alerting works."""
REPLICAS: Final = ("replica", "prometheus_replica", "__replica__")
"""Which of several Prometheus that watch the same said so: it makes no other alert."""
SAID: Final = ("summary", "description", "message", "title")
MOST_NAME, MOST_DETAIL, MOST_WORDS, MOST_QUERY, MOST_LINK = 120, 160, 400, 4_000, 1_000
log = structlog.get_logger()


class Alertmanager:
    """Takes deliveries."""

    def __init__(self, vocabulary: Vocabulary, catalogue: Catalogue, intake: Intake, clock: Clock) -> None:
        self._vocabulary = vocabulary
        self._catalogue = catalogue
        self._intake = intake
        self._clock = clock

    async def take(self, body: bytes) -> Mapping[str, Json]:
        """What was understood. InvalidInput where it is no such payload; whatever the intake raises."""
        try:
            payload = Payload.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the body"
            raise InvalidInput(
                f"this is no webhook of Alertmanager: {where}: {first['msg']}",
                mend="Send version 4 of its payload, as `webhook_configs` does.",
            ) from None
        at = self._clock()
        found = tuple(self._findings(payload, at))
        if payload.truncated_alerts:
            log.warning("alerts_left_out", source=SOURCE, group=payload.group_key[:200], count=payload.truncated_alerts)
        await self._intake(Report(SOURCE, at, (*found, _left_out(payload, at)), _link(payload)))
        return {"taken": len(found), "left_out": payload.truncated_alerts}

    def _findings(self, payload: Payload, at: datetime) -> Iterator[Finding]:
        """One of each alert; where two tell of the same, the one that still fires."""
        found: dict[Subject, Finding] = {}
        for alert in payload.alerts:
            if _severity(alert) != FOR_NOBODY:
                finding = self._finding(alert, at)
                known = found.get(finding.subject)
                found[finding.subject] = known if known and known.open else finding
        yield from found.values()

    def _finding(self, alert: WireAlert, at: datetime) -> Finding:
        labels = dict(alert.labels)
        service, env = self._taken(labels, "service"), self._taken(labels, "environment")
        name = clean(labels.pop("alertname", ""), MOST_NAME) or "alert"
        for each in (*SEVERITY, *REPLICAS):  # it may become worse, and is the same alert
            labels.pop(each, None)
        known = self._catalogue.resolve(service)
        since = min(alert.starts_at.astimezone(UTC), at)
        return Finding(
            Subject(known.name if known else service, environment(env) or env, name, _detail(labels)),
            Family.OUTSIDE,
            "",
            since,
            at,
            _words(alert),
            size=SIZES.get(_severity(alert), USUAL),
            sure=1.0,
            ended=max(since, _ended(alert, at)) if alert.status == "resolved" else None,
            query=_query(alert),
        )

    def _taken(self, labels: dict[str, str], role: Role) -> str:
        """The value of the first label for that role, which then tells nothing more."""
        for name in self._vocabulary.labels.metrics.get(role, ()):
            if value := clean(labels.get(name, ""), MOST_NAME):
                del labels[name]
                return value
        return ""


def _detail(labels: Mapping[str, str]) -> str:
    """All that tells it apart from others of that name; what is too long to read ends in a fingerprint."""
    whole = " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    shown = clean(whole, MOST_DETAIL)
    if shown == whole:
        return shown
    return f"{clean(whole, MOST_DETAIL - 9)} {blake2b(whole.encode(errors='replace'), digest_size=4).hexdigest()}"


def _words(alert: WireAlert) -> str:
    said = next((text for name in SAID if (text := clean(alert.annotations.get(name, ""), MOST_WORDS))), "")
    return said or "fires"


def _severity(alert: WireAlert) -> str:
    return next((value.strip().casefold() for name in SEVERITY if (value := alert.labels.get(name, ""))), "")


def _ended(alert: WireAlert, at: datetime) -> datetime:
    """An end that lies ahead, or was never set, is now."""
    ends = alert.ends_at
    return min(ends.astimezone(UTC), at) if ends and ends.tzinfo and ends.year > 1 else at


def _query(alert: WireAlert) -> str:
    """The expression of the rule, as a link to Prometheus holds it."""
    try:
        expression = parse_qs(urlsplit(alert.generator_url).query, max_num_fields=20).get("g0.expr", [""])[0]
    except ValueError:
        return ""
    return expression if len(expression) <= MOST_QUERY else ""


def _link(payload: Payload) -> str:
    """Where the only alert is from, else where all of them are."""
    own = _web(payload.alerts[0].generator_url) if len(payload.alerts) == 1 else ""
    return own or _web(payload.external_url)


def _web(url: str) -> str:
    """Nothing but an address of the web is ever made a link."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname
    except ValueError:
        return ""
    return url if good and len(url) <= MOST_LINK and url.isprintable() and " " not in url else ""


def _left_out(payload: Payload, at: datetime) -> Finding:
    """That there are more alerts than were sent is told like one, and is over when all are sent again."""
    group = " ".join(f"{name}={value}" for name, value in sorted(payload.group_labels.items()))
    more = payload.truncated_alerts if payload.status == "firing" else 0
    return Finding(
        Subject("", "", "alerts left out", clean(group, MOST_DETAIL)),
        Family.OUTSIDE,
        "",
        at,
        at,
        f"{counted(more, 'more alert')} of this group not sent; raise `max_alerts` of the receiver",
        value=float(more),
        size=USUAL,
        sure=1.0,
        ended=None if more else at,
    )
