"""Who is limited to a branch makes, changes and deletes only what is aimed wholly at customers and organisations of the
branch; what reaches further is seen, without buttons, and refused (domain.md 11)."""

import pytest

from app.marketing.content import SLOTS
from app.segments.custom import create_segment, custom_segment
from app.segments.targets import Targets, aim, targets_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.back_office.selling_cast import product, send
from tests.back_office.test_branch_of_routes import World, world
from tests.back_office.test_selling_targets import NEW_THINGS
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")

BEYOND = "this reaches beyond it"
TABLES = {
    TargetKind.PRICE_LIST: "price_lists",
    TargetKind.CATALOG_VIEW: "catalog_views",
    TargetKind.PROMOTION: "promotions",
    TargetKind.CONTENT: "content_items",
    TargetKind.SHIPPING_METHOD: "shipping_methods",
}


async def owner_of(kind: TargetKind) -> str:
    return str(await DB.fetch_value(f"SELECT id FROM {TABLES[kind]} LIMIT 1"))


def address_of(kind: TargetKind, owner: str) -> str:
    return NEW_THINGS[kind][2] or f"/content/{owner}"


async def aimed(kind: TargetKind, owner: str, made: World, whom: str) -> None:
    """Aims what there is at somebody: within the branch, beyond it, partly beyond it."""
    groups: dict[str, dict[str, list[object]]] = {
        "own customer": {"customers": [made.company.customer_id]},
        "own organisation": {"organisations": [made.north]},
        "own contract": {"contracts": [made.own["contracts", "contract_id"]]},
        "both": {"customers": [made.company.customer_id, made.other.customer_id]},
        "foreign organisation": {"organisations": [made.north, made.south]},
        "foreign contract": {"contracts": [made.foreign["contracts", "contract_id"]]},
        "segment": {"customers": [made.company.customer_id], "segments": ["GOLD"]},
        "all companies": {"segments": ["IG_SMBCustomers"]},
        "nobody": {},
    }
    await aim(kind, owner, **groups[whom])  # type: ignore[arg-type]  # ids of each kind


@pytest.mark.parametrize(
    "whom", ["both", "foreign organisation", "foreign contract", "segment", "all companies", "nobody"]
)
@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_what_reaches_beyond_the_branch_is_seen_and_not_changed(kind: TargetKind, whom: str) -> None:
    made = await world()
    owner = await owner_of(kind)
    await aimed(kind, owner, made, whom)
    before = await targets_of(kind, owner)
    row = await DB.fetch_row(f"SELECT * FROM {TABLES[kind]}")
    place = address_of(kind, owner)
    page = await made.person.get(place)
    assert page.status == 200
    assert BEYOND in page.main
    assert f"{place}/delete" not in " ".join(page.links)
    assert not page.tree.findall(".//main//form//button[@class='button button--primary']")
    answer = await made.person.post(
        place, {**NEW_THINGS[kind][1], "version": "1", "target_customers": made.company.number}
    )
    assert (answer.status, BEYOND in answer.main) == (403, True)
    answer = await made.person.get(f"{place}/delete")
    assert (answer.status, BEYOND in answer.main) == (403, True)
    await made.person.get(place)
    answer = await made.person.post(f"{place}/delete", {"version": "1"})
    assert (answer.status, BEYOND in answer.main) == (403, True)
    assert await targets_of(kind, owner) == before
    assert await DB.fetch_row(f"SELECT * FROM {TABLES[kind]}") == row


@pytest.mark.parametrize("whom", ["own customer", "own organisation", "own contract"])
@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_what_is_aimed_wholly_into_the_branch_is_changed_and_deleted(
    kind: TargetKind, whom: str
) -> None:
    made = await world()
    owner = await owner_of(kind)
    await aimed(kind, owner, made, whom)
    place = address_of(kind, owner)
    page = await made.person.get(place)
    assert BEYOND not in page.main
    page = await made.person.fill(page, {"target_customers": made.company.number}, form="target_customers")
    assert page.status == 200, page.errors
    assert made.company.customer_id in (await targets_of(kind, owner)).customers
    page = await made.person.get(f"{place}/delete")
    await made.person.post(f"{place}/delete", {"version": "2"})
    assert await DB.fetch_value(f"SELECT count(*) FROM {TABLES[kind]}") == 0


@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_what_is_new_is_aimed_into_the_branch(kind: TargetKind) -> None:
    made = await world()
    path, fields, _own = NEW_THINGS[kind]
    fields = {**fields, "id": "Y"} if "id" in fields else {**fields, "name": "Y"}
    page = await made.person.get(path)
    assert page.tree.find(".//*[@name='target_segments']") is None
    page = await made.person.fill(page, fields, form="target_customers")
    assert (
        page.errors["target_customers"] == "Please name customers, contracts or organisations of your branch."
    )
    chosen = {
        "currency": "EUR",
        "kind": "net",
        "applies_to": "order",
        "slot": next(iter(SLOTS)),
        "priority": "0",
    }
    aimed_at = {"target_segments": ["GOLD"], "target_customers": made.company.number}
    page = await made.person.post(page.path, {**fields, **chosen, **aimed_at})
    assert "You see a branch of the organisations" in page.errors["target_customers"]
    page = await send(made.person, path, {**fields, "target_customers": made.company.number})
    assert page.status == 200, page.errors
    assert await DB.fetch_value(f"SELECT count(*) FROM {TABLES[kind]}") == 2


@pytest.mark.parametrize("kind", NEW_THINGS)
async def test_signs_that_name_nobody_aim_at_nobody_and_are_refused(kind: TargetKind) -> None:
    made = await world()
    path, fields, _own = NEW_THINGS[kind]
    owner = await owner_of(kind)
    await aimed(kind, owner, made, "own customer")
    nobody = {"target_customers": ",", "target_contracts": " ; "}
    page = await send(made.person, address_of(kind, owner), nobody)
    assert page.errors == {
        "target_customers": "Please name customers, contracts or organisations of your branch."
    }
    assert (await targets_of(kind, owner)).customers == {made.company.customer_id}
    fields = {**fields, "id": "Y"} if "id" in fields else {**fields, "name": "Y"}
    page = await send(made.person, path, {**fields, **nobody})
    assert "target_customers" in page.errors
    assert await DB.fetch_value(f"SELECT count(*) FROM {TABLES[kind]}") == 1


async def test_prices_of_a_list_are_changed_as_the_list_itself_is() -> None:
    made = await world()
    await product("P-1")
    staff = await (await people.staff_member("prices@example.com")).signed_in()
    await send(staff, "/price-lists/X/entries", {"sku": "P-1", "quantity_from": "1", "amount": "5"})
    entry = await DB.fetch_value("SELECT id FROM price_entries")
    page = await made.person.get("/price-lists/X/entries")
    assert BEYOND in page.main
    assert page.tree.find(".//*[@name='sku']") is None
    assert "Delete" not in page.main
    assert BEYOND in (await made.person.get(f"/price-lists/X/entries/{entry}")).main
    for path in ("", f"/{entry}", f"/{entry}/delete"):
        page = await made.person.post(
            f"/price-lists/X/entries{path}",
            {"sku": "P-1", "quantity_from": "2", "amount": "1", "version": "1"},
        )
        assert (page.status, BEYOND in page.main) == (403, True), path
    assert await DB.fetch_value("SELECT amount FROM price_entries") == 500
    await aimed(TargetKind.PRICE_LIST, "X", made, "own customer")
    page = await send(made.person, f"/price-lists/X/entries/{entry}", {"amount": "4"})
    assert await DB.fetch_value("SELECT amount FROM price_entries") == 400
    await send(made.person, "/price-lists/X/entries", {"sku": "P-1", "quantity_from": "10", "amount": "3"})
    await made.person.post(f"/price-lists/X/entries/{entry}/delete", {})
    assert await DB.fetch_value("SELECT amount FROM price_entries") == 300


async def test_segments_are_the_whole_shops() -> None:
    made = await world()
    page = await made.person.get("/segments")
    assert "Create a segment" not in page.main
    page = await made.person.get("/segments/GOLD")
    assert BEYOND in page.main
    assert "Delete the segment" not in page.main
    page = await made.person.get("/segments/GOLD/rule")
    assert BEYOND in page.main
    assert "For whom does the rule hold?" not in page.main
    for method, path in (
        ("GET", "/segments/new"),
        ("POST", "/segments/new"),
        ("POST", "/segments/GOLD"),
        ("POST", "/segments/GOLD/rule"),
        ("GET", "/segments/GOLD/delete"),
        ("POST", "/segments/GOLD/delete"),
        ("POST", "/segmentation-services/business/standard"),
    ):
        fields = {"id": "NEW", "name": "New", "match": "all", "version": "1"}
        page = await (made.person.get(path) if method == "GET" else made.person.post(path, fields))
        assert (page.status, BEYOND in page.main) == (403, True), path
    assert (await custom_segment("GOLD")).name == "Gold"
    # Their own customers they put in and take out.
    await create_segment("SILVER", "Silver")
    page = await send(made.person, "/segments/SILVER/customers", {"numbers": made.company.number})
    assert "1 customer is put into it." in page.main


async def test_contracts_are_made_with_customers_of_the_branch() -> None:
    made = await world()
    fields = {"name": "Frame", "starts_on": "2026-01-01"}
    page = await send(made.person, "/contracts/new", {**fields, "customer": "FOREIGN-1"})
    assert page.errors == {"customer": "There is no customer FOREIGN-1."}
    page = await send(made.person, "/contracts/new", {**fields, "customer": made.company.number})
    assert "The contract is created." in page.main
    rows = await DB.fetch("SELECT customer FROM contracts GROUP BY customer HAVING count(*) = 2")
    assert [row["customer"] for row in rows] == [made.company.customer_id]


@pytest.mark.parametrize("field", ["price_lists", "catalog_views"])
async def test_what_is_for_nobody_yet_is_not_taken_over_by_a_contract(field: str) -> None:
    made = await world()
    kind = {"price_lists": TargetKind.PRICE_LIST, "catalog_views": TargetKind.CATALOG_VIEW}[field]
    await aim(kind, "X")
    contract = f"/contracts/{made.own['contracts', 'contract_id']}"
    fields = {"name": "Frame", "starts_on": "2026-01-01", "customer": made.company.number, field: ["X"]}
    for path in ("/contracts/new", contract):
        page = await made.person.get(path)
        page = await made.person.fill(
            page, {one: fields[one] for one in fields if path != contract or one == field}, form=field
        )
        assert page.status == 422
        assert page.errors == {
            field: "X is for nobody yet. Only staff who see all customers can be the first to use it."
        }
    assert await targets_of(kind, "X") == Targets()
    # What holds for others already is given to an own customer as well, and stays theirs.
    await aimed(kind, "X", made, "all companies")
    page = await made.person.fill(await made.person.get(contract), {field: ["X"]}, form=field)
    assert "The contract is changed." in page.main
    assert BEYOND in (await made.person.get(address_of(kind, "X"))).main


@pytest.mark.parametrize(
    ("is_limited", "field"),
    [(True, "price_lists"), (True, "catalog_views"), (False, "price_lists"), (False, "target_segments")],
)
async def test_what_no_page_offers_is_refused_at_its_field(
    staff: Person, is_limited: bool, field: str
) -> None:
    """The database takes no NUL."""
    made = await world()
    person = made.person if is_limited else staff
    contract = f"/contracts/{made.own['contracts', 'contract_id']}"
    path = "/price-lists/X" if field == "target_segments" else contract
    await person.get(path)
    page = await person.post(path, {field: ["X\x00"], "name": "X", "version": "1"})
    assert (page.status, page.errors[field]) == (422, "Please choose one of the options.")


async def test_who_sees_all_customers_aims_at_everybody(staff: Person) -> None:
    await create_segment("GOLD", "Gold")
    for path, fields, _own in NEW_THINGS.values():
        page = await send(staff, path, {**fields, "target_segments": ["GOLD"]})
        assert page.status == 200, page.errors
    assert await DB.fetch_value("SELECT count(*) FROM targets WHERE segment = 'GOLD'") == len(NEW_THINGS)
