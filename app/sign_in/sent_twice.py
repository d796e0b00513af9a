"""A form that a browser sends twice within a minute, unchanged: a double click. It is taken once.

The one rule of all forms that send mails: the second is answered like the first and does nothing, so that nobody
gets two mails of which only one link works, or reads that their own registration "exists already".

- The same is: the same browser (its token against cross-site requests, which needs no script), the same page, and
  every field the same. Whoever has put a field right sends something else, which is looked at by itself.
- Nothing is told by it: the second answer is that of the first, which is the same for known and unknown e-mails
  (security.md, Sign-in, lockout, enumeration), and others have another browser.
- It is noted in the transaction of what the form does. Of two at once the second waits until the first is done; where
  that failed nothing is noted, and the second is the first.
- Who has taken back in between what they asked for, as far as a form lets them, means it: the first click no longer
  stands. So does whoever sends the same a minute later.
"""

import hashlib
import hmac
from typing import Any

import msgspec
from litestar import Request

from app.applications import Application
from app.errors import TooManyTries
from app.forms import F, FilledForm
from app.settings import settings
from app.sign_in.limits import count_key

MINUTES = 1
# What comes from no form, such as demo data, is never a double click.
NOT_SENT = ""


def sending_of(request: Request[Any, Any, Any], form: FilledForm[F]) -> str:
    """A name of what this browser has sent: the same for the same, and nothing can be read in it.

    Passwords are in it too, so that it is made with a secret key and the browser's token. The form must be valid.
    """
    application: Application = request.scope["visitor"].application  # type: ignore[typeddict-item]  # by app.main
    sent = [
        request.cookies.get(application.cookie_name("csrf"), ""),
        request.url.path,
        type(form.data).__name__,
        form.data,
    ]
    made_with = f"patron.sent-twice:{settings().secret_keys[0]}"
    return hmac.new(made_with.encode(), msgspec.json.encode(sent), hashlib.sha256).hexdigest()


async def is_sent_twice(sending: str) -> bool:
    """Whether this was sent a moment ago; from now on it was. Call it first in the transaction of what is done."""
    if sending == NOT_SENT:
        return False
    try:
        await count_key(f"sent:{sending}", 1, MINUTES)
    except TooManyTries:
        return True
    return False
