"""Invoices to download: by the buyer, by a guest in the browser that ordered, and by staff."""

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone, signed_in
from app.errors import NotThereYet
from app.orders.guest_routes import own_order
from app.orders.history import order_seen_by
from app.orders.invoice_text import Paper
from app.orders.invoices import NOT_YET, InvoiceMissing, invoice_document
from app.orders.order import OrderMissing, StoredOrder
from app.visitor import CurrentVisitor, Visitor


@get("/account/orders/{number:str}/invoice", name="invoice", guards=[signed_in])
async def invoice(visitor: CurrentVisitor, number: FromPath[str]) -> Response[bytes]:
    """The invoice of an order that the person sees; 404 for a foreign order and before there is one."""
    return await download(await _seen(visitor, number), Paper.INVOICE)


@get("/account/orders/{number:str}/cancellation-invoice", name="cancellation_invoice", guards=[signed_in])
async def cancellation_invoice(visitor: CurrentVisitor, number: FromPath[str]) -> Response[bytes]:
    """The invoice that cancels that of a cancelled order; 404 where nothing was cancelled."""
    return await download(await _seen(visitor, number), Paper.CANCELLATION)


@get("/account/orders/{number:str}/credit-note", name="credit_note", guards=[signed_in])
async def credit_note(visitor: CurrentVisitor, number: FromPath[str]) -> Response[bytes]:
    """What corrects the invoice of a returned order; 404 where nothing came back."""
    return await download(await _seen(visitor, number), Paper.CREDIT_NOTE)


@get("/orders/{number:str}/invoice", name="guest_invoice", guards=[anyone])
async def guest_invoice(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[bytes]:
    """The same for who has ordered in this browser; 404 for everybody else, however they know the number."""
    return await download(await _own(request, visitor, number), Paper.INVOICE)


@get("/orders/{number:str}/cancellation-invoice", name="guest_cancellation_invoice", guards=[anyone])
async def guest_cancellation_invoice(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[bytes]:
    """The same for the invoice that cancels it."""
    return await download(await _own(request, visitor, number), Paper.CANCELLATION)


@get("/orders/{number:str}/credit-note", name="guest_credit_note", guards=[anyone])
async def guest_credit_note(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[bytes]:
    """The same for what corrects it."""
    return await download(await _own(request, visitor, number), Paper.CREDIT_NOTE)


async def download(order: StoredOrder, paper: Paper) -> Response[bytes]:
    """The document of an order that the caller may see, as a file that nothing on the way keeps.

    Raises NotThereYet before the order is confirmed, and NotFoundException where there never will be one.
    """
    try:
        document = await invoice_document(order, paper)
    except InvoiceMissing as missing:
        if missing.comes and paper is Paper.INVOICE:
            raise NotThereYet(NOT_YET) from None
        raise NotFoundException from None
    headers = {
        "Content-Disposition": f'attachment; filename="{document.file_name}"',
        "Cache-Control": "no-store",
    }
    return Response(document.content, media_type="application/pdf", headers=headers)


async def _seen(visitor: Visitor, number: str) -> StoredOrder:
    try:
        return await order_seen_by(visitor, number)
    except OrderMissing:
        raise NotFoundException from None


async def _own(request: Request[Any, Any, Any], visitor: Visitor, number: str) -> StoredOrder:
    try:
        return await own_order(request, visitor, number)
    except OrderMissing:
        raise NotFoundException from None


routes = [
    invoice,
    cancellation_invoice,
    credit_note,
    guest_invoice,
    guest_cancellation_invoice,
    guest_credit_note,
]
