"""The public routes of a log: C2SP tlog-tiles, proofs, keys. No token; nothing in it names a person."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from common.ledger import store
from common.ledger.signer import LogSigner
from common.ledger.strict import MAX_INTEGER
from common.ledger.tiles import TILE_WIDTH, encode_bundle, parse_tile_index
from common.ledger.tree import HASH_SIZE
from common.problems import FieldError, InvalidPayload, NotFound, Text, Unavailable, declare
from common.web.dependencies import SessionDep
from common.web.route import ServiceRouter
from common.web.schemas import Model

__all__ = ["LogDep", "log_operations", "log_router"]

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
BRIEFLY = {"Cache-Control": "public, max-age=1"}
BINARY = "application/octet-stream"


class InclusionProof(Model):
    """RFC 6962 2.1.1: the hashes from the leaf to the root, lower-case hexadecimal."""

    leaf_index: int
    tree_size: int
    inclusion_proof: list[str]


class ConsistencyProof(Model):
    """RFC 6962 2.1.2: the tree of `old_size` leaves is the beginning of the tree of `new_size`."""

    old_size: int
    new_size: int
    consistency_proof: list[str]


class LogKey(Model):
    """A verifier key and the trees that it signs: from `first_size` to `last_size` leaves (null: still)."""

    key: str
    first_size: int
    last_size: int | None
    valid_from: str
    announced_under: str | None


class LogKeys(Model):
    """All keys of a log, oldest first."""

    log_origin: str
    keys: list[LogKey]


def _log(request: Request) -> LogSigner:
    log: LogSigner = request.app.state.log
    return log


LogDep = Annotated[LogSigner, Depends(_log)]
SizeParam = Annotated[int, Query(ge=0, le=MAX_INTEGER)]
IndexPath = Annotated[str, Path(description="x001/x234/067, with .p/W for a partial tile", max_length=40)]


def log_operations(prefix: str) -> frozenset[str]:
    """The operations of `log_router(prefix)`, for the service's public list."""
    paths = (
        "checkpoint",
        "tile/entries/{index:path}",
        "tile/{level}/{index:path}",
        "proofs/inclusion",
        "proofs/consistency",
        "keys",
    )
    return frozenset(f"GET {prefix}/log/{path}" for path in paths)


def log_router(prefix: str) -> ServiceRouter:
    """The routes of a service's log below `prefix`/log."""
    router = ServiceRouter(prefix=f"{prefix}/log", tags=["log"])

    @router.get(
        "/checkpoint",
        summary="The signed checkpoint of the whole log, with the witnesses' lines when they are there",
        responses=declare(Unavailable) | _content(200, "text/plain", "A signed note (C2SP tlog-checkpoint)"),
        response_class=Response,
    )
    async def get_checkpoint(session: SessionDep) -> Response:
        found = await _latest(session)
        return Response(found.cosigned(), media_type="text/plain", headers=BRIEFLY)

    @router.get(
        "/tile/entries/{index:path}",
        summary="A bundle of up to 256 entries",
        responses=declare(NotFound, Unavailable) | _content(200, BINARY, "Entries behind 2-byte lengths"),
        response_class=Response,
    )
    async def get_entries(index: IndexPath, session: SessionDep) -> Response:
        number, width = _tile(index)
        first = number * TILE_WIDTH
        if first + width > (await _latest(session)).size:
            raise NotFound
        entries = await store.load_entries(session, first, first + width)
        return Response(encode_bundle(entries), media_type=BINARY, headers=FOREVER)

    @router.get(
        "/tile/{level}/{index:path}",
        summary="A tile of up to 256 hashes",
        responses=declare(NotFound, InvalidPayload) | _content(200, BINARY, "Hashes of 32 bytes"),
        response_class=Response,
    )
    async def get_tile(
        level: Annotated[str, Path(pattern=r"^([0-9]|[1-5][0-9]|6[0-3])$")],
        index: IndexPath,
        session: SessionDep,
    ) -> Response:
        number, width = _tile(index)
        tile = (int(level), number)
        hashes = (await store.load_tiles(session, [tile])).get(tile, b"")[: width * HASH_SIZE]
        if len(hashes) != width * HASH_SIZE:
            raise NotFound
        return Response(hashes, media_type=BINARY, headers=FOREVER)

    @router.get(
        "/proofs/inclusion",
        summary="The proof that a leaf stands in the tree of a size",
        responses=declare(InvalidPayload, Unavailable),
    )
    async def get_inclusion_proof(index: SizeParam, size: SizeParam, session: SessionDep) -> InclusionProof:
        await _within(session, "query/size", size)
        if index >= size:
            raise _refuse("query/index", "须小于 size", "Must be below size")
        proof = await store.inclusion_proof(session, index, size)
        return InclusionProof(
            leaf_index=index, tree_size=size, inclusion_proof=[item.hex() for item in proof]
        )

    @router.get(
        "/proofs/consistency",
        summary="The proof that one tree is the beginning of another",
        responses=declare(InvalidPayload, Unavailable),
    )
    async def get_consistency_proof(
        old: Annotated[SizeParam, Query(alias="from")],
        new: Annotated[SizeParam, Query(alias="to")],
        session: SessionDep,
    ) -> ConsistencyProof:
        await _within(session, "query/to", new)
        if old > new:
            raise _refuse("query/from", "不得大于 to", "Must not exceed to")
        proof = await store.consistency_proof(session, old, new)
        return ConsistencyProof(old_size=old, new_size=new, consistency_proof=[item.hex() for item in proof])

    @router.get(
        "/keys", summary="The log's verifier keys with their validity", responses=declare(Unavailable)
    )
    async def get_keys(session: SessionDep, log: LogDep) -> LogKeys:
        return LogKeys(
            log_origin=log.origin,
            keys=[
                LogKey(
                    key=item.key,
                    first_size=item.first_size,
                    last_size=item.last_size,
                    valid_from=item.valid_from.isoformat().replace("+00:00", "Z"),
                    announced_under=item.announced_under,
                )
                for item in await store.list_keys(session)
            ],
        )

    return router


def _content(status: int, kind: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, "content": {kind: {}}}}


def _refuse(pointer: str, zh: str, en: str) -> InvalidPayload:
    return InvalidPayload([FieldError(pointer, Text(zh, en))])


def _tile(index: str) -> tuple[int, int]:
    parsed = parse_tile_index(index)
    if parsed is None or parsed[0] * TILE_WIDTH > MAX_INTEGER:
        raise NotFound
    return parsed


async def _latest(session: AsyncSession) -> store.LogCheckpoint:
    found = await store.latest_checkpoint(session)
    if found is None:
        raise Unavailable(Text("日志尚未开始", "The log has not begun yet"))
    return found


async def _within(session: AsyncSession, pointer: str, size: int) -> None:
    latest = (await _latest(session)).size
    if size > latest:
        raise _refuse(pointer, f"日志现有 {latest} 条", f"The log holds {latest} leaves")
