"""Whatever the guide to scorecards shows is run: cards load, cases hold, wrong cards are refused."""

import itertools
import json
import re
from pathlib import Path

import pytest
from tourtrust.main import app
from typer.testing import CliRunner

GUIDE = (Path(__file__).parents[2] / "docs/guides/scorecards.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(yaml|jsonl)([^\n]*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (card[2], cases[2])
    for card, cases in itertools.pairwise(BLOCKS)
    if card[0] == "yaml" and cases[0] == "jsonl"
]
WRONG = [(content, info.removeprefix(" wrong: ")) for _, info, content in BLOCKS if "wrong:" in info]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["eval", "scores", *arguments])
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def name_of(card: str) -> str:
    return re.findall(r"id: ([\w-]+)", card)[0]


@pytest.mark.parametrize(("card", "cases"), EXAMPLES, ids=[name_of(card) for card, _ in EXAMPLES])
def test_an_example_of_the_guide_is_true(tmp_path: Path, card: str, cases: str) -> None:
    (tmp_path / "card.yaml").write_text(card, "utf-8")
    (tmp_path / "cases.jsonl").write_text(cases, "utf-8")
    code, out, err = run(str(tmp_path / "card.yaml"), str(tmp_path / "cases.jsonl"), "--json")
    assert code in (0, 1), err
    rows = json.loads(out)["rows"]
    failed = {r["case"]: {k: (r["expected"][k], r["got"][k]) for k in r["failed"]} for r in rows}
    assert {case: wrong for case, wrong in failed.items() if wrong} == {}
    assert all(row["expected"] for row in rows)


@pytest.mark.parametrize(("card", "message"), WRONG, ids=[name_of(card) for card, _ in WRONG])
def test_a_wrong_card_of_the_guide_is_refused_as_it_says(tmp_path: Path, card: str, message: str) -> None:
    (tmp_path / "card.yaml").write_text(card, "utf-8")
    (tmp_path / "cases.jsonl").write_text("{}\n", "utf-8")
    code, _, err = run(str(tmp_path / "card.yaml"), str(tmp_path / "cases.jsonl"))
    assert code == 2
    assert " ".join(message.split()) in err


def test_every_card_of_the_guide_has_its_cases() -> None:
    cards = sum(kind == "yaml" and "wrong" not in info for kind, info, _ in BLOCKS)
    assert cards == len(EXAMPLES) >= 14
    assert len(WRONG) >= 3
