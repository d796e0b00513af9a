"""Logs: one record for each event, with the id of its request and without secrets or full e-mails.

JSON on standard error in production, coloured lines in development (PATRON_LOG). What libraries say by the
standard `logging` goes the same way, and so do exceptions that nobody caught.
"""

import json
import logging
import re
import sys
from functools import lru_cache
from types import TracebackType
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from app.request_id import current_request_id
from app.settings import settings

REMOVED = "[removed]"
# A name that holds one of these words (secret_keys, x-csrftoken, reset_code) names a secret …
SECRET_WORDS = re.compile(r"password|passwd|token|cookie|authori[sz]ation|code|secret|hash", re.IGNORECASE)
# … except these, which say what happened.
OPEN_NAMES = frozenset(
    {"status_code", "exit_code", "error_code", "country_code", "postal_code", "language_code"}
)
# Each part only as long as it can be (RFC 5321, 4.5.3.1; RFC 1035, 2.3.4): what is logged are also addresses that
# strangers ask for, and looking on to the end from every letter of a long one would hold up all pages.
EMAIL = re.compile(r"([\w.+%-])[\w.+%'-]{0,63}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,126}|localhost)")
SECRET_IN_ADDRESS = re.compile(r"([?&;](?:token|code|password|secret|key)=)[^&\s'\"]+", re.IGNORECASE)
PASSWORD_IN_URL = re.compile(r"(\w://[^/\s:@]*:)[^@\s/]+@")
# Libraries that tell about each step at INFO.
TALKATIVE = ("_granian", "granian", "asyncio", "mail.log", "fontTools", "fpdf")

# What cannot be written as JSON was made a text by `without_secrets` before.
_JSON = msgspec.json.Encoder(enc_hook=repr)


def configure_logs() -> None:
    """Sends all logs of this process to standard error in the style of the settings. Safe to call twice."""
    current = settings()
    level = logging.getLevelNamesMapping()[current.log_level]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(lambda event, **_: _as_json(event))
        if current.log == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _send_standard_logging_the_same_way(level, shared, renderer)
    sys.excepthook = _log_uncaught


def without_secrets(logger: object, method: str, event: EventDict) -> EventDict:
    """Removes what nobody may read in a log: values with the name of a secret, and most of each e-mail."""
    return {name: _cleaned(name, value) for name, value in event.items()}


def _cleaned(name: str, value: Any) -> Any:
    if _names_a_secret(name):
        return REMOVED
    return _cleaned_value(value)


@lru_cache(maxsize=1000)
def _names_a_secret(name: str) -> bool:
    return bool(SECRET_WORDS.search(name)) and name.lower() not in OPEN_NAMES


def _cleaned_value(value: Any) -> Any:
    if isinstance(value, str):
        return _cleaned_text(value)
    if isinstance(value, dict):
        return {str(name): _cleaned(str(name), one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_cleaned_value(one) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _cleaned_text(str(value))


def _cleaned_text(text: str) -> str:
    if "://" in text:
        text = PASSWORD_IN_URL.sub(rf"\1{REMOVED}@", text)
    if "@" in text:
        text = EMAIL.sub(r"\1***@\2", text)
    if "=" in text:
        text = SECRET_IN_ADDRESS.sub(rf"\1{REMOVED}", text)
    return text


def _as_json(event: EventDict) -> str:
    try:
        return _JSON.encode(event).decode()
    except ValueError:  # half a pair of UTF-16, which UTF-8 cannot say: rare, and logging never fails
        return json.dumps(event, default=repr)


def _add_request_id(logger: object, method: str, event: EventDict) -> EventDict:
    request_id = current_request_id.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def _send_standard_logging_the_same_way(level: int, shared: list[Processor], renderer: Processor) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(level, logging.WARNING))


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.get_logger().critical("uncaught exception", exc_info=(kind, error, traceback))
