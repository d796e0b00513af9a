"""How strong a password is, told while it is typed: help, never a gate (security.md, Passwords)."""

import logging

import pytest

from app.sign_in.password_strength import LONGEST_KNOWN, LOOKED_AT, strength_of
from tables.engine import DB
from tests import people
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("database")


async def told(person: Person, password: str, **typed: str) -> str:
    """The words of the fragment."""
    await person.get("/sign-in")
    token = person.last.csrf_token if person.last is not None else ""
    answer = await person.client.post(
        person.address("/password-strength"),
        data={"_csrf_token": token, "password": password, **typed},
        headers={"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin", "HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.headers["cache-control"] != "public"
    assert not password or password not in answer.text
    return " ".join(answer.text.split())


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("abc", "Very weak – Please use at least 15"),
        ("zaq1xsw2cde3vfr4", "Fair – Rows of keys"),
        ("asdfghjkl;zxcvbn", "Weak – This password is one of the first"),
        ("passwordpassword", "others would guess"),
        ("seven green bottles hanging", ">Strong<"),
        ("x7Kq!92mZp", "Weak – Please use at least 15"),
    ],
)
async def test_the_fragment_says_how_strong_and_what_would_help(password: str, words: str) -> None:
    assert words in await told(await visit("shop"), password)


async def test_nothing_typed_is_told_nothing() -> None:
    assert await told(await visit("shop"), "") == ""


async def test_what_others_know_of_the_person_is_weak() -> None:
    assert "do not use your name" in await told(
        await visit("shop"), "Rumpelstilzchen 1", first_name="Rumpelstilzchen"
    )
    signed_in = await (await people.shopper()).signed_in()
    assert "do not use your name" in await told(signed_in, "maria anders maria")


async def test_it_speaks_the_language_of_the_person() -> None:
    assert ">Stark<" in await told(await visit("shop", language="de"), "seven green bottles hanging")


async def test_long_passwords_cost_no_more_than_short_ones() -> None:
    found = await strength_of("aB3$" * 256, (), 15)
    assert found is not None
    assert LOOKED_AT == 72


async def test_no_more_is_looked_at_of_what_others_know_than_forms_take() -> None:
    """Anybody may send a megabyte of it, and looking for each word of that would hold up every page for seconds."""
    password = "seven green bottles hanging"
    near = await strength_of(password, ["x" * 100 + " " + password], 15)
    far = await strength_of(password, ["x" * LONGEST_KNOWN + " " + password], 15)
    assert [one.name for one in (near, far) if one is not None] == ["Weak", "Strong"]


async def test_what_is_typed_is_neither_kept_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "seven green bottles hanging"
    await told(await visit("shop"), secret)
    assert secret not in caplog.text
    tables = await DB.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for row in tables:
        found = await DB.fetch_value(
            f"SELECT count(*) FROM {row['tablename']} t WHERE t::text LIKE '%' || $1 || '%'", secret
        )
        assert found == 0, row["tablename"]


async def test_beyond_the_limit_there_is_no_help_and_no_error() -> None:
    person = await visit("shop", address="10.5.0.1")
    await told(person, "abc")
    await DB.execute("UPDATE attempt_counters SET attempts = 200")
    assert await told(person, "abc") == ""


async def test_weak_is_help_and_no_gate() -> None:
    """A password of four common words is merely "fair" or better, and always taken."""
    ines = await people.shopper()
    person = await ines.signed_in()
    page = await person.get("/account/password")
    page = await person.fill(
        page, {"current_password": ines.password, "password": "2026 2027 2028 2029 2030 2031"}
    )
    assert page.status == 200


async def test_every_page_where_a_password_is_chosen_asks_for_help_while_typing() -> None:
    from app.applications import application_by_id
    from app.sign_in.password_mails import reset_link

    ines = await people.shopper()
    signed_in = await ines.signed_in()
    stranger = await visit("shop")
    for page in (
        await signed_in.get("/account/password"),
        await stranger.get("/register/individual"),
        await stranger.get(await reset_link(ines.user_id, application_by_id("shop"), 60)),
    ):
        (field,) = page.tree.xpath("//input[@name='password']")
        assert field.get("hx-post").startswith("/password-strength")
        assert page.tree.xpath("//*[@id='strength-of-password'][@role='status']")
