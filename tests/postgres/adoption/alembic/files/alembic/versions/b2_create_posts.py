"""create posts

Revision ID: b2
Revises: a1
Create Date: 2026-11-30 12:14:00.194141

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = 'b2'
down_revision: Union[str, Sequence[str], None] = 'a1'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table("posts", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id"), nullable=False, index=True))


def downgrade() -> None:
    """Downgrade schema."""
    pass
