"""Every relative link in a committed document leads to a committed file and, if it names one, a heading."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s+<?(\S+?)>?\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)")


def committed() -> frozenset[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return frozenset(ROOT / name for name in listing.stdout.decode().split("\0") if name)


def broken(document: Path, text: str, files: frozenset[Path]) -> list[str]:
    """The links of a document, read as `text`, that lead nowhere."""
    prose = CODE.sub("", FENCE.sub("", text))
    folders = {parent for file in files for parent in file.parents}
    wrong = []
    for target in [*LINK.findall(prose), *DEFINITION.findall(prose)]:
        if ELSEWHERE.match(target):
            continue
        path, _, anchor = unquote(target).partition("#")
        place = (document.parent / path).resolve() if path else document
        found = place in files or place in folders
        if found and anchor and place.suffix == ".md":
            found = anchor in anchors(text if place == document else place.read_text("utf-8"))
        if not found:
            wrong.append(target)
    return wrong


def anchors(text: str) -> set[str]:
    """The names under which the headings of a document can be linked."""
    titles = [CODE.sub(lambda code: code.group()[1:-1], one) for one in HEADING.findall(FENCE.sub("", text))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_relative_link_resolves() -> None:
    files = committed()
    documents = [file for file in sorted(files) if file.suffix == ".md" and file.exists()]
    assert ROOT / "README.md" in documents
    found = {str(one.relative_to(ROOT)): broken(one, one.read_text("utf-8"), files) for one in documents}
    assert {name: targets for name, targets in found.items() if targets} == {}


@pytest.mark.parametrize(
    "text",
    [
        "[gone](docs/gone.md)",
        "[outside](../elsewhere.md)",
        "![picture](docs/gone.png)",
        "[no heading](docs/architecture.md#nowhere)",
        "# Here\n[no heading](#there)",
        '[titled](docs/gone.md "a title")',
        "[defined]\n\n[defined]: docs/gone.md",
        "[environment](.venv/bin/python)",
    ],
)
def test_a_broken_link_is_found(text: str) -> None:
    assert len(broken(ROOT / "README.md", text, committed())) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[file](docs/architecture.md) [folder](docs/adr) [folder](docs/adr/)",
        "[heading](docs/architecture.md#time-identity-data)",
        "# A `tree` of files\n[here](#a-tree-of-files)",
        "[law](https://example.org/law) [mail](mailto:somebody@example.org)",
        "```\n[code](gone.md)\n```\nand `[code](gone.md)`",
    ],
)
def test_a_good_link_passes(text: str) -> None:
    assert broken(ROOT / "README.md", text, committed()) == []
