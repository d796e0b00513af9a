"""Contracts and organisations in the back office, for accessibility and the strict policy; see stops.py."""

from tests.browser.stops import Prepared, at, of_staff, sent
from tests.browser.window import Window


async def a_contract(window: Window, prepared: Prepared) -> int:
    await window.open("/contracts", "back-office")
    return await window.leave_by(window.page.locator("tbody tr").first.get_by_role("link"))


async def a_contract_to_delete(window: Window, prepared: Prepared) -> int:
    await a_contract(window, prepared)
    return await window.follow("Delete the contract", within="main")


async def a_branch(window: Window, prepared: Prepared) -> int:
    await window.open("/organisations", "back-office")
    # A name that the shop has given, and so the same in every language.
    return await window.leave_by(
        window.page.locator("main .tree").get_by_role("link", name="Northern Europe")
    )


CONTRACTS = [
    of_staff("contracts", at("/contracts", "back-office")),
    of_staff("contract", a_contract),
    of_staff("contract-to-delete", a_contract_to_delete),
    of_staff("new-contract", at("/contracts/new?customer=QUICK", "back-office")),
    of_staff(
        "new-contract-errors", sent("/contracts/new", "Save", "back-office", starts_on="", customer=""), 422
    ),
    of_staff("organisations", at("/organisations", "back-office")),
    of_staff("organisation", a_branch),
    of_staff("new-organisation", at("/organisations/new", "back-office")),
    of_staff("new-organisation-errors", sent("/organisations/new", "Save", "back-office"), 422),
    of_staff("price-list-of-contract", at("/price-lists/QuickStopPriceList", "back-office")),
    *(
        of_staff(f"customer-{tab}-of-company", at(f"/customers/QUICK/{tab}", "back-office"))
        for tab in ("general", "contracts", "account-managers", "price-lists", "segments")
    ),
]
