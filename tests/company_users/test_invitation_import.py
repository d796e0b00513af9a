"""People are invited by a CSV file, however a spreadsheet program wrote it; every line has its result."""

import time
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from app.company_users import invitation_import
from app.company_users.invitation_import import MOST_TRIES, work_off_imports
from app.company_users.invitation_import_reading import FileRefused, lines_of_file
from tables.engine import DB
from tests import people
from tests.browser_like import ORIGIN, Person, SeenPage, mails

pytestmark = pytest.mark.usefixtures("database")

HEAD = "email,first_name,last_name,roles\n"
# Seconds; the goal for 10,000 lines. Of this process's own time, since other tests may run beside it.
IN_TIME = 30


async def upload(person: Person, content: bytes, name: str = "people.csv") -> SeenPage:
    """Sends a file as a browser does, and follows to its page."""
    page = await person.get("/account/users/import")
    response = await person.client.post(
        person.address("/account/users/import"),
        data={"_csrf_token": page.csrf_token},
        files={"file": (name, content, "text/csv")},
        headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=True,
    )
    return person._see(response)


async def worked_off(person: Person, content: bytes) -> SeenPage:
    """The page of a file once the worker is done with it."""
    page = await upload(person, content)
    assert page.h1 in ("Invitations from a file", "Einladungen aus einer Datei")
    await work_off_imports()
    return await person.get(page.path)


async def administrator() -> Person:
    return await (await people.company()).signed_in()


async def invited() -> list[tuple[str, str, str]]:
    rows = await DB.fetch("SELECT email, first_name, last_name FROM invitations ORDER BY email")
    return [(row["email"], row["first_name"], row["last_name"]) for row in rows]


async def test_a_file_is_read_and_its_people_are_invited_and_mailed() -> None:
    person = await administrator()
    page = await upload(person, (HEAD + "nora@alfki.example,Nora,Newman,Buyer\n").encode())
    assert "about to be read" in page.main
    assert "Look again" in page.main
    await work_off_imports()
    page = await person.get(page.path)
    assert "All lines are worked off" in page.main
    assert await invited() == [("nora@alfki.example", "Nora", "Newman")]
    assert [one.to for one in await mails("invitation")] == ["nora@alfki.example"]


def test_of_a_file_with_too_many_lines_no_more_are_kept_than_tell_so() -> None:
    """A file has room for millions, which would take half a gigabyte of the worker."""
    content = b"email\n" + b"a\n" * 500_000
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused, match="has 500000 lines"):
            lines_of_file(content)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * len(content)


@pytest.mark.parametrize(
    ("encoding", "delimiter", "line_end"),
    [
        ("utf-8", ",", "\n"),
        ("utf-8-sig", ";", "\r\n"),
        ("cp1252", ";", "\r\n"),
        ("utf-16", "\t", "\r\n"),
        ("cp1252", ",", "\r"),
    ],
)
async def test_every_encoding_delimiter_and_line_end_of_spreadsheet_programs_is_read(
    encoding: str, delimiter: str, line_end: str
) -> None:
    lines = ["E-Mail,Vorname,Nachname,Rolle", "joerg@alfki.example,Jörg,Müßig,Approver"]
    text = line_end.join(line.replace(",", delimiter) for line in lines)
    await worked_off(await administrator(), text.encode(encoding))
    assert await invited() == [("joerg@alfki.example", "Jörg", "Müßig")]
    assert await DB.fetch_value("SELECT roles FROM invitations") == ["approver"]


async def test_columns_may_come_in_any_order_with_others_and_a_plain_list_needs_no_head() -> None:
    person = await administrator()
    await worked_off(person, b"Phone,Last name,First name,E-mail\n030,Newman,Nora,nora@alfki.example\n")
    await worked_off(person, b"paul@alfki.example\nute@alfki.example\n")
    assert await invited() == [
        ("nora@alfki.example", "Nora", "Newman"),
        ("paul@alfki.example", "", ""),
        ("ute@alfki.example", "", ""),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no-address,Nora,Newman,buyer", "E-mail: Please enter an e-mail address such as"),
        ("nora@alfki.example,=cmd|' /C calc'!A0,Newman,buyer", "First name: a cell that begins with = is a"),
        ("nora@alfki.example,Nora,@SUM(A1),buyer", "is a formula"),
        ("nora@alfki.example,Nora,Newman,emperor", "There is no role “emperor” in your company."),
        (f"nora@alfki.example,{'x' * 101},Newman,buyer", "at most 100 characters"),
        ('nora@alfki.example,"Nora\nX",Newman,buyer', "without line breaks"),
    ],
)
async def test_a_broken_line_is_told_with_its_number_and_can_be_downloaded(line: str, problem: str) -> None:
    person = await administrator()
    page = await worked_off(person, f"{HEAD}{line}\nute@alfki.example,Ute,Anders,buyer\n".encode())
    assert problem in page.main
    assert await invited() == [("ute@alfki.example", "Ute", "Anders")]
    key = page.path.rsplit("/", 1)[1]
    download = await person.client.get(person.address(f"/account/users/import/{key}/refused"))
    assert download.headers["content-type"].startswith("text/csv")
    assert download.content.startswith(b"\xef\xbb\xbf")
    assert problem in download.text
    assert "ute@alfki.example" not in download.text
    assert not any(
        cell.startswith(("=", "@")) for row in download.text.split("\n") for cell in row.split(",")
    )


async def test_budgets_and_languages_of_a_line_go_along() -> None:
    await worked_off(
        await administrator(),
        b"email;language;limit;budget;period\nnora@alfki.example;de;99,50;2000;Monat\n"
        b"paul@alfki.example;en;;2000;\n",
    )
    row = await DB.fetch_row("SELECT language, order_limit, budget_amount, budget_period FROM invitations")
    assert row == {"language": "de", "order_limit": 9950, "budget_amount": 200000, "budget_period": "month"}
    assert "lädt Sie" in (await mails("invitation"))[0].text
    assert await DB.fetch_value("SELECT problem FROM user_import_lines WHERE result = 'refused'")


async def test_who_is_known_or_comes_twice_is_not_invited_again() -> None:
    person = await administrator()
    content = b"email\nmaria@alfki.example\nnora@alfki.example\nNORA@alfki.example\n"
    page = await worked_off(person, content)
    assert "acts for your company already" in page.main
    assert "a second time in the file" in page.main
    page = await worked_off(person, content)
    assert "invited already" in page.main
    assert len(await mails("invitation")) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "no text file"),
        ("email\nnora\0@alfki.example\n".encode("utf-16"), "no text file"),
        (b"PK\x03\x04 workbook", "This is a workbook"),
        (b"name,phone\nNora,030\n", "no column for the e-mail"),
        (b"\n \n", "The file is empty."),
        (b"email\n", "no line below its head"),
        (b'email,first_name\nnora@alfki.example,"No end', "a quotation mark is missing"),
        (b"email\n" + b"a@b.example\n" * 20_001, "Please upload at most 20000"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_in_plain_words(content: bytes, problem: str) -> None:
    page = await worked_off(await administrator(), content)
    assert "could not be worked off" in page.main
    assert problem in page.main
    assert await invited() == []


@asynccontextmanager
async def no_line_can_be_kept() -> AsyncIterator[None]:
    """A fault that nobody thought of: meanwhile the database takes no line of a file."""
    await DB.execute("ALTER TABLE user_import_lines ADD CONSTRAINT broken CHECK (false) NOT VALID")
    try:
        yield
    finally:
        await DB.execute("ALTER TABLE user_import_lines DROP CONSTRAINT broken")


async def test_a_file_that_fails_for_no_known_reason_is_given_up_and_the_person_is_told() -> None:
    person = await administrator()
    page = await upload(person, b"email\nnora@alfki.example\n")
    async with no_line_can_be_kept():
        for _try in range(MOST_TRIES - 1):
            with pytest.raises(asyncpg.CheckViolationError):
                await work_off_imports()
            assert "about to be read" in (await person.get(page.path)).main
            await claim_runs_out()
        assert await work_off_imports() == 0
    seen = await person.get(page.path)
    assert "The file could not be worked off" in seen.main
    assert "Something went wrong on our side again and again" in seen.main
    assert "Look again" not in seen.main
    await claim_runs_out()
    assert await work_off_imports() == 0
    page = await worked_off(person, b"email\nnora@alfki.example\n")
    assert "All lines are worked off" in page.main


async def test_a_file_that_ends_its_worker_each_time_is_given_up_as_well() -> None:
    person = await administrator()
    page = await upload(person, b"email\nnora@alfki.example\n")
    await DB.execute("UPDATE user_imports SET state = 'reading', tries = $1", MOST_TRIES)
    assert await work_off_imports() == 0
    assert "Something went wrong on our side" in (await person.get(page.path)).main
    assert await invited() == []


async def test_tries_that_have_done_something_do_not_count() -> None:
    await upload(await administrator(), b"email\nnora@alfki.example\n")
    await DB.execute("UPDATE user_imports SET state = 'reading', tries = $1", MOST_TRIES - 1)
    assert await work_off_imports() == 1
    assert await DB.fetch_value("SELECT tries FROM user_imports") == 0


async def claim_runs_out() -> None:
    await DB.execute("UPDATE user_imports SET claimed_until = now()")


async def test_signs_that_no_page_can_show_are_left_out_of_the_lines_of_a_file() -> None:
    page = await worked_off(await administrator(), b"email\nno\x01ra@alfki.example\nbro\x1bken\n")
    assert "broken" in page.main
    assert await invited() == [("nora@alfki.example", "", "")]


async def test_a_name_of_a_file_with_signs_that_nobody_sees_is_kept_without_them() -> None:
    person = await administrator()
    page = await person.get("/account/users/import")
    # Sent as no browser does: those write such signs in another way.
    parts = (
        ('name="_csrf_token"', page.csrf_token),
        ('name="file"; filename="peo\0p\x1ble.csv"', "email\nnora@alfki.example\n"),
    )
    body = "".join(
        f"--xyz\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts
    )
    response = await person.client.post(
        person.address("/account/users/import"),
        content=f"{body}--xyz--\r\n".encode(),
        headers={
            "Origin": ORIGIN,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "multipart/form-data; boundary=xyz",
        },
        follow_redirects=True,
    )
    assert response.status_code == 200
    assert "people.csv" in person._see(response).main
    kept = "SELECT after->>'name' FROM audit_entries WHERE action = 'invitations uploaded'"
    assert await DB.fetch_value(kept) == "people.csv"


async def test_no_file_and_an_empty_one_are_told_on_the_form() -> None:
    person = await administrator()
    assert (await upload(person, b"")).errors == {"file": "Please choose a file that is not empty."}
    assert (await person.post("/account/users/import", {"file": "text"})).status == 422


async def test_a_file_of_100_mb_is_refused_while_it_streams_and_nothing_of_it_is_kept() -> None:
    person = await administrator()
    page = await person.get("/account/users/import")

    async def body() -> "object":
        head = f'--xyz\r\nContent-Disposition: form-data; name="_csrf_token"\r\n\r\n{page.csrf_token}\r\n'
        yield (
            head + '--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        ).encode()
        for _part in range(100):
            yield b"nora@alfki.example\n" * 55_000
        yield b"\r\n--xyz--\r\n"

    response: httpx.Response = await person.client.post(
        person.address("/account/users/import"),
        content=body(),
        headers={
            "Origin": ORIGIN,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "multipart/form-data; boundary=xyz",
        },
    )
    assert response.status_code == 413
    assert "larger than we accept" in response.text
    assert await DB.fetch_value("SELECT count(*) FROM user_imports") == 0


async def test_files_of_another_company_are_as_missing_ones() -> None:
    page = await worked_off(await administrator(), b"email\nnora@alfki.example\nbroken\n")
    key = page.path.rsplit("/", 1)[1]
    stranger = await (await people.company("eve@other.example", company_name="Other Ltd")).signed_in()
    for one in (key, uuid.uuid4()):
        for ending in ("", "/refused", "/results"):
            assert (await stranger.get(f"/account/users/import/{one}{ending}")).status == 404


async def test_who_may_not_invite_any_more_invites_nobody_by_an_old_file() -> None:
    maria = await people.company()
    person = await maria.signed_in()
    await upload(person, b"email\nnora@alfki.example\n")
    await DB.execute("UPDATE memberships SET roles = '{buyer}'")
    await work_off_imports()
    assert await invited() == []
    assert "may not invite people any more" in await DB.fetch_value("SELECT problem FROM user_imports")


async def test_nobody_grants_more_than_they_have_by_a_file() -> None:
    maria = await people.company()
    role = uuid.uuid4()
    await DB.execute(
        "INSERT INTO company_roles (id, customer, name, permissions, created_at)"
        " VALUES ($1, $2, 'People', '{manage_users}', now())",
        role,
        maria.customer_id,
    )
    hanna = await people.colleague(maria, "hanna@alfki.example", (str(role), "buyer"))
    page = await worked_off(
        await hanna.signed_in(),
        b"email;role\nnora@alfki.example;account_administrator\nute@alfki.example;people\n",
    )
    assert "nobody grants more than they have" in page.main
    assert [one[0] for one in await invited()] == ["ute@alfki.example"]


async def test_a_worker_that_was_killed_is_followed_by_one_that_goes_on_without_inviting_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = await administrator()
    lines = "".join(f"user{n}@alfki.example\n" for n in range(600))
    await upload(person, b"email\n" + lines.encode())
    claimed = await DB.fetch_row(invitation_import._CLAIM)
    assert claimed is not None
    await invitation_import._keep_lines(claimed["id"], invitation_import.lines_of_file(claimed["content"]))
    await invitation_import._next_lines(claimed, person_application())
    assert await work_off_imports() == 0, "the claim of the first still holds"
    await DB.execute("UPDATE user_imports SET claimed_until = now() - interval '1 second'")
    assert await work_off_imports() == 350
    assert len(await mails("invitation")) == 600
    assert await DB.fetch_value("SELECT lines_done FROM user_imports") == 600


def person_application() -> object:
    from app.applications import application_by_id

    return application_by_id("business")


async def test_10_000_lines_are_read_checked_and_queued_in_under_30_seconds() -> None:
    person = await administrator()
    lines = "".join(f"user{n}@alfki.example,First{n},Last{n},buyer\n" for n in range(10_000))
    page = await upload(person, (HEAD + lines).encode())
    started = time.process_time()
    assert await work_off_imports() == 10_000
    assert time.process_time() - started < IN_TIME
    assert "10000" in (await person.get(page.path)).main
    assert await DB.fetch_value("SELECT count(*) FROM outbox_mails WHERE kind = 'invitation'") == 10_000
    page = await person.get("/account/users/invitations")
    assert "10000 invitations" in page.main


async def test_the_sample_can_be_uploaded_as_it_is() -> None:
    person = await administrator()
    sample = await person.client.get(person.address("/account/users/import/sample"))
    await worked_off(person, sample.content)
    assert len(await invited()) == 2


async def test_a_german_reads_heads_roles_and_problems_in_german_and_sends_them_back_corrected() -> None:
    maria = await people.company(preferred_language="de")
    person = await maria.signed_in()
    sample = await person.client.get(person.address("/account/users/import/sample"))
    lines = sample.content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == (
        "E-Mail;Vorname;Nachname;Rollen;Sprache;Grenze je Bestellung;Budget;Zeitraum des Budgets"
    )
    assert lines[1] == "maria.anders@example.com;Maria;Anders;Einkauf;de;500,00;2000,00;Monat"
    await worked_off(person, sample.content)
    row = await DB.fetch_row(
        "SELECT roles, order_limit, budget_period FROM invitations WHERE budget_amount IS NOT NULL"
    )
    assert row == {"roles": ["buyer"], "order_limit": 50000, "budget_period": "month"}
    page = await worked_off(person, "E-Mail;Vorname;Rolle\nnora;Nora;Freigabe\n".encode("cp1252"))
    assert "E-Mail: Bitte geben Sie eine E-Mail-Adresse" in page.main
    key = page.path.rsplit("/", 1)[1]
    refused = await person.client.get(person.address(f"/account/users/import/{key}/refused"))
    corrected = refused.content.replace(b"nora;", b"nora@alfki.example;")
    assert corrected.decode("utf-8-sig").startswith("E-Mail;Vorname;")
    page = await worked_off(person, corrected)
    assert ("nora@alfki.example", "Nora", "") in await invited()
    key = page.path.rsplit("/", 1)[1]
    results = await person.client.get(person.address(f"/account/users/import/{key}/results"))
    assert "Zeile;E-Mail;Ergebnis;Problem" in results.text
