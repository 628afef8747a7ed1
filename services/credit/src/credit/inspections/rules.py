"""The life of an inspection, the revisions of a field record, and what a record must hold to be finished."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from common.problems import Text

__all__ = [
    "Held",
    "InspectionKind",
    "InspectionState",
    "Result",
    "TriggerKind",
    "acts_allowed",
    "dropped",
    "files_of",
    "judge_revision",
    "lacks",
    "sniff",
    "stamped",
]


class InspectionKind(StrEnum):
    """How a visit came about. Only *drawn* ones count as random (Article 54 ¶1); the others are outside."""

    DRAWN = "drawn"
    TARGETED = "targeted"
    CAMPAIGN = "campaign"


class TriggerKind(StrEnum):
    """What calls for a check outside the draw (Article 54 ¶2)."""

    COMPLAINT = "complaint"
    TRANSFER = "transfer"
    DATA = "data"
    MYSTERY_VISIT = "mystery_visit"
    HAZARD = "hazard"
    CAMPAIGN = "campaign"


class InspectionState(StrEnum):
    """Where an inspection stands."""

    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    FINISHED = "finished"
    DECIDED = "decided"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Result(StrEnum):
    """What came of the visit."""

    NORMAL = "normal"
    PROBLEM_FOUND = "problem_found"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CLOSED_BUSINESS = "closed_business"


_OPEN = ["record", "reassign", "cancel"]
_ACTS: Mapping[InspectionState, list[str]] = {
    InspectionState.ASSIGNED: _OPEN,
    InspectionState.IN_PROGRESS: [*_OPEN, "finish"],
    InspectionState.FINISHED: ["decide"],
    InspectionState.DECIDED: ["publish"],
    InspectionState.PUBLISHED: [],
    InspectionState.CANCELLED: [],
}
_SUBJECT_WAS_THERE = frozenset({Result.NORMAL, Result.PROBLEM_FOUND})


def acts_allowed(state: InspectionState) -> list[str]:
    """What can be done in a state."""
    return list(_ACTS[state])


@dataclass(frozen=True, slots=True)
class Held:
    """What the server holds of a field record."""

    record_id: UUID | None
    revision: int
    sha256: str | None


def judge_revision(
    held: Held, record_id: UUID, revision: int, sha256: str
) -> Literal["accept", "repeat", "conflict"]:
    """Whether a revision that a phone sends follows the held one, repeats it, or contradicts it.

    A phone that lost the answer sends the same again: that is a repetition, however often it comes. A phone
    that worked on an older revision, or on a record of its own making, must first take the server's.
    """
    if held.record_id not in (None, record_id):
        return "conflict"
    if revision == held.revision + 1:
        return "accept"
    return "repeat" if revision == held.revision and sha256 == held.sha256 else "conflict"


def dropped(entries: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> list[str]:
    """The entries of the held record that a revision leaves out. An entry is changed, never dropped."""
    there = {entry["id"] for entry in entries}
    return [entry["id"] for entry in before if entry["id"] not in there]


def stamped(
    entries: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], received_at: str
) -> list[dict[str, Any]]:
    """The entries, each with the time at which it first arrived beside the device's own."""
    known = {entry["id"]: entry["received_at"] for entry in before}
    return [dict(entry) | {"received_at": known.get(entry["id"], received_at)} for entry in entries]


def files_of(record: Mapping[str, Any]) -> set[str]:
    """The hashes of all files that a record speaks of."""
    photos = {photo for entry in record["entries"] for photo in entry["photos"]}
    return photos | {one["file"] for one in record["signatures"] if one["file"] is not None}


def lacks(
    record: Mapping[str, Any],
    result: Result,
    inspectors: Sequence[str],
    checks: Iterable[str],
    files: Mapping[str, str],
) -> Iterator[tuple[str, Text]]:
    """What a record still lacks to end with `result`, as (where, what).

    At least two inspectors sign (Administrative Penalty Law, Article 42), each with an image that is nobody
    else's and that he sent himself. Where the subject was met, it signs or its refusal is noted, and every
    check of the items is answered. Where it was not met nothing is answered and it signed nothing; where it
    refused, not everything was answered. `files` says who sent each file that is there.
    """
    images = [one["file"] for one in record["signatures"] if one["file"] is not None]
    signed = {one["who"]: one["file"] for one in record["signatures"] if one["file"] is not None}
    if len({*images}) < len(images) or len(signed) < len(images):
        yield "/signatures", Text("签名人或签名图片重复", "A person or an image of a signature stands twice")
    others = {who for who in inspectors if who in signed and files.get(signed[who], who) != who}
    if others:
        who = ", ".join(sorted(others))
        yield "/signatures", Text(f"{who} 的签名须由本人上传", f"{who} must send his signature himself")
    if len(signed.keys() & set(inspectors)) < 2:
        yield "/signatures", Text("检查人员签名不足两人", "Fewer than two of the inspectors have signed")
    for missing in sorted(files_of(record) - files.keys()):
        yield "/files", Text(f"文件 {missing[:12]}… 尚未上传", f"File {missing[:12]}... is not there yet")
    answers = {entry["check"]: entry["finding"] for entry in record["entries"] if entry["check"] is not None}
    if result not in _SUBJECT_WAS_THERE:
        there = any(finding is not None for finding in answers.values())
        there = there or any(
            one["who"] == "subject" and one["file"] is not None for one in record["signatures"]
        )
        whole = there and all(answers.get(check) is not None for check in checks)
        if whole if result is Result.REFUSED else there:
            yield (
                "/result",
                Text("检查已有结论或者对象已签名，与结果不符", "By the record the visit took place"),
            )
        return
    if not any(one["who"] == "subject" for one in record["signatures"]):
        yield (
            "/signatures",
            Text("缺少被检查对象签名或拒签说明", "The subject has neither signed nor been noted as refusing"),
        )
    for check in checks:
        if answers.get(check) is None:
            yield "/entries", Text(f"检查项 {check} 未填写", f"Check {check} is not answered")
    if ("problem" in answers.values()) != (result is Result.PROBLEM_FOUND):
        yield "/result", Text("结果与检查项结论不符", "The result is not what the checks say")


_SIGNATURES = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"ftypheic", 4, "image/heic"),
    (b"ftypmif1", 4, "image/heic"),
)


def sniff(content: bytes) -> str | None:
    """The image type that the bytes themselves show; None for anything else, whatever its name says."""
    for mark, place, media_type in _SIGNATURES:
        if content[place : place + len(mark)] == mark and (
            media_type != "image/webp" or content[:4] == b"RIFF"
        ):
            return media_type
    return None
