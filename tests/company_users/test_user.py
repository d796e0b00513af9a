"""What administrators change about a user, and the rules that nobody gets around (domain.md 5, 10)."""

import asyncio
import re
import uuid

import pytest

from app.access import NotPermitted
from app.applications import application_by_id
from app.company_users.changing import change_roles
from app.company_users.managing import ChangeRefused
from app.visitor import recognise
from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails
from tests.company_users.managing import (
    actions,
    administrators,
    at_once,
    company_with_buyer,
    membership,
    own_role,
    press,
)
from tests.customers.belonging import member_too

pytestmark = pytest.mark.usefixtures("database")
ADMINISTRATOR = "account_administrator"


async def test_details_are_saved_and_recorded() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}")
    assert page.h1 == "Maria Anders"
    answer = await browser.fill(
        page,
        {
            "first_name": "Paul",
            "phone": "030 1234567",
            "department": "Kitchen",
            "business_partner_number": "7",
        },
    )
    assert "The details are saved." in answer.text
    assert answer.h1 == "Paul Anders"
    row = await DB.fetch_row("SELECT first_name, phone FROM users WHERE id = $1", buyer.user_id)
    assert row == {"first_name": "Paul", "phone": "+49 30 1234567"}
    assert (await membership(buyer))["department"] == "Kitchen"
    assert await actions(boss) == ["member changed"]


async def test_what_was_changed_meanwhile_is_shown_and_not_overwritten() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}")
    other = await (await people.colleague(boss, "ann@alfki.example", roles=(ADMINISTRATOR,))).signed_in()
    await other.fill(await other.get(page.path.removeprefix("/business")), {"department": "Bar"})
    stale = await browser.fill(page, {"department": "Kitchen"})
    assert stale.status == 409
    assert "Kitchen" in stale.main
    assert "Bar" in stale.main
    answer = await browser.fill(stale, {}, form="version")
    assert "The details are saved." in answer.text
    assert (await membership(buyer))["department"] == "Kitchen"


async def test_no_company_renames_somebody_who_is_known_elsewhere_too() -> None:
    boss, buyer = await company_with_buyer()
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    await member_too(buyer, other, roles=())
    browser = await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}")
    assert page.form("department").find(".//*[@name='first_name']") is None
    await press(browser, buyer, "", first_name="Mallory", last_name="X", department="Kitchen", version="1")
    assert await DB.fetch_value("SELECT first_name FROM users WHERE id = $1", buyer.user_id) == "Maria"
    assert (await membership(buyer))["department"] == "Kitchen"


async def test_who_is_disabled_is_signed_out_and_who_is_enabled_gets_the_password_mail() -> None:
    boss, buyer = await company_with_buyer()
    working, browser = await buyer.signed_in(), await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}")
    answer = await browser.post(
        page.form(action="/disable").get("action"), {"version": (await membership(buyer))["version"]}
    )
    assert "is disabled and signed out" in answer.text
    assert (await working.get("/account")).h1 == "Sign in"
    refused = await (await _visitor()).sign_in(buyer.login, buyer.password)
    assert refused.status == 403
    again = await press(browser, buyer, "/enable")
    assert "is enabled and gets a mail" in again.text
    assert len(await mails("choose_password", to=buyer.email)) == 1
    assert (await buyer.signed_in()).last is not None
    assert await actions(boss) == ["membership disabled", "membership enabled"]
    twice = await press(browser, buyer, "/enable")
    assert "That was so already" in twice.text
    assert len(await mails("choose_password", to=buyer.email)) == 1


async def _visitor() -> Person:
    from tests.browser_like import visit

    return await visit("business")


async def test_a_removed_user_is_gone_and_their_orders_keep_the_name() -> None:
    boss, buyer = await company_with_buyer()
    await DB.execute(
        'INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical,'
        " state, currency, language, shipping_address, billing_address, placed_at)"
        " VALUES ($1, 'O-1', 'business', $2, $3, 'Paul Buyer', 'p@alfki.example', 'p@alfki.example', 'new',"
        " 'EUR', 'en', '{}', '{}', now())",
        uuid.uuid4(),
        boss.customer_id,
        buyer.user_id,
    )
    working, browser = await buyer.signed_in(), await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}/remove")
    assert "their login is deleted too" in page.main
    assert "our staff can undo it for 30 days" in page.main
    answer = await browser.fill(page, {}, form="version")
    assert "is removed. Orders stay with your company." in answer.text
    assert answer.path.endswith("/account/users")
    assert await DB.fetch_value("SELECT count(*) FROM users WHERE login = $1", buyer.login) == 0
    order = await DB.fetch_row("SELECT customer, buyer_name FROM orders WHERE number = 'O-1'")
    assert order == {"customer": boss.customer_id, "buyer_name": "Paul Buyer"}
    assert (await working.get("/account")).h1 == "Sign in"
    (told,) = await mails("member_removed", to=buyer.email)
    assert "Alfreds Futterkiste" in told.text
    assert await actions(boss) == ["member removed"]


async def test_a_removed_user_who_acts_for_others_too_keeps_the_login() -> None:
    boss, buyer = await company_with_buyer()
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    await member_too(buyer, other, roles=())
    await press(await boss.signed_in(), buyer, "/remove")
    assert await DB.fetch_value("SELECT count(*) FROM memberships WHERE id = $1", buyer.membership_id) == 0
    page = await (await buyer.signed_in()).get("/account")
    assert "QUICK-Stop" in page.text


async def test_roles_are_given_and_taken_at_once() -> None:
    boss, buyer = await company_with_buyer()
    clerk = await own_role(boss, "Clerk", "see_all_orders")
    browser = await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}/roles")
    assert page.typed("roles") == "buyer"
    answer = await browser.fill(page, {"roles": ["approver", clerk]})
    assert "are saved" in answer.text
    assert "Approver" in answer.main
    assert "Clerk" in answer.main
    assert (await membership(buyer))["roles"] == ["approver", clerk]
    assert await actions(boss) == ["member roles changed"]


async def test_who_loses_a_role_is_signed_out() -> None:
    boss, buyer = await company_with_buyer(buyer_roles=("approver",))
    working, browser = await buyer.signed_in(), await boss.signed_in()
    await press(browser, buyer, "/roles", roles=["approver", "buyer"])
    assert (await working.get("/account")).status == 200
    assert working.last is not None
    assert working.last.h1 != "Sign in"
    await press(browser, buyer, "/roles", roles=["viewer"])
    assert (await working.get("/account")).h1 == "Sign in"


async def test_changing_roles_asks_who_one_is_once_more() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    assert "/sign-in/again" in (await browser.get(f"/account/users/{buyer.user_id}/roles")).path
    answer = await press(browser, buyer, "/roles", roles=["approver"])
    assert "/sign-in/again" in answer.path
    assert (await membership(buyer))["roles"] == ["buyer"]


async def test_nobody_grants_more_than_they_have() -> None:
    boss, buyer = await company_with_buyer()
    office = await own_role(boss, "Office", "manage_users", "purchase")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    browser = await clerk.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}/roles")
    assert "Buyer" in page.main
    assert "Approver" not in page.main
    for roles in (["approver"], [ADMINISTRATOR], ["buyer", ADMINISTRATOR]):
        refused = await press(browser, buyer, "/roles", roles=roles)
        assert refused.status == 422
        assert "may not do themself" in refused.errors["roles"]
    # Neither to themself.
    assert (await press(browser, clerk, "/roles", roles=[office, "approver"])).status == 422
    assert (await membership(buyer))["roles"] == ["buyer"]
    assert (await press(browser, buyer, "/roles", roles=[office])).status == 200


async def test_nobody_decides_on_who_may_more_than_they_themself() -> None:
    boss, _buyer = await company_with_buyer()
    office = await own_role(boss, "Office", "manage_users", "purchase")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    browser = await clerk.signed_in()
    page = await browser.get(f"/account/users/{boss.user_id}")
    assert "may more than you" in page.main
    assert not page.tree.findall(".//main//form")
    for action, fields in (
        ("", {"first_name": "X", "last_name": "Y"}),
        ("/roles", {"roles": ["buyer"]}),
        ("/budget", {"order_limit": "1"}),
        ("/disable", {}),
        ("/remove", {}),
    ):
        assert (await press(browser, boss, action, **fields)).status == 422, action
    assert await administrators(boss) == 1
    assert await actions(boss) == []


async def test_an_unknown_role_and_that_of_another_company_are_refused_alike() -> None:
    boss, buyer = await company_with_buyer()
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    browser = await boss.signed_in()
    for role in (await own_role(other, "Theirs", "purchase"), str(uuid.uuid4()), "king"):
        refused = await press(browser, buyer, "/roles", roles=[role])
        assert refused.status == 422
        assert "exists no more" in refused.errors["roles"]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("/disable", {}),
        ("/remove", {}),
        ("/roles", {"roles": ["buyer"]}),
        ("/roles", {}),
        ("/roles", {"roles": ["approver", "viewer"]}),
    ],
)
async def test_no_administrator_disables_removes_or_demotes_themself(
    action: str, fields: dict[str, object]
) -> None:
    boss, _buyer = await company_with_buyer()
    await people.colleague(boss, "ann@alfki.example", roles=(ADMINISTRATOR,))
    refused = await press(await boss.signed_in(), boss, action, **fields)
    assert refused.status == 422
    assert "Nobody disables, removes or demotes themself" in refused.main
    assert (await membership(boss))["is_active"]
    assert await administrators(boss) == 2


async def test_an_administrator_gives_themself_a_further_role() -> None:
    boss, _buyer = await company_with_buyer()
    answer = await press(await boss.signed_in(), boss, "/roles", roles=[ADMINISTRATOR, "buyer"])
    assert "are saved" in answer.text


@pytest.mark.parametrize(
    ("action", "fields"),
    [("/roles", {"roles": ["buyer"]}), ("/disable", {}), ("/remove", {})],
)
async def test_of_two_administrators_who_demote_each_other_at_once_one_remains(
    action: str, fields: dict[str, object]
) -> None:
    boss, _buyer = await company_with_buyer()
    ann = await people.colleague(boss, "ann@alfki.example", roles=(ADMINISTRATOR,))
    first, second = await boss.signed_in(), await ann.signed_in()
    await first.get("/account/users")
    await second.get("/account/users")
    await at_once(press(first, ann, action, **fields), press(second, boss, action, **fields))
    assert await administrators(boss) == 1


async def test_of_many_administrators_who_demote_each_other_in_a_ring_at_least_one_remains() -> None:
    boss, _buyer = await company_with_buyer()
    ring = [boss] + [
        await people.colleague(boss, f"a{n}@alfki.example", roles=(ADMINISTRATOR,)) for n in range(4)
    ]
    business = application_by_id("business")
    assert business is not None
    browsers = [await one.signed_in() for one in ring]
    visitors = [await recognise(business, one.cookie("session"), "en") for one in browsers]
    # Whoever was demoted while they pressed may not demote any more.
    results = await asyncio.gather(
        *(
            change_roles(visitor, ring[(n + 1) % len(ring)].user_id, ["viewer"], None)
            for n, visitor in enumerate(visitors)
        ),
        return_exceptions=True,
    )
    assert all(one is True or isinstance(one, NotPermitted | ChangeRefused) for one in results), results
    assert 1 <= await administrators(boss) < len(ring)


async def test_limits_are_set_shown_with_what_is_spent_and_lifted_again() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    page = await browser.get(f"/account/users/{buyer.user_id}/budget")
    assert "Unlimited" in page.main
    answer = await browser.fill(
        page, {"order_limit": "250", "budget_amount": "1000,50", "budget_period": "month"}
    )
    assert "are saved" in answer.text
    assert "€250.00" in answer.main
    assert "€1,000.50" in answer.main
    assert "Spent€0.00" in answer.main
    row = await membership(buyer)
    assert (row["order_limit"], row["budget_amount"], row["budget_period"]) == (25000, 100050, "month")
    page = await browser.get(f"/account/users/{buyer.user_id}/budget")
    await browser.fill(page, {"order_limit": "", "budget_amount": "", "budget_period": ""})
    row = await membership(buyer)
    assert (row["order_limit"], row["budget_amount"], row["budget_period"]) == (None, None, "")
    assert await actions(boss) == ["member limits changed", "member limits changed"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"budget_amount": "10"}, "budget_period"),
        ({"budget_period": "week"}, "budget_amount"),
        ({"order_limit": "-1"}, "order_limit"),
        ({"order_limit": "many"}, "order_limit"),
        ({"budget_amount": "10", "budget_period": "day"}, "budget_period"),
    ],
)
async def test_limits_that_make_no_sense_are_refused_at_the_field(typed: dict[str, str], field: str) -> None:
    boss, buyer = await company_with_buyer()
    refused = await press(await boss.signed_in(), buyer, "/budget", **typed)
    assert refused.status == 422
    assert field in refused.errors
    assert (await membership(buyer))["order_limit"] is None


async def test_a_stale_form_changes_nothing() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    for action, fields in (
        ("/roles", {"roles": ["viewer"]}),
        ("/budget", {"order_limit": "5"}),
        ("/disable", {}),
        ("/remove", {}),
    ):
        assert (await press(browser, buyer, action, version="7", **fields)).status == 409, action
    # A number that Python refuses to read is no version that ever was.
    assert (await press(browser, buyer, "/disable", version="9" * 5000)).status == 409
    row = await membership(buyer)
    assert (row["roles"], row["order_limit"], row["is_active"]) == (["buyer"], None, True)


async def test_of_two_who_change_roles_or_limits_the_slower_compares_both_and_chooses() -> None:
    boss, buyer = await company_with_buyer()
    ann = await people.colleague(boss, "ann@alfki.example", roles=(ADMINISTRATOR,))
    slow, fast = await boss.signed_in(), await ann.signed_in()
    path = f"/account/users/{buyer.user_id}"
    page = await slow.get(f"{path}/budget")
    await fast.fill(
        await fast.get(f"{path}/budget"),
        {"order_limit": "70", "budget_amount": "900", "budget_period": "year"},
    )
    page = await slow.fill(
        page, {"order_limit": "50", "budget_amount": "400", "budget_period": "half_year"}, form="order_limit"
    )
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    for shown in ("50.00", "70.00", "400.00", "900.00", "Each half-year", "Each year"):
        assert shown in page.main
    assert (await membership(buyer))["order_limit"] == 7000
    page = await slow.fill(page, {}, form="version")
    assert "The limits of Maria Anders are saved." in page.text
    row = await membership(buyer)
    assert (row["order_limit"], row["budget_amount"], row["budget_period"]) == (5000, 40000, "half_year")
    page = await slow.get(f"{path}/roles")
    await fast.fill(await fast.get(f"{path}/roles"), {"roles": ["viewer"]})
    page = await slow.fill(page, {"roles": ["buyer", "approver"]})
    assert page.status == 409
    assert "Buyer, Approver" in page.main
    assert "Viewer" in page.main
    await slow.fill(page, {"roles": ["buyer", "approver"]}, form="version")
    assert (await membership(buyer))["roles"] == ["buyer", "approver"]


async def test_a_user_of_another_company_is_as_missing_as_one_who_never_was() -> None:
    boss, _buyer = await company_with_buyer()
    theirs = await people.company("horst@quick.example", company_name="QUICK-Stop")
    browser = await boss.signed_in()
    for action in ("", "/roles", "/budget", "/remove"):
        pages = [await browser.get(f"/account/users/{key}{action}") for key in (theirs.user_id, uuid.uuid4())]
        assert [one.status for one in pages] == [404, 404]
        assert len({re.sub(r"[0-9a-f]{16}", "", one.main) for one in pages}) == 1
    for action in ("", "/roles", "/budget", "/disable", "/enable", "/remove"):
        fields = {"first_name": "X", "last_name": "Y", "roles": ["viewer"], "order_limit": "1"}
        assert (await press(browser, theirs, action, **fields)).status == 404, action
    row = await membership(theirs)
    assert (row["roles"], row["is_active"], row["version"]) == ([ADMINISTRATOR], True, 1)
