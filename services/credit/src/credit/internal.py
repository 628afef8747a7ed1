"""Who sees what is internal to authorities: slight listings, risk classes, how a subject is supervised."""

from datetime import date

from common.auth import Principal
from common.problems import Forbidden, Text

from credit.rulebook.rules import Rulebook

__all__ = [
    "check_internal",
    "internal_codes",
    "is_authority",
    "sees_all_of",
    "sees_internal",
]

_AUTHORITIES = frozenset({"officer", "service"})
_INTERNAL = Text("内部信息，未授权该部门或平台查询", "Internal; not for this department or platform")


def is_authority(actor: Principal) -> bool:
    """Whether a caller is an officer or one of our own services, who are told of what is not finished."""
    return actor.subject_id is None and actor.kind in _AUTHORITIES


def sees_internal(rulebook: Rulebook, actor: Principal, on: date) -> bool:
    """Whether a caller sees in its regions what is internal; by default nobody does.

    Officers and our own services do, and programs of the departments that the exchange policy names. What a
    subject's own user is told of itself is for each room to say.
    """
    if actor.subject_id is not None:
        return False
    if actor.kind in _AUTHORITIES:
        return True
    named = rulebook.exchange.choose("exchange", on=on).internal.departments
    return actor.kind == "client" and actor.department in named


def sees_all_of(rulebook: Rulebook, actor: Principal, on: date) -> bool:
    """Whether a caller sees all of the records that it may see at all: an authority, or a subject's own user.

    Programs of others learn nothing from which a slight listing could be told: no objection, no reply, of an
    honour only that it is held.
    """
    return actor.subject_id is not None or sees_internal(rulebook, actor, on)


def check_internal(
    rulebook: Rulebook, actor: Principal, on: date, *, own: bool = True, departments: bool = True
) -> None:
    """Let only those pass who see what is internal, and a subject's own user.

    Without `own` no subject's user passes, without `departments` no program of a department.

    Raises:
        Forbidden: a program of a platform, or of a department that the policy does not name.
    """
    if actor.subject_id is not None:
        passes = own
    else:
        passes = is_authority(actor) or (departments and sees_internal(rulebook, actor, on))
    if not passes:
        raise Forbidden(_INTERNAL)


def internal_codes(rulebook: Rulebook, on: date) -> frozenset[str]:
    """The codes of facts that only those see who see what is internal, and the subject itself."""
    return frozenset(rulebook.exchange.choose("exchange", on=on).internal.codes)
