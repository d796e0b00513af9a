"""What is typed to sign in and to get back in (pages.md)."""

from typing import Annotated

from app.customers.emails import Email
from app.forms import Form, Secret, Text, WhereTo
from app.sign_in.passwords import NewPassword


class SignInForm(Form):
    """The sign-in page."""

    login: Annotated[str, Text(max_length=320)]
    password: Annotated[str, Secret()]
    next: Annotated[str, WhereTo()]


class AgainForm(Form):
    """The page where a signed-in person proves who they are."""

    password: Annotated[str, Secret()]
    next: Annotated[str, WhereTo()]


class CodeForm(Form):
    """A code of an authenticator, or a recovery code."""

    code: Annotated[str, Text(max_length=40)]
    next: Annotated[str, WhereTo()]


class AskForCodeForm(Form):
    """The page that mails a code to sign in with."""

    login: Annotated[str, Text(max_length=320)]
    next: Annotated[str, WhereTo()]


class MailedCodeForm(Form):
    """The page that asks for the mailed code."""

    code: Annotated[str, Text(max_length=40)]
    next: Annotated[str, WhereTo()]


class PasskeyForm(Form):
    """What a passkey has signed, as JSON; a script puts it there."""

    credential: Annotated[str, Secret()]
    next: Annotated[str, WhereTo()]


class ForgottenForm(Form):
    """The pages for forgotten passwords and user names."""

    email: Annotated[str, Email()]


class ResetForm(Form):
    """The page of a link to a new password."""

    password: Annotated[str, NewPassword(shortest=1)]
    token: Annotated[str, Text(max_length=400, required=False)]
