"""Tests the order and the permissions of the workflows; they do not run here."""

import re
import subprocess
import tomllib
from fnmatch import fnmatchcase

import pytest
import yaml

from local_lambda.template.cloudformation import Resolver, load
from tests.support.paths import ROOT

WORKFLOWS = ROOT / ".github/workflows"


def workflow(name):
    return yaml.load((WORKFLOWS / name).read_text(), yaml.BaseLoader)


def steps_of(job):
    """Returns each step by its name, or by the action or command that it uses."""
    return {
        step.get("name") or step.get("uses") or step["run"].split()[0]: step
        for step in job["steps"]
    }


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
    asking = [
        name for name, job in pipeline["jobs"].items() if "id-token" in job.get("permissions", {})
    ]

    assert pipeline["permissions"] == {"contents": "read"}
    assert asking == ["dev", "preprod", "prod"]
    assert deploy["jobs"]["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}
    for path in WORKFLOWS.iterdir():
        assert "secrets" not in path.read_text()
        assert "aws-access-key-id" not in path.read_text()


def test_a_test_that_fails_or_hangs_or_is_cancelled_brings_back_what_ran_before():
    job = workflow("deploy.yml")["jobs"]["deploy"]
    steps = steps_of(job)
    names, back = list(steps), steps["roll back"]

    assert (
        names.index("remember what runs now") < names.index("sam") < names.index("end-to-end tests")
    )
    assert back["if"].startswith("always() && ")
    assert set(re.findall("steps.test.conclusion == '(.*?)'", back["if"])) == {
        "failure",
        "cancelled",
    }
    assert "--template-file previous.yaml" in back["run"]
    # A step that times out has failed; a job that times out is cancelled, and soon killed.
    assert int(steps["end-to-end tests"]["timeout-minutes"]) <= int(job["timeout-minutes"]) - 60


@pytest.mark.parametrize(
    ("response", "code", "remembered"),
    [
        ("echo Resources:", 0, "Resources:\n"),
        ("echo 'Stack with id lambda-sse-dev does not exist' >&2; exit 254", 0, None),
        ("echo 'is not authorized to perform: cloudformation:GetTemplate' >&2; exit 254", 1, ""),
    ],
)
def test_only_a_stack_that_does_not_exist_is_nothing_to_go_back_to(
    tmp_path, response, code, remembered
):
    command = steps_of(workflow("deploy.yml")["jobs"]["deploy"])["remember what runs now"]["run"]
    aws = tmp_path / "aws"
    aws.write_text(f"#!/bin/sh\n{response}\n")
    aws.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "STACK": "lambda-sse-dev"}
    ended = subprocess.run(
        ["bash", "-e", "-c", command], cwd=tmp_path, env=environ, capture_output=True, check=False
    )

    assert ended.returncode == code
    previous = tmp_path / "previous.yaml"
    assert (previous.read_text() if previous.exists() else None) == remembered


def test_a_run_that_waits_for_its_approval_holds_up_no_other():
    pipeline, deploy = workflow("pipeline.yml"), workflow("deploy.yml")

    assert "concurrency" not in pipeline
    assert pipeline["jobs"]["test"]["concurrency"]["group"] == "test-${{ github.ref }}"
    assert deploy["jobs"]["deploy"]["concurrency"] == {"group": "deploy-${{ inputs.environment }}"}


def test_a_tag_is_tested_made_twice_and_kept_and_nothing_is_published():
    release = workflow("release.yml")
    steps = steps_of(release["jobs"]["release"])
    text = (WORKFLOWS / "release.yml").read_text()

    assert release["on"] == {"push": {"tags": ["v*"]}}
    assert release["permissions"] == {"contents": "read"}
    assert release["jobs"]["release"]["needs"] == "test"
    assert steps_of(release["jobs"]["test"])[".ci/run"]["run"] == ".ci/run"
    assert steps["make it twice"]["env"]["TAG"] == "${{ github.ref_name }}"
    assert steps["make it twice"]["env"]["BYTECODE_FOR"].split() == ["3.11", "3.12", "3.13", "3.14"]
    assert steps["make it twice"]["run"].count("make release") == 2
    assert not re.search("twine upload|publish-layer|sam publish|sam deploy", text)


def test_what_others_wrote_is_named_by_its_content():
    uses = [
        line
        for path in WORKFLOWS.iterdir()
        for line in path.read_text().splitlines()
        if " uses: " in line
    ]
    others = [line for line in uses if " uses: ./" not in line]

    assert len(others) > 5
    for line in others:
        assert re.fullmatch(r" +- uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    for path in [*WORKFLOWS.iterdir(), ROOT / ".ci/run"]:
        for line in path.read_text().splitlines():
            assert "pip install" not in line or "--require-hashes" in line, line


@pytest.fixture(params=["dev", "preprod", "prod"])
def role(request):
    """Returns the name of an environment, and the role that deploys it."""
    template = load((ROOT / ".github/deploy-role.yaml").read_text())
    resolver = Resolver(
        template, {"Repository": "owner/name", "Environment": request.param}, "us-east-1"
    )
    return request.param, resolver.resolve(template["Resources"]["Role"]["Properties"])


@pytest.mark.parametrize("repository", ["octo-org/octo.repo", "octo-org@123456/octo.repo@456789"])
def test_github_s_tokens_name_a_repository_with_or_without_ids(repository):
    template = load((ROOT / ".github/deploy-role.yaml").read_text())
    pattern = template["Parameters"]["Repository"]["AllowedPattern"]
    resolver = Resolver(template, {"Repository": repository, "Environment": "dev"}, "us-east-1")
    (statement,) = resolver.resolve(template["Resources"]["Role"]["Properties"])[
        "AssumeRolePolicyDocument"
    ]["Statement"]

    assert re.fullmatch(pattern, repository)
    assert not re.fullmatch(pattern, "octo-org/*")
    assert not re.fullmatch(pattern, "octo-org@*/octo.repo@456789")
    subject = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == f"repo:{repository}:environment:dev"


def test_a_role_reads_and_writes_the_uploads_of_its_environment_alone(role):
    environment, properties = role
    statements = properties["Policies"][0]["PolicyDocument"]["Statement"]
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())
    bucket = "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-abc"

    def allowed(action, name):
        return any(
            fnmatchcase(action, pattern) and fnmatchcase(name, listed(statement["Resource"])[0])
            for statement in statements
            for pattern in listed(statement["Action"])
            if pattern.startswith("s3:") and statement["Effect"] == "Allow"
        )

    for other in ("dev", "preprod", "prod"):
        prefix = configured[other]["deploy"]["parameters"]["s3_prefix"]
        for action in ("s3:PutObject", "s3:GetObject"):
            assert allowed(action, f"{bucket}/{prefix}/0123abcd.template") is (other == environment)
    assert allowed("s3:CreateBucket", bucket)
    assert not allowed("s3:DeleteObject", f"{bucket}/anything")


def listed(value):
    return value if isinstance(value, list) else [value]


def test_production_gets_no_test_items():
    jobs = workflow("pipeline.yml")["jobs"]
    assert [job["with"].get("writes-items") for job in jobs.values() if "with" in job] == [
        None,
        None,
        "false",
    ]
