"""One policy, and a set of them from which the date and the place of a case choose."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import rfc8785
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from common import regions
from common.problems import Text

from .errors import PolicyError, PolicyNotInForce
from .files import Json, policy_files, read_policy_file

__all__ = ["WHOLE_COUNTRY", "AnyPolicy", "Policy", "PolicySet", "PolicyStatus"]

WHOLE_COUNTRY = regions.COUNTRY
PolicyStatus = Literal["verified", "recalled", "sample"]


def _version_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


class Policy(BaseModel):
    """Head of every policy; a subclass adds the body. In force from the first to the last day, both included.

    `status` says how sure we are: *verified* against the source, *recalled* and to be checked, or *sample*
    content that no authority has issued.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str = Field(min_length=1, max_length=100)
    version: Annotated[str, BeforeValidator(_version_text), Field(min_length=1, max_length=40)]
    effective_from: date
    effective_to: date | None = None
    region: str = Field(default=WHOLE_COUNTRY, pattern=r"^[0-9]{6}$")
    legal_basis: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1)
    status: PolicyStatus

    _content: Json | None = PrivateAttr(default=None)
    _file: str = PrivateAttr(default="-")
    _hash: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _head_makes_sense(self) -> Self:
        try:
            regions.name_of(self.region)
        except regions.UnknownRegion as unknown:
            raise ValueError(unknown.detail.en if unknown.detail else "unknown region") from unknown
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self

    @classmethod
    def parse(cls, content: Mapping[str, Any], *, file: str = "-") -> Self:
        """A policy from its JSON content. Raises PolicyError naming `file` and every wrong place."""
        try:
            policy = cls.model_validate_json(json.dumps(content), context={"file": file})
        except ValidationError as failure:
            name = content.get("id", "?")
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or '.'}: {e['msg']}" for e in failure.errors())
            raise PolicyError(
                file, Text(f"规则 {name} 有误：{wrong}", f"policy {name}: {wrong}")
            ) from failure
        policy._content, policy._file = dict(content), file
        return policy

    @property
    def file(self) -> str:
        """Name of the file it came from."""
        return self._file

    @property
    def content(self) -> Json:
        """What was written, as JSON, nothing added."""
        return self.model_dump(mode="json") if self._content is None else self._content

    @property
    def hash(self) -> str:
        """SHA-256 over the RFC 8785 form of the content, lower-case hex: same content, same hash."""
        if self._hash is None:
            self._hash = sha256(rfc8785.dumps(self.content)).hexdigest()
        return self._hash

    def in_force(self, on: date) -> bool:
        """Whether `on` lies within its first and last day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


class AnyPolicy(Policy):
    """A policy of which only the head is checked: for printing files of every kind."""

    model_config = ConfigDict(extra="allow")


P = TypeVar("P", bound=Policy)


class PolicySet(Generic[P]):
    """Policies of one kind. Versions of one (id, region) never overlap, so their order never matters."""

    def __init__(self, policies: Iterable[P]) -> None:
        self._policies = tuple(sorted(policies, key=lambda p: (p.id, p.region, p.effective_from)))
        self._by_place: dict[tuple[str, str], list[P]] = {}
        self._by_version: dict[tuple[str, str, str], P] = {}
        for policy in self._policies:
            versions = self._by_place.setdefault((policy.id, policy.region), [])
            before = versions[-1] if versions else None
            if before and (before.effective_to is None or policy.effective_from <= before.effective_to):
                raise PolicyError(
                    policy.file,
                    Text(
                        f"规则 {policy.id}（{policy.region}）的两个版本生效期重叠",
                        f"policy {policy.id} ({policy.region}): two versions overlap in time",
                    ),
                )
            key = (policy.id, policy.region, policy.version)
            if key in self._by_version:
                raise PolicyError(
                    policy.file,
                    Text(
                        f"规则 {policy.id} 版本号重复",
                        f"policy {policy.id}: version {policy.version} appears twice",
                    ),
                )
            versions.append(policy)
            self._by_version[key] = policy

    @classmethod
    def load(cls, source: Path | list[Path], model: type[P]) -> "PolicySet[P]":
        """Reads a folder's `*.yaml`, one file, or a list of files as policies of `model`.

        Raises PolicyError, naming the file: unreadable, duplicate key, unknown field, wrong value, empty
        legal basis, condition that does not compile, overlapping periods.
        """
        return cls(
            model.parse(content, file=path.name)
            for path in policy_files(source)
            for content in read_policy_file(path)
        )

    def choose(self, policy_id: str, *, on: date, region: str = WHOLE_COUNTRY) -> P:
        """The policy for a case of that day and place: county before city before province before the country.

        A local version that is not in force on that day leaves the case to the next wider one. Raises
        PolicyNotInForce when none is in force.
        """
        found = self.find(policy_id, on=on, region=region)
        if found is None:
            raise PolicyNotInForce(
                Text(
                    f"规则 {policy_id} 在 {on.isoformat()}、地区 {region} 没有生效的版本",
                    f"no version of {policy_id} was in force on {on.isoformat()} in region {region}",
                ),
                policy=policy_id,
            )
        return found

    def find(self, policy_id: str, *, on: date, region: str = WHOLE_COUNTRY) -> P | None:
        """As `choose`, or None."""
        for place in _from_near_to_far(region):
            for policy in self._by_place.get((policy_id, place), ()):
                if policy.in_force(on):
                    return policy
        return None

    def get(self, policy_id: str, version: str, region: str = WHOLE_COUNTRY) -> P:
        """Exactly that version, in force or not: what an old decision rests on. Raises PolicyNotInForce."""
        try:
            return self._by_version[policy_id, region, version]
        except KeyError:
            raise PolicyNotInForce(
                Text(
                    f"没有规则 {policy_id} 的版本 {version}", f"there is no version {version} of {policy_id}"
                ),
                policy=policy_id,
            ) from None

    def in_force(self, *, on: date, region: str = WHOLE_COUNTRY) -> list[P]:
        """For each id the one version that holds there on that day, in order of id."""
        ids = sorted({policy.id for policy in self._policies})
        return [found for name in ids if (found := self.find(name, on=on, region=region)) is not None]

    def all(self) -> tuple[P, ...]:
        """Every version of every policy, by id, region and first day."""
        return self._policies

    def __iter__(self) -> Iterator[P]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)


def _from_near_to_far(region: str) -> list[str]:
    """140105 -> 140105, 140100, 140000, 000000."""
    return list(dict.fromkeys((region, region[:4] + "00", region[:2] + "0000", WHOLE_COUNTRY)))
