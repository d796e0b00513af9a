"""Changing one's password (domain.md 6)."""

from app.access import SignInNeeded
from app.audit import record
from app.sign_in.link_tokens import Purpose, revoke_links_of
from app.sign_in.passwords import hash_password
from app.sign_in.security_mails import SecurityChange, tell_security_change
from app.sign_in.sessions import NewSession, keep_only_this_session
from app.visitor import Visitor
from tables.engine import DB

# Only while the epoch is the one that the visitor came with: a reset or another change meanwhile has ended this
# session too, and its password stays.
_CHANGE = """
    UPDATE users SET password_hash = $3, password_changed_at = now(), session_epoch = session_epoch + 1
    WHERE id = $1 AND session_epoch = $2
"""


async def change_password(visitor: Visitor, password: str, user_agent: str) -> NewSession:
    """Sets the visitor's password; gives the session that goes on, under a new id. `user_agent` is for the mail.

    In one transaction: all other sessions end, links to a new password and to a new e-mail die, and the notice
    is queued. Links that undo a change of the e-mail stay: whoever has taken over an account changes its
    password too. Raises SignInNeeded when the session was ended meanwhile, and TooBusy.
    """
    account, session = visitor.account, visitor.session
    if account is None or session is None:
        raise SignInNeeded
    password_hash = await hash_password(password)
    async with DB.transaction():
        if not await DB.execute(_CHANGE, account.user_id, account.session_epoch, password_hash):
            raise SignInNeeded
        kept = await keep_only_this_session(visitor)
        await revoke_links_of(account.user_id, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)
        await record(
            "password changed", visitor=visitor, user_id=account.user_id, customer_id=account.customer_id
        )
        await tell_security_change(
            account.user_id, SecurityChange.PASSWORD_CHANGED, visitor.application, user_agent
        )
    return kept
