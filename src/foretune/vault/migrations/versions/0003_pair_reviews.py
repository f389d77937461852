"""What people decide on pairs outlives their rewriting, and a pair goes with any document whose text is in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TRIGGERS = (
    """CREATE TRIGGER pair_source_gone AFTER DELETE ON pair_source BEGIN
        DELETE FROM pair WHERE id = old.pair_id; END""",
    """CREATE TRIGGER pair_decision_is_final BEFORE UPDATE ON pair_decision BEGIN
        SELECT RAISE(ABORT, 'decisions are append-only'); END""",
)


def upgrade() -> None:
    op.create_table(
        "pair_source",
        sa.Column("pair_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("document_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pair_id"], ["pair.id"], name=op.f("fk_pair_source_pair_id_pair"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_pair_source_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pair_id", "document_id", name=op.f("pk_pair_source")),
    )
    op.create_index("ix_pair_source_document", "pair_source", ["document_id"])
    op.create_table(
        "pair_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("pair_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_pair_decision_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_decision")),
    )
    op.create_index("ix_pair_decision_document", "pair_decision", ["document_id"])
    op.create_index("ix_pair_decision_place", "pair_decision", ["place"])
    for statement in _TRIGGERS:
        op.execute(statement)
