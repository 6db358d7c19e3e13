"""Let the public page read the register of processors, and begin the register."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# What the public page said while it was written by hand. Ids are fixed: the way back takes away
# these rows alone.
ROWS = (
    {
        "id": uuid.UUID("8f0c2f5e-6f0a-4f7e-9d1b-0a5a3c1e0001"),
        "name": "Meta (WhatsApp Business Platform)",
        "country": "AB · EU, ABD · USA",
        "purpose_tr": "Mesajların teslimi",
        "purpose_en": "Delivering messages",
        "data_tr": "Gönderdiğiniz kampanyanın alıcı numaraları ve mesajları; hat bilgileri",
        "data_en": "Recipients' numbers and messages of the campaign you send; details of the line",
    },
    {
        "id": uuid.UUID("8f0c2f5e-6f0a-4f7e-9d1b-0a5a3c1e0002"),
        "name": "Stripe",
        "country": "AB · EU, ABD · USA",
        "purpose_tr": "Ödeme ve iade",
        "purpose_en": "Payments and refunds",
        "data_tr": "İşletme adı, e-posta, ödeme bilgileri (kart numarası bize gelmez)",
        "data_en": "Business name, e-mail, payment details (the card number does not reach us)",
    },
    {
        "id": uuid.UUID("8f0c2f5e-6f0a-4f7e-9d1b-0a5a3c1e0003"),
        "name": "Barındırma sağlayıcısı · Hosting provider",
        "country": "Sözleşmenizde yazar · Named in your contract",
        "purpose_tr": "Sunucular ve yedekler",
        "purpose_en": "Servers and backups",
        "data_tr": "Şifreli kişi listeleri, mesajlar ve hesap bilgileri; sayılar ve zamanlar",
        "data_en": "Encrypted contact lists, messages and account details; counts and times",
    },
)
SHOWN = "id, name, country, purpose_tr, purpose_en, data_tr, data_en, created_at, ended_at"


def upgrade() -> None:
    op.execute(f'GRANT SELECT({SHOWN}) ON "processor" TO whatstr_web')
    table = sa.table(
        "processor",
        sa.column("id", sa.Uuid()),
        sa.column("version", sa.Integer()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        *(sa.column(name, sa.Text()) for name in ROWS[0] if name != "id"),
    )
    kept = op.get_bind().scalar(sa.select(sa.func.count()).select_from(table))
    if not kept:  # a register that staff have begun is theirs
        for row in ROWS:
            op.execute(table.insert().values(**row, version=1, created_at=sa.func.now()))


def downgrade() -> None:
    table = sa.table("processor", sa.column("id", sa.Uuid()))
    op.execute(table.delete().where(table.c.id.in_([row["id"] for row in ROWS])))
    op.execute(f'REVOKE SELECT({SHOWN}) ON "processor" FROM whatstr_web')
