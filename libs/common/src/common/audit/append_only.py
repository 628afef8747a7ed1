"""Triggers that make a table append-only, for Alembic migrations.

    for statement in append_only_ddl("audit", "facts"):
        op.execute(statement)

UPDATE, DELETE and TRUNCATE fail with SQLSTATE 23001 (restrict_violation), for the owner of the table too.
"""

import re

__all__ = ["append_only_ddl", "drop_append_only_ddl"]

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def append_only_ddl(*tables: str) -> tuple[str, ...]:
    """The statements that close `tables` against change. Raises ValueError for a name that needs quoting."""
    return (
        _FUNCTION,
        *(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {_checked(table)} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            for table in tables
        ),
    )


def drop_append_only_ddl(*tables: str) -> tuple[str, ...]:
    """The statements of the way back; the function stays for other tables."""
    return tuple(f"DROP TRIGGER append_only ON {_checked(table)}" for table in tables)


def _checked(table: str) -> str:
    if not _NAME.fullmatch(table):
        raise ValueError(f"{table!r} is no plain table name")
    return table
