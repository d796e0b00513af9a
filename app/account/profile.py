"""A person's profile (domain.md 6)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from app.access import Account, SignInNeeded
from app.audit import record
from app.checkout.payments import payment_providers
from app.customers.address_form import Name
from app.customers.custom_attributes import (
    attributes_stored,
    declared_for,
    keep_attributes,
    stored_attributes,
    typed_attributes,
    with_attributes,
)
from app.customers.extensions import attributes_of, individual_of, name_of
from app.customers.phones import Phone, normalised_phone
from app.customers.types import Extension, customer_type_of
from app.declared_attributes import DeclaredAttribute
from app.errors import Conflict
from app.forms import Choice, Day, Field, Form, Invalid, Text
from app.languages import gettext as _
from app.registration.forms import TITLES
from app.visitor import Visitor
from tables import Customer, Membership, User
from tables.engine import DB


@dataclass(frozen=True, kw_only=True)
class WayOfPayment(Field):
    """The id of a way of payment that is offered now."""

    required: bool = False

    def value(self, raw: str) -> str:
        """Refuses what is not offered."""
        if raw not in payment_providers():
            raise Invalid(_("Please choose one of the options."))
        return raw


class ProfileForm(Form):
    """The profile of a person. Extensions ask some of the fields; what a page does not ask stays as it is."""

    title: Annotated[str, Choice(options=TITLES, required=False)]
    first_name: Name
    last_name: Name
    birthday: Annotated[date | None, Day(in_the_past=True)]
    phone: Annotated[str, Phone()]
    fax: Annotated[str, Phone()]
    preferred_language: Annotated[str, Text(required=False, max_length=10)]
    department: Annotated[str, Text(required=False, max_length=100)]
    position: Annotated[str, Text(required=False, max_length=100)]
    business_partner_number: Annotated[str, Text(required=False, max_length=60)]
    preferred_payment: Annotated[str, WayOfPayment()]
    # Of the user, as the form was shown; empty: not compared.
    version: Annotated[str, Text(required=False, max_length=10)]


OF_USER = ("title", "first_name", "last_name", "birthday", "phone", "fax", "preferred_language")
OF_MEMBERSHIP = ("department", "position", "business_partner_number", "preferred_payment")


class StaleProfile(Conflict):
    """Somebody else has changed the profile meanwhile; `stored` is what it is now, by name of the field."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__("profile")
        self.stored = stored


def own_attributes(visitor: Visitor) -> tuple[DeclaredAttribute, ...]:
    """The declared attributes that the profile shows: the person's, and those of a customer with a single user,
    who is the customer. Those of a company stand on the company's page."""
    account = visitor.account
    is_customer = account is not None and customer_type_of(account.customer_type).applies(
        Extension.INDIVIDUAL
    )
    return (
        declared_for(visitor.application, "user", "customer")
        if is_customer
        else declared_for(visitor.application, "user")
    )


def profile_form(visitor: Visitor) -> type[ProfileForm]:
    """The form with a field for each attribute that the visitor may edit."""
    return with_attributes(ProfileForm, own_attributes(visitor))


async def profile_of(visitor: Visitor) -> dict[str, Any]:
    """The visitor's profile as it is stored, by field, with the version of the user. Raises SignInNeeded when
    the user or the membership has just been deleted."""
    account = _account_of(visitor)
    user = await User.objects().get(User.id == account.user_id)
    membership = await Membership.objects().get(Membership.id == account.membership_id)
    if user is None or membership is None or account.customer_id is None:
        raise SignInNeeded
    attributes = own_attributes(visitor)
    stored: dict[str, Any] = {
        **{name: getattr(user, name) for name in (*OF_USER, "version")},
        **{name: getattr(membership, name) for name in OF_MEMBERSHIP},
    }
    if attributes:
        stored |= stored_attributes(
            attributes,
            {
                "user": attributes_of(user),
                "customer": await attributes_stored("customer", account.customer_id),
            },
        )
    return stored


async def preferred_payment_of(visitor: Visitor) -> str:
    """The way of payment that the visitor prefers, "" for none; of strangers too."""
    if visitor.account is None or not visitor.is_signed_in:
        return ""
    found = await DB.fetch_value(
        "SELECT preferred_payment FROM memberships WHERE id = $1", visitor.account.membership_id
    )
    return found or ""


async def change_profile(visitor: Visitor, changes: Mapping[str, Any], version: int | None) -> None:
    """Changes the named fields of the visitor's own profile if it still has the version that was read (None:
    whatever it has). Raises StaleProfile."""
    account = _account_of(visitor)
    attributes = own_attributes(visitor)
    async with DB.transaction():
        # An individual customer is called like its person: it is changed too (tables/lock_order.py).
        await DB.execute("SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE", account.customer_id)
        await DB.execute("SELECT FROM memberships WHERE id = $1 FOR NO KEY UPDATE", account.membership_id)
        await DB.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", account.user_id)
        stored = await profile_of(visitor)
        if version is not None and stored["version"] != version:
            raise StaleProfile(stored)
        changed = {name: value for name, value in changes.items() if stored[name] != value}
        if not changed:
            return
        # One version for all that the page shows: two edits at once of whatever fields are told.
        of_user = {name: value for name, value in changed.items() if name in OF_USER}
        await User.update({**of_user, "version": stored["version"] + 1}).where(User.id == account.user_id)  # type: ignore[dict-item]  # names of columns
        of_membership = {name: value for name, value in changed.items() if name in OF_MEMBERSHIP}
        if of_membership:
            await Membership.update(of_membership).where(Membership.id == account.membership_id)  # type: ignore[arg-type]  # names of columns
        await _rename_customer(account.customer_id)
        if account.customer_id is not None:
            await keep_attributes("customer", account.customer_id, attributes, changed)
        await keep_attributes("user", account.user_id, attributes, changed)
        await record(
            "profile changed",
            visitor=visitor,
            user_id=account.user_id,
            customer_id=account.customer_id,
            before={name: str(stored[name]) for name in changed},
            after={name: str(value) for name, value in changed.items()},
        )


def changes_of(form: ProfileForm, sent: Mapping[str, Any], visitor: Visitor) -> dict[str, Any]:
    """What a form wants to change: only fields that were sent, phone numbers in one spelling; of what belongs to
    the membership only what the shop lets its users change themselves (domain.md 6)."""
    allowed = visitor.application.own_profile_fields
    names = (*OF_USER, *(name for name in OF_MEMBERSHIP if name in allowed))
    changes = {name: getattr(form, name) for name in names if name in sent}
    for name in ("phone", "fax"):
        if name in changes:
            changes[name] = normalised_phone(changes[name], visitor.application.default_country)
    if not changes.get("preferred_language"):
        changes.pop("preferred_language", None)
    return changes | typed_attributes(form, own_attributes(visitor), sent)


def _account_of(visitor: Visitor) -> Account:
    if visitor.account is None:
        raise SignInNeeded
    return visitor.account


async def _rename_customer(customer_id: uuid.UUID | None) -> None:
    """An individual customer is called like its person: lists and search follow the person's name."""
    customer = await Customer.objects().get(Customer.id == customer_id)
    person = await individual_of(customer) if customer is not None else None
    if person is not None:
        await DB.execute("UPDATE customers SET search_name = $2 WHERE id = $1", customer_id, name_of(person))
