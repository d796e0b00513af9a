"""Version numbers of what every process keeps in memory (architecture.md, What a request costs)."""

from piccolo.columns import BigInt, Varchar
from piccolo.table import Table


class DataVersion(Table, tablename="data_versions"):
    """Raised in the transaction of a change; read with every request, so that each worker notices."""

    subject = Varchar(length=40, primary_key=True)
    number = BigInt(default=1)
