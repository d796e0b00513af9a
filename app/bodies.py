"""Request bodies: their limits and their text, checked before anything reads them (security.md, Input)."""

import asyncio
import re

from litestar.types import HTTPReceiveMessage, Receive, Scope

FORM_BYTES = 1_000_000
FORM_FIELDS = 2_000
# Pages that take files, as paths of an application: what they read at most.
UPLOADS = {"/account/users/import": 5_000_000, "/quick-order": FORM_BYTES}
# The same for pages of the back office, by how their paths begin.
UPLOADS_OF_STAFF = {"/products/": 7_000_000, "/categories/": 7_000_000}
# Larger bodies are let run into nothing before they are refused, up to so many bytes: who is answered while still
# sending often sees no answer but a broken connection.
DRAINED_BYTES = 20_000_000
DRAINED_BYTES_OF_UPLOADS = 300_000_000
# Seconds. A body that takes longer is not coming, or somebody wants to keep us waiting.
BODY_WITHIN = 30
# So much of a kept body is handed on at a time: more than nearly all forms have.
PIECE_BYTES = 256_000
UTF_8 = (b"utf-8", b"utf8")
# What a part of a multipart body says of its text.
_CHARSET = re.compile(rb'charset\s*=\s*"?([^";\r\n]*)')


class BodyRefused(Exception):
    """A body that is not read: 413 when it is too large, 408 when it does not arrive, else 400."""

    def __init__(self, status_code: int) -> None:
        super().__init__(status_code)
        self.status_code = status_code


class KeptBody:
    """A body that was read whole: a `receive` of ASGI that gives it once, and once more for each `again()`."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        # How many bytes were given; None once all were.
        self._given: int | None = 0

    async def __call__(self) -> HTTPReceiveMessage:
        """The next piece of the body, then that nothing more comes. In pieces an upload is not copied as a whole."""
        if self._given is None:
            return {"type": "http.disconnect"}
        start, end = self._given, self._given + PIECE_BYTES
        has_more = end < len(self._body)
        self._given = end if has_more else None
        return {"type": "http.request", "body": self._body[start:end], "more_body": has_more}

    @property
    def is_large(self) -> bool:
        """Whether it is larger than forms are that take no files."""
        return len(self._body) > FORM_BYTES

    def again(self) -> "KeptBody":
        """The same from its beginning, without a copy."""
        self._given = 0
        return self


async def checked_body(scope: Scope, receive: Receive, path: str = "", *, of_staff: bool = False) -> KeptBody:
    """Reads the body of a form whole and gives it back as a new `receive`. Raises BodyRefused.

    `path` is that of the page within its application, and `of_staff` says that this is the back office: some pages
    take files. A body that was kept before, for another try of its request, is neither read nor checked again.

    Everything that Litestar's form parsers would answer with 500 or a flood of work is refused here: too many
    bytes or fields, an unknown charset, text that is not UTF-8, broken multipart.
    """
    if isinstance(receive, KeptBody):
        return receive.again()
    headers = {
        name: value for name, value in scope["headers"] if name in (b"content-type", b"content-length")
    }
    kind, _, parameters = headers.get(b"content-type", b"").partition(b";")
    upload = _upload_bytes(path, of_staff)
    at_most = upload or FORM_BYTES
    drained = DRAINED_BYTES_OF_UPLOADS if upload else DRAINED_BYTES
    declared = headers.get(b"content-length")
    _refuse_declared_size(declared, drained)
    try:
        async with asyncio.timeout(BODY_WITHIN):
            body = await _whole_body(receive, at_most, drained)
    except TimeoutError:
        raise BodyRefused(408) from None
    _refuse_declared_size(declared, at_most)
    kind = kind.strip().lower()
    if kind in (b"application/x-www-form-urlencoded", b"multipart/form-data"):
        _refuse_unknown_charset(parameters)
    if kind == b"application/x-www-form-urlencoded":
        _check_urlencoded(body)
    elif kind == b"multipart/form-data":
        _check_multipart(body, parameters)
    return KeptBody(body)


def _upload_bytes(path: str, of_staff: bool) -> int:
    """How large a body may be on a page that takes files; 0 for all others."""
    if path in UPLOADS:
        return UPLOADS[path]
    return next((most for one, most in UPLOADS_OF_STAFF.items() if of_staff and path.startswith(one)), 0)


def _refuse_declared_size(declared: bytes | None, at_most: int) -> None:
    if declared is None:
        return
    if not declared.isdigit():
        raise BodyRefused(400)
    # The length of the number first: Python refuses to read one of thousands of digits.
    if len(declared) > 20 or int(declared) > at_most:
        raise BodyRefused(413)


async def _whole_body(receive: Receive, at_most: int, drained: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyRefused(400)
        part = message["body"]
        size += len(part)
        if size <= at_most:
            parts.append(part)
        else:
            # Nothing of it is kept, however long it goes on.
            parts.clear()
            if size > drained:
                raise BodyRefused(413)
        if not message.get("more_body"):
            if size > at_most:
                raise BodyRefused(413)
            return b"".join(parts)


def _refuse_unknown_charset(parameters: bytes) -> None:
    for parameter in parameters.split(b";"):
        name, _, value = parameter.partition(b"=")
        if name.strip().lower() == b"charset" and value.strip(b' "').lower() not in UTF_8:
            raise BodyRefused(400)


def _check_urlencoded(body: bytes) -> None:
    from urllib.parse import unquote_to_bytes

    if body.count(b"&") + 1 > FORM_FIELDS:
        raise BodyRefused(413)
    try:
        unquote_to_bytes(body).decode("utf-8")
    except UnicodeDecodeError:
        raise BodyRefused(400) from None


def _check_multipart(body: bytes, parameters: bytes) -> None:
    boundary = next(
        (
            value.strip().strip(b'"')
            for name, _, value in (part.partition(b"=") for part in parameters.split(b";"))
            if name.strip().lower() == b"boundary"
        ),
        b"",
    )
    if not boundary or len(boundary) > 70 or b"--" + boundary + b"--" not in body:
        raise BodyRefused(400)
    if body.count(b"--" + boundary) > FORM_FIELDS:
        raise BodyRefused(413)
    # Files may be large: none of them is copied.
    delimiter = b"--" + boundary
    start = body.find(delimiter) + len(delimiter)
    while (end := body.find(delimiter, start)) >= 0:
        blank_line = body.find(b"\r\n\r\n", start, end)
        if blank_line < 0:
            raise BodyRefused(400)
        head, content_from, content_to = body[start:blank_line], blank_line + 4, end
        start = end + len(delimiter)
        try:
            head.decode("utf-8")
            if b"filename" not in head.lower():
                body[content_from:content_to].decode("utf-8")
        except UnicodeDecodeError:
            raise BodyRefused(400) from None
        if any(charset not in UTF_8 for charset in _CHARSET.findall(head.lower())):
            raise BodyRefused(400)
