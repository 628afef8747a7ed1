"""The cost of the gateway: one read of a credit subject, through it against straight to the service.

Short rounds of both take turns, so that whatever else the machine does falls on both alike; the ratio is the
median of the rounds' ratios. Where `nginx` is installed, the same rounds run through it too.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pyotp
import uvloop
from tourtrust.runtime.platform import Options, running_platform
from tourtrust.runtime.processes import free_port

CONNECTIONS = 16
SECONDS = 1.0
ROUNDS = 9

NGINX = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


@dataclass
class Measured:
    """What one door gave: requests per second of each round, and every latency in seconds."""

    rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second of the median round."""
        return statistics.median(self.rates)

    @property
    def p99(self) -> float:
        """The latency that one request in a hundred exceeds."""
        return statistics.quantiles(self.seconds, n=100)[98]


class _Visitor(asyncio.Protocol):
    """One kept connection that asks again as soon as it has its answer."""

    def __init__(self, request: bytes, until: float, seconds: list[float]) -> None:
        self._request, self._until, self._seconds = request, until, seconds
        self._received = b""
        self._sent = 0.0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        if b" 200 " not in head[:20]:
            self.ended.set_exception(RuntimeError(f"not 200: {self._received[:300]!r}"))
            self._transport.close()
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._seconds.append(time.perf_counter() - self._sent)
        self._received = b""
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)


async def _round(port: int, request: bytes, into: Measured, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    begun = time.perf_counter()
    visitors = [
        (
            await loop.create_connection(
                lambda: _Visitor(request, begun + seconds, latencies), "127.0.0.1", port
            )
        )[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(visitor.ended for visitor in visitors))
    into.rates.append(len(latencies) / (time.perf_counter() - begun))
    into.seconds += latencies


def measure(ports: dict[str, int], path: str, token: str) -> dict[str, Measured]:
    """The same request through each door, round by round, in changing order, after one round to warm up."""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    measured = {door: Measured() for door in ports}

    async def rounds() -> None:
        for door in ports:
            await _round(ports[door], request, Measured(), SECONDS)
        for number in range(ROUNDS):
            for door in sorted(ports, reverse=number % 2 == 1):
                await _round(ports[door], request, measured[door], SECONDS)

    uvloop.run(rounds())
    return measured


@contextmanager
def nginx(upstream: int) -> Iterator[int | None]:
    """The port of an nginx in front of `upstream`; None where there is no nginx."""
    program = shutil.which("nginx")
    if program is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="tourtrust-nginx-"))
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, upstream=upstream, port=port), "ascii")
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"])
    try:
        time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def compare(direct: int, gateway: int, path: str, token: str) -> dict[str, Any]:
    """Measure both ports (and nginx) and give the ratios."""
    with nginx(direct) as third:
        ports = {"direct": direct, "gateway": gateway} | ({"nginx": third} if third else {})
        measured = measure(ports, path, token)
    pairs = zip(measured["gateway"].rates, measured["direct"].rates, strict=True)
    ratio = statistics.median(through / straight for through, straight in pairs)
    return {
        "ratio_to_direct": round(ratio, 3),
        "p99_ratio": round(measured["gateway"].p99 / measured["direct"].p99, 3),
        "rps_direct": round(measured["direct"].rate, 1),
        "rps_gateway": round(measured["gateway"].rate, 1),
        "ratio_to_nginx": round(measured["gateway"].rate / measured["nginx"].rate, 3) if third else None,
    }


def run() -> dict[str, Any]:
    """Start a small demo platform in a folder of its own, measure, and stop it."""
    # Run as a script, this file would hide the package of the same name from the platform.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
    home = Path(tempfile.mkdtemp(prefix="tourtrust-bench-"))
    options = Options(home=home, demo=True, small=True, port=free_port(), credit_port=free_port())
    environ = dict(os.environ) | {"GATEWAY_RATE_READ": "100000000/60"}
    try:
        with running_platform(options, environ=environ), httpx.Client(base_url=options.base_url) as http:
            user = json.loads((home / "demo-credentials.json").read_text("utf-8"))["users"][
                "province_officer"
            ]
            session = http.post(
                "/api/v1/identity/sessions",
                json={
                    "username": user["username"],
                    "password": user["password"],
                    "otp": pyotp.TOTP(user["totp_secret"]).now(),
                },
            )
            token = session.raise_for_status().json()["access_token"]
            found = http.get("/api/v1/credit/subjects?limit=1", headers={"Authorization": f"Bearer {token}"})
            subject = found.raise_for_status().json()["items"][0]["id"]
            return compare(options.credit_port, options.port, f"/api/v1/credit/subjects/{subject}", token)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = run()
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"straight to the service  {result['rps_direct']} requests/s")
    print(f"through the gateway      {result['rps_gateway']} requests/s, ratio {result['ratio_to_direct']}")
    print(f"p99 through / straight   {result['p99_ratio']}")
    print(f"gateway / nginx          {result['ratio_to_nginx'] or 'no nginx here'}")


if __name__ == "__main__":
    main()
