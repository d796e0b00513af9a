"""What somebody has typed whose session ended while the checkout was open: kept for that person alone.

The checkout is open to guests too, so that a form which arrives from a browser that is no longer recognised would
be taken for that of a guest, whose basket is empty. That is why the forms of signed-in people name their owner,
signed. The answers wait in a sealed cookie: they never leave this browser, only the shop reads them, and only the
same person is shown them after signing in.
"""

import json
import zlib
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request, Response

from app.applications import Application
from app.basket.owner import owner_of
from app.checkout.forms import CheckoutForm
from app.forms import field_names
from app.sealed import fernet_for
from app.settings import settings
from app.visitor import Visitor

# A form that was open for longer is a guest's again.
SECONDS_OF_FORM = 24 * 3600
SECONDS = 30 * 60
# Characters: browsers keep no cookie beyond 4096, with its name and all else.
LARGEST = 3800


def named_owner(visitor: Visitor, request: Request[Any, Any, Any]) -> str:
    """Whose form this is, for a hidden field of it, signed; "" for guests."""
    return _signer(visitor.application).dumps(owner_of(visitor, request).key) if visitor.is_signed_in else ""


async def signed_out_owner(visitor: Visitor, request: Request[Any, Any, Any]) -> str:
    """Who had opened the form that was sent, where the session has ended since; else ""."""
    if visitor.is_signed_in:
        return ""
    try:
        sent = str((await request.form()).get("buyer", ""))
        return str(_signer(visitor.application).loads(sent, max_age=SECONDS_OF_FORM))
    except BadSignature:
        return ""


async def keep_answers_on(
    answer: Response[Any], visitor: Visitor, request: Request[Any, Any, Any], owner: str
) -> None:
    """Sends what was typed along with an answer, for this owner; nothing where it is too much for a cookie."""
    sent = await request.form()
    typed = {name: sent[name] for name in field_names(CheckoutForm) if isinstance(sent.get(name), str)}
    packed = zlib.compress(json.dumps([owner, typed]).encode())
    sealed = fernet_for("checkout").encrypt(packed).decode()
    if len(sealed) > LARGEST:
        return
    answer.set_cookie(
        visitor.application.cookie_name("checkout"),
        sealed,
        path=visitor.application.cookie_path,
        max_age=SECONDS,
        httponly=True,
        secure=visitor.application.is_secure,
        samesite="lax",
    )


def kept_answers(visitor: Visitor, request: Request[Any, Any, Any]) -> dict[str, str]:
    """What this person had typed when their session ended; nothing for everybody else."""
    sealed = request.cookies.get(visitor.application.cookie_name("checkout"), "")
    if not sealed or not visitor.is_signed_in:
        return {}
    from cryptography.fernet import InvalidToken

    try:
        packed = fernet_for("checkout").decrypt(sealed.encode(), ttl=SECONDS)
    except InvalidToken:
        return {}
    owner, typed = json.loads(zlib.decompress(packed))
    return typed if owner == owner_of(visitor, request).key else {}


def forget_answers(answer: Response[Any], visitor: Visitor, request: Request[Any, Any, Any]) -> None:
    """Lets the browser forget them, once they are kept with the basket."""
    name = visitor.application.cookie_name("checkout")
    if name in request.cookies:
        answer.delete_cookie(name, path=visitor.application.cookie_path)


def _signer(application: Application) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(settings().secret_keys)), salt=f"checkout:{application.id}")
