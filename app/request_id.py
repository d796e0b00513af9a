"""The id of the current request: in the answer, on error pages, in every log record and audit entry."""

import re
import secrets
from contextvars import ContextVar

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
_SANE = re.compile(rb"^[A-Za-z0-9_-]{8,40}$")


def new_request_id(sent: bytes | None = None) -> str:
    """A fresh id of 16 characters, or the sane one that a trusted proxy sent along."""
    return sent.decode() if sent is not None and _SANE.match(sent) else secrets.token_hex(8)
