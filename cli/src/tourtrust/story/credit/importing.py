"""Many subjects come in by one file: tried first, then applied, then brought again without effect."""

import csv
import io
from typing import Any

from common.problems import Text
from credit.seed.names import unified_code

from tourtrust.story.stage import Stage

TITLE = Text("批量导入：试运行、导入、再导入", "Import: a dry run, the import, the same file again")

ROWS, WRONG = 300, 3
FIRST_SERIAL = 640_000


def play(stage: Stage) -> list[str]:
    """A file of homestays with three wrong rows; each row's outcome stands in the report."""
    file = _file()
    tried = _import(stage, file, dry_run=True)
    stage.equal((tried["created"], tried["refused"]), (ROWS - WRONG, WRONG), "what a dry run would do")
    stage.equal(len(_homestays(stage)), 0, "homestays after a dry run")
    done = _import(stage, file)
    stage.equal((done["created"], done["refused"]), (ROWS - WRONG, WRONG), "what the import did")
    homestays = _homestays(stage)
    stage.equal(len(homestays), ROWS - WRONG, "homestays after the import")
    stage.check(all(one["grade"] is not None for one in homestays), "an imported homestay has no grade")
    again = _import(stage, file)
    stage.equal((again["created"], again["unchanged"]), (0, ROWS - WRONG), "the same file again")
    report = stage.call("GET", f"/api/v1/credit/imports/{done['id']}/report.csv", by="province_officer").text
    refused = [line for line in report.splitlines() if "refused" in line]
    stage.equal(len(refused), WRONG, "refused rows in the report")
    return [
        f"dry run of {ROWS} rows: {tried['created']} would be registered, {WRONG} refused; nothing stored",
        f"imported: {done['created']} homestays, all with a grade",
        f"refused in the report: {refused[0]}",
        f"the same file again: {again['unchanged']} unchanged, none doubled",
    ]


def _file() -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["kind", "key", "name", "region"])
    for number in range(ROWS):
        key = unified_code("92", "140105", FIRST_SERIAL + number)
        if number < WRONG:
            key = key[:-1] + ("A" if key[-1] != "A" else "B")
        writer.writerow(["homestay", key, f"晋源样例{number:03d}民宿（虚构）", "140110"])
    return text.getvalue().encode()


def _import(stage: Stage, file: bytes, *, dry_run: bool = False) -> dict[str, Any]:
    made = stage.call(
        "POST",
        "/api/v1/credit/subjects:import",
        by="province_officer",
        expect=(200, 202),
        params={"dry_run": str(dry_run).lower()},
        content=file,
        headers={"Content-Type": "text/csv"},
    ).json()

    def finished() -> dict[str, Any] | None:
        view: dict[str, Any] = stage.get(f"/api/v1/credit/imports/{made['id']}", by="province_officer")
        return view if view["finished_at"] else None

    view = stage.wait("the import", finished)
    stage.equal(view["state"], "done", "the import's state")
    return view


def _homestays(stage: Stage) -> list[dict[str, Any]]:
    everyone = stage.pages("/api/v1/credit/subjects", by="province_officer", kind="homestay")
    return [one for one in everyone if "晋源样例" in one["name"]]
