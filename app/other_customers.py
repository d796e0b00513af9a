"""Several customers, one login: what a link names may belong to another customer than the one acted for now.

A link in a mail leads into one company, and who opens it may act for another one just then. They are offered to
switch; for everybody else what the link names is missing (domain.md 10).
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from app.access import Account, Refusal, refusal
from app.applications import Application
from app.links import links_of
from app.visitor import Visitor, account_of
from tables.engine import DB

_MEMBERSHIPS = """
    SELECT u.id AS user_id, u.login, u.email, u.first_name, u.last_name, u.is_active AS user_is_active,
           u.email_verified_at IS NOT NULL AS email_is_verified, u.session_epoch,
           m.id AS membership_id, m.is_active AS membership_is_active, m.roles,
           c.id AS customer_id, c.number AS customer_number, c.customer_type, c.approval_status,
           c.is_active AS customer_is_active, co.company_name,
           ARRAY(SELECT r.id::text || ' ' || array_to_string(r.permissions, ' ')
                 FROM company_roles r WHERE r.customer = c.id) AS own_roles,
           ARRAY(SELECT unnest(a.roles) FROM memberships a
                 WHERE a.stand_in = m.id AND a.customer = m.customer AND a.is_active
                   AND a.stand_in_from <= now() AND a.stand_in_until > now()) AS roles_stood_in_for,
           NULL::boolean AS staff_is_active, NULL::text[] AS privileges, false AS has_second_factor
    FROM memberships m JOIN users u ON u.id = m."user" JOIN customers c ON c.id = m.customer
    LEFT JOIN companies co ON co.customer = c.id
    WHERE m."user" = $1 ORDER BY lower(co.company_name), c.number
"""


class OfOtherCustomer(Exception):
    """What was asked for is there for another of the person's customers, who has this number."""

    def __init__(self, number: str) -> None:
        super().__init__(number)
        self.number = number


async def accounts_of(visitor: Visitor) -> list[tuple[Account, Refusal | None]]:
    """The visitor as a member of each of their customers, by name, and why they may not act for it here."""
    if visitor.account is None:
        return []
    rows = await DB.fetch(_MEMBERSHIPS, visitor.account.user_id)
    return [
        (one, refusal(visitor.application, one, second_factor_shown=True)) for one in map(account_of, rows)
    ]


async def look_elsewhere(
    visitor: Visitor, look: Callable[[Visitor], Awaitable[object]], missing: type[Exception]
) -> None:
    """Looks for what is missing at the customer acted for now as if the visitor acted for their others.

    `look` is the function that did not find it, with its checks: only what the person may see there is found.
    Raises OfOtherCustomer; comes back where it is missing everywhere.
    """
    if visitor.account is None or not visitor.is_signed_in or visitor.account.memberships < 2:
        return
    for account, reason in await accounts_of(visitor):
        if reason is not None or account.customer_id == visitor.account.customer_id:
            continue
        try:
            await look(replace(visitor, account=account, customer=None))
        except missing:
            continue
        raise OfOtherCustomer(account.customer_number)


def url_within(application: Application, customer_number: str, name: str, /, **values: Any) -> str:
    """The absolute address of a page, for mails, that is meant for one customer: whoever acts for another of
    theirs is offered to switch first."""
    links = links_of(application)
    if "switch_customer" not in links.names:
        return links.url(name, **values)
    return links.url("switch_customer", customer=customer_number, next=links.path(name, **values))
