"""SQL stands in repositories: no other module of a service builds a statement or sends one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    *(ROOT / "services" / name / "src" / name for name in ("credit", "complaints", "contracts")),
    ROOT / "gateway" / "src" / "gateway",
]
SENDS = frozenset({"execute", "scalar", "scalars", "stream_scalars", "exec", "exec_driver_sql"})
BUILDS = frozenset({"select", "insert", "update", "delete", "text", "union", "union_all", "literal_column"})
# `models.py` states defaults and partial indexes in SQL; it has no session to send anything with.
HOMES = frozenset({"repository.py", "models.py"})
EXCEPTIONS = {
    "services/credit/src/credit/seed/load.py": "loads a province in bulk, once, outside every use case",
    "services/complaints/src/complaints/seed.py": "loads the demonstration in bulk, outside every use case",
    "services/contracts/src/contracts/seed.py": "loads the demonstration in bulk, outside every use case",
}


def queries(source: str) -> list[str]:
    """Where a module builds or sends SQL, as "line: name"."""
    return [f"{line}: {name}" for line, name in sorted(_found(ast.parse(source)))]


def _found(tree: ast.Module) -> Iterator[tuple[int, str]]:
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {one.asname or one.name for one in node.names if _is_sql(one.name)}
        if isinstance(node, ast.ImportFrom) and _is_sql(node.module or ""):
            yield from ((node.lineno, one.name) for one in node.names if one.name in BUILDS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = ast.unparse(node.func.value)
            if node.func.attr in SENDS or (node.func.attr in BUILDS and holder in modules):
                yield node.lineno, f"{holder}.{node.func.attr}"


def _is_sql(module: str) -> bool:
    return module.split(".")[0] in {"sqlalchemy", "sqlmodel"}


def test_only_repositories_query() -> None:
    found = {
        str(file.relative_to(ROOT)): queries(file.read_text("utf-8"))
        for package in PACKAGES
        for file in package.rglob("*.py")
        if file.name not in HOMES
    }
    assert {path: lines for path, lines in found.items() if lines and path not in EXCEPTIONS} == {}
    assert [path for path in EXCEPTIONS if not found.get(path)] == [], "an exception that is none any more"


@pytest.mark.parametrize(
    "source",
    [
        "async def use(self):\n    await self._session.execute(statement)",
        "async def use(session):\n    return await session.scalar(statement)",
        "async def use(session):\n    return await (await session.connection()).scalars(statement)",
        "from sqlalchemy import func, select",
        "from sqlalchemy import text as sql",
        "from sqlalchemy.dialects.postgresql import insert",
        "from sqlmodel import col, delete",
        "def use():\n    from sqlalchemy import update",
        "import sqlalchemy as sa\nquery = sa.select(1)",
        "import sqlalchemy\nquery = sqlalchemy.text('SELECT 1')",
    ],
)
def test_the_rule_bites(source: str) -> None:
    assert len(queries(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy.ext.asyncio import AsyncSession\nfrom sqlmodel import col",
        "async def use(self):\n    self.session.add(row)\n    await self.session.flush()",
        "seen = set()\nseen.update(more)\nanswer.text()",
    ],
)
def test_what_is_no_query_passes(source: str) -> None:
    assert queries(source) == []
