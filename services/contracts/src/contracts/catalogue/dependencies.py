"""The policies of this process."""

from typing import Annotated

from fastapi import Depends, Request

from contracts.policies import Library

__all__ = ["LibraryDep"]


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


LibraryDep = Annotated[Library, Depends(_library)]
