"""Every kind of mail, in both languages, says the same in text and HTML."""

import itertools
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from jinja2 import UndefinedError

from app.applications import Application, all_applications
from app.mail.rendering import KINDS, MARKETING_KINDS, TEMPLATES, RenderedMail, render_mail
from app.sign_in.security_mails import SecurityChange

LANGUAGES = ("en", "de")
ADDRESS = "http://localhost:8000"
# One value for each name of any kind; none is a word of either language.
SAMPLES: dict[str, object] = {
    "name": "Ines Müller",
    "link": f"{ADDRESS}/link?token=abc.def-1&next=2",
    "sign_in_link": f"{ADDRESS}/sign-in",
    "reset_link": f"{ADDRESS}/forgotten-password",
    "companies_link": f"{ADDRESS}/account/companies",
    "hours": 24,
    "minutes": 60,
    "login": "ines@example.com",
    "accounts": [("ines", f"{ADDRESS}/reset?token=1"), ("ines.2", f"{ADDRESS}/reset?token=2")],
    "logins": ["ines", "ines.2"],
    "codes": [("ines", "048151"), ("ines.2", "623428")],
    "time": datetime(2026, 3, 1, 14, 5, tzinfo=UTC),
    "new_email": "neu@example.com",
    "customer_name": "Søren & Søn <A/S>",
    "customer_type_name": "XYZ",
    "old_customer_name": "Søren 0822",
    "orders": 3,
    "inviter_name": "Ines Lüdemann",
    "approver_name": "Søren 0823",
    "asker_name": "Søren Søn",
    "asker_email": "soeren@example.com",
    "is_accepted": True,
    "number": "4711",
    "comment": "0815\n<0816>",
    "reason": "created",
    "what": "second_factor_added",
    "device": "Xyzfox",
    "devices": [("Xyzfox", "4712", "4713")],
    "lines": [("3 x Chai (NW-001)", "€54.00"), ("1 x Ikura (NW-010)", "€31.00")],
    "sums": [("Zwischensumme", "€85.00"), ("Gesamt", "€101.15")],
    "billing": ["Søren Søn", "12209 Berlin"],
    "shipping": ["Søren Søn", "10115 Berlin"],
    "shipping_name": "Paketdienst",
    "payment_name": "Überweisung",
    "payment_instructions": "",
    "total": "€101.15",
    "first_day": "12.03.2026",
    "last_day": "15.03.2026",
    "withdrawal_link": f"{ADDRESS}/withdrawal",
    "wanted": "export",
    "days": 30,
    "unsubscribe_link": f"{ADDRESS}/newsletter/unsubscribe?token=abc",
    "buyer": "Søren Søn",
    "reasons": ["0818", "0819"],
    "expires": datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    "state": "approved",
    "there": "Søren 0824",
    "decided_by": "Ines Lüdemann",
    "order_number": "4714",
    "contract_name": "Søren 0821",
    "headline": "Søren & <Tee>",
    "text": "0817",
}
VARIANTS = [
    *((kind, {}) for kind in KINDS),
    *(("choose_password", {"reason": reason}) for reason in ("enabled", "staff")),
    *(
        ("security_changed", {"what": what, "device": device})
        for what, device in itertools.product(SecurityChange, ("Xyzfox", ""))
    ),
    ("password_reminder", {"accounts": [("ines", f"{ADDRESS}/reset?token=1")]}),
    ("user_names", {"logins": ["ines"]}),
    ("rejected", {"comment": ""}),
    ("verify_email", {"name": ""}),
    *((kind, {"wanted": "delete"}) for kind in ("data_request_confirm", "data_request_declined")),
    ("data_archive_ready", {"days": 1}),
    ("order_shipped", {"link": ""}),
    ("already_registered", {"companies_link": ""}),
    ("join_decided", {"is_accepted": False, "link": ""}),
    ("requisition_asked", {"comment": ""}),
    *(("user_moved", {"orders": orders}) for orders in (0, 1)),
    *(
        ("requisition_decided", {"state": state, "order_number": "", "comment": comment})
        for state, comment in (("rejected", "0815"), ("expired", ""))
    ),
]


def application_of(kind: str) -> Application:
    wanted = "back-office" if kind in ("staff_welcome", "approval_requested") else "business"
    return next(one for one in all_applications() if one.kind == wanted)


def rendered(kind: str, language: str, values: dict[str, object]) -> RenderedMail:
    context = {name: SAMPLES[name] for name in KINDS[kind]} | values
    return render_mail(application_of(kind), kind, language, context)


def links_in(text: str) -> set[str]:
    return set(re.findall(r"https?://[^\s<>\"]+", unescape(text)))


def words_of_html(html: str) -> list[str]:
    """What a reader sees of an HTML mail, by elements."""
    body = re.sub(r"<(style|title|head)\b.*?</\1>", "", html, flags=re.DOTALL)
    pieces = (" ".join(unescape(piece).split()) for piece in re.split(r"<[^>]+>", body))
    return [piece for piece in pieces if piece]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "values"), VARIANTS)
def test_text_and_html_have_the_same_content(kind: str, values: dict[str, object], language: str) -> None:
    mail = rendered(kind, language, values)
    assert mail.subject
    assert "\n" not in mail.subject
    layout_links = {"http://www.w3.org/1999/xhtml"}
    assert links_in(mail.text) == links_in(mail.html) - layout_links
    given = [value for name in KINDS[kind] for value in flat(values.get(name, SAMPLES[name]))]
    assert {value for value in given if value.startswith("http")} <= links_in(mail.text)
    in_html = " ".join(words_of_html(mail.html))
    for line in mail.text.splitlines():
        line = line.removeprefix("> ")
        for part in [line] if line.startswith("http") else re.split(r":(?: |$)", line):
            assert " ".join(part.split()) in in_html or line == "-- ", part


@pytest.mark.parametrize(("kind", "values"), VARIANTS)
def test_the_german_mail_has_no_english_left(kind: str, values: dict[str, object]) -> None:
    english, german = rendered(kind, "en", values), rendered(kind, "de", values)
    application = application_of(kind)
    same_in_both = {
        application.name,
        f"{application.name} ·",
        "·",
        "--",
        f"{application.name} · {application.url}",
    }
    same_in_both |= {part for value in [*SAMPLES.values(), *values.values()] for part in flat(value)}
    same_in_both |= {": ".join(pair) for name in ("lines", "sums") for pair in SAMPLES[name]}
    assert german.subject != english.subject
    for in_english, in_german in (
        (english.text.splitlines(), german.text.splitlines()),
        (words_of_html(english.html), words_of_html(german.html)),
    ):
        assert len(in_english) == len(in_german)
        pieces = {piece.removeprefix("> ").strip() for piece in in_english} & {
            piece.removeprefix("> ").strip() for piece in in_german
        }
        assert {piece for piece in pieces if piece and not piece.startswith("http")} <= same_in_both


def flat(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [text for one in value for text in flat(one)]
    return str(value).splitlines()


def test_every_template_belongs_to_a_kind_and_the_other_way_round() -> None:
    names = {path.name for path in (TEMPLATES / "mail").iterdir()}
    assert names == {f"{kind}.{ending}" for kind in (*KINDS, "layout", "parts") for ending in ("txt", "html")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_value_is_an_error_and_no_gap_in_a_mail(kind: str) -> None:
    for missing in KINDS[kind] - {"name"}:
        context = {name: SAMPLES[name] for name in KINDS[kind] if name != missing}
        with pytest.raises(UndefinedError):
            render_mail(application_of(kind), kind, "en", context)


def test_names_are_escaped_in_html_and_plain_in_text() -> None:
    mail = rendered("approval_received", "en", {"name": "<b>Ines</b> & Co"})
    assert "Hello <b>Ines</b> & Co," in mail.text
    assert "&lt;b&gt;Ines&lt;/b&gt; &amp; Co" in mail.html
    assert "<b>" not in mail.html


def test_line_breaks_in_names_do_not_break_lines_of_the_mail() -> None:
    mail = rendered("approval_requested", "en", {"customer_name": "Evil\r\nBcc: all@example.com\u2028Ltd"})
    assert mail.subject == "Approval requested: Evil Bcc: all@example\u2060.com Ltd".replace(
        "\u2060.com", ".\u2060com"
    )
    assert "\nBcc" not in mail.text


def test_a_name_never_becomes_a_link_to_a_stranger() -> None:
    mail = rendered("verify_email", "en", {"name": "Win at http://evil.example/now"})
    assert "http://evil" not in mail.text
    assert "evil.example" not in mail.text
    assert mail.text.replace("\u2060", "").startswith("Hello Win at http://evil.example/now,")


def test_initials_and_titles_stay_as_they_are() -> None:
    for name in ("Dr. Maria Anders", "J. R. R. Tolkien", "J.R. Ewing", "Ana Trujillo S.A."):
        assert f"Hello {name}," in rendered("verify_email", "en", {"name": name}).text


@pytest.mark.parametrize(
    ("valid", "english", "german"),
    [
        ({"hours": 24}, "24 hours", "24 Stunden"),
        ({"minutes": 60}, "60 minutes", "60 Minuten"),
        ({"minutes": 90}, "90 minutes", "90 Minuten"),
        ({"minutes": 180}, "3 hours", "3 Stunden"),
        ({"minutes": 7 * 24 * 60}, "7 days", "7 Tage"),
    ],
)
def test_the_validity_of_a_link_is_told_in_its_natural_unit(
    valid: dict[str, object], english: str, german: str
) -> None:
    context = {"name": "Ines", "link": SAMPLES["link"], **valid}
    shop = all_applications()[0]
    assert f"valid for {english}." in render_mail(shop, "verify_email", "en", context).text
    assert f"gilt {german} lang." in render_mail(shop, "verify_email", "de", context).text


def test_times_are_in_the_form_of_the_language_and_in_the_time_zone_of_the_shop() -> None:
    assert "Mar 1, 2026, 3:05\u202fPM CET" in rendered("password_changed", "en", {}).text
    assert "01.03.2026, 15:05 MEZ" in rendered("password_changed", "de", {}).text


def test_every_mail_that_advertises_and_no_other_carries_the_way_to_end_it() -> None:
    assert {kind for kind, names in KINDS.items() if "unsubscribe_link" in names} == MARKETING_KINDS
