"""Lives of issues, what officers did to them, and what rises now"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issue_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("issue_id", sa.String(length=160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("chance", sa.Float(), nullable=True),
        sa.Column("voices", sa.Float(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("pace", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("issue_changes_by_issue", "issue_changes", ["issue_id", "at"])
    op.create_table(
        "issue_actions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("issue_id", sa.String(length=160), nullable=False),
        sa.Column("verb", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(length=120), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("issue_actions_by_issue", "issue_actions", ["issue_id", "at"])
    op.create_table(
        "issues_now",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issues", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("at"),
    )
    op.create_index("posts_by_processed_at", "posts", ["processed_at"])


def downgrade() -> None:
    op.drop_index("posts_by_processed_at", "posts")
    op.drop_table("issues_now")
    op.drop_table("issue_actions")
    op.drop_table("issue_changes")
