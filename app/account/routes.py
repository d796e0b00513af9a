"""A signed-in person's account: overview and profile (pages.md)."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get, post

from app.access import SignInNeeded, signed_in
from app.account.address_pages import address_book_of
from app.account.open_tasks import open_tasks_of
from app.account.profile import (
    OF_MEMBERSHIP,
    OF_USER,
    ProfileForm,
    StaleProfile,
    change_profile,
    changes_of,
    own_attributes,
    profile_form,
    profile_of,
)
from app.account.stale_edit import shown_value, stale_page, version_of
from app.checkout.payments import payment_name, payment_providers
from app.customers.addresses import addresses_of, preferred
from app.customers.custom_attributes import labels_of, shown_attributes
from app.customers.extensions import approval_of, company_of, details_of, name_of, some_of_group
from app.field_labels import FIELD_LABELS
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.language_choice import keep_language
from app.languages import OWN_NAMES
from app.languages import gettext as _
from app.orders.history import Wanted, history_of, sees_all_orders
from app.orders.states import state_words
from app.pages import Page, see
from app.registration.forms import TITLES, check_language
from app.requisitions.listing import own_budget, requisitions_to_decide
from app.segments.names import names_of_segments
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

# On the overview; all of them stand on a page of their own.
LAST_ORDERS = 3
NAMES_SHOWN = 8
LABELS = {name: FIELD_LABELS[name] for name in (*OF_USER, *OF_MEMBERSHIP)}


@get("/account", name="account", guards=[signed_in])
async def account_page(visitor: CurrentVisitor) -> Page:
    """The overview of the account."""
    customer = await customer_of(visitor)
    addresses = await addresses_of(address_book_of(visitor))
    # Of thousands of colleagues nobody reads the names here.
    users, user_count = await some_of_group(customer, NAMES_SHOWN)
    history = await history_of(visitor, Wanted())
    return Page(
        "account/overview.html",
        tasks=await open_tasks_of(visitor),
        orders=history.orders[:LAST_ORDERS],
        state_words=state_words,
        sees_colleagues=bool(users) and sees_all_orders(visitor),
        segments=await names_of_segments(visitor.audience.segments),
        customer=customer,
        details=await details_of(customer),
        company=await company_of(customer),
        users=[{"name": name_of(one)} for one in users],
        user_count=user_count,
        approval=await approval_of(customer),
        open_requisitions=await requisitions_to_decide(visitor),
        budget=await own_budget(visitor),
        billing=preferred(addresses, "billing"),
        shipping=preferred(addresses, "shipping"),
    )


@get("/account/profile", name="profile", guards=[signed_in])
async def profile_page(visitor: CurrentVisitor) -> Page:
    """The profile, ready to be changed."""
    stored = await profile_of(visitor)
    form = blank(profile_form(visitor), **{name: shown_value(value) for name, value in stored.items()})
    return await _page(visitor, form)


@post("/account/profile", name="profile_post", guards=[signed_in])
async def save_profile(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Saves the profile. Another language is that of the site and of mails from the next page on."""
    form = await read_form(request, profile_form(visitor))
    check_language(form, visitor.application)
    if not form.is_valid:
        return await _page(visitor, form, 422)
    changes = changes_of(form.data, await request.form(), visitor)
    try:
        await change_profile(visitor, changes, version_of(form))
    except StaleProfile as stale:
        labels = LABELS | labels_of(own_attributes(visitor), visitor.language)
        return stale_page("profile", labels, changes, stale.stored, stale.stored["version"], _words())
    answer = see(request, "profile", flash=Flash(_("Your profile is saved.")))
    if "preferred_language" in changes:
        keep_language(answer, visitor.application, changes["preferred_language"])
    return answer


async def customer_of(visitor: Visitor) -> Customer:
    """The customer for whom the visitor acts. Raises SignInNeeded when it has just been deleted."""
    account = visitor.account
    customer = (
        await Customer.objects().get(Customer.id == account.customer_id) if account is not None else None
    )
    if customer is None:
        raise SignInNeeded
    return customer


def _words() -> dict[str, Callable[[str], str]]:
    """How the codes among the fields are read."""
    return {
        "title": lambda value: _(dict(TITLES).get(value, value)),
        "preferred_language": lambda value: OWN_NAMES.get(value, value),
        "preferred_payment": lambda value: _(payment_name(value)),
    }


async def _page(visitor: Visitor, form: FilledForm[ProfileForm], status_code: int = 200) -> Page:
    customer = await customer_of(visitor)
    stored = await profile_of(visitor)
    attributes = own_attributes(visitor)
    payment = stored["preferred_payment"]
    return Page(
        "account/profile.html",
        status_code=status_code,
        form=form,
        email=visitor.account.email if visitor.account is not None else "",
        customer=customer,
        details=await details_of(customer),
        company=await company_of(customer),
        stored={**stored, "preferred_payment": payment_name(payment) if payment else ""},
        editable=visitor.application.own_profile_fields,
        payments=[(one.id, one.name) for one in payment_providers().values()],
        attributes=shown_attributes(attributes, stored, visitor.language),
    )


routes = [account_page, profile_page, save_profile]
