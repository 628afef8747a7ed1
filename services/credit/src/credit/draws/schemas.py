"""What crosses the API about draws."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from common.web import Model, OneLine
from pydantic import Field, StringConstraints

from credit.subjects.rules import Kind

from .rules.states import DrawState, ExclusionReason, RecusalReason, VoidCause, WaiverGround

__all__ = [
    "CommitmentIn",
    "CommitmentView",
    "DrawBrief",
    "DrawIn",
    "DrawView",
    "Exclusion",
    "Inspector",
    "PickView",
    "Recusal",
    "RevealIn",
    "SealView",
    "StratumView",
    "TaskRef",
    "WaiverIn",
    "WaiverView",
]

Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), OneLine]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Person = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,100}$")]
Department = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,39}$")]
Skills = Annotated[list[Skill], Field(max_length=20)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Inspector(Model):
    """An inspector by staff id; no name is needed to draw one."""

    id: Person
    department: Department | None = None
    expertise: Skills = Field(default=[])


class Recusal(Model):
    """An inspector who may not inspect a subject, with the reason as a code."""

    inspector: Person
    subject_id: UUID
    reason: RecusalReason


class Exclusion(Model):
    """A subject kept out of the draw, with the reason as a code."""

    subject_id: UUID
    reason: ExclusionReason


class TaskRef(Model):
    """A task of an annual plan in force."""

    plan_id: UUID
    no: Annotated[str, StringConstraints(pattern=r"^[0-9]{7,8}-[0-9]{2}$")]


class DrawIn(Model):
    """The inputs of a draw. All are frozen by this request; the officers named commit and reveal later.

    With `task` the plan says what is drawn. Otherwise give `purpose`, `region`, `kinds`, and either `count`
    (one stratum, each object weighted by its tier) or `by_tier` (each tier drawn at its own ratio). Without
    `inspectors` the library's inspectors on duty are drawn; recusals of the library always hold.
    """

    task: TaskRef | None = None
    purpose: Purpose | None = None
    region: Region | None = None
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=10)] | None = None
    tiers: Annotated[list[Annotated[str, Field(max_length=16)]], Field(max_length=20)] = Field(default=[])
    items: Annotated[list[Code], Field(max_length=20)] = Field(default=[])
    count: Annotated[int, Field(ge=1, le=5000)] | None = None
    by_tier: bool = False
    inspectors_per_object: Annotated[int, Field(ge=2, le=10)] = 2
    min_departments: Annotated[int, Field(ge=1, le=5)] = 1
    expertise: Skills = Field(default=[])
    officers: Annotated[list[Person], Field(min_length=2, max_length=20)]
    inspectors: Annotated[list[Inspector], Field(min_length=2, max_length=1000)] | None = None
    recusals: Annotated[list[Recusal], Field(max_length=5000)] = Field(default=[])
    exclusions: Annotated[list[Exclusion], Field(max_length=5000)] = Field(default=[])
    redraw_of: UUID | None = None


class CommitmentIn(Model):
    """SHA-256 over domain, draw id, the officer's own id and 32 secret bytes, in lower-case hex."""

    commitment: Hex32


class RevealIn(Model):
    """The 32 secret bytes in lower-case hex."""

    secret: Hex32


class CommitmentView(Model):
    """Who has committed to what, and when."""

    officer: str
    commitment: str
    committed_at: datetime
    revealed: bool


class PickView(Model):
    """A drawn subject with its inspectors."""

    subject_id: UUID
    name: str
    key: str | None
    region: str
    tier: str | None
    inspectors: list[str]


class StratumView(Model):
    """Objects drawn from by themselves: how many there are, the ratio in basis points, how many drawn."""

    id: str
    ratio_bp: int | None
    objects: int
    weight: int | None
    count: int


class DrawBrief(Model):
    """A draw in a list. The hashes are those of the frozen inputs and, once it is closed, of the bundle."""

    id: UUID
    number: str
    purpose: str
    region: str
    kinds: list[str]
    state: DrawState
    officers: list[str]
    objects: int
    count: int
    inputs_sha256: str
    bundle_sha256: str | None
    deadline: datetime
    redraw_of: UUID | None
    plan_id: UUID | None
    task_no: str | None
    created_at: datetime
    closed_at: datetime | None


class ProofView(Model):
    """Where an entry of the draw stands in the tree, and the salt under which it hides its document."""

    salt: str
    leaf_index: int
    inclusion_proof: list[str]


class SealView(Model):
    """The checkpoint that ends with the last commitment, cosigned in time; its root enters the seed.

    `proofs` are those of the frozen inputs and of each commitment, in the order of the log. An officer's tool
    checks all of it before it reveals, and keeps it.
    """

    size: int
    root: str
    checkpoint: str
    cosignature: str
    proofs: list[ProofView]


class WaiverIn(Model):
    """Why a chain of void draws is given up: a ground of the policy, and the reason in words."""

    ground: WaiverGround
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]


class WaiverView(Model):
    """A chain of void draws that was given up."""

    number: str
    ground: WaiverGround
    reason: str
    waived_by: str
    waived_at: datetime


class DrawView(DrawBrief):
    """A draw. `sealed`: the commitments are, see `seal`; `commitment_domain` is what commitments begin with.

    `cause` and `missing` say why it is void, `waiver` that nobody repeats it. `result` is empty for
    programs until the visits are made (`handed_out`), `strata` for those that are told nothing internal.
    `promise` is the log's signed word, given with the answer to a freeze, commitment or reveal, that it
    takes in what was sent.
    """

    sealed: bool
    seal: SealView | None
    commitment_domain: str
    commitments: list[CommitmentView]
    strata: list[StratumView]
    cause: VoidCause | None
    missing: list[str]
    waiver: WaiverView | None
    handed_out: bool
    result: list[PickView]
    promise: dict[str, Any] | None
