"""Problems of relations."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["RelationNotFound", "RelationRefused"]


class RelationNotFound(NotFound):
    """No such relation, or not the caller's to see."""

    type = "/problems/relation-not-found"
    title = Text("未找到该关系", "No such relation")


class RelationRefused(StateConflict):
    """The relation contradicts what stands, or a restriction in force."""

    type = "/problems/relation-refused"
    title = Text(
        "与已登记的关系或正在实施的限制相冲突", "It contradicts what stands or a restriction in force"
    )
