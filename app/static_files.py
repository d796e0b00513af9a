"""Static files: held in memory under names that contain their hash, so that browsers may keep them a year."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone

STATIC = Path(__file__).parent.parent / "static"
ONE_YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent."""

    content: bytes
    media_type: str
    etag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All files by their hashed name, for example css/site.1a2b3c4d5e6f.css."""
    return {_hashed(name): one for name, one in _originals().items()}


@cache
def _originals() -> dict[str, StaticFile]:
    found: dict[str, StaticFile] = {}
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[path.relative_to(STATIC).as_posix()] = StaticFile(content, kind, f'"{digest}"')
    return found


@cache
def _hashed(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{_originals()[name].etag[1:-1]}.{suffix}"


def hashed_name(name: str) -> str:
    """The hashed name of a file in static/. Raises KeyError for a file that does not exist."""
    return _hashed(name)


@get("/static/{name:path}", name="static_file", guards=[anyone], opt={"exclude_from_csrf": True})
async def static_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A static file under its hashed name; any other name is 404, so that no stale copy is ever kept."""
    found = static_files().get(name.lstrip("/"))
    if found is None:
        raise NotFoundException
    headers = {"Cache-Control": f"public, max-age={ONE_YEAR}, immutable", "ETag": found.etag}
    if has_tag(request.headers.get("if-none-match", ""), found.etag):
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


def has_tag(tags: str, etag: str) -> bool:
    """Whether If-None-Match lists the file, weakly or not (RFC 9110, 13.1.2)."""
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in tags.split(","))
