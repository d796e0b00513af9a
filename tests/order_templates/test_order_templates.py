"""Order templates: lists that are ordered again and again, per user or shared in the company (domain.md 10)."""

import asyncio
import uuid

import pytest

from app.order_templates.edit_template import MOST_TEMPLATES
from tables.engine import DB
from tests import people
from tests.browser_like import ORIGIN, Person, SeenPage
from tests.catalog.shelf import COMPANIES, EXCLUDE, INCLUDE, counted_queries
from tests.checkout.ordering import add, open_shop, order
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


async def make(person: Person, name: str = "Every week", *, shared: bool = False) -> str:
    """A template of the basket; its address."""
    page = await person.get("/account/templates/new?from=basket")
    page = await person.fill(page, {"name": name, **({"is_shared": "on"} if shared else {})})
    assert page.h1 == name, page.main
    return page.path


async def filled(**sort: bool) -> tuple[Known, Person, str]:
    """A company whose administrator has made a template of two products."""
    await open_shop()
    owner = await people.company()
    person = await owner.signed_in()
    await add(person, "TEA", 3)
    await add(person, "COFFEE", 2)
    return owner, person, await make(person, **sort)


async def buyer(of: Known, email: str = "bob@alfki.example") -> Person:
    return await (await people.colleague(of, email)).signed_in()


async def quantities(table: str = "basket_lines") -> dict[str, int]:
    order_of = "l.created_at, l.id" if table == "basket_lines" else "l.position"
    rows = await DB.fetch(
        f"SELECT p.sku, l.quantity FROM {table} l JOIN products p ON p.id = l.product ORDER BY {order_of}"
    )
    return {row["sku"]: row["quantity"] for row in rows}


async def names(person: Person) -> list[str]:
    page = await person.get("/account/templates")
    return [one.text_content() for one in page.tree.findall(".//main//tbody/tr/th//a")]


def empty(person: Person) -> object:
    return DB.execute("DELETE FROM basket_lines")


async def test_the_basket_is_kept_as_a_template_and_goes_into_the_basket_again():
    _owner, person, address = await filled()
    assert await quantities("order_template_lines") == {"TEA": 3, "COFFEE": 2}
    await empty(person)
    page = await person.post(f"{address}/basket")
    assert page.path == "/business/basket"
    assert "2 products are in your basket." in page.text
    assert await quantities() == {"TEA": 3, "COFFEE": 2}
    basket = await person.get("/basket")
    assert any("/account/templates/new?from=basket" in one for one in basket.links)


async def test_an_order_is_kept_as_a_template():
    await open_shop()
    owner = await people.company()
    person = await owner.signed_in()
    number = await order(person, "TEA", "COFFEE")
    page = await person.get(f"/account/orders/{number}")
    await person.get(next(one for one in page.links if "/account/templates/new" in one))
    assert "What was ordered: 2 products" in person.last.main
    page = await person.fill(person.last, {"name": "Like last time"})
    assert page.h1 == "Like last time"
    assert await quantities("order_template_lines") == {"TEA": 1, "COFFEE": 1}
    colleague = await buyer(owner)
    assert (await colleague.get(f"/account/templates/new?order={number}")).status == 404, (
        "somebody else's order"
    )
    fields = {"name": "Theirs", "source": "order", "order": number}
    assert (await colleague.post("/account/templates/new", fields)).status == 404
    assert await names(colleague) == []


async def test_what_is_missing_or_fewer_is_told_and_the_rest_goes_into_the_basket():
    shop = await open_shop()
    await shop.product("JAM", "Jam")
    person = await (await people.company()).signed_in()
    for sku in ("TEA", "COFFEE", "JAM"):
        await add(person, sku, 10)
    address = await make(person)
    await empty(person)
    await DB.execute("UPDATE products SET stock = 4 WHERE sku = 'COFFEE'")
    await shop.view("no-jam", COMPANIES, (INCLUDE, None), (EXCLUDE, "JAM"))
    page = await person.get(address)
    assert "Not available" in page.main
    assert not [one for one in page.links if one.endswith("/products/JAM")]
    page = await person.post(f"{address}/basket")
    assert (
        "2 products are in your basket. There are fewer in stock of: Coffee. Not available: Jam." in page.text
    )
    assert await quantities() == {"TEA": 10, "COFFEE": 4}


async def test_lines_of_a_template_are_added_changed_and_taken_out():
    shop = await open_shop()
    await shop.product("JAM", "Jam")
    person = await (await people.company()).signed_in()
    page = await person.get("/account/templates/new")
    page = await person.fill(page, {"name": "Breakfast"})
    assert "There is nothing in this order template yet." in page.main
    await person.fill(page, {"sku": "jam", "quantity": "2"}, form="sku")
    page = await person.post(f"{page.path}/lines", {"sku": "TEA", "quantity": "1"})
    page = await person.post(f"{page.path}/lines", {"sku": "JAM", "quantity": "3"})
    assert await quantities("order_template_lines") == {"JAM": 5, "TEA": 1}
    page = await person.post(f"{page.path}/lines", {"sku": "NOTHING", "quantity": "3"})
    assert page.errors["sku"] == "We have no such product."
    address = page.path.removesuffix("/lines")
    line = await DB.fetch_value("SELECT id FROM order_template_lines ORDER BY position LIMIT 1")
    page = await person.post(f"{address}/lines/{line}", {"quantity": "many"})
    assert page.status == 422
    assert page.errors["quantity"] == "Please enter the quantity as a whole number."
    await person.post(f"{address}/lines/{line}", {"quantity": "7"})
    assert await quantities("order_template_lines") == {"JAM": 7, "TEA": 1}
    await person.post(f"{address}/lines/{line}", {"quantity": "0"})
    assert await quantities("order_template_lines") == {"TEA": 1}
    assert (await person.post(f"{address}/lines/{line}", {"quantity": "1"})).status == 404


async def test_colleagues_see_what_is_shared_and_nothing_else():
    owner, person, address = await filled()
    colleague = await buyer(owner)
    assert await names(colleague) == []
    assert (await colleague.get(address)).status == 404
    page = await person.get(f"{address}/edit")
    page = await person.fill(page, {"name": "For all", "is_shared": "on"})
    assert page.h1 == "For all"
    assert await names(colleague) == ["For all"]
    page = await colleague.get(address)
    assert "Made by Maria Anders." in page.main
    await colleague.post(f"{address}/basket")
    assert "2 products are in your basket." in colleague.last.text


async def test_a_shared_template_is_changed_by_its_owner_and_by_who_manages_the_company():
    owner, administrator, _address = await filled()
    colleague = await buyer(owner)
    await add(colleague, "TEA", 1)
    theirs = await make(colleague, "Ours", shared=True)
    other = await buyer(owner, "otto@alfki.example")
    line = await DB.fetch_value("SELECT id FROM order_template_lines ORDER BY id DESC LIMIT 1")
    page = await other.get(theirs)
    assert page.status == 200
    assert not [one for one in page.links if one.endswith(("/edit", "/delete"))]
    for path in ("/edit", "/delete"):
        assert (await other.get(theirs + path)).status == 403
    for path in ("/edit", "/delete", "/lines", f"/lines/{line}"):
        assert (await other.post(theirs + path, {"name": "x", "sku": "TEA", "quantity": "1"})).status == 403
    page = await administrator.get(f"{theirs}/edit")
    page = await administrator.fill(page, {"name": "Of Bob"})
    page = await administrator.post(f"{theirs}/edit", {"name": "Of Bob", "is_shared": ""})
    assert await names(colleague) == ["Of Bob"]
    assert (await administrator.get(theirs)).status == 404, "Bob keeps it for himself now"


async def test_a_template_of_another_company_is_the_same_404_as_a_missing_one():
    _owner, _person, address = await filled(shared=True)
    stranger = await (await people.company("horst@quick.example", company_name="QUICK-Stop")).signed_in()
    line = await DB.fetch_value("SELECT id FROM order_template_lines LIMIT 1")
    missing = f"/business/account/templates/{uuid.uuid4()}"
    for one in (address, missing):
        for path in ("", "/edit", "/delete"):
            assert (await stranger.get(one + path)).status == 404
        for path in ("/basket", "/edit", "/delete", "/lines", f"/lines/{line}"):
            fields = {"name": "x", "sku": "TEA", "quantity": "1"}
            assert (await stranger.post(one + path, fields)).status == 404, path
    assert await names(stranger) == []


async def test_deleting_asks_first_and_is_recorded_for_the_company():
    owner, person, address = await filled(shared=True)
    page = await person.get(f"{address}/delete")
    assert "Your colleagues will not see it any more either." in page.main
    page = await person.fill(page, {}, form="_csrf_token")
    assert "The order template “Every week” is deleted." in page.text
    assert await DB.fetch_value("SELECT count(*) FROM order_template_lines") == 0
    rows = await DB.fetch(
        "SELECT action FROM audit_entries WHERE customer_id = $1 AND action LIKE 'order template %'"
        " ORDER BY happened_at",
        owner.customer_id,
    )
    assert [row["action"] for row in rows] == ["order template created", "order template deleted"]
    assert (await person.post(f"{address}/delete")).status == 404


async def test_who_was_faster_keeps_their_name_for_a_template():
    _owner, person, address = await filled()
    page = await person.get(f"{address}/edit")
    await person.post(f"{address}/edit", {"name": "First", "version": page.typed("version")})
    late = await person.post(f"{address}/edit", {"name": "Second", "version": page.typed("version")})
    assert late.status == 409
    # A number that the column cannot hold is no version that ever was.
    never = await person.post(f"{address}/edit", {"name": "Third", "version": "9" * 10})
    assert never.status == 409
    assert await names(person) == ["First"]


async def test_there_is_an_end_to_templates_also_for_two_made_at_once():
    owner, person, _address = await filled()
    await DB.execute(
        'INSERT INTO order_templates (id, customer, "user", name, is_shared, version, created_at)'
        " SELECT gen_random_uuid(), $1, $2, 'T' || n, false, 1, now() FROM generate_series(2, $3) AS n",
        owner.customer_id,
        owner.user_id,
        MOST_TEMPLATES - 1,
    )

    async def one_more() -> SeenPage:
        return await person.post("/account/templates/new", {"name": "One more", "source": "nothing"})

    pages = await asyncio.gather(one_more(), one_more())
    assert sorted(page.status for page in pages) == [200, 422]
    refused = next(page for page in pages if page.status == 422)
    assert refused.errors[""] == "You have 100 order templates. Please delete one first."


async def test_the_list_takes_as_many_queries_for_many_templates_as_for_one():
    owner, person, _address = await filled()
    with counted_queries() as few:
        await person.get("/account/templates")
    await DB.execute(
        'INSERT INTO order_templates (id, customer, "user", name, is_shared, version, created_at)'
        " SELECT gen_random_uuid(), $1, $2, 'T' || n, false, 1, now() FROM generate_series(1, 90) AS n",
        owner.customer_id,
        owner.user_id,
    )
    with counted_queries() as many:
        await person.get("/account/templates")
    assert len(many) == len(few)


async def test_only_who_may_purchase_has_order_templates():
    owner, _person, address = await filled(shared=True)
    viewer = await (await people.colleague(owner, "vera@alfki.example", ("viewer",))).signed_in()
    assert (await viewer.get("/account/templates")).status == 403
    assert (await viewer.post(f"{address}/basket")).status == 403
    assert not [one for one in (await viewer.get("/account")).links if one.endswith("/account/templates")]
    shopper = await (await people.shopper()).signed_in()
    assert (await shopper.get("/account/templates")).status == 404


@pytest.mark.parametrize("number", ["te\0a", "nothing"])
async def test_an_order_that_there_is_not_is_missing_however_it_is_written(number):
    _owner, person, _address = await filled()
    for sent in ({"source": "order", "order": number, "name": ""}, {"source": "order", "order": number}):
        page = await person.client.post(
            person.address("/account/templates/new"),
            data={"_csrf_token": person.last.csrf_token, **sent},
            headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        )
        assert page.status_code == 404
