"""Patterns of rows: rendered once, with a text of each row in the place of each hole."""

import pytest

from app.pages import HOLE, environment

PATTERN = '{% set row %}<li title="{{ hole }}">{{ hole }}</li>{% endset %}{{ row | filled(rows) }}'


def rendered(*rows: tuple[str, ...]) -> str:
    return environment().from_string(PATTERN).render(rows=rows)


def test_each_row_is_the_pattern_with_its_texts() -> None:
    assert rendered(("a", "b"), ("c", "")) == '<li title="a">b</li><li title="c"></li>'
    assert rendered() == ""


def test_texts_are_escaped() -> None:
    assert rendered(('"', "<b>&")) == '<li title="&#34;">&lt;b&gt;&amp;</li>'


@pytest.mark.parametrize("row", [("a",), ("a", "b", "c"), ("a", f"b{HOLE}"), (f"a{HOLE}b",)])
def test_no_text_comes_into_the_place_of_another(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="hole"):
        rendered(row)
    with pytest.raises(ValueError, match="hole"):
        rendered(("a", "b"), row)
