"""Applications and application types: which sites Patron serves, and for whom (domain.md 3)."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from app.application_url import read_application_url
from app.customers.types import CustomerType, all_customer_types
from app.declared_attributes import DeclaredAttribute, problem_with
from app.languages import spoken_languages
from app.settings import settings

Kind = Literal["shop", "business", "back-office"]
LoginType = Literal["email", "username"]
# What a user of a group customer has beside the person's own fields (domain.md 6).
MembershipField = Literal["department", "position", "business_partner_number", "preferred_payment"]
Minutes = Annotated[int, msgspec.Meta(gt=0)]
Days = Annotated[int, msgspec.Meta(gt=0)]
DaysOfWithdrawal = Annotated[int, msgspec.Meta(ge=14, le=3650)]
# The law's period (directive 2011/83, article 9); an application may give more.
DAYS_OF_WITHDRAWAL = 14
# Long enough to answer "I never got that mail"; what is in them has been read or never will be.
DEFAULT_MAIL_DAYS = 90
# More is checked where mails are sent; this keeps slips and line breaks out.
Recipient = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
# ISO 4217.
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
SecurityContact = Annotated[str, msgspec.Meta(pattern="^(mailto:|https://).+")]
TimeZone = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_+/-]+$")]
# Lines, the country included; more would not fit into the head of an invoice.
SellerAddress = Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(max_length=6)]
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
    approval_recipients: list[Recipient] | msgspec.UnsetType = msgspec.UNSET
    reset_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    verification_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    invitation_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    # Personal data requests: to confirm one, to answer it, and until a finished one is forgotten (domain.md 13).
    data_request_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    data_request_answer_days: Days | msgspec.UnsetType = msgspec.UNSET
    data_request_purge_days: Days | msgspec.UnsetType = msgspec.UNSET
    # How long mails are kept that are out (app/mail/outbox.py).
    mail_days: Days | msgspec.UnsetType = msgspec.UNSET
    # How long consumers may withdraw after an order was shipped (app/orders/withdrawal.py).
    withdrawal_days: DaysOfWithdrawal | msgspec.UnsetType = msgspec.UNSET
    terms_version: str | msgspec.UnsetType = msgspec.UNSET
    default_country: Country | msgspec.UnsetType = msgspec.UNSET
    # The prices that visitors see are in this one.
    currency: Currency | msgspec.UnsetType = msgspec.UNSET
    # Whether people may sign in by a code that is mailed to them, instead of the password. Staff never may.
    sign_in_by_code: bool | msgspec.UnsetType = msgspec.UNSET
    # What users of a company may change of their own profile; the rest they only see.
    own_profile_fields: list[MembershipField] | msgspec.UnsetType = msgspec.UNSET
    attributes: list[DeclaredAttribute] | msgspec.UnsetType = msgspec.UNSET
    # What invoices say of who sells: the law asks for it (UStG, section 14, 4).
    seller_name: Annotated[str, msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    seller_address: SellerAddress | msgspec.UnsetType = msgspec.UNSET
    seller_tax_id: Annotated[str, msgspec.Meta(max_length=60)] | msgspec.UnsetType = msgspec.UNSET
    # Where buyers transfer money to who pay in advance or by invoice.
    seller_bank_account: Annotated[str, msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    # For /.well-known/security.txt: a mailto: or https: address (RFC 9116).
    security_contact: SecurityContact | msgspec.UnsetType = msgspec.UNSET
    # After so many days without a decision a requisition expires (domain.md 10).
    requisition_days: Days | msgspec.UnsetType = msgspec.UNSET
    # Where days, weeks and months of budgets and contracts begin (domain.md 10), for example Europe/Berlin.
    time_zone: TimeZone | msgspec.UnsetType = msgspec.UNSET
    # Before the end of a contract: when its account managers are told (domain.md 12).
    contract_reminder_days: Days | msgspec.UnsetType = msgspec.UNSET
    # So long a user whom a company has removed can be brought back by staff (app/customers/departures.py).
    former_user_days: Days | msgspec.UnsetType = msgspec.UNSET


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
    data_request_minutes: int
    data_request_answer_days: int
    data_request_purge_days: int
    mail_days: int
    withdrawal_days: int
    terms_version: str
    default_country: str
    currency: str
    sign_in_by_code: bool
    own_profile_fields: tuple[MembershipField, ...]
    attributes: tuple[DeclaredAttribute, ...]
    seller_name: str
    seller_address: tuple[str, ...]
    seller_tax_id: str
    seller_bank_account: str
    security_contact: str
    requisition_days: int
    time_zone: str
    contract_reminder_days: int
    former_user_days: int

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
    approval: dict[str, bool] = setting("approval", {})
    languages = setting("languages", ["en", "de"])
    _refuse_unknown_types(path, entry.id, "admits", login, customer_types)
    _refuse_unknown_types(path, entry.id, "sets the approval of", approval, customer_types)
    _refuse_languages(path, entry.id, languages)
    if application_type.kind == "back-office" and login:
        raise ApplicationsError(
            f"{path}: application {entry.id} is a back office, where customers never log in: login must be []."
        )
    time_zone = setting("time_zone", "Europe/Berlin")
    if not _is_time_zone(time_zone):
        raise ApplicationsError(
            f"{path}: application {entry.id} names the time zone “{time_zone}”, which is not known;"
            " write one such as Europe/Berlin or UTC."
        )
    if application_type.kind == "back-office" and setting("sign_in_by_code", False):
        raise ApplicationsError(
            f"{path}: application {entry.id} is a back office, where sign_in_by_code must stay false: "
            "a mailbox alone must not lead to the data of all customers."
        )
    attributes: list[DeclaredAttribute] = setting("attributes", [])
    if problem := problem_with(attributes, languages):
        raise ApplicationsError(f"{path}: application {entry.id} {problem}.")
    url = entry.url.replace("{port}", str(port))
    address = read_application_url(url)
    if address is None:
        raise ApplicationsError(
            f"{path}: the url of application {entry.id} must be http(s)://host/path/, with a host of ASCII letters "
            "(xn--… where it has others) and a path of plain letters, digits and hyphens, not "
            f"“{url}”."
        )
    return Application(
        id=entry.id,
        name=entry.name,
        type=entry.type,
        kind=application_type.kind,
        url=address.url,
        host=address.host,
        prefix=address.prefix,
        login=tuple(customer_types[one] for one in login),
        login_type=setting("login_type", "email"),
        languages=tuple(languages),
        approval=approval,
        approval_recipients=tuple(setting("approval_recipients", [])),
        reset_minutes=setting("reset_minutes", 60),
        verification_minutes=setting("verification_minutes", 24 * 60),
        invitation_minutes=setting("invitation_minutes", 7 * 24 * 60),
        data_request_minutes=setting("data_request_minutes", 24 * 60),
        # The law gives a month (GDPR, article 12, 3).
        data_request_answer_days=setting("data_request_answer_days", 30),
        data_request_purge_days=setting("data_request_purge_days", 30),
        mail_days=setting("mail_days", DEFAULT_MAIL_DAYS),
        withdrawal_days=setting("withdrawal_days", DAYS_OF_WITHDRAWAL),
        terms_version=setting("terms_version", "2026-11"),
        default_country=setting("default_country", "DE"),
        currency=setting("currency", "EUR"),
        sign_in_by_code=setting("sign_in_by_code", application_type.kind != "back-office"),
        own_profile_fields=tuple(
            # The number is what the shop's own books call the person.
            setting("own_profile_fields", ["department", "position", "preferred_payment"])
        ),
        attributes=tuple(attributes),
        seller_name=setting("seller_name", ""),
        seller_address=tuple(setting("seller_address", [])),
        seller_tax_id=setting("seller_tax_id", ""),
        seller_bank_account=setting("seller_bank_account", ""),
        security_contact=setting("security_contact", ""),
        requisition_days=setting("requisition_days", 14),
        time_zone=time_zone,
        contract_reminder_days=setting("contract_reminder_days", 30),
        former_user_days=setting("former_user_days", 30),
    )


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _refuse_unknown_types(
    path: Path, application_id: str, does: str, named: Iterable[str], known: Mapping[str, CustomerType]
) -> None:
    for one in named:
        if one not in known:
            raise ApplicationsError(
                f"{path}: application {application_id} {does} the unknown customer type {one}; "
                f"known are {', '.join(known)}."
            )


def _refuse_languages(path: Path, application_id: str, languages: list[str]) -> None:
    if not languages:
        raise ApplicationsError(f"{path}: application {application_id} needs at least one language.")
    for one in languages:
        if one not in spoken_languages():
            raise ApplicationsError(
                f"{path}: application {application_id} speaks {one}, which has no translations; "
                f"known are {', '.join(spoken_languages())}."
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
