"""Reads a template that a test writes, beside the folders `fn` and `layer`."""

import textwrap

from local_lambda.template import template


def read(tmp_path, text, **kwargs):
    (tmp_path / "fn").mkdir(exist_ok=True)
    (tmp_path / "layer").mkdir(exist_ok=True)
    (tmp_path / "template.yaml").write_text(textwrap.dedent(text))
    return template.read(tmp_path / "template.yaml", **kwargs)
