"""Tests what `--claims` takes."""

import pytest

from local_lambda.command import options, parser
from local_lambda.fronts.claims import read_claims


def test_claims_are_an_object_or_a_file_with_one(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text('{"sub": "me"}')
    assert read_claims('{"sub": "me"}') == read_claims(f"@{path}") == {"sub": "me"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x", "the claims are not JSON"),
        ("[]", "the claims are not a JSON object"),
        ("[" * 100_000, "the claims are not JSON"),
        ("@/none", "/none cannot be read"),
    ],
)
def test_other_claims_are_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_claims(text)


def test_the_option_refuses_them_without_a_traceback(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["--claims", "no"])
    assert "argument --claims: the claims are not JSON" in capsys.readouterr().err
    chosen = options(parser().parse_args(["--claims", '{"sub": "me"}']))
    assert chosen.fronts.claims == {"sub": "me"}
