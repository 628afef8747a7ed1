"""Draw an inspection again from its bundle. Standard library only; docs/guides/draw.md explains every step.
python docs/verify_draw.py BUNDLE --key LOG_VKEY [--witness WITNESS_VKEY]
exits with 0 if the draw holds, else with 1 and the reason. Keys inside a bundle prove nothing: bring your own.
"""

# fmt: off
# ruff: noqa: E401, E501, E701, E704, I001
import argparse, base64, bisect, functools, hashlib, hmac, itertools, json, pathlib, sys
P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
def need(holds, reason):
    if not holds: raise ValueError(reason)
def sha256(*parts):
    return hashlib.sha256(b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)).digest()
def b64(data): return base64.b64encode(data).decode()
def canon(value):  # RFC 8785, for all that a bundle holds: texts, whole numbers, null, lists, objects
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
def plus(a, b):  # Ed25519: RFC 8032, 5.1.4, 5.1.3 and 5.1.7
    m, n, o, p = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0]), 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = n - m, p - o, p + o, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P
def times(n, p):
    half = times(n >> 1, plus(p, p)) if n else (0, 1, 1, 0)
    return plus(half, p) if n & 1 else half
def point(raw, reason):
    y, sign = int.from_bytes(raw, "little") & (1 << 255) - 1, raw[31] >> 7
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x * ROOT % P if (x * x - xx) % P else x
    need(y < P and (x * x - xx) % P == 0 and (x or not sign), reason)
    return (x, y, 1, x * y % P) if x & 1 == sign else (P - x, y, 1, (P - x) * y % P)
@functools.cache
def check_ed25519(public, message, signature, reason):
    need(len(signature) == 64, reason)
    s, k = (int.from_bytes(b, "little") for b in (signature[32:], hashlib.sha512(signature[:32] + public + message).digest()))
    left = times(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little"), reason))
    right = plus(point(signature[:32], reason), times(k % Q, point(public, reason)))
    need(s < Q and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1)), reason)
def vkey(text, kind):  # a key's text form: name+id+base64(kind || key)
    name, _, data = text.split("+", 2)
    key_id = sha256(name, "\n", data := base64.b64decode(data))[:4]
    need(text == f"{name}+{key_id.hex()}+{b64(data)}" and data[0] == kind, "a key is misspelt or of another kind")
    return name, key_id, data[1:]
def signature_of(key, text, form, reason):  # what stands behind the key's id, if the text is spelled as `form`
    data = base64.b64decode(text.split(" ")[-1])
    need(text == form.format(key[0], b64(data)) and data[:4] == key[1], reason)
    return data[4:]

def check_receipt(receipt, document, event, draw_id, key):
    need(receipt["format"] == f"tourtrust-receipt/1:{event}", "a receipt is of another event")
    need(receipt["document_hash"] == sha256(canon(document)).hex(), f"{event}: the document is not what the log took in")
    mac = hmac.digest(bytes.fromhex(receipt["salt"]), bytes.fromhex(receipt["document_hash"]), "sha256").hex()
    entry = {"id": f"draw:{draw_id}", "version": receipt["version"], "event": event, "commitment": mac}
    node, last, root = receipt["leaf_index"], receipt["tree_size"] - 1, sha256(b"\0", canon(entry))
    for sibling in map(bytes.fromhex, receipt["inclusion_proof"]):  # RFC 9162, 2.1.3.2
        right = node & 1 or node == last
        root = sha256(b"\1", sibling, root) if right else sha256(b"\1", root, sibling)
        steps = (node & -node).bit_length() if right and node else 1
        node, last = node >> steps, last >> steps
    (body, _, line), why = receipt["checkpoint"].rpartition("\n\n"), "the checkpoint is not signed by the log"
    check_ed25519(key[2], f"{body}\n".encode(), signature_of(key, line, "— {} {}\n", why), why)
    there = f"{key[0]}\n{receipt['tree_size']}\n{b64(root)}"
    need(last == 0 and body == there, "an entry does not stand in the tree of its checkpoint")
    return receipt["version"], body
def check_inputs(frozen):
    form = frozen["format"].removeprefix("tourtrust-draw-inputs")
    need(form in ("/1", "/2") and frozen["algorithm"] == f"weighted-draw{form}", "the algorithm is not known")
    for name, least in (("officers", 2), ("objects", 1), ("inspectors", 2)):
        names = [one if name == "officers" else one["id"] for one in frozen[name]]
        need(len(set(names)) == len(names) >= least, f"{name}: too few, or one stands twice")
    need(frozen["inspectors_per_object"] >= 2, "fewer than two inspectors for an object")
    for one in frozen.get("strata", ()):
        inside = [item["weight"] for item in frozen["objects"] if item["stratum"] == one["id"]]
        need(one["objects"] == len(inside), "the objects are not those of the strata")
        need(set(inside) <= {one["weight"]} or not one["weight"], "a weight is not that of its stratum")
        asked = one["count"] if one["ratio_bp"] is None else -(-len(inside) * one["ratio_bp"] // 10_000)
        need(one["count"] == asked, "a stratum does not draw what its ratio asks for")
    need(frozen["count"] == sum(one["count"] for one in frozen.get("strata", [frozen])), "the count is not that of the strata")
    for name, digest in frozen.get("digests", {}).items():
        need(sha256(canon(frozen[name])).hex() == digest, f"the {name} are not those that were frozen")
    return frozen

def draw(seed, frozen):
    loads, counter, result = {one["id"]: 0 for one in frozen["inspectors"]}, 0, []
    for stratum in sorted(frozen.get("strata", [frozen | {"id": ""}]), key=lambda one: one["id"].encode()):
        left = [item for item in frozen["objects"] if item.get("stratum", "") == stratum["id"]]
        left.sort(key=lambda item: item["id"].encode())
        for _ in range(stratum["count"]):
            bounds, number = list(itertools.accumulate(item["weight"] for item in left)), 2**256
            while number >= 2**256 // bounds[-1] * bounds[-1]:
                number, counter = int.from_bytes(sha256(seed, "object", counter.to_bytes(8, "big")), "big"), counter + 1
            result.append(team(seed, left.pop(bisect.bisect(bounds, number % bounds[-1]))["id"], frozen, loads))
    return result
def team(seed, item, frozen, loads):
    barred, chosen = {one["inspector"] for one in frozen["recusals"] if one["object"] == item}, []
    order = [one for one in frozen["inspectors"] if one["id"] not in barred]
    order.sort(key=lambda one: (loads[one["id"]], sha256(seed, "inspector", item, b"\0", one["id"])))
    for skill in sorted(frozen.get("expertise", []), key=str.encode):
        chosen += [one for one in order if skill in one["expertise"]][: not any(skill in one["expertise"] for one in chosen)]
    while len(there := {one["department"] for one in chosen}) < frozen.get("min_departments", 1):
        chosen.append(next(one for one in order if one["department"] not in there))
    chosen += [one for one in order if one not in chosen][: max(0, frozen["inspectors_per_object"] - len(chosen))]
    loads.update({one["id"]: loads[one["id"]] + 1 for one in chosen})
    return {"object": item, "inspectors": [one["id"] for one in chosen]}

def verify(raw, key, witness=None):
    bundle = json.loads(raw.decode())
    need(canon(bundle) == raw, "the bytes are not their own canonical form")
    signature = signature_of(key, bundle.pop("signature"), "{1}", "the bundle is not signed by the log")
    check_ed25519(key[2], b"tourtrust draw bundle v1\n" + canon(bundle), signature, "the bundle is not signed by the log")
    frozen, drawn, draw_id = bundle["frozen"], bundle["outcome"] == "drawn", bundle["frozen"]["draw_id"]
    officers = sorted(check_inputs(frozen)["officers"], key=str.encode)
    made = {one["officer"]: one["commitment"] for one in bundle["commitments"]}
    need(made.keys() <= set(officers) and len(made) >= drawn * len(officers), "the commitments are not those of the officers")
    logged = [(bundle["frozen_receipt"], frozen, "draw_frozen")]
    logged += [(one.pop("receipt"), one | {"draw_id": draw_id}, "draw_committed") for one in bundle["commitments"]]
    entries = [check_receipt(*one, draw_id, key) for one in logged if drawn or one[0]]
    secrets = {one["officer"]: bytes.fromhex(one["secret"]) for one in bundle["reveals"]}
    kept = {who: sha256("tourtrust.draw.commitment/1", draw_id, who, one).hex() for who, one in secrets.items()}
    need(kept.items() <= made.items(), "a secret is not the one committed to")
    missing = sorted(set(officers) - set(secrets if len(made) == len(officers) else made))
    told, happened = (bundle["outcome"], bundle["missing"]), ("void" if missing else "drawn", missing)
    need(told == happened, "the outcome, or who is missing, is not what happened")
    if missing:
        need(bundle["seed"] is None and bundle["result"] == [], "a void draw has a result")
        return f"{frozen['number']} is void; missing: {', '.join(missing)}"
    versions, (body, *others) = sorted(version for version, _ in entries), {body for _, body in entries}
    need(not others and versions == list(range(1, len(officers) + 2)), "the entries are not under one checkpoint")
    need(mine := [line for line in bundle["cosignatures"] if line.startswith(f"— {witness[0] if witness else ''}")],
         "the witness has not cosigned the checkpoint")
    if witness:
        stamped = signature_of(witness, mine[0], "— {} {}\n", "the cosignature is not the witness's")
        message = f"cosignature/v1\ntime {int.from_bytes(stamped[:8], 'big')}\n{body}\n".encode()
        check_ed25519(witness[2], message, stamped[8:], "the cosignature is not the witness's")
    seed = sha256("tourtrust.draw.seed/1", base64.b64decode(body.split("\n")[2]), *map(secrets.get, officers))
    need(bundle["seed"] == seed.hex(), "the seed does not follow from checkpoint and secrets")
    again, given = draw(seed, frozen), bundle["result"]
    mine, theirs = [one["object"] for one in again], [one["object"] for one in given]
    need(sorted(mine) == sorted(theirs), "the objects drawn do not follow from the seed")
    need(mine == theirs, "the order of the objects does not follow from the seed")
    need(again == given, "the inspectors do not follow from the seed")
    return f"{frozen['number']}: {len(again)} of {len(frozen['objects'])} objects drawn by {len(officers)} officers"
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    options = [parser.add_argument(name) for name in ("bundle", "--key", "--witness")] and parser.parse_args()
    try:
        keys = vkey(options.key, 1), options.witness and vkey(options.witness, 4)
        print("valid:", verify(pathlib.Path(options.bundle).read_bytes(), *keys))
    except Exception as error:
        sys.exit(f"invalid: {error} [{type(error).__name__}]")
