"""Links are made from names, and nobody is led to another site."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.applications import Application, application_by_id
from app.links import Links, UnknownLink, links_of, path_within
from tests.browser_like import patron, visit
from tests.people import shopper


def application(name: str) -> Application:
    patron()
    found = application_by_id(name)
    assert found is not None
    return found


OUTSIDE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/\x00",
    "/\x7f",
    "https://evil.example",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "account",
    "?next=/account",
    "#top",
    "",
    "/a/../../business/",
    "/..",
    "/%2e%2e/x",
    "/account/%2e%2e/%2e%2e/",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/account%0d%0aSet-Cookie:a=b",
    "/" + "a" * 2001,
    "/\u2028/evil.example",
    "/\u3000",
    "//[",
]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/business/", "/business/"),
        ("/business/account", "/business/account"),
        ("/business/account/orders?page=2", "/business/account/orders"),
        ("/business/account/orders/1001", "/business/account/orders/"),
        ("/business/account/orders/1001/x/y/z/" + "/" * 5000, "/business/account/orders/"),
        ("/business/accounts", ""),
        ("/business/categories/beverages", ""),
        ("/business", ""),
        ("", ""),
    ],
)
def test_the_place_of_a_page_is_its_address_or_the_nearest_one_above(path: str, place: str) -> None:
    assert links_of(application("business")).place(path) == place


@pytest.mark.parametrize("wanted", OUTSIDE)
def test_only_a_plain_path_of_this_application_is_followed(wanted: str) -> None:
    assert path_within(application("shop"), wanted) is None


@pytest.mark.parametrize(
    "rest", ["/..", "/../account", "/%2e%2e/", "//evil.example", "/\\evil", "/./", "/%00", "/ "]
)
def test_no_detour_leads_out_of_an_application(rest: str) -> None:
    assert path_within(application("business"), "/business" + rest) is None


@pytest.mark.parametrize(
    "wanted", ["/", "/account", "/account?tab=1&x=%2F", "/categories/a-b", "/caf%C3%A9", "/a#b"]
)
def test_a_path_of_this_application_is_followed(wanted: str) -> None:
    assert path_within(application("shop"), wanted) == wanted


@pytest.mark.parametrize(
    "wanted", ["/", "/account", "/businessx", "/business-news", "/back-office/", "/businesS/"]
)
def test_the_path_of_another_application_is_not_followed(wanted: str) -> None:
    assert path_within(application("business"), wanted) is None


@pytest.mark.parametrize("wanted", ["/business", "/business/", "/business/account", "/business?x=1"])
def test_a_path_below_the_prefix_is_followed(wanted: str) -> None:
    assert path_within(application("business"), wanted) == wanted


@pytest.mark.parametrize("wanted", ["/business/account", "/back-office/", "/business"])
def test_the_shop_at_the_root_does_not_lead_into_the_others(wanted: str) -> None:
    assert path_within(application("shop"), wanted) is None


def test_nothing_wanted_is_nothing() -> None:
    assert path_within(application("shop"), None) is None


@given(st.text(max_size=60))
def test_no_wanted_address_is_a_fault_and_none_names_a_host(wanted: str) -> None:
    from urllib.parse import urljoin, urlsplit

    found = path_within(application("shop"), wanted)
    if found is not None:
        assert urlsplit(urljoin("http://localhost:8000/sign-in", found)).netloc == "localhost:8000"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example/", "/business/"]
)
async def test_signing_in_leads_to_no_other_site(wanted: str) -> None:
    known = await shopper()
    person = await visit("shop")
    page = await person.get("/sign-in?next=" + wanted)
    page = await person.fill(
        page, {"login": known.login, "password": known.password, "next": wanted}, follow=False
    )
    assert page.status == 303
    assert page.response.headers["location"] == "/account"


@pytest.mark.usefixtures("database")
async def test_signing_in_leads_back_to_the_page_that_was_wanted() -> None:
    known = await shopper()
    person = await visit("shop")
    page = await person.get("/account/addresses?from=mail")
    assert page.path.startswith("/sign-in?next=")
    page = await person.fill(page, {"login": known.login, "password": known.password}, follow=False)
    assert page.response.headers["location"] == "/account/addresses?from=mail"


def test_an_unknown_route_is_an_error() -> None:
    links = links_of(application("shop"))
    with pytest.raises(UnknownLink, match="shop has no route named nowhere"):
        links.path("nowhere")
    with pytest.raises(UnknownLink):
        links.path("customers")


def test_a_missing_part_of_an_address_is_an_error() -> None:
    links = links_of(application("shop"))
    with pytest.raises(UnknownLink, match="slug"):
        links.path("category")
    with pytest.raises(UnknownLink, match="slug"):
        links.path("category", page=2)


def test_parts_are_encoded_and_other_values_make_the_query() -> None:
    links = links_of(application("business"))
    assert links.path("category", slug="dairy-products") == "/business/categories/dairy-products"
    assert links.path("category", slug="a/b?c#d é") == "/business/categories/a%2Fb%3Fc%23d%20%C3%A9"
    assert (
        links.path("sign_in", next="/a?b=c&d", nothing=None, empty="")
        == "/business/sign-in?next=%2Fa%3Fb%3Dc%26d"
    )
    assert links.path("home", a=["1", "2"]) == "/business/?a=1&a=2"


def test_absolute_addresses_begin_with_the_configured_one() -> None:
    assert links_of(application("business")).url("sign_in") == "http://localhost:8000/business/sign-in"


def test_links_of_an_application_that_is_not_served_are_an_error() -> None:
    from dataclasses import replace

    with pytest.raises(UnknownLink, match="not known yet"):
        links_of(replace(application("shop"), id="elsewhere"))


def test_parts_with_braces_are_no_parameters() -> None:
    links = Links(application("shop"), [("one", "/a/{name:str}")])
    assert links.path("one", name="{x}") == "/a/%7Bx%7D"
