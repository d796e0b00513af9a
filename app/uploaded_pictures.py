"""Uploaded pictures as pages show them: their names, their sizes, and their files in the data folder.

A picture is named by its content, so that browsers may keep it for good and products and categories may share it.
What these have in their column `picture` is `uploaded/` with that name, which also tells how large the picture is: a
page needs no query for it. Pictures that come with the program are static files instead
(`pictures/products/bread.svg`). `app.catalog.pictures` makes and deletes the files.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone
from app.settings import settings
from app.static_files import ONE_YEAR, has_tag

PREFIX = "uploaded/"
# In pixels; on pages a picture is nowhere wider than half of the last.
WIDTHS = (320, 640, 1280)
# Of what is long and narrow a few pixels are left.
_NAME = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,3})x([1-9][0-9]{0,3})")
_FILE = re.compile(rf"({_NAME.pattern})-([1-9][0-9]{{0,3}})\.webp")


@dataclass(frozen=True, slots=True)
class UploadedPicture:
    """A picture as its name tells it; `width` and `height` are those of its largest size, in pixels."""

    name: str
    width: int
    height: int

    @property
    def path(self) -> str:
        """What a product or category has of it."""
        return PREFIX + self.name

    @property
    def widths(self) -> tuple[int, ...]:
        """The sizes that there are, smallest first."""
        return (*(one for one in WIDTHS if one < self.width), self.width)

    @property
    def usual_width(self) -> int:
        """The size for browsers that choose none themselves."""
        return self.widths[min(1, len(self.widths) - 1)]

    def file(self, width: int) -> str:
        """The name of the file of a size."""
        return f"{self.name}-{width}.webp"

    @property
    def files(self) -> list[Path]:
        """All of its files."""
        return [picture_folder() / self.file(width) for width in self.widths]


def picture_folder() -> Path:
    """The folder of the files; it exists once a picture was uploaded. All processes share it."""
    return settings().data_dir / "pictures"


def uploaded_picture(path: str) -> UploadedPicture | None:
    """The picture of a path that something has; None for one that comes with the program, and for none."""
    found = _NAME.fullmatch(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
    return UploadedPicture(found[0], int(found[2]), int(found[3])) if found is not None else None


def picture_of_file(file_name: str) -> str:
    """The name of the picture of which a file is a size; "" for what is no file of a picture."""
    found = _FILE.fullmatch(file_name)
    return found[1] if found is not None else ""


@get("/pictures/{name:str}", name="picture", guards=[anyone], opt={"exclude_from_csrf": True})
async def picture(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A size of a picture; 404 where there is none."""
    return await picture_answer(request, name, "public")


async def picture_answer(request: Request[Any, Any, Any], name: str, kept_by: str) -> Response[bytes]:
    """A file of a picture, which never changes. `kept_by` says who may keep it: "public" or "private". Raises
    NotFoundException."""
    if not picture_of_file(name):
        raise NotFoundException
    try:
        content = await asyncio.to_thread((picture_folder() / name).read_bytes)
    except FileNotFoundError:
        raise NotFoundException from None
    etag = f'"{name.removesuffix(".webp")}"'
    headers = {"Cache-Control": f"{kept_by}, max-age={ONE_YEAR}, immutable", "ETag": etag}
    if has_tag(request.headers.get("if-none-match", ""), etag):
        return Response(b"", status_code=304, headers=headers, media_type="image/webp")
    return Response(content, headers=headers, media_type="image/webp")
