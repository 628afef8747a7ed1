"""The algorithm of the draw by itself: as a stranger writes it from the guide, fair in loads and chances."""

import bisect
import itertools
from collections import Counter
from hashlib import sha256
from uuid import uuid4

import pytest
from credit.draws.rules import Inputs, commitment_of, draw, seed_of
from hypothesis import given, settings
from hypothesis import strategies as st

weights = st.dictionaries(
    st.text("abcdef0123", min_size=1, max_size=6), st.integers(1, 10_000), min_size=1, max_size=30
)


@given(weights, st.binary(min_size=32, max_size=32), st.integers(2, 6), st.data())
@settings(max_examples=80, deadline=None)
def test_a_draw_is_deterministic_fair_in_load_and_respects_recusals(
    weighted: dict[str, int], seed: bytes, people: int, data: st.DataObject
) -> None:
    inspectors = tuple(f"i{n}" for n in range(people + 2))
    recused = data.draw(
        st.sets(st.tuples(st.sampled_from(inspectors[:people]), st.sampled_from(sorted(weighted))))
    )
    count = data.draw(st.integers(1, len(weighted)))
    inputs = Inputs(weighted, inspectors, frozenset(recused), count, 2)
    picks = draw(seed, inputs)
    shuffled = Inputs(dict(reversed(weighted.items())), inspectors[::-1], frozenset(recused), count, 2)
    assert draw(seed, shuffled) == picks
    assert len({pick.object for pick in picks}) == count
    for pick in picks:
        assert len(set(pick.inspectors)) == 2
        assert not any((inspector, pick.object) in recused for inspector in pick.inspectors)
    if not recused:
        loads = Counter(dict.fromkeys(inspectors, 0))
        loads.update(inspector for pick in picks for inspector in pick.inspectors)
        assert max(loads.values()) - min(loads.values()) <= 1


def test_over_many_draws_chances_follow_the_weights() -> None:
    weighted = {"a": 200, "b": 500, "c": 3000, "d": 10_000}
    inputs = Inputs(weighted, ("x", "y"), frozenset(), 1, 2)
    draws = 6000
    found = Counter(draw(sha256(str(n).encode()).digest(), inputs)[0].object for n in range(draws))
    total = sum(weighted.values())
    chi = sum((found[k] - draws * w / total) ** 2 / (draws * w / total) for k, w in weighted.items())
    assert chi < 16.27, f"chi-square {chi:.2f} with 3 degrees of freedom (0.1 % limit 16.27)"


def written_again(seed: bytes, inputs: Inputs) -> list[list[str]]:
    """The guide's algorithm in another hand: cumulative bounds instead of a walk, one dictionary of lots."""
    left = sorted(inputs.weights)
    load = dict.fromkeys(inputs.inspectors, 0)
    found: list[list[str]] = []
    counter = 0
    while len(found) < inputs.count:
        total = sum(inputs.weights[item] for item in left)
        number = 1 << 256
        while number >= (1 << 256) // total * total:
            number = int(sha256(seed + b"object" + counter.to_bytes(8, "big")).hexdigest(), 16)
            counter += 1
        bounds = list(itertools.accumulate(inputs.weights[item] for item in left))
        item = left.pop(bisect.bisect_right(bounds, number % total))
        lots = {
            name: (load[name], sha256(seed + b"inspector" + item.encode() + b"\0" + name.encode()).digest())
            for name in inputs.inspectors
            if (name, item) not in inputs.recusals
        }
        chosen = sorted(lots, key=lots.__getitem__)[: inputs.inspectors_per_object]
        for name in chosen:
            load[name] += 1
        found.append([item, *chosen])
    return found


@given(weights, st.binary(min_size=32, max_size=32), st.data())
@settings(max_examples=80, deadline=None)
def test_a_stranger_who_follows_the_guide_draws_the_same(
    weighted: dict[str, int], seed: bytes, data: st.DataObject
) -> None:
    names = ("x", "y", "z", "w")
    recused = data.draw(st.sets(st.tuples(st.sampled_from(names[:2]), st.sampled_from(sorted(weighted)))))
    inputs = Inputs(weighted, names, frozenset(recused), data.draw(st.integers(1, len(weighted))), 2)
    assert [[pick.object, *pick.inspectors] for pick in draw(seed, inputs)] == written_again(seed, inputs)


def test_commitment_and_seed_are_the_plain_hashes_of_the_guide() -> None:
    secret, draw_id = bytes(range(32)), str(uuid4())
    plain = sha256(b"tourtrust.draw.commitment/1" + draw_id.encode() + b"officer-a" + secret).hexdigest()
    assert commitment_of(draw_id, "officer-a", secret) == plain
    reveals = {"b": b"\x02" * 32, "a": b"\x01" * 32}
    plain_seed = sha256(b"tourtrust.draw.seed/1" + bytes(32) + b"\x01" * 32 + b"\x02" * 32).digest()
    assert seed_of(bytes(32), reveals) == plain_seed
    with pytest.raises(ValueError, match="32 bytes"):
        commitment_of(draw_id, "officer-a", b"short")
