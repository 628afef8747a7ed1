"""The Makefile: every command that people are told is there, and nothing is done twice."""

import importlib.util
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOLD = ("demo", "up", "test", "test-full", "check", "bench", "lock")


def _make(folder: Path, *arguments: str) -> str:
    """What make says, also when this test itself was started by make."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    outcome = subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The Makefile in a tree that looks installed already."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    packages = [
        "libs/common",
        "gateway",
        "cli",
        *(f"services/{name}" for name in ("credit", "complaints", "contracts")),
    ]
    for name in (
        "requirements.lock",
        "tools/requirements.lock",
        *(f"{package}/pyproject.toml" for package in packages),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for marker in (".venv/.installed", ".tools/.installed"):
        (tmp_path / marker).parent.mkdir()
        (tmp_path / marker).touch()
        os.utime(tmp_path / marker, (time.time() + 5, time.time() + 5))
    return tmp_path


@pytest.mark.parametrize("target", TOLD)
def test_every_told_target_exists(copy: Path, target: str) -> None:
    assert _make(copy, "-n", target).strip() != ""


def test_an_installed_tree_is_not_installed_again(copy: Path) -> None:
    assert _make(copy, "-n", "install") in {"", "make: Nothing to be done for 'install'.\n"}
    assert "venv" not in _make(copy, "-n", "test").replace(".venv/bin/pytest", "")


def test_a_changed_lock_is_installed(copy: Path) -> None:
    os.utime(copy / "requirements.lock", (time.time() + 60, time.time() + 60))
    assert "--require-hashes -r requirements.lock" in _make(copy, "-n", "install")


def test_once_reaches_the_command(copy: Path) -> None:
    assert _make(copy, "-n", "demo").strip().endswith("tourtrust demo")
    assert _make(copy, "-n", "demo", "ONCE=1").strip().endswith("tourtrust demo --once")


def test_the_ci_runs_checks_and_tests_and_stops_at_the_first_failure() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "set -euo pipefail" in script
    assert script.index("make check") < script.index("make test")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_openapi_documents_are_the_same_each_time() -> None:
    spec = importlib.util.spec_from_file_location("openapi_tool", ROOT / "tools" / "openapi.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for service in ("gateway", "credit", "complaints", "contracts"):
        assert tool.document(service) == tool.document(service)
