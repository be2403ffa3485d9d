"""What Alertmanager posts to a webhook, version 4 of it; fields that it may add are not read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MOST_ALERTS: Final = 1_000
"""In one delivery; `max_alerts` of the receiver keeps it smaller, and then says how many are left out."""

Pairs = Annotated[Mapping[str, str], BeforeValidator(lambda value: value or {})]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class WireAlert(_Wire):
    """One alert of the group."""

    status: Literal["firing", "resolved"]
    labels: Pairs = {}
    annotations: Pairs = {}
    starts_at: AwareDatetime = Field(alias="startsAt", strict=False)
    ends_at: datetime | None = Field(None, alias="endsAt", strict=False)
    """Means something only where it is resolved: while it fires, it is a time before all times."""
    generator_url: str = Field("", alias="generatorURL")


class Payload(_Wire):
    """One group of alerts."""

    version: Literal["4", "1"] = "4"
    """Grafana says 1 of the same shape."""
    status: Literal["firing", "resolved"]
    receiver: str = ""
    group_key: str = Field("", alias="groupKey")
    truncated_alerts: int = Field(0, alias="truncatedAlerts", ge=0)
    group_labels: Pairs = Field({}, alias="groupLabels")
    common_labels: Pairs = Field({}, alias="commonLabels")
    external_url: str = Field("", alias="externalURL")
    alerts: tuple[WireAlert, ...] = Field(max_length=MOST_ALERTS, strict=False)
