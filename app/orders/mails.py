"""Mails about orders: what was placed, what became of it, and the receipt of a withdrawal."""

from dataclasses import asdict
from datetime import date

from app.applications import Application, application_by_id
from app.customers.addresses import AddressDetails
from app.customers.countries import printed_lines
from app.languages import date_text, money_text, percent_text, translations
from app.links import links_of
from app.mail.outbox import queue_mail
from app.orders.order import StoredLine, StoredOrder, lines_of, order_of_number


async def mail_order_placed(application: Application, number: str) -> None:
    """Queues the confirmation, in the current transaction and in the buyer's language."""
    order = await order_of_number(number)
    await queue_mail(
        application=application,
        kind="order_placed",
        user_id=order.user,
        to_email=order.email,
        to_name=order.buyer_name,
        language=order.language,
        name=order.buyer_name,
        number=order.number,
        time=order.placed_at,
        lines=[_line(one, order) for one in await lines_of(order)],
        sums=_sums(order),
        billing=_address(order.billing_address, order.language),
        shipping=_address(order.shipping_address, order.language),
        shipping_name=order.shipping_name,
        payment_name=translations(order.language).gettext(order.payment_name),
        payment_instructions=_payment_instructions(order),
        link=_link(application, order),
        withdrawal_link=links_of(application).url("withdrawal"),
    )


async def mail_order_moved(order: StoredOrder, last_day_of_withdrawal: date | None) -> None:
    """Tells the buyer that the order was confirmed, shipped, cancelled or returned, in the current transaction.

    With what was shipped a consumer is told until which day it can be sent back without a reason.
    """
    application = application_by_id(order.application)
    # Names under .invalid reach nobody (RFC 6761, 6.4): they stand for an address that was deleted.
    if application is None or order.email.endswith(".invalid"):
        return
    day = last_day_of_withdrawal
    await queue_mail(
        application=application,
        kind=f"order_{order.state.value}",
        user_id=order.user,
        to_email=order.email,
        to_name=order.buyer_name,
        language=order.language,
        name=order.buyer_name,
        number=order.number,
        lines=[_line(one, order) for one in await lines_of(order)],
        shipping=_address(order.shipping_address, order.language),
        shipping_name=order.shipping_name,
        total=money_text(order.gross_total, order.currency, order.language),
        link=_link(application, order),
        last_day=date_text(day, order.language) if day is not None else "",
        withdrawal_link=links_of(application).url("withdrawal"),
    )


async def mail_withdrawal_received(order: StoredOrder) -> None:
    """Queues the receipt with the time, in the current transaction: the law asks for it without delay."""
    application = application_by_id(order.application)
    if application is None or order.withdrawn_at is None:
        return
    await queue_mail(
        application=application,
        kind="order_withdrawn",
        user_id=order.user,
        to_email=order.email,
        to_name=order.buyer_name,
        language=order.language,
        name=order.buyer_name,
        number=order.number,
        time=order.withdrawn_at,
        lines=[_line(one, order) for one in await lines_of(order)],
    )


def _line(line: StoredLine, order: StoredOrder) -> tuple[str, str]:
    return f"{line.quantity} x {line.name} ({line.sku})", money_text(
        line.amount, order.currency, order.language
    )


def _sums(order: StoredOrder) -> list[tuple[str, str]]:
    """(English text, amount) from the items to the total, without what is nothing."""
    said = translations(order.language).gettext
    rows: list[tuple[str, int]] = [(said("Products"), order.items_total)]
    if order.discount_total:
        rows.append((said("Discount"), -order.discount_total))
    rows.append((said("Delivery"), order.shipping_total))
    if order.is_net:
        rows.append((said("Total excl. VAT"), order.net_total))
    vat = said("VAT %(percent)s" if order.is_net else "included VAT %(percent)s")
    rows += [
        (vat % {"percent": percent_text(one.percent, order.language)}, one.tax)
        for one in order.taxes
        if one.tax
    ]
    rows.append((said("Total to pay"), order.gross_total))
    return [(name, money_text(amount, order.currency, order.language)) for name, amount in rows]


def _address(address: AddressDetails, language: str) -> list[str]:
    return printed_lines(asdict(address), language)


def _payment_instructions(order: StoredOrder) -> str:
    if not order.payment_instructions:
        return ""
    said = translations(order.language).gettext
    instructions = said(order.payment_instructions)
    if not order.account_to_pay_to:
        return instructions
    return f"{instructions} {said('Bank account: %(account)s') % {'account': order.account_to_pay_to}}"


def _link(application: Application, order: StoredOrder) -> str:
    """Where the buyer sees the order; a guest's can be seen by nobody who only knows its number."""
    if order.customer is None:
        return ""
    return links_of(application).url("order", number=order.number)
