"""What must be done again where a snapshot of this process goes on? SnapStart says when.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from collections.abc import Callable


def after_restore(action: Callable[[], object]) -> None:
    """Has `action` called after each restore, after those that were given before it.

    Nothing is restored, and nothing done, where the managed runtime's module is missing.
    """
    try:
        import snapshot_restore_py
    except ImportError:
        return
    snapshot_restore_py.register_after_restore(action)
