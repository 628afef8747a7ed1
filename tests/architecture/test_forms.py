"""The form rules hold for the tree, and each of them bites."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = "https" + "://registry.company.com/simple"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("forms", ROOT / "tools" / "forms.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["forms"] = module
    spec.loader.exec_module(module)
    return module


forms = _load()


def test_the_tree_keeps_the_form_rules() -> None:
    assert [str(finding) for finding in forms.check_tree(ROOT)] == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("requirements.lock", f"--index-url {FOREIGN}"),
        ("requirements.lock", "--find-links wheels"),
        ("services/credit/requirements.lock", "fastapi @ file" + "://tmp/fastapi.whl"),
        ("services/credit/requirements.lock", "fastapi>=1 \\"),
        ("tools/requirements.lock", "    # via -r /" + "root/credit/pyproject.toml"),
        ("uv.lock", "version = 1"),
        ("package-lock.json", f'"resolved": "{FOREIGN}"'),
        ("services/credit/Dockerfile", "FROM registry.company.com/python:3.11-slim"),
        ("services/credit/Dockerfile", "FROM localhost:5000/python:3.11-slim"),
        ("services/credit/Dockerfile", "FROM python"),
        ("docker-compose.yml", "    image: registry.company.com/postgres:18"),
        ("deploy/k8s/base/credit.yaml", "          image: registry.company.com/credit:1"),
        ("Makefile", f"\tpip install -i {FOREIGN} x"),
        ("services/credit/src/credit/config.py", f'url = "{FOREIGN}"'),
        ("docs/guides/ota.md", "cd /" + "home/somebody/tourtrust"),
        ("tools/x.sh", "C:" + "\\Users\\somebody"),
    ],
)
def test_each_form_rule_bites(path: str, line: str) -> None:
    assert forms.check_file(path, f"{line}\n") != []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("requirements.lock", "fastapi==0.1 ; python_version < '3.12' \\"),
        ("requirements.lock", "    --hash=sha256:" + "0" * 64),
        ("requirements.lock", "    # via -c requirements.lock"),
        ("services/credit/Dockerfile", "FROM ${REGISTRY}python:3.11-slim AS build"),
        ("docker-compose.yml", "    image: ${REGISTRY:-}postgres:18"),
        ("deploy/k8s/base/credit.yaml", "          image: tourtrust-credit"),
        ("services/credit/src/credit/config.py", 'url = "http://127.0.0.1:8000"'),
        ("services/credit/src/credit/config.py", 'url = f"http://{host}:8000"'),
        ("docker-compose.yml", "      CREDIT_NATS_URL: nats://nats:4222"),
        ("docs/guides/ota.md", "see https" + "://www.rfc-editor.org/rfc/rfc9457"),
        ("cli/src/tourtrust/runtime/home.py", 'Path("/var/lib/tourtrust")'),
    ],
)
def test_what_is_allowed_passes(path: str, line: str) -> None:
    assert forms.check_file(path, f"{line}\n") == []
