"""Structured logs: one JSON object a line on stdout (readable on a terminal), each with its request's id."""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

from hive_kit.request_id import known_request_id


def configure_logs(service: str, level: str = "info") -> None:
    """Set up logging for this process; libraries' warnings come through the same stream."""

    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)  # not a context variable: threads start without those
        return event

    renderer = structlog.dev.ConsoleRenderer() if sys.stdout.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_service,
            _add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s", force=True
    )


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = known_request_id()
    if request_id:
        event["request_id"] = request_id
    return event
