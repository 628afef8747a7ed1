"""What no committed file may hold, told by its form: foreign addresses, registries, paths of one machine.

Run as a script it checks the tree and exits 1 with every finding. There is no list of hosts in here: a
lock holds names, versions and hashes; an image reference takes its registry from a variable; code and build
files speak to loopback, to names without a dot, to reserved names or to what a setting says.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Finding", "check_file", "check_tree"]

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = frozenset({".git", ".venv", ".tools", "node_modules", "__pycache__", "var", "dist"})
CODE = frozenset({".py", ".toml", ".ini", ".cfg", ".sh", ".yml", ".yaml", ".mk", ".in"})
CODE_NAMES = frozenset({"Makefile", "Dockerfile", "run", ".env.example"})
# Where readers are led to laws and standards, an address is a source and stays.
PROSE = re.compile(r"(^|/)(docs|policies|data|material|swagger)/|\.md$")

URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>[^\s\"'`<>()\\]*)")
RESERVED = re.compile(r"(^|\.)(example|example\.(com|org|net|edu)|test|invalid|localhost|local)$")
IPV4_LOCAL = re.compile(r"^(127\.\d+\.\d+\.\d+|0\.0\.0\.0)$")
# Names in the form of an address; nothing is ever fetched from them.
IDENTIFIER = re.compile(r"[\"'](\$schema|\$id|\$ref|xmlns)[\"']")
MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(home|root|Users|work|mnt|media|opt)/(?=[\w.$])")
WINDOWS_PATH = re.compile(r"\b[A-Z]:\\\\?Users\b")
IMAGE_LINE = re.compile(
    r"^\s*(?:-\s*)?(?:FROM|image:|newName:)\s*(?:--platform=\S+\s+)?[\"']?(?P<image>[^\s\"'#]+)"
)
IMAGE_FILE = re.compile(
    r"(^|/)(Dockerfile[^/]*|docker-compose[^/]*\.ya?ml|compose[^/]*\.ya?ml)$|^deploy/.*\.ya?ml$"
)
PINNED = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==\S+( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


@dataclass(frozen=True)
class Finding:
    """One line that breaks a rule."""

    path: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}"


def check_tree(root: Path) -> list[Finding]:
    """All findings in the files that are, or would be, committed."""
    findings = []
    for relative in sorted(_files(root)):
        try:
            text = (root / relative).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        findings += check_file(relative, text)
    return findings


def check_file(path: str, text: str) -> list[Finding]:
    """The findings in one file, by its path relative to the root."""
    name = path.rpartition("/")[2]
    rules: list[Iterable[tuple[int, str]]] = [_machine_paths(text)]
    if name == "uv.lock":
        return [Finding(path, 1, "uv.lock holds addresses and is not committed")]
    if name == "requirements.lock":
        rules.append(_lock(text))
    elif name in {"package-lock.json", "npm-shrinkwrap.json"}:
        rules.append(_npm_lock(text))
    elif (Path(path).suffix in CODE or name in CODE_NAMES) and not PROSE.search(path):
        rules.append(_addresses(text))
    if IMAGE_FILE.search(path):
        rules.append(_images(text))
    return [Finding(path, line, rule) for found in rules for line, rule in found]


def _lock(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if "://" in line:
            yield number, "a lock holds no address"
        elif (
            line.strip()
            and not line.lstrip().startswith("#")
            and not (PINNED.match(line) or HASH.match(line))
        ):
            yield number, "a lock holds pinned names and their hashes only"
        elif re.search(r"#.*(\s|=)/", line):
            yield number, "a lock holds no absolute path"


def _npm_lock(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if "://" in line:
            yield number, "an npm lock is made with omit-lockfile-registry-resolved"


def _machine_paths(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if MACHINE_PATH.search(URL.sub("", line)) or WINDOWS_PATH.search(line):
            yield number, "a path of one machine"


def _addresses(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        for found in () if IDENTIFIER.search(line) else URL.finditer(line):
            host = _host(found["rest"])
            if host is not None and not _harmless(host):
                yield number, "an address outside this machine: make it a setting"


def _host(rest: str) -> str | None:
    """The host of an address, or None when a setting or a template gives it."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if not authority or any(sign in authority for sign in "{}$%*"):
        return None
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0].rstrip(".,;")


def _harmless(host: str) -> bool:
    return "." not in host or host == "::1" or bool(IPV4_LOCAL.match(host) or RESERVED.search(host))


def _images(text: str) -> Iterator[tuple[int, str]]:
    stages: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        found = IMAGE_LINE.match(line)
        if found is None:
            continue
        image = found["image"]
        first, slash, _ = image.partition("/")
        if slash and not first.startswith("$") and ("." in first or ":" in first or first == "localhost"):
            yield number, "an image reference takes its registry from a variable"
        bare = re.sub(r"\$\{[^}]*\}/?", "", image)
        if bare not in stages and bare and ":" not in bare and "@" not in bare and "FROM" in line:
            yield number, "a base image names its version"
        if alias := re.search(r"\bAS\s+(\S+)", line, re.IGNORECASE):
            stages.add(alias[1])


def _files(root: Path) -> Iterator[str]:
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
        )
        yield from (name for name in listed.stdout.decode().split("\0") if name)
        return
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if path.is_file() and not SKIPPED.intersection(relative.parts):
            yield relative.as_posix()


if __name__ == "__main__":
    found = check_tree(ROOT)
    for finding in found:
        print(finding)
    sys.exit(f"forms: {len(found)} findings" if found else 0)
