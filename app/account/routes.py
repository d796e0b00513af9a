"""A signed-in person's account: overview and profile (pages.md)."""

from typing import Any

from litestar import Request, Response, get, post

from app.access import SignInNeeded, signed_in
from app.account.profile import (
    OF_MEMBERSHIP,
    OF_USER,
    ProfileForm,
    StaleProfile,
    change_profile,
    changes_of,
    profile_of,
)
from app.account.stale_edit import shown_value, stale_page, version_of
from app.customers.addresses import AddressBook, addresses_of
from app.customers.extensions import approval_of, company_of, details_of, group_of, name_of
from app.field_labels import FIELD_LABELS
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.registration.forms import check_language
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

LABELS = {name: FIELD_LABELS[name] for name in (*OF_USER, *OF_MEMBERSHIP)}


@get("/account", name="account", guards=[signed_in])
async def account_page(visitor: CurrentVisitor) -> Page:
    """The overview of the account."""
    customer = await customer_of(visitor)
    addresses = await addresses_of(AddressBook(customer_id=customer.id))
    users = await group_of(customer) or ()
    return Page(
        "account/overview.html",
        customer=customer,
        details=await details_of(customer),
        company=await company_of(customer),
        users=[{"name": name_of(one)} for one in users],
        approval=await approval_of(customer),
        billing=next((one for one in addresses if one.is_preferred_billing), None),
        shipping=next((one for one in addresses if one.is_preferred_shipping), None),
    )


@get("/account/profile", name="profile", guards=[signed_in])
async def profile_page(visitor: CurrentVisitor) -> Page:
    """The profile, ready to be changed."""
    return await _page(visitor, await _stored_form(visitor))


@post("/account/profile", name="profile_post", guards=[signed_in])
async def save_profile(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Saves the profile."""
    form = await read_form(request, ProfileForm)
    check_language(form, visitor.application)
    if not form.is_valid:
        return await _page(visitor, form, 422)
    sent = await request.form()
    changes = changes_of(form.data, sent, visitor.application)
    try:
        await change_profile(visitor, changes, version_of(form))
    except StaleProfile as stale:
        return stale_page("profile", LABELS, changes, stale.stored, stale.stored["version"])
    return see(request, "profile", flash=Flash(_("Your profile is saved.")))


async def customer_of(visitor: Visitor) -> Customer:
    """The customer for whom the visitor acts. Raises SignInNeeded when it has just been deleted."""
    account = visitor.account
    customer = (
        await Customer.objects().get(Customer.id == account.customer_id) if account is not None else None
    )
    if customer is None:
        raise SignInNeeded
    return customer


async def _stored_form(visitor: Visitor) -> FilledForm[ProfileForm]:
    account = visitor.account
    if account is None:
        raise SignInNeeded
    stored = await profile_of(account.user_id, account.membership_id)
    return blank(ProfileForm, **{name: shown_value(value) for name, value in stored.items()})


async def _page(visitor: Visitor, form: FilledForm[ProfileForm], status_code: int = 200) -> Page:
    customer = await customer_of(visitor)
    return Page(
        "account/profile.html",
        status_code=status_code,
        form=form,
        email=visitor.account.email if visitor.account is not None else "",
        customer=customer,
        details=await details_of(customer),
        company=await company_of(customer),
    )


routes = [account_page, profile_page, save_profile]
