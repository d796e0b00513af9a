"""Requests that no browser makes: any headers, any body in any pieces, straight into the application."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from tests.browser_like import patron

LOCAL = (b"host", b"localhost:8000")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
Header = tuple[bytes, bytes]


@dataclass
class Answer:
    """What came back, byte by byte."""

    status: int
    headers: list[Header]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header that occurs once; "" when it is missing."""
        found = self.all(name)
        assert len(found) < 2, f"{name} occurs {len(found)} times"
        return found[0] if found else ""

    def all(self, name: str) -> list[str]:
        """All values of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == name.encode()]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def is_error_page(self) -> bool:
        """Whether it is a page for a person: HTML, one heading, and no trace of the program's inside."""
        html = self.text
        return (
            self.header("content-type").startswith("text/html")
            and html.count("<h1>") == 1
            and not any(word in html for word in ("Traceback", "Exception", "site-packages", "detail"))
        )


async def raw_request(
    method: str,
    address: str,
    *,
    headers: Sequence[Header] = (LOCAL,),
    body: bytes | Iterable[bytes] = b"",
) -> Answer:
    """The answer to one request. The body is sent in one piece, or in the given ones."""
    path, _, query = address.partition("?")
    pieces = [body] if isinstance(body, bytes) else list(body)
    waiting = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "extensions": {},
    }
    await patron()(scope, receive, send)
    starts = [one for one in sent if one["type"] == "http.response.start"]
    assert len(starts) == 1, f"{len(starts)} answers"
    content = b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body")
    return Answer(starts[0]["status"], starts[0]["headers"], content)
