"""Would CloudFormation take the template of the probe stack?"""

from tests.support.sam import lint
from tests.support.tools import sam_cli
from tests.system.verify.probes import TEMPLATE


def test_it_is_valid_for_sam_and_cloudformation():
    """Runs the linter of `sam validate --lint`."""
    ended = lint(sam_cli(), TEMPLATE)

    assert (ended.stdout, ended.returncode) == ("", 0), ended.stderr
