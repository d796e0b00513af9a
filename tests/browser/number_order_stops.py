"""Quick order, order templates and contracts: the pages with which companies order again and again."""

from app.demo.load import ADMINISTRATOR, CONTRACT_BUYER
from tests.browser.stops import Prepared, Reach, Stop, at
from tests.browser.window import Window


def of_administrator(name: str, reach: Reach, status: int = 200) -> Stop:
    return Stop(name, reach, status, "business", ADMINISTRATOR)


async def partly_refused(window: Window, prepared: Prepared) -> int:
    await window.open("/quick-order", "business")
    await window.fill(sku="NOTHING", quantity="many", lines="NW-002 1\nNW-NONE 3\nNW-002 many")
    return await window.press("Put into the basket")


async def new_template(window: Window, prepared: Prepared) -> int:
    await partly_refused(window, prepared)
    await window.open("/basket", "business")
    return await window.follow("Keep as an order template", within="main")


async def new_template_with_errors(window: Window, prepared: Prepared) -> int:
    await window.open("/account/templates/new", "business")
    return await window.press("Save order template")


async def a_template(window: Window, prepared: Prepared) -> int:
    await new_template(window, prepared)
    await window.fill(name="Every week", is_shared=True)
    return await window.press("Save order template")


async def template_with_errors(window: Window, prepared: Prepared) -> int:
    await a_template(window, prepared)
    await window.page.locator("main input[name=quantity]").first.fill("many")
    return await window.leave_by(window.page.locator("main .basket-line button").first)


async def edited_template(window: Window, prepared: Prepared) -> int:
    await a_template(window, prepared)
    return await window.follow("Rename or share", within="main")


async def template_to_delete(window: Window, prepared: Prepared) -> int:
    await a_template(window, prepared)
    return await window.follow("Delete order template", within="main")


async def a_contract(window: Window, prepared: Prepared) -> int:
    await window.open("/account/contracts", "business")
    return await window.leave_by(window.page.locator("main tbody th a"))


NUMBER_ORDERS = [
    of_administrator("quick-order", at("/quick-order?rows=10", "business")),
    of_administrator("quick-order-refused", partly_refused, 422),
    of_administrator("new-order-template", new_template),
    of_administrator("new-order-template-errors", new_template_with_errors, 422),
    of_administrator("order-template", a_template),
    of_administrator("order-template-errors", template_with_errors, 422),
    of_administrator("edit-order-template", edited_template),
    of_administrator("delete-order-template", template_to_delete),
    of_administrator("order-templates", at("/account/templates", "business")),
    of_administrator("company-contract", a_contract),
    Stop("buyer-contracts", at("/account/contracts", "business"), 200, "business", CONTRACT_BUYER),
    Stop("buyer-contract", a_contract, 200, "business", CONTRACT_BUYER),
]
