"""Threads, forks and child processes. Each function with an event and a context is a case."""

import asyncio
import atexit
import contextvars
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

logger = logging.getLogger("app")
variable = contextvars.ContextVar("variable", default="unset")
local = threading.local()
FORK = multiprocessing.get_context("fork")
SPAWN = multiprocessing.get_context("spawn")
seen = []


def double(number):
    return number * 2


def log_in_a_child(text):
    logging.error(text)
    print("printed in a child", flush=True)


def work_for_ever(sending):
    sending.send("working")
    while True:
        double(1)


def child_script(text):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    return [done.returncode, done.stdout, done.stderr]


def fork(event, context):
    child = os.fork()
    if child == 0:
        logging.error("in a fork")
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fork_that_exits(event, context):
    child = os.fork()
    if child == 0:
        sys.stdout.flush()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def process_by_fork(event, context):
    receiving, sending = FORK.Pipe(duplex=False)
    process = FORK.Process(target=sending.send, args=("sent",))
    process.start()
    process.join()
    return [receiving.recv(), process.exitcode]


def process_that_logs(event, context):
    process = FORK.Process(target=log_in_a_child, args=("in a process",))
    process.start()
    process.join()
    return process.exitcode


def process_that_fails(event, context):
    process = FORK.Process(target=sys.exit, args=(3,))
    process.start()
    process.join()
    return process.exitcode


def process_terminated(event, context):
    process = FORK.Process(target=signal.pause)
    process.start()
    process.terminate()
    process.join()
    return process.exitcode


def process_terminated_while_it_works(event, context):
    receiving, sending = FORK.Pipe(duplex=False)
    process = FORK.Process(target=work_for_ever, args=(sending,))
    process.start()
    receiving.recv()
    process.terminate()
    process.join()
    return process.exitcode


def pool_terminated(event, context):
    with FORK.Pool(2) as pool:
        return pool.map(double, [1, 2])


def process_killed(event, context):
    process = FORK.Process(target=signal.pause)
    process.start()
    process.kill()
    process.join()
    return process.exitcode


def process_by_spawn(event, context):
    process = SPAWN.Process(target=double, args=(2,))
    process.start()
    process.join()
    return process.exitcode


def pool_by_fork(event, context):
    with ProcessPoolExecutor(1, mp_context=FORK) as pool:
        return list(pool.map(double, [1, 2]))


def pool_by_spawn(event, context):
    with ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        return list(pool.map(double, [1, 2]))


def start_method(event, context):
    return multiprocessing.get_start_method()


def name_of_the_process(event, context):
    return multiprocessing.current_process().name


def child_that_prints(event, context):
    return subprocess.run([sys.executable, "-c", "print('to the log')"]).returncode


def child_that_imports(event, context):
    return child_script("import json, logging; print(logging.getLogger().handlers)")


def child_that_imports_the_function(event, context):
    return child_script("import results; print(results.null(None, None))")


def child_by_shell(event, context):
    return subprocess.run("echo $AWS_LAMBDA_FUNCTION_NAME", shell=True).returncode


def child_that_reads_input(event, context):
    return subprocess.run(["cat"], capture_output=True, text=True, input="given").stdout


def child_terminated(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    child.terminate()
    return child.wait()


def signals_of_a_child(event, context):
    text = "import signal; print(signal.getsignal(15), signal.getsignal(2), signal.getsignal(13))"
    return child_script(text)


def signal_to_itself(event, context):
    signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    signal.raise_signal(signal.SIGUSR1)
    return seen


def alarm(event, context):
    def too_late(number, frame):
        raise TimeoutError("alarm")

    signal.signal(signal.SIGALRM, too_late)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        while True:
            double(1)
    except TimeoutError as error:
        return str(error)


def daemon_thread_that_stays(event, context):
    release = threading.Event()
    thread = threading.Thread(target=release.wait, daemon=True)
    thread.start()
    return thread.is_alive()


def thread_pool(event, context):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(double, range(8)))


def thread_local(event, context):
    local.value = "set"
    return local.value


def thread_local_of_the_one_before(event, context):
    return getattr(local, "value", "gone")


def context_variable(event, context):
    variable.set("set")
    return variable.get()


def context_variable_of_the_one_before(event, context):
    return variable.get()


def context_variable_in_a_thread(event, context):
    found = []
    thread = threading.Thread(target=lambda: found.append(variable.get()))
    thread.start()
    thread.join()
    return found


def event_loop(event, context):
    async def work():
        await asyncio.sleep(0)
        return "done"

    return asyncio.run(work())


def event_loop_of_the_main_thread(event, context):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(asyncio.sleep(0, "done"))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def at_exit_is_kept_for_the_end(event, context):
    atexit.register(print, "at exit")
    return "registered"


def exit_in_a_thread(event, context):
    thread = threading.Thread(target=sys.exit, args=(1,))
    thread.start()
    thread.join()
    return "the handler goes on"


def immediate_exit(event, context):
    print("before", flush=True)
    os._exit(5)


def immediate_exit_with_0(event, context):
    os._exit(0)


def exit_of_python(event, context):
    sys.exit(4)


def exit_with_a_text(event, context):
    sys.exit("a text")


def abort(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def terminated_by_itself(event, context):
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


def segmentation_fault(event, context):
    os.kill(os.getpid(), signal.SIGSEGV)


def after_all_this(event, context):
    return "a new process"
