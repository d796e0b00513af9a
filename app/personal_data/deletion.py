"""Forgetting a person (domain.md 13, Deletion).

What names the person goes. What stays is what the shop must keep or what is not the person's: orders with their
totals, and of these what an invoice needs, which is the name and address of the recipient (German law: UStG 14
and 14b, AO 147; GDPR, article 17, 3 b). An order that is still open also keeps where it goes until it is done;
`forget_finished_orders` comes back for it.
"""

import uuid
from collections.abc import Mapping, Sequence

from app.audit import record
from app.back_office.all_privileges import lock_staff_access
from app.customers.administrators import is_last_administrator
from app.customers.emails import canonical_email
from app.personal_data.forgotten_emails import FORGOTTEN_EMAIL, forget_emails
from app.personal_data.forgotten_entries import forget_entries
from app.personal_data.held_data import own_customers
from app.personal_data.known_as import KnownAs, is_theirs, known_as
from app.personal_data.mentions import Mentions, mentions_of, mentions_until_now
from app.personal_data.people import is_shared, memberships_of
from app.segments.segmentation_services import update_segments_of
from app.sign_in.limits import clear_account
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB


class IsStaff(Exception):
    """The person is a staff member: their work for the shop is ended first, by who looks after the staff."""


class IsLastAdministrator(Exception):
    """Without this person nobody could manage a company; staff say what becomes of it. `companies` are the names."""

    def __init__(self, companies: Sequence[str]) -> None:
        super().__init__(companies)
        self.companies = companies


# Of who was removed by a company, what they have given up by that.
_USER = """
    SELECT coalesce(d.email, u.email) AS email, coalesce(d.login_canonical, u.login_canonical) AS login_canonical
    FROM users u LEFT JOIN departures d ON d."user" = u.id AND d.login <> ''
    WHERE u.id = $1 AND u.anonymised_at IS NULL
"""
_LOCK_USER = f"{_USER} FOR UPDATE OF u"
_LOCK_CUSTOMERS = """
    SELECT FROM customers c
    WHERE c.id IN (SELECT customer FROM memberships WHERE "user" = $1) ORDER BY c.id FOR NO KEY UPDATE
"""
_NAMES = """
    SELECT c.id, c.search_name FROM customers c WHERE c.id IN (SELECT customer FROM memberships WHERE "user" = $1)
"""
_FORGET_USER = """
    UPDATE users SET login = 'deleted-' || id, login_canonical = 'deleted-' || id, email = $2,
        email_canonical = $2, email_verified_at = NULL, password_hash = NULL, password_changed_at = NULL,
        title = '', first_name = '', last_name = '', birthday = NULL, phone = '', fax = '', is_active = false,
        last_signed_in_at = NULL, price_display = '', attributes = '{}', anonymised_at = now(),
        version = version + 1
    WHERE id = $1
"""
_FORGET_CUSTOMER = """
    UPDATE customers SET search_name = '', attributes = '{}', is_active = false, version = version + 1
    WHERE id = $1
"""
# What belongs to a user and to nobody else.
OF_USER = (
    "join_requests",
    "departures",
    "sessions",
    "sign_in_attempts",
    "second_factors",
    "recovery_codes",
    "link_tokens",
    "passkeys",
    "passkey_challenges",
    "sign_in_codes",
    "known_devices",
    "baskets",
    "consents",
)
# Address and name of the invoice stay where there is an invoice, or where one may still be written.
_FORGET_ORDERS = """
    UPDATE orders o SET
        email = $2, email_canonical = $2, buyer_name = '', comment = '', payment_reference = '',
        shipping_address = CASE WHEN o.state IN ('new', 'confirmed') THEN o.shipping_address
                                WHEN {shipped_to_company} THEN o.shipping_address || {no_name}
                                ELSE {emptied_shipping} END,
        billing_address = CASE WHEN o.state <> 'cancelled' OR o.invoice_number IS NOT NULL THEN o.billing_address
                               WHEN {billed_to_company} THEN o.billing_address || {no_name}
                               ELSE {emptied_billing} END
    WHERE {whose}
"""
_IS_OF_COMPANY = "EXISTS (SELECT FROM companies co WHERE co.customer = o.customer)"
_NO_NAME = """'{"first_name": "", "last_name": ""}'::jsonb"""


def _is_of_company(address: str, customer: str) -> str:
    """Whether a copy of an address is the company's, so that only the name in it goes: one that its users share now
    or, as the audit log says, have shared before. Whatever they do not share somebody has entered for themselves; it
    may be where they live."""
    parts = f"({address} ->> 'street', {address} ->> 'postal_code', {address} ->> 'city')"
    return f"""(EXISTS (SELECT FROM addresses a JOIN companies co ON co.customer = a.customer
                        WHERE a.customer = {customer} AND a.membership IS NULL
                          AND (a.street, a.postal_code, a.city) = {parts})
                OR EXISTS (SELECT FROM audit_entries e JOIN companies co ON co.customer = e.customer_id,
                                LATERAL (VALUES (e.before), (e.after)) AS stood(fields)
                           WHERE e.customer_id = {customer} AND e.action LIKE 'address %' AND e.user_id IS NULL
                             AND stood.fields ->> 'is_shared' = 'true'
                             AND (stood.fields ->> 'street', stood.fields ->> 'postal_code', stood.fields ->> 'city')
                                 = {parts}))"""


def _emptied(address: str) -> str:
    # The country stays: it decides the tax.
    return f"""(SELECT coalesce(jsonb_object_agg(f.key, CASE WHEN f.key = 'country' THEN f.value
                                                             ELSE '""'::jsonb END), '{{}}'::jsonb)
                FROM jsonb_each({address}) f)"""


def _forget_orders(whose: str) -> str:
    return _FORGET_ORDERS.format(
        shipped_to_company=_is_of_company("o.shipping_address", "o.customer"),
        billed_to_company=_is_of_company("o.billing_address", "o.customer"),
        no_name=_NO_NAME,
        emptied_shipping=_emptied("o.shipping_address"),
        emptied_billing=_emptied("o.billing_address"),
        whose=whose,
    )


def _forgotten_copy(address: str) -> str:
    return f"""CASE WHEN {_is_of_company(f"({address})", "r.customer")} THEN {address} || {_NO_NAME}
                    ELSE {_emptied(f"coalesce({address}, '{{}}')")} END"""


# What somebody has asked for is never ordered without them; what their company decided on stays with it, without
# their name.
_FORGET_REQUISITIONS = f"""
    UPDATE requisitions r SET
        state = CASE WHEN state = 'pending' THEN 'withdrawn' ELSE state END,
        decided_at = CASE WHEN state = 'pending' THEN now() ELSE decided_at END,
        buyer_name = '', comment = '', version = version + 1,
        checkout = checkout || jsonb_build_object(
            'email', $2::text, 'remarks', '',
            'billing', {_forgotten_copy("r.checkout -> 'billing'")},
            'shipping', {_forgotten_copy("r.checkout -> 'shipping'")})
    WHERE "user" = $1
"""
_FORGET_DECISIONS = "UPDATE requisitions SET decided_by_name = '' WHERE decided_by = $1"
# Only constants of this module are put in.
_OF_USER = _forget_orders(
    'o."user" = $1::uuid OR o.customer = ANY($3::uuid[])'
    f' OR (o."user" IS NULL AND o.customer IS NULL AND {is_theirs("o.email_canonical", "o.placed_at", "$4", "$5")})'
)
_OF_GUEST = _forget_orders(
    '$1::uuid IS NULL AND o."user" IS NULL AND o.customer IS NULL AND o.email_canonical = $3'
)
_DONE_SINCE = _forget_orders(
    "$1::uuid IS NULL AND o.email_canonical = $2 AND o.state NOT IN ('new', 'confirmed')"
    " AND (o.shipping_address->>'first_name' <> '' OR o.shipping_address->>'last_name' <> ''"
    f"     OR (o.shipping_address->>'street' <> '' AND NOT {_IS_OF_COMPANY})"
    "     OR (o.state = 'cancelled' AND o.invoice_number IS NULL"
    "         AND (o.billing_address->>'first_name' <> '' OR o.billing_address->>'last_name' <> ''"
    f"             OR (o.billing_address->>'street' <> '' AND NOT {_IS_OF_COMPANY}))))"
)


# What a provider knows a payment by; it knows it by our key as well, if it is to be given back later.
_FORGET_PAYMENTS = """
    UPDATE payments p SET reference = '' FROM orders o
    WHERE o.id = p."order" AND o.email_canonical = $1 AND o.state NOT IN ('new', 'confirmed')
      AND p.state <> 'releasing' AND p.reference <> ''
"""


async def find_mentions(user_id: uuid.UUID | None, email: str) -> Mentions:
    """Where a user, or a guest with this e-mail, is named: what takes long, and locks nothing."""
    if user_id is not None:
        email = await DB.fetch_value(_USER, user_id) or email
    return await mentions_of(await known_as(user_id, email), is_guest=user_id is None)


async def forget_user(
    user_id: uuid.UUID, visitor: Visitor, *, without_administrator: str = "", found: Mentions | None = None
) -> KnownAs | None:
    """Deletes the personal data of a user, in the current transaction; as what they were known until now, None for
    who is forgotten already. `found` is what `find_mentions` gave a moment ago; without it all of the audit log and
    the outbox is read with the locks held.

    An individual customer is anonymised with its user; of a company only the person leaves. Where that takes the
    company's last administrator, `without_administrator` says what becomes of it: "keep" (staff find another) or
    "disable". Raises IsStaff, IsLastAdministrator.
    """
    await lock_person(user_id)
    user = await DB.fetch_row(_LOCK_USER, user_id)
    if user is None:
        return None
    if await DB.fetch_value(
        'SELECT EXISTS (SELECT FROM staff_members WHERE "user" = $1 AND is_active)', user_id
    ):
        raise IsStaff
    left = await _leave_companies(user_id, visitor, without_administrator)
    await end_sessions_of(user_id)
    own = await own_customers(user_id)
    known = await known_as(user_id, str(user["email"]))
    mentions = await mentions_until_now(known, found, is_guest=False)
    for customer_id in own:
        await _forget_customer(customer_id)
    await DB.execute(_OF_USER, user_id, FORGOTTEN_EMAIL, own, known.emails, known.until)
    await DB.execute(_FORGET_PAYMENTS, FORGOTTEN_EMAIL)
    await DB.execute(_FORGET_REQUISITIONS, user_id, FORGOTTEN_EMAIL)
    await DB.execute(_FORGET_DECISIONS, user_id)
    for table in OF_USER:
        await DB.execute(f'DELETE FROM {table} WHERE "user" = $1', user_id)
    await DB.execute('DELETE FROM staff_members WHERE "user" = $1', user_id)
    await DB.execute(
        "UPDATE personal_data_requests SET finished_by_name = '' WHERE finished_by = $1", user_id
    )
    await DB.execute("UPDATE customer_merges SET merged_by_name = '' WHERE merged_by = $1", user_id)
    await DB.execute("DELETE FROM sign_in_codes WHERE login_canonical = $1", user["login_canonical"])
    await clear_account(user["login_canonical"])
    # What stood before a merge of customers names people; without it the merge cannot be undone any more.
    await DB.execute("DELETE FROM customer_merges WHERE strpos(before::text, $1) > 0", str(user_id))
    await forget_emails(user_id, mentions)
    await DB.execute(_FORGET_USER, user_id, f"deleted-{user_id}@deleted.invalid")
    await forget_entries(user_id, own, mentions)
    for customer_id in sorted(left):
        await update_segments_of(customer_id)
    return known


async def lock_person(user_id: uuid.UUID) -> None:
    """Locks a user who is to be forgotten, with their companies, until the current transaction ends.

    Companies before the person, so that of two administrators who leave at once the second one is seen to be the
    last; baskets before both, as where orders are placed (tables/lock_order.py).
    """
    # Nobody lets a disabled staff member in again meanwhile.
    await lock_staff_access()
    await DB.execute('SELECT FROM baskets WHERE "user" = $1 ORDER BY id FOR UPDATE', user_id)
    await DB.execute(_LOCK_CUSTOMERS, user_id)
    await DB.execute('SELECT FROM memberships WHERE "user" = $1 ORDER BY id FOR UPDATE', user_id)
    await DB.fetch(_LOCK_USER, user_id)
    # Requisitions follow when the memberships go.
    await DB.execute('SELECT FROM orders WHERE "user" = $1 ORDER BY id FOR NO KEY UPDATE', user_id)


async def forget_guest(email: str, found: Mentions | None = None) -> KnownAs:
    """Deletes the personal data of somebody who only ordered as a guest with this e-mail, in the current
    transaction; as what they were known until now. `found` as in `forget_user`."""
    known = await known_as(None, email)
    mentions = await mentions_until_now(known, found, is_guest=True)
    await DB.execute(_OF_GUEST, None, FORGOTTEN_EMAIL, canonical_email(email))
    await DB.execute(_FORGET_PAYMENTS, FORGOTTEN_EMAIL)
    await forget_emails(None, mentions)
    await forget_entries(None, [], mentions)
    return known


async def forget_finished_orders() -> int:
    """Forgets where orders of forgotten people went, once they are no longer open; how many there were. A job of
    the worker."""
    await DB.execute(_FORGET_PAYMENTS, FORGOTTEN_EMAIL)
    return await DB.execute(_DONE_SINCE, None, FORGOTTEN_EMAIL)


async def _leave_companies(
    user_id: uuid.UUID, visitor: Visitor, without_administrator: str
) -> list[uuid.UUID]:
    """Takes the user out of the companies, whose data stays (domain.md 13), and gives these. They are locked."""
    names: Mapping[uuid.UUID, str] = {
        row["id"]: row["search_name"] for row in await DB.fetch(_NAMES, user_id)
    }
    shared = [one for one in await memberships_of(user_id) if is_shared(one)]
    left_alone = [one for one in shared if await is_last_administrator(one["customer"], user_id)]
    if left_alone and without_administrator not in ("keep", "disable"):
        raise IsLastAdministrator([names[one["customer"]] for one in left_alone])
    for one in shared:
        await DB.execute("DELETE FROM memberships WHERE id = $1", one["id"])
        await record("member left", visitor=visitor, user_id=user_id, customer_id=one["customer"])
        if one in left_alone and without_administrator == "disable":
            await DB.execute(
                "UPDATE customers SET is_active = false, version = version + 1 WHERE id = $1", one["customer"]
            )
            await record(
                "customer disabled",
                visitor=visitor,
                customer_id=one["customer"],
                before={"is_active": True},
                after={"is_active": False},
            )
    return [one["customer"] for one in shared]


async def _forget_customer(customer_id: uuid.UUID) -> None:
    """Anonymises a customer that was one person's; its number stays, for its orders. It is in no segment."""
    await DB.execute("DELETE FROM addresses WHERE customer = $1", customer_id)
    await DB.execute("DELETE FROM companies WHERE customer = $1", customer_id)
    await DB.execute("DELETE FROM baskets WHERE customer = $1", customer_id)
    await DB.execute("DELETE FROM segment_members WHERE customer = $1", customer_id)
    await DB.execute("UPDATE approval_requests SET comment = '' WHERE customer = $1", customer_id)
    await DB.execute(_FORGET_CUSTOMER, customer_id)
