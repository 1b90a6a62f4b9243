"""The workflows hold what the deployment promises, point by point."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BRANCH_OF_ENVIRONMENT = "${{ github.ref_name == 'main' && 'production' || 'staging' }}"
# What boto3 reads itself; the rest is in .env.example.
BUCKET_CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_SECRET_ACCESS_KEY"}
OF_ACTIONS = {"ENVIRONMENT", "POSTGRES_MAJOR", "PYTHONUNBUFFERED", "UV_NO_SYNC"}


class Yaml12(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's booleans, which make the key `on` a True."""


Yaml12.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def load(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=Yaml12)  # noqa: S506 - a SafeLoader


LOADED = {path.stem: load(path) for path in WORKFLOWS}
CI, DEPLOY, NIGHTLY = (LOADED[name] for name in ("ci", "deploy", "backup-verify"))
MIGRATE = DEPLOY["jobs"]["migrate"]
RESTORE, TELL = (NIGHTLY["jobs"][name] for name in ("restore", "tell"))


def jobs() -> list[Any]:
    return [
        pytest.param(job, id=f"{stem}-{name}")
        for stem, workflow in LOADED.items()
        for name, job in workflow["jobs"].items()
    ]


every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
every_job = pytest.mark.parametrize("job", jobs())


def used_secrets(node: Any) -> set[str]:
    return set(re.findall(r"secrets\.(\w+)", yaml.safe_dump(node)))


class TestEveryWorkflow:
    def test_there_are_these(self) -> None:
        assert [path.name for path in WORKFLOWS] == ["backup-verify.yml", "ci.yml", "deploy.yml"]

    @every_workflow
    def test_starts_without_permissions(self, path: Path) -> None:
        assert load(path)["permissions"] == {}

    @every_workflow
    def test_is_never_started_with_secrets_by_a_strangers_pull_request(self, path: Path) -> None:
        assert not {"pull_request_target", "workflow_run"} & set(load(path)["on"])

    @every_job
    def test_may_only_read_the_repository(self, job: dict[str, Any]) -> None:
        more = {"issues": "write"} if job is TELL else {}
        assert job["permissions"] == {"contents": "read", **more}

    @every_job
    def test_ends_by_itself(self, job: dict[str, Any]) -> None:
        assert 0 < job["timeout-minutes"] <= 180

    @every_job
    def test_pins_actions_by_commit(self, job: dict[str, Any]) -> None:
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert used
        assert [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []

    @every_workflow
    def test_names_the_release_beside_the_commit(self, path: Path) -> None:
        lines = [line for line in path.read_text().splitlines() if " uses: " in line]
        assert [line for line in lines if not re.search(r"@\w{40} # v\d+\.\d+\.\d+$", line)] == []

    @every_job
    def test_keeps_no_credentials_in_the_checkout(self, job: dict[str, Any]) -> None:
        checkouts = [s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout@")]
        assert [step["with"] for step in checkouts] == [{"persist-credentials": False}]

    @every_job
    def test_runs_nothing_but_the_scripts_a_person_runs(self, job: dict[str, Any]) -> None:
        for command in (step["run"] for step in job["steps"] if "run" in step):
            script = re.fullmatch(
                r'(?:exec )?(\.ci/[\w-]+)((?: --?[\w-]+| \w+| "\$\w+")*)', command
            )
            assert script, command
            assert (ROOT / script[1]).stat().st_mode & 0o111

    @every_job
    def test_puts_no_expression_into_a_command(self, job: dict[str, Any]) -> None:
        assert [step for step in job["steps"] if "${{" in step.get("run", "")] == []

    def test_satisfies_zizmor(self) -> None:
        """At its strictest (the auditor's persona), without any exception made."""
        zizmor = Path(sys.executable).with_name("zizmor")
        report = subprocess.run(
            [
                zizmor,
                "--color=never",
                "--persona",
                "auditor",
                "--offline",
                "--no-config",
                ROOT / ".github",
            ],
            capture_output=True,
            text=True,
        )
        assert (report.returncode, report.stdout.strip()) == (0, "No findings to report. Good job!")

    def test_makes_no_exception_for_zizmor(self) -> None:
        assert [path for path in WORKFLOWS if "zizmor: ignore" in path.read_text()] == []


class TestCi:
    def test_runs_for_pull_requests_and_both_branches(self) -> None:
        assert set(CI["on"]) == {"pull_request", "push"}
        assert CI["on"]["push"]["branches"] == ["main", "staging"]

    def test_sees_no_secret(self) -> None:
        assert used_secrets(CI) == set()

    def test_checks_style_types_migrations_and_archives(self) -> None:
        run = {step.get("run") for step in CI["jobs"]["checks"]["steps"]}
        assert {".ci/lint", ".ci/types", ".ci/migrations", ".ci/build"} <= run

    def test_runs_the_whole_in_a_fresh_clone_without_a_server(self) -> None:
        job = CI["jobs"]["embedded"]
        assert "services" not in job
        assert job["steps"][-1]["run"] == ".ci/run"


class TestVersions:
    JOB = CI["jobs"]["versions"]
    MATRIX = JOB["strategy"]["matrix"]
    IMAGES: ClassVar = {x["postgres"]: x["image"] for x in MATRIX["include"] if "image" in x}
    PYTHONS: ClassVar = {
        "5.2": {"3.11", "3.12", "3.13", "3.14"},
        "6.0": {"3.12", "3.13", "3.14"},
        "6.1": {"3.12", "3.13", "3.14"},
    }

    def test_every_django_meets_every_postgresql(self) -> None:
        assert self.MATRIX["django"] == list(self.PYTHONS)
        assert self.MATRIX["postgres"] == ["15", "16", "17", "18"]
        assert "exclude" not in self.MATRIX

    def test_every_pair_has_one_python(self) -> None:
        pairs = [(x["django"], x["postgres"]) for x in self.MATRIX["include"] if "python" in x]
        assert sorted(pairs) == sorted(
            (django, postgres)
            for django in self.MATRIX["django"]
            for postgres in self.MATRIX["postgres"]
        )

    @pytest.mark.parametrize("django", PYTHONS)
    def test_every_django_meets_every_python_it_supports(self, django: str) -> None:
        met = {x["python"] for x in self.MATRIX["include"] if x.get("django") == django}
        assert met == self.PYTHONS[django]

    def test_images_are_pinned_and_of_their_major_version(self) -> None:
        assert set(self.IMAGES) == set(self.MATRIX["postgres"])
        for major, image in self.IMAGES.items():
            assert re.fullmatch(rf"postgres:{major}\.\d+@sha256:[0-9a-f]{{64}}", image)

    def test_the_tests_use_the_service_once_it_answers(self) -> None:
        service = self.JOB["services"]["postgres"]
        assert service["image"] == "${{ matrix.image }}"
        assert '--health-cmd "pg_isready' in service["options"]
        assert service["ports"] == ["5432:5432"]
        assert self.JOB["env"]["DATABASE_URL"].endswith("@localhost:5432/shop")

    def test_the_matrix_is_what_is_installed(self) -> None:
        steps = {step["name"]: step for step in self.JOB["steps"]}
        assert steps["Python"]["with"] == {"python-version": "${{ matrix.python }}"}
        assert steps["Install"]["env"] == {"UV_PYTHON": "${{ matrix.python }}"}
        assert steps["Django of this job"]["env"] == {"DJANGO": "${{ matrix.django }}"}
        assert steps["PostgreSQL client of this job"]["env"] == {
            "POSTGRES_MAJOR": "${{ matrix.postgres }}"
        }
        assert steps["Tests"]["run"] == ".ci/test"
        assert steps["Tests"]["env"] == {"UV_NO_SYNC": "1"}, "or uv puts the pinned Django back"

    def test_pyproject_says_the_same(self) -> None:
        text = (ROOT / "pyproject.toml").read_text()
        assert set(re.findall(r"Framework :: Django :: ([\d.]+)", text)) == set(self.PYTHONS)
        pythons = set(re.findall(r"Python :: (3\.\d+)", text))
        assert pythons == set.union(*self.PYTHONS.values())


class TestDeploy:
    def test_starts_only_with_a_push_to_staging_or_main(self) -> None:
        assert DEPLOY["on"] == {"push": {"branches": ["main", "staging"]}}

    def test_main_is_production_and_staging_staging(self) -> None:
        assert MIGRATE["environment"] == {"name": BRANCH_OF_ENVIRONMENT}
        assert MIGRATE["env"]["ENVIRONMENT"] == BRANCH_OF_ENVIRONMENT

    def test_runs_for_one_database_wait_and_are_never_cancelled(self) -> None:
        assert MIGRATE["concurrency"] == {
            "group": f"database-{BRANCH_OF_ENVIRONMENT}",
            "cancel-in-progress": False,
            "queue": "max",
        }
        assert "concurrency" not in DEPLOY

    def test_secrets_are_seen_by_one_step_of_a_job_with_an_environment(self) -> None:
        seeing = [step["name"] for step in MIGRATE["steps"] if used_secrets(step)]
        assert seeing == ["Plan, back up, migrate"]
        assert used_secrets({**MIGRATE, "steps": []}) == set()
        assert list(DEPLOY["jobs"]) == ["migrate"]

    def test_takes_the_database_and_the_bucket_from_the_environment(self) -> None:
        given = self.step("Plan, back up, migrate")["env"]
        for name in ("DATABASE_URL", "SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            assert given[name] == f"${{{{ secrets.{name} }}}}"
        assert given["BACKUP_S3_BUCKET"] == "${{ vars.BACKUP_S3_BUCKET }}"

    def test_gives_only_variables_that_something_reads(self) -> None:
        given = {*MIGRATE["env"]} | {name for s in MIGRATE["steps"] for name in s.get("env", {})}
        example = (ROOT / ".env.example").read_text()
        documented = set(re.findall(r"^([A-Z]\w+)=", example, re.MULTILINE))
        assert given <= documented | BUCKET_CREDENTIALS | OF_ACTIONS

    def test_installs_the_client_of_the_servers_version(self) -> None:
        step = self.step("PostgreSQL client of the server's version")
        assert step["run"] == '.ci/install-postgres-client "$POSTGRES_MAJOR"'
        assert step["env"] == {"POSTGRES_MAJOR": "${{ vars.POSTGRES_MAJOR }}"}

    def test_installs_no_tools_of_development(self) -> None:
        assert self.step("Install")["run"] == ".ci/setup --no-default-groups --group deploy"
        assert MIGRATE["env"]["UV_NO_SYNC"] == "1", "or uv run installs them after all"

    def test_migrates_before_it_says_anything(self) -> None:
        names = [step["name"] for step in MIGRATE["steps"]]
        assert names[-2:] == ["Plan, back up, migrate", "Say what to do now"]
        assert self.step("Plan, back up, migrate")["run"] == 'exec .ci/deploy "$ENVIRONMENT"'

    def test_says_the_next_command_however_it_went_wrong(self) -> None:
        step = self.step("Say what to do now")
        assert step["if"] == "${{ !success() }}", "also when cancelled or timed out"
        assert step["run"] == '.ci/next-command "$ENVIRONMENT"'

    def test_no_backup_becomes_an_artifact_or_a_cache(self) -> None:
        """Whoever may read the repository may download those."""
        used = " ".join(step.get("uses", "") for step in MIGRATE["steps"])
        assert not re.search("artifact|cache", used)

    @staticmethod
    def step(name: str) -> dict[str, Any]:
        [step] = [step for step in MIGRATE["steps"] if step["name"] == name]
        return dict(step)


class TestNightly:
    def test_runs_every_night_and_when_asked(self) -> None:
        [schedule] = NIGHTLY["on"]["schedule"]
        assert re.fullmatch(r"\d+ \d+ \* \* \*", schedule["cron"])
        asked = NIGHTLY["on"]["workflow_dispatch"]["inputs"]["environment"]
        assert (asked["options"], asked["default"]) == (["production", "staging"], "production")
        assert set(NIGHTLY["on"]) == {"schedule", "workflow_dispatch"}

    def test_looks_at_the_environment_it_was_asked_for(self) -> None:
        chosen = "${{ inputs.environment || 'production' }}"
        assert RESTORE["environment"] == {"name": chosen}
        assert RESTORE["env"]["ENVIRONMENT"] == TELL["steps"][-1]["env"]["ENVIRONMENT"] == chosen
        assert RESTORE["steps"][-1]["run"] == '.ci/verify-backup "$ENVIRONMENT"'

    def test_restores_into_its_own_throw_away_server(self) -> None:
        [server] = RESTORE["strategy"]["matrix"]["include"]
        assert server["image"] == TestVersions.IMAGES[server["postgres"]], "as ci.yml pins it"
        assert RESTORE["services"]["postgres"]["image"] == "${{ matrix.image }}"
        assert RESTORE["services"]["postgres"]["ports"] == ["5432:5432"]
        url = RESTORE["steps"][-1]["env"]["SCRATCH_DATABASE_URL"]
        assert url.endswith("@localhost:5432/scratch")
        [client] = [s for s in RESTORE["steps"] if s["name"].startswith("PostgreSQL client")]
        assert client["env"] == {"POSTGRES_MAJOR": "${{ matrix.postgres }}"}

    def test_is_given_the_bucket_and_nothing_that_reaches_the_database(self) -> None:
        keys = {"BACKUP_AGE_IDENTITY", "BACKUP_MANIFEST_KEY"}
        assert used_secrets(NIGHTLY) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", *keys}
        assert [s["name"] for s in RESTORE["steps"] if used_secrets(s)] == ["Restore and compare"]
        given, deployed = (
            {
                k: v
                for k, v in job["steps"][place]["env"].items()
                if k.startswith(("AWS_", "BACKUP_S"))
            }
            for job, place in ((RESTORE, -1), (MIGRATE, -2))
        )
        assert given == deployed

    def test_tells_people_however_it_went_wrong(self) -> None:
        assert TELL["needs"] == "restore"
        assert TELL["if"] == "${{ always() && needs.restore.result != 'success' }}"
        step = TELL["steps"][-1]
        assert step["run"] == '.ci/report-backup "$ENVIRONMENT"'
        assert step["env"]["GH_TOKEN"] == "${{ github.token }}"
        assert "secrets." not in yaml.safe_dump(TELL)

    def test_the_job_that_reads_backups_may_not_write_to_the_repository(self) -> None:
        assert RESTORE["permissions"] == {"contents": "read"}
        assert "GH_TOKEN" not in yaml.safe_dump(RESTORE)


class TestDependabot:
    UPDATES = load(ROOT / ".github/dependabot.yml")["updates"]

    def test_looks_after_actions_packages_and_images(self) -> None:
        kinds = {update["package-ecosystem"] for update in self.UPDATES}
        assert kinds == {"docker-compose", "github-actions", "uv"}

    @pytest.mark.parametrize("update", UPDATES, ids=lambda update: update["package-ecosystem"])
    def test_waits_a_week_and_groups(self, update: dict[str, Any]) -> None:
        assert update["cooldown"]["default-days"] >= 7
        assert [group["patterns"] for group in update["groups"].values()] == [["*"]]
