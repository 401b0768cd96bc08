"""Structured logs: one JSON line per event, secrets redacted by name, line breaks escaped by JSON."""

import logging
import logging.config
import re
from typing import Any

import structlog

SECRET_NAMES = re.compile(r"secret|password|token|authorization|cookie|api_key|signature", re.IGNORECASE)


TALKATIVE = ("httpx", "uvicorn.access", "celery.beat", "celery.worker.strategy", "celery.app.trace")
"""Loggers whose every line says that nothing happened, or repeats a query string that may hold personal data."""


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the value of every field whose name speaks of a secret."""
    return {key: "[redacted]" if SECRET_NAMES.search(key) else value for key, value in event.items()}


def configure(options: dict[str, Any]) -> None:
    """Send the standard library's and structlog's records through one pipeline. Called by Django's set-up."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        "foreign_pre_chain": shared,
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": options.get("level", "INFO")},
            "loggers": {name: {"level": "WARNING"} for name in TALKATIVE},
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
