"""Routes that are open to every member, and ask for a permission when it comes to what all of the company share.

The route says "signed in", since one's own address, order or profile needs no permission. What it asks for inside is
listed here, and a new route has to be put into one of the lists.
"""

import pytest

from app.customers.permissions import Permission
from tests import people
from tests.company_users.everything_of_a_company import everything_of_a_company, rows_of
from tests.company_users.managing import own_role
from tests.company_users.test_routes_of_companies import filled_in, needed, of_companies, places_of, sent

pytestmark = pytest.mark.usefixtures("database")

NOT_FOR_YOU, MISSING = 403, 404
SHARED_ADDRESSES = {"address", "address_post", "delete_address", "delete_address_post"}
OTHERS_ORDERS = {
    *(
        "order",
        "reorder",
        "withdraw_order",
        "withdraw_order_post",
        "invoice",
        "cancellation_invoice",
        "credit_note",
    ),
}
# Invoices come once an order is confirmed, and only consumers withdraw.
NOT_OF_THIS_ORDER = {"invoice", "cancellation_invoice", "credit_note", "withdraw_order"}
# What who lacks the permission is answered, and at which routes. What colleagues have ordered or asked for is
# missing for who may not see it; what they share can be seen by all and is changed by some.
INSIDE: dict[Permission, tuple[int, set[str]]] = {
    Permission.PURCHASE: (
        NOT_FOR_YOU,
        {"checkout", "checkout_post", "checkout_review", "place_order", "reorder"},
    ),
    Permission.MANAGE_COMPANY: (
        NOT_FOR_YOU,
        SHARED_ADDRESSES
        | {"company_post", "order_template_line"}
        | {
            "edit_order_template",
            "edit_order_template_post",
            "delete_order_template",
            "delete_order_template_post",
        },
    ),
    Permission.SEE_ALL_ORDERS: (MISSING, OTHERS_ORDERS),
    Permission.APPROVE: (MISSING, {"requisition", "withdraw_requisition"}),
}
# Everybody's own: the person, their sign-in, what they get, and lists that show what they may see.
FOR_EVERY_MEMBER = {
    *(
        "account",
        "addresses",
        "new_address",
        "new_address_post",
        # Without the permission only for oneself (tests/account/test_address_pages.py).
        "prefer_address",
        "company",
        "contracts",
        "contract",
        "orders",
    ),
    *("claim_orders", "requisitions", "switch_customer", "switch_customer_post", "stop_looking"),
    *("own_companies", "accept_own_invitation", "ask_to_join", "start_company"),
    *("profile", "profile_post", "consents", "consents_post", "email", "email_post", "withdraw_email"),
    *("password", "password_post", "account_privacy", "account_privacy_post", "own_data_archive"),
    *("withdraw_data_request", "security", "end_session", "end_other_sessions"),
    *("authenticator", "authenticator_post", "remove_authenticator", "remove_authenticator_post"),
    *("recovery_codes", "recovery_codes_post", "recovery_codes_file"),
    *("new_passkey", "new_passkey_post", "new_passkey_options", "passkey", "passkey_post", "remove_passkey"),
    *("sign_in_again", "sign_in_again_post", "again_passkey", "again_passkey_options"),
}


def test_every_route_of_members_is_in_one_of_the_lists() -> None:
    inside = set().union(*(names for _answer, names in INSIDE.values()))
    members = {one.name for one in of_companies() if one.audience.startswith("signed in")}
    by_the_route = {one.name for one in of_companies() if needed(one) is not None}
    assert members - by_the_route - inside - FOR_EVERY_MEMBER == set(), "who may call these?"
    assert FOR_EVERY_MEMBER - members == set()
    assert inside & FOR_EVERY_MEMBER == set()


@pytest.mark.parametrize("permission", INSIDE)
async def test_what_a_company_shares_is_kept_from_who_lacks_the_permission(permission: Permission) -> None:
    theirs = await everything_of_a_company()
    answer, names = INSIDE[permission]
    roles = {
        "without": [one for one in Permission if one is not permission],
        "with": list(Permission),
    }
    members = {}
    for name, permissions in roles.items():
        role = await own_role(theirs.admin, name, *permissions)
        colleague = await people.colleague(theirs.admin, f"{name}@alfki.example", (role,))
        members[name] = await colleague.signed_in()
    # Else the checkout sends on to the empty basket.
    for member in members.values():
        await member.post("/basket/lines", {"sku": "TEA", "quantity": 1})
    owners = [theirs.admin.user_id, theirs.buyer.user_id]
    before = await rows_of(owners)
    called = set()
    for route in of_companies():
        if route.name not in names:
            continue
        called.add(route.name)
        path = filled_in(route, theirs.ids) if places_of(route) else route.path
        page = await sent(members["without"], route, path)
        assert page.status == answer, f"{route.method} {path}: {page.status}"
        if route.method == "GET" and route.name not in NOT_OF_THIS_ORDER:
            page = await sent(members["with"], route, path)
            assert page.status in (200, 303), f"{path}: {page.status}"
    assert called == names
    assert await rows_of(owners) == before, "something has changed"
