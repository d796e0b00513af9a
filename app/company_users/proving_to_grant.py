"""Proving anew who one is before somebody comes to the company who may more than order (security.md, Sign-in).

Whoever finds a signed-in browser could else invite an administrator of their own, and be the company from then on.
The proof is asked for within the form, so that nothing that was typed is lost.
"""

from collections.abc import Collection
from typing import Any

from litestar import Request

from app.access import AuthenticationNeeded, recently_authenticated
from app.company_users.roles import roles_of, together
from app.customers.permissions import BUILT_IN_ROLES
from app.errors import EXPLANATIONS, TooBusy, TooManyTries
from app.forms import FilledForm
from app.languages import gettext as _
from app.languages import text
from app.sign_in.again import has_password, prove_by_password
from app.sign_in.passkeys import has_passkey
from app.visitor import Visitor

# What buyers and viewers may needs no proof: their orders come to the company, within the limits of who invited them.
HARMLESS = BUILT_IN_ROLES["buyer"] | BUILT_IN_ROLES["viewer"]
PASSWORD_FIELD = "current_password"  # the name of a field

_WHY = text("Before you give these roles, please prove that it is you.")


async def needs_proof(visitor: Visitor, roles: Collection[str]) -> bool:
    """Whether these roles give more than ordering, and the visitor has not proved within 5 minutes who they are."""
    if recently_authenticated(visitor):
        return False
    account = visitor.account
    known = await roles_of(account.customer_id if account is not None else None)
    return not together(known, roles) <= HARMLESS


async def prove_within(request: Request[Any, Any, Any], visitor: Visitor, form: FilledForm[Any]) -> bool:
    """Whether the visitor may grant the roles of a valid form now: they do not need a proof, or the form has it.

    Else the form gets an error: at its password, or as a whole for who has none and proves it in another way.
    """
    account, session = visitor.account, visitor.session
    if not await needs_proof(visitor, form.data.roles):
        return True
    if account is None or session is None:
        raise AuthenticationNeeded
    if not await has_password(account.user_id):
        form.add_error("", _(_WHY))
        return False
    typed = form.data.current_password
    if not typed:
        form.add_error(PASSWORD_FIELD, _(_WHY))
        return False
    try:
        if await prove_by_password(visitor.application, account, session.id, typed, request.scope):
            return True
        form.add_error(PASSWORD_FIELD, _("This is not your password. Please check it and try again."))
    except TooManyTries:
        # Told at the field and not on a page of its own, which would lose what was typed.
        form.add_error(PASSWORD_FIELD, _(EXPLANATIONS[429]))
    except TooBusy:
        form.add_error(PASSWORD_FIELD, _(EXPLANATIONS[503]))
    return False


def asks_password(form: FilledForm[Any]) -> bool:
    """Whether a form, after `prove_within`, waits for the visitor's password."""
    return form.error(PASSWORD_FIELD) is not None


async def asks_elsewhere(visitor: Visitor, form: FilledForm[Any]) -> bool:
    """Whether a form, after `prove_within`, waits for a proof that can be given on another page: by who has no
    password, and by who has one but signs in with a passkey."""
    if form.error("") == _(_WHY):
        return True
    account = visitor.account
    return (
        account is not None
        and asks_password(form)
        and await has_passkey(account.user_id, visitor.application)
    )
