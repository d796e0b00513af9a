"""Asking for personal data as people do it, up to the confirmation and what staff do."""

import io
import json
import zipfile
from typing import Any

from tests.browser_like import Person, SeenPage, mails, visit
from tests.people import Known, staff_member


async def ask_in_account(known: Known, kind: str) -> Person:
    """Somebody who asks in their account; the link is in their mailbox."""
    person = await known.signed_in()
    page = await person.get("/account/privacy")
    page = await person.fill(page, {"kind": kind})
    assert "Please confirm your request" in page.text
    return person


async def link() -> str:
    """The newest link to confirm."""
    return (await mails("data_request_confirm"))[-1].link


async def confirm_link(application: str = "shop", address: str | None = None) -> SeenPage:
    """Opens the newest link, or this one, in some browser and presses the button."""
    person = await visit(application)
    page = await person.get(address or await link())
    return await person.fill(page, {}, form="token")


async def staff() -> Person:
    """A staff member who looks after personal data."""
    return await (await staff_member(privileges=("personal_data",))).signed_in()


async def open_request(person: Person) -> SeenPage:
    """The page of the most urgent request."""
    page = await person.get("/personal-data-requests")
    found = [one for one in page.links if "/personal-data-requests/" in one and not one.endswith("/new")]
    return await person.get(found[0])


async def carry_out(person: Person, **fields: str) -> SeenPage:
    """Carries out the most urgent request."""
    page = await open_request(person)
    return await person.post(f"{page.path}/carry-out", fields)


async def exported(known: Known) -> tuple[dict[str, Any], str]:
    """What somebody gets who asks for a copy: the data, and the page."""
    person = await ask_in_account(known, "export")
    await confirm_link(known.application)
    await carry_out(await staff())
    page = await person.get("/account/privacy")
    [address] = [one for one in page.links if one.endswith("/archive")]
    answer = await person.client.get(address)
    assert answer.status_code == 200
    return opened(answer.content)


def opened(archive: bytes) -> tuple[dict[str, Any], str]:
    """The data and the page of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert sorted(file.namelist()) == ["data.json", "index.html", "style.css"]
        return json.loads(file.read("data.json")), file.read("index.html").decode()
