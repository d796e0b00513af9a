"""What an invoice says, word for word, in the language of its order; app/orders/invoice_pdf.py sets it.

Everything comes from the copies that the order keeps, and of these only from what stays when a person is forgotten
(app/personal_data/deletion.py): the invoice address, never the e-mail, the delivery address or remarks.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum

from app.customers.countries import printed_lines
from app.languages import date_text, money_text, percent_text, translations
from app.orders.order import StoredLine, StoredOrder
from app.orders.printed_invoice import InvoiceText, Seller
from tables.orders import OrderState


class Paper(StrEnum):
    """The documents that an order can have. The last two take the first back, with amounts below zero."""

    INVOICE = "invoice"
    CANCELLATION = "cancellation"
    CREDIT_NOTE = "credit note"


def invoice_text(order: StoredOrder, lines: list[StoredLine], paper: Paper = Paper.INVOICE) -> InvoiceText:
    """The words of the order's invoice, of the one that cancels it, or of its credit note; the order has its numbers.

    What a German invoice has to say stands in UStG, section 14, 4: both names and addresses, the seller's tax
    number, the day, the number, what was sold, when it was delivered, net amounts and tax by rate, discounts.
    What corrects it names it (UStDV, section 31, 5).
    """
    _ = translations(order.language).gettext
    number, written_at, title = {
        Paper.INVOICE: (order.invoice_number, order.invoiced_at, _("Invoice %(number)s")),
        Paper.CANCELLATION: (
            order.cancellation_number,
            order.cancellation_at,
            _("Cancellation invoice %(number)s"),
        ),
        # In German law "Gutschrift" is an invoice that the buyer writes (UStG, section 14, 2): the German title is
        # another word.
        Paper.CREDIT_NOTE: (order.credit_note_number, order.credit_note_at, _("Credit note %(number)s")),
    }[paper]
    assert number
    assert written_at
    seller = order.seller or Seller(order.application)
    sign = 1 if paper is Paper.INVOICE else -1
    return InvoiceText(
        language=order.language,
        number=number,
        title=title % {"number": number},
        written_at=written_at.astimezone(UTC).replace(microsecond=0),
        seller=seller,
        recipient=printed_lines(asdict(order.billing_address), order.language),
        facts=_facts(order, number, written_at, paper),
        introduction=_introduction(order, paper),
        headings=[
            _("No."),
            _("SKU"),
            _("Product"),
            _("Quantity"),
            _("Unit price"),
            _("VAT"),
            _("Net amount") if order.is_net else _("Gross amount"),
        ],
        rows=[_row(order, place, line, sign) for place, line in enumerate(lines, start=1)],
        sums=_sums(order, sign),
        tax_headings=[_("VAT rate"), _("Net amount"), _("VAT"), _("Gross amount")],
        tax_rows=_tax_rows(order, sign),
        notes=_notes(order, paper),
        tax_number=_("Tax number or VAT ID: %(number)s") % {"number": seller.tax_id} if seller.tax_id else "",
        page=_("Page %(page)s of %(pages)s"),
    )


def _facts(order: StoredOrder, number: str, written_at: datetime, paper: Paper) -> list[tuple[str, str]]:
    _ = translations(order.language).gettext
    is_credit_note = paper is Paper.CREDIT_NOTE
    return [
        (_("Number") if is_credit_note else _("Invoice number"), number),
        (_("Date") if is_credit_note else _("Invoice date"), _day(written_at, order)),
        (_("Order number"), order.number),
        (_("Order date"), _day(order.placed_at, order)),
        (_("Delivery date"), _delivered(order, paper)),
    ]


def _delivered(order: StoredOrder, paper: Paper) -> str:
    _ = translations(order.language).gettext
    if order.shipped_at is not None:
        return _day(order.shipped_at, order)
    if order.state in (OrderState.SHIPPED, OrderState.RETURNED):
        # Orders of old data do not know their day; the law takes that of the delivery note (UStAE 14.5, 16).
        return _("see delivery note")
    return _("not delivered") if paper is Paper.CANCELLATION else _("not shipped yet")


def _introduction(order: StoredOrder, paper: Paper) -> str:
    _ = translations(order.language).gettext
    if paper is Paper.INVOICE or order.invoiced_at is None:
        return ""
    said = (
        _("This cancels the invoice %(number)s of %(day)s in full.")
        if paper is Paper.CANCELLATION
        else _("The goods came back: this corrects the invoice %(number)s of %(day)s in full.")
    )
    return said % {
        "number": order.invoice_number,
        "day": _day(order.invoiced_at, order),
    }


def _row(order: StoredOrder, place: int, line: StoredLine, sign: int) -> list[str]:
    return [
        str(place),
        line.sku,
        f"{line.name}, {line.unit}" if line.unit else line.name,
        str(line.quantity * sign),
        _money(line.unit_price, order),
        percent_text(line.tax_rate, order.language),
        _money(line.amount * sign, order),
    ]


def _sums(order: StoredOrder, sign: int) -> list[tuple[str, str, bool]]:
    """From the products to the total: net, then the tax of each rate, where net prices were charged."""
    _ = translations(order.language).gettext
    rows = [(_("Products"), order.items_total * sign, False)]
    if order.discount_total:
        names = ", ".join(one.name for one in order.promotions)
        rows.append(
            (f"{_('Discount')}: {names}" if names else _("Discount"), -order.discount_total * sign, False)
        )
    shipping = f"{_('Delivery')}: {order.shipping_name}" if order.shipping_name else _("Delivery")
    rows.append((shipping, order.shipping_total * sign, False))
    if order.is_net:
        rows.append((_("Total excl. VAT"), order.net_total * sign, False))
        rows += [
            (
                _("VAT %(percent)s") % {"percent": percent_text(one.percent, order.language)},
                one.tax * sign,
                False,
            )
            for one in order.taxes
        ]
    rows.append((_("Total incl. VAT"), order.gross_total * sign, True))
    return [(name, _money(amount, order), is_last) for name, amount, is_last in rows]


def _tax_rows(order: StoredOrder, sign: int) -> list[list[str]]:
    """Net, tax and gross of each rate, and of all: section 14, 4, numbers 7 and 8."""
    _ = translations(order.language).gettext
    rows = [
        (percent_text(one.percent, order.language), one.net, one.tax, one.net + one.tax)
        for one in order.taxes
    ]
    rows.append((_("Total"), order.net_total, order.tax_total, order.gross_total))
    return [[name, *(_money(amount * sign, order) for amount in amounts)] for name, *amounts in rows]


def _notes(order: StoredOrder, paper: Paper) -> list[str]:
    _ = translations(order.language).gettext
    notes = []
    if any(one.percent == 0 and one.net for one in order.taxes):
        notes.append(_("Supplies at a VAT rate of zero are free of VAT."))
    if paper is not Paper.INVOICE:
        notes.append(_("Nothing has to be paid any more; what was paid already is paid back."))
    else:
        way = _("Payment: %(name)s.") % {"name": _(order.payment_name)}
        notes.append(f"{way} {_(order.payment_terms)}" if order.payment_terms else way)
        # As the invoice was written: the copy of who sells.
        if order.seller is not None and order.seller.bank_account and order.is_paid_by_transfer:
            notes.append(_("Bank account: %(account)s") % {"account": order.seller.bank_account})
    return notes


def _day(moment: datetime, order: StoredOrder) -> str:
    return date_text(moment.astimezone(UTC), order.language)


def _money(amount: int, order: StoredOrder) -> str:
    return money_text(amount, order.currency, order.language)
