"""Associations: a register number and several users. A customer type made outside of the base, for the tests.

It knows the base; the base does not know it. See test_third_type.py for the two ways in which it is mounted.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from litestar import get

from app.access import customers_with
from app.customers.types import CustomerType, Extension
from app.forms import Text
from app.languages import text
from app.pages import Page
from app.registration.forms import RegistrationForm
from app.visitor import CurrentVisitor
from tables import Customer, Membership, User
from tables.engine import DB


class AssociationForm(RegistrationForm):
    """What an association is asked beside the person's fields."""

    register_number: Annotated[str, Text(max_length=20)]


async def keep_register_number(
    customer: Customer, user: User, membership: Membership, form: AssociationForm
) -> None:
    """The register number is an attribute of the customer: no table is needed for it."""
    await DB.execute(
        "UPDATE customers SET attributes = attributes || $2::text::jsonb WHERE id = $1",
        customer.id,
        msgspec.json.encode({"register_number": form.register_number}).decode(),
    )


@get("/account/register-number", name="register_number", guards=[customers_with(Extension.GROUP)])
async def register_number_page(visitor: CurrentVisitor) -> Page:
    """The page that only associations have."""
    account = visitor.account
    customer = (
        await Customer.objects().get(Customer.id == account.customer_id) if account is not None else None
    )
    attributes = msgspec.json.decode(customer.attributes) if customer is not None else {}
    return Page("pages-of:ASSOCIATION/register_number.html", number=attributes.get("register_number", ""))


customer_type = CustomerType(
    id="ASSOCIATION",
    slug="association",
    name=text("Association"),
    registration_title=text("Register your association"),
    registration_hint=text("For clubs and societies."),
    extensions=frozenset({Extension.GROUP, Extension.APPROVAL}),
    segment_id="IG_AssociationCustomers",
    segment_name=text("Association Customers"),
    logs_in_to=("SMBWebShop",),
    registration_form=AssociationForm,
    registered=keep_register_number,
    routes=(register_number_page,),
    folder=Path(__file__).parent,
)
