"""Policy files: what is read, what is refused, and what the hash stands for."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
import rfc8785
from common.policies import CompiledWith, Condition, Policy, PolicyError, PolicySet, read_policy_file
from hypothesis import given
from hypothesis import strategies as st

FACTS = frozenset({"amount", "kind"})
HEAD = "id: fine\nversion: 1\neffective_from: 2026-03-15\nlegal_basis: [旅游法 第九十五条]\nstatus: sample\n"
MULTIPLIED = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))


class Fine(Policy):
    points: Decimal
    when: Annotated[Condition, CompiledWith(FACTS)]


def load(folder: Path, text: str) -> PolicySet[Fine]:
    (folder / "fines.yaml").write_text(text, encoding="utf-8")
    return PolicySet.load(folder, Fine)


def test_a_policy_is_read_whole(tmp_path: Path) -> None:
    [fine] = load(tmp_path, HEAD + "points: -2.5\nwhen: amount > 5000 && kind == 'fine'\n").all()
    assert (fine.id, fine.version, fine.effective_from, fine.region) == (
        "fine",
        "1",
        date(2026, 3, 15),
        "000000",
    )
    assert fine.points == Decimal("-2.5")
    assert fine.when.evaluate({"amount": 5001, "kind": "fine"})
    assert fine.file == "fines.yaml"


def test_a_file_may_hold_a_list(tmp_path: Path) -> None:
    item = (
        "- id: {}\n  version: '1'\n  effective_from: 2026-03-15\n  legal_basis: [甲]\n  status: recalled\n"
        "  points: 1\n  when: 'true'\n"
    )
    assert [p.id for p in load(tmp_path, item.format("b") + item.format("a"))] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (HEAD + "points: 1\npoints: 2\nwhen: 'true'\n", "duplicate key 'points'"),
        (HEAD + "points: 1\nwhen: 'true'\npoint: 2\n", "point: Extra inputs"),
        (HEAD + "points: 1\n", "when: Field required"),
        (HEAD + "points: many\nwhen: 'true'\n", "points"),
        (HEAD + "points: true\nwhen: 'true'\n", "points"),
        (HEAD + "points: 1\nwhen: 'true'\nregion: 140000\n", "region"),
        (HEAD + "points: 1\nwhen: 'true'\nregion: '14'\n", "region"),
        (HEAD + "points: 1\nwhen: 'true'\nregion: '149900'\n", "no division has the code 149900"),
        (HEAD + "points: 1\nwhen: 'true'\neffective_to: 2026-03-14\n", "effective_to lies before"),
        (HEAD + "points: 1\nwhen: 'true'\neffective_to: 2026-02-30\n", "2026-02-30 is no day that exists"),
        (HEAD + "points: 1\nwhen: amount >\n", "does not parse"),
        (HEAD + "points: 1\nwhen: fee > 1\n", "unknown names ['fee']"),
        (HEAD + "points: 1\nwhen: 3\n", "when"),
        (HEAD.replace("[旅游法 第九十五条]", "[]") + "points: 1\nwhen: 'true'\n", "legal_basis"),
        (HEAD.replace("[旅游法 第九十五条]", "['']") + "points: 1\nwhen: 'true'\n", "legal_basis.0"),
        (HEAD.replace("sample", "guessed") + "points: 1\nwhen: 'true'\n", "status"),
        (HEAD + "1: x\n", "quote it"),
        (HEAD + "[a]: x\n", "quote it"),
        (HEAD + "points: 123456789012345678901\nwhen: 'true'\n", "unusable value"),
        (HEAD + "points: !!binary aGk=\nwhen: 'true'\n", "unusable value"),
        (HEAD + "points: !!python/object:os.system {}\n", "cannot be read"),
        (HEAD + "points: !!timestamp [2026-01-01]\n", "cannot be read"),
        (HEAD + "points: !!bool 5\n", "cannot be read"),
        (HEAD + "points: !!int ''\n", "cannot be read"),
        (HEAD + "points: &a [*a]\n", "cannot be read"),
        (HEAD + "a0: &a0 [x]\n" + MULTIPLIED + "points: 1\nwhen: 'true'\n", "more than 1000000 values"),
        ("just text", "must hold one policy"),
        ("", "must hold one policy"),
        ("a: [", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_what_is_not_wholly_understood_is_refused_with_its_file(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert "fines.yaml" in str(caught.value)
    assert named in str(caught.value)
    assert caught.value.status == 503


def test_missing_and_undecodable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy file"):
        PolicySet.load(tmp_path, Fine)
    with pytest.raises(PolicyError, match="gone"):
        PolicySet.load(tmp_path / "gone.yaml", Fine)
    (tmp_path / "latin.yaml").write_bytes(b"id: \xe9\n")
    with pytest.raises(PolicyError, match="latin"):
        PolicySet.load([tmp_path / "latin.yaml"], Fine)


def test_scalars_keep_their_plain_meaning(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "a: no\nb: 010\nc: 12:30\nd: true\ne: 5_000\nf: 0x10\ng: ~\nh: 1.10\non: yes\n", encoding="utf-8"
    )
    assert read_policy_file(path) == [
        {
            "a": "no",
            "b": "010",
            "c": "12:30",
            "d": True,
            "e": "5_000",
            "f": "0x10",
            "g": None,
            "h": 1.1,
            "on": "yes",
        }
    ]


def test_the_hash_is_of_the_content_and_not_of_its_layout(tmp_path: Path) -> None:
    first = load(tmp_path, HEAD + "points: 1\nwhen: 'true'\n").all()[0]
    moved = load(tmp_path, "when: 'true'   # note\npoints: 1\n" + HEAD).all()[0]
    other = load(tmp_path, HEAD + "points: 2\nwhen: 'true'\n").all()[0]
    assert first.hash == moved.hash != other.hash
    assert len(first.hash) == 64


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000))
def test_points_are_read_exactly_as_written(points: Decimal) -> None:
    content: dict[str, Any] = {
        "id": "x",
        "version": 1,
        "effective_from": "2026-01-01",
        "legal_basis": ["甲"],
        "status": "sample",
        "points": float(points),
        "when": "true",
    }
    assert Fine.parse(content).points == points
    assert rfc8785.dumps(Fine.parse(content).content) == rfc8785.dumps(content)


def test_a_policy_made_in_code_has_a_hash_too() -> None:
    fine = Fine(
        id="x",
        version="1",
        effective_from=date(2026, 1, 1),
        legal_basis=["甲"],
        status="sample",
        points=Decimal(1),
        when=Condition("kind == 'a'", FACTS),
    )
    assert Fine.parse(fine.content).hash != "" and fine.content["when"] == "kind == 'a'"
