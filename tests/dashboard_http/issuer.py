"""An OpenID issuer on loopback, for tests of its tokens."""

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT = "client-7"


DISCOVERY, KEYS = "/pool/.well-known/openid-configuration", "/pool/keys.json"


def rsa_key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def published(key_id, private, **changed):
    algorithm = (
        jwt.algorithms.ECAlgorithm if isinstance(private, ec.EllipticCurvePrivateKey) else None
    )
    jwk = (algorithm or jwt.algorithms.RSAAlgorithm).to_jwk(private.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return {**jwk, "kid": key_id, "use": "sig", **changed}


class Dripping:
    """A server that sends `start` at once, and then a byte every 50 ms for ever."""

    def __init__(self, start):
        self._start = start
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/keys"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._drip, args=(client,), daemon=True).start()

    def _drip(self, client):
        with client, suppress(OSError):
            client.sendall(self._start)
            while not self._ended.wait(0.05):
                client.sendall(b"x")

    def stop(self):
        self._ended.set()
        self._listening.close()


class Issuer:
    """An issuer on loopback. `responses` maps paths to (status, headers, body)."""

    def __init__(self):
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked.append(self.path)
                status, headers, body = issuer.responses.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.asked, self.responses = [], {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.origin}/pool"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def publish(self, *keys):
        self.say(DISCOVERY, {"issuer": self.url, "jwks_uri": self.origin + KEYS})
        self.say(KEYS, {"keys": list(keys)})

    def say(self, path, document, status=200, **headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.responses[path] = (status, headers, body)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
