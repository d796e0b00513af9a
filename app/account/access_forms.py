"""What is typed to change the e-mail or the password (pages.md)."""

from typing import Annotated

from app.customers.emails import Email
from app.forms import Form, Secret, Text
from app.sign_in.passwords import NewPassword


class EmailForm(Form):
    """A new e-mail, with the current password for proof."""

    email: Annotated[str, Email()]
    # Not asked of people who have none; see `needs_password`.
    current_password: Annotated[str, Secret(required=False)]


class PasswordForm(Form):
    """A new password, with the current one for proof."""

    current_password: Annotated[str, Secret(required=False)]
    # How short it may be is a matter of the person (security.md, Passwords).
    password: Annotated[str, NewPassword(shortest=1)]


class TokenForm(Form):
    """The button on the page of a link."""

    token: Annotated[str, Text(max_length=400, required=False)]
