"""The checkout: one page that asks, one that is agreed to (pages.md)."""

import secrets
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post

from app.access import NotPermitted, anyone
from app.account.address_pages import address_book_of
from app.account.profile import preferred_payment_of
from app.basket.basket import Basket, basket_of, checkout_of, keep_checkout
from app.basket.code_words import code_note
from app.basket.owner import owner_of
from app.basket.reckoning import delivery_prices
from app.checkout.choices import as_json, choices_from, chosen, keep_in_book, typed_again, wish_of
from app.checkout.forms import NEW, SAME, CheckoutForm, PlaceForm, read_checkout
from app.checkout.kept_answers import (
    forget_answers,
    keep_answers_on,
    kept_answers,
    named_owner,
    signed_out_owner,
)
from app.checkout.payments import PaymentRefused, payment_providers
from app.checkout.shipping import shipping_methods_for
from app.customers.address_form import asked_address, typed_so_far
from app.customers.addresses import StoredAddress, addresses_of, preferred
from app.customers.permissions import may_order
from app.ended_session import ANSWERS_WAIT, BASKET_WAITS, session_has_ended, sign_in_to
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.orders.placing import excess_of_order
from app.orders.seen_by_guest import let_guest_see
from app.orders.wish import OrderRefused, OrderWish
from app.pages import Page, see
from app.requisitions.approvers import approvers_for
from app.requisitions.asking import Outcome, order_or_ask, outcome_of
from app.requisitions.words import excess_words
from app.sign_in.limits import count_client
from app.visitor import CurrentVisitor, Visitor


@get("/checkout", name="checkout", guards=[anyone])
async def checkout_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Asks for addresses, delivery and payment."""
    basket = await _basket(request, visitor)
    if basket is None or not basket.can_be_ordered:
        return _to_basket(request, visitor, basket)
    book = await _book(visitor)
    at_first = {f"{kind}_country": visitor.application.default_country for kind in ("billing", "shipping")}
    answers = at_first | typed_again(choices_from(basket.checkout)) | kept_answers(visitor, request)
    # Only what is still offered is chosen beforehand; the page leaves the rest open.
    answers["payment_method"] = answers["payment_method"] or await preferred_payment_of(visitor)
    form = blank(CheckoutForm, **_first_answers(answers, book))
    return await _form_page(request, visitor, basket, book, form)


@post("/checkout", name="checkout_post", guards=[anyone])
async def answer_checkout(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Keeps the answers and goes on to the review."""
    if owner := await signed_out_owner(visitor, request):
        answer = sign_in_to(request, "checkout", ANSWERS_WAIT)
        await keep_answers_on(answer, visitor, request, owner)
        return answer
    basket = await _basket(request, visitor)
    if basket is None or basket.id is None or not basket.can_be_ordered:
        return _to_basket(request, visitor, basket)
    book = await _book(visitor)
    form = await read_checkout(
        request, book, country=visitor.application.default_country, is_guest=not visitor.is_signed_in
    )
    if "change_country" in request.query_params:
        return await _form_page(request, visitor, basket, book, typed_so_far(CheckoutForm, form))
    methods = {one.id for one in await shipping_methods_for(visitor)}
    for name, offered in (("shipping_method", methods), ("payment_method", set(payment_providers()))):
        if form.value(name) not in offered:
            form.add_error(name, _("Please choose one of the options."))
    if form.errors:
        return await _form_page(request, visitor, basket, book, form, 422)
    answers = chosen(form.data, book)
    if visitor.is_signed_in:
        answers = await keep_in_book(form.data, answers, address_book_of(visitor))
    await keep_checkout(basket.id, as_json(answers))
    changed = Flash(" ".join(basket.notes), "warning") if basket.notes else None
    answer = see(request, "checkout_review", flash=changed)
    forget_answers(answer, visitor, request)
    return answer


@get("/checkout/review", name="checkout_review", guards=[anyone])
async def review_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Everything that is ordered, with all totals, and the button that orders it."""
    wish = await _wish(request, visitor)
    return await _review(request, visitor, wish) if wish is not None else see(request, "checkout")


@post("/checkout/place", name="place_order", guards=[anyone])
async def place(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Places the order, once for each key."""
    if await signed_out_owner(visitor, request):
        return sign_in_to(request, "checkout_review", ANSWERS_WAIT)
    form = await read_form(request, PlaceForm)
    if not visitor.is_signed_in:
        # Every order sends a mail to an address that a guest has typed.
        await count_client(request.scope, "order", at_most=60)
    owner = owner_of(visitor, request)
    _only_for_buyers(visitor)
    done = await outcome_of(owner, form.value("idempotency_key"))
    wish = await _wish(request, visitor) if done is None else None
    if done is None and wish is None:
        # Either nothing was chosen yet, or the same click has just been answered beside this one.
        done = await outcome_of(owner, form.value("idempotency_key"))
        if done is None:
            return see(request, "checkout")
    if done is None and wish is not None:
        if not form.is_valid:
            return await _review(request, visitor, wish, form, status_code=422)
        try:
            done = await order_or_ask(
                visitor,
                owner,
                wish,
                idempotency_key=form.data.idempotency_key,
                fingerprint=form.data.review,
                comment=form.data.approval_comment,
            )
        except OrderRefused as refused:
            return await _review(request, visitor, wish, reasons=refused.reasons, status_code=409)
        except PaymentRefused:
            refusal = _("The payment was refused. Please choose another way to pay.")
            return await _review(request, visitor, wish, reasons=[refusal], status_code=409)
    return _answer(request, visitor, done or Outcome())


def _answer(request: Request[Any, Any, Any], visitor: Visitor, done: Outcome) -> Response[Any]:
    """To the thanks for an order, or to what has to be approved first."""
    if done.requisition is not None:
        said = _("Your order waits for approval. You will get a mail as soon as somebody has decided.")
        return see(request, "requisition", requisition_id=done.requisition, flash=Flash(said, "info"))
    answer = see(request, "order_thanks", number=done.order)
    if not visitor.is_signed_in:
        let_guest_see(answer, request, visitor.application, done.order)
    return answer


async def _basket(request: Request[Any, Any, Any], visitor: Visitor) -> Basket | None:
    _only_for_buyers(visitor)
    return await basket_of(visitor, owner_of(visitor, request))


def _only_for_buyers(visitor: Visitor) -> None:
    """Guests may order; of a company only those who may purchase (domain.md 10)."""
    if not may_order(visitor):
        raise NotPermitted


def _to_basket(request: Request[Any, Any, Any], visitor: Visitor, basket: Basket | None) -> Response[Any]:
    """Back to the basket, which marks what cannot be ordered; with what has changed, since it counts as told now."""
    if basket is not None and basket.notes:
        return see(request, "basket", flash=Flash(" ".join(basket.notes), "warning"))
    if basket is None or basket.is_empty:
        if session_has_ended(visitor, request):
            return see(request, "basket", flash=Flash(_(BASKET_WAITS), "warning"))
        return see(request, "basket", flash=Flash(_("There is nothing to order yet."), "info"))
    return see(request, "basket")


async def _book(visitor: Visitor) -> list[StoredAddress]:
    return await addresses_of(address_book_of(visitor)) if visitor.is_signed_in else []


async def _wish(request: Request[Any, Any, Any], visitor: Visitor) -> OrderWish | None:
    _only_for_buyers(visitor)
    kept = await checkout_of(owner_of(visitor, request))
    return await wish_of(visitor, choices_from(kept)) if kept is not None else None


def _first_answers(answers: dict[str, str], book: list[StoredAddress]) -> dict[str, str]:
    """What is filled in at first: the preferred addresses, the first ways of delivery and payment."""
    bill_to, ship_to = preferred(book, "billing"), preferred(book, "shipping")
    billing = str(bill_to.id) if bill_to is not None else NEW
    shipping = str(ship_to.id) if ship_to is not None else SAME
    known = {str(one.id) for one in book} | {NEW, SAME}
    if answers["billing_choice"] not in known:
        answers["billing_choice"] = billing
    if answers["shipping_choice"] not in known:
        answers["shipping_choice"] = SAME if shipping == billing else shipping
    return answers


async def _form_page(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    basket: Basket,
    book: list[StoredAddress],
    form: FilledForm[CheckoutForm],
    status_code: int = 200,
) -> Page:
    methods = await shipping_methods_for(visitor)
    deliveries = [one.delivery(visitor.language) for one in methods]
    reckoning = basket.reckoning
    items = reckoning.totals.items.shown(reckoning.charged_net)
    return Page(
        "checkout/checkout.html",
        status_code=status_code,
        form=form,
        basket=basket,
        book=book,
        methods=methods,
        prices=await delivery_prices(visitor, deliveries, items),
        payments=list(payment_providers().values()),
        buyer=named_owner(visitor, request),
        billing=asked_address(form, "billing_", visitor),
        shipping=asked_address(form, "shipping_", visitor),
    )


async def _review(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    wish: OrderWish,
    form: FilledForm[PlaceForm] | None = None,
    *,
    reasons: Sequence[str] = (),
    status_code: int = 200,
) -> Response[Any]:
    basket = await basket_of(
        visitor,
        owner_of(visitor, request),
        country=wish.shipping.country,
        delivery=wish.delivery,
        email=wish.email,
    )
    if basket is None or basket.is_empty:
        return _to_basket(request, visitor, basket)
    if form is None:
        form = blank(PlaceForm)
    total, account = basket.reckoning.totals.total.net, visitor.account
    excess = await excess_of_order(visitor, total, basket.reckoning.currency)
    # Only asked where something is beyond the limits, which guests have not.
    approvers = (
        await approvers_for(account.customer_id, account.user_id) if excess and account is not None else []
    )
    return Page(
        "checkout/review.html",
        status_code=status_code,
        form=form,
        basket=basket,
        wish=wish,
        exceeds=excess_words(excess, total),
        approvers=[one.name for one in approvers],
        reasons=[*reasons, *(note for note in basket.notes if note not in reasons)] if reasons else [],
        notes=basket.notes,
        code_note=code_note(basket),
        buyer=named_owner(visitor, request),
        idempotency_key=secrets.token_urlsafe(32),
    )


routes = [checkout_page, answer_checkout, review_page, place]
