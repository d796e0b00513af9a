"""A person's profile (domain.md 6)."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from app.applications import Application
from app.audit import record
from app.customers.address_form import Name
from app.customers.extensions import individual_of, name_of
from app.customers.phones import Phone, normalised_phone
from app.errors import Conflict
from app.forms import Choice, Day, Form, Text
from app.registration.forms import TITLES
from app.visitor import Visitor
from tables import Customer, Membership, User
from tables.engine import DB


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
    # Of the user, as the form was shown; empty: not compared.
    version: Annotated[str, Text(required=False, max_length=10)]


OF_USER = ("title", "first_name", "last_name", "birthday", "phone", "fax", "preferred_language")
OF_MEMBERSHIP = ("department", "position")


class StaleProfile(Conflict):
    """Somebody else has changed the profile meanwhile; `stored` is what it is now, by name of the field."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__("profile")
        self.stored = stored


async def profile_of(user_id: uuid.UUID, membership_id: uuid.UUID | None) -> dict[str, Any]:
    """The fields of the profile as they are stored, with the version of the user."""
    user = await User.objects().get(User.id == user_id)
    membership = await Membership.objects().get(Membership.id == membership_id)
    return {
        **{name: getattr(user, name) for name in (*OF_USER, "version")},
        **{name: getattr(membership, name, "") for name in OF_MEMBERSHIP},
    }


async def change_profile(visitor: Visitor, changes: Mapping[str, Any], version: int | None) -> None:
    """Changes the named fields of the visitor's own profile if it still has the version that was read (None:
    whatever it has). Raises StaleProfile."""
    account = visitor.account
    if account is None:
        raise LookupError("a stranger has no profile")
    async with DB.transaction():
        await DB.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", account.user_id)
        stored = await profile_of(account.user_id, account.membership_id)
        if version is not None and stored["version"] != version:
            raise StaleProfile(stored)
        changed = {name: value for name, value in changes.items() if stored[name] != value}
        of_user = {name: value for name, value in changed.items() if name in OF_USER}
        if of_user:
            await User.update({**of_user, "version": stored["version"] + 1}).where(User.id == account.user_id)  # type: ignore[dict-item]  # names of columns
        of_membership = {name: value for name, value in changed.items() if name in OF_MEMBERSHIP}
        if of_membership:
            await Membership.update(of_membership).where(Membership.id == account.membership_id)  # type: ignore[arg-type]  # names of columns
        if changed:
            await _rename_customer(account.customer_id)
            await record(
                "profile changed",
                visitor=visitor,
                user_id=account.user_id,
                customer_id=account.customer_id,
                before={name: str(stored[name]) for name in changed},
                after={name: str(value) for name, value in changed.items()},
            )


def changes_of(form: ProfileForm, sent: Mapping[str, Any], application: Application) -> dict[str, Any]:
    """What a form wants to change: only fields that were sent, phone numbers in one spelling."""
    changes = {name: getattr(form, name) for name in (*OF_USER, *OF_MEMBERSHIP) if name in sent}
    for name in ("phone", "fax"):
        if name in changes:
            changes[name] = normalised_phone(changes[name], application.default_country)
    if not changes.get("preferred_language"):
        changes.pop("preferred_language", None)
    return changes


async def _rename_customer(customer_id: uuid.UUID | None) -> None:
    """An individual customer is called like its person: lists and search follow the person's name."""
    customer = await Customer.objects().get(Customer.id == customer_id)
    person = await individual_of(customer) if customer is not None else None
    if person is not None:
        await DB.execute("UPDATE customers SET search_name = $2 WHERE id = $1", customer_id, name_of(person))
