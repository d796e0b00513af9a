"""Where Piccolo finds the database and the tables: `PICCOLO_CONF=tables.piccolo_conf`."""

from piccolo.conf.apps import AppRegistry

from tables.engine import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["tables.piccolo_app"])
