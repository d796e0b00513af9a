"""What a requisition was asked with may be gone when somebody decides: it is said, and nothing is ordered."""

from app.versions import raise_version
from tables.engine import DB
from tests.requisitions.asking import ask, company, id_of
from tests.requisitions.test_deciding import orders, state


async def test_a_requisition_whose_product_was_deleted_says_so_and_can_be_rejected(database):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    await DB.execute("DELETE FROM basket_lines")
    await DB.execute("DELETE FROM products WHERE sku = 'TEA'")
    await raise_version("catalog")
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    assert "“Tea” is no longer available." in page.main
    assert page.status == 200
    assert "Approve and order" not in page.main
    page = await person.post(f"/account/requisitions/{key}/approve")
    assert (page.status, await orders(), await state()) == (409, 0, "pending")
    page = await person.post(
        f"/account/requisitions/{key}/reject", {"comment": "There is no such tea any more"}
    )
    assert (page.status, await state()) == (200, "rejected")
    seen = await (await of.buyer.signed_in()).get(f"/account/requisitions/{key}")
    assert "Tea" in seen.main


async def test_a_requisition_whose_delivery_is_no_longer_offered_says_so(database):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    await DB.execute(
        "UPDATE requisitions SET checkout = jsonb_set(checkout, '{shipping_method}', '\"gone\"')"
    )
    person = await of.approver.signed_in()
    page = await person.post(f"/account/requisitions/{key}/approve")
    assert page.status == 409
    assert "The chosen delivery or way of payment is no longer offered." in page.main
    assert (await orders(), await state()) == (0, "pending")
