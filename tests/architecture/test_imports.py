"""The directions of house and services: the linter passes on the tree, and bites when a rule is broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *("libs/common/src", "gateway/src", "services/credit/src", "services/complaints/src"),
    *("services/contracts/src", "cli/src"),
]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]

PLANTED = {
    "In every aggregate": (
        "services/credit/src/credit/subjects/repository.py",
        "import credit.subjects.service",
    ),
    "Every file of a room": (
        "services/credit/src/credit/listings/repository.py",
        "import credit.listings.opening",
    ),
    "Only main, routes": ("services/credit/src/credit/subjects/service.py", "import fastapi"),
    "What a use case asks": ("services/credit/src/credit/internal.py", "import starlette"),
    "Services never import": ("services/credit/src/credit/subjects/rules.py", "import contracts.documents"),
    "Common imports no": ("libs/common/src/common/clock.py", "import credit.subjects.rules"),
    "Only the command line": ("services/credit/src/credit/config.py", "import tourtrust.console"),
    "Rules are pure": ("services/credit/src/credit/subjects/rules.py", "import sqlalchemy"),
    "Two aggregates": ("services/credit/src/credit/subjects/repository.py", "import credit.facts.repository"),
}


def _lint(tree: Path) -> tuple[int, str]:
    outcome = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=tree,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(tree / source) for source in SOURCES),
            "COLUMNS": "400",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.returncode, outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    for source in SOURCES:
        shutil.copytree(ROOT / source, tree / source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def test_the_directions_hold() -> None:
    status, output = _lint(ROOT)
    assert status == 0, output


def test_every_contract_is_a_sentence_with_a_violation_to_plant() -> None:
    names = [contract["name"] for contract in CONTRACTS]
    assert all(name[0].isupper() and len(name.split()) >= 5 for name in names)
    assert [sum(name.startswith(start) for start in PLANTED) for name in names] == [1] * len(PLANTED)


@pytest.fixture(scope="module")
def planted(copy: Path) -> tuple[int, str]:
    """What the linter says of a tree in which every rule is broken once."""
    originals = {copy / path: (copy / path).read_text("utf-8") for path, _ in PLANTED.values()}
    try:
        for path, line in PLANTED.values():
            with (copy / path).open("a", encoding="utf-8") as victim:
                victim.write(f"\n{line}\n")
        return _lint(copy)
    finally:
        for victim_path, original in originals.items():
            victim_path.write_text(original, "utf-8")


@pytest.mark.parametrize("start", PLANTED)
def test_a_planted_violation_is_found(planted: tuple[int, str], start: str) -> None:
    """By the contract that it breaks: under its name stands the very import."""
    path, line = PLANTED[start]
    status, output = planted
    rows = output.splitlines()
    assert status == 1 and [row for row in rows if row.startswith(start) and " BROKEN" in row], output
    module = path.partition("/src/")[2].removesuffix(".py").replace("/", ".")
    wanted = f"{module} -> {line.removeprefix('import ')} (l."
    details = rows[rows.index("Broken contracts") :]
    heads = [at for at, row in enumerate(details[1:]) if row and set(row) == {"-"}]
    [section] = [
        details[head:end]
        for head, end in zip(heads, [*heads[1:], len(details)], strict=True)
        if details[head].startswith(start)
    ]
    assert [row for row in section if wanted in row], output


def test_a_file_of_no_known_layer_is_found(copy: Path) -> None:
    stray = copy / "services/credit/src/credit/listings/odds_and_ends.py"
    stray.write_text('"""Whatever did not fit elsewhere."""\n', "utf-8")
    try:
        status, output = _lint(copy)
    finally:
        stray.unlink()
    assert status == 1 and "credit.listings.odds_and_ends" in output, output


def test_no_file_outgrows_its_reader() -> None:
    """A file of more than 400 lines is split."""
    long = {
        str(path.relative_to(ROOT)): lines
        for source in SOURCES
        for path in (ROOT / source).rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}


def test_what_every_room_of_credit_needs_is_written_once() -> None:
    """Reading an id out of a cursor, and the text of a CHECK over the codes of an enum."""
    for telling, home in (("UUID(decode_cursor(", "paging.py"), ("} IN ({", "db.py")):
        root = ROOT / "services/credit/src/credit"
        found = [
            str(path.relative_to(root)) for path in root.rglob("*.py") if telling in path.read_text("utf-8")
        ]
        assert found == [home], telling
