"""Flash messages: what a change did, said once on the page that the visitor sees next.

The message travels in a signed cookie of the application, so that strangers need no row in the database.
"""

from dataclasses import dataclass
from typing import Any, Literal

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request, Response

from app.applications import Application
from app.settings import settings

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Flash:
    """A message for the next page, in the language of the person."""

    text: str
    kind: Literal["success", "info", "warning", "danger"] = "success"

    def keep_on(self, answer: Response[Any], application: Application) -> None:
        """Sends the message with an answer."""
        answer.set_cookie(
            application.cookie_name("flash"),
            _serializer().dumps([self.kind, self.text[:500]]),
            path=application.cookie_path,
            max_age=SECONDS,
            httponly=True,
            secure=application.is_secure,
            samesite="lax",
        )


def flash_of(request: Request[Any, Any, Any]) -> Flash | None:
    """The message that came with this request; `app.main` deletes its cookie with the answer."""
    application: Application = request.scope["visitor"].application  # type: ignore[typeddict-item]  # by app.main
    sent = request.cookies.get(application.cookie_name("flash"))
    if not sent:
        return None
    try:
        kind, text = _serializer().loads(sent, max_age=SECONDS)
    except (BadSignature, ValueError):
        return None
    request.scope["flash_shown"] = True  # type: ignore[typeddict-unknown-key]  # read by app.main
    return Flash(text, kind)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(settings().secret_keys)), salt="flash")
