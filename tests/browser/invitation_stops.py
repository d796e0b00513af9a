"""Inviting people and joining companies: what accessibility and the strict policy are tried on."""

from app.demo.load import ADMINISTRATOR, SHOPPER
from tests.browser.stops import Prepared, Stop, at, at_proven, proven, sent
from tests.browser.window import Window

BROKEN = "email;first_name;roles\nnobody;=1+1;buyer\nfile.person@stops.example;Fia;emperor\n"


async def several_wrong(window: Window, prepared: Prepared) -> int:
    await window.open("/account/users/invite/several", "business")
    await window.fill(people="Nora <nora@stops.example>\nno address at all")
    return await window.press("Send invitations")


async def an_upload(window: Window, prepared: Prepared) -> int:
    """The page of a file of which some lines were not understood, once the worker is done."""
    await proven(window, await window.open("/account/users/import", "business"))
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": BROKEN.encode()}
    await window.page.set_input_files("[name=file]", file)  # type: ignore[arg-type]  # a dict of that form
    status = await window.press("Upload and invite")
    # It asks for itself again until all lines are worked off.
    await window.page.get_by_role("link", name=window.says("Download these lines")).wait_for(timeout=60_000)
    return status


async def the_list(window: Window, prepared: Prepared) -> int:
    """The list with an invitation, whoever sent it first."""
    await window.open("/account/users/invite", "business")
    await window.fill(email="listed.person@stops.example")
    await window.press("Send invitation")
    return await window.open("/account/users/invitations", "business")


async def the_link(window: Window, prepared: Prepared) -> int:
    """The page of an invitation's link, for a stranger."""
    await window.read_mail("listed.person@stops.example", "Patron Business")
    link = await window.page.locator(".mail-text a[href*='token=']").first.get_attribute("href")
    assert link is not None
    return await window.open(link)


async def company_form(window: Window, prepared: Prepared) -> int:
    await window.open("/account/companies")
    return await window.press("Register your company")


def of_administrator(name: str, path: str) -> Stop:
    return Stop(name, at(path, "business"), application="business", who=ADMINISTRATOR)


INVITATIONS = [
    of_administrator("invite-user", "/account/users/invite"),
    Stop(
        "invite-user-errors",
        sent("/account/users/invite", "Send invitation", "business", email="x", budget_amount="5"),
        422,
        "business",
        ADMINISTRATOR,
    ),
    of_administrator("invite-several", "/account/users/invite/several"),
    Stop("invite-several-errors", several_wrong, 422, "business", ADMINISTRATOR),
    Stop("invitations", the_list, application="business", who=ADMINISTRATOR),
    Stop("invitation", the_link, application="business"),
    Stop("invitation-invalid", at("/invitations?token=nonsense", "business"), 410, "business"),
    Stop("import-users", at_proven("/account/users/import", "business"), 200, "business", ADMINISTRATOR),
    Stop("user-import", an_upload, application="business", who=ADMINISTRATOR),
    of_administrator("joining", "/account/users/joining"),
    Stop("own-companies", at("/account/companies"), who=SHOPPER),
    Stop("add-company", company_form, who=SHOPPER),
    Stop("add-company-gone", at("/register/smb/with-login?token=x", "business"), 410, "business"),
    Stop("company-added", at("/register/smb/added?pending=1", "business"), application="business"),
]
