"""Renders a mail from `templates/mail/<kind>.txt` and `.html` in the language of the person who gets it.

The language is given with each mail: whoever causes it (a staff member, a worker) often reads another.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

from babel.units import format_unit
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.applications import Application
from app.languages import datetime_text, translations

TEMPLATES = Path(__file__).parents[2] / "templates"

# Every kind of mail with the names that its templates read. `hours` and `minutes` are alternatives: how long
# the link is valid. `name` may be left out or empty where the person is not known by name.
KINDS: dict[str, frozenset[str]] = {
    "verify_email": frozenset({"name", "link", "hours"}),
    # companies_link: where one adds a company, "" where companies do not register. there: the shop of the account.
    "already_registered": frozenset({"name", "sign_in_link", "reset_link", "companies_link", "there"}),
    # reason: created, enabled or staff (domain.md 5, triggers 1, 2 and 4).
    "choose_password": frozenset({"name", "login", "link", "minutes", "reason"}),
    "staff_welcome": frozenset({"name", "login", "link", "minutes"}),
    # accounts: pairs of a login and its own link (domain.md 5, user-name mode).
    "password_reminder": frozenset({"name", "accounts", "minutes"}),
    # codes: pairs of a login and its own code.
    "sign_in_code": frozenset({"name", "codes", "minutes"}),
    "user_names": frozenset({"name", "logins", "sign_in_link"}),
    "password_changed": frozenset({"name", "time", "reset_link"}),
    # To the new address before the change, and to the old one after it (domain.md 6).
    "confirm_new_email": frozenset({"name", "link", "minutes"}),
    "email_changed": frozenset({"name", "new_email", "time", "link", "minutes"}),
    # To the address that the account had until somebody undid the change.
    "email_change_undone": frozenset({"name", "time"}),
    # To an old address that is kept for its user while the change can be undone.
    "email_kept": frozenset({"name"}),
    # what: one of app.sign_in.security_mails.SecurityChange; device: "" where it is not known.
    "security_changed": frozenset({"name", "what", "time", "device", "reset_link"}),
    # devices: triples of device, time and network in words.
    "new_device": frozenset({"name", "devices", "reset_link"}),
    "approval_requested": frozenset({"customer_name", "customer_type_name", "number", "link"}),
    "approval_received": frozenset({"name", "customer_name"}),
    "approved": frozenset({"name", "customer_name", "sign_in_link"}),
    # To somebody whom an administrator of a company has removed from it.
    "member_removed": frozenset({"name", "customer_name"}),
    # To somebody whom staff have moved to another company; orders: how many have gone along.
    "user_moved": frozenset({"name", "old_customer_name", "customer_name", "orders", "link"}),
    "invitation": frozenset({"name", "inviter_name", "customer_name", "link", "minutes"}),
    "join_asked": frozenset({"name", "asker_name", "asker_email", "customer_name", "link"}),
    # link: "" for who was refused.
    "join_decided": frozenset({"name", "customer_name", "is_accepted", "link"}),
    "rejected": frozenset({"name", "customer_name", "comment", "link"}),
    # lines, sums: pairs of what and its amount; billing, shipping: lines of an address; link: "" for guests.
    "order_placed": frozenset(
        {
            *("name", "number", "time", "lines", "sums", "billing", "shipping", "shipping_name"),
            *("payment_name", "payment_instructions", "link", "withdrawal_link"),
        }
    ),
    "order_confirmed": frozenset({"name", "number", "lines", "shipping_name", "total", "link"}),
    # last_day: until when a consumer may withdraw, "" for companies.
    "order_shipped": frozenset(
        {"name", "number", "lines", "shipping", "shipping_name", "last_day", "withdrawal_link", "link"}
    ),
    "order_cancelled": frozenset({"name", "number", "lines", "link"}),
    "order_returned": frozenset({"name", "number", "lines", "link"}),
    "order_withdrawn": frozenset({"name", "number", "time", "lines"}),
    # To account managers (domain.md 12).
    "contract_ends": frozenset({"name", "customer_name", "number", "contract_name", "last_day", "link"}),
    # To a colleague who approves in somebody's place for some days (domain.md 10).
    "stand_in_appointed": frozenset(
        {"name", "approver_name", "customer_name", "first_day", "last_day", "link"}
    ),
    # reasons: sentences on the limits that are exceeded.
    "requisition_asked": frozenset(
        {"name", "number", "buyer", "total", "reasons", "comment", "expires", "link"}
    ),
    # state: approved, rejected or expired.
    "requisition_decided": frozenset(
        {"name", "number", "state", "decided_by", "comment", "order_number", "link"}
    ),
    # wanted: export or delete (domain.md 13).
    "data_request_confirm": frozenset({"name", "wanted", "link", "hours"}),
    "data_archive_ready": frozenset({"name", "link", "days"}),
    "data_deleted": frozenset({"name"}),
    "data_request_declined": frozenset({"name", "wanted", "comment"}),
    "newsletter_confirm": frozenset({"name", "link", "hours"}),
    "newsletter_welcome": frozenset({"name", "unsubscribe_link"}),
    # text: what staff wrote, paragraph by paragraph.
    "newsletter": frozenset({"name", "headline", "text", "unsubscribe_link"}),
}
# Kinds that advertise: only who confirmed the newsletter gets them, and each carries the way to end it, as a
# link and for mail programs (RFC 8058).
MARKETING_KINDS = frozenset({"newsletter_welcome", "newsletter"})

# Those of static/css/tokens.css; white text on each is readable (WCAG 2.2, 1.4.3).
ACCENTS = {"shop": "#a3301b", "business": "#0d5c48", "back-office": "#2f4d8c"}

# What mail programs turn into a link by themselves: "scheme://" and a dot inside a word ("evil.example").
LINK_LIKE = re.compile(r"(?<=:)(?=//)|(?<=\w\.)(?=[^\W\d_]{2})")
# Anything that a mail program could take for the end of a line, or that turns the direction of the text.
NOT_PRINTED = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """The three texts of a mail; the subject is one line."""

    subject: str
    text: str
    html: str


def render_mail(
    application: Application, kind: str, language: str, context: dict[str, object]
) -> RenderedMail:
    """The mail of this kind. Raises jinja2.UndefinedError for a name that is missing in the context.

    `context` holds what KINDS names; times are datetimes with a time zone and are shown in that of the application.
    """
    shown = {"name": ""} | {
        name: _shown(name, value, language, application.time_zone) for name, value in context.items()
    }
    shown |= {
        "language": language,
        "shop": application.name,
        "shop_url": application.url,
        "accent": ACCENTS[application.kind],
    }
    if "hours" in context or "minutes" in context:
        shown["valid_for"] = _duration(context, language)
    environment = _environment(language)
    text = environment.get_template(f"mail/{kind}.txt")
    subject = one_line("".join(text.blocks["subject"](text.new_context(shown))))
    shown["subject"] = subject
    html = environment.get_template(f"mail/{kind}.html").render(shown)
    return RenderedMail(subject, _without_gaps(text.render(shown)), html)


def one_line(text: str) -> str:
    """The text on one line without control characters, so that it cannot break out of a header or a line."""
    return NOT_PRINTED.sub(" ", text).strip()


def _shown(name: str, value: object, language: str, time_zone: str) -> object:
    if isinstance(value, datetime):
        return datetime_text(value, language, time_zone)
    if name in (
        "name",
        "customer_name",
        "old_customer_name",
        "inviter_name",
        "asker_name",
        "buyer",
        "decided_by",
    ):
        return _never_a_link(one_line(str(value)))
    return value


def _never_a_link(text: str) -> str:
    """The name with invisible word joiners where mail programs would see a link.

    Anybody can register with somebody else's e-mail address and with "Win at evil.example" as name; our mails
    must not carry such a link to a stranger.
    """
    return LINK_LIKE.sub("\u2060", text)


def _duration(context: dict[str, object], language: str) -> str:
    """ "60 minutes", "24 hours", "7 days": in the unit that people use for it, and never rounded."""
    return _minutes_text(
        int(str(context.get("hours", 0))) * 60 + int(str(context.get("minutes", 0))), language
    )


# Ten thousand invitations say the same, and working it out is a tenth of what each of them takes.
@lru_cache(maxsize=1_000)
def _minutes_text(total: int, language: str) -> str:
    for unit, size in (("day", 24 * 60), ("hour", 60)):
        if total > size and total % size == 0:
            return format_unit(total // size, f"duration-{unit}", locale=language)
    return format_unit(total, "duration-minute", locale=language)


def _without_gaps(text: str) -> str:
    """Templates leave empty lines where a part is missing; a reader sees one at most."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # added by the extension
        translations(language), newstyle=True
    )
    return environment
