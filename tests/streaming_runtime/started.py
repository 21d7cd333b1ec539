"""A handler that is an object, and is made ready by the runtime."""

import os


class Started:
    """Says where and when it was started. `FAILS` in the environment is what its start raises."""

    def __init__(self):
        self.starts = []
        self.made_in = os.getpid()

    def lambda_start(self, concurrent):
        if "FAILS" in os.environ:
            raise ConnectionError(os.environ["FAILS"])
        self.starts.append([os.getpid(), concurrent])

    def __call__(self, event, context):
        return {"made_in": self.made_in, "starts": self.starts, "pid": os.getpid()}


handler = Started()
