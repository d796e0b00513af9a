"""Forms: all errors at once, what was typed stays, and nothing that is typed is a fault."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.customers.types import all_customer_types
from app.forms import (
    Choice,
    Day,
    FilledForm,
    Flag,
    Form,
    Group,
    Invalid,
    Secret,
    Several,
    Text,
    blank,
    field_names,
    fill,
)
from tests.browser_like import visit

COLOURS = (("red", "Red"), ("green", "Green"))


class AddressPart(Form):
    """A group of fields."""

    street: Annotated[str, Text()]
    city: Annotated[str, Text(max_length=20)]
    country: Annotated[str, Text(required=False)]


class EveryKind(Form):
    """One field of each kind."""

    name: Annotated[str, Text(max_length=10)]
    note: Annotated[str, Text(required=False, multiline=True)]
    password: Annotated[str, Secret()]
    colour: Annotated[str, Choice(options=COLOURS)]
    terms: Annotated[bool, Flag(required=True, must="Please accept the terms.")]
    newsletter: Annotated[bool, Flag()]
    birthday: Annotated[date | None, Day(in_the_past=True)]
    rows: Annotated[list[str], Several(at_most=3)]
    home: Annotated[AddressPart, Group(prefix="home_")]
    work: Annotated[AddressPart | None, Group(prefix="work_", optional=True, preset=("country",))]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A name is no colour."""
        if values.get("name") == "red" and values.get("colour") == "red":
            yield "colour", "Not both."


GOOD: dict[str, list[str]] = {
    "name": ["Ines"],
    "password": ["  with blanks  "],
    "colour": ["red"],
    "terms": ["on"],
    "home_street": ["Obere Str. 57"],
    "home_city": ["Berlin"],
}


def filled(**changes: str | list[str] | None) -> FilledForm[EveryKind]:
    typed = dict(GOOD)
    for name, value in changes.items():
        typed.pop(name, None)
        if value is not None:
            typed[name] = [value] if isinstance(value, str) else value
    return fill(EveryKind, typed)


def test_a_form_that_is_filled_in_well_gives_its_struct() -> None:
    form = filled(birthday="1985-03-31", rows=["b", "a", "b", ""], newsletter="on", note="one\r\ntwo")
    assert form.is_valid
    assert form.errors == []
    data = form.data
    assert (data.name, data.colour, data.terms, data.newsletter) == ("Ines", "red", True, True)
    assert data.password == "  with blanks  ", "a password is taken exactly"
    assert data.birthday == date(1985, 3, 31)
    assert data.rows == ["b", "a"]
    assert data.home.city == "Berlin"
    assert data.home.country == ""
    assert data.work is None
    assert data.note == "one\r\ntwo"


def test_all_errors_are_told_at_once_in_the_order_of_the_form() -> None:
    form = fill(EveryKind, {"work_street": ["x"], "birthday": ["yesterday"], "name": ["a" * 11]})
    assert not form.is_valid
    assert [name for name, _message in form.errors] == [
        "name",
        "password",
        "colour",
        "terms",
        "birthday",
        "home_street",
        "home_city",
        "work_city",
    ]
    assert form.error("name") == "Please use at most 10 characters."
    assert form.error("terms") == "Please accept the terms."
    assert form.error("newsletter") is None
    with pytest.raises(RuntimeError, match="has errors"):
        _ = form.data


def test_what_was_typed_stays_but_never_a_password() -> None:
    form = filled(name="a name that is too long", password="do not show me", rows=["a", "b"])
    assert form.value("name") == "a name that is too long"
    assert form.values("rows") == ["a", "b"]
    assert form.value("home_street") == "Obere Str. 57"
    assert form.value("password") == ""
    assert form.values("password") == []
    assert form.value("nothing_of_the_kind") == ""


def test_a_form_that_nobody_has_filled_in_has_no_errors_and_no_data() -> None:
    form = blank(EveryKind, name="Ines", password="never")
    assert form.errors == []
    assert not form.is_valid
    assert form.value("name") == "Ines"
    assert form.value("password") == ""


@pytest.mark.parametrize(
    "typed",
    ["Ines\r\nBcc: all@example.com", "a\nb", "a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\ud800b", "a\tb"],
)
def test_control_characters_and_line_breaks_are_refused(typed: str) -> None:
    form = filled(name=typed)
    assert form.error("name") == "Please use letters, digits and signs only, without line breaks."


def test_what_no_page_can_hold_is_not_shown_again() -> None:
    form = filled(name="a\x00\x1b\x7f\x85b", note="one\n\ttwo\x00")
    assert form.error("name")
    assert (form.value("name"), form.value("note")) == ("ab", "one\n\ttwo")


@pytest.mark.parametrize("typed", ["In\u202ees", "\u202aInes\u202c", "\u2066 Ines\u2069"])
def test_what_turns_the_direction_of_writing_is_left_out(typed: str) -> None:
    form = filled(name=typed)
    assert form.is_valid
    assert form.data.name == "Ines"


@pytest.mark.parametrize("typed", ["مرحبا", "רות", "می\u200cخواهم", "👩\u200d👩\u200d👧", "\u200fשלום"])
def test_names_of_any_script_are_fine(typed: str) -> None:
    assert not filled(name=typed).error("name")


def test_several_lines_are_fine_where_they_are_asked_for_but_not_other_controls() -> None:
    assert filled(note="one\n\ttwo").is_valid
    assert filled(note="one\x00two").error("note")


def test_blanks_around_text_are_taken_off_and_only_blanks_are_nothing() -> None:
    assert filled(name="  Ines ").data.name == "Ines"
    assert filled(name="   ").error("name") == "Please fill in this field."
    assert filled(name="\u00a0\u3000").error("name") == "Please fill in this field."


def test_text_is_kept_in_one_unicode_form() -> None:
    assert filled(name="Jose\u0301").data.name == "Jos\u00e9"


def test_length_counts_characters() -> None:
    assert filled(name="ä" * 10).is_valid
    assert filled(name="🧀" * 10).is_valid
    assert filled(name="🧀" * 11).error("name")


def test_a_choice_that_is_not_offered_is_refused() -> None:
    assert filled(colour="blue").error("colour") == "Please choose one of the options."
    assert filled(colour="").error("colour") == "Please fill in this field."


@pytest.mark.parametrize(
    ("typed", "ticked"), [("on", True), ("true", True), ("1", True), ("off", False), ("", False)]
)
def test_a_box_is_ticked_or_not(typed: str, ticked: bool) -> None:
    assert filled(newsletter=typed).data.newsletter is ticked


@pytest.mark.parametrize("typed", ["1985-03-31", "31.03.1985", "31.3.1985", " 1985-03-31 "])
def test_a_date_is_read_as_browsers_send_it_and_as_germans_type_it(typed: str) -> None:
    assert filled(birthday=typed).data.birthday == date(1985, 3, 31)


@pytest.mark.parametrize(
    "typed",
    [
        "1985-02-30",
        "0000-00-00",
        "yesterday",
        "1985-03-31T00:00",
        "99999-01-01",
        "٣١.٠٣",
        "-1-1-1",
        "1" * 5000,
    ],
)
def test_what_is_no_date_is_refused(typed: str) -> None:
    assert filled(birthday=typed).error("birthday") == "Please enter a date such as 1985-03-31."


def test_a_birthday_lies_in_the_past() -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    for typed in (tomorrow.isoformat(), "1899-12-31", "9999-12-31"):
        assert filled(birthday=typed).error("birthday") == "Please enter a date in the past."
    assert filled(birthday=None).data.birthday is None


def test_too_many_rows_are_refused() -> None:
    assert filled(rows=["a", "b", "c", "d"]).error("rows") == "Please choose fewer at a time."
    assert filled(rows=["a" * 101]).error("rows")


def test_a_group_is_read_by_its_prefix() -> None:
    form = filled(home_city=None, city="Paris")
    assert form.error("home_city") == "Please fill in this field."
    assert form.error("city") is None


def test_an_optional_group_counts_once_something_is_typed_in_it() -> None:
    assert filled(work_street="  ").data.work is None
    assert filled(work_country="DE").data.work is None, "what the page fills in by itself does not count"
    form = filled(work_street="Main Street 1")
    assert [name for name, _message in form.errors] == ["work_city"]
    work = filled(work_street="Main Street 1", work_city="London", work_country="GB").data.work
    assert work == AddressPart(street="Main Street 1", city="London", country="GB")


def test_a_check_across_fields_stands_at_its_field() -> None:
    assert filled(name="red").errors == [("colour", "Not both.")]


def test_the_first_error_of_a_field_stays_and_those_of_the_whole_form_come_first() -> None:
    form = filled(name="")
    form.add_error("name", "Something else.")
    form.add_error("", "The whole form.")
    assert form.errors == [("", "The whole form."), ("name", "Please fill in this field.")]


def test_a_field_that_does_not_say_how_it_is_read_is_a_fault_of_the_program() -> None:
    class Forgetful(Form):
        name: str

    with pytest.raises(TypeError, match=r"Forgetful\.name does not say how it is read"):
        fill(Forgetful, {})


def test_fields_are_named_with_their_groups() -> None:
    assert field_names(EveryKind)[-6:] == [
        "home_street",
        "home_city",
        "home_country",
        "work_street",
        "work_city",
        "work_country",
    ]


def test_messages_of_invalid_values_are_for_people() -> None:
    assert str(Invalid("Please try again.")) == "Please try again."


anything = st.text(alphabet=st.characters(codec=None), max_size=40)
answers = st.dictionaries(st.sampled_from(field_names(EveryKind)), st.lists(anything, max_size=4))


@given(answers)
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_typed_is_a_fault(typed: dict[str, list[str]]) -> None:
    form = fill(EveryKind, typed)
    assert form.is_valid or form.errors
    for name in field_names(EveryKind):
        form.value(name)


@pytest.mark.parametrize("of_type", sorted(all_customer_types()))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_typed_into_a_registration_is_a_fault(of_type: str, data: st.DataObject) -> None:
    form = all_customer_types()[of_type].registration_form
    names = field_names(form)
    likely = st.one_of(
        anything, st.sampled_from(["DE", "US", "on", "a@example.com", "+49 30 1234567", "DE1"])
    )
    typed = data.draw(st.dictionaries(st.sampled_from(names), st.lists(likely, min_size=1, max_size=2)))
    result = fill(form, typed)
    assert result.is_valid or result.errors
    assert {name for name, _message in result.errors} <= {*names, ""}


@pytest.mark.usefixtures("database")
async def test_a_form_with_errors_comes_back_with_a_summary_that_links_to_its_fields() -> None:
    person = await visit("shop")
    page = await person.get("/register/individual")
    page = await person.fill(
        page,
        {"email": "no address", "password": "short", "first_name": "Ines\u00a0Ana", "birthday": "2999-01-01"},
    )
    assert page.status == 422
    assert {"email", "password", "last_name", "birthday", "terms"} <= set(page.errors)
    assert page.typed("email") == "no address"
    assert page.typed("first_name") == "Ines\u00a0Ana"
    assert page.typed("password") == ""
    assert "short" not in [one.get("value") for one in page.tree.iter("input")]
    summary = page.tree.find(".//*[@data-error-summary]")
    assert summary is not None
    ids = {one.get("id") for one in page.tree.iterfind(".//*[@id]")}
    links = [one.get("href") for one in summary.iterfind(".//a")]
    assert len(links) == len(page.errors)
    assert all(one.startswith("#") and one[1:] in ids for one in links)
    for name in page.errors:
        field = page.tree.find(f".//*[@name='{name}']")
        assert field.get("aria-invalid") == "true", name
        described = field.get("aria-describedby", "").split()
        assert f"error-{name}" in described, name
        assert set(described) <= ids


@pytest.mark.usefixtures("database")
async def test_what_was_typed_is_shown_as_text() -> None:
    person = await visit("shop")
    page = await person.get("/register/individual")
    nasty = '"><script>alert(1)</script>{{ 7*7 }}'
    page = await person.fill(page, {"first_name": nasty})
    assert page.status == 422
    assert page.typed("first_name") == nasty
    assert "<script>alert" not in page.html
