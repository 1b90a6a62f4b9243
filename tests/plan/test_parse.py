"""What we read out of SQL, by PostgreSQL's own parser."""

import pytest

from safe_migrate.plan import parse


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('ALTER TABLE "a b" ADD COLUMN c int', ('"a b"',)),
        ("ALTER TABLE s.t ADD FOREIGN KEY (x) REFERENCES other (id)", ('"s"."t"', '"other"')),
        ("SELECT 1; UPDATE t SET x = (SELECT max(y) FROM u)", ('"t"', '"u"')),
        ('DROP TABLE "we""ird" CASCADE', ('"we""ird"',)),
        ("CREATE INDEX CONCURRENTLY i ON t (x)", ('"t"',)),
        ("SELECT %s FROM t", ()),
        ("not sql at all", ()),
    ],
)
def test_relations(statement: str, expected: tuple[str, ...]) -> None:
    assert parse.relations(statement) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (x)", True),
        ("CREATE INDEX i ON t (x)", False),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", True),
        ("DROP INDEX i", False),
        ("REINDEX TABLE CONCURRENTLY t", True),
        ("REINDEX TABLE t", False),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", True),
        ("SELECT 'CREATE INDEX CONCURRENTLY i ON t (x)'", False),
        ("this is no statement", False),
    ],
)
def test_concurrent(statement: str, expected: bool) -> None:
    assert parse.is_concurrent(statement) is expected
