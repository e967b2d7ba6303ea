"""The examples of `docs/how-to/run-on-a-schedule.md`: each was run, or checked by its own tool."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "run-on-a-schedule.md"
KUBERNETES = "1.31"
SYSTEMD = shutil.which("systemd-analyze") or ""


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language, in their order on the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """Return a folder with commands that write their names and arguments to a file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("dbt", "metrica-export"):
        script = f'#!/bin/sh\necho "{name} $* in $PWD as $METRICA_COUNTER_ID" >> {tmp_path}/calls\n'
        script += f'[ "{name} $FAIL" != "dbt 1" ]\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return folder


def test_schedule_cron_line_runs_the_export_after_a_build_that_succeeded(
    commands: Path, tmp_path: Path
) -> None:
    _, line = blocks("crontab")[0].strip().splitlines()
    fields, command = line.split()[:5], line.split(maxsplit=5)[5]
    assert fields == ["15", "3", "*", "*", "*"]
    # cron turns a percent sign into a line break.
    assert "%" not in command
    variables = tmp_path / "metrica-export.env"
    example = blocks("sh")[1].replace("y0_…", "token").replace("/opt/crm", str(tmp_path))
    variables.write_text(example)
    for old, new in {
        "/etc/metrica-export.env": str(variables),
        "/opt/crm": str(tmp_path),
        "/opt/metrica-export/bin": str(commands),
    }.items():
        assert old in command
        command = command.replace(old, new)
    calls = tmp_path / "calls"
    place = f"in {tmp_path} as 12345678"
    for fail, expected in {
        "0": [
            f"dbt --quiet build --exclude-resource-type unit_test {place}",
            f"metrica-export run {place}",
        ],
        "1": [f"dbt --quiet build --exclude-resource-type unit_test {place}"],
    }.items():
        calls.unlink(missing_ok=True)
        env = {"PATH": os.defpath, "HOME": str(tmp_path), "FAIL": fail}
        done = subprocess.run(["/bin/sh", "-c", command], env=env, check=False)
        assert calls.read_text().splitlines() == expected
        assert (done.returncode == 0) == (fail == "0")


@pytest.mark.skipif(not SYSTEMD, reason="systemd-analyze is not installed")
def test_schedule_systemd_units_pass_systemd_analyze(commands: Path, tmp_path: Path) -> None:
    service, timer = blocks("ini")
    service = service.replace("/opt/metrica-export/bin", str(commands))
    (tmp_path / "metrica-export.service").write_text(service)
    (tmp_path / "metrica-export.timer").write_text(timer)
    for unit in ("metrica-export.service", "metrica-export.timer"):
        done = subprocess.run(
            [SYSTEMD, "verify", "--man=no", str(tmp_path / unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        found = [line for line in done.stderr.splitlines() if "metrica-export" in line]
        assert (done.returncode, found) == (0, [])
    calendar = re.search(r"OnCalendar=(.*)", timer)
    assert calendar
    subprocess.run([SYSTEMD, "calendar", calendar[1]], check=True, capture_output=True)


def test_schedule_gitlab_pipeline_fits_gitlabs_schema(tmp_path: Path) -> None:
    pipeline = tmp_path / ".gitlab-ci.yml"
    pipeline.write_text(blocks("yaml")[0])
    command = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    command += ["--data-transform", "gitlab-ci", str(pipeline)]
    done = subprocess.run(
        [Path(sys.executable).with_name(command[0]), *command[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (job,) = yaml.safe_load(pipeline.read_text()).values()
    assert job["retry"]["exit_codes"] == [3, 4, 5, 130]


def test_schedule_kubernetes_cron_job_fits_its_schema() -> None:
    job = yaml.safe_load(blocks("yaml")[1])
    kubernetes_validate.validate(job, KUBERNETES, strict=True)
    spec = job["spec"]["jobTemplate"]["spec"]
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [1, 2, 6, 70]
    # The policy needs it.
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    (container,) = spec["template"]["spec"]["containers"]
    assert rule["onExitCodes"]["containerName"] == container["name"]
