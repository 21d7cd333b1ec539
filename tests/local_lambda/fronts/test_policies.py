"""Tests the evaluation of policy documents."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_lambda.fronts.policies import Decision, PolicyError, decide, matches

ARN = "arn:aws:execute-api:us-east-1:123456789012:api/live/GET/items/1"


def statement(effect="Allow", action="execute-api:Invoke", resource="*"):
    return {"Effect": effect, "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([statement()], Decision.ALLOW),
        (statement(), Decision.ALLOW),
        ([statement(resource=[ARN])], Decision.ALLOW),
        ([statement(resource="arn:aws:execute-api:*:*:api/*/GET/*")], Decision.ALLOW),
        ([statement(resource=ARN[:-1] + "?")], Decision.ALLOW),
        ([statement(resource=ARN.upper())], Decision.IMPLICIT_DENY),
        ([statement(resource="arn:aws:execute-api:*:*:api/*/POST/*")], Decision.IMPLICIT_DENY),
        ([statement(action="s3:Get*")], Decision.IMPLICIT_DENY),
        ([statement(action=["s3:Get*", "execute-api:*"])], Decision.ALLOW),
        ([statement(action="EXECUTE-API:INVOKE")], Decision.ALLOW),
        ([statement("Deny"), statement()], Decision.EXPLICIT_DENY),
        ([statement(), statement("Deny", resource="*/GET/items/*")], Decision.EXPLICIT_DENY),
        ([statement(), statement("Deny", resource="*/PUT/*")], Decision.ALLOW),
        ([], Decision.IMPLICIT_DENY),
    ],
)
def test_any_deny_wins_and_nothing_is_allowed_by_itself(statements, decision):
    assert decide({"Statement": statements}, ARN) is decision


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Statement": "x"},
        {"Statement": [{"Effect": "allow"}]},
        {"Statement": [statement(action=None)]},
        {"Statement": [statement(action=[])]},
        {"Statement": [statement(resource=[1])]},
    ],
)
def test_a_malformed_document_is_refused(document):
    with pytest.raises(PolicyError):
        decide(document, ARN)


@given(st.text(), st.text())
def test_a_pattern_without_wildcards_matches_itself_alone(pattern, text):
    plain = pattern.replace("*", "").replace("?", "")
    assert matches(plain, plain)
    assert matches(plain + "*", plain + text)
    assert matches(plain, text) is (plain == text)


@given(
    st.text(st.sampled_from("ab*?"), max_size=8),
    st.text(st.sampled_from("ab"), max_size=8),
)
def test_wildcards_match_as_a_regular_expression_would(pattern, text):
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert matches(pattern, text) is bool(re.fullmatch(expression, text))


def test_a_pattern_with_many_wildcards_takes_no_time():
    assert not matches("*a" * 100, "a" * 99)
    assert matches("*a" * 100, "a" * 100)
