"""A handler for tests of processes that the function itself forks."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

FORK = multiprocessing.get_context("fork")
# A Process that starts asks after all others, also those that another thread waits for, and of two
# threads that ask at once one gets no exit status.
one_at_a_time = threading.Lock()


def say(text):
    os.write(1, f"{text}\n".encode())


def handler(event, context):
    """Does what the event's `do` says."""
    return ACTIONS[event["do"]](event)


def _wait_long():
    say("child waits")
    time.sleep(20)


def terminate(event):
    """Returns how a process ends that is told to."""
    with one_at_a_time:
        child = FORK.Process(target=_wait_long)
        child.start()
        while not _sleeps(child.pid):
            time.sleep(0.002)
        child.terminate()
        child.join(10)
        return child.exitcode


def terminate_from_a_thread(event):
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(terminate, event).result()


def terminate_many_at_once(event):
    """Returns how processes end that are told to before they have done anything."""
    with one_at_a_time:
        children = [FORK.Process(target=_wait_long) for _ in range(20)]
        for child in children:
            child.start()
            child.terminate()
        for child in children:
            child.join(10)
        return sorted({child.exitcode for child in children})


def _sleeps(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def come_back(event):
    """Returns in both processes."""
    pid = os.fork()
    if pid:
        return {"child": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}
    return {"child": None}


def raise_in_the_child(event):
    pid = os.fork()
    if pid:
        return {"child": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}
    raise LookupError("of the child")


def exit_in_the_child(event):
    pid = os.fork()
    if pid:
        return {"child": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}
    sys.exit(5)


def fork_in_the_stream(event):
    """Streams; a process that is forked in between goes on as the event says."""

    def body():
        yield "first\n"
        pid = os.fork()
        if pid == 0:
            if event["child"] == "exits":
                sys.exit(5)
            if event["child"] == "raises":
                raise LookupError("of the child")
            yield "child\n"
            say("the child was asked again")
            return
        yield f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n"

    return {"statusCode": 200, "body": body()}


def sigterm_of_the_child(event):
    """Returns the disposition of SIGTERM in a forked process."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write_end, b"%d" % signal.getsignal(signal.SIGTERM))
        os._exit(0)
    os.waitpid(pid, 0)
    return int(os.read(read_end, 100))


ACTIONS = {
    each.__name__: each
    for each in (
        terminate,
        terminate_from_a_thread,
        terminate_many_at_once,
        come_back,
        raise_in_the_child,
        exit_in_the_child,
        fork_in_the_stream,
        sigterm_of_the_child,
    )
}
