"""The pages where a company's administrators manage its people and roles."""

from app.demo.load import ADMINISTRATOR, BUYER, PASSWORD
from tests.browser.stops import Prepared, Reach, Stop, at, proven
from tests.browser.window import Window


def of_administrator(name: str, reach: Reach, status: int = 200) -> Stop:
    return Stop(name, reach, status, "business", ADMINISTRATOR)


async def a_user(window: Window, prepared: Prepared) -> int:
    await window.open("/account/users?role=buyer", "business")
    return await window.leave_by(window.page.locator("main tbody th a"))


async def oneself(window: Window, prepared: Prepared) -> int:
    await window.open("/account/users?role=account_administrator", "business")
    return await window.leave_by(window.page.locator("main tbody th a"))


async def roles_of_a_user(window: Window, prepared: Prepared) -> int:
    await a_user(window, prepared)
    return await proven(window, await window.follow("Change the roles", within="main"))


async def limits_of_a_user(window: Window, prepared: Prepared) -> int:
    await a_user(window, prepared)
    return await window.follow("Change the limits", within="main")


async def limits_with_errors(window: Window, prepared: Prepared) -> int:
    await limits_of_a_user(window, prepared)
    await window.fill(order_limit="many", budget_amount="10")
    return await window.press("Save limits")


async def stale_limits(window: Window, prepared: Prepared) -> int:
    await limits_of_a_user(window, prepared)
    await window.fill(order_limit="75")
    await window.page.locator("main [name=version]").evaluate("field => { field.value = '0' }")
    return await window.press("Save limits")


async def user_with_errors(window: Window, prepared: Prepared) -> int:
    await a_user(window, prepared)
    await window.fill(first_name="", phone="x")
    return await window.press("Save details")


async def removing_a_user(window: Window, prepared: Prepared) -> int:
    await a_user(window, prepared)
    return await window.follow("Remove from the company", within="main")


async def new_role(window: Window, prepared: Prepared) -> int:
    return await proven(window, await window.open("/account/roles/new", "business"))


async def new_role_with_errors(window: Window, prepared: Prepared) -> int:
    await new_role(window, prepared)
    return await window.press("Save role")


async def an_own_role(window: Window, prepared: Prepared) -> int:
    await new_role(window, prepared)
    await window.fill(name="Clerk")
    await window.page.locator("main input[value=see_all_orders]").check()
    await window.press("Save role")
    return await proven(window, await window.follow("Change", within="main"))


async def deleting_a_role(window: Window, prepared: Prepared) -> int:
    await window.open("/account/roles", "business")
    return await proven(window, await window.follow("Delete", within="main"))


async def looking_as_a_buyer(window: Window, prepared: Prepared) -> int:
    """In a session of its own, since the others go on changing things."""
    await window.page.context.clear_cookies()
    await window.open("/sign-in", "business")
    await window.fill(login=ADMINISTRATOR, password=PASSWORD)
    await window.press("Sign in")
    await window.choose_language()
    await window.open("/account/roles", "business")
    return await window.press("See the shop as this role")


async def refused_while_looking(window: Window, prepared: Prepared) -> int:
    await looking_as_a_buyer(window, prepared)
    await window.open("/account/profile", "business")
    return await window.press("Save profile")


COMPANY_USERS = [
    of_administrator("company-users", at("/account/users", "business")),
    of_administrator("company-users-none-found", at("/account/users?q=nobody", "business")),
    of_administrator("company-user", a_user),
    of_administrator("company-user-errors", user_with_errors, 422),
    of_administrator("company-user-oneself", oneself),
    of_administrator("company-user-roles", roles_of_a_user),
    of_administrator("company-user-budget", limits_of_a_user),
    of_administrator("company-user-budget-errors", limits_with_errors, 422),
    of_administrator("company-user-budget-stale", stale_limits, 409),
    of_administrator("company-user-remove", removing_a_user),
    of_administrator("company-roles", at("/account/roles", "business")),
    of_administrator("new-company-role", new_role),
    of_administrator("new-company-role-errors", new_role_with_errors, 422),
    of_administrator("company-role", an_own_role),
    of_administrator("delete-company-role", deleting_a_role),
    of_administrator("company-history", at("/account/users/history", "business")),
    of_administrator("switch-customer", at("/switch-customer", "business")),
    of_administrator(
        "switch-from-a-mail",
        at("/switch-customer?customer=BLAUS&next=/business/account/requisitions", "business"),
    ),
    Stop("company-users-not-permitted", at("/account/users", "business"), 403, "business", BUYER),
    Stop("looking-as-a-buyer", looking_as_a_buyer, application="business"),
    Stop("refused-while-looking", refused_while_looking, 403, "business"),
]
