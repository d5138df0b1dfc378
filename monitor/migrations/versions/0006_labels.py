"""What people say of posts: their labels"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("canonical_url", sa.Text(), nullable=False),
        sa.Column("post_id", sa.String(length=64), nullable=True),
        sa.Column("relevance", sa.Integer(), nullable=True),
        sa.Column("topics", sa.JSON(), nullable=True),
        sa.Column("sentiment", sa.String(length=16), nullable=True),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("guideline", sa.String(length=32), nullable=False),
        sa.Column("certainty", sa.String(length=8), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["undoes"], ["labels.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("labels_by_url", "labels", ["canonical_url", "id"])
    op.create_index("labels_by_post", "labels", ["post_id"])
