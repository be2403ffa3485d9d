"""By the message of a thread, the alert that it is about."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alert_cards_channel_ts", "alert_cards", ["channel", "ts"])


def downgrade() -> None:
    op.drop_index("ix_alert_cards_channel_ts", "alert_cards")
