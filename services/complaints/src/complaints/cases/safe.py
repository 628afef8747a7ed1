"""A case's encrypted fields: sealed to their row and column, opened only where they are needed."""

from uuid import UUID

from common.crypto import Keyring

from complaints.cases.models import Case

__all__ = ["PHONE_INDEX", "CaseSafe"]

PHONE_INDEX = "complaints.phone"


class CaseSafe:
    """Seals and opens the fields of cases with the service's keys."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = keyring

    def seal(self, case_id: UUID, field: str, text: str | None) -> str | None:
        """The stored form of one field, bound to its case; None stays None."""
        return None if text is None else self._keys.encrypt(text, context=f"complaints.{field}:{case_id}")

    def open(self, case: Case, field: str) -> str | None:
        """One field of `case` in the clear."""
        token: str | None = getattr(case, f"{field}_cipher")
        return self.open_token(case.id, field, token)

    def open_token(self, case_id: UUID, field: str, token: str | None) -> str | None:
        """The text behind a sealed `token` of that case and field."""
        return None if token is None else self._keys.decrypt(token, context=f"complaints.{field}:{case_id}")

    def phone_index(self, phone: str) -> str:
        """The keyed index under which a phone number is found."""
        return self._keys.blind_index(phone, context=PHONE_INDEX)

    def phone_indexes(self, phone: str) -> list[str]:
        """The index under every known key, for searching while keys are rotated."""
        return self._keys.blind_indexes(phone, context=PHONE_INDEX)
