"""Telling a person whose password was right why the application is closed to them (domain.md 3)."""

import hashlib
import uuid
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request, Response

from app.access import Account, Refusal
from app.applications import Application, application_for_type, back_office
from app.links import links_of
from app.pages import Page, see
from app.settings import settings
from app.visitor import Visitor

# So long may the buttons of a refusal page be pressed.
SECONDS = 60 * 60


def refused(
    request: Request[Any, Any, Any], reason: Refusal, account: Account | None = None, correct_link: str = ""
) -> Response[Any]:
    """The page that says why, with status 403 and the way on: to the right shop, to a new mail, to correcting.

    `correct_link` leads a rejected applicant to the application. A missing second factor leads to its page.
    """
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    account = account or visitor.account
    if reason is Refusal.SECOND_FACTOR_NEEDED:
        return see(request, "second_factor")
    if reason is Refusal.SECOND_FACTOR_MISSING:
        return see(request, "set_up_second_factor")
    return Page(
        "sign_in/refused.html",
        status_code=403,
        reason=reason.value,
        right_application=_right_application(account),
        right_sign_in=_right_sign_in(account),
        person=token_of_refused(account.user_id) if account is not None else "",
        email=account.email if account is not None else "",
        correct_link=correct_link,
        has_second_factor=account is not None and account.has_second_factor,
        is_session=visitor.session is not None,
    )


def token_of_refused(user_id: uuid.UUID) -> str:
    """Proves for an hour that somebody gave the right password of this user, in a hidden field."""
    return _serializer().dumps(user_id.hex)


def user_of_refused(token: str) -> uuid.UUID | None:
    """The user of such a token; None when it is too old or nobody made it."""
    try:
        return uuid.UUID(hex=_serializer().loads(token, max_age=SECONDS))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def _right_application(account: Account | None) -> Application | None:
    if account is None:
        return None
    if account.customer_type:
        return application_for_type(account.customer_type)
    return back_office() if account.staff_is_active else None


def _right_sign_in(account: Account | None) -> str:
    application = _right_application(account)
    return links_of(application).url("sign_in") if application is not None else ""


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(reversed(settings().secret_keys)),
        salt="patron.refused",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
