"""The audience: the full set of things that decide what one visitor sees (domain.md 1)."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache

from app.applications import Application
from app.customers.types import CustomerType, all_customer_types
from app.segments.implicit import (
    EVERYONE,
    NEW_USERS,
    RECURRING_USERS,
    REGISTERED_USERS,
    UNREGISTERED_USERS,
    implicit_segment_of,
)

NET, GROSS = "net", "gross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What decides what a visitor sees. Two visitors of equal audience see the same: everything that is kept for
    visitors is keyed by it.

    `customer_id` is known only where something is aimed at this very customer, so that all others share what is
    kept; whoever wants to know the customer asks `visitor.account`. `country` is where taxes are due (ISO 3166),
    `is_net` whether prices are shown without them.
    """

    application_id: str
    segments: frozenset[str]
    customer_id: uuid.UUID | None = None
    # Those above the customer at which something is aimed, and the valid contracts that bring something.
    organisations: frozenset[uuid.UUID] = frozenset()
    contracts: frozenset[uuid.UUID] = frozenset()
    is_net: bool = False
    currency: str = "EUR"
    country: str = "DE"
    # Of the shop: its tax is due where a member state has no rates (app/prices/tax.py).
    home_country: str = "DE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedCustomer:
    """What the visitor's query found out about the customer of somebody who is signed in."""

    customer_id: uuid.UUID
    customer_type: str
    is_recurring: bool
    # Those that a segmentation service that is active in the application says, and that have not expired.
    custom_segments: frozenset[str] = field(default_factory=frozenset)
    # "net" or "gross" where the person has chosen, else "".
    price_display: str = ""
    # Of the preferred shipping address; "" while there is none.
    country: str = ""
    is_target: bool = False
    organisations: frozenset[uuid.UUID] = frozenset()
    contracts: frozenset[uuid.UUID] = frozenset()


def audience_of_stranger(application: Application, price_display: str = "") -> Audience:
    """The audience of somebody who is not recognised: not registered, or registered and not signed in.

    `price_display` is what they have chosen, "" if nothing. Else prices are gross unless the application admits
    none but customers who see them net: consumers must not be shown prices without tax.
    """
    return _stranger(
        application, _chosen(price_display, all(one.price_display == NET for one in _types(application)))
    )


def audience_of_customer(application: Application, customer: RecognisedCustomer) -> Audience:
    """The audience of somebody who is recognised."""
    customer_type = all_customer_types().get(customer.customer_type)
    is_net = customer_type is not None and customer_type.price_display == NET
    return Audience(
        application_id=application.id,
        segments=segments_of(customer_type, is_recurring=customer.is_recurring)
        | {REGISTERED_USERS.id}
        | customer.custom_segments,
        customer_id=customer.customer_id if customer.is_target else None,
        organisations=customer.organisations,
        contracts=customer.contracts,
        is_net=_chosen(customer.price_display, is_net),
        currency=application.currency,
        country=customer.country or application.default_country,
        home_country=application.default_country,
    )


def with_group_of_organisation(
    segments: frozenset[str], group_of_organisation: str | None, all_groups: Collection[str]
) -> frozenset[str]:
    """The segments of a customer whose organisation (or the nearest above it) has a customer group: that group
    wins over the customer's own. None or "" where it has none: the segments as they are."""
    if not group_of_organisation:
        return segments
    return (segments - frozenset(all_groups)) | {group_of_organisation}


@cache
def segments_of(customer_type: CustomerType | None, *, is_recurring: bool) -> frozenset[str]:
    """The implicit segments that a customer is in whoever comes: Everyone, its type's, New or Recurring.

    None is a customer whose type is no longer installed.
    """
    own = {implicit_segment_of(customer_type).id} if customer_type is not None else set()
    return frozenset({EVERYONE.id, (RECURRING_USERS if is_recurring else NEW_USERS).id, *own})


@cache
def _stranger(application: Application, is_net: bool) -> Audience:
    return Audience(
        application_id=application.id,
        segments=frozenset({EVERYONE.id, UNREGISTERED_USERS.id}),
        is_net=is_net,
        currency=application.currency,
        country=application.default_country,
        home_country=application.default_country,
    )


def _types(application: Application) -> tuple[CustomerType, ...]:
    # The back office admits no customers; its staff see what consumers would.
    return application.login or tuple(all_customer_types().values())


def _chosen(price_display: str, otherwise: bool) -> bool:
    return price_display == NET if price_display in (NET, GROSS) else otherwise
