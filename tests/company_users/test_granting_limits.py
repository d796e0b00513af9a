"""Nobody grants more than they have, limits included: who is limited cannot make a second login that is not."""

from typing import Any

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.company_users.managing import membership, own_role, press
from tests.company_users.test_invitation_import import worked_off
from tests.company_users.test_invitations import NEW, send
from tests.company_users.test_joining import action
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

LIMIT = "UPDATE memberships SET order_limit = $2, budget_amount = $3, budget_period = $4 WHERE id = $1"
WITHIN = {"order_limit": "500", "budget_amount": "1000", "budget_period": "month"}


async def limited(of: Known, order_limit: int | None = 50000, amount: int | None = 100000) -> None:
    """Limits of 500 for each order and 1000 each month."""
    await DB.execute(LIMIT, of.membership_id, order_limit, amount, "month" if amount is not None else "")


async def clerk_of(boss: Known) -> tuple[Known, Person]:
    """Who manages users, and may not do everything, with these limits."""
    office = await own_role(boss, "Office", "manage_users", "purchase")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    await limited(clerk)
    return clerk, await clerk.signed_in()


async def invitations() -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM invitations"))


@pytest.mark.parametrize("typed", ["1E+9999999", "1E+99999", "1E-99999", "5e2", "1_000"])
async def test_an_amount_has_no_exponent(typed: str) -> None:
    """A few letters would be a number of a million digits, and reckoning with it would hold up every page."""
    boss = await people.company()
    buyer = await people.colleague(boss, "buyer@alfki.example")
    page = await press(await boss.signed_in(), buyer, "/budget", **{**WITHIN, "order_limit": typed})
    assert page.status == 422
    assert page.errors == {"order_limit": "Please enter a number such as 12.50."}
    assert (await membership(buyer))["order_limit"] is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"order_limit": ""}, "order_limit"),
        ({"order_limit": "500.01"}, "order_limit"),
        ({"budget_amount": "", "budget_period": ""}, "budget_amount"),
        ({"budget_amount": "1000.01"}, "budget_amount"),
        # At most five weeks begin in a month; what is for a year could be spent in one month.
        ({"budget_amount": "200.01", "budget_period": "week"}, "budget_amount"),
        ({"budget_amount": "1000.01", "budget_period": "year"}, "budget_amount"),
    ],
)
async def test_who_is_limited_invites_nobody_who_is_less_so(typed: dict[str, str], field: str) -> None:
    _clerk, browser = await clerk_of(await people.company())
    page = await send(browser, "second@alfki.example", **{**WITHIN, **typed})
    assert page.status == 422
    assert list(page.errors) == [field]
    assert "nobody grants more than they have" in page.errors[field]
    assert page.typed("budget_amount") == {**WITHIN, **typed}["budget_amount"], "what was typed stays"
    assert await invitations() == 0
    assert await mails("invitation") == []


@pytest.mark.parametrize(
    "typed",
    [
        WITHIN,
        {**WITHIN, "budget_amount": "200", "budget_period": "week"},
        {**WITHIN, "budget_amount": "1000", "budget_period": "year"},
        {"order_limit": "0", "budget_amount": "0", "budget_period": "quarter"},
    ],
)
async def test_as_much_as_one_s_own_and_less_can_be_given(typed: dict[str, str]) -> None:
    _clerk, browser = await clerk_of(await people.company())
    assert (await send(browser, "second@alfki.example", **typed)).status == 200
    assert await invitations() == 1


@pytest.mark.parametrize(("order_limit", "amount"), [(50000, None), (None, 100000)])
async def test_of_two_limits_only_the_one_that_one_has_is_asked_for(
    order_limit: int | None, amount: int | None
) -> None:
    clerk, browser = await clerk_of(await people.company())
    await limited(clerk, order_limit, amount)
    nothing = {"order_limit": "", "budget_amount": "", "budget_period": ""}
    page = await send(browser, "second@alfki.example", **nothing)
    assert list(page.errors) == ["order_limit" if amount is None else "budget_amount"]


async def test_the_form_begins_with_the_own_limits_and_says_why() -> None:
    boss = await people.company()
    _clerk, browser = await clerk_of(boss)
    for path in ("/account/users/invite", "/account/users/invite/several"):
        page = await browser.get(path)
        assert [page.typed(name) for name in WITHIN] == ["500.00", "1000.00", "month"]
        assert "Your own limits hold for those whom you invite as well" in page.main
    page = await (await boss.signed_in()).get("/account/users/invite")
    assert [page.typed(name) for name in WITHIN] == ["", "", ""]
    assert "Your own limits" not in page.main


async def test_several_people_are_invited_within_the_own_limits_only() -> None:
    _clerk, browser = await clerk_of(await people.company())
    page = await browser.get("/account/users/invite/several")
    fields: dict[str, Any] = {"people": "one@alfki.example\ntwo@alfki.example", "roles": "buyer"}
    page = await browser.fill(page, {**fields, "order_limit": ""}, form="people")
    assert (page.status, list(page.errors)) == (422, ["order_limit"])
    assert await invitations() == 0
    assert (await browser.fill(page, {**fields, **WITHIN}, form="people")).status == 200
    assert await invitations() == 2


async def test_lines_of_a_file_that_give_more_are_refused_with_their_reason() -> None:
    _clerk, browser = await clerk_of(await people.company())
    page = await worked_off(
        browser,
        b"email,order_limit,budget_amount,budget_period\n"
        b"one@alfki.example,500,1000,month\ntwo@alfki.example,,1000,month\nthree@alfki.example,500,1001,month\n",
    )
    assert page.main.count("nobody grants more than they have") == 2
    assert "Limit for each order: " in page.main
    assert "Budget: " in page.main
    assert [row["email"] for row in await DB.fetch("SELECT email FROM invitations")] == ["one@alfki.example"]


async def test_who_is_limited_gives_a_colleague_no_more_and_may_give_less() -> None:
    boss = await people.company()
    _clerk, browser = await clerk_of(boss)
    buyer = await people.colleague(boss, "paul@alfki.example")
    await limited(buyer, 10000, 20000)
    for typed, field in (
        ({"order_limit": "", "budget_amount": "200", "budget_period": "month"}, "order_limit"),
        ({"order_limit": "100", "budget_amount": "1001", "budget_period": "month"}, "budget_amount"),
    ):
        page = await press(browser, buyer, "/budget", **typed)
        assert (page.status, list(page.errors)) == (422, [field])
        assert "nobody grants more than they have" in page.errors[field]
    assert (await membership(buyer))["order_limit"] == 10000
    assert (await press(browser, buyer, "/budget", **WITHIN)).status == 200
    assert (await membership(buyer))["budget_amount"] == 100000


async def test_a_colleague_s_higher_limit_can_be_kept_and_lowered_but_not_raised() -> None:
    boss = await people.company()
    _clerk, browser = await clerk_of(boss)
    buyer = await people.colleague(boss, "paul@alfki.example")
    await limited(buyer, 90000, None)
    assert (await press(browser, buyer, "/budget", order_limit="800")).status == 200
    page = await press(browser, buyer, "/budget", order_limit="801")
    assert list(page.errors) == ["order_limit"]
    assert (await membership(buyer))["order_limit"] == 80000


async def test_an_administrator_with_limits_gives_what_they_like() -> None:
    """They could lift their own as well: there may be nobody else."""
    boss = await people.company()
    await limited(boss)
    browser = await boss.signed_in()
    nothing = {"order_limit": "", "budget_amount": "", "budget_period": ""}
    assert (await send(browser, "nora@alfki.example", **nothing)).status == 200
    buyer = await people.colleague(boss, "paul@alfki.example")
    await limited(buyer, 100, 100)
    assert (await press(browser, buyer, "/budget", **nothing)).status == 200
    assert (await membership(buyer))["order_limit"] is None


async def test_an_invitation_gives_no_more_than_its_inviter_has_when_it_is_accepted() -> None:
    boss = await people.company()
    clerk, browser = await clerk_of(boss)
    await send(browser, "nora@alfki.example", **WITHIN)
    [mail] = await mails("invitation")
    nora = await visit("business")
    page = await nora.get(mail.link)
    await limited(clerk, 49999)
    assert (await nora.fill(page, NEW, form="password")).status == 410
    assert await DB.fetch_value("SELECT count(*) FROM users WHERE email = 'nora@alfki.example'") == 0
    at_boss = await boss.signed_in()
    page = await at_boss.get("/account/users/invitations")
    assert "Whoever invited may no longer do so" in page.main
    await DB.execute("UPDATE invitations SET sent_at = sent_at - interval '2 minutes'")
    resend = action(page, "/resend")
    refused = await browser.post(resend)
    assert "it gives more than you may grant" in refused.text
    assert "is invited by mail" in (await at_boss.post(resend)).text
    page = await nora.get((await mails("invitation"))[-1].link)
    assert (await nora.fill(page, NEW, form="password")).status == 200


async def test_who_lets_somebody_join_gives_them_the_own_limits() -> None:
    boss = await people.company()
    at_boss = await boss.signed_in()
    await at_boss.fill(await at_boss.get("/account/users/joining"), {}, form="is_on")
    _clerk, browser = await clerk_of(boss)
    ines = await people.shopper("ines@alfki.example")
    at_ines = await ines.signed_in()
    await at_ines.fill(await at_ines.get("/account/companies"), {"comment": ""}, form="comment")
    page = await browser.get("/account/users/joining")
    assert "Your own limits hold for those whom you let join as well" in page.main
    await browser.post(action(page, "/accept"), {"roles": "buyer"})
    row = await DB.fetch_row(
        'SELECT order_limit, budget_amount, budget_period FROM memberships WHERE "user" = $1 AND customer = $2',
        ines.user_id,
        boss.customer_id,
    )
    assert row == {"order_limit": 50000, "budget_amount": 100000, "budget_period": "month"}


async def test_nobody_enables_a_colleague_who_may_spend_more() -> None:
    boss = await people.company()
    _clerk, browser = await clerk_of(boss)
    buyer = await people.colleague(boss, "paul@alfki.example")
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", buyer.membership_id)
    page: SeenPage = await press(browser, buyer, "/enable")
    assert page.status == 422
    assert "This colleague may spend more than you" in page.main
    await limited(buyer)
    assert (await press(browser, buyer, "/enable")).status == 200
    assert (await membership(buyer))["is_active"] is True
