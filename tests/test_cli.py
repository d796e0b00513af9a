"""The `patron` command: what it says when all is well, and sentences instead of tracebacks when not."""

from pathlib import Path

import asyncpg
import pytest

from tests.databases import TestDatabases
from tests.installed_packages import describe
from tests.patron_process import environment, free_port, patron, production

COMMANDS = ("serve", "migrate", "demo", "worker", "check", "staff")


def test_help_lists_every_command(tmp_path: Path) -> None:
    done = patron("--help", env=environment(tmp_path))
    assert done.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in done.stdout


@pytest.mark.parametrize("command", ["serve", "migrate", "demo", "worker"])
def test_bad_settings_are_told_in_sentences(tmp_path: Path, command: str) -> None:
    env = environment(tmp_path, PATRON_PORT="eighty", PATRON_SMPT_URL="smtp://localhost")
    done = patron(command, env=env)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "PATRON_SMPT_URL is not a setting of Patron. Did you mean PATRON_SMTP_URL?",
        "PATRON_PORT must be a whole number from 1 to 65535, not “eighty”.",
    ]


def test_production_without_a_key_does_not_serve(tmp_path: Path) -> None:
    done = patron("serve", env=environment(tmp_path, **production(PATRON_SECRET_KEYS="")))
    assert done.returncode == 1
    assert done.stderr.startswith("PATRON_SECRET_KEYS is missing")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["PATRON_SMTP_URL", "PATRON_MAIL_FROM"])
def test_production_without_a_mail_server_or_a_sender_does_not_serve(tmp_path: Path, name: str) -> None:
    for command in ("serve", "worker"):
        done = patron(command, env=environment(tmp_path, **production(**{name: ""})))
        assert done.returncode == 1
        (sentence,) = done.stderr.splitlines()
        assert sentence.startswith(f"{name} is missing: ")
    checked = patron("check", env=environment(tmp_path, **production(**{name: ""})))
    assert checked.returncode == 1
    assert f"failed  settings: {name} is missing: " in checked.stdout


async def test_migrate_brings_the_database_up_to_date_and_then_finds_nothing(
    databases: TestDatabases, tmp_path: Path
) -> None:
    env = environment(tmp_path, await databases.new_database(migrated=False))
    before = patron("check", env=env)
    assert before.returncode == 1
    assert "failed  database:" in before.stdout
    assert "patron migrate" in before.stdout
    first = patron("migrate", env=env)
    assert first.returncode == 0
    assert first.stdout.startswith("Migration: ")
    assert patron("migrate", env=env).stdout == "Migration: nothing to do\n"
    after = patron("check", env=env)
    assert after.returncode == 0
    assert [line.split()[:2] for line in after.stdout.splitlines()] == [
        ["ok", "settings:"],
        ["ok", "applications:"],
        ["ok", "passwords:"],
        ["ok", "database:"],
        ["ok", "mail:"],
    ]


def test_check_tells_what_cannot_be_reached(tmp_path: Path) -> None:
    port = free_port()
    env = environment(
        tmp_path,
        f"postgresql://shop:word-of-database@127.0.0.1:{port}/shop",
        PATRON_SMTP_URL=f"smtp://127.0.0.1:{port}",
    )
    done = patron("check", env=env)
    assert done.returncode == 1
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ok", "settings:"],
        ["ok", "applications:"],
        ["ok", "passwords:"],
        ["failed", "database:"],
        ["failed", "mail:"],
    ]
    assert done.stderr == ""
    assert "word-of-database" not in done.stdout


def test_check_tells_of_a_broken_file_of_applications(tmp_path: Path) -> None:
    broken = tmp_path / "applications.toml"
    broken.write_text("[[applications]]\nid = 5\n")
    done = patron("check", env=environment(tmp_path, PATRON_CONFIG=str(broken)))
    assert done.returncode == 1
    assert f"failed  applications: {broken}" in done.stdout


def check_in_production(folder: Path, applications: str) -> str:
    """What `patron check` says in production of these applications."""
    file = folder / "applications.toml"
    file.write_text(applications)
    address = f"postgresql://shop@127.0.0.1:{free_port()}/shop"
    return patron("check", env=environment(folder, address, **production(PATRON_CONFIG=str(file)))).stdout


def test_check_warns_of_a_shop_in_production_whose_invoices_would_not_say_who_sells(tmp_path: Path) -> None:
    shop = """
        [application_types.B2CWebShop]
        kind = "shop"
        [[applications]]
        id = "shop"
        type = "B2CWebShop"
        name = "Shop"
        url = "https://shop.example.test/"
    """
    said = check_in_production(tmp_path, shop)
    assert "warning applications: shop at https://shop.example.test/, but invoices must say who sells" in said
    assert "shop lacks seller_tax_id" in said
    said = check_in_production(
        tmp_path, shop + 'seller_name = "S"\nseller_address = ["A 1"]\nseller_tax_id = "1/2"\n'
    )
    assert "ok      applications: shop at https://shop.example.test/\n" in said


def test_check_warns_of_a_shop_in_production_whose_staff_would_not_hear_of_applications(
    tmp_path: Path,
) -> None:
    shop = """
        [application_types.SMBWebShop]
        kind = "business"
        seller_name = "S"
        seller_address = ["A 1"]
        seller_tax_id = "1/2"
        [[applications]]
        id = "counter"
        type = "SMBWebShop"
        name = "Counter"
        url = "https://counter.example.test/"
    """
    said = check_in_production(tmp_path, shop)
    assert "nobody is mailed when a customer awaits approval: counter lacks approval_recipients" in said
    said = check_in_production(tmp_path, shop + "approval = { SMB = false }\n")
    assert "ok      applications: counter" in said


def told_that_it_cannot_be_loaded(folder: Path, package: str, group: str, what: str) -> dict[str, str]:
    """Installs a package that lacks what it imports; the environment in which `patron` says so."""
    describe(folder, package, f"[patron.{group}]\n{package} = {package}:{what}\n")
    (folder / f"{package}.py").write_text("import a_library_that_is_missing\n")
    env = environment(folder, f"postgresql://shop@127.0.0.1:{free_port()}/shop", PYTHONPATH=str(folder))
    for command in ("serve", "check"):
        done = patron(command, env=env)
        assert done.returncode == 1
        assert f"The installed package of {package}:{what} cannot be loaded" in done.stdout + done.stderr
        assert "a_library_that_is_missing" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    return env


def test_a_customer_type_that_cannot_be_loaded_is_told_in_a_sentence(tmp_path: Path) -> None:
    told_that_it_cannot_be_loaded(tmp_path, "clubs", "customer_types", "customer_type")


def test_a_check_of_passwords_that_cannot_be_loaded_is_told_in_a_sentence(tmp_path: Path) -> None:
    env = told_that_it_cannot_be_loaded(tmp_path, "breaches", "breached_password_checks", "check")
    (tmp_path / "breaches.py").write_text(
        "class Check:\n    id = 'outside'\n    async def known_with(self, digits): return []\ncheck = Check()\n"
    )
    assert "ok      passwords: looked up in breaches by outside" in patron("check", env=env).stdout


async def test_check_tells_of_customers_whose_type_is_gone(databases: TestDatabases, tmp_path: Path) -> None:
    address = await databases.new_database()
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(
            "INSERT INTO customers (id, number, customer_type, approval_status, application, search_name,"
            " attributes, created_at) VALUES (gen_random_uuid(), '1', 'ASSOCIATION', 'approved', 'shop', '', '{}', now())"
        )
    finally:
        await connection.close()
    done = patron("check", env=environment(tmp_path, address))
    assert done.returncode == 1
    assert "it holds customers of types that are not installed: ASSOCIATION" in done.stdout


async def test_check_tells_of_a_shop_that_would_sell_without_tax(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database()
    in_production = environment(
        tmp_path,
        address,
        **production(PATRON_CONFIG=str(_shop_at_home_in(tmp_path, "DE"))),
    )
    assert "ok      database:" in patron("check", env=in_production).stdout
    connection = await asyncpg.connect(address)
    try:
        await connection.execute("DELETE FROM tax_rates WHERE country = 'DE'")
    finally:
        await connection.close()
    done = patron("check", env=in_production)
    assert done.returncode == 1
    told = "there are no tax rates where these shops are at home: shop (default_country DE)"
    assert "failed  database: PostgreSQL" in done.stdout
    assert told in done.stdout
    development = patron("check", env=environment(tmp_path, address))
    assert development.returncode == 0
    assert "warning database: PostgreSQL" in development.stdout
    _shop_at_home_in(tmp_path, "US")
    assert "shop (default_country US)" in patron("check", env=in_production).stdout


async def test_check_tells_of_a_shop_outside_of_the_union_that_charges_the_vat_of_its_member_states(
    databases: TestDatabases, tmp_path: Path
) -> None:
    address = await databases.new_database()
    config = str(_shop_at_home_in(tmp_path, "CH"))
    in_production = environment(tmp_path, address, **production(PATRON_CONFIG=config))
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(
            "INSERT INTO tax_rates (id, country, tax_class, percent)"
            " VALUES (gen_random_uuid(), 'CH', 'standard', 8.1)"
        )
        told = "there are rates of these: shop (default_country CH)"
        said = patron("check", env=in_production).stdout
        assert "warning database: PostgreSQL" in said
        assert told in said
        await connection.execute("DELETE FROM tax_rates WHERE country <> 'CH'")
        assert "ok      database:" in patron("check", env=in_production).stdout
        # Monaco is a part of France here.
        await connection.execute("UPDATE tax_rates SET country = 'FR'")
    finally:
        await connection.close()
    _shop_at_home_in(tmp_path, "MC")
    assert "ok      database:" in patron("check", env=in_production).stdout


def _shop_at_home_in(folder: Path, country: str) -> Path:
    file = folder / "applications.toml"
    file.write_text(f"""
        [application_types.B2CWebShop]
        kind = "shop"
        [[applications]]
        id = "shop"
        type = "B2CWebShop"
        name = "Shop"
        url = "https://shop.example.test/"
        default_country = "{country}"
    """)
    return file


def test_an_unreachable_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = patron("migrate", env=environment(tmp_path, f"postgresql://shop@127.0.0.1:{free_port()}/shop"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("The database cannot be reached")


async def test_a_staff_member_gets_a_mail_to_choose_a_password(
    databases: TestDatabases, tmp_path: Path
) -> None:
    env = environment(tmp_path, await databases.new_database())
    person = ("--email", "otto@example.com", "--login", "otto", "--first-name", "Otto", "--last-name", "Ohm")
    done = patron("staff", "add", *person, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout == "Staff member otto was added: a mail to otto@example.com asks to choose a password.\n"
    )
    again = patron("staff", "add", *person, env=env)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr


async def test_a_staff_members_password_is_read_from_standard_input_and_must_be_good(
    databases: TestDatabases, tmp_path: Path
) -> None:
    env = environment(tmp_path, await databases.new_database())
    person = ("--email", "otto@example.com", "--login", "otto", "--first-name", "Otto", "--last-name", "Ohm")
    refused = patron("staff", "add", *person, "--password-stdin", env=env, stdin="short\n")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    done = patron("staff", "add", *person, "--password-stdin", env=env, stdin="a heron on the roof 12\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Staff member otto was added: with the password given.\n"


async def test_demo_data_can_be_loaded_twice(databases: TestDatabases, tmp_path: Path) -> None:
    env = environment(tmp_path, await databases.new_database())
    first = patron("demo", env=env)
    assert (first.returncode, first.stderr) == (0, "")
    for again in (patron("demo", env=env), patron("demo", "--if-empty", env=env)):
        assert (again.returncode, again.stderr) == (0, "")
        assert "ines@example.com" in again.stdout
