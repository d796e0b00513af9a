"""A new shop taxes what it sells from the first order on: it begins with the rates of the member states, as
app/prices/tax.py had them in November 2026. Where anybody has entered rates, these stay alone; and a shop that has
sold without any goes on without tax, until somebody decides otherwise: `patron check` tells of it."""

from decimal import Decimal

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000130"
VERSION = "1.38.0"
DESCRIPTION = "Begin with tax rates"

# Country, standard rate, the rate of most food.
RATES = """
    AT 20 10, BE 21 6, BG 20 20, CY 19 5, CZ 21 12, DE 19 7, DK 25 25, EE 24 24, ES 21 10, FI 25.5 13.5,
    FR 20 5.5, GR 24 13, HR 25 5, HU 27 27, IE 23 13.5, IT 22 10, LT 21 21, LU 17 3, LV 21 21, MT 18 5, NL 21 9,
    PL 23 5, PT 23 6, RO 21 11, SE 25 6, SI 22 9.5, SK 23 19
"""


async def forwards() -> MigrationManager:
    """Adds the rates; Piccolo runs this inside the migration's transaction."""
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        rates = [one.split() for one in RATES.split(",")]
        added = await DB.execute(
            "INSERT INTO tax_rates (id, country, tax_class, percent)"
            " SELECT gen_random_uuid(), r.country, c.tax_class, CASE c.tax_class WHEN 'standard' THEN r.standard"
            " ELSE r.reduced END"
            " FROM unnest($1::text[], $2::numeric[], $3::numeric[]) AS r (country, standard, reduced),"
            " (VALUES ('standard'), ('reduced')) AS c (tax_class)"
            " WHERE NOT EXISTS (SELECT FROM tax_rates) AND NOT EXISTS (SELECT FROM orders)",
            [country for country, _standard, _reduced in rates],
            [Decimal(standard) for _country, standard, _reduced in rates],
            [Decimal(reduced) for _country, _standard, reduced in rates],
        )
        if added:
            # Processes that still run keep what they have read (app/versions.py).
            await DB.execute(
                "INSERT INTO data_versions (subject, number)"
                " VALUES ('taxes', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)"
                " ON CONFLICT (subject) DO UPDATE SET number = greatest(data_versions.number + 1, excluded.number)"
            )

    manager.add_raw(run)
    return manager
