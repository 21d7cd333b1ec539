"""The pipeline's order and its powers, read from the workflows. That it runs at GitHub is not tested."""

from pathlib import Path

import yaml

WORKFLOWS = Path(__file__).parents[2] / ".github/workflows"


def workflow(name):
    return yaml.load((WORKFLOWS / name).read_text(), yaml.BaseLoader)


def test_what_was_tested_goes_from_dev_to_preprod_to_prod():
    jobs = workflow("pipeline.yml")["jobs"]

    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "test": None,
        "dev": "test",
        "preprod": "dev",
        "prod": "preprod",
    }
    deployed = {name: job["with"]["environment"] for name, job in jobs.items() if "with" in job}
    assert deployed == {"dev": "dev", "preprod": "preprod", "prod": "prod"}
    assert jobs["dev"]["if"] == "github.event_name == 'push'"


def test_only_deploying_jobs_may_ask_for_a_token_and_nobody_has_keys():
    pipeline, deploy = workflow("pipeline.yml"), workflow("deploy.yml")
    asking = [name for name, job in pipeline["jobs"].items() if "id-token" in job.get("permissions", {})]

    assert pipeline["permissions"] == {"contents": "read"}
    assert asking == ["dev", "preprod", "prod"]
    assert deploy["jobs"]["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}
    for path in WORKFLOWS.iterdir():
        assert "secrets" not in path.read_text()
        assert "aws-access-key-id" not in path.read_text()


def test_a_failed_test_brings_back_what_ran_before():
    steps = workflow("deploy.yml")["jobs"]["deploy"]["steps"]
    names = [step.get("name") or step.get("uses") or step["run"].split()[0] for step in steps]
    back = steps[names.index("roll back")]

    assert names.index("remember what runs now") < names.index("sam") < names.index("end-to-end tests")
    assert back["if"] == "failure() && steps.test.conclusion == 'failure'"
    assert "--template-file previous.yaml" in back["run"]


def test_production_gets_no_test_items():
    jobs = workflow("pipeline.yml")["jobs"]
    assert [job["with"].get("writes-items") for job in jobs.values() if "with" in job] == [None, None, "false"]
