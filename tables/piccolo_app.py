"""Patron's tables as a Piccolo app; its name never changes, migrations are recorded under it."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

APP_CONFIG = AppConfig(
    app_name="patron",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
    table_classes=table_finder(modules=["tables"]),
    migration_dependencies=[],
)
