"""`tourtrust eval`: measure the rules on files of one's own; no platform needs to run."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tourtrust.console import fail, out
from tourtrust.scores import found_in, scored_table

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="用自己的文件评测 / measure on files of one's own")


@app.callback()
def group() -> None:
    """用自己的文件评测 / measure on files of one's own."""


@app.command()
def contracts(
    files: Annotated[list[Path], typer.Argument(help="合同 JSON 文件或目录 / contract files or folders")],
    expected: Annotated[
        Path | None, typer.Option(help="期望结果 / {file name: [{rule_id, severity, path}]}")
    ] = None,
) -> None:
    """合同检查 / findings against expected ones: exit 0 only if every file is exact.

    Prints one JSON object: files, exact, findings, precision, recall, and the differences by file.
    """
    from contracts.checks.evaluation import evaluate

    documents = [
        file for path in files for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    try:
        wanted = None if expected is None else json.loads(expected.read_text("utf-8"))
        measured = evaluate(documents, wanted)
    except (OSError, ValueError) as error:
        fail(f"读不了:{error}", f"cannot read: {error}", code=2)
    report = measured.report()
    out.print_json(data=report, ensure_ascii=False)
    raise typer.Exit(0 if report["exact"] == report["files"] else 1)


@app.command()
def scores(
    scorecard: Annotated[Path, typer.Argument(help="评分卡 YAML / a scorecard file (or several versions)")],
    cases: Annotated[
        Path, typer.Argument(help="用例 JSONL / one case a line: subject, facts, times, expect")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print one JSON object")] = False,
) -> None:
    """信用评分 / score cases by a card: exit 0 if every expectation is met, 1 if not, 2 if a file is wrong.

    Shows each expectation beside what was got; with --json a wrong file gives {error: {zh, en}}.
    The format of both files: docs/guides/scorecards.md.
    """
    from common.clock import china_date
    from common.policies import PolicyError, PolicySet
    from common.problems import Problem
    from credit.scoring.evaluation import CasesError, evaluate, read_cases
    from credit.scoring.rules import Scorecard

    def refuse(zh: str, en: str) -> NoReturn:
        if as_json:
            out.print_json(data={"error": {"zh": zh, "en": en}}, ensure_ascii=False)
        fail(zh, en, code=2)

    if scorecard.suffix in (".jsonl", ".json") and cases.suffix in (".yaml", ".yml"):
        refuse(
            "先写评分卡（YAML），后写用例（JSONL）",
            "name the scorecard (YAML) first, then the cases (JSONL)",
        )
    name = scorecard.name
    try:
        cards = PolicySet.load([scorecard], Scorecard)
        if not cards.all():
            refuse(f"{name}：没有评分卡", f"{name}: there is no scorecard in this file")
        read = read_cases(cases, china_date(datetime.now(UTC)))
        rows = evaluate(cards.all(), read, cases.name)
    except PolicyError as error:
        refuse(f"{name}：{error.reason.zh}", f"{name}: {error.reason.en}")
    except CasesError as error:
        refuse(error.text.zh, error.text.en)
    except (OSError, Problem) as error:
        refuse(f"读不了：{error}", f"cannot read: {error}")
    passed = sum(row.passed for row in rows)
    if as_json:
        head = [{"id": card.id, "version": card.version, "hash": card.hash} for card in cards]
        report = {"scorecard": head, "cases": len(rows), "passed": passed, "failed": len(rows) - passed}
        out.print_json(data=report | {"rows": [row.report() for row in rows]}, ensure_ascii=False)
    else:
        out.print(scored_table(rows))
        for line in found_in(rows):
            out.print(line)
        out.print(f"{passed}/{len(rows)} 个用例符合预期 / {passed} of {len(rows)} cases as expected")
    raise typer.Exit(0 if passed == len(rows) else 1)
