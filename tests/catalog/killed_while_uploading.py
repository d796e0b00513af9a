"""Uploads a picture again and again, each time in a process that kills itself (SIGKILL) a step later.

Run by tests/catalog/test_pictures.py with the cookie of a staff member's session. Steps are the statements sent to the
database, and the moments before a file gets its name. Prints a line of JSON for each try: how the process ended, and
what the product has afterwards.
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path

from app.uploaded_pictures import uploaded_picture
from tables.engine import DB, close_pool, open_pool
from tests.browser_like import patron, visit
from tests.catalog.photos import photo, upload
from tests.orders.killed_at_every_step import die_before, try_until_it_lives


def die_before_naming(files: int) -> None:
    """The process dies before file number `files` gets its name."""
    left = files
    rename = Path.rename

    def counted(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(path, target)

    Path.rename = counted  # type: ignore[method-assign,assignment]  # only in this process


async def try_to_upload(cookie: str, step: int, *, of_files: bool, colour: str) -> None:
    """Uploads a picture; the process dies at a step."""
    await open_pool()
    staff = await visit("back-office")
    staff.client.cookies.set(
        "patron-back-office-session", cookie, domain="localhost.local", path="/back-office/"
    )
    await staff.get("/products/T-1")
    (die_before_naming if of_files else die_before)(step)
    page = await upload(staff, "T-1", photo(400, 300, colour=colour))
    if "The product is changed." not in page.main:
        raise AssertionError(page.main)
    await close_pool()


async def after() -> dict[str, object]:
    """Whether the product has a picture, and all files of it are there."""
    path = await DB.fetch_value("SELECT picture FROM products")
    picture = uploaded_picture(path)
    return {
        "has_picture": path != "",
        "is_whole": picture is not None and all(one.is_file() for one in picture.files),
    }


def main() -> None:
    """Lets more and more steps through, until a picture is uploaded without being killed; first of files, then of
    statements."""
    (cookie,) = sys.argv[1:]
    # Once for all children, which are copies of this process.
    patron()
    for of_files, colour in ((True, "teal"), (False, "purple")):
        try_until_it_lives(partial(try_to_upload, cookie, of_files=of_files, colour=colour), after, 100)


if __name__ == "__main__":
    main()
