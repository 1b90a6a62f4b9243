"""What pg_restore --list says, and how the data is shared out. Plain values."""

from safe_migrate.backups.contents import Entry, entries, share

LISTING = """\
;
; Archive created at 2026-11-22 22:00:00 UTC
;     Format: CUSTOM
;
2598; 0 16386 TABLE DATA public book postgres
2600; 0 16397 TABLE DATA public order line postgres
2602; 0 16408 TABLE DATA other big postgres
2611; 0 0 SEQUENCE SET public book_id_seq postgres
2612; 0 0 BLOBS - BLOBS postgres
2613; 0 0 COMMENT - LARGE OBJECT 4711
"""


def test_the_entries_in_their_order() -> None:
    assert entries(LISTING.splitlines()) == [
        Entry(2598, "public.book"),
        Entry(2600, "public.order line"),
        Entry(2602, "other.big"),
        Entry(2611, ""),
        Entry(2612, ""),
        Entry(2613, ""),
    ]


def test_the_heaviest_tables_are_spread_and_each_share_keeps_the_archives_order() -> None:
    rows = {"public.book": 10, "public.order line": 90, "other.big": 100}
    first, second = share(entries(LISTING.splitlines()), rows, 2)
    assert first == [2602, 2611, 2612, 2613]
    assert second == [2598, 2600]


def test_every_entry_has_its_place_once() -> None:
    found = entries(LISTING.splitlines())
    for streams in range(1, 8):
        shares = share(found, {}, streams)
        placed = [number for ids in shares for number in ids]
        assert sorted(placed) == [entry.id for entry in found]
        assert all(ids == sorted(ids) for ids in shares)


def test_nothing_to_share() -> None:
    assert share([], {}, 2) == []
