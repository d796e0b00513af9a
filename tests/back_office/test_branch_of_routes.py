"""Every page of the back office, as the table of routes has them, keeps to the branch of a staff member who is limited
to one: names of others stand on none of them, and what an address or a form names outside is missing (domain.md 11).
"""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from app.contracts.edit_contract import ContractDetails, create_contract
from app.organisations.tree import create_organisation, put_customer_into
from app.segments.custom import create_segment
from app.segments.members import assign
from app.segments.targets import aim, targets_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.back_office.selling_cast import product, send
from tests.back_office.test_branch import limited, order_of
from tests.back_office.test_selling_targets import NEW_THINGS
from tests.browser_like import Person, patron
from tests.customers.belonging import member_too

pytestmark = pytest.mark.usefixtures("database")

# What stands in the names, numbers and addresses of everything outside, and of nothing else.
FOREIGN_WORDS = ("Fremd", "fremd", "FOREIGN")
# Of these the address names a person or what belongs to one; all else is the shop's own.
OF_PEOPLE = (
    "contracts",
    "customers",
    "mail",
    "orders",
    "organisations",
    "personal-data-requests",
    "staff",
    "users",
)


@dataclass
class World:
    """A branch with a company, and a foreign one with the same things. `own` and `foreign` say for each parameter of
    an address what stands for it."""

    person: Person
    north: uuid.UUID
    south: uuid.UUID
    company: people.Known
    other: people.Known
    own: dict[tuple[str, str], object]
    foreign: dict[tuple[str, str], object]


async def world() -> World:
    """A staff member with all privileges who is limited to North, and everything that may be seen or not."""
    north, south = await create_organisation("North"), await create_organisation("Fremdland")
    company = await people.company("own@alfki.example")
    other = await people.company(
        "frieda@fremd.example",
        company_name="Fremd Ltd",
        number="FOREIGN-1",
        first_name="Frieda",
        last_name="Fremd",
    )
    for one, node in ((company, north), (other, south)):
        await put_customer_into(one.customer_id, node)
    # Also acts for the company, but not for it alone.
    both = await people.colleague(company, "both@alfki.example")
    await DB.execute("UPDATE users SET first_name = 'Bo', last_name = 'Both' WHERE id = $1", both.user_id)
    await member_too(both, other)
    await DB.execute(
        "INSERT INTO audit_entries (id, happened_at, actor_name, application, action, user_id, customer_id, before,"
        " after, reason) VALUES (gen_random_uuid(), now(), 'Frieda Fremd', 'business', 'member changed', $1, $2, '{}',"
        " '{}', '')",
        both.user_id,
        other.customer_id,
    )
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [company.customer_id, other.customer_id])
    made = World(await limited(north), north, south, company, other, {}, {})
    southern = await people.staff_member("sven@fremd.example", privileges=(), branch=south)
    await DB.execute(
        "UPDATE users SET first_name = 'Sven', last_name = 'Fremd' WHERE id = $1", southern.user_id
    )
    for values, known, number, node in ((made.own, company, "P1", north), (made.foreign, other, "P2", south)):
        details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1))
        contract = await create_contract(known.customer_id, details)
        await order_of(known, number)
        values |= {
            ("contracts", "contract_id"): contract,
            ("customers", "number"): known.number,
            ("segments", "number"): known.number,
            ("users", "user_id"): known.user_id,
            ("orders", "number"): number,
            ("organisations", "organisation_id"): node,
            ("personal-data-requests", "request_id"): await _data_request(known),
            ("mail", "mail_id"): await _failed_mail(known),
        }
    made.own["staff", "member"] = await DB.fetch_value(
        "SELECT id FROM staff_members WHERE organisation = $1", north
    )
    made.foreign["staff", "member"] = await DB.fetch_value(
        "SELECT id FROM staff_members WHERE organisation = $1", south
    )
    made.own |= await _of_the_shop(made)
    return made


async def _data_request(known: people.Known) -> uuid.UUID:
    key = uuid.uuid4()
    await DB.execute(
        'INSERT INTO personal_data_requests (id, number, kind, state, origin, "user", email, email_canonical,'
        " application, language, requested_at, confirm_until, confirmed_at, due_at)"
        " VALUES ($1, $2, 'export', 'confirmed', 'account', $3, $4, $4, 'business', 'en', now(), now(), now(), now())",
        key,
        f"D-{known.number}",
        known.user_id,
        known.email,
    )
    return key


async def _failed_mail(known: people.Known) -> uuid.UUID:
    key = uuid.uuid4()
    await DB.execute(
        "INSERT INTO outbox_mails (id, message_id, application, kind, language, to_email, to_name, subject, text_body,"
        " html_body, unsubscribe_link, created_at, due_at, gave_up_at, attempts, last_error)"
        " VALUES ($1, $2, 'business', 'approved', 'en', $3, $3, 'Hello', '', '', '', now(), now(), now(), 5, '')",
        key,
        str(key),
        known.email,
    )
    return key


async def _of_the_shop(made: World) -> dict[tuple[str, str], object]:
    """Things of the shop that are aimed at both companies, made by somebody who sees both."""
    staff = await (await people.staff_member("all@example.com")).signed_in()
    contracts = [one["contracts", "contract_id"] for one in (made.own, made.foreign)]
    numbers = [await DB.fetch_value("SELECT number FROM contracts WHERE id = $1", one) for one in contracts]
    whom = {
        "target_organisations": [str(made.north), str(made.south)],
        "target_customers": f"{made.company.number} {made.other.number}",
        "target_contracts": " ".join(numbers),
    }
    for path, fields, _own in NEW_THINGS.values():
        page = await send(staff, path, {**fields, **whom})
        assert page.status == 200, page.errors
    await product("T-1")
    await send(staff, "/tax-rates/new", {"country": "FR"})
    return {
        ("price-lists", "list_id"): "X",
        ("price-lists", "entry_id"): uuid.uuid4(),
        ("catalog-views", "view"): "X",
        ("promotions", "promotion_id"): "X",
        ("content", "item"): await DB.fetch_value("SELECT id FROM content_items"),
        ("shipping-methods", "method"): "X",
        ("segments", "segment_id"): "GOLD",
        ("segmentation-services", "shop"): "business",
        ("segmentation-services", "service"): "standard",
        ("categories", "category_id"): await DB.fetch_value("SELECT id FROM categories"),
        ("products", "product_id"): await DB.fetch_value("SELECT id FROM products"),
        ("products", "sku"): "T-1",
        ("catalog-pictures", "name"): "none.webp",
        ("tax-rates", "country"): "DE",
        ("customers", "user"): made.company.user_id,
        ("customers", "segment"): "GOLD",
        ("customers", "staff_member"): uuid.uuid4(),
        ("customers", "merge_id"): uuid.uuid4(),
        ("orders", "to_state"): "confirmed",
    }


def staff_routes() -> list[tuple[str, str, str]]:
    """(method, address, first part of the address) of everything that only staff may call."""
    from app.access import audience_of
    from app.routes import back_office_routes

    patron()
    found = []
    for handler in back_office_routes():
        if not hasattr(handler, "resolve_guards"):
            continue
        audience = audience_of(handler) or ""
        if audience.startswith(("staff", "account managers")) or handler.name == "home":
            for path in handler.paths:
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    found.append((method, path, path.strip("/").partition("/")[0]))
    return found


def parameters(path: str) -> list[str]:
    return [part.strip("{}").partition(":")[0] for part in path.split("/") if part.startswith("{")]


def address(path: str, values: dict[str, Any]) -> str:
    """The address with values for its parameters."""
    parts = []
    for part in path.split("/"):
        name = part.strip("{}").partition(":")[0]
        parts.append(str(values[name]) if part.startswith("{") else part)
    return "/".join(parts)


async def test_no_page_of_the_back_office_names_anybody_outside_of_the_branch() -> None:
    made = await world()
    looked_at = 0
    for method, path, first in staff_routes():
        if method != "GET":
            continue
        found = await made.person.get(address(path, {one: made.own[first, one] for one in parameters(path)}))
        # 403: what reaches beyond the branch is not deleted there, and says so.
        assert found.status in (200, 403, 404), (path, found.status)
        looked_at += found.status == 200
        for word in FOREIGN_WORDS:
            assert word not in found.html, f"{path} names {word}: {found.main}"
    assert looked_at > 60
    # What is looked for is told of in lists with filters as well.
    for path in (
        "/personal-data-requests?state=finished",
        "/mail?state=waiting",
        "/segments/GOLD/customers?q=rem",
        f"/customers/{made.company.number}/history",
        "/customers?segment=GOLD",
    ):
        assert "Fremd" not in (await made.person.get(path)).main, path
    assert made.company.number in (await made.person.get("/segments/GOLD/customers")).main


async def test_every_address_that_names_somebody_outside_of_the_branch_is_missing() -> None:
    made = await world()
    await made.person.get("/")
    looked_at = set()
    for method, path, first in staff_routes():
        for named in parameters(path):
            if (first, named) not in made.foreign:
                continue
            values = {one: made.own[first, one] for one in parameters(path)}
            place = address(path, values | {named: made.foreign[first, named]})
            page = await (
                made.person.get(place) if method == "GET" else made.person.post(place, {"version": "1"})
            )
            assert page.status == 404, (method, path)
            looked_at.add((first, named))
    assert looked_at == set(made.foreign)
    named = {(first, one) for _method, path, first in staff_routes() for one in parameters(path)}
    # Whoever adds an address that names a person adds it to the world above.
    assert {one for one in named if one[0] in OF_PEOPLE} <= set(made.own)


@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_target_groups_are_chosen_in_the_branch_and_what_they_name_outside_is_not_seen(
    kind: TargetKind,
) -> None:
    made = await world()
    owner = await DB.fetch_value("SELECT owner FROM targets WHERE kind = $1 LIMIT 1", kind.value)
    before = await targets_of(kind, owner)
    path, fields, own = NEW_THINGS[kind]
    page = await made.person.get(own or f"/content/{owner}")
    assert page.typed("target_customers").strip() == made.company.number
    # It reaches beyond the branch, so it stays as it is: tests/back_office/test_branch_reach.py.
    page = await made.person.post(own or f"/content/{owner}", {**fields, "version": "1"})
    assert page.status == 403
    assert await targets_of(kind, owner) == before
    await aim(kind, owner, customers=[made.company.customer_id])
    page = await made.person.get(own or f"/content/{owner}")
    page = await made.person.fill(
        page, {"target_customers": "FOREIGN-1", "target_contracts": "C1002"}, form="target_customers"
    )
    assert page.errors["target_customers"] == "There is no customer FOREIGN-1."
    assert page.errors["target_contracts"] == "There is no contract C1002."
    page = await made.person.fill(
        page,
        {"target_customers": "", "target_contracts": "", "target_organisations": [str(made.south)]},
        form="target_customers",
    )
    assert page.errors == {"target_organisations": "Please choose one of the options."}
    page = await made.person.fill(page, {"target_organisations": [str(made.north)]}, form="target_customers")
    assert page.status == 200, page.errors
    after = await targets_of(kind, owner)
    assert (after.organisations, after.customers, after.contracts) == ({made.north}, set(), set())
    # Nor can a new one name what lies outside.
    page = await send(made.person, path, {**fields, "target_customers": "FOREIGN-1"})
    assert page.errors["target_customers"] == "There is no customer FOREIGN-1."


async def test_members_of_a_segment_are_put_in_and_taken_out_in_the_branch_only() -> None:
    made = await world()
    page = await made.person.get("/segments/GOLD/customers")
    page = await made.person.fill(page, {"numbers": f"{made.company.number} FOREIGN-1"}, form="numbers")
    assert page.errors == {"numbers": "There is no customer FOREIGN-1."}
    numbers = {"number": ["FOREIGN-1", made.company.number]}
    page = await made.person.post("/segments/GOLD/customers/remove", numbers)
    assert "1 customer is taken out." in page.main
    assert [row["customer"] for row in await DB.fetch("SELECT customer FROM segment_members")] == [
        made.other.customer_id
    ]


async def test_a_rule_finds_customers_outside_of_the_branch_and_is_not_tried() -> None:
    made = await world()
    await made.person.get("/")
    fields = {"id": "ALL", "name": "All", "match": "all", "c1_kind": "customer_type", "c1_words": "SMB"}
    for path in ("/segments/new", "/segments/GOLD/rule"):
        page = await made.person.post(path, {**fields, "version": "1", "preview": "yes"})
        assert page.status == 403, path
        assert "Fremd Ltd" not in page.main


async def test_nobody_is_disabled_at_customers_outside_of_the_branch_as_well() -> None:
    made = await world()
    both = await DB.fetch_value("SELECT id FROM users WHERE first_name = 'Bo'")
    users = f"/customers/{made.company.number}/users"
    page = await made.person.get(users)
    assert page.main.count("Disable everywhere") == 1
    assert page.main.count("Disable for this customer") == 2
    assert (await made.person.post(f"{users}/{both}/disable", {"version": "1"})).status == 403
    assert await DB.fetch_value("SELECT is_active FROM users WHERE id = $1", both)
    await made.person.get(users)
    await made.person.post(f"{users}/{both}/disable-membership", {"version": "1"})
    rows = await DB.fetch('SELECT customer, is_active FROM memberships WHERE "user" = $1', both)
    assert {row["customer"]: row["is_active"] for row in rows} == {
        made.company.customer_id: False,
        made.other.customer_id: True,
    }


async def test_requests_about_personal_data_are_those_of_people_of_the_branch_alone() -> None:
    made = await world()
    for known in ("frieda@fremd.example", "both@alfki.example", "FOREIGN-1"):
        page = await send(made.person, "/personal-data-requests/new", {"person": known, "kind": "export"})
        assert page.errors["person"].startswith("We hold nothing about anybody"), known
    await send(made.person, "/personal-data-requests/new", {"person": "own@alfki.example", "kind": "delete"})
    assert await DB.fetch_value("SELECT count(*) FROM personal_data_requests WHERE kind = 'delete'") == 1


async def test_nobody_is_moved_or_merged_out_of_the_branch() -> None:
    made = await world()
    page = await made.person.get(f"/customers/{made.company.number}/merge?other=FOREIGN-1")
    assert page.errors["other"] == "There is no customer with this number."
    fields = {"other": "FOREIGN-1", "stays": "other", "version": "1", "other_version": "1"}
    page = await made.person.post(f"/customers/{made.company.number}/merge", fields)
    assert page.errors["other"] == "There is no customer with this number."
    page = await made.person.get(f"/users/{made.company.user_id}/move?to=FOREIGN-1")
    assert "Fremd Ltd" not in page.main
    assert await DB.fetch_value("SELECT count(*) FROM customers") == 2
