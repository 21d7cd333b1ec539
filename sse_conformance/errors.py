"""Why could nothing be opened or read? In one line, for people."""

import socket
import ssl


class HandshakeError(OSError):
    """The connection opened, and TLS did not begin on it in time."""


def describe(error: Exception) -> str:
    """Returns one line about an error of a connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, HandshakeError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or type(error).__name__
