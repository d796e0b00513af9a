"""What is asked about personal data requests."""

from typing import Annotated

from app.customers.emails import Email
from app.forms import Choice, Form, Text
from app.languages import text
from tables import DataRequestKind

KINDS = (
    (DataRequestKind.EXPORT.value, text("A copy of my data")),
    (DataRequestKind.DELETE.value, text("Delete my data")),
)


class AskForm(Form):
    """What a signed-in person asks for."""

    kind: Annotated[str, Choice(options=KINDS)]


class GuestForm(Form):
    """What somebody without an account asks for."""

    email: Annotated[str, Email()]
    kind: Annotated[str, Choice(options=KINDS)]


class TokenForm(Form):
    """The button of a link's page."""

    token: Annotated[str, Text(max_length=400, required=False)]
