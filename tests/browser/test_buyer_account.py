"""A company's buyer sees every page of their account and sends every form, with and without scripts, in both
languages."""

import pytest

from tests.browser import account_chores as chores
from tests.browser.account_arrivals import new_buyer, order
from tests.browser.account_chores import FORMS_OF_SCRIPTS, OF_DATA, PAGES_OF_SCRIPTS, PROTECTING
from tests.browser.account_walk import TAKES_LONG, WAYS_OF_BUYERS, account_routes
from tests.browser.conftest import OpenWindow
from tests.test_routes import BUYER

pytestmark = TAKES_LONG

# Of the first a piece costs 24 euros, of the second 263.50; the buyer may order for 200.
CHEAP, BEYOND_THE_LIMIT = "NW-055", "NW-038"

# Pages that this buyer does not come to, with the reason; all others have to be seen.
NO_PAGE = {
    "cancellation_invoice": "only of an order that the shop has cancelled after confirming it",
    "credit_note": "only of an order that came back",
    "withdraw_order": "a right of consumers",
}
# What the tests below send, by the names of routes, beside what every person sends just the same.
DAILY = {
    "add_to_order_template",
    "address_post",
    "consents_post",
    "delete_address_post",
    "delete_order_template_post",
    "edit_order_template_post",
    "new_address_post",
    "new_order_template_post",
    "order_template_line",
    "order_template_to_basket",
    "prefer_address",
    "profile_post",
    "reorder",
    "start_company",
    "withdraw_requisition",
}
# Forms that this buyer is not shown, with the reason.
NO_FORM = {
    "accept_own_invitation": "the invitation was accepted by the link of its mail",
    "ask_to_join": "they are a member of the company of their e-mail's domain",
    "claim_orders": "only of somebody who has ordered as a guest",
    "company_post": "only of who may manage the company; others read the page",
    "stop_looking": "only of who looks at the shop as a role",
    "withdraw_order_post": "a right of consumers",
}


def test_every_form_of_a_buyers_account_is_sent_in_the_browser() -> None:
    forms = account_routes("business", BUYER, "POST")
    assert DAILY | PROTECTING | OF_DATA | set(NO_FORM) == set(forms)


@pytest.mark.parametrize(("language", "javascript"), WAYS_OF_BUYERS)
async def test_a_buyer_sees_every_page_of_the_account(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_buyer(open_window, window_of, language, javascript=javascript)
    await chores.enter_two_addresses(walk)
    await order(walk, CHEAP, "Order with obligation to pay")
    await order(walk, BEYOND_THE_LIMIT, "Ask for approval")
    await chores.make_an_order_template(walk)
    await chores.have_the_order_confirmed_and_save_the_invoice(walk)
    await chores.set_up_an_authenticator(walk)
    await chores.add_a_passkey(walk)
    await chores.get_an_archive_of_ones_data(walk)
    await walk.see_every_page()
    assert set(walk.pages) - walk.seen == set(NO_PAGE) | (set() if javascript else PAGES_OF_SCRIPTS)
    assert walk.window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("en", False)])
async def test_a_buyer_looks_after_profile_addresses_orders_and_templates(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_buyer(open_window, window_of, language, javascript=javascript)
    await chores.fill_in_the_profile(walk)
    await chores.enter_two_addresses(walk)
    await chores.correct_prefer_and_delete_addresses(walk)
    await order(walk, CHEAP, "Order with obligation to pay")
    await order(walk, BEYOND_THE_LIMIT, "Ask for approval")
    await chores.withdraw_the_requisition(walk)
    await chores.order_again(walk)
    await chores.make_an_order_template(walk)
    await chores.change_use_and_delete_the_template(walk)
    await chores.begin_a_company(walk)
    await chores.order_and_end_the_newsletter(walk)
    assert DAILY - walk.sent == set()
    assert walk.window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("en", False)])
async def test_a_buyer_protects_the_account(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_buyer(open_window, window_of, language, javascript=javascript)
    await chores.protect_the_account(walk)
    assert PROTECTING - walk.sent == (set() if javascript else FORMS_OF_SCRIPTS)
    assert walk.window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("en", False)])
async def test_a_buyer_has_their_data_copied_and_deleted(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_buyer(open_window, window_of, language, javascript=javascript)
    await chores.go_through_ones_data(walk)
    assert OF_DATA - walk.sent == set()
    assert walk.window.problems == []
