"""Imported by the process from which the applications are forked: what all of them need, imported once."""

import alembic.command
import alembic.script
import common.auth
import common.db
import common.events
import common.http
import common.ledger.part
import common.migrations
import common.policies
import common.web
import common.web.log
import common.web.witness
import httptools
import httpx
import sqlalchemy.dialects.postgresql.asyncpg
import sqlmodel
import uvicorn.protocols.http.httptools_impl
import uvloop

import tourtrust.main

__all__ = [
    "alembic",
    "common",
    "httptools",
    "httpx",
    "sqlalchemy",
    "sqlmodel",
    "tourtrust",
    "uvicorn",
    "uvloop",
]
