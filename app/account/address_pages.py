"""The addresses of a signed-in person's customer (domain.md 6, pages.md)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import NotPermitted, SignInNeeded, signed_in
from app.account.stale_edit import stale_page, version_of
from app.customers.address_form import (
    DeliverableAddressForm,
    address_details,
    asked_address,
    typed_so_far,
)
from app.customers.addresses import (
    FIELDS,
    AddressBook,
    AddressIsLast,
    AddressIsPreferred,
    AddressMissing,
    Kind,
    StaleAddress,
    StoredAddress,
    add_address,
    address_of,
    addresses_of,
    change_address,
    check_deletable,
    delete_address,
    prefer_address,
)
from app.customers.countries import country_name
from app.customers.permissions import Permission, visitor_may
from app.customers.types import Extension, customer_type_of
from app.field_labels import FIELD_LABELS
from app.flash import Flash
from app.forms import Choice, FilledForm, Flag, Form, blank, read_form
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor

LABELS = {name: FIELD_LABELS[name] for name in FIELDS}


class NewAddressForm(DeliverableAddressForm):
    """A new address: of a company's user it may be their own or one that all share."""

    is_personal: Annotated[bool, Flag()]


class PreferForm(Form):
    """What an address shall be preferred for."""

    kind: Annotated[str, Choice(options=(("billing", text("billing")), ("shipping", text("shipping"))))]


@get("/account/addresses", name="addresses", guards=[signed_in])
async def addresses_page(visitor: CurrentVisitor) -> Page:
    """All addresses that the person may use."""
    return await _list_page(address_book_of(visitor))


@get("/account/addresses/new", name="new_address", guards=[signed_in])
async def new_address_page(visitor: CurrentVisitor) -> Page:
    """An empty address form, with the person's name in it."""
    account = visitor.account
    form = blank(
        NewAddressForm,
        first_name=account.first_name if account is not None else "",
        last_name=account.last_name if account is not None else "",
        company_name=account.company_name if account is not None else "",
        country=visitor.application.default_country,
    )
    return _form_page(visitor, form)


@post("/account/addresses/new", name="new_address_post", guards=[signed_in])
async def save_new_address(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Adds an address."""
    form = await read_form(request, NewAddressForm)
    if "change_country" in request.query_params:
        return _form_page(visitor, typed_so_far(NewAddressForm, form))
    if not form.is_valid:
        return _form_page(visitor, form, status_code=422)
    book = address_book_of(visitor)
    # Who may not change what the company shares adds addresses of their own.
    is_personal = form.data.is_personal or not book.may_change_shared
    await add_address(book, address_details(form.data), is_personal=is_personal)
    return see(request, "addresses", flash=Flash(_("The address is saved.")))


@get("/account/addresses/{address_id:uuid}", name="address", guards=[signed_in])
async def address_page(visitor: CurrentVisitor, address_id: FromPath[uuid.UUID]) -> Page:
    """One address, ready to be changed."""
    stored = await _address_to_change(address_book_of(visitor), address_id)
    known = {name: getattr(stored, name) for name in FIELDS}
    form = blank(DeliverableAddressForm, **known, version=str(stored.version))
    return _form_page(visitor, form, stored)


@post("/account/addresses/{address_id:uuid}", name="address_post", guards=[signed_in])
async def save_address(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, address_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Saves a changed address."""
    book = address_book_of(visitor)
    stored = await _address_to_change(book, address_id)
    form = await read_form(request, DeliverableAddressForm)
    if "change_country" in request.query_params:
        return _form_page(visitor, typed_so_far(DeliverableAddressForm, form), stored)
    if not form.is_valid:
        return _form_page(visitor, form, stored, 422)
    details = address_details(form.data)
    try:
        await change_address(book, address_id, details, version_of(form))
    except AddressMissing:
        raise NotFoundException from None
    except StaleAddress as stale:
        typed = {name: getattr(details, name) for name in FIELDS}
        now = {name: getattr(stale.stored, name) for name in FIELDS}
        words = {"country": lambda code: country_name(code, visitor.language)}
        version = stale.stored.version
        return stale_page("address", LABELS, typed, now, version, words, address_id=address_id)
    return see(request, "addresses", flash=Flash(_("The address is saved.")))


@get("/account/addresses/{address_id:uuid}/delete", name="delete_address", guards=[signed_in])
async def delete_address_page(visitor: CurrentVisitor, address_id: FromPath[uuid.UUID]) -> Page:
    """Asks before an address is deleted, or says at once why it has to stay."""
    book = address_book_of(visitor)
    stored = await _address_to_change(book, address_id)
    try:
        await check_deletable(book, stored)
    except (AddressIsLast, AddressIsPreferred) as reason:
        return await _address_stays(book, stored, reason, 200)
    return Page("account/delete_address.html", address=stored, problem="", others=[], book=book, kinds={})


@post("/account/addresses/{address_id:uuid}/delete", name="delete_address_post", guards=[signed_in])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, address_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes an address, or says why it has to stay."""
    book = address_book_of(visitor)
    stored = await _address_to_change(book, address_id)
    try:
        await delete_address(book, address_id)
    except AddressMissing:
        raise NotFoundException from None
    except (AddressIsLast, AddressIsPreferred) as reason:
        return await _address_stays(book, stored, reason, 422)
    return see(request, "addresses", flash=Flash(_("The address is deleted.")))


@post("/account/addresses/{address_id:uuid}/prefer", name="prefer_address", guards=[signed_in])
async def prefer(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, address_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Makes an address the preferred one for billing or shipping."""
    book = address_book_of(visitor)
    form = await read_form(request, PreferForm)
    if not form.is_valid:
        return await _list_page(book, form.error("kind"), 422)
    kind = form.data.kind
    try:
        await prefer_address(book, address_id, "billing" if kind == "billing" else "shipping")
    except AddressMissing:
        raise NotFoundException from None
    said = (
        _("This address is now preferred for invoices.")
        if kind == "billing"
        else _("This address is now preferred for deliveries.")
    )
    return see(request, "addresses", flash=Flash(said))


def address_book_of(visitor: Visitor) -> AddressBook:
    """The addresses of the customer for whom the visitor acts; users of a company have personal ones too."""
    account = visitor.account
    if account is None or account.customer_id is None:
        raise SignInNeeded
    is_group = customer_type_of(account.customer_type).applies(Extension.GROUP)
    return AddressBook(
        customer_id=account.customer_id,
        membership_id=account.membership_id if is_group else None,
        may_change_shared=visitor_may(visitor, Permission.MANAGE_COMPANY),
        visitor=visitor,
    )


async def _address_to_change(book: AddressBook, address_id: uuid.UUID) -> StoredAddress:
    """The address for its pages: missing like a foreign one, or seen by all and changed by those who may."""
    try:
        stored = await address_of(book, address_id)
    except AddressMissing:
        raise NotFoundException from None
    if not book.may_change(stored):
        raise NotPermitted
    return stored


def _form_page(
    visitor: Visitor, form: FilledForm[Any], stored: StoredAddress | None = None, status_code: int = 200
) -> Page:
    return Page(
        "account/address.html",
        status_code=status_code,
        form=form,
        stored=stored,
        book=address_book_of(visitor),
        **asked_address(form, "", visitor),
    )


async def _address_stays(
    book: AddressBook, stored: StoredAddress, reason: Exception, status_code: int
) -> Page:
    """Why an address cannot be deleted, with the way out: others that can be preferred instead."""
    if isinstance(reason, AddressIsLast):
        problem = _("This is your only address; it can be changed, but not deleted.")
    else:
        problem = _("This address is preferred. Please prefer another one first, then delete this one.")
    addresses = await addresses_of(book)
    offered = _kinds(book, addresses)
    # Of the customer's own only a shared one can be preferred for all.
    others = [
        one
        for one in addresses
        if one.id != stored.id
        and isinstance(reason, AddressIsPreferred)
        and (stored.is_personal or not one.is_personal)
    ]
    return Page(
        "account/delete_address.html",
        status_code=status_code,
        address=stored,
        problem=problem,
        others=others,
        book=book,
        # Nothing else has to be changed to get there.
        kinds={key: [one for one in kinds if one in stored.in_the_way] for key, kinds in offered.items()},
    )


async def _list_page(book: AddressBook, problem: str | None = None, status_code: int = 200) -> Page:
    addresses = await addresses_of(book)
    return Page(
        "account/addresses.html",
        status_code=status_code,
        book=book,
        addresses=addresses,
        kinds=_kinds(book, addresses),
        problem=problem,
    )


def _kinds(book: AddressBook, addresses: list[StoredAddress]) -> dict[uuid.UUID, list[Kind]]:
    """For what each of the addresses may be preferred."""
    return {one.id: book.kinds_to_prefer(one, addresses) for one in addresses}


routes = [
    addresses_page,
    new_address_page,
    save_new_address,
    address_page,
    save_address,
    delete_address_page,
    delete,
    prefer,
]
