"""What deploy/ holds is true: the scripts run, the manifests name the statuses that are, the page shows the files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from runner.errors import Exit
from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from tests.conftest import Database, Project

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs/how-to/containers.md").read_text()
SHOWN = (
    "entrypoint-short.sh",
    "entrypoint.sh",
    "kubernetes/job.yaml",
    "kubernetes/init-container.yaml",
    "helm/templates/migrate.yaml",
    "migrate.service",
    "compose.yaml",
)
BOTH = pytest.mark.parametrize("script", ["entrypoint-short.sh", "entrypoint.sh"])
SLEEPING = "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"


def enter(project: Project, script: str, *application: str) -> subprocess.Popen[str]:
    """The entrypoint as a process that runs, with the real `migrate` on its PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [DEPLOY / script, *application],
        cwd=project.root,
        env={**project.variables(), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def render(template: str, values: dict[str, Any]) -> str:
    """The template as Helm fills it in, for the three forms that it uses; any other form stays, and is no YAML."""

    def value(path: str) -> Any:
        found: Any = {"Values": values, "Release": {"Name": "shop"}}
        for key in path.strip(".").split("."):
            found = found[key]
        return found

    def block(match: re.Match[str]) -> str:
        return "".join(f"\n{' ' * int(match[2])}{line}" for line in yaml.safe_dump(value(match[1])).splitlines())

    text = re.sub(r"\s*\{\{- toYaml (\S+) \| nindent (\d+) \}\}", block, template)
    text = re.sub(r"\{\{ (\S+) \| quote \}\}", lambda match: f'"{value(match[1])}"', text)
    return re.sub(r"\{\{ (\S+) \}\}", lambda match: str(value(match[1])), text)


def manifests() -> dict[str, Any]:
    """The three manifests for Kubernetes, read; the chart's is filled in with its own values."""
    values = yaml.safe_load((DEPLOY / "helm/values.yaml").read_text())
    return {
        "job": yaml.safe_load((DEPLOY / "kubernetes/job.yaml").read_text()),
        "deployment": yaml.safe_load((DEPLOY / "kubernetes/init-container.yaml").read_text()),
        "hook": yaml.safe_load(render((DEPLOY / "helm/templates/migrate.yaml").read_text(), values)),
    }


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_shows_the_file_as_it_is(name: str) -> None:
    blocks = re.findall(r"^```\w*\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    assert (DEPLOY / name).read_text() in blocks
    assert f"](../../deploy/{name})" in PAGE


def test_the_readme_shows_the_short_entrypoint_as_it_is() -> None:
    assert f"```sh\n{(DEPLOY / 'entrypoint-short.sh').read_text()}```" in (ROOT / "README.md").read_text()


@ON_ONE_SERVER
@BOTH
def test_the_application_takes_the_scripts_place_when_all_files_are_applied(
    script: str, project: Project, database: Database
) -> None:
    project.write("0001_a", "CREATE TABLE a ();")

    process = enter(project, script, "sh", "-c", 'echo "application $$ $1"', "sh", "two words")
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert out.splitlines()[-1] == f"application {process.pid} two words"
    assert database.ledger() == [(1, "applied")]


@ON_ONE_SERVER
@BOTH
def test_a_failing_migration_keeps_the_application_from_starting_and_its_status_passes(
    script: str, project: Project, database: Database
) -> None:
    project.write_many({"0001_a": "CREATE TABLE a ();", "0002_b": "SELECT nope;"})

    process = enter(project, script, "echo", "application")
    out, err = process.communicate(timeout=60)

    assert process.returncode == Exit.REFUSED
    assert "error[apply.statement-failed]" in err
    assert "application" not in out
    assert database.ledger() == [(1, "applied")]


@BOTH
def test_a_container_without_a_database_fails_and_the_application_is_not_started(script: str, offline: Project) -> None:
    offline.write("0001_a")

    process = enter(offline, script, "echo", "application")
    out, err = process.communicate(timeout=60)

    assert process.returncode == Exit.USAGE
    assert "no database is named" in err
    assert out == ""


@ON_ONE_SERVER
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_rolls_back_and_ends_the_container(
    number: signal.Signals, project: Project, database: Database
) -> None:
    project.write("0001_a", "CREATE TABLE a (); SELECT pg_sleep(60);")
    process = enter(project, "entrypoint.sh", "echo", "application")
    deadline = time.monotonic() + 30
    while not database.rows(SLEEPING):
        assert time.monotonic() < deadline

    process.send_signal(number)
    out, err = process.communicate(timeout=10)

    assert process.returncode == Exit.TERMINATED
    assert "error[terminated]: stopped by SIGTERM" in err
    assert "application" not in out
    assert database.value("SELECT to_regclass('a')") is None
    assert database.rows(SLEEPING) == []


@pytest.mark.parametrize("name", ["job", "hook"])
def test_a_job_gives_up_on_those_statuses_alone_that_a_restart_does_not_help(name: str) -> None:
    again = {Exit.LATER, Exit.INTERRUPTED, Exit.TERMINATED}
    never = {Exit.DONE, Exit.PENDING}  # `up` does not exit 4

    ignored, failed = manifests()[name]["spec"]["podFailurePolicy"]["rules"]

    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget"}]
    assert failed["action"] == "FailJob"
    assert failed["onExitCodes"]["values"] == sorted(set(Exit) - again - never)


def test_the_chart_makes_the_same_job_as_the_manifest() -> None:
    made, shown = manifests()["hook"], manifests()["job"]
    [made_container], [shown_container] = (each["spec"]["template"]["spec"]["containers"] for each in (made, shown))

    assert made_container.pop("env")[0] == {"name": "MIGRATE_DIR", "value": "/srv/sql/migrations"}
    assert shown_container.pop("env")[0]["name"] == "MIGRATE_DATABASE_URL"
    assert made["spec"] == {key: value for key, value in shown["spec"].items() if key != "ttlSecondsAfterFinished"}
    assert made["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_the_init_container_is_as_confined_as_the_job() -> None:
    job, deployment = (manifests()[name]["spec"]["template"]["spec"] for name in ("job", "deployment"))

    [container] = deployment["initContainers"]
    for key in ("command", "env", "securityContext"):
        assert container[key] == job["containers"][0][key]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_application_of_the_compose_file_waits_for_the_migrations() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    assert services["app"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["restart"] == "no"
    assert (DEPLOY / services["migrate"]["build"]).resolve() == ROOT


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_systemd_takes_every_line_of_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "migrate.service"
    text = (DEPLOY / "migrate.service").read_text()
    # The program and the manual page are not where they will be.
    text = text.replace("/opt/migrate/bin/migrate", sys.executable).replace("Documentation=man:migrate(1)\n", "")
    unit.write_text(text)

    run = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")


def test_the_image_runs_migrate_up_as_a_user_without_rights() -> None:
    text = (ROOT / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM ") :]

    assert re.search(r'\nUSER 65532:65532\nENTRYPOINT \["migrate"\]\nCMD \["up"\]\n$', final)
    assert re.findall(r"^RUN (\w+)", final, re.MULTILINE) == ["groupadd"]


def test_all_that_the_wheel_is_built_from_is_sent_to_the_image_and_no_other_folder() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tops = {package.split(".")[0] for package in project["tool"]["setuptools"]["packages"]}
    files = {file for each in project["tool"]["setuptools"]["data-files"].values() for file in each}
    needed = {"pyproject.toml", "README.md", "LICENSE", "sql", *tops, *files}
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == needed
