"""The visitor: who asks, recognised by one query for session, user, membership, customer and versions."""

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from app.access import Account, NotPermitted, Refusal, refusal
from app.applications import Application
from app.customers.types import CustomerType, Extension, all_customer_types
from app.segments.audience import (
    Audience,
    RecognisedCustomer,
    audience_of_customer,
    audience_of_stranger,
    with_group_of_organisation,
)
from app.segments.membership import nearest_group
from tables.engine import DB

# A session ends when it was not used for so long (security.md, Sessions).
IDLE_DAYS_CUSTOMER = 14
IDLE_MINUTES_STAFF = 30
# Before sensitive changes a person proves anew who they are, unless they just did (security.md, Sign-in).
MINUTES_OF_AUTHENTICATION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOfVisitor:
    """The session that the visitor's cookie names. Times are UTC."""

    id: uuid.UUID
    signed_in_at: datetime | None
    authenticated_at: datetime | None
    # Whether the person proved within the last minutes who they are, by the clock of the database.
    is_authenticated_recently: bool
    is_used_recently: bool


@dataclass(frozen=True, slots=True)
class BasketSummary:
    """What the header tells of the basket: pieces, and what they came to when they were last looked at, in minor
    units on the side that is charged (None where some were not looked at yet). Whether there is tax in it is known
    where it is said (app/basket/mini_basket.py)."""

    pieces: int = 0
    total: int | None = None
    includes_tax: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks for a page, and what the application knows of them."""

    application: Application
    language: str
    versions: dict[str, int] = field(default_factory=dict)
    session: SessionOfVisitor | None = None
    account: Account | None = None
    # Why a person with a session may not use this application now; None for everybody else.
    refusal: Refusal | None = None
    # Known where a customer is signed in, and nothing else of it decides what its users see.
    customer: RecognisedCustomer | None = None
    # "net" or "gross" where somebody who is not recognised has chosen, else "".
    price_display: str = ""
    basket: BasketSummary = field(default_factory=BasketSummary)
    # What `audience` was found to be: it is asked for many times.
    _audience: list[Audience] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def is_signed_in(self) -> bool:
        """Whether the person is recognised and may use this application."""
        return self.account is not None and self.refusal is None

    @property
    def is_staff(self) -> bool:
        """Whether a staff member is signed in to a back office."""
        return self.is_signed_in and self.application.is_back_office

    @property
    def name(self) -> str:
        """What the person is called; "" for strangers."""
        return self.account.name if self.account is not None and self.is_signed_in else ""

    @property
    def customer_name(self) -> str:
        """The company of the signed-in person; "" where the customer has none."""
        return self.account.company_name if self.account is not None and self.is_signed_in else ""

    @property
    def customer_types(self) -> tuple[CustomerType, ...]:
        """The active customer types: the customer's own if known, else those that the application admits."""
        if self.is_signed_in and self.account is not None and self.account.customer_type:
            own = all_customer_types().get(self.account.customer_type)
            return (own,) if own is not None else ()
        return self.application.login

    @property
    def audience(self) -> Audience:
        """Whose prices, products and contents the visitor sees; of strangers also where a session is refused."""
        if not self._audience:
            self._audience.append(self._find_audience())
        return self._audience[0]

    @property
    def is_charged_net(self) -> bool:
        """Whether what this visitor buys is added up from net amounts: as the customer type reckons, whatever the
        person has chosen to be shown, so that choosing never changes what is to be paid."""
        if self.is_signed_in and self.customer is not None:
            return audience_of_customer(self.application, replace(self.customer, price_display="")).is_net
        return audience_of_stranger(self.application).is_net

    def _find_audience(self) -> Audience:
        if self.is_signed_in and self.customer is not None:
            return audience_of_customer(self.application, self.customer)
        return audience_of_stranger(self.application, self.price_display)

    def may(self, privilege: str) -> bool:
        """Whether the staff member has a privilege of the back office."""
        return self.is_staff and self.account is not None and privilege in self.account.privileges


# How a route asks for the visitor: `visitor: CurrentVisitor`. Litestar need not check what we made ourselves.
CurrentVisitor = NamedDependency[SkipValidation[Visitor]]


def hash_of_session_token(token: str) -> bytes:
    """What is stored of a session cookie: its SHA-256, 32 bytes (security.md, Sessions)."""
    return hashlib.sha256(token.encode()).digest()


# Pieces, and what they came to; a sum with a price that was never shown is none.
_BASKET = """(
           SELECT ARRAY[sum(l.quantity),
                        CASE WHEN count(*) = count(l.seen_price) THEN sum(l.quantity * l.seen_price) END]
           FROM baskets b JOIN basket_lines l ON l.basket = b.id WHERE {})"""

_VISITOR = f"""
SELECT v.versions,
       s.id AS session_id, s.signed_in_at, s.authenticated_at,
       coalesce(s.authenticated_at > now() - interval '{MINUTES_OF_AUTHENTICATION} minutes', false)
           AS is_authenticated_recently,
       s.last_used_at > now() - interval '1 minute' AS is_used_recently,
       u.id AS user_id, u.login, u.email, u.first_name, u.last_name, u.preferred_language,
       u.is_active AS user_is_active, u.email_verified_at IS NOT NULL AS email_is_verified, u.session_epoch,
       m.id AS membership_id, m.is_active AS membership_is_active, m.roles,
       c.id AS customer_id, c.number AS customer_number, c.customer_type, c.approval_status,
       c.is_active AS customer_is_active,
       co.company_name,
       st.is_active AS staff_is_active, st.privileges, st.organisation AS branch,
       f.id IS NOT NULL AS has_second_factor,
       u.price_display, c.recurring_since IS NOT NULL AS is_recurring,
       -- The union of the services that are active here; unless said otherwise that is the standard one.
       ARRAY(SELECT DISTINCT sm.segment FROM segment_members sm
             LEFT JOIN segmentation_services sv ON sv.application = $2 AND sv.service = sm.service
             WHERE sm.customer = c.id AND coalesce(sv.is_active, sm.service = 'standard')
               AND (sm.expires_at IS NULL OR sm.expires_at > now())) AS custom_segments,
       (SELECT a.country FROM addresses a
        WHERE a.customer = c.id AND a.membership IS NULL AND a.is_preferred_shipping) AS country,
       EXISTS (SELECT FROM targets t WHERE t.customer = c.id) AS is_target,
       -- Only what something is aimed at tells visitors apart, so that all others share what is kept for them.
       ARRAY(SELECT DISTINCT t.organisation FROM targets t WHERE t.organisation = ANY(o.path)
             ORDER BY t.organisation) AS organisations,
       ARRAY(SELECT k.id FROM contracts k
             WHERE k.customer = c.id AND k.starts_on <= (now() AT TIME ZONE $4)::date
               AND (k.ends_on IS NULL OR k.ends_on >= (now() AT TIME ZONE $4)::date)
               AND EXISTS (SELECT FROM targets t WHERE t.contract = k.id) ORDER BY k.id) AS contracts,
       -- That of the nearest organisation above; it wins over the customer's own (domain.md 11).
       {nearest_group("o.path")} AS customer_group,
       ARRAY(SELECT g.id FROM segments g WHERE o.id IS NOT NULL AND g.is_customer_group) AS customer_groups,
       s.view_as_role,
       (SELECT count(*) FROM memberships other WHERE other."user" = u.id AND other.is_active) AS memberships,
       {_BASKET.format('b.application = $2 AND b."user" = u.id AND b.customer = c.id')} AS basket
       {{more}}
FROM (SELECT coalesce(jsonb_object_agg(subject, number), '{{{{}}}}')::text AS versions FROM data_versions) v
LEFT JOIN (sessions s JOIN users u ON u.id = s."user" AND u.session_epoch = s.session_epoch)
       ON s.token_hash = $1 AND s.application = $2 AND s.expires_at > now()
      AND s.last_used_at > now() - CASE WHEN $3::boolean THEN interval '{IDLE_MINUTES_STAFF} minutes'
                                        ELSE interval '{IDLE_DAYS_CUSTOMER} days' END
LEFT JOIN memberships m ON m.id = s.membership
LEFT JOIN customers c ON c.id = m.customer
LEFT JOIN companies co ON co.customer = c.id
LEFT JOIN organisations o ON o.id = c.organisation
LEFT JOIN staff_members st ON st."user" = u.id
LEFT JOIN second_factors f ON f."user" = u.id AND f.confirmed_at IS NOT NULL
"""  # only constants of this module are put in
# What only some applications and visitors need; the server takes its time to prepare whatever a query may need.
_OF_STAFF = (
    ", EXISTS (SELECT FROM account_managers am WHERE am.staff_member = st.id) AS looks_after_customers"
)
_ROLES_OF_GROUPS = """,
       ARRAY(SELECT r.id::text || ' ' || array_to_string(r.permissions, ' ')
             FROM company_roles r WHERE r.customer = c.id) AS own_roles,
       ARRAY(SELECT unnest(a.roles) FROM memberships a JOIN users p ON p.id = a."user" AND p.is_active
             WHERE a.stand_in = m.id AND a.customer = m.customer AND a.is_active
               AND a.stand_in_from <= now() AND a.stand_in_until > now()) AS roles_stood_in_for
"""
_OF_GROUPS = f"""{_ROLES_OF_GROUPS},
       CASE WHEN s.view_as_role <> '' THEN
           (SELECT r.name FROM company_roles r WHERE r.customer = c.id AND r.id::text = s.view_as_role)
       END AS view_as_role_name
"""
_ACCESS_NOW = f"""
SELECT u.is_active AS user_is_active, u.email_verified_at IS NOT NULL AS email_is_verified,
       m.is_active AS membership_is_active, m.roles,
       c.customer_type, c.approval_status, c.is_active AS customer_is_active {_ROLES_OF_GROUPS}
FROM memberships m JOIN users u ON u.id = m."user" JOIN customers c ON c.id = m.customer
WHERE m.id = $1 AND m."user" = $2 AND m.customer = $3
"""  # only constants of this module are put in
_OF_COOKIE = f", {_BASKET.format('b.token_hash = $5 AND b.application = $2')} AS basket_of_cookie"


@cache
def _visitor_query(*, of_staff: bool, of_groups: bool, with_cookie: bool) -> str:
    wanted = ((_OF_STAFF, of_staff), (_OF_GROUPS, of_groups), (_OF_COOKIE, with_cookie))
    return _VISITOR.format(more="".join(part for part, is_wanted in wanted if is_wanted))


_VERSIONS = "SELECT coalesce(jsonb_object_agg(subject, number), '{}')::text AS versions FROM data_versions"
_VERSIONS_AND_BASKET = f"""
SELECT v.versions, {_BASKET.format("b.token_hash = $1 AND b.application = $2")} AS basket_of_cookie
FROM ({_VERSIONS}) v
"""


async def recognise(
    application: Application,
    session_token: str | None,
    language: str,
    price_display: str = "",
    basket_token: str | None = None,
) -> Visitor:
    """The visitor behind a session cookie; a stranger without one, or with one that is no session here.

    `price_display` is what this browser has chosen, "" if nothing; an account's own choice comes before it.
    Raises tables.engine.DatabaseUnavailable.
    """
    hash_of_basket = hash_of_session_token(basket_token) if basket_token else None
    if session_token is None:
        found = (
            await DB.fetch_row(_VERSIONS)
            if hash_of_basket is None
            else await DB.fetch_row(_VERSIONS_AND_BASKET, hash_of_basket, application.id)
        )
        return Visitor(
            application=application,
            language=language,
            versions=_versions(found),
            price_display=price_display,
            basket=_basket_of(found, "basket_of_cookie"),
        )
    query = _visitor_query(
        of_staff=application.is_back_office,
        of_groups=any(one.applies(Extension.GROUP) for one in application.login),
        with_cookie=hash_of_basket is not None,
    )
    row = await DB.fetch_row(
        query,
        hash_of_session_token(session_token),
        application.id,
        application.is_back_office,
        application.time_zone,
        *((hash_of_basket,) if hash_of_basket is not None else ()),
    )
    if row is None or row["session_id"] is None:
        return Visitor(
            application=application,
            language=language,
            versions=_versions(row),
            price_display=price_display,
            basket=_basket_of(row, "basket_of_cookie"),
        )
    account = account_of(row)
    session = SessionOfVisitor(
        id=row["session_id"],
        signed_in_at=row["signed_in_at"],
        authenticated_at=row["authenticated_at"],
        is_authenticated_recently=row["is_authenticated_recently"],
        is_used_recently=row["is_used_recently"],
    )
    reason = refusal(application, account, second_factor_shown=session.signed_in_at is not None)
    # Who may not yet use the application cannot change the language of the account, only that of the browser.
    chosen = row["preferred_language"] if reason is None else language
    return Visitor(
        application=application,
        language=chosen if chosen in application.languages else language,
        versions=_versions(row),
        session=session,
        account=account,
        refusal=reason,
        customer=_customer_of(row),
        price_display=price_display,
        # Who may not use the application is a stranger to it, with a stranger's basket.
        basket=_basket_of(row, "basket" if reason is None else "basket_of_cookie"),
    )


async def with_access_as_of_now(visitor: Visitor) -> Visitor:
    """The visitor with what decides what they may do for their customer, as it has become since the request came in.
    Raises NotPermitted where they act for it no more."""
    before = visitor.account
    if before is None:
        raise NotPermitted
    row = await DB.fetch_row(_ACCESS_NOW, before.membership_id, before.user_id, before.customer_id)
    if row is None:
        raise NotPermitted
    row |= {"roles": tuple(row["roles"]), **_roles_of_groups(row)}
    account = msgspec.structs.replace(before, **row)
    is_shown = visitor.session is not None and visitor.session.signed_in_at is not None
    reason = refusal(visitor.application, account, second_factor_shown=is_shown)
    return replace(visitor, account=account, refusal=reason)


def account_of(row: dict[str, Any]) -> Account:
    """The account that a row of user, membership, customer, company and staff member describes."""
    return Account(
        user_id=row["user_id"],
        login=row["login"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        user_is_active=row["user_is_active"],
        session_epoch=row["session_epoch"],
        email_is_verified=row["email_is_verified"],
        membership_id=row["membership_id"],
        membership_is_active=bool(row["membership_is_active"]),
        roles=tuple(row["roles"] or ()),
        customer_id=row["customer_id"],
        customer_number=row["customer_number"] or "",
        customer_type=row["customer_type"] or "",
        customer_is_active=bool(row["customer_is_active"]),
        approval_status=row["approval_status"] or "",
        company_name=row["company_name"] or "",
        staff_is_active=row["staff_is_active"],
        privileges=frozenset(row["privileges"] or ()),
        has_second_factor=row["has_second_factor"],
        **_roles_of_groups(row),
        view_as_role=row.get("view_as_role") or "",
        view_as_role_name=row.get("view_as_role_name") or "",
        memberships=row.get("memberships") or 1,
        branch=row.get("branch"),
        looks_after_customers=bool(row.get("looks_after_customers")),
    )


def _roles_of_groups(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "own_roles": {role: frozenset(may) for role, *may in map(str.split, row.get("own_roles") or ())},
        "roles_stood_in_for": tuple(row.get("roles_stood_in_for") or ()),
    }


def _customer_of(row: dict[str, Any]) -> RecognisedCustomer | None:
    if row["customer_id"] is None:
        return None
    return RecognisedCustomer(
        customer_id=row["customer_id"],
        customer_type=row["customer_type"],
        is_recurring=row["is_recurring"],
        custom_segments=with_group_of_organisation(
            frozenset(row["custom_segments"]), row["customer_group"], row["customer_groups"]
        ),
        price_display=row["price_display"],
        country=row["country"] or "",
        is_target=row["is_target"],
        organisations=frozenset(row["organisations"]),
        contracts=frozenset(row["contracts"]),
    )


def _basket_of(row: dict[str, Any] | None, column: str) -> BasketSummary:
    pieces, total = (row.get(column) if row is not None else None) or (None, None)
    return BasketSummary(int(pieces or 0), int(total) if total is not None else None)


def _versions(row: dict[str, Any] | None) -> dict[str, int]:
    return msgspec.json.decode(row["versions"], type=dict[str, int]) if row is not None else {}
