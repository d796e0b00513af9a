"""Quick order: many products at once by their numbers (domain.md 10)."""

import tracemalloc

import pytest

from app.basket.lines import MOST_LINES
from tables.engine import DB
from tests import people
from tests.browser_like import ORIGIN, Person, SeenPage
from tests.catalog.shelf import COMPANIES, EXCLUDE, INCLUDE, counted_queries
from tests.checkout.ordering import add, open_shop

pytestmark = pytest.mark.usefixtures("database")


async def buyer() -> Person:
    return await (await people.company()).signed_in()


async def paste(person: Person, *lines: str) -> SeenPage:
    return await person.post("/quick-order", {"lines": "\r\n".join(lines)})


async def send_file(person: Person, content: bytes, name: str = "list.csv") -> SeenPage:
    await person.get("/quick-order")
    response = await person.client.post(
        person.address("/quick-order"),
        data={"_csrf_token": person.last.csrf_token, "sku": ["", ""], "quantity": ["", ""], "lines": ""},
        files={"file": (name, content, "text/csv")},
        headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    return person._see(response)


async def quantities() -> dict[str, int]:
    rows = await DB.fetch(
        "SELECT p.sku, l.quantity FROM basket_lines l JOIN products p ON p.id = l.product"
        " ORDER BY l.created_at, l.id"
    )
    return {row["sku"]: row["quantity"] for row in rows}


async def test_typed_rows_go_into_the_basket_together():
    await open_shop()
    person = await buyer()
    page = await person.get("/quick-order")
    assert page.h1 == "Quick order"
    page = await person.post("/quick-order", {"sku": ["coffee", "", "TEA"], "quantity": ["2", "", "3"]})
    assert page.path == "/business/basket"
    assert "2 products are in your basket." in page.text
    assert await quantities() == {"COFFEE": 2, "TEA": 3}


@pytest.mark.parametrize("line", ["TEA 3", "TEA\t3", "TEA;3", "TEA, 3", "  tea   3  ", '"TEA";"3"'])
async def test_pasted_lines_are_read_however_they_part_number_and_quantity(line):
    await open_shop()
    person = await buyer()
    page = await paste(person, "", line, "")
    assert page.path == "/business/basket", page.main
    assert await quantities() == {"TEA": 3}


async def test_what_can_be_bought_is_added_and_every_other_line_is_told_with_its_number():
    await open_shop()
    person = await buyer()
    page = await paste(person, "TEA 3", "NOTHING 1", "COFFEE many", "", "COFFEE", "COFFEE 99")
    assert page.status == 422
    assert "One product is in your basket." in page.main
    rows = [[cell.text_content().strip() for cell in row] for row in page.tree.findall(".//main//tbody/tr")]
    assert rows == [
        ["2", "NOTHING 1", "We have no such product."],
        ["3", "COFFEE many", "Please enter the quantity as a whole number."],
        ["5", "COFFEE", "Please enter how many you want."],
        ["6", "COFFEE 99", "Only 50 pieces are in stock."],
    ]
    assert await quantities() == {"TEA": 3}
    assert page.typed("lines").strip().split("\n") == ["NOTHING 1", "COFFEE many", "COFFEE", "COFFEE 99"], (
        "what was added is not added again with the corrected rest"
    )


async def test_a_row_with_a_mistake_stays_a_row_and_has_its_message_beside_it():
    await open_shop()
    person = await buyer()
    page = await person.post("/quick-order", {"sku": ["TEA", "TEE"], "quantity": ["1", "x"]})
    assert page.errors == {"sku-1": "Please enter the quantity as a whole number."}
    assert page.typed("sku") == "TEE"
    assert page.typed("quantity") == "x"
    page = await person.post("/quick-order", {"sku": ["", ""], "quantity": ["1", ""]})
    assert page.errors == {"sku-1": "Please enter the product's number."}


async def test_lines_of_one_product_count_together_with_what_is_in_the_basket():
    await open_shop()
    person = await buyer()
    await add(person, "TEA", 10)
    await paste(person, "TEA 10", "tea 5")
    assert await quantities() == {"TEA": 25}
    page = await paste(person, "TEA 20", "TEA 20", "COFFEE 1")
    assert "Only 50 pieces are in stock. There are 25 in your basket already." in page.main
    assert await quantities() == {"TEA": 25, "COFFEE": 1}


async def test_a_hidden_product_is_unknown_just_like_a_missing_one():
    shop = await open_shop()
    await shop.view("no-tea", COMPANIES, (INCLUDE, None), (EXCLUDE, "TEA"))
    person = await buyer()
    page = await paste(person, "TEA 1", "NOTHING 1")
    problems = [row[2].text_content().strip() for row in page.tree.findall(".//main//tbody/tr")]
    assert problems == ["We have no such product."] * 2
    assert await quantities() == {}


async def test_a_product_without_price_is_not_added():
    shop = await open_shop()
    await shop.product("FREE", "Free", price=None)
    person = await buyer()
    page = await paste(person, "FREE 1")
    assert "We have no such product." in page.main
    assert await quantities() == {}


@pytest.mark.parametrize(
    "content",
    [
        b"SKU;Quantity\r\nTEA;3\r\nK\xc4SE;2\r\n",
        "SKU;Quantity\r\nTEA;3\r\nKÄSE;2\r\n".encode(),
        "SKU;Quantity\r\nTEA;3\r\nKÄSE;2\r\n".encode("utf-8-sig"),
        "Artikelnummer\tMenge\nTEA\t3\nKÄSE\t2".encode("utf-16"),
        "name,quantity,sku\n'Tea, black; loose',3,TEA\nx,2,KÄSE\n".replace("'", '"').encode(),
        "TEA,3,ignored\rKÄSE,2\r,,\r".encode(),
    ],
)
async def test_files_are_read_whatever_program_wrote_them(content):
    shop = await open_shop()
    await shop.product("KÄSE", "Cheese")
    person = await buyer()
    page = await send_file(person, content)
    assert page.path == "/business/basket", page.main
    assert await quantities() == {"TEA": 3, "KÄSE": 2}


async def test_lines_of_a_file_are_told_by_their_number_in_it_and_formulas_are_only_text():
    await open_shop()
    person = await buyer()
    page = await send_file(person, b'SKU;Quantity\nTEA;1\n=HYPERLINK("x");1\nTEA;=1+1\n<b>x</b>;1\n"TEA;1')
    rows = [[cell.text_content().strip() for cell in row] for row in page.tree.findall(".//main//tbody/tr")]
    assert [row[0] for row in rows] == [f"File, line {n}" for n in (3, 4, 5, 6)]
    assert rows[1][2] == "Please enter the quantity as a whole number."
    assert await quantities() == {"TEA": 1}


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00TEA;1\n", "SKU;Menge\nTEA\0;1\n".encode("utf-16")])
async def test_a_file_that_is_no_text_is_refused_and_nothing_is_added(content):
    await open_shop()
    person = await buyer()
    page = await send_file(person, content, "list.xlsx")
    assert page.status == 422
    assert page.errors["file"] == "This file holds no text. Please save the list as CSV and choose that file."
    assert await quantities() == {}


async def test_signs_that_no_page_can_show_are_left_out_of_what_is_typed_pasted_or_sent():
    await open_shop()
    person = await buyer()
    page = await person.post("/quick-order", {"sku": ["no\0thing"], "quantity": ["1\x01x"]})
    assert (page.status, page.typed("sku"), page.typed("quantity")) == (422, "nothing", "1x")
    page = await paste(person, "no\0thing;1", "TEA\x1b;2")
    assert page.typed("lines").strip() == "nothing;1"
    page = await send_file(person, b"SKU;Quantity\nno\x01thing;1\nTEA;1\n")
    assert page.typed("lines").strip() == "nothing;1"
    assert await quantities() == {"TEA": 3}


async def test_ten_thousand_lines_are_all_answered_and_more_are_refused_as_a_whole():
    await open_shop()
    person = await buyer()
    lines = [f"NOTHING-{n};1" for n in range(1, 10_000)]
    with counted_queries() as said:
        page = await send_file(person, "\n".join([*lines, "TEA;1"]).encode())
    assert len(said) < 40, "a fixed number of queries"
    assert len(page.tree.findall(".//main//tbody/tr")) == 9_999
    assert "NOTHING-9999;1" in page.typed("lines")
    assert await quantities() == {"TEA": 1}, "also the last line counts"
    page = await send_file(person, "\n".join([*lines, "TEA;1", "TEA;1"]).encode())
    assert page.errors[""].startswith("These are 10001 lines. Please send at most 10000 at a time")
    assert await quantities() == {"TEA": 1}


async def test_of_far_too_many_lines_none_is_read():
    """Pages wait while they are read, and a body has room for hundreds of thousands."""
    await open_shop()
    person = await buyer()
    await send_file(person, b"TEA;1")
    list_of_many = b"a;1\n" * 200_000
    tracemalloc.start()
    try:
        page = await send_file(person, list_of_many)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert page.errors[""].startswith("These are 200000 lines. Please send at most 10000 at a time")
    assert most < 30 * len(list_of_many)
    assert await quantities() == {"TEA": 1}


async def test_lines_beyond_what_a_basket_holds_are_told_and_stay():
    shop = await open_shop()
    for number in range(MOST_LINES + 2):
        await shop.product(f"P{number}", f"Product {number}", price=None)
    await DB.execute(
        "INSERT INTO price_entries (id, price_list, product, quantity_from, amount)"
        " SELECT gen_random_uuid(), 'everyone', id, 1, 100 FROM products WHERE sku LIKE 'P%'"
    )
    person = await buyer()
    page = await paste(person, *(f"P{number} 1" for number in range(MOST_LINES + 2)))
    assert "500 products are in your basket." in page.main
    assert "A basket holds at most 500 products. Please order these first." in page.main
    assert page.typed("lines").strip().split("\n") == ["P500 1", "P501 1"]
    assert list(await quantities()) == [f"P{number}" for number in range(MOST_LINES)]


async def test_an_empty_form_asks_for_something():
    await open_shop()
    person = await buyer()
    page = await paste(person, " ", "")
    assert page.errors[""] == "Please enter at least one product and how many you want."


async def test_only_who_may_purchase_sees_quick_order():
    await open_shop()
    owner = await people.company()
    viewer = await (await people.colleague(owner, "vera@alfki.example", ("viewer",))).signed_in()
    page = await viewer.get("/quick-order")
    assert page.status == 403
    assert not [one for one in page.links if one.endswith("/quick-order")]
    assert (await viewer.post("/quick-order", {"lines": "TEA 1"})).status == 403
    assert await quantities() == {}
    home = await (await owner.signed_in()).get("/")
    assert [one for one in home.links if one.endswith("/quick-order")]
    shopper = await (await people.shopper()).signed_in()
    assert (await shopper.get("/quick-order")).status == 404
