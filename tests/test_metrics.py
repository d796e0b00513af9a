"""Metrics: for whoever has the token, and nobody else."""

import os
import re
from collections.abc import Iterator

import pytest

from app.settings import settings
from tests.browser_like import ORIGIN, visit
from tests.patron_process import production
from tests.people import shopper
from tests.raw_requests import LOCAL, raw_request

pytestmark = pytest.mark.usefixtures("database")

TOKEN = "a-token-for-the-watch"


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Patron with a token for its metrics."""
    with monkeypatch.context() as changed:
        changed.setitem(os.environ, "PATRON_METRICS_TOKEN", TOKEN)
        settings.cache_clear()
        yield
    settings.cache_clear()


def figure(text: str, name: str, **labels: str) -> float:
    """A figure of the page, 0 when it is not there yet."""
    for line in text.splitlines():
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})? ([\d.e+]+)", line)
        if found and found[1] == name:
            given = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
            if given == labels:
                return float(found[3])
    return 0.0


async def metrics() -> str:
    answer = await raw_request("GET", "/metrics")
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/plain")
    assert answer.header("cache-control") == "no-store"
    return answer.text


async def test_requests_are_counted_by_application_method_and_status() -> None:
    labels = {"application": "shop", "method": "GET", "status": "404"}
    before = figure(await metrics(), "patron_requests_total", **labels)
    await raw_request("GET", "/nothing-here")
    after = await metrics()
    assert figure(after, "patron_requests_total", **labels) == before + 1
    assert figure(after, "patron_request_seconds_count", application="shop") > 0


async def test_sign_ins_are_counted_by_their_outcome() -> None:
    known = await shopper()
    labels = {"application": "shop", "outcome": "signed in"}
    before = figure(await metrics(), "patron_sign_ins_total", **labels)
    await known.signed_in()
    assert figure(await metrics(), "patron_sign_ins_total", **labels) == before + 1


async def test_nobody_can_make_new_series_by_odd_methods_and_paths() -> None:
    for number in range(5):
        await raw_request(f"ODD{number}", f"/path-{number}")
    text = await metrics()
    assert "ODD" not in text
    assert "path-" not in text
    assert 'method="other"' in text


async def test_metrics_tell_nothing_of_people() -> None:
    known = await shopper()
    await known.signed_in()
    assert known.email not in await metrics()


@pytest.mark.usefixtures("with_token")
async def test_with_a_token_only_its_bearer_reads_them() -> None:
    assert (await raw_request("GET", "/metrics")).status == 404
    for sent in (b"Bearer wrong", TOKEN.encode(), b"Bearer ", b"Bearer \xff", f"bearer {TOKEN}".encode()):
        answer = await raw_request("GET", "/metrics", headers=[LOCAL, (b"authorization", sent)])
        assert answer.status == 404, sent
    sent = f"Bearer {TOKEN}".encode()
    answer = await raw_request("GET", "/metrics", headers=[LOCAL, (b"authorization", sent)])
    assert answer.status == 200


async def test_without_a_token_only_this_machine_reads_them_in_development() -> None:
    person = await visit("shop", address="192.0.2.1")
    assert (await person.client.get(f"{ORIGIN}/metrics")).status_code == 404
    person = await visit("shop", address="::1")
    assert (await person.client.get(f"{ORIGIN}/metrics")).status_code == 200
    person = await visit("shop", address="192.0.2.1")
    forged = await person.client.get(f"{ORIGIN}/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert forged.status_code == 404


async def test_in_production_nobody_reads_them_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        for name, value in production().items():
            changed.setitem(os.environ, name, value)
        settings.cache_clear()
        try:
            answer = await raw_request("GET", "/metrics")
        finally:
            changed.undo()
            settings.cache_clear()
    assert answer.status in (400, 404)
