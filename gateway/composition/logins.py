"""Opens logins: their state, sessions, the broker, sign-out, pages. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gateway import registry
from gateway.access.requesters import Requesters
from gateway.api.context import OpenId, SignIn
from gateway.composition.composition import Composition
from gateway.composition.identity_providers import open_identity_providers
from gateway.composition.log_keys import derived
from gateway.console.words import MANDATE_FAULTS, OTHER_ACCOUNTS
from gateway.domain import sentences as say
from gateway.domain.errors import Refused, Throttled, Unprocessable
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Identity, Mandate
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import titled
from gateway.exchange_log.keys import RootKeys
from gateway.exchange_log.recorder import Recorder
from gateway.login.attempts import Attempts
from gateway.login.broker import Broker
from gateway.login.choices import Choices, MandateKind, MandateNotProven, Mandates
from gateway.login.clients import LoginClients
from gateway.login.floods import Floods, PageRate
from gateway.login.handles import login_of
from gateway.login.logout import SignOut
from gateway.login.logout_notices import LogoutNotices
from gateway.login.sealed_values import SealedValues
from gateway.login.sessions import Session, SessionBook
from gateway.login.url_seal import UrlSeal
from gateway.login.wanted import AuthorizationAnswer, AuthorizationError, LoginWanted
from gateway.pages.doors import is_page
from gateway.ports.clock import Clock
from gateway.ports.logout import FormPosts
from gateway.ports.sessions import Sessions
from gateway.prefill.admission import DecisionInputs
from gateway.prefill.mandates import MandateProofs, MandateWanted

_STATE_LABEL = b"motlan login state v1"
_NAMES_LABEL = b"motlan session names v1"
_URLS_LABEL = b"motlan login urls v1"
#: how long databases may take to prove a mandate, in seconds
_PROOF_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginState:
    """What logins keep: the same for every configuration of a process."""

    #: as the store has it; the keys of different uses have different prefixes
    store: Sessions
    #: the same, sealed: attempts, authorizations, codes, grants
    values: SealedValues
    sessions: SessionBook
    urls: UrlSeal
    notices: LogoutNotices


@contextlib.asynccontextmanager
async def login_state(parts: Composition, roots: RootKeys, clock: Clock) -> AsyncIterator[LoginState]:
    """The state of logins beside the cache; it survives a reload."""
    settings, url = parts.configuration.gateway.logins, parts.configuration.gateway.cache_url
    store: Sessions = registry.store(url, "open_sessions")(url)
    state, names, urls = [await derived(roots, label) for label in (_STATE_LABEL, _NAMES_LABEL, _URLS_LABEL)]
    values = SealedValues(store, state)
    sessions = SessionBook(
        values, names, lambda: clock.now().timestamp(),
        idle=settings.idle_seconds, longest=settings.longest_seconds,
    )  # fmt: skip
    posts: FormPosts = registry.open_form_posts()
    notices = LogoutNotices(posts)
    try:
        yield LoginState(store=store, values=values, sessions=sessions, urls=UrlSeal(urls), notices=notices)
    finally:
        await notices.close()
        await store.close()


@contextlib.asynccontextmanager
async def signing_in(
    parts: Composition, state: LoginState, recorder: Recorder, openid: OpenId | None, mandates: Mandates,
    inputs: DecisionInputs,
) -> AsyncIterator[SignIn | None]:  # fmt: skip
    """The way of browsers; None without an identity provider. Raises ConfigError."""
    providers = open_identity_providers(parts, recorder.clock)
    if not providers:
        yield None
        return
    configuration = parts.configuration
    systems = LoginClients(configuration.requesters)
    authorizations = openid.provider if openid is not None else _NoAuthorizations()
    sign_out = SignOut(
        configuration=configuration, providers=providers, sessions=state.sessions, values=state.values,
        urls=state.urls, systems=systems, tokens=openid.logout_tokens if openid is not None else None,
        notices=state.notices, recorder=recorder,
    )  # fmt: skip
    attempts = Attempts(state.values, state.urls, seconds=configuration.gateway.logins.attempt_seconds)
    choices = Choices(
        values=state.values, sessions=state.sessions, systems=systems, authorizations=authorizations,
        mandates=mandates, seal=attempts.sealed,
    )  # fmt: skip
    broker = Broker(
        configuration=configuration, catalogue=parts.catalogue, providers=providers,
        attempts=attempts,
        sessions=state.sessions, systems=systems, authorizations=authorizations, choices=choices,
        sign_out=sign_out, recorder=recorder, is_page=is_page,
    )  # fmt: skip
    try:
        yield SignIn(
            broker=broker, sign_out=sign_out,
            floods=Floods(inputs.quotas, inputs.secret, configuration.gateway.logins.per_address),
            page_rate=PageRate(inputs.quotas, inputs.secret, configuration.gateway.pages.per_session),
        )  # fmt: skip
    finally:
        for provider in providers.values():
            await provider.close()


class _NoAuthorizations:
    """Where no system logs people in, there are no requests."""

    async def wanted(self, authorization: str) -> LoginWanted | None:
        """None."""
        del authorization
        return None

    async def grant(
        self, authorization: str, session: Session, mandate: Mandate | None, exchange: ExchangeId
    ) -> AuthorizationAnswer | None:
        """None."""
        del authorization, session, mandate, exchange
        return None

    async def refuse(
        self, authorization: str, error: AuthorizationError, exchange: ExchangeId
    ) -> AuthorizationAnswer | None:
        """None."""
        del authorization, error, exchange
        return None


class LoginMandates:
    """The mandates of prefill, in the words of the page (gateway.login.choices.Mandates)."""

    def __init__(self, proofs: MandateProofs, requesters: Requesters) -> None:
        """`requesters`: those that are registered."""
        self._proofs = proofs
        self._requesters = requesters

    def kinds(self, requester: str) -> Sequence[MandateKind]:
        """Those that a system takes."""
        return [
            MandateKind(
                one.representation, titled(one.title.vi, one.title.en), one.of is SubjectKind.ORGANISATION,
                titled(one.document.vi, one.document.en) if one.mandate == "required" else None,
            )
            for one in self._proofs.kinds(requester)
        ]  # fmt: skip

    async def prove(
        self, identity: Identity, kind: str, represented: Subject, document: str, requester: str,
        exchange: ExchangeId,
    ) -> Mandate:  # fmt: skip
        """The mandate, recorded. Raises MandateNotProven, LogUnavailable."""
        wanted = MandateWanted(kind=kind, represented=represented, document=document)
        deadline = asyncio.get_running_loop().time() + _PROOF_SECONDS
        known = self._requesters.named(requester)
        assert known is not None
        try:
            return await self._proofs.prove(wanted, login_of(identity), known.requester, exchange, deadline)
        except (Unprocessable, Refused, Throttled) as error:
            code = error.problem_code
            sentence = MANDATE_FAULTS.get(code, say.MANDATE_NOT_CHECKED)
            is_undecided = isinstance(error, Throttled) or code == RefusalReason.REPRESENTATION_UNDECIDED
            raise MandateNotProven(sentence, OTHER_ACCOUNTS.get(code), is_undecided=is_undecided) from None
