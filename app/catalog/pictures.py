"""Pictures of products and categories that staff upload: made into a few sizes, kept, and deleted when nothing has
them.

A file is written before the row that names it. What a row never came to name, or no longer names, the worker
deletes after a day.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj, rmtree
from typing import IO

import structlog

from app.programs_beside import environment_beside
from app.static_files import hashed_name
from app.uploaded_pictures import (
    PREFIX,
    WIDTHS,
    UploadedPicture,
    picture_folder,
    picture_of_file,
    uploaded_picture,
)
from tables.engine import DB

# What a photo of a telephone has, and what a serving process can hold twice without growing beyond its 120 MB.
MOST_BYTES = 6_000_000
# Decoded they take four bytes each, in a process of their own.
MOST_PIXELS = 40_000_000
LEAST_SIDE = 100
# Seconds: a page that was open when its picture was replaced still finds the old one, and who corrects another field
# of the form still finds the new one.
KEPT_SECONDS = 24 * 3600
SCALED_WITHIN = 60
_UNFINISHED = ".unfinished-"
# Held together by those who write pictures or rows that name them, alone by who deletes pictures.
_LOCK = 7_046_217_310_085
# Everything that has pictures.
_USED = """
    SELECT picture FROM products WHERE starts_with(picture, $1)
    UNION SELECT picture FROM categories WHERE starts_with(picture, $1)
"""
_SCALING = Path(__file__).with_name("picture_sizes.py")
# One at a time in each process.
_one_at_a_time = asyncio.Semaphore(1)
log = structlog.get_logger()


class PictureRefused(ValueError):
    """It is no picture that can be shown; `reason` is a word of app.catalog.picture_sizes, or "bytes"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def keep_picture(upload: IO[bytes]) -> str:
    """Makes the sizes of an uploaded picture and keeps them; the path for what will have it. Raises PictureRefused.

    Nothing else of the upload counts, neither what it is called nor what kind it says it is.
    """
    if upload.seek(0, os.SEEK_END) > MOST_BYTES:
        raise PictureRefused("bytes")
    async with _one_at_a_time:
        unfinished, picture = await asyncio.to_thread(_scaled, upload)
    try:
        async with DB.transaction():
            await _hold_off_deleting()
            await asyncio.to_thread(_finish, unfinished, picture)
    finally:
        await asyncio.to_thread(rmtree, unfinished, ignore_errors=True)
    return picture.path


def is_picture(path: str) -> bool:
    """Whether a path can be the picture of a product or category: one that comes with the program, or an uploaded
    one."""
    if uploaded_picture(path) is not None:
        return True
    try:
        hashed_name(path)
    except KeyError:
        return False
    return path.startswith("pictures/")


async def change_picture(before: str, after: str) -> bool:
    """Makes sure that an uploaded picture is there as long as something has it, and a day longer.

    Called in the transaction that writes the path. False where the picture is no longer there: then nothing may name
    it. What keeps a picture that got lost can still be changed otherwise.
    """
    if before == after:
        return True
    picture = uploaded_picture(after)
    if picture is not None:
        await _hold_off_deleting()
        if not await asyncio.to_thread(_renew, picture):
            return False
    await keep_for_a_day(before)
    return True


async def keep_for_a_day(path: str) -> None:
    """Keeps a picture that a product or category no longer has for those who are looking at it."""
    picture = uploaded_picture(path)
    if picture is not None:
        await asyncio.to_thread(_renew, picture)


async def delete_unused_pictures() -> int:
    """Deletes the files of pictures that nothing has had for a day, and what killed processes have left; how many.

    A job of the worker. While somebody writes a picture it does nothing: the next time is soon enough.
    """
    async with DB.transaction():
        if not await DB.fetch_value("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        rows = await DB.fetch(_USED, PREFIX)
        return await asyncio.to_thread(_delete_all_but, {row["picture"] for row in rows})


async def _hold_off_deleting() -> None:
    await DB.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)


def _scaled(upload: IO[bytes]) -> tuple[Path, UploadedPicture]:
    """A folder with the sizes, and what they will be called. Raises PictureRefused."""
    folder = picture_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    try:
        upload.seek(0)
        original = unfinished / "original"
        with original.open("wb") as copy:
            copyfileobj(upload, copy)
        width, height = _size_of(_said_of(original, unfinished))
        original.unlink()
        # What comes out is named, not what came in: another version of the library may make something else of it.
        digest = hashlib.sha256()
        for file in sorted(unfinished.iterdir()):
            digest.update(file.read_bytes())
        return unfinished, UploadedPicture(f"{digest.hexdigest()[:32]}-{width}x{height}", width, height)
    except BaseException:
        rmtree(unfinished, ignore_errors=True)
        raise


def _said_of(original: Path, folder: Path) -> str:
    command = [
        sys.executable,
        "-I",
        str(_SCALING),
        str(folder),
        *map(str, (MOST_PIXELS, LEAST_SIDE, *WIDTHS)),
    ]
    try:
        with original.open("rb") as picture:
            done = subprocess.run(
                command,
                stdin=picture,
                capture_output=True,
                env=environment_beside(),
                timeout=SCALED_WITHIN,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return "broken"
    if done.returncode:
        log.warning("a picture could not be read", error=done.stderr.decode(errors="replace")[-500:])
        return "broken"
    return done.stdout.decode().strip()


def _size_of(said: str) -> tuple[int, int]:
    width, _blank, height = said.partition(" ")
    if not height:
        raise PictureRefused(said)
    return int(width), int(height)


def _finish(unfinished: Path, picture: UploadedPicture) -> None:
    """Moves the sizes to where they are found, whole: a half-written file never has the name of a picture."""
    for width in picture.widths:
        file = unfinished / f"{width}.webp"
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.rename(picture_folder() / picture.file(width))


def _renew(picture: UploadedPicture) -> bool:
    """Has the files count as new; False where one is missing."""
    try:
        for file in picture.files:
            os.utime(file)
    except FileNotFoundError:
        return False
    return True


def _delete_all_but(used: Iterable[str]) -> int:
    kept = {path.removeprefix(PREFIX) for path in used}
    before = time.time() - KEPT_SECONDS
    try:
        entries = list(os.scandir(picture_folder()))
    except FileNotFoundError:
        return 0
    deleted = 0
    for entry in entries:
        name = picture_of_file(entry.name)
        is_unused = bool(name) and name not in kept
        if not (is_unused or entry.name.startswith(_UNFINISHED)) or not _is_older(entry, before):
            continue
        if entry.is_dir():
            rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)
        deleted += 1
    return deleted


def _is_older(entry: os.DirEntry[str], before: float) -> bool:
    try:
        return entry.stat().st_mtime <= before
    except FileNotFoundError:
        # Whose upload has just ended has taken its own folder away.
        return False
