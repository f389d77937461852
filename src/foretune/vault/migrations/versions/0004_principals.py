"""Principals have API keys, kept as hashes; adapters say which erasure tainted them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("principal", sa.Column("key_hash", sa.Text(), nullable=False, server_default=""))
    op.add_column("adapter", sa.Column("tainted", sa.Text(), nullable=False, server_default=""))
    op.add_column("adapter", sa.Column("barred", sa.Boolean(), nullable=False, server_default="0"))
