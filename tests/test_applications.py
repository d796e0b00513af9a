"""Applications: configuration alone decides which sites there are, and a bad file is told in a sentence."""

from pathlib import Path

import pytest

from app.applications import Application, ApplicationsError, all_applications, read_applications
from app.customers.types import all_customer_types
from app.links import links_of
from tests.browser_like import PREFIXES, mails, visit
from tests.own_applications import OwnApplications
from tests.people import company, shopper

TYPES = """
[application_types.B2CWebShop]
kind = "shop"

[application_types.SMBWebShop]
kind = "business"

[application_types.BackOffice]
kind = "back-office"
login = []
login_type = "username"
"""
ONE = (
    '[[applications]]\nid = "shop"\ntype = "B2CWebShop"\nname = "Patron"\nurl = "http://localhost:{port}/"\n'
)
BUSINESS_HOST = "business.example.test"
OWN_HOSTS = (
    TYPES
    + """
[[applications]]
id = "shop"
type = "B2CWebShop"
name = "Patron"
url = "http://localhost:8000/store/"

[[applications]]
id = "business"
type = "SMBWebShop"
name = "Trade counter"
url = "http://business.example.test/"

[[applications]]
id = "back-office"
type = "BackOffice"
name = "Patron Back Office"
url = "http://staff.example.test/deep/inside/"
"""
)


def read(folder: Path, text: str, *, for_production: bool = False) -> tuple[Application, ...]:
    path = folder / "applications.toml"
    path.write_text(text, encoding="utf-8")
    return read_applications(
        path, port=8000, customer_types=all_customer_types(), for_production=for_production
    )


def refusal(folder: Path, text: str, *, for_production: bool = False) -> str:
    with pytest.raises(ApplicationsError) as refused:
        read(folder, text, for_production=for_production)
    sentence = str(refused.value)
    assert sentence.startswith(f"{folder / 'applications.toml'}: "), "the sentence names the file"
    return sentence


def one_with(setting: str) -> str:
    return TYPES + ONE + setting + "\n"


ENGLISH_ONLY = '{ en = "Size" }'


def attribute(kind: str = "text", labels: str = '{ en = "Size", de = "Größe" }') -> str:
    return f'{{ name = "size", on = "user", kind = "{kind}", labels = {labels} }}'


def test_the_default_file_has_a_shop_a_business_shop_and_a_back_office() -> None:
    found = {one.id: (one.kind, one.prefix, [t.id for t in one.login]) for one in all_applications()}
    assert found == {
        "shop": ("shop", "", ["INDIVIDUAL"]),
        "business": ("business", "/business", ["SMB"]),
        "back-office": ("back-office", "/back-office", []),
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("this is no toml", "line 1"),
        (TYPES, "applications"),
        (TYPES + "applications = []", "applications"),
        (one_with('colour = "red"'), "colour"),
        (one_with('name = ""').replace('name = "Patron"\n', ""), "$.applications[0].name"),
        (one_with("").replace('name = "Patron"\n', ""), "name"),
        (one_with("").replace('id = "shop"', 'id = "The Shop"'), "$.applications[0].id"),
        (one_with("").replace('kind = "shop"', 'kind = "kiosk"'), "Invalid enum value 'kiosk'"),
        (
            one_with("").replace('type = "B2CWebShop"', 'type = "B2B"'),
            "application shop names the unknown type B2B",
        ),
        (one_with('login = ["MARTIAN"]'), "unknown customer type MARTIAN"),
        (one_with('login = "SMB"'), "$.applications[0].login"),
        (one_with('login_type = "fingerprint"'), "$.applications[0].login_type"),
        (one_with("languages = []"), "application shop needs at least one language"),
        (one_with('languages = ["tlh"]'), "application shop speaks tlh"),
        (one_with("reset_minutes = 0"), "$.applications[0].reset_minutes"),
        (one_with('reset_minutes = "an hour"'), "$.applications[0].reset_minutes"),
        (one_with("verification_minutes = -5"), "$.applications[0].verification_minutes"),
        (one_with("invitation_minutes = 1.5"), "$.applications[0].invitation_minutes"),
        (one_with("mail_days = 0"), "$.applications[0].mail_days"),
        (one_with("withdrawal_days = 13"), "$.applications[0].withdrawal_days"),
        (one_with('approval_recipients = ["nobody"]'), "$.applications[0].approval_recipients"),
        (one_with('approval_recipients = ["a@b.example\\nBcc: c@d.example"]'), "approval_recipients"),
        (one_with("approval = { MARTIAN = true }"), "approval of the unknown customer type MARTIAN"),
        (one_with('approval = { SMB = "often" }'), "$.applications[0].approval"),
        (one_with('default_country = "Germany"'), "$.applications[0].default_country"),
        (one_with('time_zone = "Europe/Atlantis"'), "time zone “Europe/Atlantis”"),
        (one_with('time_zone = "../../etc/passwd"'), "$.applications[0].time_zone"),
        (one_with('time_zone = "America"'), "time zone “America”"),
        (one_with('own_profile_fields = ["salary"]'), "$.applications[0].own_profile_fields"),
        (one_with('attributes = [{ name = "a b" }]'), "$.applications[0].attributes"),
        (one_with(f"attributes = [{attribute()}, {attribute()}]"), "the attribute size of a user twice"),
        (one_with(f"attributes = [{attribute(kind='choice')}]"), "a choice needs choices"),
        (one_with(f"attributes = [{attribute(labels=ENGLISH_ONLY)}]"), "all of its labels in de"),
        (TYPES + ONE + ONE, "two applications have the id shop"),
        (TYPES + ONE + ONE.replace('id = "shop"', 'id = "other"'), "shop and other have the same address"),
        (
            one_with('login = ["SMB"]').replace('type = "B2CWebShop"', 'type = "BackOffice"'),
            "application shop is a back office",
        ),
    ],
)
def test_a_bad_value_is_refused_with_a_sentence_that_names_the_place(
    tmp_path: Path, text: str, named: str
) -> None:
    assert named in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "/shop/",
        "ftp://localhost/",
        "http:///shop/",
        "http://localhost/?a=b",
        "http://localhost/#top",
        "http://[/",
        "http://localhost:port/",
        "http://localhost:99999/",
        "http://me:secret@localhost/",
        "http://localhost/a shop/",
        "http://localhost/gesch%C3%A4ft/",
        "http://localhost/a//b/",
        "http://localhost/a/../b/",
        "https://bücher.example/",
        "https://shop.example./",
        "https://shop,example/",
    ],
)
def test_an_address_that_no_request_can_have_is_refused(tmp_path: Path, url: str) -> None:
    text = TYPES + ONE.replace("http://localhost:{port}/", url)
    assert "the url of application shop" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("url", "host", "spelt"),
    [
        ("HTTPS://Shop.Example", "shop.example", "https://shop.example/"),
        ("https://shop.example:443/store", "shop.example", "https://shop.example/store/"),
        ("http://shop.example:8080/", "shop.example", "http://shop.example:8080/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
        ("http://[::1]:8000/", "[::1]", "http://[::1]:8000/"),
    ],
)
def test_an_address_is_spelt_as_browsers_spell_it(tmp_path: Path, url: str, host: str, spelt: str) -> None:
    (shop,) = read(tmp_path, TYPES + ONE.replace("http://localhost:{port}/", url))
    assert (shop.host, shop.url) == (host, spelt)
    assert spelt.startswith(shop.origin)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "applications.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ApplicationsError, match=r"applications\.toml"):
        read_applications(path, port=8000, customer_types=all_customer_types(), for_production=False)


def test_production_refuses_addresses_without_https(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, TYPES + ONE, for_production=True)
    assert "in production the url of application shop must start with https://" in sentence
    assert read(tmp_path, TYPES + ONE.replace("http://", "https://"), for_production=True)


def test_an_application_overrides_its_type_and_its_type_the_default(tmp_path: Path) -> None:
    types = TYPES.replace('kind = "shop"', 'kind = "shop"\nreset_minutes = 30\nterms_version = "7"')
    other = ONE.replace('id = "shop"', 'id = "other"').replace("{port}/", "{port}/other/")
    shop, second = read(tmp_path, types + ONE + other + "reset_minutes = 15\nwithdrawal_days = 30\n")
    assert (shop.reset_minutes, shop.terms_version, shop.verification_minutes) == (30, "7", 24 * 60)
    assert (second.reset_minutes, second.terms_version) == (15, "7")
    assert (shop.withdrawal_days, second.withdrawal_days) == (14, 30)


def test_an_application_may_admit_several_customer_types(tmp_path: Path) -> None:
    (mixed,) = read(tmp_path, one_with('login = ["SMB", "INDIVIDUAL"]'))
    assert [one.id for one in mixed.login] == ["SMB", "INDIVIDUAL"]
    assert mixed.admits("SMB")
    assert mixed.admits("INDIVIDUAL")
    assert not mixed.admits("MARTIAN")


def test_the_port_of_the_server_stands_in_addresses(tmp_path: Path) -> None:
    (shop,) = read(tmp_path, TYPES + ONE)
    assert shop.url == "http://localhost:8000/"
    assert shop.origin == "http://localhost:8000"


@pytest.mark.parametrize(
    ("url", "name", "path"),
    [
        ("https://shop.example/", "__Host-patron-shop-session", "/"),
        ("https://shop.example/store/", "patron-shop-session", "/store/"),
        ("http://localhost:8000/", "patron-shop-session", "/"),
        ("http://localhost:8000/store", "patron-shop-session", "/store/"),
    ],
)
def test_cookies_have_the_host_prefix_where_browsers_allow_it(
    tmp_path: Path, url: str, name: str, path: str
) -> None:
    (shop,) = read(tmp_path, TYPES + ONE.replace("http://localhost:{port}/", url))
    assert shop.cookie_name("session") == name
    assert shop.cookie_path == path


@pytest.fixture
def own_hosts(database: str, own_applications: OwnApplications, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patron with other addresses than the usual ones, by nothing but a file of its own."""
    own_applications.write(OWN_HOSTS)
    for application, prefix in (("shop", "/store"), ("business", ""), ("back-office", "/deep/inside")):
        monkeypatch.setitem(PREFIXES, application, prefix)


@pytest.mark.usefixtures("own_hosts")
async def test_the_business_shop_works_on_its_own_host() -> None:
    person = await visit("business", host=f"http://{BUSINESS_HOST}")
    page = await person.get("/")
    assert page.status == 200
    assert page.title.endswith("– Trade counter")
    own = [one for one in page.links if one.startswith("/")]
    assert "/sign-in" in own
    assert not [one for one in own if one.startswith("/business")]
    assert "http://localhost:8000/store/" in page.links, "the way to the other shop is absolute"
    sign_in = await person.get("/sign-in")
    assert sign_in.status == 200
    assert sign_in.form(with_field="login").get("action") in ("/sign-in", "")


@pytest.mark.usefixtures("own_hosts")
async def test_people_sign_in_on_the_new_host_and_only_there() -> None:
    known = await company()
    headers = {"Origin": f"http://{BUSINESS_HOST}"}
    person = await visit("business", host=f"http://{BUSINESS_HOST}")
    page = await person.get("/sign-in")
    page = await person.post("/sign-in", {"login": known.login, "password": known.password}, headers=headers)
    assert page.status == 200
    assert page.path.startswith("/account")
    assert person.cookie("session")
    cookies = {one.name: one for one in person.client.cookies.jar}
    assert cookies["patron-business-session"].domain == BUSINESS_HOST
    assert cookies["patron-business-session"].path == "/"
    elsewhere = await visit("shop", host=f"http://{BUSINESS_HOST}")
    assert (await elsewhere.get("/")).status == 404, "the shop's path is no page of this host"


@pytest.mark.usefixtures("own_hosts")
async def test_links_in_mails_begin_with_the_configured_address() -> None:
    await company("maria@alfki.example")
    person = await visit("business", host=f"http://{BUSINESS_HOST}")
    await person.get("/forgotten-password")
    await person.post(
        "/forgotten-password",
        {"email": "maria@alfki.example"},
        headers={"Origin": f"http://{BUSINESS_HOST}", "X-Forwarded-Host": "evil.example"},
    )
    (mail,) = await mails(to="maria@alfki.example")
    assert mail.link.startswith(f"http://{BUSINESS_HOST}/reset-password?token=")
    assert "evil.example" not in mail.text + mail.html


@pytest.mark.usefixtures("own_hosts")
async def test_a_shop_below_another_path_works() -> None:
    known = await shopper()
    person = await visit("shop")
    page = await person.get("/")
    assert page.status == 200
    own = [one for one in page.links if one.startswith("/")]
    assert own
    assert all(one.startswith("/store/") for one in own)
    page = await person.sign_in(known.login, known.password)
    assert page.path.startswith("/store/account")
    assert {one.path for one in person.client.cookies.jar} == {"/store/"}
    outside = await visit("shop")
    answer = await outside.client.get("http://localhost:8000/")
    assert answer.status_code == 400, "no application has this address"


@pytest.mark.usefixtures("own_hosts")
async def test_a_path_of_several_parts_works() -> None:
    person = await visit("back-office", host="http://staff.example.test")
    page = await person.get("/sign-in")
    assert page.status == 200
    assert page.path == "/deep/inside/sign-in"


def test_links_know_the_addresses_of_every_application() -> None:
    from tests.browser_like import patron

    patron()
    for application in all_applications():
        assert links_of(application).path("sign_in") == f"{application.prefix}/sign-in"
        assert links_of(application).url("sign_in") == f"{application.url}sign-in"
