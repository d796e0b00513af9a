"""Which orders a guest may see again in the same browser: a signed cookie names them for a day.

A number alone opens nothing, since numbers are easily guessed.
"""

from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request, Response

from app.applications import Application
from app.settings import settings

SECONDS = 24 * 3600
MOST = 5


def let_guest_see(
    answer: Response[Any], request: Request[Any, Any, Any], application: Application, number: str
) -> None:
    """Lets this browser see the order that a guest has just placed."""
    numbers = [number, *(one for one in numbers_seen_by(request, application) if one != number)]
    answer.set_cookie(
        application.cookie_name("orders"),
        _serializer(application).dumps(numbers[:MOST]),
        path=application.cookie_path,
        max_age=SECONDS,
        httponly=True,
        secure=application.is_secure,
        samesite="lax",
    )


def numbers_seen_by(request: Request[Any, Any, Any], application: Application) -> list[str]:
    """The numbers of the orders that a guest has placed in this browser, the newest first."""
    sent = request.cookies.get(application.cookie_name("orders"))
    if not sent:
        return []
    try:
        numbers = _serializer(application).loads(sent, max_age=SECONDS)
    except (BadSignature, ValueError):
        return []
    return [one for one in numbers if isinstance(one, str)]


def _serializer(application: Application) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(settings().secret_keys)), salt=f"orders:{application.id}")
