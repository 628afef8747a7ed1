"""`python -m gateway`: the gateway on port 8000 of every address, as in its container."""

import uvicorn

from gateway.proxy.protocol import BoundedProtocol

if __name__ == "__main__":
    uvicorn.run(
        "gateway.main:create_app",
        factory=True,
        host="0.0.0.0",  # noqa: S104
        port=8000,
        loop="uvloop",
        http=BoundedProtocol,
        access_log=False,
        log_level="warning",
    )
