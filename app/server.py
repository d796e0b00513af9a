"""The web server: granian, with as many worker processes as asked for."""

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server

# Seconds. A client that sends its headers slower than this is let go.
HEADERS_WITHIN = 15
# Seconds that requests may still take after the server was told to stop.
FINISH_WITHIN = 10
# Connections that wait to be accepted while all workers are busy.
BACKLOG = 2048
CHECK_PARENT_EVERY = 0.5


class PortTaken(Exception):
    """Another program listens on the port, or the address is not one of this machine."""


def serve(host: str, port: int, workers: int) -> None:
    """Serves until SIGINT or SIGTERM; then finishes the requests that run. Raises PortTaken."""
    _refuse_taken_port(host, port)
    parent = os.getpid()
    server = Server(
        "app.main:build",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        workers=workers,
        backlog=BACKLOG,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN * 1000, keep_alive=True),
        # Patron writes its own log of requests (app/main.py), with ids and without secrets.
        log_enabled=False,
        log_access=False,
        # A worker that was killed is replaced; one that cannot start ends the server.
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=FINISH_WITHIN,
    )
    # All workers count into files of this folder, so that /metrics tells of them all, whoever answers.
    with TemporaryDirectory(prefix="patron-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # Imported before the worker processes are made, which then share its memory.
        import app.main  # noqa: F401  # imported for its effect

        gc.freeze()
        server.serve(target_loader=_ApplicationOfChild(parent, workers), wrap_loader=False)


class _ApplicationOfChild:
    """Builds the application in a worker process, which ends when its parent does."""

    def __init__(self, parent: int, workers: int) -> None:
        self.parent = parent
        self.workers = workers

    def __call__(self) -> Callable[..., Any]:
        from app.main import build
        from app.sign_in.passwords import share_cores

        share_cores(self.workers)
        threading.Thread(target=_end_with, args=(self.parent,), daemon=True).start()
        application = build()
        # What stands now stays: the collector need not look at it again and again. It was off during the
        # start, where it costs a quarter of the time and finds nothing.
        gc.freeze()
        gc.enable()
        return application


def _end_with(parent: int) -> None:
    # After kill -9 of the parent nobody else would end its workers, which hold the port and send mails.
    while os.getppid() == parent:
        time.sleep(CHECK_PARENT_EVERY)
    end = time.monotonic() + FINISH_WITHIN
    while time.monotonic() < end:
        # Again and again: a worker that is just starting hears it and forgets it.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(CHECK_PARENT_EVERY)
    os.kill(os.getpid(), signal.SIGKILL)


def _refuse_taken_port(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise PortTaken(
            f"Patron cannot listen on {host}, port {port}: {error.strerror}. Choose another by --port."
        ) from error
