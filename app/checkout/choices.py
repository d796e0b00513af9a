"""What the checkout has asked so far: kept with the basket, as copies, until the order is placed."""

import uuid
from dataclasses import asdict
from typing import Any

import msgspec

from app.checkout.forms import NEW, SAME, CheckoutForm
from app.checkout.payments import PaymentProvider, payment_providers
from app.checkout.shipping import ShippingMethod, shipping_methods_for
from app.customers.address_form import DeliverableAddressForm, address_details
from app.customers.addresses import AddressBook, AddressDetails, StoredAddress, keep_address
from app.orders.wish import OrderWish
from app.visitor import Visitor

FIELDS = frozenset(AddressDetails.__dataclass_fields__)


class CheckoutChoices(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of the checkout's form."""

    email: str = ""
    billing_choice: str = ""
    billing: dict[str, str] = {}
    shipping_choice: str = ""
    shipping: dict[str, str] = {}
    shipping_method: str = ""
    payment_method: str = ""
    comment: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything was asked."""
        return bool(self.billing and self.shipping and self.shipping_method and self.payment_method)


def choices_from(kept: str) -> CheckoutChoices:
    """What was answered so far; nothing at first."""
    return msgspec.json.decode(kept, type=CheckoutChoices)


def chosen(form: CheckoutForm, book: list[StoredAddress]) -> CheckoutChoices:
    """The answers with copies of the addresses, so that what happens to the book later changes no order."""
    billing = _address(form.billing_choice, form.billing, book)
    shipping = (
        billing if form.shipping_choice == SAME else _address(form.shipping_choice, form.shipping, book)
    )
    return CheckoutChoices(
        email=form.email,
        billing_choice=form.billing_choice,
        billing=billing,
        shipping_choice=form.shipping_choice,
        shipping=shipping,
        shipping_method=form.shipping_method,
        payment_method=form.payment_method,
        comment=form.comment,
    )


async def keep_in_book(form: CheckoutForm, choices: CheckoutChoices, book: AddressBook) -> CheckoutChoices:
    """The same answers, with new addresses added to the book where that was ticked, and chosen from it."""
    for kind in ("billing", "shipping"):
        if getattr(choices, f"{kind}_choice") == NEW and getattr(form, f"{kind}_save"):
            address = await keep_address(book, AddressDetails(**getattr(choices, kind)))
            choices = msgspec.structs.replace(choices, **{f"{kind}_choice": str(address)})
    return choices


def as_json(choices: CheckoutChoices) -> str:
    """How they are kept."""
    return msgspec.json.encode(choices).decode()


def typed_again(choices: CheckoutChoices) -> dict[str, str]:
    """The fields of the form that was answered so."""
    typed: dict[str, str] = {
        name: getattr(choices, name)
        for name in (
            *("email", "billing_choice", "shipping_choice", "shipping_method", "payment_method", "comment"),
        )
    }
    for kind in ("billing", "shipping"):
        if getattr(choices, f"{kind}_choice") == NEW:
            typed |= {f"{kind}_{name}": value for name, value in getattr(choices, kind).items()}
    return typed


async def wish_of(visitor: Visitor, choices: CheckoutChoices) -> OrderWish | None:
    """What the buyer wants; None where something is still to be chosen or is no longer offered."""
    if not choices.is_complete:
        return None
    methods: dict[str, ShippingMethod] = {one.id: one for one in await shipping_methods_for(visitor)}
    payments: dict[str, PaymentProvider] = payment_providers()
    method, payment = methods.get(choices.shipping_method), payments.get(choices.payment_method)
    account = visitor.account if visitor.is_signed_in else None
    email = account.email if account is not None else choices.email
    if method is None or payment is None or not email:
        return None
    billing = AddressDetails(**choices.billing)
    return OrderWish(
        email=email,
        buyer_name=account.name if account is not None else _name(billing),
        billing=billing,
        shipping=AddressDetails(**choices.shipping),
        delivery=method.delivery(visitor.language),
        payment=payment,
        comment=choices.comment,
    )


def _name(address: AddressDetails) -> str:
    return f"{address.first_name} {address.last_name}".strip() or address.company_name


def _address(choice: str, typed: DeliverableAddressForm | None, book: list[StoredAddress]) -> dict[str, str]:
    if choice == NEW and typed is not None:
        return _copy(address_details(typed))
    by_id: dict[uuid.UUID, Any] = {one.id: one for one in book}
    found = by_id.get(uuid.UUID(choice)) if choice != NEW else None
    return _copy(found) if found is not None else {}


def _copy(address: AddressDetails) -> dict[str, str]:
    return {name: value for name, value in asdict(address).items() if name in FIELDS}
