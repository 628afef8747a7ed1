"""Whether a row means a subject that is there already, and in what the two differ."""

from collections.abc import Iterable
from typing import Any

from common.crypto import Keyring

from credit.subjects.models import Subject
from credit.subjects.personal import revealed
from credit.subjects.repository import name_context
from credit.subjects.rules import is_person, normalise

from .repository import Identities
from .validating import Wanted

__all__ = ["Known", "differences"]

_ID_CONTEXT = "credit.subject.id_number"
_NAMED = ("key", "region", "license_no", "level", "licensed_on", "license_expires_on", "headcount")


class Known:
    """The subjects that rows of a chunk may mean.

    A row is known by its id, key, licence or (a natural person) ID number; without any of these, by kind,
    region and name together. Subjects that were merged into others are kept apart.
    """

    def __init__(self, subjects: Iterable[Subject], keyring: Keyring) -> None:
        self._keyring = keyring
        self._by: dict[tuple[str, ...], list[Subject]] = {}
        self._merged: dict[tuple[str, ...], list[Subject]] = {}
        for subject in subjects:
            kept = self._by if subject.merged_into is None else self._merged
            names: list[tuple[str, ...]] = [("id", str(subject.id))]
            if subject.key:
                names.append(("key", subject.key))
            if subject.license_no:
                names.append(("license_no", subject.license_no))
            if subject.id_number_index and subject.kind == "natural_person":
                names.append(("id_number", subject.id_number_index))
            names.append(("name", subject.kind, subject.region, subject.name_index or subject.name_search))
            for name in names:
                kept.setdefault(name, []).append(subject)

    def of(self, wanted: Wanted) -> list[Subject]:
        """Every subject that a row fits; one that fits several must not be applied."""
        found: dict[Any, Subject] = {}
        for name in self._names(wanted):
            for subject in self._by.get(name, ()):
                found[subject.id] = subject
        return list(found.values())

    def merged(self, wanted: Wanted) -> Subject | None:
        """Whom a row names that was merged into another since, if anybody."""
        names = self._names(wanted)
        return next((subject for name in names for subject in self._merged.get(name, ())), None)

    def twins(self, wanted: Wanted) -> list[Subject]:
        """Who stands there by kind, region and name without the key or licence that the row brings."""
        given = [field for field in ("key", "license_no") if getattr(wanted, field) is not None]
        found = [subject for name in self._twin_names(wanted) for subject in self._by.get(name, ())]
        return [one for one in found if all(getattr(one, field) is None for field in given)]

    def _twin_names(self, wanted: Wanted) -> list[tuple[str, ...]]:
        if wanted.twin is None:
            return []
        kind, region, plain = wanted.twin
        names: list[tuple[str, ...]] = [("name", kind, region, plain)]
        if is_person(kind, None):
            indexes = self._keyring.blind_indexes(plain, context=name_context)
            names += [("name", kind, region, index) for index in indexes]
        return names

    def _names(self, wanted: Wanted) -> list[tuple[str, ...]]:
        names: list[tuple[str, ...]] = []
        for field in ("id", "key", "license_no"):
            if (value := getattr(wanted, field)) is not None:
                names.append((field, str(value)))
        if wanted.id_number is not None and wanted.kind == "natural_person":
            indexes = self._keyring.blind_indexes(wanted.id_number, context=_ID_CONTEXT)
            names += [("id_number", index) for index in indexes]
        if not names and wanted.name and wanted.region:
            plain = normalise(wanted.name)
            if wanted.person:
                for index in self._keyring.blind_indexes(plain, context=name_context):
                    names.append(("name", wanted.kind, wanted.region, index))
            else:
                names.append(("name", wanted.kind, wanted.region, plain))
        return names

    @staticmethod
    def id_index(number: str, keyring: Keyring) -> str:
        """Under what an ID number is found."""
        return keyring.blind_index(number, context=_ID_CONTEXT)

    @staticmethod
    def describe(wanted: Wanted, into: Identities, keyring: Keyring) -> None:
        """Add by what a row may be known to `into`."""
        if wanted.id is not None:
            into.ids.add(wanted.id)
        if wanted.key is not None:
            into.keys.add(wanted.key)
        if wanted.license_no is not None:
            into.licences.add(wanted.license_no)
        if wanted.id_number is not None and wanted.kind == "natural_person":
            into.id_indexes |= set(keyring.blind_indexes(wanted.id_number, context=_ID_CONTEXT))
        if (wanted.named_only or wanted.twin) and wanted.name and wanted.region:
            into.kinds.add(wanted.kind)
            into.regions.add(wanted.region)
            plain = normalise(wanted.name)
            if is_person(wanted.kind, None):
                into.name_indexes |= set(keyring.blind_indexes(plain, context=name_context))
            if not wanted.person:
                into.names.add(plain)


def differences(subject: Subject, wanted: Wanted, keyring: Keyring) -> dict[str, Any]:
    """The changes that a row asks for, as the fields of a patch; what it leaves empty stays."""
    changes: dict[str, Any] = {}
    for field in _NAMED:
        value = getattr(wanted, field)
        if value is not None and value != getattr(subject, field):
            changes[field] = value
    if wanted.status is not None and wanted.status != subject.status:
        changes["status"] = wanted.status
    if wanted.business_scope is not None and wanted.business_scope != sorted(subject.business_scope):
        changes["business_scope"] = wanted.business_scope
    if not wanted.person:
        if wanted.name is not None and wanted.name != subject.name:
            changes["name"] = wanted.name
        return changes
    if (wanted.name, wanted.id_number, wanted.phone) == (None, None, None):
        return changes
    present = revealed(subject, keyring)
    if wanted.name is not None and (present is None or wanted.name != present.name):
        changes["name"] = wanted.name
    person = {
        field: value
        for field in ("id_number", "phone")
        if (value := getattr(wanted, field)) is not None
        and (present is None or value != getattr(present, field))
    }
    if person:
        changes["person"] = person
    return changes
