"""Problems of objections."""

from common.problems import Forbidden, NotFound, StateConflict, Text

__all__ = [
    "ListingNotTold",
    "NotSustained",
    "NotYours",
    "ObjectionNotFound",
    "ObjectionOpen",
    "StepRefused",
]


class ObjectionNotFound(NotFound):
    """No such objection, or not the caller's to see."""

    type = "/problems/objection-not-found"
    title = Text("未找到该异议", "No such objection")


class ObjectionOpen(StateConflict):
    """An objection against the same thing is not decided yet."""

    type = "/problems/objection-open"
    title = Text("同一事项已有未办结的异议", "An objection against the same thing is still open")


class ListingNotTold(StateConflict):
    """Nobody objects to a listing before the subject was told of it; a draft is not one yet."""

    type = "/problems/listing-not-told"
    title = Text("名单认定尚未告知，不能提出异议", "The subject was not told of the listing yet")


class StepRefused(StateConflict):
    """The step does not fit; `allowed` names those that do."""

    type = "/problems/objection-step-refused"
    title = Text("当前状态不允许此步骤", "The present state does not allow this step")


class NotSustained(StateConflict):
    """Only a sustained objection has a list of what it touched."""

    type = "/problems/objection-not-sustained"
    title = Text("只有成立的异议才有影响清单", "Only a sustained objection has a list of what it touched")


class NotYours(Forbidden):
    """Only the subject itself, or an officer for it, may do this."""

    type = "/problems/objection-not-yours"
    title = Text("只有该主体本人或者经办人员可以办理", "Only the subject itself or an officer may do this")
