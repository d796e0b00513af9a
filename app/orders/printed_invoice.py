"""What stands on an invoice, between who words it (app/orders/invoice_text.py) and who sets it
(app/orders/invoice_pdf.py).

The setting is a program of its own, which reads this file too: nothing else of Patron is imported here.
"""

from datetime import datetime

import msgspec


class Seller(msgspec.Struct, frozen=True):
    """Who sells, as invoices say it: name, lines of the address, tax number or VAT ID, where to transfer money to."""

    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""
    bank_account: str = ""


class InvoiceText(msgspec.Struct, frozen=True, kw_only=True):
    """Every word of an invoice. Rows are as long as their headings; sums are (name, amount, is it the last)."""

    language: str
    number: str
    title: str
    written_at: datetime
    seller: Seller
    recipient: list[str]
    facts: list[tuple[str, str]]
    introduction: str
    headings: list[str]
    rows: list[list[str]]
    sums: list[tuple[str, str, bool]]
    tax_headings: list[str]
    tax_rows: list[list[str]]
    notes: list[str]
    tax_number: str
    page: str
    """With %(page)s and %(pages)s."""
