"""A real time-stamp authority: ``openssl ts`` behind an HTTP server on loopback, with a chain made for the test."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

OPENSSL = shutil.which("openssl")
_CONFIG = """
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_PURPOSES = {
    "stamping": "extendedKeyUsage=critical,timeStamping",
    "web": "extendedKeyUsage=critical,serverAuth",
}


class Authority:
    """``behaviour`` is told by name and may be changed while it serves."""

    def __init__(self, folder: Path, *, purpose: str = "stamping", ended: timedelta | None = None) -> None:
        """``ended``: how long ago its certificate ended; it stamps as of a day before that."""
        folder.mkdir(parents=True)
        self.folder = folder
        self.behaviour = "good"
        """``good``, ``chain`` (with the root in the token), ``refuse`` (503), ``hang``, ``other_digest``,
        ``other_nonce``, ``garbage`` or ``empty``."""
        self.asked = 0
        (folder / "config").write_text(_CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem",
                  "-subj", "/CN=Test root", "-days", "30")  # fmt: skip
        self._run(
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test TSA"
        )
        (folder / "extensions").write_text(f"{_PURPOSES[purpose]}\nkeyUsage=critical,digitalSignature\n")
        self._run("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
                  "-out", "tsa.pem", "-days", "30", "-extfile", "extensions")  # fmt: skip
        self.ago: timedelta | None = None
        """How long ago it says that it stamps; ``None``: now."""
        if ended is not None:
            self.ago = ended + timedelta(days=1)
            self._date("root.pem", ended + timedelta(days=60), timedelta(days=-30))
            self._date("tsa.pem", ended + timedelta(days=60), ended)
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                authority.asked += 1
                answer = authority.answer(request)
                self.send_response(503 if answer is None else 200)
                self.send_header("Content-Length", str(len(answer or b"")))
                self.end_headers()
                self.wfile.write(answer or b"")

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsr"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def root(self) -> str:
        """Its root, PEM."""
        return (self.folder / "root.pem").read_text()

    @property
    def root_line(self) -> str:
        """Its root as the policy wants it."""
        return "".join(self.root.split("\n")[1:-2])

    def answer(self, request: bytes) -> bytes | None:
        """Reply as told; ``None`` refuses."""
        if self.behaviour == "refuse":
            return None
        if self.behaviour == "hang":
            time.sleep(30)
        if self.behaviour in {"garbage", "empty"}:
            return b"\x30\x03abc" if self.behaviour == "garbage" else b""
        (self.folder / "request.tsq").write_bytes(request)
        if self.behaviour in {"other_digest", "other_nonce"}:
            self._run("ts", "-query", "-sha256", "-cert", "-out", "request.tsq", "-digest", "ab" * 32) if (
                self.behaviour == "other_digest"
            ) else self._requery(request)
        self._run("ts", "-reply", "-config", "config", "-section", "tsa_config", "-queryfile", "request.tsq",
                  "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply.tsr",
                  *(("-chain", "root.pem") if self.behaviour == "chain" else ()))  # fmt: skip
        return self._dated() if self.ago is not None else (self.folder / "reply.tsr").read_bytes()

    def _date(self, name: str, since: timedelta, until: timedelta) -> None:
        """Have a certificate of that file begin and end so long ago."""
        root = x509.load_pem_x509_certificate((self.folder / "root.pem").read_bytes())
        key = load_pem_private_key((self.folder / "root.key").read_bytes(), None)
        old, now = x509.load_pem_x509_certificate((self.folder / name).read_bytes()), datetime.now(UTC)
        made = x509.CertificateBuilder(
            issuer_name=root.subject,
            subject_name=old.subject,
            public_key=old.public_key(),
            serial_number=old.serial_number,
            not_valid_before=now - since,
            not_valid_after=now - until,
            extensions=list(old.extensions),
        ).sign(key, SHA256())  # type: ignore[arg-type] # the test made an RSA key
        (self.folder / name).write_bytes(made.public_bytes(Encoding.PEM))

    def _dated(self) -> bytes:
        """The same reply as of an earlier time: OpenSSL stamps by its own clock alone, and signs what it is told."""
        assert self.ago is not None
        self._run("ts", "-reply", "-in", "reply.tsr", "-token_out", "-out", "token.der")
        self._run("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token.der", "-binary", "-out", "info.der")
        info = (self.folder / "info.der").read_bytes()
        (told,) = set(re.findall(rb"\d{14}Z", info))
        moment = f"{datetime.now(UTC) - self.ago:%Y%m%d%H%M%SZ}".encode()
        (self.folder / "info.der").write_bytes(info.replace(told, moment))
        self._run("cms", "-sign", "-cades", "-binary", "-nodetach", "-econtent_type", "1.2.840.113549.1.9.16.1.4",
                  "-md", "sha256", "-in", "info.der", "-signer", "tsa.pem", "-inkey", "tsa.key", "-outform", "DER",
                  "-out", "token.der")  # fmt: skip
        token = (self.folder / "token.der").read_bytes()
        content = b"\x30\x03\x02\x01\x00" + token  # RFC 3161 section 2.4.2: granted, and the token
        return b"\x30\x82" + len(content).to_bytes(2) + content

    def _requery(self, request: bytes) -> None:
        """Ask about the same digest with another nonce."""
        from rfc3161_client import _rust  # noqa: PLC0415 - an extra

        digest = bytes(_rust.parse_timestamp_request(request).message_imprint.message).hex()
        self._run("ts", "-query", "-sha256", "-cert", "-digest", digest, "-out", "request.tsq")

    def _run(self, *arguments: str) -> None:
        assert OPENSSL is not None
        subprocess.run([OPENSSL, *arguments], cwd=self.folder, check=True, capture_output=True)  # noqa: S603 - a test's own words

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
