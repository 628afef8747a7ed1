"""The forms in which policies are shown."""

from datetime import date

from common.policies import Policy, policies_payload, printed


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
        "140000",
        "示例规定 第三条",
        "? recalled",
        "article: 第五条",
        "✔ verified",
        POLICY.hash,
        "是 yes",
    ):
        assert expected in text


def test_the_payload_shows_all_or_those_in_force() -> None:
    [view] = policies_payload([POLICY])
    assert view.hash == POLICY.hash and view.content["steps"][0]["days"] == 2 and view.effective_to is None
    assert policies_payload([POLICY], on=date(2026, 3, 14)) == []
