"""Patron as its users run it: a process of its own."""

import http.client
import itertools
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
# Seconds, on a machine that does much else.
STARTS_WITHIN = 120
STOPS_WITHIN = 60
# Below those that the system gives to whoever asks for any, and for each process of the tests others: whoever listens
# a few seconds later than they were told a port still finds it free.
_PORTS_OF_EACH = 2000
_FIRST_PORT = 20_000 + _PORTS_OF_EACH * (
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 6
)
# Not the same ones first in a second run on this machine.
_BEGIN = os.getpid() % _PORTS_OF_EACH
_PORTS = itertools.cycle(
    [*range(_FIRST_PORT + _BEGIN, _FIRST_PORT + _PORTS_OF_EACH), *range(_FIRST_PORT, _FIRST_PORT + _BEGIN)]
)


@dataclass
class PatronProcess:
    """A running `patron serve`."""

    url: str
    data_dir: Path
    # Empty when the process runs its embedded database.
    database_url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """All that the process has printed so far."""
        return self.log.read_text(errors="replace")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Stops the process as Ctrl-C (SIGINT) or an operator (SIGTERM) does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(STOPS_WITHIN)


def free_port() -> int:
    """A port of the loopback address that nobody listens on, and that no other process of the tests is given."""
    for port in itertools.islice(_PORTS, _PORTS_OF_EACH):
        with socket.socket() as probe:
            # As servers do: a port whose connections were closed a moment ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")


def production(**more: str) -> dict[str, str]:
    """What production asks for, with a mail server that nobody runs."""
    return {
        "PATRON_ENV": "production",
        "PATRON_SECRET_KEYS": secrets.token_urlsafe(48),
        "PATRON_SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
        "PATRON_MAIL_FROM": "Patron <shop@shop.example>",
        **more,
    }


def environment(data_dir: Path, database_url: str = "", **more: str) -> dict[str, str]:
    """What a developer's shell holds for a Patron on that data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PATRON_")}
    kept.pop("DATABASE_URL", None)
    # Compiling everything anew at each start would take longer than the rest of it.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept |= {"PATRON_ENV": "development", "PATRON_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    if database_url:
        kept["DATABASE_URL"] = database_url
    return kept | more


def patron(
    *arguments: str, env: dict[str, str], stdin: str = "", within: float = 240
) -> "subprocess.CompletedProcess[str]":
    """Runs a `patron` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=PROJECT,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=within,
    )


def demo_data(data_dir: Path, database_url: str) -> None:
    """Loads the demo data by `patron demo`."""
    done = patron("demo", env=environment(data_dir, database_url))
    if done.returncode:
        raise AssertionError(f"patron demo failed:\n{done.stdout}\n{done.stderr}")


@contextmanager
def patron_serving(
    data_dir: Path, database_url: str = "", *arguments: str, port: int | None = None, **settings: str
) -> Iterator[PatronProcess]:
    """A `patron serve` that answers; stopped at the end of the block, also when that fails."""
    port = port or free_port()
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "serve.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port), *arguments],
            cwd=PROJECT,
            env=environment(data_dir, database_url, **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # As from a terminal, the process and its children are one group; see `interrupt_all`.
            start_new_session=True,
        )
    running = PatronProcess(f"http://localhost:{port}", data_dir, database_url, process, log)
    try:
        wait_until_ready(running)
        yield running
    finally:
        try:
            running.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def interrupt_all(running: PatronProcess) -> int:
    """What Ctrl-C in a terminal does: SIGINT for every process of the group; the exit code of `patron`."""
    os.killpg(running.process.pid, signal.SIGINT)
    return running.process.wait(STOPS_WITHIN)


def wait_until_ready(running: PatronProcess) -> None:
    """Waits until the process answers that it is ready, or fails with what it has printed."""
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and running.process.poll() is None:
        if answers(f"{running.url}/health/ready"):
            return
        time.sleep(0.05)
    raise AssertionError(f"patron serve did not get ready:\n{running.said()}")


def answers(url: str) -> bool:
    """Whether the address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False
