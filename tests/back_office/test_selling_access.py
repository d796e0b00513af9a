"""Who may do what of selling in the back office, in which language."""

import pytest

from tests import people
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")

PAGES = {
    "segments": ["/segments", "/segments/new"],
    "catalog": [
        "/products",
        "/products/new",
        "/categories",
        "/categories/new",
        "/catalog-views",
        "/catalog-views/new",
    ],
    "prices": ["/price-lists", "/price-lists/new"],
    "marketing": ["/promotions", "/promotions/new", "/content", "/content/new"],
    "orders": ["/orders"],
}
GERMAN = {
    "/segments": "Segmente",
    "/segments/new": "Segment anlegen",
    "/products": "Produkte",
    "/products/new": "Produkt anlegen",
    "/categories": "Kategorien",
    "/categories/new": "Kategorie anlegen",
    "/catalog-views": "Katalogansichten",
    "/catalog-views/new": "Katalogansicht anlegen",
    "/price-lists": "Preislisten",
    "/price-lists/new": "Preisliste anlegen",
    "/promotions": "Aktionen",
    "/promotions/new": "Aktion anlegen",
    "/content": "Inhalte",
    "/content/new": "Inhalt anlegen",
    "/orders": "Bestellungen",
}


@pytest.mark.parametrize("privilege", PAGES)
async def test_each_privilege_opens_its_own_pages_only(privilege: str) -> None:
    person = await (await people.staff_member(privileges=(privilege,))).signed_in()
    for other, paths in PAGES.items():
        for path in paths:
            assert (await person.get(path)).status == (200 if other == privilege else 403), path
    links = (await person.get("/")).links
    assert [
        path for paths in PAGES.values() for path in paths[:1] if f"/back-office{path}" in links
    ] == PAGES[privilege][:1]


async def test_strangers_are_sent_to_sign_in() -> None:
    person = await visit("back-office")
    for paths in PAGES.values():
        for path in paths:
            assert (await person.get(path)).path.startswith("/back-office/sign-in"), path


async def test_what_does_not_exist_is_not_found(staff: Person) -> None:
    unknown = "00000000-0000-7000-8000-000000000000"
    for path in (
        "/segments/none",
        "/segments/IG_Everyone",
        "/segments/none/customers",
        "/segments/none/delete",
        "/products/none",
        "/products/none/delete",
        f"/categories/{unknown}",
        "/catalog-views/none",
        "/price-lists/none",
        "/price-lists/none/entries",
        f"/price-lists/none/entries/{unknown}",
        "/promotions/none",
        f"/content/{unknown}",
        "/orders/none",
    ):
        assert (await staff.get(path)).status == 404, path


async def test_they_speak_german() -> None:
    person = await (await people.staff_member()).signed_in(language="de")
    await person.get("/")
    await person.post("/language", {"language": "de", "next": "/back-office/"})
    for path, heading in GERMAN.items():
        assert (await person.get(path)).h1 == heading
