"""Translations: every text of the site is there in German, and every translation is of use."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from app.customers.types import all_customer_types
from app.languages import spoken_languages, translation_files
from app.pages import environment

PROJECT = Path(__file__).parent.parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "text": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
OTHER_LANGUAGES = [one for one in spoken_languages() if one != "en"]
Text = str | tuple[str, str]


def templates() -> list[Path]:
    """All templates: those of the base, of extensions, of mails, and of the built-in customer types."""
    folders = [PROJECT / "templates", *(one.templates for one in all_customer_types().values())]
    return sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".html", ".txt")
    )


@cache
def texts() -> dict[Text, str]:
    """Every text of templates and Python files, with a place where it is used."""
    found: dict[Text, str] = {}
    for path in sorted((PROJECT / "app").rglob("*.py")):
        with path.open("rb") as file:
            for line, message, *_rest in extract("python", file, KEYWORDS):
                found[_text(message)] = f"{path.relative_to(PROJECT)}:{line}"
    options = {"extensions": ",".join(environment().extensions), "silent": "false", "encoding": "utf-8"}
    for path in templates():
        with path.open("rb") as file:
            for line, _function, message, _comments in babel_extract(file, list(KEYWORDS), (), options):
                if message is not None and (isinstance(message, str) or message[0] is not None):
                    found[_text(message)] = f"{path.relative_to(PROJECT)}:{line}"
    return found


def _text(message: str | tuple[str | None, ...]) -> Text:
    if isinstance(message, str):
        return message
    given = [one for one in message if isinstance(one, str)]
    return given[0] if len(given) == 1 else (given[0], given[1])


def entries(language: str) -> Iterator[tuple[Path, Text, str | tuple[str, ...]]]:
    """(file, text, translation) of every entry."""
    for path in translation_files(language):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    yield path, _key(message.id), message.string


def _key(message_id: str | tuple[str, ...] | list[str]) -> Text:
    return message_id if isinstance(message_id, str) else (message_id[0], message_id[1])


def first(text: Text) -> str:
    """What a text is looked up by."""
    return text if isinstance(text, str) else text[0]


def test_there_are_texts() -> None:
    assert len(texts()) > 200
    assert "Sign in" in texts()
    assert ("Please try again in one second.", "Please try again in %(n)s seconds.") in texts()


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_text_has_a_translation(language: str) -> None:
    translated = {text for _path, text, translation in entries(language) if translation and all(translation)}
    missing = [f"{place}: {text}" for text, place in texts().items() if text not in translated]
    assert not missing, "\n".join(sorted(missing))


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_every_translation_is_of_use(language: str) -> None:
    unused = [
        f"{path.relative_to(PROJECT)}: {text}" for path, text, _ in entries(language) if text not in texts()
    ]
    assert not unused, "\n".join(sorted(unused))


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    for path, text, translation in entries(language):
        where = f"{path.name}: {text}"
        if isinstance(text, str):
            assert isinstance(translation, str), where
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(translation)), where
            assert translation.replace("%%", "").count("%") == len(PLACEHOLDER.findall(translation)), where
        else:
            assert len(translation) == 2, where
            wanted = set(PLACEHOLDER.findall(text[0])) | set(PLACEHOLDER.findall(text[1]))
            assert set(PLACEHOLDER.findall(translation[-1])) == set(PLACEHOLDER.findall(text[1])), where
            assert set(PLACEHOLDER.findall(translation[0])) <= wanted, where


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_a_text_is_translated_alike_everywhere(language: str) -> None:
    """All files are merged: of two translations of a text only one would ever be seen."""
    seen: dict[str, tuple[Path, object]] = {}
    for path, text, translation in entries(language):
        other, before = seen.setdefault(first(text), (path, translation))
        assert before == translation, f"{first(text)}: {other.name} and {path.name} differ"


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_a_text_stands_once_in_a_file_and_is_certain(language: str) -> None:
    for path in translation_files(language):
        source = path.read_text(encoding="utf-8")
        assert "#, fuzzy" not in source, path.name
        assert "\n#~ " not in source, f"{path.name} keeps what is no longer used"
        ids = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
        assert len(ids) == len(set(ids)), f"{path.name}: {[one for one in ids if ids.count(one) > 1]}"


def test_german_says_sie_and_has_real_umlauts() -> None:
    familiar = re.compile(r"\b(?:du|dich|dir|dein\w*|euch|euer\w*)\b", re.IGNORECASE)
    spelt_out = re.compile(
        r"(?:\bfuer|ueber|koenn|moech|aender|loesch|bestaet|zurueck|moegl|gueltig|pruef|waehl|naechst|\bUeb)"
    )
    for path, text, translation in entries("de"):
        for form in (translation,) if isinstance(translation, str) else translation:
            assert not familiar.search(form), f"{path.name}: {text}: {form}"
            assert not spelt_out.search(form), f"{path.name}: {text}: {form}"


ABBREVIATIONS = ("MwSt.", "USt.", "Nr.")


def test_a_translation_ends_as_its_text_does() -> None:
    """A full stop, colon or question mark that is lost is the sign of a text that was changed later."""
    for path, text, translation in entries("de"):
        pairs = [(text, translation)] if isinstance(text, str) else zip(text, translation, strict=True)
        for source, form in pairs:
            ends = form[-1:] in ".:" and not form.endswith(ABBREVIATIONS)
            assert source[-1:] in ".:?!…" or not ends, f"{path.name}: {source}"
            assert source[-1:] not in ".:?" or form[-1:] in ".:?!", f"{path.name}: {source}"
            assert source.strip() == source, f"{path.name}: blanks around “{source}”"
            assert form.strip() == form, f"{path.name}: blanks around “{form}”"


# Names of classes, and attributes without a value, that a macro writes outside of a tag.
BODY_CLASS = re.compile(r"{% block body_class %}.*?{% endblock %}")
WITHOUT_VALUE = {"required", "checked", "selected", "disabled", "multiple", "readonly", "autofocus", "hidden"}


def test_templates_hold_no_text_that_is_not_marked() -> None:
    found = []
    for path in templates():
        source = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        source = BODY_CLASS.sub("", source)
        source = re.sub(r"{%.*?%}|{{.*?}}", "", source, flags=re.DOTALL)
        source = re.sub(r"<!--.*?-->|<style.*?</style>", "", source, flags=re.DOTALL)
        for value in re.findall(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"', source):
            if re.search(r"[A-Za-z]{2}", value):
                found.append(f"{path.relative_to(PROJECT)}: {value}")
        visible = re.sub(r"<[^>]*>|&\w+;", " ", source) if path.suffix == ".html" else source
        visible = re.sub(r'[\w-]+="[^"]*"', " ", visible)
        for word in re.findall(r"[A-Za-zÄÖÜäöüß]{2,}", visible):
            if word not in WITHOUT_VALUE:
                found.append(f"{path.relative_to(PROJECT)}: {word}")
    assert not found, "\n".join(found)


def test_templates_use_one_way_to_translate() -> None:
    for path in templates():
        assert "{% trans" not in path.read_text(encoding="utf-8"), path
