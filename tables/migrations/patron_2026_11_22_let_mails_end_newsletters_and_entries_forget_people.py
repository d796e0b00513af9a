"""One-click unsubscribing in mails, and an audit log that can forget a name without losing an entry."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Text
from piccolo.columns.indexes import IndexMethod

from tables.engine import DB

ID = "2026-11-22T00:00:00:000010"
VERSION = "1.38.0"
DESCRIPTION = "Let mails end newsletters and audit entries forget people"

# The log stays append-only. A transaction that carries out a deletion (domain.md 13) says so by a setting of its
# own; even then an entry keeps who, what and when by id and time, and loses only names and values.
FORWARDS = (
    """
    CREATE OR REPLACE FUNCTION refuse_change_of_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND current_setting('patron.forgets_a_person', true) = 'yes' THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'audit entries are append-only' USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE FUNCTION let_audit_entries_lose_names_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (NEW.id, NEW.happened_at, NEW.action, NEW.application, NEW.request_id)
               IS DISTINCT FROM (OLD.id, OLD.happened_at, OLD.action, OLD.application, OLD.request_id)
           OR (NEW.actor_id, NEW.user_id, NEW.customer_id)
               IS DISTINCT FROM (OLD.actor_id, OLD.user_id, OLD.customer_id)
           OR NEW.actor_name NOT IN (OLD.actor_name, '') OR NEW.reason NOT IN (OLD.reason, '')
           OR NEW.before NOT IN (OLD.before, '{}') OR NEW.after NOT IN (OLD.after, '{}') THEN
            RAISE EXCEPTION 'audit entries are append-only' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER audit_entries_lose_names_only BEFORE UPDATE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION let_audit_entries_lose_names_only()
    """,
    """
    ALTER TABLE personal_data_requests
        ADD CONSTRAINT kind_is_known CHECK (kind IN ('export', 'delete')),
        ADD CONSTRAINT state_is_known
            CHECK (state IN ('asked', 'confirmed', 'carried_out', 'declined', 'withdrawn'))
    """,
    # A person has one open request of a kind, however often and from wherever it is asked for.
    """
    CREATE UNIQUE INDEX one_open_request_of_a_user ON personal_data_requests ("user", kind)
        WHERE state IN ('asked', 'confirmed') AND "user" IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX one_open_request_of_a_guest ON personal_data_requests (email_canonical, kind)
        WHERE state IN ('asked', 'confirmed') AND "user" IS NULL
    """,
)


async def forwards() -> MigrationManager:
    """The steps of this migration, for Piccolo."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    manager.add_column(
        table_class_name="OutboxMail",
        tablename="outbox_mails",
        column_name="unsubscribe_link",
        db_column_name="unsubscribe_link",
        column_class_name="Text",
        column_class=Text,
        params={
            "default": "",
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )
    manager.add_raw(run)
    return manager
