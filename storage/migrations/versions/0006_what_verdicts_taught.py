"""What a verdict taught the watches, so that it can be undone; and of which workspace a silence is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.types import Document

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("judgements", sa.Column("lessons", Document, nullable=True))
    # A replica of the version before goes on while others are new, and does not know of workspaces.
    op.add_column("silences", sa.Column("workspace", sa.Text(), nullable=False, server_default=sa.text("''")))
    # Noise made whole scans quieter; of which place it was said is not known any more.
    op.execute("UPDATE watches SET tuned = 0")


def downgrade() -> None:
    op.drop_column("silences", "workspace")
    op.drop_column("judgements", "lessons")
