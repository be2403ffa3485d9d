"""When a silence begins, and by the message of a thread the alert that it is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Utc

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("silences", sa.Column("starts", Utc(timezone=True), nullable=True))
    op.create_index("ix_alert_cards_channel_ts", "alert_cards", ["channel", "ts"])


def downgrade() -> None:
    op.drop_index("ix_alert_cards_channel_ts", "alert_cards")
    op.drop_column("silences", "starts")
