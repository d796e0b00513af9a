"""What the checkout asks."""

from typing import Annotated, Any

from litestar import Request

from app.customers.address_form import DeliverableAddressForm
from app.customers.addresses import StoredAddress
from app.customers.emails import Email
from app.forms import FilledForm, Flag, Form, Group, Text, field_names, fill
from app.languages import gettext as _
from app.languages import text

NEW, SAME = "new", "same"
# What a country asks beside these is checked by the address itself.
ALWAYS_NEEDED = ("first_name", "last_name", "street", "postal_code", "city")


class CheckoutForm(Form):
    """Who orders, where it goes, how it is delivered and paid.

    An address is a new one, one of the book (by its id), or for the delivery the same as for the invoice. A new
    one is kept in the book if that is ticked.
    """

    email: Annotated[str, Email(required=False)]
    billing_choice: Annotated[str, Text(max_length=40, required=False)]
    billing: Annotated[
        DeliverableAddressForm | None, Group(prefix="billing_", optional=True, preset=("country",))
    ]
    billing_save: Annotated[bool, Flag()]
    shipping_choice: Annotated[str, Text(max_length=40, required=False)]
    shipping: Annotated[
        DeliverableAddressForm | None, Group(prefix="shipping_", optional=True, preset=("country",))
    ]
    shipping_save: Annotated[bool, Flag()]
    shipping_method: Annotated[str, Text(max_length=60)]
    payment_method: Annotated[str, Text(max_length=60)]
    comment: Annotated[str, Text(max_length=1000, required=False, multiline=True)]


class PlaceForm(Form):
    """The last click. `review` is the fingerprint of what was shown; amounts are never read from a form."""

    idempotency_key: Annotated[str, Text(max_length=100)]
    review: Annotated[str, Text(max_length=64, required=False)]
    terms: Annotated[
        bool, Flag(required=True, must=text("Please accept the terms, or we cannot take your order."))
    ]
    # For who approves it, where that is needed.
    approval_comment: Annotated[str, Text(max_length=1000, required=False, multiline=True)]


async def read_checkout(
    request: Request[Any, Any, Any], book: list[StoredAddress], *, country: str, is_guest: bool
) -> FilledForm[CheckoutForm]:
    """Reads the form and checks what depends on the person: their addresses, and an e-mail of a guest.

    `country` is the one that stands in the fields of a new address at first.
    """
    sent = await request.form()
    typed: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        typed.setdefault(name, []).append(value if isinstance(value, str) else "")
    known = {str(one.id) for one in book}
    for kind, otherwise in (("billing", NEW), ("shipping", SAME)):
        chosen = (typed.get(f"{kind}_choice") or [otherwise])[0] or otherwise
        typed[f"{kind}_choice"] = [chosen]
        if chosen != NEW:
            # What was begun in the fields of a new address no longer counts.
            for name in field_names(DeliverableAddressForm):
                typed.pop(f"{kind}_{name}", None)
        typed.setdefault(f"{kind}_country", [country])
    form = fill(CheckoutForm, typed)
    if is_guest and not form.value("email"):
        form.add_error("email", _("Please fill in this field."))
    for kind, offered in (("billing", {NEW, *known}), ("shipping", {NEW, SAME, *known})):
        chosen = form.value(f"{kind}_choice")
        if chosen not in offered:
            form.add_error(f"{kind}_choice", _("Please choose one of the options."))
        if chosen == NEW and not any(form.value(f"{kind}_{name}") for name in ALWAYS_NEEDED):
            for name in ALWAYS_NEEDED:
                form.add_error(f"{kind}_{name}", _("Please fill in this field."))
    return form
