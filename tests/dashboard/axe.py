"""Asks axe what is wrong with a page: https://github.com/dequelabs/axe-core."""

from pathlib import Path

import axe_core_python

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RUN_AXE = """
const done = arguments[0];
const summary = ({ html, failureSummary }) => html + failureSummary;
const shown = ({ id, nodes }) => ({ id, nodes: nodes.map(summary) });
const options = { rules: { "color-contrast": { enabled: false } } };
axe.run(options).then(({ violations, incomplete, passes }) => done({
  violations: violations.map(shown),
  undecided: incomplete.map(shown),
  looked_at: passes.reduce((sum, { nodes }) => sum + nodes.length, 0),
}));"""


def found_by_axe(page):
    """Returns what is wrong, and what axe could not decide, on a page that has run `AXE`.

    A rule that breaks is among the undecided ones, with nothing found.
    """
    found = page.run_async(RUN_AXE)
    assert found["looked_at"] > 100
    return found["violations"] + found["undecided"]
