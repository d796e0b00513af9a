"""Inviting people to a company by mail: sending, sending again, taking back (domain.md 10).

The link of the mail carries the signed id of a row of `invitations`; the row decides whether the link works.
`invitations_accepting.py` is the other end.
"""

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.access import AuthenticationNeeded
from app.applications import Application
from app.audit import record
from app.company_users.managing import ChangeRefused, Managing, Rule, managing
from app.company_users.proving_to_grant import needs_proof
from app.company_users.roles import Role, recorded_names, together
from app.customers.emails import canonical_email
from app.customers.limits import Limits, limits_of
from app.errors import Conflict
from app.links import links_of
from app.mail.outbox import Letter, queue_mails
from app.settings import settings
from app.sign_in.sent_twice import MINUTES, is_sent_twice
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

# Answered and expired invitations are kept for so many days: the company's history tells of them afterwards.
KEPT_DAYS = 180


class Outcome(StrEnum):
    """What became of the wish to invite somebody."""

    INVITED = "invited"
    ALREADY_MEMBER = "already_member"
    ALREADY_INVITED = "already_invited"
    # A second time in the same list.
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitee:
    """Somebody to be invited. Limits are net minor units, None for unlimited (domain.md 10)."""

    email: str
    first_name: str = ""
    last_name: str = ""
    language: str = "en"
    roles: tuple[str, ...] = ()
    order_limit: int | None = None
    budget_amount: int | None = None
    budget_period: str = ""

    @property
    def name(self) -> str:
        """First and last name, "" where none was given."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def limits(self) -> Limits:
        """What the person may spend."""
        return Limits(
            order_limit=self.order_limit,
            budget_amount=self.budget_amount,
            budget_period=self.budget_period,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inviter:
    """Who invites, as the mail says it, and for which company."""

    membership_id: uuid.UUID
    customer_id: uuid.UUID
    name: str
    company: str


_INVITER = """
    SELECT m.id AS membership_id, m.customer AS customer_id,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name,
           coalesce(nullif(co.company_name, ''), nullif(c.search_name, ''), c.number) AS company
    FROM memberships m JOIN users u ON u.id = m."user" JOIN customers c ON c.id = m.customer
    LEFT JOIN companies co ON co.customer = c.id
    WHERE m.id = $1
"""
_MEMBERS = """
    SELECT u.email_canonical FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND u.email_canonical = ANY($2::text[])
"""
# An invitation that has expired gives way to a new one; one that still works stays as it is.
_INSERT = """
    INSERT INTO invitations (id, customer, application, email, email_canonical, first_name, last_name, language,
                             roles, order_limit, budget_amount, budget_period, invited_by, created_at, sent_at,
                             expires_at)
    SELECT n.id, $1, $2, n.email, n.canonical, n.first_name, n.last_name, n.language,
           string_to_array(n.roles, ' '), n.order_limit, n.budget_amount, n.budget_period, $3, now(), now(),
           now() + $4 * interval '1 minute'
    FROM unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                $12::bigint[], $13::bigint[], $14::text[])
         AS n(id, email, canonical, first_name, last_name, language, roles, order_limit, budget_amount,
              budget_period)
    ON CONFLICT (customer, email_canonical) WHERE accepted_at IS NULL AND revoked_at IS NULL
    DO UPDATE SET application = excluded.application, email = excluded.email, first_name = excluded.first_name,
        last_name = excluded.last_name, language = excluded.language, roles = excluded.roles,
        order_limit = excluded.order_limit, budget_amount = excluded.budget_amount,
        budget_period = excluded.budget_period, invited_by = excluded.invited_by,
        created_at = excluded.created_at, sent_at = excluded.sent_at, expires_at = excluded.expires_at
    WHERE invitations.expires_at <= now()
    RETURNING id, email_canonical
"""
_JUST_INVITED = f"""
    SELECT email_canonical FROM invitations
    WHERE customer = $1 AND invited_by = $2 AND created_at > now() - interval '{MINUTES + 1} minutes'
"""  # only constants are put in
_SEND_AGAIN = """
    UPDATE invitations SET sent_at = now(), expires_at = now() + $4 * interval '1 minute', invited_by = $2,
        application = $3
    WHERE id = $1
"""
_REVOKE = "UPDATE invitations SET revoked_at = now() WHERE id = $1"
# Not twice within a minute: a double click sends one mail.
_OF_COMPANY = """
    SELECT email, first_name, last_name, language, roles, accepted_at, revoked_at, order_limit, budget_amount,
           budget_period,
           sent_at > now() - interval '1 minute' AS is_just_sent
    FROM invitations WHERE id = $1 AND customer = $2 FOR UPDATE
"""

_DELETE_OLD = f"""
    DELETE FROM invitations
    WHERE coalesce(accepted_at, revoked_at, expires_at) < now() - interval '{KEPT_DAYS} days'
"""  # only constants of this module are put in


async def invite(visitor: Visitor, invitees: Sequence[Invitee], sending: str) -> list[Outcome]:
    """Invites people to the company for which the visitor acts; what became of each, in their order. The second
    click of two is answered as the first.

    Raises NotPermitted, and ChangeRefused for roles and LimitsRefused for limits that the visitor may not grant;
    nobody is invited then.
    """
    async with managing(visitor) as change:
        is_double_click = await is_sent_twice(sending)
        for roles in {one.roles for one in invitees}:
            refuse_roles(change.roles, roles, change.may)
        for limits in {one.limits for one in invitees}:
            change.refuse_to_grant_limits(limits)
        inviter = await inviter_of(change.membership_id)
        outcomes = await write_invitations(inviter, visitor.application, invitees)
        for one, outcome in zip(invitees, outcomes, strict=True):
            if outcome is Outcome.INVITED:
                await record(
                    "user invited",
                    visitor=visitor,
                    customer_id=change.customer_id,
                    after={"email": one.email, "roles": recorded_names(change.roles, one.roles)},
                )
        return await _of_first_click(change, invitees, outcomes) if is_double_click else outcomes


async def send_again(visitor: Visitor, invitation_id: uuid.UUID) -> str | None:
    """Sends an invitation's mail once more, with a new time to live; who sends it answers for its roles now.

    The e-mail; None where it has just been sent. Raises LookupError for an invitation that is not the
    company's, Conflict for one that was accepted or taken back, NotPermitted and ChangeRefused, and
    AuthenticationNeeded where inviting with these roles would need a proof.
    """
    async with managing(visitor) as change:
        row = await _locked(change, invitation_id)
        if row["is_just_sent"]:
            return None
        refuse_roles(change.roles, row["roles"], change.may)
        change.refuse_to_grant_limits(limits_of(row))
        if await needs_proof(visitor, row["roles"]):
            raise AuthenticationNeeded
        application = visitor.application
        minutes = application.invitation_minutes
        await DB.execute(_SEND_AGAIN, invitation_id, change.membership_id, application.id, minutes)
        shown = {name: row[name] for name in ("email", "first_name", "last_name", "language")}
        inviter = await inviter_of(change.membership_id)
        letter = _letter(inviter, application, invitation_id, Invitee(**shown))
        await queue_mails(application, "invitation", [letter])
        await record(
            "invitation sent again",
            visitor=visitor,
            customer_id=change.customer_id,
            after={"email": row["email"]},
        )
        return str(row["email"])


async def revoke(visitor: Visitor, invitation_id: uuid.UUID) -> str:
    """Takes an invitation back: its link works no more. The e-mail.

    Raises LookupError for an invitation that is not the company's, Conflict for one that was accepted or taken
    back already, NotPermitted.
    """
    async with managing(visitor) as change:
        row = await _locked(change, invitation_id)
        await DB.execute(_REVOKE, invitation_id)
        await record(
            "invitation taken back",
            visitor=visitor,
            customer_id=change.customer_id,
            before={"email": row["email"]},
        )
        return str(row["email"])


async def delete_old_invitations() -> int:
    """Forgets invitations that were answered or expired long ago, with the names in them; how many."""
    return await DB.execute(_DELETE_OLD)


def refuse_roles(roles: Collection[Role], wanted: Collection[str], may: Collection[Any]) -> None:
    """Nobody grants more than they have, and nothing that the company does not know. Raises ChangeRefused."""
    if not wanted or not set(wanted) <= {one.id for one in roles}:
        raise ChangeRefused(Rule.UNKNOWN_ROLE)
    if not together(roles, wanted) <= frozenset(may):
        raise ChangeRefused(Rule.NO_MORE_THAN_OWN)


async def inviter_of(membership_id: uuid.UUID) -> Inviter:
    """What the mails of an inviter say. Raises LookupError for a membership that is gone."""
    row = await DB.fetch_row(_INVITER, membership_id)
    if row is None:
        raise LookupError(f"no membership {membership_id}")
    return Inviter(**row)


async def write_invitations(
    inviter: Inviter, application: Application, invitees: Sequence[Invitee]
) -> list[Outcome]:
    """Writes invitations and queues their mails, in the current transaction; what became of each.

    Whether the inviter may grant the roles is for the caller to ask. A fixed number of queries.
    """
    canonical = [canonical_email(one.email) for one in invitees]
    members = {
        row["email_canonical"] for row in await DB.fetch(_MEMBERS, inviter.customer_id, list(set(canonical)))
    }
    # The first of each address; in a constant order, so that two who invite the same people do not lock up.
    fresh = sorted(
        ((email, index) for index, email in enumerate(canonical) if email not in members),
    )
    fresh = [pair for n, pair in enumerate(fresh) if n == 0 or fresh[n - 1][0] != pair[0]]
    written = {
        row["email_canonical"]: row["id"] for row in await _insert(inviter, application, invitees, fresh)
    }
    firsts = {index for _email, index in fresh}
    outcomes = []
    letters = []
    for index, (one, email) in enumerate(zip(invitees, canonical, strict=True)):
        if email in members:
            outcomes.append(Outcome.ALREADY_MEMBER)
        elif index not in firsts:
            outcomes.append(Outcome.REPEATED)
        elif email not in written:
            outcomes.append(Outcome.ALREADY_INVITED)
        else:
            letters.append(_letter(inviter, application, written[email], one))
            outcomes.append(Outcome.INVITED)
    await queue_mails(application, "invitation", letters)
    return outcomes


def token_of(invitation_id: uuid.UUID) -> str:
    """The token of an invitation's link: its signed id."""
    return _serializer().dumps(invitation_id.hex)


def invitation_of_token(token: str) -> uuid.UUID | None:
    """The id of the invitation that a token names, None for one that nobody made."""
    if len(token) > 300:
        return None
    try:
        return uuid.UUID(hex=_serializer().loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


async def _of_first_click(
    change: Managing, invitees: Sequence[Invitee], outcomes: Sequence[Outcome]
) -> list[Outcome]:
    rows = await DB.fetch(_JUST_INVITED, change.customer_id, change.membership_id)
    just_invited = {row["email_canonical"] for row in rows}
    return [
        Outcome.INVITED
        if outcome is Outcome.ALREADY_INVITED and canonical_email(one.email) in just_invited
        else outcome
        for one, outcome in zip(invitees, outcomes, strict=True)
    ]


async def _locked(change: Managing, invitation_id: uuid.UUID) -> dict[str, Any]:
    row = await DB.fetch_row(_OF_COMPANY, invitation_id, change.customer_id)
    if row is None:
        raise LookupError(f"no invitation {invitation_id}")
    if row["accepted_at"] is not None or row["revoked_at"] is not None:
        raise Conflict
    return row


async def _insert(
    inviter: Inviter,
    application: Application,
    invitees: Sequence[Invitee],
    fresh: Sequence[tuple[str, int]],
) -> list[dict[str, Any]]:
    chosen = [invitees[index] for _email, index in fresh]
    return await DB.fetch(
        _INSERT,
        inviter.customer_id,
        application.id,
        inviter.membership_id,
        application.invitation_minutes,
        [new_key() for _ in chosen],
        [one.email for one in chosen],
        [email for email, _index in fresh],
        [one.first_name for one in chosen],
        [one.last_name for one in chosen],
        [one.language for one in chosen],
        [" ".join(one.roles) for one in chosen],
        [one.order_limit for one in chosen],
        [one.budget_amount for one in chosen],
        [one.budget_period for one in chosen],
    )


def _letter(inviter: Inviter, application: Application, key: uuid.UUID, invitee: Invitee) -> Letter:
    return Letter(
        # Whether the e-mail is somebody's, the inviter is not to learn, and the mail is the same.
        user_id=None,
        to_email=invitee.email,
        to_name=invitee.name,
        language=invitee.language,
        context={
            "name": invitee.name,
            "inviter_name": inviter.name,
            "customer_name": inviter.company,
            "link": links_of(application).url("invitation", token=token_of(key)),
            "minutes": application.invitation_minutes,
        },
    )


def _serializer() -> URLSafeTimedSerializer:
    # Times and uses stand in the row. Keys are oldest first here, as in app/sign_in/link_tokens.py.
    return URLSafeTimedSerializer(
        list(reversed(settings().secret_keys)),
        salt="patron.invitation",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
