"""Whom the wire trusts, and what it shows of itself: certificates that a test made a moment before."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.errors import Unavailable
from bot.resilience import Breaker, RetryPolicy, Shield
from integrations.http.backend import Backend
from integrations.http.client import Http


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, also as files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    cert_file: Path
    key_file: Path


def issued(folder: Path, name: str, by: Pair | None = None) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    certificate = builder.sign(by.key if by else key, hashes.SHA256())
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Pair(certificate, key, cert_file, key_file)


@pytest.fixture
def authority(tmp_path: Path) -> Pair:
    return issued(tmp_path, "authority")


@pytest.fixture
async def port(tmp_path: Path, authority: Pair) -> AsyncIterator[int]:
    """A server that wants to see a certificate of the authority."""
    own = issued(tmp_path, "server", authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.cert_file)
    context.load_cert_chain(own.cert_file, own.key_file)
    context.verify_mode = ssl.CERT_REQUIRED

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"data": "hello"})

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


async def asked(port: int, **settings: Any) -> str:
    shield = Shield(Breaker("x"), RetryPolicy(attempts=1), 30.0)
    http = Http("Prometheus", Backend(url=f"https://127.0.0.1:{port}", **settings), shield)
    try:
        return (await http.ask("/", {}, lambda answer: str(answer["data"]))).value
    finally:
        await http.close()


async def test_both_show_a_certificate_and_believe_each_other(tmp_path: Path, authority: Pair, port: int) -> None:
    own = issued(tmp_path, "bot", authority)
    files = {"cert_file": own.cert_file, "key_file": own.key_file}
    assert await asked(port, ca_file=authority.cert_file, **files) == "hello"
    assert await asked(port, verify=False, **files) == "hello"


async def test_a_server_that_nobody_vouches_for_is_not_talked_to(tmp_path: Path, authority: Pair, port: int) -> None:
    own = issued(tmp_path, "bot", authority)
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port} cannot be reached: .*certificate verify failed"):
        await asked(port, cert_file=own.cert_file, key_file=own.key_file)


async def test_without_a_certificate_of_ours_a_server_that_wants_one_refuses(authority: Pair, port: int) -> None:
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        await asked(port, ca_file=authority.cert_file)
