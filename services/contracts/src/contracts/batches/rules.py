"""Cutting a stream of bytes into lines."""

__all__ = ["Lines"]


class Lines:
    """Takes chunks and gives whole lines; an overlong one is given as None and never held in memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> list[bytes | None]:
        """The lines that `chunk` completes, without their ends."""
        lines: list[bytes | None] = []
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            lines.append(self._complete(part))
        self._hold(rest)
        return lines

    def end(self) -> list[bytes | None]:
        """The last line, if the stream did not end with a line end."""
        if not self._rest and not self._skipping:
            return []
        return [self._complete(b"")]

    def _complete(self, part: bytes) -> bytes | None:
        self._hold(part)
        line = None if self._skipping else bytes(self._rest).removesuffix(b"\r")
        self._rest.clear()
        self._skipping = False
        return line

    def _hold(self, part: bytes) -> None:
        if self._skipping or len(self._rest) + len(part) > self._limit:
            self._skipping = True
            self._rest.clear()
        else:
            self._rest += part
