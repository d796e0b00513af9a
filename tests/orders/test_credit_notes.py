"""Credit notes: what corrects the invoice of an order whose goods came back."""

from app.languages import money_text
from app.orders.invoice_text import Paper
from app.orders.order import order_of_number
from app.orders.states import cancel_order, return_order, ship_order
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit
from tests.checkout.ordering import open_shop, order
from tests.orders.test_invoices import confirmed, document, words


async def test_a_returned_order_has_a_credit_note_that_corrects_the_invoice(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await confirmed(person)
    await ship_order(number)
    gross = money_text((await order_of_number(number)).gross_total, "EUR", "en")
    first = await document(number)
    assert (await person.get(f"/account/orders/{number}/credit-note")).status == 404, "nothing came back yet"
    assert "credit note" not in (await person.get(f"/account/orders/{number}")).main
    await return_order(number)
    assert await document(number) == first, "the first stays as it is"
    page = await person.get(f"/account/orders/{number}")
    assert "Download the credit note (PDF)" in page.main
    answer = await person.client.get(f"/account/orders/{number}/credit-note")
    assert answer.headers["content-disposition"] == 'attachment; filename="CRE-100001.pdf"'
    said = words(answer.content)
    assert "Credit note CRE-100001" in said
    assert "The goods came back: this corrects the invoice INV-100001 of" in said
    assert f"Total incl. VAT -{gross}" in said
    assert "1 TEA Tea -1 €11.90 19% -€11.90" in said
    assert "Invoice number" not in said
    assert await document(number, Paper.CREDIT_NOTE) == answer.content, "the same each time"
    (mail,) = await mails("order_returned")
    assert "The credit note for it is on the page of your order." in mail.text
    assert (await person.get(f"/account/orders/{number}/cancellation-invoice")).status == 404


async def test_the_number_of_a_credit_note_comes_from_a_series_of_its_own_and_is_given_with_the_return(
    database,
):
    await open_shop()
    person = await visit("shop")
    returned, cancelled = await confirmed(person), await confirmed(person)
    await cancel_order(cancelled)
    await ship_order(returned)
    await return_order(returned)
    rows = await DB.fetch(
        "SELECT invoice_number, cancellation_number, credit_note_number FROM orders ORDER BY placed_at"
    )
    assert [tuple(one.values()) for one in rows] == [
        ("INV-100001", None, "CRE-100001"),
        ("INV-100002", "CAN-100001", None),
    ]
    assert "this corrects the invoice INV-100001" in words(await document(returned, Paper.CREDIT_NOTE))


async def test_what_came_back_before_there_were_credit_notes_gets_one_when_it_is_first_asked_for(database):
    await open_shop()
    number = await order(await visit("shop"))
    await DB.execute("UPDATE orders SET state = 'returned', language = 'de'")
    said = words(await document(number, Paper.CREDIT_NOTE))
    # "Gutschrift" would be an invoice that the buyer writes (UStG, section 14, 2).
    assert "Rechnungskorrektur CRE-100001" in said
    assert "Gutschrift" not in said
    row = await DB.fetch_row("SELECT invoice_number, credit_note_number FROM orders")
    assert tuple(row.values()) == ("INV-100001", "CRE-100001")
