"""The models accept and refuse what the published JSON schema does, and their own schema does too."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import rfc8785
from contracts.documents.canonical import canonical_bytes
from contracts.documents.schemas import Submission, submission_json_schema
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from .samples import ABSENT, Document, changed, domestic, load, lowprice, outbound

PUBLISHED = jsonschema.Draft202012Validator(load("contract.schema"))
GENERATED = jsonschema.Draft202012Validator(submission_json_schema())
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    1.5,
    "",
    "x",
    "2026-11-20",
    [],
    {},
    ["x"],
    250,
    "CNY",
)


def accepted(document: Any) -> bool:
    try:
        Submission.model_validate(document)
    except ValidationError:
        return False
    return True


def places(node: Any, path: str = "") -> Iterator[str]:
    """The path of every value inside, containers included."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from _below(child, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for at, child in enumerate(node):
            yield from _below(child, f"{path}[{at}]")


def _below(child: Any, path: str) -> Iterator[str]:
    yield path
    yield from places(child, path)


def mutations(document: Document, chance: random.Random, count: int) -> Iterator[tuple[str, Document]]:
    """Single changes: a value replaced, removed, a field added, an element repeated."""
    everywhere = list(places(document))
    for _ in range(count):
        path = chance.choice(everywhere)
        kind = chance.randrange(4)
        if kind == 0:
            yield f"{path} removed", changed(document, {path: ABSENT})
        elif kind == 1:
            value = chance.choice(VALUES)
            yield f"{path} = {value!r}", changed(document, {path: copy.deepcopy(value)})
        elif kind == 2:
            yield f"{path} with a field more", changed(document, {path: _with_field})
        else:
            yield f"{path} twice", changed(document, {path: _doubled})


def _with_field(value: Any) -> Any:
    return value | {"extra": 1} if isinstance(value, dict) else [value]


def _doubled(value: Any) -> Any:
    return value + value if isinstance(value, str | list) else [value, value]


def test_the_samples_are_accepted_by_all() -> None:
    for document in (domestic(), outbound(), lowprice()):
        assert accepted(document)
        assert PUBLISHED.is_valid(document)
        assert GENERATED.is_valid(document)


@pytest.mark.parametrize("name", ["contract-domestic", "contract-outbound", "contract-lowprice-suspect"])
def test_models_and_schemas_agree_on_mutated_samples(name: str) -> None:
    chance = random.Random(name)
    refused = 0
    for what, document in mutations(load(name), chance, 130):
        verdict = PUBLISHED.is_valid(document)
        refused += not verdict
        assert accepted(document) is verdict, what
        assert GENERATED.is_valid(document) is verdict, what
    assert 30 < refused < 125


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("itinerary[0].date", "2026-02-30"),
        ("itinerary[0].date", "٢٠٢٦-١١-٢٠"),
        ("travelers[0].birth_date", "0001-01-01"),
        ("contract.signed_at", "2026-11-20T25:00:00+08:00"),
        ("contract.signed_at", "2026-11-20T10:00:00+99:00"),
        ("contract.signed_at", "2026-11-20T10:00:00\n+08:00"),
        ("group.return_at", "9999-12-31T23:59:59Z"),
        ("fees.total_fen", 2**53),
        ("cancellation.cap_percent", 10**30),
    ],
)
def test_what_has_the_form_only_is_refused_beyond_the_schema(path: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        Submission.model_validate(changed(domestic(), {path: value}))
    assert len(error.value.errors()) == 1


def test_instants_of_all_spellings_are_read() -> None:
    for text in ("2026-11-20T10:30:15Z", "2026-11-20T10:30:15.123456789+08:00", "2026-11-20T00:00:00-11:30"):
        assert accepted(changed(domestic(), {"contract.signed_at": text}))


def test_the_schema_is_json() -> None:
    schema = json.loads(json.dumps(submission_json_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "default" not in json.dumps(schema)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abcxyz_AZ019", min_size=1), inner),
        max_leaves=15,
    )
)
def test_the_fast_canonical_form_is_rfc_8785(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)
