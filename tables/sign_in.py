"""Sessions, failures, second factors and links that act for a person (security.md)."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.customers import Customer, Membership, User
from tables.keys import new_key


class Session(Table, tablename="sessions"):
    """A signed-in browser. The cookie holds 32 random bytes; only their SHA-256 is stored."""

    id = UUID(primary_key=True, default=new_key)
    token_hash = Bytea(unique=True)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    membership = ForeignKey(Membership, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    application = Varchar(length=40)
    session_epoch = Integer()
    # An administrator who looks at the shop as a role sees it: never more than their own permissions.
    view_as_role = Varchar(length=60, default="")
    # Null while a second factor is still to be shown.
    signed_in_at = Timestamptz(null=True, default=None)
    # The last time the person proved who they are (re-authentication, security.md).
    authenticated_at = Timestamptz(null=True, default=None)
    user_agent = Varchar(length=300, default="")
    address_family = Varchar(length=10, default="")
    created_at = Timestamptz()
    last_used_at = Timestamptz(index=True)
    expires_at = Timestamptz(index=True)


class AttemptCounter(Table, tablename="attempt_counters"):
    """Failures of one account or one client; counted before the password is looked at."""

    key = Varchar(length=120, primary_key=True)
    window_started_at = Timestamptz()
    attempts = Integer(default=0)
    in_a_row = Integer(default=0)
    lockouts = Integer(default=0)
    blocked_until = Timestamptz(null=True, default=None)
    updated_at = Timestamptz(index=True)


class SignInAttempt(Table, tablename="sign_in_attempts"):
    """Sign-in history of a user, kept 90 days."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    application = Varchar(length=40)
    outcome = Varchar(length=40)
    # By password, passkey or mailed code.
    method = Varchar(length=20, default="password")
    user_agent = Varchar(length=300, default="")
    address_family = Varchar(length=10, default="")
    attempted_at = Timestamptz(index=True)


class SecondFactor(Table, tablename="second_factors"):
    """A TOTP authenticator of a user; the secret is encrypted with the secret keys."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, unique=True)
    secret_encrypted = Text()
    # Null until the first code was entered: an unconfirmed factor never locks anybody out.
    confirmed_at = Timestamptz(null=True, default=None)
    # The time step of the last accepted code: a code works once (RFC 6238, 5.2).
    last_time_step = BigInt(default=0)
    created_at = Timestamptz()


class RecoveryCode(Table, tablename="recovery_codes"):
    """A code that replaces the authenticator once."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    code_hash = Bytea()
    used_at = Timestamptz(null=True, default=None)


class LinkToken(Table, tablename="link_tokens"):
    """A one-time link. The link carries the signed id of this row; the row decides whether it still works."""

    id = UUID(primary_key=True, default=new_key)
    purpose = Varchar(length=40)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    customer = ForeignKey(Customer, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    application = Varchar(length=40)
    # What else the purpose needs, for example the new e-mail.
    details = JSONB(default="{}")
    created_at = Timestamptz()
    expires_at = Timestamptz(index=True)
    used_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class ReminderRequest(Table, tablename="reminder_requests"):
    """Somebody asked for a password or user name reminder.

    Known and unknown e-mails leave the same row after the same work; the worker finds out
    afterwards, so that neither the answer nor its time tells whether an account exists.
    """

    id = UUID(primary_key=True, default=new_key)
    email = Varchar(length=320)
    email_canonical = Varchar(length=400, index=True)
    application = Varchar(length=40)
    language = Varchar(length=10)
    wants_user_name = Boolean(default=False)
    requested_at = Timestamptz(index=True)


class Passkey(Table, tablename="passkeys"):
    """A passkey of a user: a public key; the private one never leaves the person's device."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    # Passkeys belong to the host, and the hosts of applications may differ.
    host = Varchar(length=255)
    credential_id = Bytea(unique=True)
    public_key = Bytea()
    sign_count = BigInt(default=0)
    transports = Array(base_column=Varchar(length=20), default=list)
    name = Varchar(length=80)
    created_at = Timestamptz()
    last_used_at = Timestamptz(null=True, default=None)


class PasskeyChallenge(Table, tablename="passkey_challenges"):
    """Random bytes that a passkey has to sign: each is answered once, soon, by the browser that asked."""

    id = UUID(primary_key=True, default=new_key)
    challenge = Bytea()
    # Null while nobody is known: a sign-in by passkey alone.
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    application = Varchar(length=40)
    purpose = Varchar(length=20)
    expires_at = Timestamptz(index=True)


class SignInCode(Table, tablename="sign_in_codes"):
    """A code asked for by mail. Asking writes a row whoever is asked for, so that the answer does not tell who
    has an account; the worker looks for the user and mails the code."""

    id = UUID(primary_key=True, default=new_key)
    # What the browser that asked keeps; the code works only there. SHA-256 of it.
    browser_hash = Bytea()
    login_canonical = Varchar(length=400, index=True)
    application = Varchar(length=40)
    language = Varchar(length=10)
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    # Null until the worker has made the code, and for people whom nobody knows.
    code_hash = Bytea(null=True, default=None)
    attempts = Integer(default=0)
    requested_at = Timestamptz(index=True)
    answered_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(index=True)
    used_at = Timestamptz(null=True, default=None)


class KnownDevice(Table, tablename="known_devices"):
    """A browser from which a user has signed in before: a sign-in from another one is told by mail."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade)
    # The cookie holds 32 random bytes; only their SHA-256 is stored.
    device_hash = Bytea()
    application = Varchar(length=40)
    user_agent = Varchar(length=300, default="")
    address_family = Varchar(length=10, default="")
    first_used_at = Timestamptz()
    last_used_at = Timestamptz(index=True)
    # The worker mails what is to be told, so that a sign-in costs no mail; the first device is never told.
    is_to_be_told = Boolean(default=False)
    told_at = Timestamptz(null=True, default=None)

    once_for_each_user = Unique([user, device_hash])
