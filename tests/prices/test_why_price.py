"""Why this price? For staff, with every candidate and why it won or lost (domain.md 8)."""

from decimal import Decimal

import pytest

from app.prices.price_entries import EntryDetails
from app.prices.tax import set_tax_rates
from tables import SegmentMember
from tables.engine import DB
from tests import people
from tests.browser_like import SeenPage
from tests.prices.warehouse import price_list, price_of, product

pytestmark = pytest.mark.usefixtures("database")


def rows(page: SeenPage) -> list[str]:
    """The lines of the table of candidates."""
    assert page.tree is not None
    return [
        " | ".join(" ".join(cell.text_content().split()) for cell in one)
        for one in page.tree.iterfind(".//tbody/tr")
    ]


async def test_staff_see_all_candidates_and_why_each_won_or_lost() -> None:
    ware, known = await product(), await people.company(number="ALFKI")
    await price_of(ware, 1000)
    now = await DB.fetch_value("SELECT now()")
    await DB.execute(
        "INSERT INTO segments (id, name, description, rule, version, created_at)"
        " VALUES ('GOLD', 'Gold', '', '{}', 1, now())"
    )
    await SegmentMember.insert(SegmentMember(segment="GOLD", customer=known.customer_id, created_at=now))
    gold = EntryDetails(product_id=ware.id, percent_off=Decimal("12.5"), quantity_from=10)
    await price_list("Gold", gold, segments=("GOLD",))
    contract = EntryDetails(product_id=ware.id, amount=700)
    other = await people.company("other@company.example")
    assert other.customer_id is not None
    await price_list("Contract", contract, segments=(), customers=(other.customer_id,))
    staff = await (await people.staff_member(privileges=("prices",))).signed_in()

    page = await staff.get("/prices?sku=nw-001&customer=ALFKI&quantity=10")
    assert page.h1 == "Why this price?"
    assert "NW-001: €8.75 excl. VAT" in page.main
    assert "12.5% off the price for everyone, from 10 pieces" in page.main
    won, *lost = rows(page)
    assert won == (
        "Gold (Gold) Won | 10 | €8.75 | €10.41 | 12.50 | 0 | This is the best valid price for the quantity."
    )
    assert "Another price is better." in lost[0]
    assert "The price list is not meant for this visitor." in lost[1]

    page = await staff.get("/prices?sku=NW-001&customer=ALFKI&quantity=9")
    assert any("Only from 10 pieces." in one for one in rows(page))
    page = await staff.get("/prices?sku=NW-001")
    assert "NW-001: €11.90 incl. VAT" in page.main
    await set_tax_rates({"DE": {"standard": Decimal(0)}})
    page = await staff.get("/prices?sku=NW-001")
    assert "NW-001: €10.00" in page.main
    assert "€10.00 incl. VAT" not in page.main


async def test_a_contract_price_is_explained_for_its_customer() -> None:
    ware, known = await product(), await people.company(number="ALFKI")
    assert known.customer_id is not None
    await price_of(ware, 1000)
    contract = EntryDetails(product_id=ware.id, amount=700)
    await price_list("Contract", contract, segments=(), customers=(known.customer_id,))
    staff = await (await people.staff_member(privileges=("prices",))).signed_in()
    page = await staff.get("/prices?sku=NW-001&customer=ALFKI")
    assert "NW-001: €7.00 excl. VAT" in page.main


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("sku=NW-999", "There is no product NW-999."),
        ("sku=NW-001&customer=NOBODY", "There is no customer NOBODY."),
        ("sku=NW-001", "No price list has this product."),
        ("sku=NW-001&quantity=-5", "no price"),
        ("sku=NW-001&quantity=99999999999999999999", "no price"),
        ("sku=NW-001&quantity=²", "no price"),
        ("sku=a%00b", "There is no product"),
    ],
)
async def test_what_cannot_be_explained_is_said(question: str, answer: str) -> None:
    await product()
    staff = await (await people.staff_member(privileges=("prices",))).signed_in()
    page = await staff.get(f"/prices?{question}")
    assert page.status == 200
    assert answer in page.main


async def test_only_staff_with_the_privilege_see_the_prices_of_others() -> None:
    other = await (await people.staff_member("mail@example.com", ("mail",))).signed_in()
    assert (await other.get("/prices")).status == 403
    shopper = await (await people.shopper()).signed_in()
    assert (await shopper.get("/prices")).status == 404


async def test_the_page_speaks_german() -> None:
    ware = await product()
    await price_of(ware, 1000)
    member = await people.staff_member(privileges=("prices",))
    await DB.execute("UPDATE users SET preferred_language = 'de' WHERE id = $1", member.user_id)
    page = await (await member.signed_in()).get("/prices?sku=NW-001")
    assert page.h1 == "Warum dieser Preis?"
    assert "Dies ist der beste gültige Preis für die Menge." in page.main
    assert "Wer kauft, liest: Dieser Preis stammt aus der Preisliste" in page.main
