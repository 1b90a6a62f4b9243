"""How to get the data back from a restore point: a shell script meant to be read as well. Pure.

It recovers a side instance, since recovery rewinds every database of a cluster.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from safe_migrate.postgres.wal import Point


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """What a recipe is made of."""

    id: str
    database: str
    user: str
    server_major: int
    point: Point
    base: str
    """What the base backup is called where it is."""
    fetch: Sequence[str]
    """Lines of shell that put the base backup into "$SIDE"."""
    restore_command: str
    """Empty where the lines of `fetch` see to it."""
    needed: Mapping[str, int]
    """Settings that the side instance must allow at least as much of."""


def copying(folders: Sequence[str]) -> list[str]:
    """The lines that fetch one of our own base backups, the full one first."""
    quoted = [shlex.quote(folder) for folder in folders]
    if len(quoted) == 1:
        return [f'cp -a {quoted[0]}/. "$SIDE"']
    return [f'pg_combinebackup {" ".join(quoted)} --output="$SIDE"']


def text(recovery: Recovery) -> str:
    """The whole script, as it is printed and stored."""
    point = recovery.point
    named = _line(recovery.database)
    return _TEMPLATE.format(
        id=recovery.id,
        named=named,
        recovered=shlex.quote(f"{named}__recovered"),
        database=shlex.quote(recovery.database),
        user=shlex.quote(recovery.user),
        major=recovery.server_major,
        name=point.name,
        lsn=point.lsn,
        segment=point.segment,
        at=point.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        base=_line(recovery.base),
        fetch="\n".join(recovery.fetch),
        settings="\n".join(_settings(recovery)),
    )


def _line(name: str) -> str:
    """A name as a comment can have it: nothing in it ends the line."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _settings(recovery: Recovery) -> list[str]:
    point = recovery.point
    fetched = {"restore_command": recovery.restore_command} if recovery.restore_command else {}
    given: dict[str, object] = {
        **fetched,
        "recovery_target_name": point.name,
        "recovery_target_timeline": point.timeline,
        "recovery_target_action": "pause",
        "archive_mode": "off",
        "hot_standby": "on",
        **recovery.needed,
    }
    return [f"{name} = {_value(value)}" for name, value in given.items()]


def _value(value: object) -> str:
    """As a configuration file has it (PostgreSQL manual, "Parameter Interaction via the
    Configuration File"): quotes are doubled, and a backslash would begin an escape."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


_TEMPLATE = """\
# {id}: how to get back {named} as it was at {at}.
#
# Restore point {name}, at {lsn} in {segment}.
# Base backup {base}.
#
# Recovery rewinds a whole cluster with every database in it and loses what was written since. So
# this makes a SIDE instance, on any machine that reaches the base backup and the archive, and
# leaves the live one alone. Run it with sh as the user that shall own the side instance, not as
# root; PostgreSQL {major}'s server programs must be in PATH.
set -eu
SIDE="${{SIDE:-$PWD/side}}"      # a folder with room for the whole cluster; must not be there yet
PORT="${{PORT:-5499}}"
DUMP="${{DUMP:-$SIDE.dump}}"
SOCKET="$(mktemp -d)"          # the side instance listens nowhere else

# 1. The base backup.
mkdir -m 700 "$SIDE"
{fetch}

# 2. How far to recover. archive_mode is off: the side instance must never write to your archive.
cat >> "$SIDE/postgresql.auto.conf" <<'CONF'
{settings}
CONF
rm -f "$SIDE/standby.signal"
touch "$SIDE/postgresql.conf" "$SIDE/recovery.signal"
echo "local all all trust" > "$SIDE/side_hba.conf"

# 3. Recover, and wait until the restore point is reached.
export PGHOST="$SOCKET" PGPORT="$PORT" PGUSER={user} PGDATABASE={database}
pg_ctl start -w -D "$SIDE" -l "$SIDE/side.log" \\
    -o "-p $PORT -c listen_addresses='' -c unix_socket_directories='$SOCKET'" \\
    -o "-c hba_file='$SIDE/side_hba.conf'"
ask() {{ psql -X -A -t -c "$1"; }}
until [ "$(ask 'SELECT pg_get_wal_replay_pause_state()')" = paused ]; do
    pg_ctl status -D "$SIDE" > /dev/null || {{ tail "$SIDE/side.log" >&2; exit 1; }}
    sleep 0.2
done
[ "$(ask "SELECT pg_last_wal_replay_lsn() >= '{lsn}'")" = t ] ||
    {{ tail "$SIDE/side.log" >&2; exit 1; }}

# 4. Dump what you need from it; it stands still, so look around first if you like. Here: all of it.
pg_dump --format=custom --file="$DUMP"

# 5. Stop it.
pg_ctl stop -D "$SIDE" -m immediate
rm -rf "$SOCKET"
echo "$DUMP holds the database as it was at the restore point."

# 6. Put it beside the live database, compare, and take over what was lost; then remove "$SIDE":
#      createdb {recovered}
#      pg_restore --exit-on-error --dbname={recovered} "$DUMP"
"""
