"""The scripts of a deploy, run for real with a stand-in for `uv`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.projects import Project, clean_environment
from tests.servers import Server

CI = Path(__file__).resolve().parents[2] / ".ci"
FAKE_UV = """#!/usr/bin/env bash
echo "uv $*" >>"$CALLS"
echo "ran: $*"
case "$*" in *"$FAILS"*) echo "SM-E123: no" >&2; exit 7 ;; esac
case "$*" in *"${HANGS:-nothing}"*)
    trap 'echo told; sleep 0.3; echo cleaned up; exit 143' TERM; echo begun; sleep 3 & wait ;;
esac
"""


class Desk:
    """A summary, a record of what was run, and a `uv` that does nothing."""

    def __init__(self, folder: Path) -> None:
        self.summary = folder / "summary.md"
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "uv").write_text(FAKE_UV)
        (self.bin / "uv").chmod(0o755)

    def run(
        self, *command: str, fails: str = "nothing", **more: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [CI / command[0], *command[1:]],
            env=self.environment(fails, more),
            capture_output=True,
            text=True,
            timeout=30,
        )

    def environment(self, fails: str, more: dict[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "FAILS": fails,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **more,
        }

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


PLAN = "uv run manage.py safe_migrate --env staging --plan"
MIGRATE = "uv run manage.py safe_migrate --env staging --noinput"


def test_a_deploy_plans_and_then_migrates(desk: Desk) -> None:
    assert desk.run("deploy", "staging", BACKUP_S3_BUCKET="b").returncode == 0
    assert desk.called() == [PLAN, MIGRATE]
    assert desk.summary.read_text() == (
        "## Plan for staging\n\n~~~~text\n"
        "ran: run manage.py safe_migrate --env staging --plan\n\n~~~~\n\nExit code 0.\n"
        "## Migration of staging\n\n~~~~text\n"
        "ran: run manage.py safe_migrate --env staging --noinput\n\n~~~~\n\nExit code 0.\n"
    )


def test_a_backup_on_the_runners_disk_is_refused_before_anything(desk: Desk) -> None:
    done = desk.run("deploy", "staging")
    assert done.returncode == 4
    assert desk.called() == []
    assert (
        done.stderr
        == desk.summary.read_text()
        == (
            "**Refused: the backup would be written to this runner's own disk and lost with it.**\n"
            "The database was not touched and nothing was lost.\n"
            "Next: in the repository's settings, open this environment and set the variable "
            "`BACKUP_S3_BUCKET`\n"
            "and the secrets `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, then run this job "
            "again.\n"
        )
    )


def test_nothing_is_migrated_after_a_plan_that_failed(desk: Desk) -> None:
    done = desk.run("deploy", "staging", fails="--plan", BACKUP_S3_BUCKET="b")
    assert done.returncode == 7
    assert desk.called() == [PLAN]
    assert "SM-E123: no" in desk.summary.read_text()


def test_a_failed_migration_keeps_its_exit_code_and_its_message(desk: Desk) -> None:
    done = desk.run("deploy", "staging", fails="--noinput", BACKUP_S3_BUCKET="b")
    assert done.returncode == 7
    assert "SM-E123: no" in done.stdout, "live in the log"
    assert "SM-E123: no\n\n~~~~\n\nExit code 7.\n" in desk.summary.read_text()


def test_the_next_command_names_the_environment(desk: Desk) -> None:
    done = desk.run("next-command", "production")
    assert done.stdout == desk.summary.read_text()
    assert "\n    uv run manage.py safe_status --env production\n" in done.stdout
    assert f"\n    {MIGRATE.replace('staging', 'production')}\n" in done.stdout


def test_output_cannot_break_out_of_the_summary(desk: Desk) -> None:
    assert desk.run("in-summary", "T", "printf", "~~~~\n# Hi\n").returncode == 0
    assert desk.summary.read_text().splitlines()[2:6] == ["~~~~text", "~ ~ ~ ~", "# Hi", ""]


def test_a_cancelled_deploy_ends_the_migration_gently(desk: Desk) -> None:
    """The job's shell alone is signalled. The command is told and waited for."""
    running = subprocess.Popen(
        [CI / "deploy", "staging"],
        env=desk.environment("nothing", {"BACKUP_S3_BUCKET": "b", "HANGS": "--noinput"}),
        stdout=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        assert "begun\n" in iter(running.stdout.readline, "")
        running.send_signal(signal.SIGINT)
        time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=10) == 143
    assert "cleaned up\n\n~~~~\n\nExit code 143.\n" in desk.summary.read_text()


@pytest.mark.parametrize("major", ["", "18; reboot", "latest"])
def test_a_client_version_must_be_a_number(desk: Desk, major: str) -> None:
    done = desk.run("install-postgres-client", major)
    assert (done.returncode, done.stderr) == (
        2,
        f"POSTGRES_MAJOR is '{major}': set it to the server's major version, for example 18.\n",
    )


def test_nothing_is_installed_as_root_on_a_persons_machine(desk: Desk) -> None:
    (desk.bin / "id").write_text("#!/bin/sh\necho 1000\n")
    (desk.bin / "id").chmod(0o755)
    done = desk.run("as-root", "echo", "harm")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ".ci/as-root: not root, not run: echo harm\n"


LIST = "uv run manage.py safe_backup list --env production --max-age"
SCRATCH = "postgresql://u:p@127.0.0.1:1/scratch"
VERIFY = "uv run manage.py safe_backup verify --env production --latest --level restored"


def test_the_nightly_check_asks_the_age_and_then_restores(desk: Desk) -> None:
    done = desk.run("verify-backup", "production", SCRATCH_DATABASE_URL=SCRATCH)
    assert done.returncode == 0
    assert desk.called() == [f"{LIST} 26h", VERIFY]
    assert "## Restore of the newest backup of production\n" in desk.summary.read_text()


def test_an_old_backup_fails_the_nightly_check_at_once(desk: Desk) -> None:
    words = ("verify-backup", "production", "2d")
    done = desk.run(*words, fails="--max-age 2d", SCRATCH_DATABASE_URL=SCRATCH)
    assert done.returncode == 7
    assert desk.called() == [f"{LIST} 2d"]


def test_the_nightly_check_touches_no_database_but_the_throw_away_one(desk: Desk) -> None:
    (desk.bin / "uv").write_text(
        "#!/bin/sh\n"
        'echo "$DATABASE_URL ${MIGRATION_DATABASE_URL-none} ${BACKUP_DATABASE_URL-none}"\n'
    )
    live = "postgresql://u:p@127.0.0.1:1/live"
    urls = {f"{kind}DATABASE_URL": live for kind in ("", "MIGRATION_", "BACKUP_")}
    done = desk.run("verify-backup", "production", SCRATCH_DATABASE_URL=SCRATCH, **urls)
    assert done.stdout == f"{SCRATCH} none none\n" * 2


def test_the_nightly_check_hands_the_private_key_on_as_a_file_of_its_own(desk: Desk) -> None:
    (desk.bin / "uv").write_text(
        "#!/bin/sh\n"
        'echo "$BACKUP_AGE_IDENTITY_FILE"; cat "$BACKUP_AGE_IDENTITY_FILE"\n'
        'stat --format=%a "$BACKUP_AGE_IDENTITY_FILE"; echo "${BACKUP_AGE_IDENTITY-unset}"\n'
    )
    words = ("verify-backup", "production")
    done = desk.run(*words, SCRATCH_DATABASE_URL=SCRATCH, BACKUP_AGE_IDENTITY="AGE-SECRET-KEY-1X")
    path, *said = done.stdout.splitlines()[:4]
    assert said == ["AGE-SECRET-KEY-1X", "600", "unset"]
    assert not Path(path).exists()


def test_the_nightly_check_wants_a_throw_away_database(desk: Desk) -> None:
    done = desk.run("verify-backup", "production")
    assert done.returncode != 0
    assert "SCRATCH_DATABASE_URL: where to restore to?" in done.stderr
    assert desk.called() == []


FAKE_GH = """#!/usr/bin/env bash
printf '%s\\n' "gh $1 $2 $3" >>"$CALLS"
if [ "$2" = list ]; then printf '%s' "$OPEN_ISSUE"; fi
"""


@pytest.mark.parametrize(
    ("already", "called"), [("", "gh issue create --title"), ("12", "gh issue comment 12")]
)
def test_people_are_told_in_one_issue(desk: Desk, already: str, called: str) -> None:
    (desk.bin / "gh").write_text(FAKE_GH)
    (desk.bin / "gh").chmod(0o755)
    run = "https://example.org/runs/1"
    done = desk.run("report-backup", "production", OPEN_ISSUE=already, RUN_URL=run)
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.called() == ["gh issue list --state", called]
    assert done.stdout == desk.summary.read_text()
    assert done.stdout.startswith(
        "## The newest backup of production is not one to rely on\n\n"
        "It is too old, or it could not be restored and compared with its manifest. The reason is "
        f"here:\n{run}\n"
    )
    assert "\n    uv run manage.py safe_backup create --env production\n" in done.stdout


@pytest.fixture
def with_backup(shop: Project, backups: Path) -> str:
    """The sample shop with one backup, in a staging configuration. Its identifier."""
    report = shop.ok("safe_migrate", "--format", "json").document
    return str(report["backup"]["id"])


def test_the_nightly_check_runs_for_real(
    shop: Project, server: Server, with_backup: str, tmp_path: Path
) -> None:
    uv, summary = tmp_path / "bin" / "uv", tmp_path / "summary.md"
    uv.parent.mkdir()
    uv.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} "$@"\n')  # uv run FILE
    uv.chmod(0o755)
    with server.database() as scratch:
        done = subprocess.run(
            [CI / "verify-backup", "staging"],
            env={
                **clean_environment(),
                **shop.variables,
                "SCRATCH_DATABASE_URL": server.url(scratch),
                "GITHUB_STEP_SUMMARY": str(summary),
                "PATH": f"{uv.parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ok   {with_backup}  restored" in done.stdout
    assert f"ok   {with_backup}  restored" in summary.read_text()
    shown = shop.ok("safe_backup", "list", "--format", "json").document["backups"]
    assert [backup["level"] for backup in shown] == ["restored"]
