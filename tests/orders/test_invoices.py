"""Invoices (UStG, section 14): numbers without gaps, what they say, who may have them."""

import asyncio
import hashlib
import re
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from app.errors import TooBusy
from app.languages import money_text
from app.marketing.edit_promotions import PromotionDraft, create_promotion
from app.marketing.promotions import PromotionTarget
from app.orders import invoices
from app.orders.invoice_text import Paper
from app.orders.invoices import Document, InvoiceMissing, invoice_document
from app.orders.order import lines_of, order_of_number
from app.orders.states import StateRefused, cancel_order, confirm_order, return_order, ship_order
from tables.engine import DB
from tests import people
from tests.browser_like import Person, visit
from tests.catalog.shelf import EVERYONE
from tests.checkout.ordering import add, open_shop, order
from tests.personal_data.asking import ask_in_account, carry_out, confirm_link, staff

FONTS = Path(__file__).parent.parent.parent / "app" / "orders" / "fonts"
SELLER = ("Patron Example Shop", "Example Street 1", "10115 Berlin", "12/345/67890")


async def confirmed(person: Person, *skus: str) -> str:
    number = await order(person, *skus)
    await confirm_order(number)
    return number


async def document(number: str, paper: Paper = Paper.INVOICE) -> bytes:
    return (await invoice_document(await order_of_number(number), paper)).content


def words(content: bytes) -> str:
    """The text of a PDF, with plain spaces."""
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    return re.sub(r"[^\S\n]", " ", text)


async def copies(number: str, how_many: int, **columns: object) -> list[str]:
    """Orders like that one, named after it."""
    await DB.execute(
        """
        INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
            'id', gen_random_uuid(), 'number', o.number || '-' || n, 'idempotency_key', NULL))).*
        FROM orders o, generate_series(1, $2::int) n WHERE o.number = $1
        """,
        number,
        how_many,
    )
    for name, value in columns.items():
        await DB.execute(f"UPDATE orders SET {name} = $2 WHERE number LIKE $1 || '-%'", number, value)
    return [f"{number}-{n}" for n in range(1, how_many + 1)]


async def test_the_invoice_says_everything_that_the_law_asks_for(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    await add(person, "TEA", 2)
    number = await confirmed(person, "COFFEE")
    await ship_order(number)
    page = await person.get(f"/account/orders/{number}")
    assert "Download the invoice (PDF)" in page.main
    answer = await person.client.get(f"/account/orders/{number}/invoice")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="INV-100001.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    said = words(answer.content)
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    today = f"{now:%B} {now.day}, {now.year}"
    for part in (
        *SELLER,
        "Obere Str. 57",
        "Invoice INV-100001",
        f"Invoice date: {today}",
        f"Order number: {number}",
        f"Order date: {today}",
        f"Delivery date: {today}",
        "1 TEA Tea 2 €11.90 19% €23.80",
        "2 COFFEE Coffee 1 €23.80 19% €23.80",
        "Payment: Invoice. You pay within 14 days after the delivery.",
        "Bank account: DE89 3704 0044 0532 0130 00, Example Bank",
        "Page 1 of 1",
    ):
        assert part in said, part


async def test_the_amounts_are_those_of_the_order_to_the_cent(database):
    shop = await open_shop()
    await shop.product("BREAD", "Bread", price=333, stock=50, tax_class="reduced")
    await create_promotion(
        "LESS",
        PromotionDraft(
            names={"en": "A little less"},
            applies_to=PromotionTarget.ORDER,
            amount_off=333,
            segments=frozenset({EVERYONE}),
        ),
    )
    for known in (await people.shopper(), await people.company()):
        person = await known.signed_in()
        await add(person, "BREAD", 7)
        number = await confirmed(person, "TEA", "COFFEE")
        found = await order_of_number(number)
        assert found.is_net is (known.application == "business")
        said = words(await document(number))

        def money(amount: int) -> str:
            return money_text(amount, "EUR", "en")

        for line in await lines_of(found):
            assert f"{line.quantity} {money(line.unit_price)}" in said
            assert money(line.amount) in said
        assert sum(line.amount for line in await lines_of(found)) == found.items_total
        assert len(found.taxes) == 2
        for one in found.taxes:
            rate = f"{one.percent.normalize():f}%"
            assert f"{rate} {money(one.net)} {money(one.tax)} {money(one.net + one.tax)}" in said
        whole = f"Total {money(found.net_total)} {money(found.tax_total)} {money(found.gross_total)}"
        assert whole in said
        assert f"Total incl. VAT {money(found.gross_total)}" in said
        assert (f"Total excl. VAT {money(found.net_total)}" in said) is found.is_net
        assert f"Products {money(found.items_total)}" in said
        assert found.discount_total > 0
        assert f"Discount: A little less -{money(found.discount_total)}" in said
        assert f"Delivery: Parcel {money(found.shipping_total)}" in said
        assert sum(one.net + one.tax for one in found.taxes) == found.gross_total


async def test_the_invoice_speaks_the_language_of_the_order_and_has_its_letters(database):
    await open_shop()
    number = await confirmed(await visit("shop"))
    await DB.execute(
        """UPDATE orders SET language = 'de', billing_address = billing_address || $2::jsonb WHERE number = $1""",
        number,
        '{"first_name": "Jürgen Żółkiewski", "last_name": "Größe", "street": "Οδός Ερμού 5", "city": "Třebíč"}',
    )
    await DB.execute("UPDATE order_lines SET name = 'Čaj příliš žluťoučký ąęśćń ΑΒΓ ёж'")
    content = await document(number)
    said = words(content)
    for part in (
        "Rechnung INV-100001",
        "Rechnungsdatum:",
        "Jürgen Żółkiewski Größe",
        "Οδός Ερμού 5",
        "Třebíč",
        "Čaj příliš žluťoučký ąęśćń ΑΒΓ ёж",
        "11,90 €",
        "Seite 1 von 1",
    ):
        assert part in said, part
    file = PdfReader(BytesIO(content))
    assert file.metadata is not None
    assert file.metadata.title == "Rechnung INV-100001"
    root = file.trailer["/Root"]
    assert root["/Lang"] == "de"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    kinds = [kid.get_object()["/S"] for kid in root["/StructTreeRoot"]["/K"][0].get_object()["/K"]]
    assert kinds.count("/H1") == 1
    fonts = file.pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor, "every font is embedded"
        assert re.match(r"/[A-Z]{6}\+", descriptor["/FontName"]), "with the letters that are used"


async def test_the_same_order_gives_the_same_bytes(database):
    await open_shop()
    number = await confirmed(await visit("shop"))
    first = await document(number)
    await DB.execute('UPDATE products SET names = \'{"en": "Renamed"}\'')
    await DB.execute("UPDATE orders SET email = 'other@example.com', comment = 'later', buyer_name = ''")
    assert await document(number) == first
    found = PdfReader(BytesIO(first)).metadata
    assert found is not None
    invoiced_at = await DB.fetch_value("SELECT invoiced_at FROM orders WHERE number = $1", number)
    assert found.creation_date == invoiced_at.replace(microsecond=0)


async def test_a_seller_who_moves_changes_no_invoice_that_was_written(database):
    await open_shop()
    number = await confirmed(await visit("shop"))
    await DB.execute(
        """UPDATE orders SET seller = '{"name": "Old name", "address": ["Old street"], "tax_id": "7"}'"""
    )
    said = words(await document(number))
    assert "Old street" in said
    assert "Bank account" not in said, "there was none"
    assert "Example Street" not in said


async def test_the_invoice_of_somebody_who_is_forgotten_stays_as_it_was(database):
    await open_shop()
    known = await people.shopper()
    number = await confirmed(await known.signed_in())
    await ship_order(number)
    before = await document(number)
    await ask_in_account(known, "delete")
    await confirm_link(known.application)
    assert "The data is deleted." in (await carry_out(await staff())).text
    assert not (await order_of_number(number)).buyer_name
    assert await document(number) == before


async def test_a_hundred_lines_stand_on_several_pages(database):
    await open_shop()
    number = await confirmed(await visit("shop"))
    await DB.execute(
        """
        INSERT INTO order_lines SELECT (jsonb_populate_record(l, jsonb_build_object(
            'id', gen_random_uuid(), 'position', n, 'sku', 'T-' || n,
            'name', 'Tea of the kind ' || n || ' with a name that is too long for one line'))).*
        FROM order_lines l, generate_series(2, 100) n
        """
    )
    content = await document(number)
    pages = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    assert 3 <= len(pages) <= 8
    for place, page in enumerate(pages, start=1):
        assert "Invoice INV-100001" in page
        assert f"Page {place} of {len(pages)}" in page
        assert "Patron Example Shop, Example Street 1" in page
    said = words(content)
    for n in range(2, 101):
        assert f"{n} T-{n} Tea of the kind {n} " in said, n
    assert "Total incl. VAT" in said
    assert "Payment: Invoice." in pages[-1]


async def test_a_very_long_word_stays_on_the_sheet(database):
    await open_shop()
    number = await confirmed(await visit("shop"))
    await DB.execute("UPDATE order_lines SET sku = $1, name = $2", "S" * 60, "N" * 5000)
    said = words(await document(number))
    assert said.count("N") >= 5000
    assert "Total incl. VAT" in said


async def test_before_the_confirmation_the_page_says_when_the_invoice_comes(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    said = "The invoice comes once the order is confirmed."
    assert said in (await person.get(f"/account/orders/{number}")).main
    page = await person.get(f"/account/orders/{number}/invoice")
    assert page.status == 404
    assert said in page.main
    assert (await person.get(f"/account/orders/{number}/cancellation-invoice")).status == 404
    assert await DB.fetch_value("SELECT count(*) FROM orders WHERE invoice_number IS NOT NULL") == 0
    await cancel_order(number)
    page = await person.get(f"/account/orders/{number}/invoice")
    assert page.status == 404
    assert said not in page.main, "it never comes"
    assert said not in (await person.get(f"/account/orders/{number}")).main
    with pytest.raises(InvoiceMissing):
        await invoice_document(await order_of_number(number), Paper.CANCELLATION)


async def test_a_cancelled_order_has_an_invoice_that_cancels_the_first(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await confirmed(person)
    gross = money_text((await order_of_number(number)).gross_total, "EUR", "en")
    first = await document(number)
    assert f"Total incl. VAT {gross}" in words(first)
    assert (await person.get(f"/account/orders/{number}/cancellation-invoice")).status == 404
    await cancel_order(number)
    assert await document(number) == first, "the first stays as it is"
    page = await person.get(f"/account/orders/{number}")
    assert "Download the cancellation invoice (PDF)" in page.main
    answer = await person.client.get(f"/account/orders/{number}/cancellation-invoice")
    assert answer.headers["content-disposition"] == 'attachment; filename="CAN-100001.pdf"'
    said = words(answer.content)
    assert "Cancellation invoice CAN-100001" in said
    assert "This cancels the invoice INV-100001 of" in said
    assert f"Total incl. VAT -{gross}" in said
    assert "1 TEA Tea -1 €11.90 19% -€11.90" in said
    assert "not delivered" in said


async def test_orders_confirmed_before_get_their_number_when_it_is_first_asked_for(database):
    await open_shop()
    number = await order(await visit("shop"))
    await DB.execute("UPDATE orders SET state = 'shipped'")
    assert "see delivery note" in words(await document(number))
    row = await DB.fetch_row("SELECT invoice_number, invoiced_at, seller FROM orders")
    assert row["invoice_number"] == "INV-100001"
    assert row["invoiced_at"] is not None
    assert "Patron Example Shop" in row["seller"]


@asynccontextmanager
async def somebody_else_is_served() -> AsyncIterator[threading.Event]:
    """One piece is in work until the block ends, or until the event is set: whoever asks meanwhile waits."""
    is_done = threading.Event()
    at_work = asyncio.ensure_future(invoices.PRESS.do(is_done.wait, 60))
    # The task begins, and is in the queue.
    await asyncio.sleep(0)
    try:
        yield is_done
    finally:
        is_done.set()
        await at_work


async def test_who_asks_for_invoices_while_many_wait_is_asked_to_come_back(database, monkeypatch):
    monkeypatch.setattr(invoices.PRESS, "longest_queue", 1)
    await open_shop()
    order = await order_of_number(await confirmed(await visit("shop"), "TEA"))
    async with somebody_else_is_served():
        with pytest.raises(TooBusy):
            await invoice_document(order, Paper.INVOICE)
    assert (await invoice_document(order, Paper.INVOICE)).content.startswith(b"%PDF")


async def test_nobody_fills_the_queue_of_invoices_alone(database, monkeypatch):
    """Whoever asked for theirs again and again would else keep everybody from getting one."""
    monkeypatch.setattr(invoices.PRESS, "longest_queue", 5)
    await open_shop()
    person = await (await people.shopper()).signed_in()
    theirs = await order_of_number(await confirmed(person, "TEA"))
    other = await order_of_number(await confirmed(await visit("shop"), "TEA"))
    async with somebody_else_is_served() as is_done:
        # They come in any order, as each looks for its lines in the database first.
        asked = [
            asyncio.ensure_future(invoice_document(one, Paper.INVOICE))
            for one in (theirs, theirs, theirs, theirs, other)
        ]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        is_done.set()
        done = await asyncio.gather(*asked, return_exceptions=True)
    assert Counter(type(one) for one in done[:4]) == {Document: 3, TooBusy: 1}
    assert isinstance(done[4], Document)
    assert (await invoice_document(theirs, Paper.INVOICE)).content.startswith(b"%PDF")


async def test_what_sets_invoices_is_never_in_the_memory_of_the_serving_process(database):
    await open_shop()
    number = await confirmed(await visit("shop"), "TEA")
    assert (await document(number)).startswith(b"%PDF")
    assert {"fpdf", "app.orders.invoice_pdf"}.isdisjoint(sys.modules)


async def test_numbers_have_no_gaps_even_in_parallel(database):
    await open_shop()
    number = await order(await visit("shop"))
    new = await copies(number, 8)
    old = await copies(f"{number}-8", 4, state="shipped")
    asked = [await order_of_number(one) for one in old for _twice in range(3)]
    done = await asyncio.gather(
        *(confirm_order(one) for one in new for _twice in range(2)),
        *(invoice_document(one, Paper.INVOICE) for one in asked),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, BaseException)]
    assert len(refused) == 8
    assert all(isinstance(one, StateRefused) for one in refused)
    rows = await DB.fetch(
        "SELECT invoice_number FROM orders WHERE invoice_number IS NOT NULL ORDER BY invoiced_at"
    )
    assert [row["invoice_number"] for row in rows] == [f"INV-{100001 + n}" for n in range(12)]


async def test_a_confirmation_that_fails_takes_no_number(database):
    await open_shop()
    first, second = await order(await visit("shop")), await order(await visit("shop"))
    with pytest.raises(RuntimeError):
        async with DB.transaction():
            await confirm_order(first)
            raise RuntimeError
    await confirm_order(second)
    assert (await order_of_number(first)).invoice_number is None
    assert (await order_of_number(second)).invoice_number == "INV-100001"


async def test_only_who_sees_the_order_gets_its_invoice(database):
    await open_shop()
    known = await people.company()
    admin = await known.signed_in()
    paul = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    shopper = await (await people.shopper()).signed_in()
    guest, stranger = await visit("shop"), await visit("shop")
    of_admin, of_paul = await confirmed(admin), await confirmed(paul)
    of_shopper, of_guest = await confirmed(shopper), await confirmed(guest)
    for person, allowed in (
        (admin, {of_admin, of_paul}),
        (paul, {of_paul}),
        (shopper, {of_shopper}),
    ):
        for number in (of_admin, of_paul, of_shopper, of_guest, "999999", "nonsense"):
            for path in (f"/account/orders/{number}/invoice", f"/orders/{number}/invoice"):
                credit_note = path.replace("/invoice", "/credit-note")
                assert (await person.client.get(person.address(credit_note))).status_code == 404
                status = (await person.client.get(person.address(path))).status_code
                assert status == (200 if number in allowed else 404), (path, allowed)
    for number in (of_admin, of_paul, of_shopper, of_guest):
        status = (await guest.client.get(f"/orders/{number}/invoice")).status_code
        assert status == (200 if number == of_guest else 404)
        assert (await stranger.client.get(f"/orders/{number}/invoice")).status_code == 404
        assert (await stranger.get(f"/account/orders/{number}/invoice")).path.startswith("/sign-in")


async def test_a_guest_finds_the_invoice_on_the_page_of_thanks(database):
    await open_shop()
    guest = await visit("shop")
    number = await order(guest)
    page = await guest.get(f"/orders/{number}/thanks")
    assert "The invoice comes once the order is confirmed." in page.main
    await confirm_order(number)
    page = await guest.get(f"/orders/{number}/thanks")
    assert "Download the invoice (PDF)" in page.main
    answer = await guest.client.get(f"/orders/{number}/invoice")
    assert "Gerda Gast" in words(answer.content)
    await cancel_order(number)
    answer = await guest.client.get(f"/orders/{number}/cancellation-invoice")
    assert "Cancellation invoice CAN-100001" in words(answer.content)
    assert (await guest.client.get(f"/orders/{number}/credit-note")).status_code == 404
    await DB.execute("UPDATE orders SET state = 'returned'")
    answer = await guest.client.get(f"/orders/{number}/credit-note")
    assert "Credit note CRE-100001" in words(answer.content)


async def test_staff_see_the_invoice_in_the_back_office(database):
    await open_shop()
    number = await order(await visit("shop"))
    at_desk = await (await people.staff_member()).signed_in()
    page = await at_desk.get(f"/orders/{number}")
    assert "The invoice comes once the order is confirmed." in page.main
    await confirm_order(number)
    page = await at_desk.get(f"/orders/{number}")
    assert "Download the invoice (PDF)" in page.main
    assert (await at_desk.get("/orders/999999/invoice")).status == 404
    assert (await at_desk.get(f"/orders/{number}/credit-note")).status == 404
    await ship_order(number)
    await return_order(number)
    assert "Download the credit note (PDF)" in (await at_desk.get(f"/orders/{number}")).main
    answer = await at_desk.client.get(at_desk.address(f"/orders/{number}/credit-note"))
    assert "Credit note CRE-100001" in words(answer.content)


def test_the_fonts_are_what_their_manifest_says() -> None:
    (one,) = tomllib.loads((FONTS / "manifest.toml").read_text(encoding="utf-8"))["vendored"]
    assert one["version"]
    assert one["licence"]
    assert set(one["files"]) == {path.name for path in FONTS.iterdir()} - {"manifest.toml"}
    for name, checksum in one["files"].items():
        assert checksum == "sha256:" + hashlib.sha256((FONTS / name).read_bytes()).hexdigest(), name
