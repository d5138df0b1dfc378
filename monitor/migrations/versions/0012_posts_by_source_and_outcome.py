"""How many posts of each source have which outcome, counted without reading the posts"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("posts_by_source_and_outcome", "posts", ["source", "outcome"])
