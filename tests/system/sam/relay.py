"""Joins a listening socket from outside of a network namespace with an address inside.

`relay.py FD HOST PORT` runs inside of the namespace. A socket stays in the namespace that made it.
"""

import socket
import sys
from threading import Thread


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[1]))
    address = (sys.argv[2], int(sys.argv[3]))
    while True:
        outside, _ = listener.accept()
        try:
            inside = socket.create_connection(address, 10)
        except OSError:
            outside.close()
            continue
        inside.settimeout(None)
        for pair in ((outside, inside), (inside, outside)):
            Thread(target=pump, args=pair, daemon=True).start()


if __name__ == "__main__":
    main()
