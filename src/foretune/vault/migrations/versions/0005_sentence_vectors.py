"""Sentences of passages have vectors too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sentence_vector",
        sa.Column("passage_id", sa.Integer(), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["passage_id"], ["passage.id"], name="fk_sentence_vector_passage_id_passage", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("passage_id", name="pk_sentence_vector"),
    )
