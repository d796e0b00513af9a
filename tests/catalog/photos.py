"""Photos for the tests of uploaded pictures."""

import os
import time
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from app.uploaded_pictures import picture_folder
from tests.browser_like import Person, SeenPage

DAY = 24 * 3600


def photo(width: int = 400, height: int = 300, kind: str = "JPEG", colour: str = "teal", **how: Any) -> bytes:
    """A picture of one colour, with another one in its upper left corner."""
    made = Image.new("RGB", (width, height), colour)
    made.paste("orange", (0, 0, width // 4, height // 4))
    written = BytesIO()
    made.save(written, kind, **how)
    return written.getvalue()


async def upload(staff: Person, sku: str, content: bytes, name: str = "photo.jpg", **fields: str) -> SeenPage:
    """Chooses a file on the page of a product, and saves."""
    return await upload_at(staff, f"/products/{sku}", content, name, **fields)


async def upload_at(
    staff: Person, path: str, content: bytes, name: str = "photo.jpg", **fields: str
) -> SeenPage:
    """Chooses a file on a page that takes a picture, and saves."""
    page = await staff.get(path)
    return await staff.fill(page, fields, form="picture_file", files={"picture_file": (name, content)})


def kept_files() -> set[str]:
    """The names of all files in the folder of pictures, those of unfinished ones too."""
    folder = picture_folder()
    return {one.name for one in folder.iterdir()} if folder.is_dir() else set()


def grow_old(days: float = 2) -> None:
    """Has all files look as if they were written days ago."""
    then = time.time() - days * DAY
    for one in kept_files():
        os.utime(Path(picture_folder()) / one, (then, then))
