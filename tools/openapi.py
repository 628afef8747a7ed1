"""Writes each service's committed OpenAPI document, or with `--check` refuses one that has drifted.

The document is generated from the code; nothing is started and no database is reached.
"""

import argparse
import difflib
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from common.crypto import generate_keyring

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {
    "gateway": ROOT / "gateway",
    **{name: ROOT / "services" / name for name in ("credit", "complaints", "contracts")},
}


def document(service: str) -> str:
    """The service's document: sorted keys, one space of indentation, a newline at the end."""
    with tempfile.TemporaryDirectory() as folder:
        keyring = Path(folder) / "keyring.json"
        keyring.write_text(json.dumps(generate_keyring()), "ascii")
        keyring.chmod(0o600)
        for name in [name for name in os.environ if name.startswith(f"{service.upper()}_")]:
            del os.environ[name]
        settings: Any = importlib.import_module(f"{service}.config").Settings
        app: Any = importlib.import_module(f"{service}.main").create_app(
            settings(database_url="postgresql://nobody@127.0.0.1/nothing", keyring_file=keyring)
        )
    return json.dumps(app.openapi(), ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def main() -> int:
    """Write, or with `--check` compare; 1 when a document has drifted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("services", nargs="*", default=list(FOLDERS))
    arguments = parser.parse_args()
    drifted = 0
    for service in arguments.services:
        file = FOLDERS[service] / "openapi.json"
        wanted = document(service)
        if not arguments.check:
            file.write_text(wanted, "utf-8")
            continue
        found = file.read_text("utf-8") if file.exists() else ""
        if found != wanted:
            drifted += 1
            changes = difflib.unified_diff(
                found.splitlines(), wanted.splitlines(), "committed", "generated", n=0
            )
            print(f"{file.relative_to(ROOT)} has drifted; write it anew: python tools/openapi.py {service}")
            print("\n".join(list(changes)[:20]))
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
