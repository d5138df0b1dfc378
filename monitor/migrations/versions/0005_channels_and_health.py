"""How far channels were read, quotas, reactions, what each source brought day by day, and the circuit breaker"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("reactions", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("source_states", sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("source_states", sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "streams",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("stream", sa.String(length=250), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "stream"),
    )
    op.create_table(
        "quotas",
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service", "day"),
    )
    op.create_table(
        "source_days",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day"),
    )
