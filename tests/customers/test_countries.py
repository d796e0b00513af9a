"""Countries decide which fields are asked and how an address is printed (domain.md 6)."""

import pytest

from app.customers.countries import (
    address_problems,
    asked_fields,
    country_choices,
    country_codes,
    normalised,
    printed_lines,
)

ADDRESS = {
    "company_name": "",
    "first_name": "Ines",
    "last_name": "Müller",
    "street": "Lindenweg 7",
    "street_2": "Hinterhaus",
    "postal_code": "10115",
    "city": "Berlin",
    "region": "",
    "country": "DE",
}


@pytest.mark.parametrize(
    ("country", "asked"),
    [
        ("DE", ["street", "postal_code", "city"]),
        ("US", ["street", "city", "region", "postal_code"]),
        ("GB", ["street", "city", "postal_code"]),
        # Where an address goes from the large to the small, so does its form.
        ("HK", ["region", "city", "street"]),
        ("JP", ["postal_code", "region", "street"]),
        ("CN", ["postal_code", "region", "city", "street"]),
        ("KR", ["region", "city", "street", "postal_code"]),
        ("TW", ["postal_code", "region", "city", "street"]),
        ("HU", ["city", "street", "postal_code"]),
    ],
)
def test_the_country_decides_which_fields_are_asked_and_in_which_order(country, asked):
    assert [one.name for one in asked_fields(country)] == asked


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, set()),
        ({"postal_code": "123"}, {"postal_code"}),
        ({"postal_code": "", "city": ""}, {"postal_code", "city"}),
        ({"country": "US"}, {"region"}),
        ({"country": "US", "region": "CA", "postal_code": "90210"}, set()),
        # Letters of a postal code may be typed small.
        ({"country": "NL", "postal_code": "1012 js"}, set()),
        ({"country": "US", "region": "Bavaria", "postal_code": "90210"}, {"region"}),
        ({"country": "HK", "region": "Kowloon", "postal_code": "whatever"}, set()),
        ({"country": "JP", "postal_code": "154-0023"}, {"region"}),
        ({"country": "JP", "postal_code": "10115", "region": "Tokyo"}, {"postal_code"}),
        ({"country": "HU", "postal_code": "1011"}, set()),
        ({"country": "HU", "postal_code": "1011", "city": ""}, {"city"}),
        # A country that is none has its own message at its field.
        ({"country": "XX"}, set()),
    ],
)
def test_an_address_is_checked_by_its_country_at_the_right_field(changes, fields):
    assert {name for name, _message in address_problems(ADDRESS | changes)} == fields


def test_an_address_is_printed_as_its_country_does():
    assert printed_lines(ADDRESS, "de") == [
        "Ines Müller",
        "Lindenweg 7",
        "Hinterhaus",
        "10115 Berlin",
        "Deutschland",
    ]
    american = ADDRESS | {"country": "US", "region": "CA", "postal_code": "90210"}
    assert printed_lines(american, "en")[-2:] == ["Berlin, CA 90210", "United States"]
    japanese = ADDRESS | {"country": "JP", "region": "Tokyo", "postal_code": "154-0023", "city": ""}
    assert printed_lines(japanese, "en")[0] == "〒154-0023"
    hungarian = ADDRESS | {"country": "HU", "postal_code": "1011", "city": "Budapest"}
    assert printed_lines(hungarian, "en")[1:] == ["Budapest", "Lindenweg 7", "Hinterhaus", "1011", "Hungary"]


def test_postal_code_and_region_get_the_spelling_of_the_country():
    kept = normalised(ADDRESS | {"country": "US", "region": "California", "postal_code": "90210"})
    assert kept["region"] == "CA"
    assert (
        normalised(ADDRESS | {"country": "GB", "postal_code": "wa1 1dp", "city": "London"})["postal_code"]
        == "WA1 1DP"
    )
    assert normalised(ADDRESS)["city"] == "Berlin"


def test_every_country_can_be_asked_and_printed():
    for country in country_codes():
        fields = asked_fields(country)
        assert [one.name for one in fields].count("street") == 1, country
        lines = printed_lines(ADDRESS | {"country": country, "region": "X"}, "en")
        assert any("Lindenweg 7" in line for line in lines), country
        assert all(len(dict(one.choices)) == len(one.choices) for one in fields)


def test_countries_stand_in_the_order_of_the_language():
    german = [name for _code, name in country_choices("de")]
    assert german.index("Österreich") < german.index("Portugal")
    assert dict(country_choices("de"))["DE"] == "Deutschland"
    assert dict(country_choices("en"))["DE"] == "Germany"
