"""Request bodies: whatever is sent, the answer is a page that says so, never a fault of the program."""

import asyncio
import http.client
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.types import HTTPRequestEvent

from app import bodies
from app.bodies import FORM_BYTES, FORM_FIELDS, BodyRefused, checked_body
from tables.engine import DB
from tests.browser_like import ORIGIN, Person, visit
from tests.patron_process import PatronProcess
from tests.people import shopper
from tests.raw_requests import FORM, LOCAL, Answer, Header, raw_request

pytestmark = pytest.mark.usefixtures("database")

BOUNDARY = "a-line-between"


async def send(
    body: bytes | list[bytes], kind: bytes = FORM[1], *more: Header, path: str = "/sign-in"
) -> Answer:
    """Sends a body as a browser that has the page open: with cookie and token."""
    person = await visit("shop")
    page = await person.get("/sign-in")
    return await raw_request(
        "POST",
        path,
        headers=[
            LOCAL,
            (b"content-type", kind),
            (b"origin", ORIGIN.encode()),
            (b"cookie", f"patron-shop-csrf={person.cookie('csrf')}".encode()),
            (b"x-csrftoken", page.csrf_token.encode()),
            *more,
        ],
        body=body,
    )


def multipart(name: str, content: bytes, more: str = "", head: str = "") -> bytes:
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n{head}\r\n'.encode()
        + content
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


MULTIPART = f"multipart/form-data; boundary={BOUNDARY}".encode()


async def test_a_good_body_is_read() -> None:
    """Proves that the refusals below are about the bodies."""
    answer = await send(b"login=ines&password=wrong")
    assert answer.status == 422
    assert "do not match" in answer.text
    answer = await send(multipart("login", b"ines"), MULTIPART)
    assert answer.status == 422
    assert "Please fill in this field" in answer.text


async def test_a_declared_body_of_more_than_a_megabyte_is_refused() -> None:
    answer = await send(b"", FORM[1], (b"content-length", str(FORM_BYTES + 1).encode()))
    assert answer.status == 413
    assert answer.is_error_page


async def test_a_body_without_end_is_refused_before_it_is_read() -> None:
    async def never() -> HTTPRequestEvent:
        raise AssertionError("it was read")

    length = (b"content-length", str(bodies.DRAINED_BYTES + 1).encode())
    with pytest.raises(BodyRefused) as refused:
        await checked_body({"headers": [FORM, length]}, never)  # type: ignore[typeddict-item]
    assert refused.value.status_code == 413


@pytest.mark.parametrize("with_length", [True, False])
def test_who_sends_too_much_to_a_real_server_reads_why_and_goes_on(
    running_patron: PatronProcess, with_length: bool
) -> None:
    body = b"password=" + b"a" * 5 * FORM_BYTES
    pieces = [body[start : start + 65_536] for start in range(0, len(body), 65_536)]
    address = urlsplit(running_patron.url)
    # It knows no pardon: a connection that breaks while it sends is an error, and nothing is sent again.
    browser = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    browser.connect()
    browser.auto_open = 0
    for _time in range(10):
        browser.request(
            "POST", "/sign-in", body if with_length else iter(pieces), {"Content-Type": FORM[1].decode()}
        )
        answer = browser.getresponse()
        assert answer.status == 413
        assert "That was too much" in answer.read().decode()
    browser.close()


async def test_a_streamed_body_of_more_than_a_megabyte_is_refused() -> None:
    answer = await send([b"login=" + b"a" * 100_000] * 11)
    assert answer.status == 413
    assert answer.is_error_page


async def test_a_body_in_pieces_is_read_whole() -> None:
    answer = await send([b"login=in", b"es&pass", b"", b"word=wrong"])
    assert answer.status == 422
    assert "do not match" in answer.text


@pytest.mark.parametrize("length", [b"-1", b"abc", b"1e3", b"", b"9" * 5000, b"1, 2", b"\xb2"])
async def test_a_content_length_that_is_no_number_is_refused(length: bytes) -> None:
    answer = await send(b"login=a", FORM[1], (b"content-length", length))
    assert answer.status in (400, 413)
    assert answer.is_error_page


@pytest.mark.parametrize("length", [b"3", b"900"])
async def test_a_wrong_content_length_is_no_fault(length: bytes) -> None:
    answer = await send(b"login=ines&password=wrong", FORM[1], (b"content-length", length))
    assert answer.status in (400, 422)


async def test_a_body_that_does_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_WITHIN", 0.1)

    async def never() -> HTTPRequestEvent:
        await asyncio.sleep(60)
        raise AssertionError("still waiting")

    with pytest.raises(BodyRefused) as refused:
        await checked_body({"headers": [FORM]}, never)  # type: ignore[typeddict-item]
    assert refused.value.status_code == 408


async def test_half_a_million_fields_are_refused() -> None:
    answer = await send(b"&".join([b"a"] * 500_000)[: FORM_BYTES - 1])
    assert answer.status == 413
    assert answer.is_error_page
    parts = f"--{BOUNDARY}\r\n".encode() * (FORM_FIELDS + 1) + f"--{BOUNDARY}--\r\n".encode()
    assert (await send(parts, MULTIPART)).status == 413


async def test_semicolons_make_no_fields() -> None:
    answer = await send(b"login=a;" * 100_000 + b"&password=x")
    assert answer.status == 422


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"%FF%FE", b"%C3", b"%ED%A0%80", b"\xc0\xaf", b"%F5%80%80%80"])
async def test_text_that_is_not_utf8_is_refused(bad: bytes) -> None:
    answer = await send(b"login=" + bad + b"&password=x")
    assert answer.status == 400
    assert answer.is_error_page


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80"])
async def test_multipart_text_that_is_not_utf8_is_refused(bad: bytes) -> None:
    answer = await send(multipart("login", bad), MULTIPART)
    assert answer.status == 400
    assert answer.is_error_page
    named = multipart("login", b"x").replace(b'"login"', b'"' + bad + b'"')
    assert (await send(named, MULTIPART)).status == 400


@pytest.mark.parametrize(
    "charset", ["utf-16", "latin-1", "klingon", "utf-7", '"', "utf-8\x00", "utf-8-klingon"]
)
async def test_another_charset_is_refused(charset: str) -> None:
    answer = await send(b"login=a", f"application/x-www-form-urlencoded; charset={charset}".encode())
    assert answer.status == 400
    assert answer.is_error_page
    answer = await send(multipart("login", b"a"), MULTIPART + f"; charset={charset}".encode())
    assert answer.status == 400
    answer = await send(
        multipart("login", b"a", head=f"Content-Type: text/plain; charset={charset}\r\n"), MULTIPART
    )
    assert answer.status == 400


@pytest.mark.parametrize("charset", [b"utf-8", b"UTF-8", b'"utf-8"', b"utf8"])
async def test_utf8_may_be_named(charset: bytes) -> None:
    answer = await send(b"login=a&password=b", b"application/x-www-form-urlencoded; charset=" + charset)
    assert answer.status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of the kind",
        f"--{BOUNDARY}".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=login\r\n\r\nx".encode(),
        f"--{BOUNDARY}\r\n\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nContent-Type: \r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}\r\nNo name at all\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
        f"--{BOUNDARY}--".encode(),
        multipart("login", b"x", head="Content-Transfer-Encoding: base64\r\n"),
        multipart("login", b"x", more="; filename*=utf-8''%FF"),
        multipart("login", b"x", more="; filename*=klingon''x"),
        multipart("login", b"x", more='; filename="\\"'),
        multipart("login", b"x", head="Content-Length: many\r\n"),
        multipart("_csrf_token", b"", more='; filename="token.txt"'),
    ],
)
async def test_broken_multipart_is_no_fault(body: bytes) -> None:
    answer = await send(body, MULTIPART)
    assert 400 <= answer.status < 500
    answer = await raw_request("POST", "/sign-in", headers=[LOCAL, (b"content-type", MULTIPART)], body=body)
    assert 400 <= answer.status < 500, "without a token, too"


@pytest.mark.parametrize(
    "kind",
    [
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=\xff",
        b"multipart/form-data; boundary=" + b"b" * 5000,
        b"multipart/form-data; boundary=a b",
        b"multipart/mixed; boundary=x",
        b"application/json",
        b"application/msgpack",
        b"text/plain",
        b"",
        b";",
        b"\xff/\xff",
    ],
)
async def test_another_kind_of_content_is_no_fault(kind: bytes) -> None:
    for body in (b"", b"{", b"\xc1", b'{"login": "a"}', b"--x--"):
        answer = await send(body, kind)
        assert 400 <= answer.status < 500, body


@given(body=st.binary(max_size=300), head=st.text(max_size=60), more=st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_whatsoever_is_a_fault(body: bytes, head: str, more: str) -> None:
    async def check(content: bytes, kind: bytes) -> None:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": content, "more_body": False}

        with suppress(BodyRefused):
            await checked_body({"headers": [(b"content-type", kind)]}, receive)  # type: ignore[typeddict-item]

    async def all_kinds() -> None:
        await check(body, FORM[1])
        await check(body, MULTIPART)
        await check(multipart("x", body), MULTIPART)
        await check(body, head.encode("utf-8", "replace"))
        await check(multipart("x", body), MULTIPART + more.encode("utf-8", "replace"))

    asyncio.run(all_kinds())


async def test_an_upload_where_text_is_asked_counts_as_nothing_typed() -> None:
    for content in (b"", b"a picture", b"\xff\xd8\xff"):
        answer = await send(multipart("login", content, more='; filename="me.jpg"'), MULTIPART)
        assert answer.status == 422
        assert "Please fill in this field" in answer.text


@pytest.mark.parametrize("length", [1_025, 100_000, 990_000])
async def test_a_very_long_password_is_answered_like_a_wrong_one(length: int) -> None:
    known = await shopper()
    answer = await send(urlencode({"login": known.login, "password": "x" * length}).encode())
    assert answer.status == 422
    assert "x" * 100 not in answer.text


async def test_a_password_of_a_megabyte_is_too_much() -> None:
    answer = await send(b"login=a&password=" + b"x" * FORM_BYTES)
    assert answer.status == 413


async def test_fields_that_the_form_does_not_know_change_nothing() -> None:
    known = await shopper()
    person = await known.signed_in()
    before = await DB.fetch("SELECT * FROM users, customers, memberships")
    await _switch(person, is_active="false", login="hacker", roles="admin", id="1", privileges="all")
    after = await DB.fetch("SELECT * FROM users, customers, memberships")
    changed = {
        name for one, other in zip(before, after, strict=True) for name in one if one[name] != other[name]
    }
    assert changed <= {"preferred_language"}


async def _switch(person: Person, **more: str) -> None:
    await person.get("/")
    page = await person.post("/language", {"language": "de", "next": "/", **more})
    assert page.status == 200


async def test_one_field_sent_many_times_counts_once() -> None:
    answer = await send(b"login=a&login=b&login=c&password=x&password=y")
    assert answer.status == 422
    assert 'value="a"' in answer.text


async def test_an_upload_is_handed_on_in_pieces_and_whole_again_for_another_try() -> None:
    body = bytes(range(256)) * 3_000
    kept = bodies.KeptBody(body)
    for _try in range(2):
        pieces = []
        while (message := await kept())["type"] == "http.request":
            pieces.append(message["body"])
            if not message["more_body"]:
                break
        assert b"".join(pieces) == body
        assert [len(one) for one in pieces] == [bodies.PIECE_BYTES] * 3
        assert (await kept())["type"] == "http.disconnect"
        kept.again()
    assert (await bodies.KeptBody(b"")())["more_body"] is False
