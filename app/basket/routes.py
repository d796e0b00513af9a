"""The basket's page and what changes it (pages.md)."""

import uuid
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.access import NotPermitted, anyone
from app.basket.basket import Basket, basket_of, keep_promotion_code
from app.basket.code_words import code_note, code_sentence
from app.basket.forms import AddForm, LineForm, PromotionCodeForm
from app.basket.lines import LineMissing, ProductUnknown, QuantityRefused, add_to_basket, change_quantity
from app.basket.owner import keep_basket_on, owner_of
from app.catalog.product_page import refused_product_page
from app.customers.permissions import may_order
from app.ended_session import session_has_ended, sign_in_to
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor


@get("/basket", name="basket", guards=[anyone])
async def basket_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The basket with today's prices."""
    return await _page(request, visitor)


@post("/basket/lines", name="add_to_basket", guards=[anyone])
async def add(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Puts a product into the basket of somebody who may order."""
    if not may_order(visitor):
        raise NotPermitted
    form = await read_form(request, AddForm)
    owner = owner_of(visitor, request)
    if not form.is_valid:
        return await _refused(request, visitor, form)
    try:
        product, owner = await add_to_basket(visitor, owner, form.data.sku, form.data.quantity)
    except ProductUnknown:
        form.add_error("sku", _("We have no such product."))
        return await _refused(request, visitor, form)
    except QuantityRefused as refused:
        form.add_error("quantity", str(refused))
        return await _refused(request, visitor, form)
    answer = see(request, "basket", flash=Flash(_("“%(name)s” is in your basket.", name=product.name)))
    keep_basket_on(answer, owner, visitor.application)
    return answer


@post("/basket/lines/{line_id:uuid}", name="basket_line", guards=[anyone])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, line_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Changes how many of a product are in the basket; 0 takes it out."""
    form = await read_form(request, LineForm)
    if not form.is_valid:
        return await _page(request, visitor, form, line_id)
    try:
        await change_quantity(visitor, owner_of(visitor, request), line_id, form.data.quantity)
    except LineMissing:
        if session_has_ended(visitor, request):
            return sign_in_to(request, "basket")
        # Taken out in another window, mostly; somebody else's line is missing just the same.
        form = blank(LineForm)
        form.add_error("", _("This product is no longer in your basket."))
        return await _page(request, visitor, form, status_code=404)
    except ProductUnknown:
        # The page tells which product is gone, and takes it out.
        return see(request, "basket")
    except QuantityRefused as refused:
        form.add_error("quantity", str(refused))
        return await _page(request, visitor, form, line_id)
    said = _("The quantity is changed.") if form.data.quantity else _("The product is taken out.")
    return see(request, "basket", flash=Flash(said))


@post("/basket/promotion-code", name="promotion_code", guards=[anyone])
async def enter_code(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Keeps a promotion code with the basket, or takes it off when nothing was entered."""
    form = await read_form(request, PromotionCodeForm)
    if not form.is_valid:
        return await _page(request, visitor, form)
    owner = owner_of(visitor, request)
    basket = await basket_of(visitor, owner, code=form.data.code, notes_are_seen=False)
    if basket is None or basket.id is None:
        return see(request, "basket")
    problem = basket.reckoning.discounts.code_problem
    if problem is not None:
        # One that was entered before stays: who mistypes the next loses nothing.
        form.add_error("code", code_sentence(problem))
        return await _page(request, visitor, form)
    await keep_promotion_code(owner, basket.id, form.data.code)
    said = _("The code is taken off.") if not form.data.code else _("The code counts.")
    return see(request, "basket", flash=Flash(said))


async def _refused(request: Request[Any, Any, Any], visitor: Visitor, asked: FilledForm[AddForm]) -> Page:
    """The product's page with what was wrong about adding it; the basket's where it has no such form (any more)."""
    page = await refused_product_page(visitor, asked, asked.value("sku"))
    if page is not None:
        return page
    form = blank(AddForm)
    form.add_error("", " ".join(dict.fromkeys(message for _field, message in asked.errors)))
    return await _page(request, visitor, form)


async def _page(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    form: FilledForm[Any] | None = None,
    line_id: uuid.UUID | None = None,
    status_code: int = 422,
) -> Page:
    basket: Basket | None = await basket_of(visitor, owner_of(visitor, request))
    return Page(
        "basket/basket.html",
        status_code=status_code if form is not None else 200,
        basket=basket,
        form=form or blank(PromotionCodeForm, code=basket.promotion_code if basket is not None else ""),
        refused_line=line_id,
        code_note=code_note(basket) if basket is not None else "",
    )


routes = [basket_page, add, change, enter_code]
