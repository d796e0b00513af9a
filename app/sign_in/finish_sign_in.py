"""What follows when somebody has proved who they are: the one way in, whatever the proof was.

Password, passkey and mailed code all end here, so that none of them goes past the gate or the second factor.
"""

from typing import Any

from litestar import Request, Response
from litestar.types import Scope

from app.access import Refusal
from app.applications import Application
from app.links import links_of, path_within
from app.metrics import SIGN_INS
from app.pages import see, see_path
from app.sign_in.history import Method, note_attempt
from app.sign_in.limits import uncount_client
from app.sign_in.link_tokens import Purpose, issue, revoke_links_of
from app.sign_in.refused import refused
from app.sign_in.right_password import note_right_password
from app.sign_in.sessions import begin_session
from app.sign_in.sign_in import KnownPerson
from app.visitor import Visitor
from tables.engine import DB


async def finish_sign_in(
    request: Request[Any, Any, Any], person: KnownPerson, wanted: str = ""
) -> Response[Any]:
    """Lets a person in who may, asks for the second factor where it is still to be shown, and tells others why
    not, with the way on.

    A session begins under a new id; without the second factor it opens nothing but the page that asks for it.
    `wanted` is the page that the person came for. Raises SignInNeeded when all sessions of the user were ended
    meanwhile.
    """
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    application = visitor.application
    if person.refusal not in (None, Refusal.SECOND_FACTOR_NEEDED, Refusal.SECOND_FACTOR_MISSING):
        if person.right_password is not None:
            await note_right_password(
                person.right_password, person.account.user_id, application, request.scope
            )
        return refused(request, person.refusal, person.account, await _link_to_correct(person, application))
    session = await begin_session(
        request,
        person.account,
        is_complete=person.refusal is None,
        right_password=person.right_password,
    )
    if person.refusal is None:
        answer = see_path(request, after_sign_in(application, wanted))
    elif person.refusal is Refusal.SECOND_FACTOR_NEEDED:
        answer = see(request, "second_factor", next=path_within(application, wanted))
    else:
        answer = see(request, "set_up_second_factor")
    session.keep_on(answer)
    return answer


async def note_way_in(person: KnownPerson, application: Application, method: Method, scope: Scope) -> None:
    """Notes a proof other than the password, in the current transaction: in the history, and in the limits.

    Links to a new password end as with the password itself: whoever came in needs none, and an old mail must
    not open the account later (security.md, Tokens in links).
    """
    outcome = str(person.refusal or "signed in")
    # First: this names the user, and whoever deletes them locks them before links and counters.
    await note_attempt(person.account.user_id, application, outcome, method, scope)
    await revoke_links_of(person.account.user_id, Purpose.RESET_PASSWORD)
    await uncount_client(scope, "sign-in")
    SIGN_INS.labels(application.id, outcome).inc()


def after_sign_in(application: Application, wanted: str) -> str:
    """Where a person goes after signing in: the page they wanted, else the account or the work list."""
    first = "home" if application.is_back_office else "account"
    return path_within(application, wanted) or links_of(application).path(first)


async def _link_to_correct(person: KnownPerson, application: Application) -> str:
    account = person.account
    # The application shows who they are and can be changed: with a second factor a password alone opens it as little
    # as the account. The mail that told of the decision leads there as well.
    if person.refusal is not Refusal.REJECTED or account.has_second_factor:
        return ""
    async with DB.transaction():
        token = await issue(
            Purpose.CORRECT_APPLICATION,
            account.user_id,
            application,
            application.reset_minutes,
            customer_id=account.customer_id,
        )
    return links_of(application).path("correct_application", token=token)
