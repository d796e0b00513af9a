"""Settings: what is accepted, what is refused, and with which sentence."""

import stat
from pathlib import Path

import pytest

from app.settings import DEVELOPMENT_KEY_PREFIX, SettingsError, read_settings

GOOD_KEY = "kV3xw9QmZp7RtY2bN8sLf4HdJ6gC1aEu"
SERVER = "smtp://user:word@mail.example.com:587"
SENDER = "Patron <shop@example.com>"


def production(tmp_path: Path, **more: str) -> dict[str, str]:
    asked_for = {
        "PATRON_SECRET_KEYS": GOOD_KEY,
        "PATRON_SMTP_URL": SERVER,
        "PATRON_MAIL_FROM": SENDER,
    }
    return {"PATRON_DATA_DIR": str(tmp_path), **asked_for, **more}


def development(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"PATRON_ENV": "development", "PATRON_DATA_DIR": str(tmp_path), **more}


def refusals(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        read_settings(environ)
    return refused.value.problems


def test_nothing_set_means_production_and_production_needs_a_key_a_mail_server_and_a_sender(
    tmp_path: Path,
) -> None:
    assert refusals({"PATRON_DATA_DIR": str(tmp_path)}) == [
        "PATRON_SMTP_URL is missing: production sends its mails over a mail server of yours.",
        "PATRON_MAIL_FROM is missing: mails that leave this machine need a sender of yours.",
        "PATRON_SECRET_KEYS is missing: production needs a secret of its own, made at random.",
    ]


def test_production_with_a_key_has_safe_defaults(tmp_path: Path) -> None:
    settings = read_settings(production(tmp_path))
    assert settings.environment == "production"
    assert not settings.development
    assert settings.secret_keys == (GOOD_KEY,)
    assert settings.log == "json"
    assert settings.database_url == ""
    assert settings.metrics_token == ""
    assert settings.trusted_proxies == ()
    assert settings.port == 8000
    assert settings.run_worker


@pytest.mark.parametrize(
    "key",
    ["short", "a" * 40, "changeme-changeme-changeme-changeme", DEVELOPMENT_KEY_PREFIX + GOOD_KEY],
    ids=["short", "one letter", "from an example", "of development"],
)
def test_production_refuses_keys_that_were_not_made_at_random(tmp_path: Path, key: str) -> None:
    (problem,) = refusals(production(tmp_path, PATRON_SECRET_KEYS=f"{GOOD_KEY},{key}"))
    assert problem.startswith("PATRON_SECRET_KEYS holds a key")
    assert key not in problem


def test_several_keys_are_kept_in_their_order(tmp_path: Path) -> None:
    settings = read_settings(production(tmp_path, PATRON_SECRET_KEYS=f"{GOOD_KEY}1, {GOOD_KEY}2"))
    assert settings.secret_keys == (f"{GOOD_KEY}1", f"{GOOD_KEY}2")


def test_development_makes_its_key_once_and_keeps_it_for_its_owner(tmp_path: Path) -> None:
    data_dir = tmp_path / "new"
    first = read_settings(development(data_dir))
    again = read_settings(development(data_dir))
    assert first.secret_keys == again.secret_keys
    assert len(first.secret_keys[0]) >= 32
    assert stat.S_IMODE((data_dir / "secret_keys").stat().st_mode) == 0o600
    other = read_settings(development(tmp_path / "other"))
    assert other.secret_keys != first.secret_keys


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (problem,) = refusals(development(tmp_path / "file" / "data"))
    assert str(tmp_path / "file" / "data") in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/shop"),
        ("PATRON_ENV", "staging"),
        ("PATRON_CONFIG", "/no/such/applications.toml"),
        ("PATRON_SMTP_URL", "mail.example.com"),
        ("PATRON_SMTP_URL", "smtp://mail.example.com:port"),
        ("PATRON_MAIL_FROM", "nobody"),
        ("PATRON_TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
        ("PATRON_LOG", "xml"),
        ("PATRON_LOG_LEVEL", "LOUD"),
        ("PATRON_PORT", "0"),
        ("PATRON_PORT", "eighty"),
        ("PATRON_METRICS_TOKEN", "short"),
        ("PATRON_DATABASE_POOL_SIZE", "1"),
        ("PATRON_RUN_WORKER", "maybe"),
    ],
)
def test_a_bad_value_is_refused_with_a_sentence_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    (problem,) = refusals(production(tmp_path, **{name: value}))
    assert problem.startswith(f"{name} ")
    assert problem.endswith(".")


def test_all_bad_values_are_told_at_once(tmp_path: Path) -> None:
    bad = {"PATRON_PORT": "x", "PATRON_LOG": "y", "PATRON_SECRET_KEYS": ""}
    problems = refusals(production(tmp_path, **bad))
    assert [problem.split()[0] for problem in problems] == ["PATRON_LOG", "PATRON_PORT", "PATRON_SECRET_KEYS"]


def test_a_misspelt_name_is_refused_with_the_right_one(tmp_path: Path) -> None:
    assert refusals(production(tmp_path, PATRON_SMTP_ULR="smtp://localhost")) == [
        "PATRON_SMTP_ULR is not a setting of Patron. Did you mean PATRON_SMTP_URL?"
    ]


@pytest.mark.parametrize("name", ["PATRON_SMTP_URL", "PATRON_MAIL_FROM"])
def test_production_needs_a_mail_server_and_a_sender(tmp_path: Path, name: str) -> None:
    for left_empty in ("", "  "):
        (problem,) = refusals(production(tmp_path, **{name: left_empty}))
        assert problem.startswith(f"{name} is missing: ")
    accepted = read_settings(production(tmp_path))
    assert (accepted.smtp_url, accepted.mail_from) == (SERVER, SENDER)


def test_development_has_mail_files_and_a_sender_of_this_machine(tmp_path: Path) -> None:
    settings = read_settings(development(tmp_path))
    assert (settings.smtp_url, settings.mail_from) == ("", "Patron <patron@localhost>")


def test_secrets_never_show_in_the_representation(tmp_path: Path) -> None:
    settings = read_settings(
        production(
            tmp_path,
            DATABASE_URL="postgresql://shop:word-of-database@db/shop",
            PATRON_SMTP_URL="smtp://user:word-of-mail@mail.example.com",
            PATRON_MAIL_FROM="shop@example.com",
            PATRON_METRICS_TOKEN="token-of-metrics-token",
        )
    )
    for secret in (GOOD_KEY, "word-of-database", "word-of-mail", "token-of-metrics-token"):
        assert secret not in repr(settings)
