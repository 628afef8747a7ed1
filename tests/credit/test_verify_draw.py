"""The stand-alone verifier: what it accepts, what it refuses and why; it agrees with the platform's."""

import importlib.util
import json
import math
import random
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from common.ledger.strict import canonical
from credit.draws.rules import Inputs, SealedDraw, Stratum, check_seal, draw, share, verify_draw
from credit.draws.rules.inputs import most_drawn

from .forging import (
    BEFORE,
    FROZEN_WRONG,
    LATE,
    LOG,
    TIERS,
    WITNESS,
    Forge,
    seal_bundle,
    tamperings,
    void_tamperings,
)

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_draw.py"
KEY, WITNESS_KEY = str(LOG.verifier), str(WITNESS.verifier)


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_draw_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script: Any = _load()


def reason_of(raw: bytes, witness: bool = True, kept: bytes | None = None) -> str | None:
    """Why the script refuses a bundle; None when it accepts it."""
    try:
        script.verify(raw, script.vkey(KEY, 1), script.vkey(WITNESS_KEY, 4) if witness else None, kept)
    except Exception as error:
        return f"{error}"
    return None


def run(raw: bytes, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as a stranger runs it: no site packages, no environment, nothing of the platform."""
    file = folder / "bundle.json"
    file.write_bytes(raw)
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(file), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env={"PYTHONUTF8": "1"}, check=False
    )


def test_it_is_short_and_needs_the_standard_library_only() -> None:
    source = SCRIPT.read_text("utf-8")
    assert len(source.splitlines()) <= 150
    imported = next(line for line in source.splitlines() if line.startswith("import "))
    assert set(imported.removeprefix("import ").split(", ")) <= sys.stdlib_module_names


CAUSES = ("not_committed", "not_sealed", "not_revealed")


def test_it_accepts_drawn_and_void_bundles(tmp_path: Path) -> None:
    keys = ("--key", KEY, "--witness", WITNESS_KEY)
    for void in (None, *CAUSES):
        raw = Forge(41, void=void).bytes()
        answer = run(raw, tmp_path, *keys)
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stderr
        assert ("void" in answer.stdout) == bool(void)
        verdict = verify_draw(raw, KEY, WITNESS_KEY)
        assert verdict.ok and verdict.facts.get("cause") == void, verdict.reason.en
    assert run(Forge(41).bytes(), tmp_path, "--key", KEY).returncode == 0
    assert "missing: nobody" in run(Forge(41, void="not_sealed").bytes(), tmp_path, *keys).stdout


def test_it_refuses_other_keys_with_exit_1(tmp_path: Path) -> None:
    raw = Forge(41).bytes()
    answer = run(raw, tmp_path, "--key", WITNESS_KEY)
    assert answer.returncode == 1 and "another kind" in answer.stderr
    other = str(type(LOG)(LOG.name, LOG.algorithm, sha256(b"other").digest()).verifier)
    answer = run(raw, tmp_path, "--key", other)
    assert answer.returncode == 1 and "not signed by the log" in answer.stderr
    assert run(raw, tmp_path / ".", "--key", KEY[:-4]).returncode == 1


def _by_tier() -> Forge:
    """A drawn bundle with strata by tier, recusals, and an object of each tier left undrawn."""
    for seed in range(1000, 2000):
        forge = Forge(seed)
        frozen = forge.frozen
        by_tier = frozen["strata"][0]["ratio_bp"] is not None
        several = len(frozen["strata"]) > 2 and 2 < frozen["count"] < len(frozen["objects"])
        if by_tier and frozen["recusals"] and several:
            return forge
    raise AssertionError("no such draw")


BY_TIER = _by_tier()
VOID = next(
    forge
    for forge in (Forge(seed, void="not_revealed") for seed in range(50, 90))
    if len(forge.content["reveals"]) > 1
)
FIELD = re.compile(r"^(\w+): missing or misshapen$")


def platform_says(reason: str) -> str:
    """How the platform words the reason that the script gives, where it uses the words of the ledger."""
    if FIELD.match(reason):
        return "A field is missing, unknown or of the wrong form"
    return {
        "the bundle is not signed by the log": "not signed by the given key|The signature does not verify",
        "the checkpoint is not signed by the log": "The signature does not verify",
        "the witness has not cosigned": "not signed by the given key|The signature does not verify",
        "the bytes are not their own canonical form": "not their own canonical form",
    }.get(reason, re.escape(reason))


def check(name: str, raw: bytes, reason: str) -> None:
    """Both refuse, each with its reason."""
    assert reason_of(raw) == reason, name
    verdict = verify_draw(raw, KEY, WITNESS_KEY)
    assert not verdict.ok, f"{name}: the platform accepts it"
    proof = (
        "proof does not lead to the root|tree sizes do not fit" if "took in" in reason else "no such words"
    )
    said = f"{platform_says(reason)}|{proof}|fewer than two" if FIELD.match(reason) else platform_says(reason)
    assert re.search(f"{said}|{proof}", verdict.reason.en), (name, verdict.reason.en)


def test_named_tamperings_are_refused_each_with_its_reason(tmp_path: Path) -> None:
    assert reason_of(BY_TIER.bytes()) is None and verify_draw(BY_TIER.bytes(), KEY, WITNESS_KEY).ok
    reasons = {}
    for name, raw, reason in [*tamperings(BY_TIER), *void_tamperings(VOID)]:
        assert raw not in (BY_TIER.bytes(), VOID.bytes()), name
        check(name, raw, reason)
        reasons[name] = reason
    for name, reason in reasons.items():
        print(f"{name}: {reason}")
    assert len(reasons) >= 50 and len(set(reasons.values())) >= 30
    order = next(raw for name, raw, _ in tamperings(BY_TIER) if name == "order")
    answer = run(order, tmp_path, "--key", KEY)
    assert answer.returncode == 1 and reasons["order"] in answer.stderr


@pytest.mark.parametrize("name", FROZEN_WRONG)
def test_inputs_that_make_no_lawful_draw_are_refused_even_if_they_were_logged(name: str) -> None:
    change, reason = FROZEN_WRONG[name]
    seed = next(
        seed
        for seed in range(1000, 2000)
        if (frozen := Forge(seed).frozen)["strata"][0]["ratio_bp"] is not None and len(frozen["strata"]) > 1
    )
    check(name, Forge(seed, change=change).bytes(), reason)


def test_the_operator_does_not_choose_the_checkpoint() -> None:
    """Every later tree gives another result, and none of them is accepted."""
    found = {seal_bundle(Forge(1011, behind=n).content, LOG) for n in range(1, 12)}
    assert len({json.loads(raw)["seed"] for raw in found}) == 11
    for raw in found:
        check("later", raw, "it is not the first checkpoint that holds all entries")


@pytest.mark.parametrize("at", [BEFORE, LATE])
def test_a_witness_who_signed_before_the_draw_or_too_late_seals_nothing(at: datetime) -> None:
    """Whoever holds the log's key and orders the log anew, knowing the secrets, finds the witness late."""
    raw = Forge(1011, at=at).bytes()
    check("out of time", raw, "the witness did not cosign in time")
    assert reason_of(raw, witness=False) is None and verify_draw(raw, KEY).ok
    check("unrevealed", Forge(1012, void="not_revealed", at=at).bytes(), "the witness did not cosign in time")
    for cause in ("not_committed", "not_sealed"):
        assert reason_of(Forge(1013, void=cause, at=LATE).bytes()) is None


def test_the_edges_of_the_time_for_sealing() -> None:
    frozen = Forge(1011).frozen
    for name in ("created_at", "seal_by"):
        at = datetime.fromisoformat(frozen[name])
        assert (
            reason_of(Forge(1011, at=at).bytes()) is None
            and verify_draw(Forge(1011, at=at).bytes(), KEY, WITNESS_KEY).ok
        )
    within = Forge(1011, change=lambda f: f.update(created_at="2026-11-23T02:00:00.900000Z")).bytes()
    assert reason_of(within) is None and verify_draw(within, KEY, WITNESS_KEY).ok


def check_kept(raw: bytes, kept: dict[str, Any], reason: str | None) -> None:
    written = json.dumps(kept).encode()
    assert reason_of(raw, kept=written) == reason
    verdict = verify_draw(raw, KEY, WITNESS_KEY, written)
    assert (None if verdict.ok else verdict.reason.en) == reason


def test_a_kept_seal_holds_its_draw_and_refutes_any_other(tmp_path: Path) -> None:
    drawn, void = Forge(41), Forge(41, void="not_revealed")
    check_kept(drawn.bytes(), drawn.sealed | {"size": 3}, None)
    check_kept(void.bytes(), void.sealed, None)
    # The operator saw the secrets, logged none of them, and calls the draw not sealed.
    unsealed = Forge(42, void="not_sealed")
    check_kept(unsealed.bytes(), unsealed.sealed, "the kept seal shows that the draw was sealed in time")
    # He put the entries into the log a second time, where he liked the result.
    again = Forge(41)
    again.content |= again.logged(again.documents)
    again.draw_again(again.content)
    assert reason_of(again.bytes()) is None
    check_kept(again.bytes(), drawn.sealed, "the draw is not of the seal that was kept")
    kept = json.dumps(drawn.sealed).encode()
    assert reason_of(drawn.bytes(), witness=False, kept=kept) == "a kept seal needs the witness's key"
    assert not verify_draw(drawn.bytes(), KEY, None, kept).ok
    (tmp_path / "seal.json").write_text(json.dumps(unsealed.sealed))
    keys = ("--key", KEY, "--witness", WITNESS_KEY, "--seal", "seal.json")
    answer = run(unsealed.bytes(), tmp_path, *keys)
    assert answer.returncode == 1 and "sealed in time" in answer.stderr


def test_a_seal_holds_the_commitments_of_all() -> None:
    """What a log and its witness can show of a draw to which not all committed is no seal of it."""
    void = Forge(44, void="not_committed")
    own = {name: void.content[name] for name in ("checkpoint", "cosignature", "proofs")}
    for kept in (own, own | {"proofs": own["proofs"][:-1]}, void.sealed, Forge(44).sealed):
        check_kept(void.bytes(), kept, "the kept seal needs all commitments, and one is missing")


WHOLE = Forge(41).sealed
WRONG_SEALS = {
    "null": b"null",
    "no names": b"{}",
    "a list": b"[]",
    "pairs": json.dumps(list(WHOLE.items())).encode(),
    "zero": b"0",
    "false": b"false",
    "an empty text": b'""',
    "no JSON": b"x",
    "nothing at all": b"",
    "no proofs": json.dumps({**WHOLE, "proofs": None}).encode(),
    "no cosignature": json.dumps({n: WHOLE[n] for n in ("checkpoint", "proofs")}).encode(),
    "a number for a checkpoint": json.dumps(WHOLE | {"checkpoint": 5}).encode(),
    "a field of a proof too many": json.dumps(
        WHOLE | {"proofs": [one | {"x": 1} for one in WHOLE["proofs"]]}
    ).encode(),
    "a name twice": b'{"checkpoint": "x", ' + json.dumps(WHOLE).encode()[1:],
    "no number": json.dumps(WHOLE | {"size": math.nan}).encode(),
    "another alphabet": json.dumps(WHOLE).encode("utf-16"),
}


@pytest.mark.parametrize("void", [None, "not_sealed"])
def test_what_is_no_seal_is_refused_and_never_passed_over(void: str | None) -> None:
    raw = Forge(41, void=void).bytes()
    assert reason_of(raw) is None
    for name, wrong in WRONG_SEALS.items():
        assert reason_of(raw, kept=wrong) is not None, name
        assert not verify_draw(raw, KEY, WITNESS_KEY, wrong).ok, name


def test_an_argument_that_is_empty_is_not_one_left_out(tmp_path: Path) -> None:
    """A variable of a shell that is not set, or a view saved when there was no seal, checks nothing."""
    raw, keys = Forge(41, void="not_sealed").bytes(), ("--key", KEY, "--witness", WITNESS_KEY)
    for name in ("null", "no names", "zero"):
        (tmp_path / "seal.json").write_bytes(WRONG_SEALS[name])
        answer = run(raw, tmp_path, *keys, "--seal", "seal.json")
        assert (answer.returncode, answer.stdout) == (1, ""), name
        assert "invalid: checkpoint: missing or misshapen" in answer.stderr, name
    for arguments in ((*keys, "--seal", ""), ("--key", KEY, "--witness", "")):
        answer = run(raw, tmp_path, *arguments)
        assert (answer.returncode, answer.stdout) == (1, ""), arguments


def test_an_officer_reveals_only_what_log_and_witness_have() -> None:
    """Each lie of a service that calls a draw sealed, with the reason for which the secret stays hidden."""
    forge = Forge(43)
    made = [(one["officer"], one["commitment"]) for one in forge.content["commitments"]]
    (officer, own), draw_id = made[0], forge.frozen["draw_id"]

    def judged(
        forge: Forge = forge, made: Any = made, own: str = own, draw: str = draw_id, **seal: Any
    ) -> str:
        said = SealedDraw(canonical(forge.frozen), forge.sealed | seal, made)
        verdict = check_seal(said, draw, officer, own, KEY, WITNESS_KEY)
        return "" if verdict.ok else verdict.reason.en

    assert judged() == ""
    late = Forge(43, at=LATE).sealed["cosignature"]
    assert judged(cosignature=late) == "the witness did not cosign in time"
    line = forge.sealed["cosignature"]
    assert "signature" in judged(cosignature=line[:-20] + ("A" if line[-20] != "A" else "B") + line[-19:])
    assert judged(own="00" * 32) == "your own commitment is not among them"
    other = [(officer, "00" * 32), *made[1:]]
    assert judged(made=other, own="00" * 32) == "draw_committed: the document is not what the log took in"
    assert judged(made=made[:1]) == "the commitments are not those of the officers"
    assert judged(draw="x") == "these are the inputs of another draw"
    assert judged(proofs=[]) == "an entry is not proven"
    behind = Forge(43, behind=2)
    longer = {name: behind.content[name] for name in ("checkpoint", "cosignature", "proofs")}
    assert judged(behind, **longer) == "it is not the first checkpoint that holds all entries"
    changed = Forge(43)
    changed.frozen["seal_by"] = "2026-11-24T23:00:00.000000Z"
    assert judged(changed) == "draw_frozen: the document is not what the log took in"
    assert "form" in judged(proofs=None) and "form" in judged(checkpoint=5)


def test_any_byte_changed_is_refused() -> None:
    raw = Forge(43).bytes()
    chance = random.Random(5)
    for _ in range(60):
        place = chance.randrange(len(raw))
        changed = raw[:place] + bytes([raw[place] ^ (1 + chance.randrange(255))]) + raw[place + 1 :]
        assert reason_of(changed) is not None, place


def disturbed(forge: Forge) -> bytes:
    """A bundle in which one value, anywhere, is another; signed again."""
    chance, content = forge.chance, json.loads(json.dumps(forge.content))
    place: Any = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chance.choice(keys)
        if not isinstance(place[key], dict | list) or not place[key] or chance.random() < 0.1:
            break
        place = place[key]
    other: list[Any] = [
        None,
        True,
        0,
        1,
        10**15,
        2**60,
        1.5,
        -1,
        "",
        "x",
        "00" * 32,
        [],
        {},
        [None],
        {"a": 1},
    ]
    kind = chance.randrange(4)
    if kind == 0 and isinstance(place, dict):
        del place[key]
    elif kind == 1 and isinstance(place, dict):
        place["extra"] = chance.choice(other)
    elif kind == 2 and isinstance(place, list):
        place.append(place[key])
    else:
        place[key] = chance.choice(other)
    try:
        return seal_bundle(content, LOG)
    except Exception:
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def agree(seeds: range) -> Counter[str]:
    """Both verifiers judge random bundles, whole and tampered with, in the same way."""
    found: Counter[str] = Counter()
    for seed in seeds:
        forge = Forge(seed, void=CAUSES[seed % 3] if seed % 4 == 0 else None)
        raw = disturbed(forge) if seed % 2 else forge.bytes()
        platform, reason = verify_draw(raw, KEY, WITNESS_KEY), reason_of(raw)
        assert platform.ok == (reason is None), (seed, platform.reason.en, reason)
        assert verify_draw(raw, KEY).ok == (reason_of(raw, witness=False) is None), seed
        found["valid" if platform.ok else "invalid"] += 1
    return found


def test_it_agrees_with_the_platform() -> None:
    found = agree(range(60))
    assert found["valid"] >= 25 and found["invalid"] >= 20


def test_a_province_of_guides_is_drawn_alike_by_tree_and_by_walk() -> None:
    """19,000 objects of four weights at two per cent, which one draw may take; the script walks the list."""
    chance = random.Random(5)
    weights = {f"{number:08d}": chance.choice((200, 500, 3_000, 10_000)) for number in range(19_000)}
    people = ("inspector-1", "inspector-2", "inspector-3")
    assert most_drawn(len(weights), len(people)) == 2_000 and most_drawn(700_000, 3) == 428
    frozen = {
        "objects": [{"id": item, "stratum": "all", "weight": weight} for item, weight in weights.items()],
        "strata": [{"id": "all", "count": 380}],
        "inspectors": [{"id": one, "department": None, "expertise": []} for one in people],
        "recusals": [],
        "expertise": [],
        "min_departments": 1,
        "inspectors_per_object": 2,
    }
    picks = draw(b"\7" * 32, Inputs(weights, people, frozenset(), 380, 2))
    walked = list(script.draw(b"\7" * 32, frozen))
    assert [(one.object, [*one.inspectors]) for one in picks] == [
        (one["object"], one["inspectors"]) for one in walked
    ]


@pytest.mark.full
def test_it_agrees_with_the_platform_on_thousands_of_draws() -> None:
    found = agree(range(10_000, 13_000))
    print(dict(found))
    assert found["valid"] >= 1400 and found["invalid"] >= 1300


@pytest.mark.full
def test_every_byte_counts() -> None:
    raw = Forge(47).bytes()
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ (1 + place % 255)]) + raw[place + 1 :]
        assert reason_of(changed) is not None, place


def chi_square_p(statistic: float, freedom: int) -> float:
    """P(chi-square with `freedom` degrees of freedom > statistic): the regularised upper gamma function."""
    s, x = freedom / 2, statistic / 2
    if x < s + 1:
        term = total = 1 / s
        for n in range(1, 10_000):
            term *= x / (s + n)
            total += term
            if term < total * 1e-15:
                break
        return 1 - total * math.exp(-x + s * math.log(x) - math.lgamma(s)) if x > 0 else 1.0
    b, c = x + 1 - s, 1e300
    d = 1 / b
    h = d
    for n in range(1, 10_000):
        a = -n * (n - s)
        b += 2
        d, c = 1 / (a * d + b), b + a / c
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h * math.exp(-x + s * math.log(x) - math.lgamma(s))


def test_the_chi_square_function_gives_known_values() -> None:
    for statistic, freedom, p in ((3.841, 1, 0.05), (16.266, 3, 0.001), (18.307, 10, 0.05), (2.0, 4, 0.7358)):
        assert abs(chi_square_p(statistic, freedom) - p) < 1e-3


def fit(draws: int, seed: str) -> dict[str, float]:
    """Over many draws: tiers by their ratios exactly, objects of a tier alike, inspectors' loads alike."""
    sizes = {"A": 150, "B": 40, "C": 10, "D": 3}
    weights = {f"{tier}{n:03d}": TIERS[tier] for tier, size in sizes.items() for n in range(size)}
    strata = tuple(
        Stratum(tier, frozenset(o for o in weights if o[0] == tier), share(size, TIERS[tier]))
        for tier, size in sizes.items()
    )
    people = tuple(f"i{n}" for n in range(9))
    inputs = Inputs(weights, people, frozenset(), sum(s.count for s in strata), 2, strata)
    objects: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for n in range(draws):
        picks = draw(sha256(f"{seed}{n}".encode()).digest(), inputs)
        assert Counter(pick.object[0] for pick in picks) == {s.id: s.count for s in strata}
        loads = Counter(one for pick in picks for one in pick.inspectors)
        assert max(loads.values()) - min(loads.get(one, 0) for one in people) <= 1
        objects.update(pick.object for pick in picks)
        first.update([picks[0].inspectors[0]])
    found = {}
    for stratum in strata[:3]:
        expected = draws * stratum.count / len(stratum.objects)
        spread = 1 - stratum.count / len(stratum.objects)
        statistic = sum((objects[o] - expected) ** 2 / (expected * spread) for o in stratum.objects)
        statistic *= (len(stratum.objects) - 1) / len(stratum.objects)
        found[f"objects of tier {stratum.id}"] = chi_square_p(statistic, len(stratum.objects) - 1)
    expected = draws / len(people)
    statistic = sum((first[one] - expected) ** 2 / expected for one in people)
    found["first inspector"] = chi_square_p(statistic, len(people) - 1)
    by_weight = Inputs(TIERS, people, frozenset(), 1, 2)
    chosen = Counter(draw(sha256(f"{seed}w{n}".encode()).digest(), by_weight)[0].object for n in range(draws))
    total = sum(TIERS.values())
    statistic = sum((chosen[t] - draws * w / total) ** 2 / (draws * w / total) for t, w in TIERS.items())
    found["tiers by weight"] = chi_square_p(statistic, len(TIERS) - 1)
    for name, p in found.items():
        print(f"chi-square, {draws} draws, {name}: p = {p:.4f}")
    return found


def test_ratios_and_loads_match_over_many_draws() -> None:
    assert min(fit(600, "small").values()) > 0.001


@pytest.mark.full
def test_ratios_and_loads_match_over_very_many_draws() -> None:
    assert min(fit(20_000, "large").values()) > 0.001
