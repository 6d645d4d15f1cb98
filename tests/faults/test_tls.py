"""Providers over TLS that are not who they should be, at the gateway's door (F12, T24 as far as providers go)."""

import asyncio
import io
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from tests.faults.conftest import Between, Stage, assert_outcome, between, found, staged

pytestmark = pytest.mark.asyncio(loop_scope="module")

VERSIONS = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.MAXIMUM_SUPPORTED
PAST, FUTURE = (datetime.now(UTC) + timedelta(days=days) for days in (-10, 10))
HOST = "127.0.0.1"
Serve = Callable[[trustme.CA, ssl.SSLContext], None]


def old_versions(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert(HOST).configure_cert(context)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


def weak_ciphers(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert(HOST).configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("NULL:aNULL:@SECLEVEL=0")


def wants_a_certificate(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert(HOST).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def only_version(version: ssl.TLSVersion) -> Serve:
    def serve(authority: trustme.CA, context: ssl.SSLContext) -> None:
        authority.issue_cert(HOST).configure_cert(context)
        context.minimum_version = context.maximum_version = version

    return serve


REFUSED: dict[str, Serve] = {
    "expired": lambda authority, context: authority.issue_cert(
        HOST, not_before=PAST - timedelta(days=9), not_after=PAST
    ).configure_cert(context),
    "not yet valid": lambda authority, context: authority.issue_cert(
        HOST, not_before=FUTURE, not_after=FUTURE + timedelta(days=9)
    ).configure_cert(context),
    "other host": lambda authority, context: authority.issue_cert("other.example").configure_cert(context),
    "other address": lambda authority, context: authority.issue_cert("127.0.0.2").configure_cert(context),
    "unknown authority": lambda _authority, context: trustme.CA().issue_cert(HOST).configure_cert(context),
    "signed by itself": lambda _authority, context: _self_signed(context),
    "old versions only": old_versions,
    "no real cipher": weak_ciphers,
    "wants our certificate": wants_a_certificate,
}
TAKEN: dict[str, Serve] = {
    "TLS 1.2": only_version(ssl.TLSVersion.TLSv1_2),
    "TLS 1.3": only_version(ssl.TLSVersion.TLSv1_3),
}


def _self_signed(context: ssl.SSLContext) -> None:
    authority = trustme.CA(organization_name="nobody")
    authority.issue_cert(HOST).configure_cert(context)


@dataclass(frozen=True)
class Secured:
    """A gateway whose civil-status provider speaks TLS; what that provider shows can be changed."""

    stage: Stage
    authority: trustme.CA
    context: ssl.SSLContext

    async def show(self, serve: Serve) -> Between:
        """From now on the provider is like this; connections that were open end."""
        peer = self.stage.set("civil_status", None)
        peer.close()
        await asyncio.sleep(0.02)
        peer.tokens = 0
        self.context.verify_mode = ssl.CERT_NONE
        self.context.minimum_version, self.context.maximum_version = VERSIONS
        self.context.set_ciphers("DEFAULT")
        serve(self.authority, self.context)
        return peer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder, authority = tmp_path_factory.mktemp("secured"), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    async with staged(
        folder, {"sources.civil_status.options.tls.ca": str(folder / "ca.pem")}, context
    ) as stage:
        yield Secured(stage, authority, context)


@pytest.mark.parametrize("name", REFUSED)
async def test_provider_that_proves_nothing_is_told_nothing(
    secured: Secured, logged: io.BytesIO, name: str
) -> None:
    peer = await secured.show(REFUSED[name])
    await assert_outcome(secured.stage, logged, "civil_status", ("unavailable", "source_unreachable"))
    assert (peer.calls, peer.tokens) == ([], 0)


@pytest.mark.parametrize("name", TAKEN)
async def test_provider_that_proves_who_it_is_is_asked(
    secured: Secured, logged: io.BytesIO, name: str
) -> None:
    peer = await secured.show(TAKEN[name])
    await assert_outcome(secured.stage, logged, "civil_status", ("found", None))
    assert len(peer.calls) == 1


async def test_plain_text_where_tls_is_agreed_is_no_answer(tmp_path: Path) -> None:
    async with between("civil_status") as plain:
        address = plain.url.replace("http://", "https://")
        limits = {"sources.civil_status.limits.connect_ms": "1000"}
        async with staged(tmp_path, {"sources.civil_status.url": address} | limits) as stage:
            assert found(await stage.ask())["civil_status"] == ("unavailable", "source_unreachable")
        assert (plain.calls, plain.tokens) == ([], 0)
