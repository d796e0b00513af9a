"""The overview of the account: what is open, the last orders, groups in plain words, and cards by customer type."""

from app.marketing.edit_content import ContentDraft, create_content
from app.segments.custom import create_segment
from app.segments.implicit import EVERYONE
from tables import Address, ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.checkout.ordering import open_shop, order
from tests.personal_data.asking import ask_in_account


async def test_the_overview_greets_and_shows_what_staff_say_to_this_person(database):
    await create_content(
        ContentDraft(
            slot="account/welcome",
            name="Welcome",
            texts={"en": "Good to see **you**"},
            segments=frozenset({EVERYONE.id}),
        )
    )
    known = await people.shopper(first_name="Ines", last_name="Müller")
    page = await (await known.signed_in()).get("/account")
    assert page.h1 == "Hello Ines Müller"
    assert "Good to see you" in page.main
    assert known.number in page.main


async def test_the_last_three_orders_are_on_the_overview_newest_first(database):
    await open_shop()
    known = await people.shopper()
    person = await known.signed_in()
    assert "not ordered anything yet" in (await person.get("/account")).main
    numbers = [await order(person) for _ in range(4)]
    page = await person.get("/account")
    shown = [one.rsplit("/", 1)[-1] for one in page.links if one.startswith("/account/orders/")]
    assert shown == numbers[:0:-1]
    assert "Ordered by" not in page.main
    stranger = await (await people.shopper("else@example.com")).signed_in()
    assert not set(numbers) & set((await stranger.get("/account")).main.split())


async def test_administrators_see_who_of_the_company_has_ordered_and_buyers_only_their_own(database):
    await open_shop()
    known = await people.company()
    paul = await people.colleague(known, "paul@alfki.example")
    await DB.execute("UPDATE users SET first_name = 'Paul', last_name = 'Buyer' WHERE id = $1", paul.user_id)
    number = await order(await paul.signed_in())
    page = await (await known.signed_in()).get("/account")
    assert number in page.main
    assert "Paul Buyer" in page.main
    viewer = await (await people.colleague(known, "vera@alfki.example")).signed_in()
    assert number not in (await viewer.get("/account")).main


async def test_nothing_is_open_for_somebody_who_has_done_everything(database):
    page = await (await people.shopper()).signed_in()
    assert "Still open" not in (await page.get("/account")).main


async def test_a_new_email_that_is_not_confirmed_is_an_open_task(database):
    known = await people.shopper()
    person = await known.signed_in()
    await person.post("/account/email", {"email": "new@example.com", "current_password": people.PASSWORD})
    page = await person.get("/account")
    assert "Confirm your new e-mail new@example.com" in page.main
    assert "/account/email" in page.links


async def test_another_customer_of_the_person_that_awaits_approval_is_an_open_task(database):
    known = await people.company()
    pending = await people.pending_company()
    await DB.execute(
        'UPDATE memberships SET "user" = $1 WHERE customer = $2', known.user_id, pending.customer_id
    )
    person = await known.signed_in()
    assert "New Owner Ltd awaits our approval." in (await person.get("/account")).main
    await DB.execute(
        "UPDATE customers SET approval_status = $2 WHERE id = $1",
        pending.customer_id,
        ApprovalStatus.APPROVED.value,
    )
    assert "awaits our approval" not in (await person.get("/account")).main


async def test_data_requests_and_newsletters_that_are_to_be_confirmed_are_open_tasks(database):
    known = await people.shopper()
    person = await ask_in_account(known, "export")
    page = await person.get("/account/consents")
    await person.fill(page, {}, form="newsletter")
    page = await person.get("/account")
    assert "Confirm your request about your data" in page.main
    assert "Confirm the newsletter" in page.main


async def test_orders_of_a_guest_with_the_same_email_are_an_open_task(database):
    await open_shop()
    known = await people.shopper()
    await order(await visit("shop"), email=known.email)
    page = await (await known.signed_in()).get("/account")
    assert "one order as a guest" in page.main


async def test_the_groups_of_the_customer_are_told_in_plain_words(database):
    await create_segment("cheese", "Cheese lovers")
    known = await people.shopper()
    await DB.execute(
        "INSERT INTO segment_members (id, segment, customer, service, origin, created_at)"
        " VALUES (gen_random_uuid(), 'cheese', $1, 'standard', 'hand', now())",
        known.customer_id,
    )
    main = (await (await known.signed_in()).get("/account")).main
    assert "Individual Customers New Customers Cheese lovers" in main
    assert "IG_" not in main
    assert "Everyone" not in main
    await DB.execute("UPDATE users SET preferred_language = 'de'")
    assert "Neukunden" in (await (await known.signed_in()).get("/account")).main


async def test_the_preferred_addresses_are_on_the_overview(database):
    known = await people.shopper()
    person = await known.signed_in()
    assert "For invoices and deliveries:" in (await person.get("/account")).main
    other = Address(
        customer=known.customer_id,
        street="Ring 1",
        postal_code="1010",
        city="Wien",
        country="AT",
        created_at=await DB.fetch_value("SELECT now()"),
    )
    await Address.insert(other)
    await person.post(f"/account/addresses/{other.id}/prefer", {"kind": "shipping"})
    main = (await person.get("/account")).main
    assert "Obere Str. 57" in main.split("For invoices:")[1].split("For deliveries:")[0]
    assert main.split("For deliveries:")[1].startswith("Ring 1")


async def test_the_navigation_has_the_company_only_where_there_is_one(database):
    shopper = await (await people.shopper()).signed_in()
    page = await shopper.get("/account")
    wanted = [
        "",
        "/profile",
        "/companies",
        "/addresses",
        "/orders",
        "/email",
        "/password",
        "/security",
        "/privacy",
        "/consents",
    ]
    navigation = [
        one.get("href").removeprefix("/account")
        for one in page.tree.iterfind(".//main//nav//a")
        if "navigation-link" in one.get("class", "")
    ]
    assert navigation == wanted
    buyer = await (await people.company()).signed_in()
    assert "/business/account/company" in (await buyer.get("/account")).links
