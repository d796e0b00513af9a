"""Numbers of orders (domain.md 9) and of their invoices.

One series of invoices, one of their cancellations and one of credit notes serve all applications: one business
sells, in several shops.
"""

from tables.engine import DB

SERIES = "orders"
FIRST = 200001
INVOICES = "invoices"
CANCELLATIONS = "cancellation invoices"
CREDIT_NOTES = "credit notes"
FIRST_INVOICE = 100001

# One statement: it waits for a transaction that takes a number at the same time, and never gives one twice.
_NEXT = """
    INSERT INTO number_series AS s (name, last_number) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET last_number = s.last_number + 1
    RETURNING last_number
"""


async def next_order_number() -> str:
    """A number that no order has, in the current transaction; those that an import gave are passed over."""
    while True:
        number = str(await DB.fetch_value(_NEXT, SERIES, FIRST))
        if not await DB.fetch_value("SELECT EXISTS (SELECT FROM orders WHERE number = $1)", number):
            return number


async def next_invoice_number() -> str:
    """The next number of an invoice, in the current transaction: where that fails, the number was not given, so
    that the series has no gap (UStG, section 14, 4, number 4)."""
    return f"INV-{await DB.fetch_value(_NEXT, INVOICES, FIRST_INVOICE)}"


async def next_cancellation_number() -> str:
    """The same for an invoice that cancels another one."""
    return f"CAN-{await DB.fetch_value(_NEXT, CANCELLATIONS, FIRST_INVOICE)}"


async def next_credit_note_number() -> str:
    """The same for a credit note, which corrects the invoice of goods that came back."""
    return f"CRE-{await DB.fetch_value(_NEXT, CREDIT_NOTES, FIRST_INVOICE)}"
