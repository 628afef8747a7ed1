"""Problems of qualifications."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["QualificationNotFound", "QualificationRefused", "TrainingNotFound"]


class QualificationNotFound(NotFound):
    """No such qualification, or not the caller's to see."""

    type = "/problems/qualification-not-found"
    title = Text("未找到该资格记录", "No such qualification")


class QualificationRefused(StateConflict):
    """It does not fit what stands."""

    type = "/problems/qualification-refused"
    title = Text("与已登记的资格、培训记录不符", "It does not fit what stands")


class TrainingNotFound(NotFound):
    """No such training, or not the caller's to see."""

    type = "/problems/training-not-found"
    title = Text("未找到该培训记录", "No such training")
