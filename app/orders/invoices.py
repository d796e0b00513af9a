"""Invoices: when an order gets one, with which number, and who says so as the seller (UStG, section 14).

The number is given in the transaction that confirms the order, without gaps. Orders that were confirmed before
there were numbers get theirs when their invoice is first asked for. Who sold is copied onto the order with the
number: an invoice stays as it was written, whatever the settings say later. Where an order with an invoice is
cancelled, a second invoice with a number of its own cancels the first; where the goods came back, a credit note
corrects it. Both are of the whole order, since an order comes back as a whole (app/orders/states.py).
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.applications import application_by_id
from app.behind_the_pages import OneAtATime
from app.languages import text
from app.orders.invoice_text import Paper, invoice_text
from app.orders.numbers import next_cancellation_number, next_credit_note_number, next_invoice_number
from app.orders.order import INVOICED_STATES, StoredOrder, lines_of, order_of_number
from app.orders.printed_invoice import InvoiceText, Seller
from app.programs_beside import environment_beside
from tables.engine import DB
from tables.orders import OrderState

# Seconds; an invoice of hundreds of lines takes a few.
SET_WITHIN = 60
# Setting an invoice takes the better part of a second; the program takes its priority from the thread.
PRESS = OneAtATime("invoices", longest_queue=20, seconds_to_come_back=5)
# The folder that has the package `app`, from which the program is run.
_ROOT = Path(__file__).parents[2]

NOT_YET = text("The invoice comes once the order is confirmed.")


class InvoiceMissing(LookupError):
    """The order has no such document. `comes` says whether it will have an invoice, once it is confirmed."""

    def __init__(self, number: str, *, comes: bool) -> None:
        super().__init__(number)
        self.comes = comes


class InvoiceNotSet(RuntimeError):
    """The program that sets invoices did not end well; with the invoice's number and what it said."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file to be saved."""

    file_name: str
    content: bytes


# The moment is that of the number, not of the transaction's begin: later numbers have no earlier time.
_INVOICED = """
    UPDATE orders SET invoice_number = $2, invoiced_at = clock_timestamp(), seller = $3::jsonb WHERE id = $1
"""
_CANCELLED = "UPDATE orders SET cancellation_number = $2, cancellation_at = clock_timestamp() WHERE id = $1"
_CREDITED = "UPDATE orders SET credit_note_number = $2, credit_note_at = clock_timestamp() WHERE id = $1"


async def number_invoice(order: StoredOrder) -> StoredOrder:
    """Gives the order the numbers that its state asks for and that it has not yet; the order as it is then.

    The caller holds the lock of the order, in a transaction that gives the number only if all of it is done.
    """
    if order.invoice_number is None and order.state in INVOICED_STATES:
        seller = msgspec.json.encode(_seller(order.application)).decode()
        await DB.execute(_INVOICED, order.id, await next_invoice_number(), seller)
        order = await order_of_number(order.number)
    if order.has_cancellation and order.cancellation_number is None:
        await DB.execute(_CANCELLED, order.id, await next_cancellation_number())
        return await order_of_number(order.number)
    if order.has_credit_note and order.credit_note_number is None:
        await DB.execute(_CREDITED, order.id, await next_credit_note_number())
        return await order_of_number(order.number)
    return order


async def invoice_document(order: StoredOrder, paper: Paper) -> Document:
    """The invoice of an order, the one that cancels it, or its credit note, as PDF in the language of the order.

    The same order gives the same bytes; only the day of the delivery is added once it is known. Raises
    InvoiceMissing and app.errors.TooBusy.
    """
    has_it, number = {
        Paper.INVOICE: (order.has_invoice, order.invoice_number),
        Paper.CANCELLATION: (order.has_cancellation, order.cancellation_number),
        Paper.CREDIT_NOTE: (order.has_credit_note, order.credit_note_number),
    }[paper]
    if not has_it:
        raise InvoiceMissing(order.number, comes=order.state is OrderState.NEW)
    if number is None:
        async with DB.transaction():
            order = await number_invoice(await order_of_number(order.number, lock=True))
    said = invoice_text(order, await lines_of(order), paper)
    content = await PRESS.do(_set, said, whose=order.customer or order.email_canonical)
    return Document(f"{said.number}.pdf", content)


def _set(said: InvoiceText) -> bytes:
    """The file, by app/orders/invoice_pdf.py as a program of its own.

    The library and its fonts take 40 MB, which the serving process would keep for good after its first invoice.
    """
    done = subprocess.run(
        [sys.executable, "-m", "app.orders.invoice_pdf"],
        input=msgspec.json.encode(said),
        capture_output=True,
        cwd=_ROOT,
        env=environment_beside(),
        timeout=SET_WITHIN,
        check=False,
    )
    if done.returncode:
        raise InvoiceNotSet(said.number, done.stderr.decode(errors="replace")[-2000:])
    return done.stdout


def _seller(application_id: str) -> Seller:
    application = application_by_id(application_id)
    if application is None:
        return Seller(application_id)
    return Seller(
        application.seller_name or application.name,
        application.seller_address,
        application.seller_tax_id,
        application.seller_bank_account,
    )
