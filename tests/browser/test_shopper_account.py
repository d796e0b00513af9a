"""A shopper sees every page of their account and sends every form, with and without scripts, in both languages."""

import pytest

from tests.browser import account_chores as chores
from tests.browser.account_arrivals import new_shopper
from tests.browser.account_chores import FORMS_OF_SCRIPTS, OF_DATA, PAGES_OF_SCRIPTS, PROTECTING
from tests.browser.account_walk import TAKES_LONG, WAYS_OF_SHOPPERS, account_routes
from tests.browser.conftest import OpenWindow
from tests.test_routes import CUSTOMER

pytestmark = TAKES_LONG

# Pages that this shopper does not come to, with the reason; all others have to be seen.
NO_PAGE = {
    "cancellation_invoice": "only of an order that the shop has cancelled after confirming it",
    "credit_note": "only of an order that came back",
}
# What the tests below send, by the names of routes, beside what every person sends just the same.
DAILY = {
    "address_post",
    "claim_orders",
    "consents_post",
    "delete_address_post",
    "new_address_post",
    "prefer_address",
    "profile_post",
    "reorder",
    "start_company",
    "withdraw_order_post",
}
# Forms that this shopper is not shown, with the reason.
NO_FORM = {
    "accept_own_invitation": "only of somebody whom a company has invited",
    "ask_to_join": "only of somebody whose e-mail has the domain of a company",
}


def test_every_form_of_a_shoppers_account_is_sent_in_the_browser() -> None:
    forms = account_routes("shop", CUSTOMER, "POST")
    assert DAILY | PROTECTING | OF_DATA | set(NO_FORM) == set(forms)


@pytest.mark.parametrize(("language", "javascript"), WAYS_OF_SHOPPERS)
async def test_a_shopper_sees_every_page_of_the_account(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_shopper(
        open_window, window_of, language, javascript=javascript, orders_before_registering=True
    )
    await chores.take_over_what_was_ordered_as_a_guest(walk)
    await chores.enter_two_addresses(walk)
    await chores.have_the_order_confirmed_and_save_the_invoice(walk)
    await chores.set_up_an_authenticator(walk)
    await chores.add_a_passkey(walk)
    await chores.get_an_archive_of_ones_data(walk)
    await walk.see_every_page()
    assert set(walk.pages) - walk.seen == set(NO_PAGE) | (set() if javascript else PAGES_OF_SCRIPTS)
    assert walk.window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("de", True)])
async def test_a_shopper_looks_after_profile_addresses_orders_and_consents(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_shopper(
        open_window, window_of, language, javascript=javascript, orders_before_registering=True
    )
    await chores.take_over_what_was_ordered_as_a_guest(walk)
    await chores.fill_in_the_profile(walk)
    await chores.enter_two_addresses(walk)
    await chores.correct_prefer_and_delete_addresses(walk)
    await chores.order_again(walk)
    await chores.withdraw_from_the_order(walk)
    await chores.begin_a_company(walk)
    await chores.order_and_end_the_newsletter(walk)
    assert DAILY - walk.sent == set()
    assert walk.window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("de", True)])
async def test_a_shopper_protects_the_account(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_shopper(open_window, window_of, language, javascript=javascript)
    await chores.protect_the_account(walk)
    assert PROTECTING - walk.sent == (set() if javascript else FORMS_OF_SCRIPTS)
    assert walk.window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("de", True)])
async def test_a_shopper_has_their_data_copied_and_deleted(
    open_window: OpenWindow, window_of: OpenWindow, language: str, javascript: bool
) -> None:
    walk = await new_shopper(open_window, window_of, language, javascript=javascript)
    await chores.go_through_ones_data(walk)
    assert OF_DATA - walk.sent == set()
    assert walk.window.problems == []
