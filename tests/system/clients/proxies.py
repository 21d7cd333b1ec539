"""Proxies in front of the service, with the configurations that docs/clients.md shows."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.waiting import eventually
from tests.system.clients.page import configuration

# Its temporary files would lie where only root may write.
NGINX = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} {options};
        {more}
        {location}
    }}
}}
"""


@contextlib.contextmanager
def nginx_before(
    service_url: str,
    directory: Path,
    program: str,
    *,
    options: str = "",
    more: str = "",
    secret: str = "none",
) -> Iterator[str]:
    """Yields the address of an nginx. `options` are those of `listen`; `more` is for its server."""
    port = free_port()
    location = configuration("nginx").replace("https://SERVICE", service_url.rstrip("/"))
    location = location.replace("SECRET", secret)
    config = directory / f"nginx-{port}.conf"
    config.write_text(
        NGINX.format(directory=directory, port=port, options=options, more=more, location=location)
    )
    command = [program, "-e", "stderr", "-p", str(directory), "-c", str(config)]
    scheme = "https" if "ssl" in options else "http"
    with running(command, port):
        yield f"{scheme}://127.0.0.1:{port}"


@contextlib.contextmanager
def haproxy_before(
    service_url: str, directory: Path, program: str, *, secret: str = "none"
) -> Iterator[str]:
    port = free_port()
    text = configuration("haproxy").replace("SECRET", secret)
    text = text.replace("bind :443 ssl crt /etc/haproxy/certificate.pem", f"bind 127.0.0.1:{port}")
    text = text.replace(
        "SERVICE:443 ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt",
        service_url.removeprefix("http://").rstrip("/"),
    )
    config = directory / f"haproxy-{port}.cfg"
    config.write_text(text)
    with running([program, "-db", "-f", str(config)], port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Runs a program that listens at this port, until the block is left."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def listens() -> bool:
        assert process.poll() is None, process.stdout and process.stdout.read()
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True

    try:
        eventually(listens, within_s=10, retry_on=OSError)
        yield
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
