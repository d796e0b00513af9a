"""What belongs to a customer, and how it follows when two customers are merged (domain.md 9).

FOLLOWS, MEMBERSHIP_LINKS and STAYS name every column of the database that points to a customer, a user or a
membership; a test fails for one that is in none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.languages import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """How rows of a table follow to the customer that stays (t: a row of the one that goes, k: one of the other).

    `title` is what they are called in the preview, "" for what goes without saying. Rows that are `doubled` are
    left out, for the other customer has them already. `changes` is what changes besides the customer, by column.
    """

    title: str = ""
    column: str = "customer"
    doubled: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)


def _same(table: str, *columns: str) -> str:
    """Whether the other customer has a row with these columns."""
    equal = " AND ".join(f'k."{one}" = t."{one}"' for one in columns)
    return f"EXISTS (SELECT FROM {table} k WHERE k.customer = :kept AND {equal})"


_OPEN_INVITATION = "{one}.accepted_at IS NULL AND {one}.revoked_at IS NULL"
# In the order in which they run.
FOLLOWS: Mapping[str, Follow] = {
    "memberships": Follow(
        title=text("Users"),
        # Who is in both keeps the place that they have at the one that stays, with its roles and limits.
        doubled=_same("memberships", "user"),
        # Nobody may sign in by a merge who could not before.
        changes={
            "is_active": "t.is_active AND (SELECT c.is_active AND c.approval_status = 'approved'"
            " FROM customers c WHERE c.id = :gone)"
        },
    ),
    "addresses": Follow(
        title=text("Addresses"),
        # There is one preferred address of a kind (domain.md 6): that of the one that stays.
        changes={
            f"is_preferred_{kind}": f"t.is_preferred_{kind} AND NOT EXISTS (SELECT FROM addresses k"
            f" WHERE k.customer = :kept AND k.is_preferred_{kind})"
            for kind in ("billing", "shipping")
        },
    ),
    "orders": Follow(title=text("Orders")),
    "requisitions": Follow(title=text("Requisitions")),
    "order_templates": Follow(title=text("Order templates")),
    "contracts": Follow(title=text("Contracts")),
    "segment_members": Follow(
        title=text("Segments"),
        # Rules are asked anew for the one that stays.
        doubled=f"t.origin = 'rule' OR {_same('segment_members', 'segment', 'service', 'origin')}",
    ),
    "targets": Follow(title=text("Offers aimed at the customer"), doubled=_same("targets", "kind", "owner")),
    "account_managers": Follow(
        title=text("Account managers"), doubled=_same("account_managers", "staff_member")
    ),
    "invitations": Follow(
        title=text("Invitations"),
        # One open invitation of a company for an e-mail.
        changes={
            "revoked_at": f"CASE WHEN {_OPEN_INVITATION.format(one='t')} AND EXISTS (SELECT FROM invitations k"
            f" WHERE k.customer = :kept AND k.email_canonical = t.email_canonical"
            f" AND {_OPEN_INVITATION.format(one='k')}) THEN now() ELSE t.revoked_at END"
        },
    ),
    "join_requests": Follow(
        doubled=f"t.state = 'pending' AND ({_same('join_requests', 'user', 'state')}"
        f" OR {_same('memberships', 'user')})"
    ),
    "company_roles": Follow(
        title=text("Roles"),
        # A company has one role of a name; what the other may do is not the same.
        changes={
            "name": f"CASE WHEN {_same('company_roles', 'name')} THEN left(t.name, 55) || ' ('"
            " || (SELECT c.number FROM customers c WHERE c.id = :gone) || ')' ELSE t.name END"
        },
    ),
    "baskets": Follow(doubled=_same("baskets", "user", "application")),
    "approval_requests": Follow(),
    "user_imports": Follow(),
    "link_tokens": Follow(),
    "personal_data_requests": Follow(),
    # Former users can be brought back from the one that stays.
    "departures": Follow(),
    "customer_merges": Follow(column="kept"),
}
# What points to the place of somebody who is in both points to the place that stays.
MEMBERSHIP_LINKS = (
    ("addresses", "membership"),
    ("requisitions", "membership"),
    ("invitations", "invited_by"),
    ("user_imports", "started_by"),
    ("memberships", "stand_in"),
)
_OF_PERSON = "users stay who they are; only where they belong changes"
STAYS: Mapping[str, str] = {
    "companies.customer": "the company of the one that stays is the company; the other's goes with it",
    "listed_members.membership": "the database keeps it as memberships and users are",
    "sessions.membership": "sessions follow their membership; of people in both they end",
    **dict.fromkeys(
        (
            "approval_requests.decided_by",
            "baskets.user",
            "consents.user",
            "departures.removed_by",
            "departures.user",
            "join_requests.decided_by",
            "join_requests.user",
            "known_devices.user",
            "link_tokens.user",
            "memberships.user",
            "order_templates.user",
            "orders.user",
            "passkey_challenges.user",
            "passkeys.user",
            "personal_data_requests.user",
            "recovery_codes.user",
            "requisitions.decided_by",
            "requisitions.user",
            "second_factors.user",
            "sessions.user",
            "sign_in_attempts.user",
            "sign_in_codes.user",
            "staff_members.user",
        ),
        _OF_PERSON,
    ),
}
