"""The tabs of a customer's page: orders, segments, price lists, catalog views, history, and its number."""

import pytest

from app.segments.custom import create_segment
from app.segments.members import assign
from app.segments.rules import read_rule
from app.segments.segmentation_services import configure_service
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person, visit
from tests.company_users.managing import own_role
from tests.segments.looking import application

pytestmark = pytest.mark.usefixtures("database")

TABS = ("", "/users", "/addresses", "/orders", "/segments", "/price-lists", "/catalog-views", "/history")


async def test_every_tab_leads_to_every_other(staff: Person) -> None:
    known = await people.company()
    for tab in TABS:
        page = await staff.get(f"/customers/{known.number}{tab}")
        assert page.h1 == "Alfreds Futterkiste"
        assert {f"/back-office/customers/{known.number}{one}" for one in TABS} <= set(page.links)
        assert (await staff.get(f"/customers/nobody{tab}")).status == 404


async def test_the_tabs_are_for_staff_who_look_after_customers() -> None:
    known = await people.company()
    person = await (await people.staff_member(privileges=("segments", "prices", "orders"))).signed_in()
    for tab in TABS:
        assert (await person.get(f"/customers/{known.number}{tab}")).status == 403


async def test_users_are_listed_with_the_names_of_their_roles(staff: Person) -> None:
    boss = await people.company()
    clerk = await own_role(boss, "Clerk of the warehouse", "purchase")
    await people.colleague(boss, "paul@alfki.example", ("approver", clerk))
    page = await staff.get(f"/customers/{boss.number}/users")
    assert "Approver, Clerk of the warehouse" in page.main
    assert clerk not in page.main


async def test_orders_are_those_of_the_customer_the_newest_first(staff: Person) -> None:
    known, other = await people.company(), await people.company("o@o.example", company_name="Other")
    for number, of, days in (("N-1", known, 2), ("N-2", known, 1), ("N-3", other, 0)):
        await DB.execute(
            "INSERT INTO orders (id, number, application, customer, buyer_name, email, email_canonical, language,"
            " state, currency, gross_total, net_total, tax_total, placed_at)"
            " VALUES (gen_random_uuid(), $1::varchar, 'business', $2, 'Maria Anders', 'm@a.example', 'm@a.example',"
            " 'en', 'new', 'EUR', 1190, 1000, 190, now() - make_interval(days => $3::int))",
            number,
            of.customer_id,
            days,
        )
    page = await staff.get(f"/customers/{known.number}/orders")
    assert page.main.index("N-2") < page.main.index("N-1")
    assert "N-3" not in page.main
    assert "€11.90" in page.main
    assert "/back-office/orders/N-1" in page.links
    person = await (await people.staff_member("c@example.com", ("customers",))).signed_in()
    page = await person.get(f"/customers/{known.number}/orders")
    assert "N-1" in page.main
    assert "/back-office/orders/N-1" not in page.links


async def test_segments_say_why_and_are_given_and_taken_by_hand(staff: Person) -> None:
    known = await people.company()
    path = f"/customers/{known.number}/segments"
    await create_segment("GOLD", "Gold")
    rule = read_rule('{"is":"customer_type","one_of":["SMB"]}')
    await create_segment("RULED", "Ruled", rule=rule)
    await DB.execute(
        "INSERT INTO segment_members (id, segment, customer, service, origin, created_at)"
        " VALUES (gen_random_uuid(), 'RULED', $1, 'standard', 'rule', now()) ON CONFLICT DO NOTHING",
        known.customer_id,
    )
    page = await staff.get(path)
    for words in (
        "All visitors and customers are in it.",
        "All customers of this type are in it.",
        "there is none yet.",
        "The rule of the segment holds.",
    ):
        assert words in page.main
    page = await staff.fill(page, {"segment": "GOLD"})
    assert "The customer is in the segment now." in page.main
    assert "The customer was assigned by hand." in page.main
    # What a rule finds is not taken out by hand.
    assert f"/back-office{path}/RULED/remove" not in page.html
    page = await staff.post(f"{path}/GOLD/remove")
    assert "The customer is taken out." in page.main
    assert "assigned by hand" not in page.main
    for unknown in ("NOPE", "IG_Everyone"):
        page = await staff.post(path, {"segment": unknown})
        assert page.errors == {"segment": "Please choose one of the options."}
        assert "Nothing has changed." in (await staff.post(f"{path}/{unknown}/remove")).main
    entries = await DB.fetch(
        "SELECT action FROM audit_entries WHERE customer_id = $1 ORDER BY id", known.customer_id
    )
    assert [row["action"] for row in entries][-2:] == [
        "customer put into segment",
        "customer taken out of segment",
    ]


async def test_segments_are_changed_only_with_their_privilege() -> None:
    known = await people.company()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    person = await (await people.staff_member(privileges=("customers",))).signed_in()
    path = f"/customers/{known.number}/segments"
    page = await person.get(path)
    assert "Gold" in page.main
    assert "Take out" not in page.main
    for address in (path, f"{path}/GOLD/remove"):
        assert (await person.post(address, {"segment": "GOLD"})).status == 403


async def test_price_lists_and_views_are_told_by_why_they_hold(staff: Person) -> None:
    known = await people.company()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    await send(staff, "/price-lists/new", {"id": "own", "name": "Own", "target_customers": known.number})
    await send(staff, "/price-lists/new", {"id": "gold", "name": "For gold", "target_segments": "GOLD"})
    await send(
        staff, "/price-lists/new", {"id": "b2c", "name": "B2C", "target_segments": "IG_IndividualCustomers"}
    )
    page = await staff.get(f"/customers/{known.number}/price-lists")
    specific, effective = page.main.split("Effective through its segments", 1)
    assert "Own" in specific
    assert "For gold" not in specific
    assert "For gold" in effective
    assert "Own" not in effective
    assert "B2C" not in page.main
    assert "/back-office/price-lists/gold" in page.links
    page = await staff.get(f"/customers/{known.number}/catalog-views")
    assert "Without a catalog view the customer sees everything." in page.main
    await send(
        staff,
        "/catalog-views/new",
        {
            "id": "v",
            "name": "View",
            "target_customers": known.number,
            "target_segments": "IG_RegisteredUsers",
        },
    )
    page = await staff.get(f"/customers/{known.number}/catalog-views")
    specific, effective = page.main.split("Effective through its segments", 1)
    assert "View" in specific.split("Specific to the customer")[-1]
    assert "Registered Customers" in effective
    # A service that is switched off in the customer's shop gives nothing there.
    await configure_service(application("business"), "standard", name="Own", is_active=False)
    assert "For gold" not in (await staff.get(f"/customers/{known.number}/price-lists")).main


async def test_the_history_is_that_of_the_customer_and_its_users(staff: Person) -> None:
    known, other = await people.company(), await people.company("o@o.example", company_name="Other")
    await staff.post(f"/customers/{known.number}/disable", {"version": "1"})
    await staff.post(f"/customers/{other.number}/password-mail")
    person = await (await people.staff_member("c@example.com", ("customers",))).signed_in()
    page = await person.get(f"/customers/{known.number}/history")
    assert "customer disabled" in page.main
    assert "password mail sent" not in page.main


async def test_a_number_is_changed_and_orders_and_links_follow(staff: Person) -> None:
    known = await people.company()
    other = await people.company("o@o.example", company_name="Other")
    path = f"/customers/{known.number}"
    assert f"/back-office{path}/number" in (await staff.get(path)).links
    page = await staff.get(f"{path}/number")
    for wrong in ("", "new", "a b", "ä", "x" * 41, other.number):
        refused = await staff.fill(page, {"number": wrong})
        assert refused.status == 422
        assert list(refused.errors) == ["number"]
    page = await staff.fill(page, {"number": "2026-1"})
    assert page.path == "/back-office/customers/2026-1"
    assert "The customer has the number 2026-1 now." in page.main
    assert (await staff.get(path)).path == "/back-office/customers/2026-1"
    assert "customer number changed" in page.main
    stale = await staff.post("/customers/2026-1/number", {"number": "2026-2", "version": "1"})
    assert stale.status == 409
    assert "You wanted: Change the number." in stale.main
    # A number that was given back to somebody leads to them.
    await send(staff, f"/customers/{other.number}/number", {"number": known.number})
    assert (await staff.get(path)).h1 == "Other"
    assert (await (await visit("back-office")).get(path)).path.startswith("/back-office/sign-in")
