"""Checks Dockerfiles, the compose file and the Kubernetes manifests. A missing tool fails, and says so."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
KUBERNETES = "1.34"


def main(tools: Path) -> int:
    """Run every check; the number of those that failed."""
    failed = 0
    dockerfiles = sorted(str(path) for path in ROOT.rglob("Dockerfile") if ".venv" not in path.parts)
    failed += _run("Dockerfiles", tools / "hadolint", *dockerfiles)
    failed += _run(
        "docker-compose.yml against the Compose schema",
        tools / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(ROOT / "docker-compose.yml"),
    )
    manifests = _plain_manifests()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "manifests.yaml"
        file.write_text(yaml.safe_dump_all(manifests), "utf-8")
        failed += _run(
            f"{len(manifests)} Kubernetes manifests",
            tools / "kubernetes-validate",
            "--strict",
            "-k",
            KUBERNETES,
            str(file),
        )
    failed += _overlays()
    return failed


def _run(what: str, tool: Path, *arguments: str) -> int:
    if not tool.exists():
        print(
            f"MISSING TOOL {tool.name}: {what} were not checked. Run: make .tools/.installed", file=sys.stderr
        )
        return 1
    environment = {**os.environ, "NO_COLOR": "1"}
    outcome = subprocess.run(
        [str(tool), *arguments], check=False, capture_output=True, text=True, env=environment
    )
    print(f"{what}: {'ok' if outcome.returncode == 0 else 'refused'}")
    if outcome.returncode != 0:
        print(outcome.stdout + outcome.stderr)
    return int(outcome.returncode != 0)


def _plain_manifests() -> list[Any]:
    """Every object of the base, which the base's own kustomization lists completely."""
    base = ROOT / "deploy" / "k8s" / "base"
    listed = yaml.safe_load((base / "kustomization.yaml").read_text("utf-8"))["resources"]
    found = sorted(path.name for path in base.glob("*.yaml") if path.name != "kustomization.yaml")
    if sorted(listed) != found:
        raise SystemExit(f"kustomization.yaml lists {sorted(listed)}, the folder holds {found}")
    return [document for name in listed for document in yaml.safe_load_all((base / name).read_text("utf-8"))]


def _overlays() -> int:
    """Build each overlay with kustomize where it is installed; otherwise check what its files name."""
    kustomize = shutil.which("kustomize")
    kubectl = shutil.which("kubectl")
    failed = 0
    names = {(item["kind"], item["metadata"]["name"]) for item in _plain_manifests()}
    for overlay in sorted((ROOT / "deploy" / "k8s" / "overlays").iterdir()):
        if kustomize or kubectl:
            command = [kustomize, "build"] if kustomize else [str(kubectl), "kustomize"]
            outcome = subprocess.run(
                [*map(str, command), str(overlay)], check=False, capture_output=True, text=True
            )
            failed += int(outcome.returncode != 0)
            print(f"overlay {overlay.name}: {'builds' if outcome.returncode == 0 else outcome.stderr}")
            continue
        recipe = yaml.safe_load((overlay / "kustomization.yaml").read_text("utf-8"))
        patched = [
            yaml.safe_load((overlay / patch["path"]).read_text("utf-8")) for patch in recipe["patches"]
        ]
        unknown = [item for item in patched if (item["kind"], item["metadata"]["name"]) not in names]
        unknown += [name for name in recipe["resources"] if not (overlay / name).is_dir()]
        failed += bool(unknown)
        print(
            f"overlay {overlay.name}: kustomize is not installed, names checked only: {json.dumps(unknown)}"
        )
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
