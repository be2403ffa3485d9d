"""Questions that were asked, and investigations at a gate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suspended",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=True),
        sa.Column("payload_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("expires_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suspended"),
    )
    op.create_index("ix_suspended_person", "suspended", ["person"])
    op.create_index("ix_suspended_expires_at", "suspended", ["expires_at"])


def downgrade() -> None:
    op.drop_table("suspended")
