"""The locks are whole and agree: every dependency of a package is pinned, at the version all others use."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    f"tourtrust-{name}": folder
    for name, folder in {
        "common": "libs/common",
        "gateway": "gateway",
        "credit": "services/credit",
        "complaints": "services/complaints",
        "contracts": "services/contracts",
        "cli": "cli",
    }.items()
}
LOCKED = [name for name in PACKAGES if name != "tourtrust-common"]


def _pinned(lock: Path) -> dict[str, set[str]]:
    """Name to versions; a name has several when the platform or the Python decides."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)", lock.read_text("utf-8"), re.MULTILINE
    ):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def _declared(package: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The third-party names that a package and our packages below it declare."""
    content = tomllib.loads((ROOT / PACKAGES[package] / "pyproject.toml").read_text("utf-8"))
    names = {canonicalize_name(Requirement(text).name) for text in content["project"]["dependencies"]}
    third_party = {str(name) for name in names if name not in PACKAGES}
    for name in names & PACKAGES.keys() - seen:
        third_party |= _declared(name, seen | {package})
    return third_party


@pytest.mark.parametrize("package", LOCKED)
def test_every_declared_dependency_is_locked(package: str) -> None:
    pinned = _pinned(ROOT / PACKAGES[package] / "requirements.lock")
    missing = sorted(_declared(package) - pinned.keys())
    assert missing == [], "run: make lock"
    assert not {name for name in pinned if name in PACKAGES}


@pytest.mark.parametrize("package", LOCKED)
def test_a_package_is_locked_at_the_version_that_is_tested(package: str) -> None:
    tested = _pinned(ROOT / "requirements.lock")
    own = _pinned(ROOT / PACKAGES[package] / "requirements.lock")
    assert {name: versions for name, versions in own.items() if not versions <= tested.get(name, set())} == {}


def test_what_the_tests_need_is_locked() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    wanted = {str(canonicalize_name(Requirement(text).name)) for text in groups["dev"]}
    assert wanted - _pinned(ROOT / "requirements.lock").keys() == set()


def test_service_locks_hold_no_tool_of_the_workplace() -> None:
    tools = {"pytest", "ruff", "mypy", "import-linter", "hatchling", "hypothesis"}
    for package in LOCKED:
        assert tools & _pinned(ROOT / PACKAGES[package] / "requirements.lock").keys() == set(), package
