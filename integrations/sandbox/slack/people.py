"""The first morning of a workspace, from `people.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from integrations.sandbox.slack.records import Channel, Group, Person

if TYPE_CHECKING:
    from integrations.sandbox.slack.tables import Tables

SEED = Path(__file__).with_name("people.yaml")
STRANGERS_TEAM = "T0PARTNER"
DOMAIN = "local.test"


def settle(tables: Tables, seed: Path = SEED) -> None:
    """People, the bot, user groups and channels; nobody has said anything yet."""
    told: dict[str, list[dict[str, Any]]] = yaml.safe_load(seed.read_text(encoding="utf-8"))
    now = int(tables.clock())
    for row in told["people"]:
        stranger = bool(row.get("is_stranger"))
        tables.people[row["id"]] = Person(
            **row,
            title=row["real_name"],
            email=f"{row['name']}@{'partner.test' if stranger else DOMAIN}",
            team_id=STRANGERS_TEAM if stranger else tables.team_id,
        )
    tables.people[tables.bot_user_id] = Person(
        id=tables.bot_user_id,
        name=tables.bot_name.lower(),
        real_name=tables.bot_name,
        email="",
        team_id=tables.team_id,
        color="1a365d",
        is_bot=True,
    )
    for row in told["groups"]:
        tables.groups[row["id"]] = Group(**row)
    staff = [p.id for p in tables.people.values() if not (p.is_restricted or p.is_stranger)]
    admin = next(p.id for p in tables.people.values() if p.is_admin)
    for row in told["channels"]:
        members = [*staff, *row.pop("also", [])]
        tables.channels[row["id"]] = Channel(**row, kind="channel", members=members, creator=admin, created=now)
