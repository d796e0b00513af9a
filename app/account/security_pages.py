"""What protects an account, for its owner: sessions, second factor, sign-in history (security.md, Sessions).

Shops have these pages under /account, the back office at its root.
"""

import uuid
from typing import Any

from litestar import Request, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from app.access import Account, SignInNeeded, signed_in
from app.account.sign_in_words import shown_history, shown_sessions
from app.flash import Flash
from app.languages import gettext as _
from app.languages import ngettext
from app.pages import Page, see
from app.sign_in.history import PER_PAGE, history_of
from app.sign_in.own_sessions import end_other_sessions, end_own_session, sessions_of
from app.sign_in.passkeys import passkeys_of
from app.sign_in.second_factor import recovery_codes_left
from app.visitor import CurrentVisitor, SessionOfVisitor, Visitor


@get("/security", name="security", guards=[signed_in])
async def security_page(visitor: CurrentVisitor, before: FromQuery[uuid.UUID | None] = None) -> Page:
    """Where the person is signed in, with what, and who tried; `before` leads to older tries."""
    account, session = account_and_session(visitor)
    history = await history_of(account.user_id, before)
    return Page(
        "account/security.html",
        sessions=shown_sessions(await sessions_of(account.user_id), session.id),
        codes_left=await recovery_codes_left(account.user_id) if account.has_second_factor else 0,
        history=shown_history(history[:PER_PAGE]),
        passkeys=await passkeys_of(account.user_id),
        older_than=history[PER_PAGE - 1].id if len(history) > PER_PAGE else None,
        is_first_page=before is None,
    )


@post("/security/sessions/{session_id:uuid}/end", name="end_session", guards=[signed_in])
async def end_one_session(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, session_id: FromPath[uuid.UUID]
) -> Redirect:
    """Signs out one browser of the person; 404 for a session that is not theirs."""
    account, _session = account_and_session(visitor)
    if not await end_own_session(account.user_id, session_id):
        raise NotFoundException
    return see(request, "security", flash=Flash(_("This session has ended.")))


@post("/security/sessions/end-others", name="end_other_sessions", guards=[signed_in])
async def end_all_other_sessions(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Redirect:
    """Signs out all browsers of the person but this one."""
    account, session = account_and_session(visitor)
    ended = await end_other_sessions(account.user_id, session.id)
    message = ngettext("%(n)s other session has ended.", "%(n)s other sessions have ended.", ended)
    return see(request, "security", flash=Flash(message))


def account_and_session(visitor: Visitor) -> tuple[Account, SessionOfVisitor]:
    """Who is signed in, and by which session. Raises SignInNeeded, which the guards have ruled out."""
    if visitor.account is None or visitor.session is None:
        raise SignInNeeded
    return visitor.account, visitor.session


routes = [security_page, end_one_session, end_all_other_sessions]
