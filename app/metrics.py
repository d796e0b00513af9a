"""Metrics for Prometheus at /metrics: requests and sign-ins of all workers."""

import os
import secrets
from functools import cache
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from app.access import anyone
from app.client_address import client_address
from app.settings import settings

REQUESTS = Counter("patron_requests_total", "Answered requests.", ["application", "method", "status"])
SECONDS = Histogram(
    "patron_request_seconds",
    "Time from request to answer.",
    ["application"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SIGN_INS = Counter("patron_sign_ins_total", "Sign-ins by their outcome.", ["application", "outcome"])
REPEATED = Counter(
    "patron_repeated_requests_total",
    "Requests run again since a transaction of theirs was ended for another one.",
    ["application"],
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(application: str, method: str, status: int, seconds: float) -> None:
    """Counts an answered request. Methods that nobody knows count as one, so that no client makes new series."""
    requests, taken = _series(application, method if method in _METHODS else "other", status)
    requests.inc()
    taken.observe(seconds)


@cache
def _series(application: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """The counter and the times of such requests. Looking them up costs as much as counting."""
    return REQUESTS.labels(application, method, str(status)), SECONDS.labels(application)


@get("/metrics", name="metrics", guards=[anyone], opt={"exclude_from_csrf": True})
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The figures of all workers, for whoever has the token; 404 for everybody else."""
    if not _may_read(request):
        raise NotFoundException
    return Response(_figures(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _figures() -> bytes:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    # Set by `patron serve`: its workers count into files that every one of them can read (app/server.py).
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library left it untyped
    return generate_latest(registry)


def _may_read(request: Request[Any, Any, Any]) -> bool:
    token = settings().metrics_token
    if token:
        sent = request.headers.get("authorization", "")
        return secrets.compare_digest(sent.encode(), f"Bearer {token}".encode())
    address = client_address(request.scope)
    return settings().development and address is not None and address.is_loopback


routes = [metrics]
