"""Logs, traces and numbers. Nothing personal: a path is logged as its route's template, never a body.

An exception is logged as its types and places without its message, because messages quote: pydantic the value
that somebody sent, PostgreSQL the row that was there already.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Histogram

__all__ = [
    "ALERTS",
    "REQUESTS",
    "REQUEST_SECONDS",
    "configure_telemetry",
    "library_formatter",
    "propagator",
    "tracer",
]

REQUESTS = Counter("tourtrust_requests_total", "Answered requests", ["service", "method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "tourtrust_request_seconds",
    "Seconds from request to answer",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ALERTS = Counter("tourtrust_alerts_total", "Things an operator must look at", ["service", "alert"])

propagator = TraceContextTextMapPropagator()
tracer = trace.get_tracer("tourtrust")


def configure_telemetry(service: str, level: str = "INFO", otlp_endpoint: str | None = None) -> None:
    """JSON logs on standard output, and spans so that logs and calls between services share a trace id.

    With `otlp_endpoint` (OTLP over HTTP) the spans are also sent to a collector.
    """
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider(resource=Resource.create({"service.name": f"tourtrust-{service}"}))
        if otlp_endpoint:
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(otlp_endpoint)))
        trace.set_tracer_provider(provider)
    libraries = logging.StreamHandler(sys.stdout)
    libraries.setFormatter(library_formatter())
    logging.basicConfig(handlers=[libraries], level=level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_line(), _render()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)


def library_formatter() -> logging.Formatter:
    """Gives the lines of libraries, which use the standard logging, the form of our own."""
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_line(), processors=[clean, _render()])


def _line() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _places_of_exception,
    ]


def _render() -> structlog.typing.Processor:
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _places_of_exception(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the chain of exceptions: their types, and where each was raised."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = (
        info if isinstance(info, BaseException) else (info if isinstance(info, tuple) else sys.exc_info())[1]
    )
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < 5:
        frames = traceback.extract_tb(error.__traceback__)[-20:]
        chain.append(
            {
                "type": f"{type(error).__module__}.{type(error).__qualname__}",
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    event["exception"] = chain
    return event
