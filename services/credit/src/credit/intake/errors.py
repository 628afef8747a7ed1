"""Problems of parked events."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["EventNotFound", "EventSettled", "StillParked"]


class EventNotFound(NotFound):
    """No such parked event, or not of the caller's regions."""

    type = "/problems/parked-event-not-found"
    title = Text("未找到该待处理事件", "No such parked event")


class EventSettled(StateConflict):
    """The event was applied or dismissed before."""

    type = "/problems/parked-event-settled"
    title = Text("该事件已处理", "The event is settled")


class StillParked(StateConflict):
    """The event still cannot be applied; `reason` says why, and nothing has changed."""

    type = "/problems/parked-event-stays"
    title = Text("该事件仍无法入档", "The event still cannot be applied")
