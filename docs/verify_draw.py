# fmt: off
# ruff: noqa: B023, B905, E401, E501, E701, E704, I001, PTH123, SIM115
"""Draw an inspection again from its bundle; docs/guides/draw.md explains every step. Standard library only. Usage: python verify_draw.py BUNDLE
--key LOG_VKEY [--witness WITNESS_VKEY [--seal KEPT_SEAL]]. Exit 0 or 1 with the reason. Keys inside a bundle prove nothing: bring your own."""
import argparse, base64, bisect, collections, datetime, hashlib, hmac, itertools, json, re, sys
def obj(**kinds): return "{" + ",".join(f'"{name}":{kinds[name]}' for name in sorted(kinds)) + "}"  # as it stands in the file
def many(kind): return rf"\[({kind}(,{kind})*)?\]"
TEXT, INT, COUNT, HEX, B64 = r'"([^"\\]|\\.)+"', "(0|[1-9][0-9]{0,14})", "[1-9][0-9]{0,14}", '"[0-9a-f]{64}"', "[A-Za-z0-9+/]"
UUID, TIME = '"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"', '"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}[.][0-9]{6}Z"'
NAME, RATIO, TEXTS = f"(null|{TEXT})", f"(null|{INT})", many(TEXT)
FROZEN = {"format": '"tourtrust-draw-inputs/3"', "recusals": many(obj(inspector=TEXT, object=UUID, reason=TEXT, by=TEXT, source='"(library|request)"')),
    "by_hand": obj(inspectors=INT, recused=INT, recused_bp=INT, excluded=INT, excluded_bp=INT), "inspectors_per_object": "([2-9]|[1-9][0-9]{1,14})",
    "strata": many(obj(id=TEXT, ratio_bp=RATIO, objects=INT, weight=RATIO, count=INT)), "exclusions": many(obj(object=UUID, reason=TEXT, by=NAME)),
    "objects": many(obj(id=UUID, key=NAME, tier=NAME, stratum=TEXT, weight=COUNT)), "inspectors": many(obj(id=TEXT, department=NAME, expertise=TEXTS)),
    "digests": obj(objects=HEX, inspectors=HEX, recusals=HEX, exclusions=HEX), "task": obj(plan=NAME, plan_version=RATIO, no=NAME, items=TEXTS),
    "policy": obj(id=TEXT, version=TEXT, hash=HEX), "number": '"DRAW-[0-9]{4}-[0-9]{6,9}"', "algorithm": '"weighted-draw/2"', "min_departments": COUNT,
    "redraw_of": f"null|{UUID}", "region": '"[0-9]{6}"', "created_at": TIME, "expertise": TEXTS, "commit_by": TIME, "reveal_by": TIME, "draw_id": UUID,
    "officers": TEXTS, "frozen_by": TEXT, "seal_by": TIME, "purpose": TEXT, "kinds": TEXTS, "tiers": TEXTS, "count": COUNT}
SEAL = {"checkpoint": TEXT, "cosignature": rf'"— [!#-*,-\[\]-~]+ {B64}{{101}}[AQgw]==\\n"', "proofs": many(obj(salt=HEX, leaf_index=INT, inclusion_proof=many(HEX)))}
BUNDLE = {"format": '"tourtrust-draw/3"', "commitments": many(obj(officer=TEXT, commitment=HEX)), "result": many(obj(object=UUID, inspectors=TEXTS)),
    "cause": 'null|"not_(committed|sealed|revealed)"', "signature": f'"{B64}{{90}}[AEIMQUYcgkosw048]="', "reveals": many(obj(officer=TEXT, secret=HEX)),
    "seal": f"null|{obj(**SEAL)}", "outcome": '"(drawn|void)"', "seed": f"null|{HEX}", "closed_at": TIME, "missing": TEXTS, "frozen": ".*", **SEAL}
def once(pairs): return need(len(dict(pairs)) == len(pairs), "a name stands twice") or dict(pairs)
def need(holds, reason):
    if not holds: raise ValueError(reason)
def sha256(*parts): return hashlib.sha256(b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)).digest()
def b64(data): return base64.b64encode(data).decode()
def canon(value): return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))  # RFC 8785, for such values
P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519: RFC 8032, 5.1.3 and 5.1.7
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
def plus(a, b):
    m, n, o, p = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0]), 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    return (n - m) * (p - o) % P, (p + o) * (n + m) % P, (p - o) * (p + o) % P, (n - m) * (n + m) % P
def times(n, p): return plus(times(n - 1, p), p) if n & 1 else times(n >> 1, plus(p, p)) if n else (0, 1, 1, 0)
def point(raw):
    xx = ((y := int.from_bytes(raw, "little") & (1 << 255) - 1) * y - 1) * pow(D * y * y + 1, -1, P) % P
    roots = [pow(xx, (P + 3) // 8, P) * sort % P for sort in (1, -1, ROOT, -ROOT)]
    return next(((x, y, 1, x * y % P) for x in roots if y < P and x * x % P == xx and x & 1 == raw[31] >> 7), None)
def vkey(text, kind):  # a key's text form: name+id+base64(kind || key); gives also how long its signatures are
    key_id = sha256(name := text.split("+")[0], "\n", data := base64.b64decode(text.split("+", 2)[2]))[:4]
    need(text == f"{name}+{key_id.hex()}+{b64(data)}" and (data[0], len(data)) == (kind, 33), "a key is misspelt or of another kind")
    return name, key_id, data[1:], {1: 68, 4: 76}[kind]
def check_signed(key, text, form, message, reason):  # `form` with the key's name and base64(its id || time of a witness || signature)
    need(text == form.format(key[0], b64(data := base64.b64decode(text.split(" ")[-1]))) and (data[:4], len(data)) == (key[1], key[3]), reason)
    signed = message.replace("TIME", str(at := int.from_bytes(data[4:-64], "big")), len(data) > 68).encode()
    s, k = (int.from_bytes(b, "little") for b in (data[-32:], hashlib.sha512(data[-64:-32] + key[2] + signed).digest()))
    r, a, base = point(data[-64:-32]), point(key[2]), point(b"\x58" + b"\x66" * 31)
    left, right = times(s, base), plus(r, times(k % Q, a)) if r and a else base
    need(r and a and s < Q and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1)), reason)
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()
def check_inputs(frozen):
    objects, people, hand = frozen["objects"], len(frozen["inspectors"]), frozen["by_hand"]
    need(sorted({*(at := [frozen[name] for name in ("created_at", "commit_by", "seal_by", "reveal_by")])}) == at, "the times do not follow one another")
    for name, least in (("officers", 2), ("objects", 1), ("inspectors", 2), ("strata", 1)):
        need(len({*(ids := [one if name == "officers" else one["id"] for one in frozen[name]])}) == len(ids) >= least, f"{name}: too few, or one stands twice")
    for one in frozen["strata"]:
        inside = [item["weight"] for item in objects if item["stratum"] == one["id"]]
        need(one["objects"] == len(inside) >= one["count"], "the objects are not those of the strata")
        need(one["weight"] is None or set(inside) <= {one["weight"]}, "a weight is not that of its stratum")
        need(one["ratio_bp"] is None or one["count"] == -(-len(inside) * one["ratio_bp"] // 10_000), "a stratum does not draw what its ratio asks for")
    need(len(objects) == sum(one["objects"] for one in frozen["strata"]), "an object lies in no stratum")
    need(frozen["count"] == sum(one["count"] for one in frozen["strata"]), "the count is not that of the strata")
    for name in frozen["digests"]: need(sha256(canon(frozen[name])).hex() == frozen["digests"][name], f"the {name} are not those that were frozen")
    need(not {one["id"] for one in objects} & {one["object"] for one in frozen["exclusions"]}, "an excluded object is among the objects")
    recused = max(collections.Counter(item for item, _ in {(one["object"], one["inspector"]) for one in frozen["recusals"]}).values(), default=0)
    excluded = sum(one["by"] is not None for one in frozen["exclusions"])
    for name, told, whole in (("recused", recused, people), ("excluded", excluded, len(objects) + excluded)):
        need(hand[name] == told <= max(1, whole * hand[f"{name}_bp"] // 10_000), f"{name} by hand: the number is wrong, or more than is allowed")
    for item in {one["id"] for one in objects} & {one["object"] for one in frozen["recusals"]} | {""}: team(b"", item, frozen, collections.Counter())
def check_end(bundle, frozen, officers, cause):  # who did what by when
    made, told = ([one["officer"] for one in bundle[name]] for name in ("commitments", "reveals"))
    need(len({*made}) == len(made) and {*made} <= {*officers}, "the commitments are not those of the officers")
    need(len({*told}) == len(told) and {*told} <= {*made} and (not told or len(made) == len(officers)), "the secrets are not those of the officers")
    causes = ["not_committed"] if len(made) < len(officers) else [None] if len(told) == len(officers) else ["not_revealed", "not_sealed"]
    due, done = {"not_committed": ("commit_by", made), "not_sealed": ("seal_by", officers)}.get(cause, ("reveal_by", told))
    need(cause in causes[: 1 if told else 2] and (bundle["outcome"] == "void") == bool(cause), "the outcome is not what happened")
    need(bundle["missing"] == [who for who in officers if who not in done], "the missing are not those who are missing")
    need(frozen["created_at"] <= (closed := bundle["closed_at"]) and (closed > frozen[due]) == bool(cause), "the draw was not closed in its time")
def root_of(leaf, index, size, proof):  # RFC 9162, 2.1.3: the proof goes upwards from the leaf
    if size < 2 or not proof: return leaf if (index, size, proof) == (0, 1, []) else b""
    half, top = 1 << (size - 1).bit_length() - 1, bytes.fromhex(proof[-1])
    return sha256(b"\1", *((root_of(leaf, index, half, proof[:-1]), top) if index < half else (top, root_of(leaf, index - half, size - half, proof[:-1]))))
def check_log(part, documents, frozen, key, witness, timed=True):  # gives the root under which these entries of the draw stand
    (body, _, line), proofs, draw_id = part["checkpoint"].rpartition("\n\n"), part["proofs"], frozen["draw_id"]
    check_signed(key, line, "— {} {}\n", f"{body}\n", "the checkpoint is not signed by the log")
    name, size, root = body.split("\n")
    need((name, str(int(size))) == (key[0], size) and len(proofs) == len(documents), "an entry is not proven")
    for number, ((event, document), proof) in enumerate(zip(documents, proofs), 1):
        mac = hmac.digest(bytes.fromhex(proof["salt"]), sha256(canon(document | {"draw_id": draw_id})), "sha256").hex()
        leaf = sha256(b"\0", canon({"id": f"draw:{draw_id}", "version": number, "event": event, "commitment": mac}))
        need(b64(root_of(leaf, proof["leaf_index"], int(size), proof["inclusion_proof"])) == root, f"{event}: the document is not what the log took in")
    need((leaves := [proof["leaf_index"] for proof in proofs]) == sorted({*leaves}), "the entries do not stand in the log in their order")
    need(leaves[-1] + 1 == int(size), "it is not the first checkpoint that holds all entries")
    at = witness and check_signed(witness, part["cosignature"], "— {} {}\n", f"cosignature/v1\ntime TIME\n{body}\n", "the witness has not cosigned")
    need(not (at and timed) or frozen["created_at"][:19] <= at <= frozen["seal_by"], "the witness did not cosign in time")
    return base64.b64decode(root)
def draw(seed, frozen):
    loads, n = collections.Counter(), 0
    for stratum in sorted(frozen["strata"], key=lambda one: one["id"].encode()):
        left = sorted((item["id"], item["weight"]) for item in frozen["objects"] if item["stratum"] == stratum["id"])
        for _ in range(stratum["count"]):
            bounds, number = list(itertools.accumulate(weight for _, weight in left)), 2**256
            while number >= 2**256 // bounds[-1] * bounds[-1]: number, n = int.from_bytes(sha256(seed, "object", n.to_bytes(8, "big")), "big"), n + 1
            yield team(seed, left.pop(bisect.bisect(bounds, number % bounds[-1]))[0], frozen, loads)
def team(seed, item, frozen, loads):
    barred, why = {one["inspector"] for one in frozen["recusals"] if one["object"] == item}, "an object has too few inspectors that may inspect it"
    def lot(one): return loads[one["id"]], sha256(seed, "inspector", item, b"\0", one["id"])
    order, chosen = sorted((one for one in frozen["inspectors"] if one["id"] not in barred), key=lot), []
    def choose(fit): chosen.append(next((one for one in order if one not in chosen and fit(one)), None) or need(False, why))
    for skill in sorted(frozen["expertise"], key=str.encode): any(skill in one["expertise"] for one in chosen) or choose(lambda one: skill in one["expertise"])
    while len(there := {one["department"] for one in chosen}) < frozen["min_departments"]: choose(lambda one: one["department"] not in there)
    while len(chosen) < frozen["inspectors_per_object"]: choose(lambda one: True)
    loads.update(one["id"] for one in chosen)
    return {"object": item, "inspectors": [one["id"] for one in chosen]}
def verify(raw, key, witness=None, kept=None):
    need(len(raw) <= 2**25 and canon(bundle := json.loads(raw.decode())).encode() == raw, "the bytes are not their own canonical form")
    seals = [] if kept is None else [json.loads(kept.decode(), object_pairs_hook=once, parse_constant=int)]
    for part, kinds in ((bundle, BUNDLE), (bundle["frozen"], FROZEN), *(({name: dict(one or ()).get(name) for name in SEAL}, SEAL) for one in seals)):
        for name in {**kinds, **part}: need(name in part and re.fullmatch(kinds.get(name, ""), canon(part[name]), re.S), f"{name}: missing or misshapen")
    check_signed(key, bundle.pop("signature"), "{1}", f"tourtrust draw bundle v3\n{canon(bundle)}", "the bundle is not signed by the log")
    check_inputs(frozen := bundle["frozen"])
    officers, draw_id, given, cause = sorted(frozen["officers"], key=str.encode), frozen["draw_id"], bundle["result"], bundle["cause"]
    check_end(bundle, frozen, officers, cause)
    documents = [("draw_frozen", frozen)] + [("draw_committed", one) for one in bundle["commitments"]]
    ends = [("draw_secret_revealed", one) for one in bundle["reveals"]] + [("draw_void", {n: bundle[n] for n in ("cause", "missing", "closed_at")})]
    root = check_log(bundle, documents + (ends if cause else []), frozen, key, witness, not cause)
    need((bundle["seal"] is None) == (cause != "not_revealed"), "a seal is missing, or there is one too many")
    need(kept is None or witness, "a kept seal needs the witness's key")
    need(kept is None or cause != "not_committed", "the kept seal needs all commitments, and one is missing")
    for seal in [bundle["seal"]] * (cause == "not_revealed") + seals: check_log(seal, documents, frozen, key, witness)
    need(kept is None or cause != "not_sealed", "the kept seal shows that the draw was sealed in time")
    need(all(seal["checkpoint"] == (bundle["seal"] or bundle)["checkpoint"] for seal in seals), "the draw is not of the seal that was kept")
    secrets = {one["officer"]: bytes.fromhex(one["secret"]) for one in bundle["reveals"]}
    made = {(who, sha256("tourtrust.draw.commitment/1", draw_id, who, secret).hex()) for who, secret in secrets.items()}
    need(made <= {(one["officer"], one["commitment"]) for one in bundle["commitments"]}, "a secret is not the one committed to")
    need(not cause or (bundle["seed"], given) == (None, []), "a void draw has a result")
    if cause: return f"{frozen['number']} is void ({cause}); missing: {', '.join(bundle['missing']) or 'nobody'}"
    need(bundle["seed"] == (seed := sha256("tourtrust.draw.seed/1", root, *map(secrets.get, officers))).hex(), "the seed does not follow from checkpoint and secrets")
    again = [*draw(seed, frozen)]
    mine, theirs = ([one["object"] for one in picks] for picks in (again, given))
    need(mine == theirs, ("the objects drawn do not", "the order of the objects does not")[sorted(mine) == sorted(theirs)] + " follow from the seed")
    need(again == given, "the inspectors do not follow from the seed")
    return f"{frozen['number']}: {len(again)} of {len(frozen['objects'])} objects drawn by {len(officers)} officers"
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    it = [parser.add_argument(name) for name in ("bundle", "--key", "--witness", "--seal")] and parser.parse_args()
    try:
        raw, kept = (name if name is None else open(name, "rb").read() for name in (it.bundle, it.seal))
        print("valid:", verify(raw, vkey(it.key, 1), it.witness if it.witness is None else vkey(it.witness, 4), kept))
    except Exception as error: sys.exit(f"invalid: {error} [{type(error).__name__}]")
