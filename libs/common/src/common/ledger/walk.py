"""Walking a whole log, live or copied: each entry and tile, the root, the signature, its keys' succession."""

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common.ledger.checkpoint import Checkpoint, open_checkpoint, open_live_checkpoint
from common.ledger.entries import KEY_EVENT, Entry, key_announcement
from common.ledger.errors import Reason, Refused
from common.ledger.note import VerifierKey, split_note
from common.ledger.strict import decode_json
from common.ledger.tiles import TILE_WIDTH, Tile, decode_bundle, extend_tiles, tile_path
from common.ledger.tree import HASH_SIZE, Frontier, leaf_hash

__all__ = ["LogVerdict", "Source", "directory_source", "http_source", "verify_log"]

Source = Callable[[str], bytes | None]
_MAX_PART = TILE_WIDTH * (2 + 0xFFFF)


@dataclass(frozen=True)
class LogVerdict:
    """A log that holds: every entry was read and hashed up to the signed root."""

    log_origin: str
    size: int
    root: str
    key: str


def directory_source(root: Path) -> Source:
    """The parts of a log that was copied into a directory under its own paths."""

    def fetch(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except OSError:
            return None

    return fetch


def http_source(prefix: str, timeout: float = 10.0) -> Source:
    """The parts of a live log below an address such as `https://example.org/api/v1/contracts/log`.

    Raises:
        Refused: the address is not http or https; later, when the log does not answer.
    """
    if urlsplit(prefix).scheme not in {"http", "https"}:
        raise Refused(Reason.MISSING_PART, "address")

    def fetch(path: str) -> bytes | None:
        try:
            with urllib.request.urlopen(f"{prefix.rstrip('/')}/{path}", timeout=timeout) as answer:  # noqa: S310
                data: bytes = answer.read(_MAX_PART)
                return data
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return None
            raise Refused(Reason.MISSING_PART, f"{path}: {error.code}") from error
        except OSError as error:
            raise Refused(Reason.MISSING_PART, f"{path}: {type(error).__name__}") from error

    return fetch


def verify_log(source: Source, key: str) -> LogVerdict:
    """Read the whole log and refuse it at the first thing that does not fit.

    `key` may be the log's present key or an older one: from an older one, a successor is trusted only when
    an entry names it and the checkpoint that ends with this entry is signed by the key before it. Memory is
    needed for the right edge of the tree only.

    Raises:
        Refused: with the reason and the part.
    """
    return _Walk(source, VerifierKey.parse(key)).run()


class _Walk:
    """One walk, from the first entry to the last."""

    def __init__(self, source: Source, key: VerifierKey) -> None:
        self._source = source
        self._key = key
        self._last_of_older: tuple[int, VerifierKey] = (-1, key)
        self._frontier = Frontier()
        self._edge: dict[Tile, bytes] = {}

    def run(self) -> LogVerdict:
        text = self._text("checkpoint")
        size = Checkpoint.parse(split_note(text)[0]).size
        announcing = self._announcing_checkpoints()
        for number in range(-(-size // TILE_WIDTH)):
            width = min(TILE_WIDTH, size - number * TILE_WIDTH)
            entries = decode_bundle(self._tile(None, number, width))[:width]
            if len(entries) != width:
                raise Refused(Reason.MISSING_PART, tile_path(None, number, width))
            self._take(entries, announcing)
        for (level, number), tile in self._edge.items():
            self._compare(level, number, tile)
        size_under_older, older = self._last_of_older
        opened = open_live_checkpoint(text, [older if size == size_under_older else self._key])
        root = self._frontier.root()
        if opened.checkpoint != Checkpoint(self._key.name, size, root):
            raise Refused(Reason.BAD_PROOF, "root")
        return LogVerdict(self._key.name, size, root.hex(), str(opened.log_key))

    def _take(self, entries: list[bytes], announcing: dict[str, str]) -> None:
        """Add one bundle of entries, and compare the tiles that it completes."""
        before = self._frontier.size
        leaves = [leaf_hash(raw) for raw in entries]
        for raw, leaf in zip(entries, leaves, strict=True):
            self._frontier.append(leaf)
            entry = Entry.decode(raw)
            if entry.event == KEY_EVENT:
                self._follow(entry, announcing)
        for (level, number), tile in extend_tiles(before, self._edge, leaves).items():
            if len(tile) == TILE_WIDTH * HASH_SIZE:
                self._compare(level, number, tile)
                self._edge.pop((level, number), None)
            else:
                self._edge[level, number] = tile

    def _follow(self, entry: Entry, announcing: dict[str, str]) -> None:
        """Go over to the key that this entry announces, if the key trusted so far vouches for it."""
        new = VerifierKey.parse(entry.id)
        if entry != key_announcement(self._key, new) or entry.id not in announcing:
            return
        checkpoint = open_checkpoint(announcing[entry.id], self._key).checkpoint
        here = Checkpoint(self._key.name, self._frontier.size, self._frontier.root())
        if new.name != self._key.name or checkpoint != here:
            raise Refused(Reason.BAD_PROOF, "keys")
        self._last_of_older = (self._frontier.size, self._key)
        self._key = new

    def _announcing_checkpoints(self) -> dict[str, str]:
        """The checkpoints under which keys were announced, by the announced key, as the log serves them."""
        data = self._source("keys")
        if data is None:
            return {}
        try:
            return {
                item["key"]: item["announced_under"]
                for item in decode_json(data)["keys"]
                if isinstance(item["announced_under"], str)
            }
        except (KeyError, TypeError) as error:
            raise Refused(Reason.WRONG_SHAPE, "keys") from error

    def _compare(self, level: int, number: int, tile: bytes) -> None:
        width = len(tile) // HASH_SIZE
        if self._tile(level, number, width)[: len(tile)] != tile:
            raise Refused(Reason.WRONG_TILE, tile_path(level, number, width))

    def _tile(self, level: int | None, number: int, width: int) -> bytes:
        """A tile or bundle; the full one when the partial one is no longer served."""
        data = self._source(tile_path(level, number, width))
        if data is None and width < TILE_WIDTH:
            data = self._source(tile_path(level, number))
        if data is None:
            raise Refused(Reason.MISSING_PART, tile_path(level, number, width))
        return data

    def _text(self, path: str) -> str:
        data = self._source(path)
        if data is None:
            raise Refused(Reason.MISSING_PART, path)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(Reason.MALFORMED_NOTE, path) from error
