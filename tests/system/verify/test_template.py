"""Would CloudFormation take the template of the probe stack?"""

import subprocess
from pathlib import Path

from tests.support.tools import sam_cli
from tests.system.verify.probes import TEMPLATE


def test_it_is_valid_for_sam_and_cloudformation():
    """Runs the linter of `sam validate --lint`."""
    linter = Path(sam_cli()).resolve().with_name("cfn-lint")
    ended = subprocess.run(
        [linter, "--regions", "us-east-1", "--template", str(TEMPLATE)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.stdout, ended.returncode) == ("", 0), ended.stderr
