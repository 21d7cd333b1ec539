"""Tells Sphinx how the pages become a site. `make docs` runs it; site_pages.py does our part.

The source folder is the root of the repository, so every page keeps its path and every relative
link means the same on GitHub and in the site. Sphinx documents these names:
https://www.sphinx-doc.org/en/master/usage/configuration.html
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(Path(__file__).parent),
    str(ROOT),
    str(ROOT / "layers/dashboard/python"),
    str(ROOT / "layers/streaming_runtime/python"),
]

from streaming_runtime.version import __version__ as version  # noqa: E402

project = "lambda-streaming"
release = version
author = "the authors of lambda-streaming"
project_copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "site_pages"]

root_doc = "docs/README"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/**/*.md",
    "layers/streaming_runtime/README.md",
    "examples/*.md",
    "examples/**/README.md",
]
exclude_patterns = [".*", "dist", "build", "tests", "functions", "**/node_modules", "**/.aws-sam"]

# Links and anchors as GitHub has them.
myst_heading_anchors = 6
myst_enable_extensions = ["strikethrough"]
# A block of JSON may have an ellipsis, and then it is shown without colours.
suppress_warnings = ["misc.highlighting_failure"]

# The reference from docstrings.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False}
autodoc_mock_imports = ["pytest", "h11", "boto3", "botocore", "flask", "flask_cors", "werkzeug"]
autodoc_mock_imports += ["yaml", "moto", "awslambdaric", "aws_lambda_powertools", "pydantic_core"]

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_title = f"lambda-streaming {release}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
