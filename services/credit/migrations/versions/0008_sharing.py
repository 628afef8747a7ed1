"""Credit: imports, certificates, exchange

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from common.audit import append_only_ddl
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = ("certificate_uses",)


def upgrade() -> None:
    _imports()
    op.create_index("ix_outbox_order", "outbox", ["epoch", "xid", "seq"])
    _certificates()
    _exchange()
    for statement in append_only_ddl(*APPEND_ONLY):
        op.execute(statement)


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("valid", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("rows_per_s", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('staging', 'applying', 'done', 'cancelled', 'expired')", name=op.f("ck_imports_state")
        ),
        sa.CheckConstraint("mode IN ('upsert', 'create', 'update')", name=op.f("ck_imports_mode")),
        sa.CheckConstraint("format IN ('csv', 'xlsx', 'ndjson')", name=op.f("ck_imports_format")),
        sa.CheckConstraint("total >= 0 AND valid BETWEEN 0 AND total", name=op.f("ck_imports_counts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(
        "uq_imports_running",
        "imports",
        ["created_by", "sha256", "mode", "dry_run"],
        unique=True,
        postgresql_where=sa.text("state = 'applying'"),
    )
    op.create_index(
        "ix_imports_applying", "imports", ["id"], postgresql_where=sa.text("state = 'applying'")
    )
    op.create_index("ix_imports_created_by_id", "imports", ["created_by", "id"])
    op.create_index(
        "ix_imports_expires_at", "imports", ["expires_at"], postgresql_where=sa.text("state <> 'expired'")
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("cipher", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "(content IS NULL) <> (cipher IS NULL)", name=op.f("ck_import_rows_content_or_cipher")
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('created', 'updated', 'unchanged', 'refused')",
            name=op.f("ck_import_rows_outcome"),
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id")),
        sa.PrimaryKeyConstraint("import_id", "row_no", name=op.f("pk_import_rows")),
    )
    op.create_index(
        "ix_import_rows_pending",
        "import_rows",
        ["import_id", "row_no"],
        postgresql_where=sa.text("outcome IS NULL"),
    )


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("relying_party", sa.String(length=100), nullable=False),
        sa.Column("consent", sa.String(length=120), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("document_sha256", sa.String(length=64), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("based_on", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("ended_because", sa.String(length=24), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.Column("looked_version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('bid', 'rating', 'fund', 'loan', 'other')", name=op.f("ck_certificates_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('issued', 'superseded', 'withdrawn')", name=op.f("ck_certificates_state")
        ),
        sa.CheckConstraint("(state = 'issued') = (ended_at IS NULL)", name=op.f("ck_certificates_ended_at")),
        sa.CheckConstraint("valid_until >= issued_on", name=op.f("ck_certificates_validity")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_certificates_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("number", name=op.f("uq_certificates_number")),
    )
    op.create_index("ix_certificates_subject_id_id", "certificates", ["subject_id", "id"])
    op.create_index(
        "uq_certificates_standing",
        "certificates",
        ["subject_id", "purpose", "relying_party"],
        unique=True,
        postgresql_where=sa.text("state = 'issued'"),
    )
    op.create_index("ix_certificates_based_on", "certificates", ["based_on"], postgresql_using="gin")
    op.create_table(
        "certificate_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relying_party", sa.String(length=100), nullable=True),
        sa.Column("reference", sa.String(length=120), nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.Column("told", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_certificate_uses_certificate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_uses")),
    )
    op.create_index("ix_certificate_uses_certificate_id_id", "certificate_uses", ["certificate_id", "id"])


_SYSTEMS = "system IN ('national', 'credit_china', 'enterprise_publicity')"


def _exchange() -> None:
    op.create_table(
        "exchange_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("our_number", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("person_cipher", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("their_number", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_SYSTEMS, name=op.f("ck_exchange_records_system")),
        sa.CheckConstraint("kind IN ('listing', 'record', 'grade')", name=op.f("ck_exchange_records_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'accepted', 'refused', 'failed', 'withheld')",
            name=op.f("ck_exchange_records_state"),
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_exchange_records_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_records")),
    )
    op.create_index(
        "uq_exchange_records_number",
        "exchange_records",
        ["system", "kind", "our_number", "version"],
        unique=True,
    )
    op.create_index(
        "ix_exchange_records_waiting",
        "exchange_records",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_exchange_records_system_settled_on", "exchange_records", ["system", "settled_on"])
    op.create_table(
        "exchange_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.String(length=24), nullable=False),
        sa.Column("their_number", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_key", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("authority", sa.String(length=100), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_SYSTEMS, name=op.f("ck_exchange_decisions_system")),
        sa.CheckConstraint(
            "kind IN ('repair_granted', 'risk_class', 'abnormal_listed', 'abnormal_removed')",
            name=op.f("ck_exchange_decisions_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'applied', 'waiting', 'conflict')",
            name=op.f("ck_exchange_decisions_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_decisions")),
    )
    op.create_index(
        "uq_exchange_decisions_number",
        "exchange_decisions",
        ["system", "their_number", "version"],
        unique=True,
    )
    op.create_index(
        "ix_exchange_decisions_open",
        "exchange_decisions",
        ["id"],
        postgresql_where=sa.text("state IN ('received', 'waiting')"),
    )
    op.create_table(
        "exchange_cursors",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchange_cursors")),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_order", "outbox")
    for table in (
        *("exchange_cursors", "exchange_decisions", "exchange_records"),
        *("certificate_uses", "certificates", "import_rows", "imports"),
    ):
        op.drop_table(table)
