"""A file of 100 MB sent to a real server through a socket, as a browser sends it: refused in plain words, and neither
kept nor held in memory."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from app.demo.load import ADMINISTRATOR, PASSWORD
from tests.patron_process import PatronProcess

MEGABYTES = 100
PART = (b"nora@alfki.example;Nora;Newman;buyer\r\n" * 28_000)[:1_000_000]
# Of the whole server: what it holds besides may grow meanwhile, and is far less than the file.
GROWS_BY_AT_MOST = 60_000_000


class Browser:
    """Cookies and forms over connections of http.client."""

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url)
        self.cookies: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """The status and the text of an answer."""
        connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        origin = f"{self.address.scheme}://{self.address.netloc}"
        connection.request(method, path, body, {"Cookie": cookies, "Origin": origin} | (headers or {}))  # type: ignore[arg-type]  # bytes or parts
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def csrf_token_on(self, path: str) -> str:
        """The token of the forms of a page."""
        status, text = self.ask("GET", path)
        found = re.search(r'name="_csrf_token"[^>]*value="([^"]+)"', text)
        assert status == 200
        assert found is not None
        return found[1]


@pytest.fixture
def browser(running_patron: PatronProcess) -> Browser:
    """Somebody who administers the demo company."""
    one = Browser(running_patron.url)
    form = {
        "login": ADMINISTRATOR,
        "password": PASSWORD,
        "_csrf_token": one.csrf_token_on("/business/sign-in"),
    }
    status, _text = one.ask(
        "POST", "/business/sign-in", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert status == 303
    return one


def parts(token: str, megabytes: int) -> Iterator[bytes]:
    """The body of the form, a megabyte at a time."""
    yield f'--xyz\r\nContent-Disposition: form-data; name="_csrf_token"\r\n\r\n{token}\r\n'.encode()
    yield b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    for _part in range(megabytes):
        yield PART
    yield b"\r\n--xyz--\r\n"


def most_memory(of: PatronProcess) -> int:
    """The most memory in bytes that a process of the server has ever held (proc_pid_status(5))."""
    found = []
    for one in Path("/proc").iterdir():
        try:
            status = (one / "status").read_text() if one.name.isdigit() else ""
        except OSError:
            continue  # it ended while we were looking
        parent = re.search(r"PPid:\s+(\d+)", status)
        if one.name == str(of.process.pid) or (parent is not None and int(parent[1]) == of.process.pid):
            peak = re.search(r"VmHWM:\s+(\d+)", status)
            found.append(int(peak[1]) * 1000 if peak is not None else 0)
    return max(found)


@pytest.mark.parametrize("path", ["/business/account/users/import", "/business/quick-order"])
@pytest.mark.parametrize("with_length", [True, False])
def test_a_file_of_100_mb_is_refused_in_plain_words_and_not_held_in_memory(
    running_patron: PatronProcess, browser: Browser, path: str, with_length: bool
) -> None:
    token = browser.csrf_token_on(path)
    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    if with_length:
        headers["Content-Length"] = str(sum(map(len, parts(token, MEGABYTES))))
    before = most_memory(running_patron)
    status, text = browser.ask("POST", path, parts(token, MEGABYTES), headers)
    assert status == 413
    assert "larger than we accept" in text
    assert most_memory(running_patron) - before < GROWS_BY_AT_MOST
    assert browser.ask("GET", "/business/account/users/import")[0] == 200, "the server goes on"
