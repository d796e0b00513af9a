"""Deciding on requisitions: approve, reject, withdraw, expire (domain.md 10)."""

import asyncio

from app.requisitions.budgets import spent_in_period
from app.requisitions.expiring import expire_requisitions
from app.versions import raise_version
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails
from tests.catalog.shelf import counted_queries
from tests.checkout.ordering import place
from tests.customers.belonging import member_too
from tests.requisitions.asking import Company, ask, company, id_of, review
from tests.requisitions.test_budgets import limit


async def asked(of: Company) -> str:
    """The id of a requisition of two teas: 25.00 net, 29.75 gross."""
    return id_of(await ask(await of.buyer.signed_in()))


async def decide(person: Person, key: str, **fields: str) -> SeenPage:
    """Approves on the page as it is shown."""
    page = await person.get(f"/account/requisitions/{key}")
    assert "Your decision" in page.main, page.main
    return await person.fill(page, fields, form="review")


async def state() -> str:
    return str(await DB.fetch_value("SELECT state FROM requisitions"))


async def orders() -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM orders"))


async def stock() -> int:
    return int(await DB.fetch_value("SELECT stock FROM products WHERE sku = 'TEA'"))


async def test_approving_places_the_order_as_it_was_asked(database):
    of = await company(order_limit=2000, amount=10_000, period="month")
    key = await asked(of)
    page = await decide(await of.approver.signed_in(), key)
    assert "Approved" in page.main
    row = await DB.fetch_row("SELECT * FROM orders")
    assert (row["customer"], row["user"]) == (of.buyer.customer_id, of.buyer.user_id)
    assert (row["net_total"], row["gross_total"], row["email"]) == (2500, 2975, of.buyer.email)
    assert row["number"] in page.main
    assert await stock() == 48
    assert await spent_in_period(of.buyer.membership_id) == 2500
    [mail] = await mails("requisition_decided")
    assert (mail.to, "is approved" in mail.subject, row["number"] in mail.text) == (
        of.buyer.email,
        True,
        True,
    )
    assert [one.to for one in await mails("order_placed")] == [of.buyer.email]
    seen = await (await of.buyer.signed_in()).get(mail.link)
    assert f"Order {row['number']}" in seen.main
    assert any(one.endswith(f"/account/orders/{row['number']}") for one in seen.links)


async def test_the_limits_that_an_approval_overrides_are_told(database):
    of = await company(order_limit=None, amount=1000, period="week")
    key = await asked(of)
    page = await (await of.approver.signed_in()).get(f"/account/requisitions/{key}")
    assert "although it is beyond the limits" in page.main
    await limit(of.buyer.membership_id)
    page = await (await of.approver.signed_in()).get(f"/account/requisitions/{key}")
    assert "within the limits" in page.main
    assert "exceeds the budget of €10.00" in page.main


async def test_a_rejection_needs_a_comment(database):
    of = await company()
    key = await asked(of)
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    page = await person.fill(page, {"comment": "   "})
    assert page.status == 422
    assert page.errors["comment"]
    assert await state() == "pending"


async def test_a_rejection_is_told_to_the_buyer_with_its_comment(database):
    of = await company()
    key = await asked(of)
    person = await of.approver.signed_in()
    page = await person.fill(await person.get(f"/account/requisitions/{key}"), {"comment": "Too much tea"})
    assert page.status == 200
    assert await state() == "rejected"
    assert await orders() == 0
    [mail] = await mails("requisition_decided")
    assert "Too much tea" in mail.text
    seen = await (await of.buyer.signed_in()).get(mail.link)
    assert "Too much tea" in seen.main
    assert "Your decision" not in seen.main


async def test_of_two_approvers_at_once_one_decides_and_the_other_is_told(database):
    of = await company()
    key = await asked(of)
    first, second = await of.approver.signed_in(), await of.admin.signed_in()
    pages = [await one.get(f"/account/requisitions/{key}") for one in (first, second)]
    answers = await asyncio.gather(
        first.fill(pages[0], {}, form="review"), second.fill(pages[1], {}, form="review")
    )
    assert sorted(one.status for one in answers) == [200, 409]
    told = next(one for one in answers if one.status == 409)
    assert "has decided meanwhile: Approved" in told.main
    assert await orders() == 1
    assert await stock() == 48


async def test_approving_and_rejecting_at_once_is_one_decision(database):
    of = await company()
    key = await asked(of)
    first, second = await of.approver.signed_in(), await of.admin.signed_in()
    pages = [await one.get(f"/account/requisitions/{key}") for one in (first, second)]
    answers = await asyncio.gather(
        first.fill(pages[0], {}, form="review"), second.fill(pages[1], {"comment": "No"})
    )
    assert sorted(one.status for one in answers) == [200, 409]
    assert await orders() == (1 if await state() == "approved" else 0)


async def test_an_approval_and_an_order_at_once_both_count(database):
    """The buyer's own order waits for the approval, and finds the budget as it is afterwards."""
    of = await company(order_limit=None, amount=2000, period="month")
    key = await asked(of)
    buyer, approver = await of.buyer.signed_in(), await of.approver.signed_in()
    page = await review(buyer)
    decision = await approver.get(f"/account/requisitions/{key}")
    await asyncio.gather(approver.fill(decision, {}, form="review"), place(buyer, page))
    within = await DB.fetch_value("SELECT coalesce(sum(net_total), 0) FROM orders WHERE net_total = 1500")
    # Either the small order came first and was within the budget, or it has to be approved as well.
    assert within in (0, 1500)
    assert await DB.fetch_value("SELECT count(*) FROM requisitions") == (1 if within else 2)


async def test_a_changed_price_is_told_and_has_to_be_agreed_to(database):
    of = await company()
    key = await asked(of)
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    await DB.execute("UPDATE price_entries SET amount = 1100 WHERE amount = 1000")
    await raise_version("prices")
    page = await person.fill(page, {}, form="review")
    assert page.status == 409
    assert "has changed from €10.00 to €11.00" in page.main
    assert await orders() == 0
    page = await person.fill(page, {}, form="review")
    assert page.status == 200
    assert await DB.fetch_value("SELECT net_total FROM orders") == 2700


async def test_a_changed_price_is_not_agreed_to_unseen(database):
    of = await company()
    key = await asked(of)
    await DB.execute("UPDATE price_entries SET amount = 1100 WHERE amount = 1000")
    await raise_version("prices")
    person = await of.approver.signed_in()
    page = await person.post(f"/account/requisitions/{key}/approve")
    assert (page.status, await orders()) == (409, 0)


async def test_what_is_sold_out_cannot_be_approved(database):
    of = await company()
    key = await asked(of)
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    await DB.execute("UPDATE products SET stock = 1 WHERE sku = 'TEA'")
    page = await person.fill(page, {}, form="review")
    assert page.status == 409
    assert "Tea: Only one piece is in stock." in page.main
    assert (await state(), await orders(), await stock()) == ("pending", 0, 1)
    await DB.execute("UPDATE products SET stock = 2 WHERE sku = 'TEA'")
    assert (await decide(person, key)).status == 200


async def test_what_is_hidden_since_cannot_be_approved(database):
    of = await company()
    key = await asked(of)
    await DB.execute("UPDATE products SET is_active = false WHERE sku = 'TEA'")
    await raise_version("catalog")
    page = await (await of.approver.signed_in()).post(f"/account/requisitions/{key}/approve")
    assert page.status == 409
    assert "“Tea” is no longer available" in page.main


async def test_nothing_is_ordered_for_who_may_no_longer_buy(database):
    of = await company()
    key = await asked(of)
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", of.buyer.membership_id)
    page = await (await of.approver.signed_in()).post(f"/account/requisitions/{key}/approve")
    assert page.status == 409
    assert "may no longer buy" in page.main
    await DB.execute("DELETE FROM memberships WHERE id = $1", of.buyer.membership_id)
    person = await of.approver.signed_in()
    assert (await person.post(f"/account/requisitions/{key}/approve")).status == 409
    assert (await person.post(f"/account/requisitions/{key}/reject", {"comment": "Left"})).status == 200


async def test_nobody_approves_their_own_unless_the_company_allows_it(database):
    of = await company()
    await limit(of.approver.membership_id, 100)
    person = await of.approver.signed_in()
    key = id_of(await ask(person, quantity=1))
    assert "Your decision" not in (await person.get(f"/account/requisitions/{key}")).main
    page = await person.post(f"/account/requisitions/{key}/approve")
    assert (page.status, await orders()) == (403, 0)
    assert (await person.post(f"/account/requisitions/{key}/reject", {"comment": "x"})).status == 403
    assert "no requisitions" in (await person.get("/account/requisitions?show=to-decide")).main
    await DB.execute("UPDATE companies SET approves_own_requisitions = true")
    assert "R-" in (await person.get("/account/requisitions?show=to-decide")).main
    assert (await decide(person, key)).status == 200


async def test_the_buyer_withdraws_and_nobody_else(database):
    of = await company()
    key = await asked(of)
    assert (await (await of.admin.signed_in()).post(f"/account/requisitions/{key}/withdraw")).status == 403
    buyer = await of.buyer.signed_in()
    page = await buyer.get(f"/account/requisitions/{key}")
    page = await buyer.post(f"/account/requisitions/{key}/withdraw")
    assert "The requisition is withdrawn." in page.text
    assert await state() == "withdrawn"
    assert (await buyer.post(f"/account/requisitions/{key}/withdraw")).status == 409
    page = await (await of.approver.signed_in()).post(f"/account/requisitions/{key}/approve")
    assert (page.status, await orders()) == (409, 0)


async def test_what_nobody_decides_in_time_expires_and_the_buyer_is_told(database):
    of = await company()
    key = await asked(of)
    days = await DB.fetch_value("SELECT expires_at - created_at FROM requisitions")
    assert days.days == 14
    await DB.execute("UPDATE requisitions SET expires_at = now()")
    page = await (await of.approver.signed_in()).post(f"/account/requisitions/{key}/approve")
    assert page.status == 409
    assert "Expired" in page.main
    done = await asyncio.gather(expire_requisitions(), expire_requisitions())
    assert sum(done) == 1
    assert await state() == "expired"
    [mail] = await mails("requisition_decided")
    assert (mail.to, "expired" in mail.subject) == (of.buyer.email, True)
    assert await expire_requisitions() == 0


async def test_a_refused_payment_leaves_the_requisition_open(database):
    of = await company()
    key = await asked(of)
    await DB.execute(
        "UPDATE requisitions SET checkout = jsonb_set(checkout, '{payment}', '\"test-refused\"')"
    )
    page = await (await of.approver.signed_in()).post(f"/account/requisitions/{key}/approve")
    assert page.status == 409
    assert "payment was refused" in page.main
    assert (await state(), await orders()) == ("pending", 0)


async def test_every_step_is_recorded_for_the_company(database):
    of = await company()
    await decide(await of.approver.signed_in(), await asked(of))
    rows = await DB.fetch(
        "SELECT action, customer_id FROM audit_entries WHERE action LIKE 'requisition%' ORDER BY happened_at"
    )
    assert [one["action"] for one in rows] == ["requisition asked", "requisition approved"]
    assert {one["customer_id"] for one in rows} == {of.buyer.customer_id}


async def test_the_order_speaks_the_language_of_the_buyer(database):
    of = await company()
    await DB.execute(
        "UPDATE users SET preferred_language = 'de' WHERE id = $1",
        of.approver.user_id,
    )
    key = await asked(of)
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    await person.fill(page, {}, form="review")
    row = await DB.fetch_row("SELECT o.language, l.price_explanation FROM orders o, order_lines l")
    assert row["language"] == "en"
    assert "Price list" in row["price_explanation"] or "Everyone" in row["price_explanation"]


async def test_the_overview_tells_approvers_what_waits_for_them(database):
    of = await company()
    await asked(of)
    assert "waits for your decision" in (await (await of.approver.signed_in()).get("/account")).main
    assert "your decision" not in (await (await of.buyer.signed_in()).get("/account")).main


async def test_who_has_left_the_company_finds_its_requisition_missing(database):
    of = await company()
    key = await asked(of)
    other = await people.company("o@elsewhere.example", company_name="Elsewhere")
    await DB.execute(
        "UPDATE memberships SET customer = $1 WHERE id = $2", other.customer_id, of.approver.membership_id
    )
    person = await of.approver.signed_in()
    assert (await person.get(f"/account/requisitions/{key}")).status == 404


async def test_a_long_list_has_pages_of_twenty_and_a_fixed_number_of_queries(database):
    of = await company()
    await asked(of)
    person = await of.approver.signed_in()
    for show in ("to-decide", "all"):
        with counted_queries() as few:
            await person.get(f"/account/requisitions?show={show}")
        await DB.execute(
            """
            INSERT INTO requisitions SELECT (jsonb_populate_record(r, jsonb_build_object(
                'id', gen_random_uuid(), 'number', $1 || n, 'idempotency_key', NULL,
                'created_at', r.created_at - n * interval '1 minute'))).*
            FROM requisitions r, generate_series(1, 60) n WHERE r.idempotency_key IS NOT NULL
            """,
            show,
        )
        with counted_queries() as many:
            page = await person.get(f"/account/requisitions?show={show}")
        assert len(many) == len(few)
        assert len(page.tree.findall(".//tbody/tr")) == 20
    page = await person.get("/account/requisitions?show=all&state=pending&page=7")
    assert len(page.tree.findall(".//tbody/tr")) == 1
    for nonsense in ("show=x&state=y&page=z", "page=-1", "page=99999999", "state=approved"):
        assert (await person.get(f"/account/requisitions?{nonsense}")).status == 200


async def test_a_comment_on_an_approval_is_told_to_the_buyer_and_stays_in_the_history(database):
    of = await company()
    key = await asked(of)
    page = await decide(await of.approver.signed_in(), key, remark="Take the green one\nnext time")
    assert "Approved" in page.main
    assert "Take the green one next time" in page.main
    [mail] = await mails("requisition_decided")
    for text in (mail.text, mail.html):
        assert "Take the green one" in text
        assert "is approved" in mail.subject
    seen = await (await of.buyer.signed_in()).get(mail.link)
    assert "Take the green one next time" in seen.main


async def test_a_comment_on_an_approval_that_is_too_long_is_refused_and_stays_in_its_field(database):
    of = await company()
    key = await asked(of)
    page = await decide(await of.approver.signed_in(), key, remark="x" * 1001)
    assert page.status == 422
    assert page.errors == {"remark": "Please use at most 1000 characters."}
    assert page.typed("remark").strip() == "x" * 1001
    assert await state() == "pending"


async def test_the_mail_leads_to_the_decision_also_who_acts_for_another_of_their_companies(database):
    of = await company()
    key = await asked(of)
    [link] = {one.link for one in await mails("requisition_asked")}
    elsewhere = await people.company("x@elsewhere.example", company_name="Elsewhere")
    await member_too(elsewhere, of.admin, ("approver",))
    person = await elsewhere.signed_in()
    await person.get("/account")
    await person.post("/switch-customer", {"customer": elsewhere.number})
    page = await person.get(link)
    assert page.h1 == "This belongs to Alfreds Futterkiste"
    page = await person.fill(page, {})
    assert page.path.endswith(f"/account/requisitions/{key}")
    assert "You now act for Alfreds Futterkiste." in page.text
    assert "Approved" in (await person.fill(page, {}, form="review")).main


async def test_who_may_not_approve_at_their_other_company_finds_no_requisition_of_it(database):
    of = await company()
    key = await asked(of)
    elsewhere = await people.company("x@elsewhere.example", company_name="Elsewhere")
    await member_too(elsewhere, of.admin, ("viewer",))
    person = await elsewhere.signed_in()
    await person.get("/account")
    await person.post("/switch-customer", {"customer": elsewhere.number})
    for one in (key, "00000000-0000-7000-8000-000000000000"):
        page = await person.get(f"/account/requisitions/{one}")
        assert (page.status, page.h1) == (404, "Page not found")
