"""Addresses of a customer, and every rule about them (domain.md 6).

Shared addresses belong to the customer; personal ones to one membership. One shared address is preferred for
billing and one for shipping; somebody of a company may prefer another one for themselves (domain.md 1, Membership).
That one is always preferred, and that the last one stays, is therefore a rule of the shared addresses: a company
whose only address is somebody's own has none that all of its users could order to, and who has it may take it away.
Each change locks the customer first, so that two at once see each other.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.access import NotPermitted
from app.audit import record
from app.customers.countries import printed_lines
from app.errors import Conflict
from app.languages import current_language
from app.segments.segmentation_services import update_segments_of
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

Kind = Literal["billing", "shipping"]
KINDS: tuple[Kind, ...] = ("billing", "shipping")


class AddressMissing(LookupError):
    """The customer has no such address; somebody else's is missing just the same."""


class AddressIsPreferred(Exception):
    """A preferred address cannot be deleted: another one must be preferred first (domain.md 6)."""


class AddressIsLast(Exception):
    """The last address cannot be deleted at all (domain.md 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDetails:
    """Where something goes. `country` is an ISO 3166 code."""

    street: str
    country: str
    company_name: str = ""
    first_name: str = ""
    last_name: str = ""
    street_2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    phone: str = ""

    @property
    def lines(self) -> list[str]:
        """As its country prints it, in the language of the current request where it names the country."""
        return printed_lines(asdict(self), current_language.get())


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAddress(AddressDetails):
    """An address that a customer has."""

    id: uuid.UUID
    is_personal: bool
    is_preferred_billing: bool
    is_preferred_shipping: bool
    version: int
    # What the person whose book it is prefers for themselves.
    is_own_billing: bool = False
    is_own_shipping: bool = False

    @property
    def in_the_way(self) -> list[Kind]:
        """For what it is preferred, by the customer or by who owns it: as long as it is, it cannot be deleted."""
        by = "own" if self.is_personal else "preferred"
        return [one for one in KINDS if getattr(self, f"is_{by}_{one}")]


class StaleAddress(Conflict):
    """Somebody else has changed the address meanwhile; `stored` is what it is now."""

    def __init__(self, stored: StoredAddress) -> None:
        super().__init__(stored.id)
        self.stored = stored


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBook:
    """The addresses that one person may see: everything about addresses goes through it.

    `membership_id` is None where the customer has no personal addresses (the single user of an individual).
    """

    customer_id: uuid.UUID
    membership_id: uuid.UUID | None = None
    # Whether the person may change what the customer's users share.
    may_change_shared: bool = True
    # Who acts, for the audit log; nobody when the program does.
    visitor: Visitor | None = None

    def may_change(self, address: StoredAddress) -> bool:
        """Whether the person may edit or delete an address of the book: their own, or shared ones if allowed."""
        return address.is_personal or self.may_change_shared

    def prefers_for_all(self, address: StoredAddress) -> bool:
        """Whether the person prefers this address for all of the customer, and not for themselves only."""
        return self.may_change_shared and not address.is_personal

    def kinds_to_prefer(self, address: StoredAddress, addresses: Sequence[StoredAddress]) -> list[Kind]:
        """For what the person may still prefer this one of the book's addresses."""
        if self.prefers_for_all(address):
            return [
                one
                for one in KINDS
                if preferred(addresses, one) != address or not getattr(address, f"is_preferred_{one}")
            ]
        return [one for one in KINDS if self.membership_id and preferred(addresses, one) != address]


FIELDS = (
    "company_name",
    "first_name",
    "last_name",
    "street",
    "street_2",
    "postal_code",
    "city",
    "region",
    "country",
    "phone",
)
_COLUMNS = f"""
    id, membership IS NOT NULL AS is_personal, is_preferred_billing, is_preferred_shipping, version,
    {", ".join(FIELDS)}
"""
# Of a book that has no personal addresses nobody prefers anything for themselves.
_OWN = """
    , coalesce(id = (SELECT preferred_billing FROM memberships WHERE id = $2), false) AS is_own_billing
    , coalesce(id = (SELECT preferred_shipping FROM memberships WHERE id = $2), false) AS is_own_shipping
"""
_IN_BOOK = "customer = $1 AND (membership IS NULL OR membership = $2)"
_ORDER = "ORDER BY membership NULLS FIRST, created_at, id"
_ALL = f"SELECT {_COLUMNS} {_OWN} FROM addresses WHERE {_IN_BOOK} {_ORDER}"
_ONE = f"SELECT {_COLUMNS} {_OWN} FROM addresses WHERE {_IN_BOOK} AND id = $3"
_INSERT = f"""
    INSERT INTO addresses (id, customer, membership, is_preferred_billing, is_preferred_shipping, version,
                           created_at, {", ".join(FIELDS)})
    VALUES ($1, $2, $3, $4, $4, 1, now(), {", ".join(f"${n}" for n in range(5, 5 + len(FIELDS)))})
"""
_UPDATE = f"""
    UPDATE addresses SET version = version + 1, {", ".join(f"{name} = ${n}" for n, name in enumerate(FIELDS, 2))}
    WHERE id = $1
"""
_HAS_SHARED = "SELECT EXISTS (SELECT FROM addresses WHERE customer = $1 AND membership IS NULL)"
_COUNT_SHARED = "SELECT count(*) FROM addresses WHERE customer = $1 AND membership IS NULL"


async def addresses_of(book: AddressBook) -> list[StoredAddress]:
    """All addresses of the book, shared ones first, oldest first: the first one is the contact address."""
    return [StoredAddress(**row) for row in await DB.fetch(_ALL, book.customer_id, book.membership_id)]


async def address_of(book: AddressBook, address_id: uuid.UUID) -> StoredAddress:
    """One address. Raises AddressMissing, also for a foreign one (security.md, Authorisation)."""
    row = await DB.fetch_row(_ONE, book.customer_id, book.membership_id, address_id)
    if row is None:
        raise AddressMissing(address_id)
    return StoredAddress(**row)


async def add_address(book: AddressBook, details: AddressDetails, *, is_personal: bool = False) -> uuid.UUID:
    """Adds an address and gives its id. The first shared one becomes preferred for billing and shipping.

    Raises NotPermitted for a shared address of somebody who may not change them.
    """
    if is_personal and book.membership_id is None:
        is_personal = False
    if not is_personal and not book.may_change_shared:
        raise NotPermitted
    async with DB.transaction():
        await _lock(book.customer_id)
        is_first = not is_personal and not await DB.fetch_value(_HAS_SHARED, book.customer_id)
        key = new_key()
        await DB.execute(
            _INSERT,
            key,
            book.customer_id,
            book.membership_id if is_personal else None,
            is_first,
            *_values(details),
        )
        await _record(book, "address added", after=details, is_personal=is_personal)
        await update_segments_of(book.customer_id)
        return key


async def keep_address(book: AddressBook, details: AddressDetails) -> uuid.UUID:
    """The id of this address in the book, where it is added unless it stands there already, word for word.

    It is for everybody of the customer if the person may change what they share, else the person's own.
    """
    async with DB.transaction():
        await _lock(book.customer_id)
        for one in await addresses_of(book):
            if _values(one) == _values(details):
                return one.id
        return await add_address(book, details, is_personal=not book.may_change_shared)


async def change_address(
    book: AddressBook, address_id: uuid.UUID, details: AddressDetails, version: int | None = None
) -> None:
    """Overwrites an address that still has the version that was read (None: whatever it has).

    Raises AddressMissing, NotPermitted, StaleAddress.
    """
    async with DB.transaction():
        stored = await _locked(book, address_id)
        if version is not None and stored.version != version:
            raise StaleAddress(stored)
        await DB.execute(_UPDATE, address_id, *_values(details))
        await _record(book, "address changed", stored, details, is_personal=stored.is_personal)
        await update_segments_of(book.customer_id)


async def delete_address(book: AddressBook, address_id: uuid.UUID) -> None:
    """Deletes an address. Raises AddressMissing, NotPermitted, AddressIsLast, AddressIsPreferred."""
    async with DB.transaction():
        stored = await _locked(book, address_id)
        await check_deletable(book, stored)
        await DB.execute("DELETE FROM addresses WHERE id = $1", address_id)
        await _record(book, "address deleted", stored, is_personal=stored.is_personal)
        await update_segments_of(book.customer_id)


async def check_deletable(book: AddressBook, address: StoredAddress) -> None:
    """Raises AddressIsLast or AddressIsPreferred for an address that has to stay as things are now."""
    if not address.is_personal and await DB.fetch_value(_COUNT_SHARED, book.customer_id) == 1:
        raise AddressIsLast
    # The only one of its owner, a personal one, is preferred to nothing.
    if address.in_the_way and len(await addresses_of(book)) > 1:
        raise AddressIsPreferred


def preferred(addresses: Sequence[StoredAddress], kind: Kind) -> StoredAddress | None:
    """The address of a book that is preferred: by the person for themselves, else by the customer; None without."""
    own = (one for one in addresses if getattr(one, f"is_own_{kind}"))
    of_customer = (one for one in addresses if getattr(one, f"is_preferred_{kind}"))
    return next(own, None) or next(of_customer, None)


async def prefer_address(book: AddressBook, address_id: uuid.UUID, kind: Kind) -> None:
    """Makes an address the preferred one of a kind, instead of the one that was.

    A shared one becomes it for all of the customer if the person may change what they share; else, like a personal
    one, for the person only. Raises AddressMissing, and NotPermitted where there is nobody to prefer it.
    """
    async with DB.transaction():
        await _lock(book.customer_id)
        stored = await address_of(book, address_id)
        for_all = book.prefers_for_all(stored)
        if not for_all and book.membership_id is None:
            raise NotPermitted
        if for_all:
            await _prefer_for_all(book, kind, address_id)
        if book.membership_id is not None:
            follows = for_all or getattr(stored, f"is_preferred_{kind}")
            await _prefer_for_oneself(book.membership_id, kind, None if follows else address_id)
        await _record(book, f"address preferred for {kind}", after=stored, is_personal=stored.is_personal)


async def _prefer_for_all(book: AddressBook, kind: Kind, address_id: uuid.UUID) -> None:
    column = f"is_preferred_{kind}"
    # First the old one: the database refuses two of a kind.
    await DB.execute(
        f"UPDATE addresses SET {column} = false WHERE customer = $1 AND {column} AND id <> $2",
        book.customer_id,
        address_id,
    )
    await DB.execute(f"UPDATE addresses SET {column} = true WHERE id = $1", address_id)


async def _prefer_for_oneself(membership_id: uuid.UUID, kind: Kind, address_id: uuid.UUID | None) -> None:
    """None: as the customer prefers."""
    await DB.execute(f"UPDATE memberships SET preferred_{kind} = $2 WHERE id = $1", membership_id, address_id)


async def _locked(book: AddressBook, address_id: uuid.UUID) -> StoredAddress:
    await _lock(book.customer_id)
    stored = await address_of(book, address_id)
    if not book.may_change(stored):
        raise NotPermitted
    return stored


async def _lock(customer_id: uuid.UUID) -> None:
    await DB.execute("SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE", customer_id)


async def _record(
    book: AddressBook,
    action: str,
    before: AddressDetails | None = None,
    after: AddressDetails | None = None,
    *,
    is_personal: bool,
) -> None:
    """Of a personal address the entry names whose it is, so that it goes with the person (domain.md 13)."""
    owner = (
        await DB.fetch_value('SELECT "user" FROM memberships WHERE id = $1', book.membership_id)
        if is_personal
        else None
    )
    await record(
        action,
        visitor=book.visitor,
        user_id=owner,
        customer_id=book.customer_id,
        before=_named(book, before, is_personal),
        after=_named(book, after, is_personal),
    )


def _named(book: AddressBook, details: AddressDetails | None, is_personal: bool) -> dict[str, object]:
    if details is None:
        return {}
    fields: dict[str, object] = dict(zip(FIELDS, _values(details), strict=True))
    # Where there are both; entries that do not say it are older than the name of an owner in them.
    return fields if book.membership_id is None else fields | {"is_shared": not is_personal}


def _values(details: AddressDetails) -> list[Any]:
    return [getattr(details, name) for name in FIELDS]
