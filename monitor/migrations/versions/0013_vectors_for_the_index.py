"""The index learns the vectors that the archive has already"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO index_changes (target, post_id, kind, at) "
        "SELECT 0, embeddings.post_id, 'metadata', CURRENT_TIMESTAMP FROM embeddings"
    )
