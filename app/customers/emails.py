"""E-mails and logins: one canonical form for comparison, and the form fields that read them.

Comparison ignores case and Unicode form (domain.md 3): NFKC, casefold, and the host in IDNA (security.md).
Mail always goes to the spelling that was stored, never to one that only compares equal.
"""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from app.forms import Invalid, Text
from app.languages import gettext as _
from app.settings import settings

LONGEST_HOST = 253


def canonical_email(email: str) -> str:
    """The form of an e-mail that is compared. Never raises: nonsense has a canonical form too."""
    folded = _folded(email)
    local, at, host = folded.rpartition("@")
    # No host is as long (RFC 1035, 2.3.4), and encoding what a stranger has typed takes its time.
    if not at or len(host) > LONGEST_HOST:
        return folded
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return folded
    return f"{local}@{host}"


def canonical_login(login: str) -> str:
    """The form of a login that is compared; an e-mail that is a login compares as an e-mail."""
    return canonical_email(login) if "@" in login else _folded(login)


def _folded(typed: str) -> str:
    # NFKC once more after casefold: folding can undo the composition (Unicode 5.18, D146).
    once = unicodedata.normalize("NFKC", typed.strip()).casefold()
    return unicodedata.normalize("NFKC", once)


@dataclass(frozen=True, kw_only=True)
class Email(Text):
    """An e-mail; its value is the normalised spelling that mail is sent to."""

    max_length: int = 254

    def value(self, raw: str) -> str:
        """Refuses what is no e-mail address (RFC 5321, 5322, 6531). No look-up in the network."""
        text = super().value(raw)
        try:
            found = validate_email(text, check_deliverability=False, test_environment=settings().development)
        except EmailNotValidError:
            raise Invalid(_("Please enter an e-mail address such as name@example.com.")) from None
        return found.normalized


@dataclass(frozen=True, kw_only=True)
class Login(Text):
    """A user name. An @ would make it look like somebody's e-mail, which is a login in other applications."""

    max_length: int = 60
    required: bool = True

    def value(self, raw: str) -> str:
        """Refuses user names that are too short, look like an e-mail or contain blanks."""
        text = super().value(raw)
        if len(text) < 3 or "@" in text or any(character.isspace() for character in text):
            raise Invalid(_("Please use at least 3 characters, without blanks and without @."))
        return text
