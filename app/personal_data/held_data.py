"""Everything that is held about a person, table by table (domain.md 13, Export).

A test walks all tables with a link to a person and fails for one that stands neither in EXPORTED nor in
NOT_EXPORTED.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.languages import text
from app.personal_data.known_as import is_mail_to_them, is_theirs, known_as
from app.personal_data.people import is_shared, memberships_of
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class Section:
    """What of one table is a person's: its English title and a query with the names :user, :customers (the
    person's own, not those shared with others), :emails (by which they were ever known) and :until."""

    title: str
    sql: str


def _theirs(email: str, at: str) -> str:
    return is_theirs(email, at, ":emails", ":until")


_OWN_ORDERS = f"""
    (o."user" = :user OR o.customer = ANY(:customers)
     OR (o."user" IS NULL AND o.customer IS NULL AND {_theirs("o.email_canonical", "o.placed_at")}))
"""
# Before there is a user, an entry names an e-mail.
_ABOUT = f"""
    (user_id = :user OR customer_id = ANY(:customers)
     OR (user_id IS NULL AND {_theirs("lower(coalesce(before ->> 'email', after ->> 'email'))", "happened_at")}))
"""
_OWN_BASKETS = '(b."user" = :user)'

EXPORTED: Mapping[str, Section] = {
    "users": Section(
        text("You"),
        """SELECT u.id, coalesce(d.login, u.login) AS login, coalesce(d.email, u.email) AS email,
                  u.email_verified_at, u.password_changed_at, u.title, u.first_name, u.last_name, u.birthday, u.phone,
                  u.fax, u.preferred_language, u.is_active, u.last_signed_in_at, u.price_display, u.attributes,
                  u.created_at
           FROM users u LEFT JOIN departures d ON d."user" = u.id AND d.login <> '' WHERE u.id = :user""",
    ),
    "customers": Section(
        text("You as a customer"),
        """SELECT c.number, c.customer_type, c.approval_status, c.is_active, c.application, c.search_name,
                  c.attributes, o.name AS organisation, c.first_order_at, c.recurring_since, c.created_at
           FROM customers c LEFT JOIN organisations o ON o.id = c.organisation WHERE c.id = ANY(:customers)""",
    ),
    "companies": Section(
        text("Your company"),
        """SELECT company_name, company_name_2, taxation_id, industry, description
           FROM companies WHERE customer = ANY(:customers)""",
    ),
    "memberships": Section(
        text("Whom you act for"),
        # Of addresses only those that the person may use: an id may be left of one that is another company's.
        """SELECT c.number AS customer_number, c.search_name AS customer, m.roles, m.is_active, m.department,
                  m.position, m.business_partner_number, m.preferred_payment,
                  (SELECT concat(street, ', ', city) FROM addresses a WHERE a.id = m.preferred_billing
                   AND a.customer = m.customer AND (a.membership IS NULL OR a.membership = m.id))
                  AS preferred_billing,
                  (SELECT concat(street, ', ', city) FROM addresses a WHERE a.id = m.preferred_shipping
                   AND a.customer = m.customer AND (a.membership IS NULL OR a.membership = m.id))
                  AS preferred_shipping,
                  m.created_at
           FROM memberships m JOIN customers c ON c.id = m.customer WHERE m."user" = :user ORDER BY m.created_at""",
    ),
    "addresses": Section(
        text("Addresses"),
        """SELECT company_name, first_name, last_name, street, street_2, postal_code, city, region, country, phone,
                  is_preferred_billing, is_preferred_shipping, created_at
           FROM addresses
           WHERE customer = ANY(:customers)
              OR membership IN (SELECT id FROM memberships WHERE "user" = :user) ORDER BY created_at, id""",
    ),
    "approval_requests": Section(
        text("Your application to us"),
        """SELECT opened_at, decided_at, decision, comment
           FROM approval_requests WHERE customer = ANY(:customers) OR decided_by = :user ORDER BY opened_at""",
    ),
    "consents": Section(
        text("What you agreed to"),
        """SELECT kind, is_given, document_version, application, recorded_at
           FROM consents WHERE "user" = :user ORDER BY recorded_at, id""",
    ),
    "orders": Section(
        text("Orders"),
        f"""SELECT number, application, placed_at, state, buyer_name, email, language, billing_address,
                   shipping_address, shipping_name, payment_method, payment_reference, currency, items_total,
                   discount_total, shipping_total, net_total, tax_total, gross_total, taxes, promotions, comment,
                   shipped_at, withdrawn_at, invoice_number, invoiced_at, seller, cancellation_number,
                   cancellation_at, credit_note_number, credit_note_at
            FROM orders o WHERE {_OWN_ORDERS} ORDER BY placed_at, id""",
    ),
    "order_lines": Section(
        text("What you ordered"),
        f"""SELECT o.number AS order_number, l.sku, l.name, l.quantity, l.unit, o.currency, l.unit_price,
                   l.discount, l.line_total, l.tax_rate, l.price_explanation
            FROM order_lines l JOIN orders o ON o.id = l."order" WHERE {_OWN_ORDERS}
            ORDER BY o.placed_at, o.id, l.position""",
    ),
    "payments": Section(
        text("Payments"),
        f"""SELECT o.number AS order_number, p.provider AS payment_method, p.reference AS payment_reference,
                   p.currency, p.amount AS gross_total, p.state, p.asked_at, p.released_at
            FROM payments p JOIN orders o ON o.id = p."order" WHERE {_OWN_ORDERS} ORDER BY o.placed_at, p.asked_at""",
    ),
    "requisitions": Section(
        text("Requisitions"),
        """SELECT number, application, created_at, state, buyer_name, comment, checkout, currency, net_total,
                  gross_total, expires_at, decided_at, decision_comment
           FROM requisitions WHERE "user" = :user ORDER BY created_at, id""",
    ),
    "requisition_lines": Section(
        text("What you asked to order"),
        """SELECT r.number, l.sku, l.name, l.quantity, l.unit, r.currency, l.unit_price, l.line_total
           FROM requisition_lines l JOIN requisitions r ON r.id = l.requisition
           WHERE r."user" = :user ORDER BY r.created_at, r.id, l.position""",
    ),
    "order_templates": Section(
        text("Your order templates"),
        """SELECT name, is_shared, created_at FROM order_templates WHERE "user" = :user ORDER BY created_at, id""",
    ),
    "order_template_lines": Section(
        text("What your order templates hold"),
        """SELECT t.name AS template, p.sku, l.quantity
           FROM order_template_lines l JOIN order_templates t ON t.id = l.template JOIN products p ON p.id = l.product
           WHERE t."user" = :user ORDER BY t.created_at, t.id, l.position""",
    ),
    "invitations": Section(
        text("Invitations to you"),
        f"""SELECT c.search_name AS company, i.email, i.first_name, i.last_name, i.language, i.created_at, i.sent_at,
                  i.expires_at, i.accepted_at, i.revoked_at
           FROM invitations i JOIN customers c ON c.id = i.customer
           WHERE {_theirs("i.email_canonical", "i.created_at")} ORDER BY i.created_at""",
    ),
    "join_requests": Section(
        text("Companies that you asked to join"),
        """SELECT c.search_name AS company, j.state, j.comment, j.requested_at, j.decided_at
           FROM join_requests j JOIN customers c ON c.id = j.customer
           WHERE j."user" = :user ORDER BY j.requested_at""",
    ),
    "departures": Section(
        text("Companies that have removed you"),
        """SELECT c.number AS customer_number, c.search_name AS customer, d.login, d.email, d.removed_at,
                  d.kept_until, d.membership -> 'roles' AS roles, d.membership ->> 'department' AS department,
                  d.membership ->> 'position' AS position,
                  d.membership ->> 'business_partner_number' AS business_partner_number,
                  d.membership ->> 'preferred_payment' AS preferred_payment, d.addresses
           FROM departures d JOIN customers c ON c.id = d.customer WHERE d."user" = :user ORDER BY d.removed_at""",
    ),
    "user_imports": Section(
        text("Lists of people that you brought in"),
        """SELECT i.file_name, i.state, i.lines, i.lines_done, i.created_at, i.finished_at
           FROM user_imports i JOIN memberships m ON m.id = i.started_by
           WHERE m."user" = :user ORDER BY i.created_at""",
    ),
    "promotion_uses": Section(
        text("Promotions that you used"),
        f"""SELECT promotion, order_number, used_at FROM promotion_uses
            WHERE {_theirs("used_by", "used_at")} OR used_by = ANY(:customers::text[])
            ORDER BY used_at""",
    ),
    "baskets": Section(
        text("Your baskets"),
        f"""SELECT application, promotion_code, checkout, changed_at FROM baskets b WHERE {_OWN_BASKETS}""",
    ),
    "basket_lines": Section(
        text("What lies in your baskets"),
        f"""SELECT b.application, p.sku, l.quantity, l.created_at
            FROM basket_lines l JOIN baskets b ON b.id = l.basket JOIN products p ON p.id = l.product
            WHERE {_OWN_BASKETS}""",
    ),
    "segment_members": Section(
        text("Customer segments"),
        """SELECT m.segment, s.name, m.service, m.origin, m.expires_at, m.created_at
           FROM segment_members m LEFT JOIN segments s ON s.id = m.segment WHERE m.customer = ANY(:customers)""",
    ),
    "targets": Section(
        text("What is aimed at you alone"),
        "SELECT kind, owner FROM targets WHERE customer = ANY(:customers)",
    ),
    "sessions": Section(
        text("Where you are signed in"),
        """SELECT application, signed_in_at, authenticated_at, last_used_at, expires_at, user_agent, address_family
           FROM sessions WHERE "user" = :user ORDER BY created_at""",
    ),
    "sign_in_attempts": Section(
        text("Your sign-ins of the last 90 days"),
        """SELECT attempted_at, application, outcome, method, user_agent, address_family
           FROM sign_in_attempts WHERE "user" = :user ORDER BY attempted_at""",
    ),
    "known_devices": Section(
        text("Devices that we recognise"),
        """SELECT user_agent, first_used_at, last_used_at
           FROM known_devices WHERE "user" = :user ORDER BY first_used_at""",
    ),
    "second_factors": Section(
        text("Your authenticator"),
        'SELECT created_at, confirmed_at FROM second_factors WHERE "user" = :user',
    ),
    "recovery_codes": Section(
        text("Your recovery codes"),
        """SELECT count(*) AS codes, count(used_at) AS used FROM recovery_codes
           WHERE "user" = :user HAVING count(*) > 0""",
    ),
    "passkeys": Section(
        text("Your passkeys"),
        'SELECT name, host, created_at, last_used_at FROM passkeys WHERE "user" = :user ORDER BY created_at',
    ),
    "link_tokens": Section(
        text("Links that were made for you"),
        """SELECT purpose, application, details, created_at, expires_at, used_at, revoked_at
           FROM link_tokens WHERE "user" = :user ORDER BY created_at""",
    ),
    "sign_in_codes": Section(
        text("Sign-in codes that were mailed to you"),
        """SELECT application, requested_at, answered_at, expires_at, used_at
           FROM sign_in_codes WHERE "user" = :user ORDER BY requested_at""",
    ),
    "reminder_requests": Section(
        text("Reminders that wait to be sent"),
        f"""SELECT email, application, wants_user_name, requested_at
           FROM reminder_requests WHERE {_theirs("email_canonical", "requested_at")}""",
    ),
    "outbox_mails": Section(
        text("Mails that we sent to you"),
        f"""SELECT created_at, sent_at, application, kind, to_email, to_name, subject
            FROM outbox_mails o WHERE {is_mail_to_them(":user", ":emails", ":until")} ORDER BY created_at, id""",
    ),
    "personal_data_requests": Section(
        text("Your requests about personal data"),
        f"""SELECT number, kind, state, origin, email, requested_at, confirmed_at, due_at, finished_at, comment
           FROM personal_data_requests
           WHERE "user" = :user OR ("user" IS NULL AND {_theirs("email_canonical", "requested_at")})
           ORDER BY requested_at""",
    ),
    "staff_members": Section(
        text("Your work for us"),
        'SELECT privileges, is_active, created_at FROM staff_members WHERE "user" = :user',
    ),
    "audit_entries": Section(
        text("What was recorded about changes"),
        # What somebody did for others is about these others; of it the person gets that it was done.
        f"""SELECT happened_at, action, application,
                   CASE WHEN {_ABOUT} THEN before ELSE '{{}}' END AS before,
                   CASE WHEN {_ABOUT} THEN after ELSE '{{}}' END AS after,
                   CASE WHEN {_ABOUT} THEN reason ELSE '' END AS reason
            FROM audit_entries WHERE {_ABOUT} OR actor_id = :user ORDER BY happened_at, id""",
    ),
}
# Tables with a link to a person that the archive leaves out, and why.
NOT_EXPORTED: Mapping[str, str] = {
    "account_managers": "who of the shop looks after a company: the company's and the shop's, not a person's",
    "company_roles": "what roles a company has made; which of them somebody has stands with the memberships",
    "contracts": "agreements with a company, which stay the company's",
    "customer_merges": "a company's rows as they stood before; what names a person goes with the person",
    "user_import_lines": "other people of a list, who are not the one who brought it in",
    "passkey_challenges": "random bytes that live five minutes and say nothing about anybody",
}


async def held_data(user_id: uuid.UUID | None, email: str) -> dict[str, list[dict[str, Any]]]:
    """What is held about a user, or about a guest with this e-mail, by table; times as ISO 8601, amounts in minor
    units of the currency beside them. Tables that hold nothing are left out."""
    own = await own_customers(user_id)
    known = await known_as(user_id, email)
    found: dict[str, list[dict[str, Any]]] = {}
    for table, section in EXPORTED.items():
        rows = await _rows(section.sql, user=user_id, customers=own, emails=known.emails, until=known.until)
        if rows:
            found[table] = rows
    return found


async def own_customers(user_id: uuid.UUID | None) -> list[uuid.UUID]:
    """The customers that are nobody's but this user's; a company's data is not one person's."""
    if user_id is None:
        return []
    return [one["customer"] for one in await memberships_of(user_id) if not is_shared(one)]


_TYPES = {"user": "uuid", "customers": "uuid[]", "emails": "text[]", "until": "timestamptz[]"}


async def _rows(sql: str, **values: object) -> list[dict[str, Any]]:
    numbered, used = _numbered(sql, values)
    stored = await DB.fetch_value(f"SELECT coalesce(json_agg(x), '[]')::text FROM ({numbered}) x", *used)
    return msgspec.json.decode(stored, type=list[dict[str, Any]])


def _numbered(sql: str, values: Mapping[str, object]) -> tuple[str, list[object]]:
    """A query of a section with numbers for its names, and the values in their order."""
    used: list[object] = []

    def parameter(found: re.Match[str]) -> str:
        used.append(values[found[1]])
        return f"${len(used)}::{_TYPES[found[1]]}"

    return re.sub(rf"(?<!:):({'|'.join(_TYPES)})\b", parameter, sql), used
