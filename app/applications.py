"""Applications and application types: which sites Patron serves, and for whom (domain.md 3)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from app.customers.types import CustomerType, all_customer_types
from app.settings import settings

Kind = Literal["shop", "business", "back-office"]
LoginType = Literal["email", "username"]
Minutes = Annotated[int, msgspec.Meta(gt=0)]
Setting = TypeVar("Setting")


class ApplicationsError(ValueError):
    """The file of applications cannot be used; the message says where and why."""


class TypeSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What an application type sets for all its applications, and an application may set for itself."""

    login: list[str] | msgspec.UnsetType = msgspec.UNSET
    login_type: LoginType | msgspec.UnsetType = msgspec.UNSET
    languages: list[str] | msgspec.UnsetType = msgspec.UNSET
    # Customer type id -> is a new customer to be approved first?
    approval: dict[str, bool] | msgspec.UnsetType = msgspec.UNSET
    approval_recipients: list[str] | msgspec.UnsetType = msgspec.UNSET
    reset_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    verification_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    invitation_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    terms_version: str | msgspec.UnsetType = msgspec.UNSET
    default_country: str | msgspec.UnsetType = msgspec.UNSET


class TypeEntry(TypeSettings, forbid_unknown_fields=True, kw_only=True):
    """One [application_types.…] of the file."""

    kind: Kind


class ApplicationEntry(TypeSettings, forbid_unknown_fields=True, kw_only=True):
    """One [[applications]] of the file."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]*$", max_length=40)]
    type: str
    name: Annotated[str, msgspec.Meta(min_length=1)]
    url: str


class ApplicationsFile(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    application_types: dict[str, TypeEntry]
    applications: Annotated[list[ApplicationEntry], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """One site that a person visits: a shop or the back office. Lifetimes are minutes."""

    id: str
    name: str
    type: str
    kind: Kind
    url: str
    host: str
    prefix: str
    login: tuple[CustomerType, ...]
    login_type: LoginType
    languages: tuple[str, ...]
    approval: Mapping[str, bool]
    approval_recipients: tuple[str, ...]
    reset_minutes: int
    verification_minutes: int
    invitation_minutes: int
    terms_version: str
    default_country: str

    @property
    def is_back_office(self) -> bool:
        """Staff sign in here, customers never."""
        return self.kind == "back-office"

    @property
    def is_secure(self) -> bool:
        """Served over https: cookies are Secure and HSTS is sent."""
        return self.url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme and host of the configured address, without a slash at the end."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def cookie_path(self) -> str:
        """The path that this application's cookies are sent to."""
        return f"{self.prefix}/" if self.prefix else "/"

    def cookie_name(self, purpose: str) -> str:
        """The name of a cookie of this application.

        `__Host-` where the browser allows it: https and the whole host (RFC 6265bis, 4.1.3.2).
        """
        name = f"patron-{self.id}-{purpose}"
        return f"__Host-{name}" if self.is_secure and not self.prefix else name

    def admits(self, customer_type: str) -> bool:
        """Whether customers of this type may log in (domain.md 3)."""
        return any(admitted.id == customer_type for admitted in self.login)

    def needs_approval(self, customer_type: CustomerType) -> bool:
        """Whether a new customer of this type waits for staff (domain.md 4, Approval)."""
        return self.approval.get(customer_type.id, customer_type.approval_by_default)


@cache
def all_applications() -> tuple[Application, ...]:
    """The applications of the configured file, in its order. Raises ApplicationsError."""
    current = settings()
    return read_applications(
        current.config,
        port=current.port,
        customer_types=all_customer_types(),
        for_production=not current.development,
    )


def application_by_id(application_id: str) -> Application | None:
    """The application of that id, or None when it is no longer configured."""
    return next((one for one in all_applications() if one.id == application_id), None)


def application_for_type(customer_type: str) -> Application | None:
    """The first application that lets customers of this type log in: where "the right shop" is."""
    return next((one for one in all_applications() if one.admits(customer_type)), None)


def back_office() -> Application | None:
    """The first back office, or None when none is configured."""
    return next((one for one in all_applications() if one.is_back_office), None)


def read_applications(
    path: Path, *, port: int, customer_types: Mapping[str, CustomerType], for_production: bool
) -> tuple[Application, ...]:
    """Reads and checks a file of applications. Raises ApplicationsError with a sentence that names the place."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ApplicationsFile)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ApplicationsError(f"{path}: {error}") from error
    applications = tuple(
        _application(path, entry, file.application_types, port, customer_types) for entry in file.applications
    )
    _refuse_doubles(path, applications)
    if for_production:
        _refuse_development_addresses(path, applications)
    return applications


def _application(
    path: Path,
    entry: ApplicationEntry,
    application_types: dict[str, TypeEntry],
    port: int,
    customer_types: Mapping[str, CustomerType],
) -> Application:
    application_type = application_types.get(entry.type)
    if application_type is None:
        raise ApplicationsError(f"{path}: application {entry.id} names the unknown type {entry.type}.")

    def setting(name: str, default: Setting) -> Setting:
        for source in (entry, application_type):
            value = getattr(source, name)
            if value is not msgspec.UNSET:
                return value  # type: ignore[no-any-return]  # the Struct has checked the type
        return default

    declared = [one.id for one in customer_types.values() if entry.type in one.logs_in_to]
    login = setting("login", declared)
    unknown = [one for one in login if one not in customer_types]
    if unknown:
        raise ApplicationsError(
            f"{path}: application {entry.id} admits the unknown customer type {unknown[0]}; "
            f"known are {', '.join(customer_types)}."
        )
    url = entry.url.replace("{port}", str(port))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ApplicationsError(f"{path}: the url of application {entry.id} must be http(s)://host/path/.")
    languages = setting("languages", ["en", "de"])
    if not languages:
        raise ApplicationsError(f"{path}: application {entry.id} needs at least one language.")
    return Application(
        id=entry.id,
        name=entry.name,
        type=entry.type,
        kind=application_type.kind,
        url=url.rstrip("/") + "/",
        host=parts.hostname.lower(),
        prefix=parts.path.rstrip("/"),
        login=tuple(customer_types[one] for one in login),
        login_type=setting("login_type", "email"),
        languages=tuple(languages),
        approval=setting("approval", {}),
        approval_recipients=tuple(setting("approval_recipients", [])),
        reset_minutes=setting("reset_minutes", 60),
        verification_minutes=setting("verification_minutes", 24 * 60),
        invitation_minutes=setting("invitation_minutes", 7 * 24 * 60),
        terms_version=setting("terms_version", "2026-11"),
        default_country=setting("default_country", "DE"),
    )


def _refuse_doubles(path: Path, applications: tuple[Application, ...]) -> None:
    for index, one in enumerate(applications):
        for other in applications[:index]:
            if one.id == other.id:
                raise ApplicationsError(f"{path}: two applications have the id {one.id}.")
            if (one.host, one.prefix) == (other.host, other.prefix):
                raise ApplicationsError(
                    f"{path}: applications {other.id} and {one.id} have the same address {one.url}."
                )


def _refuse_development_addresses(path: Path, applications: tuple[Application, ...]) -> None:
    for one in applications:
        if not one.is_secure:
            raise ApplicationsError(
                f"{path}: in production the url of application {one.id} must start with https:// ({one.url})."
            )
