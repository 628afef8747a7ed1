"""Measuring the checks on documents of one's own, without a running platform.

Documents are files of the submission schema. The expectations are one JSON object: for each file name the
list of expected findings `{rule_id, severity, path}`; under `reference_prices` guide prices to measure with,
of the form of the policy file `price-references.yaml`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.clock import china_date
from pydantic import ValidationError

from contracts.checks.findings import examine
from contracts.checks.rules.case import Case
from contracts.checks.service import choose_rules, region_of
from contracts.documents.schemas import Submission
from contracts.policies import Library, PriceReference, load_library

__all__ = ["Evaluation", "FileResult", "evaluate"]

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class FileResult:
    """What was found in one file, against what was expected. `malformed` lists breaches of the schema."""

    name: str
    found: list[Key] = field(default_factory=list)
    missing: list[Key] = field(default_factory=list)
    unexpected: list[Key] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether exactly the expected findings came."""
        return not (self.missing or self.unexpected or self.malformed)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All files together."""

    files: list[FileResult]

    def report(self) -> dict[str, Any]:
        """Counts, precision and recall over all findings, and each file that is not exact."""
        found = sum(len(file.found) for file in self.files)
        unexpected = sum(len(file.unexpected) for file in self.files)
        missing = sum(len(file.missing) for file in self.files)
        right = found - unexpected
        return {
            "files": len(self.files),
            "exact": sum(file.exact for file in self.files),
            "findings": found,
            "precision": round(right / found, 4) if found else 1.0,
            "recall": round(right / (right + missing), 4) if right + missing else 1.0,
            "differences": {
                file.name: {
                    "missing": [list(key) for key in file.missing],
                    "unexpected": [list(key) for key in file.unexpected],
                    "malformed": file.malformed,
                }
                for file in self.files
                if not file.exact
            },
        }


def evaluate(files: Iterable[Path], expected: Mapping[str, Any] | None = None) -> Evaluation:
    """Check `files` and compare with `expected`; without expectations a file is held against none.

    With `expected` only the files it names are judged.

    Raises:
        ValueError: a reference price cannot be read, or a file is no JSON.
    """
    wanted = dict(expected or {})
    references = [PriceReference.model_validate(entry) for entry in wanted.pop("reference_prices", [])]
    library = load_library().with_references(references)
    judged = [path for path in sorted(files) if expected is None or path.name in wanted]
    return Evaluation([_judge(path, wanted.get(path.name, []), library) for path in judged])


def _judge(path: Path, wanted: list[dict[str, str]], library: Library) -> FileResult:
    expected = {(entry["rule_id"], entry["severity"], entry["path"]) for entry in wanted}
    try:
        document = Submission.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        places = [f"/{'/'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()[:20]]
        return FileResult(path.name, missing=sorted(expected), malformed=places)
    book = choose_rules(library, china_date(document.contract.signed_at), region_of(document, None))
    found = {(f.rule_id, f.severity, f.path) for f in examine(Case(document, book))}
    return FileResult(path.name, sorted(found), sorted(expected - found), sorted(found - expected))
