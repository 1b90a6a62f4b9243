"""The whole story in staging: seeded data, a verified backup, a pending chain, and the way back."""

import subprocess
from pathlib import Path

from tests.backups.unpacked import unpacked
from tests.projects import Project
from tests.servers import Server

CHAIN = [
    "orders.0004_require_unit_price",
    "orders.0005_line_constraints",
    "orders.0006_index_order_status_placed",
]


def test_a_hundred_thousand_rows_are_backed_up_migrated_and_restored(
    shop: Project, server: Server, database: str, backups: Path
) -> None:
    shop.ok("safe_migrate")
    shop.ok("seed")
    shop.ok("safe_migrate", "orders", "0003")
    report = shop.ok("safe_migrate", "--noinput", "--format", "json").document
    assert report["applied"] == CHAIN
    backup = report["backup"]
    assert backup["level"] == "readable"
    assert sum(backup["rows"].values()) >= 100_000
    with server.database() as copy:
        subprocess.run(
            [server.program("pg_restore"), "--exit-on-error", f"--dbname={server.url(copy)}"],
            input=unpacked(backups / backup["data"]),
            check=True,
        )
        restored = {table: count(server, copy, table) for table in backup["rows"]}
        assert restored == backup["rows"]
        applied = server.query(copy, "SELECT name FROM django_migrations WHERE app = 'orders'")
        assert ("0004_require_unit_price",) not in applied
    # The rows came through the chain unharmed.
    for table in ("public.orders_order", "public.orders_orderline", "public.accounts_user"):
        assert count(server, database, table) == backup["rows"][table]


def count(server: Server, database: str, table: str) -> int:
    [(rows,)] = server.query(database, f"SELECT count(*) FROM {table}")
    return int(rows)
