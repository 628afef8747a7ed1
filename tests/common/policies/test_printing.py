"""The forms in which policies are shown."""

from datetime import date
from pathlib import Path

from common.policies import AnyPolicy, Policy, PolicySet, policies_payload, printed


class Steps(Policy):
    steps: list[dict[str, str | int | bool | list[str] | None]]


POLICY = Steps.parse(
    {
        "id": "clock",
        "version": 2,
        "effective_from": "2026-03-15",
        "region": "140000",
        "legal_basis": ["示例规定 第三条"],
        "status": "recalled",
        "steps": [
            {"name": "accept", "days": 2, "article": "第五条", "status": "verified", "open": True, "to": []}
        ],
    },
    file="clock.yaml",
)


def test_a_lawyer_reads_articles_and_doubts_beside_the_rules() -> None:
    text = printed([POLICY])
    for expected in (
        "clock · 2",
        "山西省 140000",
        "示例规定 第三条",
        "? recalled",
        "article: 第五条",
        "✔ verified",
        POLICY.hash,
        "是 yes",
    ):
        assert expected in text


def test_files_of_any_kind_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "id: a\nversion: 1\neffective_from: 2026-01-01\nlegal_basis: [甲]\nstatus: sample\n"
        "body: {rules: [x, 1, null]}\n",
        encoding="utf-8",
    )
    text = printed(PolicySet.load(tmp_path, AnyPolicy))
    assert "✎ sample" in text and "- rules:" in text and "- —" in text


def test_the_payload_shows_all_or_those_in_force() -> None:
    [view] = policies_payload([POLICY])
    assert view.hash == POLICY.hash and view.content["steps"][0]["days"] == 2 and view.effective_to is None
    assert policies_payload([POLICY], on=date(2026, 3, 14)) == []
