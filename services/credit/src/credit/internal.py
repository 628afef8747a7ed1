"""Who sees what is internal to authorities: slight listings, risk classes, how a subject is supervised."""

from datetime import date

from common.auth import Principal
from common.problems import Forbidden, Text

from credit.rulebook.rules import Rulebook

__all__ = ["check_internal", "internal_codes", "sees_internal"]

_AUTHORITIES = frozenset({"officer", "service"})


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


def check_internal(rulebook: Rulebook, actor: Principal, on: date) -> None:
    """Let only those pass who see what is internal, and a subject's own user.

    Raises:
        Forbidden: a program of a platform, or of a department that the policy does not name.
    """
    if actor.subject_id is None and not sees_internal(rulebook, actor, on):
        raise Forbidden(
            Text("内部信息，未授权该部门或平台查询", "Internal; not for this department or platform")
        )


def internal_codes(rulebook: Rulebook, on: date) -> frozenset[str]:
    """The codes of facts that only those see who see what is internal, and the subject itself."""
    return frozenset(rulebook.exchange.choose("exchange", on=on).internal.codes)
