"""What the bot remembers, and the blind index of its words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Counter, Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "memory_items",
        sa.Column("id", Counter, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("source", Counter, nullable=True),
        sa.Column("importance", sa.Double(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("expires_at", Utc(timezone=True), nullable=True),
        sa.Column("record_sealed", sa.Text(), nullable=False),
        sa.Column("embedding_sealed", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.CheckConstraint("tier IN ('short', 'medium', 'long')", name="ck_memory_items_tier"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_memory_items_session_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_memory_items"),
    )
    op.create_index("ix_memory_items_author", "memory_items", ["author"])
    op.create_index("ix_memory_items_session_id", "memory_items", ["session_id"])
    op.create_index("ix_memory_items_expires_at", "memory_items", ["expires_at"])
    op.create_index("ix_memory_items_scope_created_at", "memory_items", ["scope", "created_at"])
    op.create_table(
        "memory_terms",
        sa.Column("term", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("item_id", Counter, nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["memory_items.id"], name="fk_memory_terms_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("term", "item_id", name="pk_memory_terms"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memory_terms_item_id", "memory_terms", ["item_id"])


def downgrade() -> None:
    op.drop_table("memory_terms")
    op.drop_table("memory_items")
