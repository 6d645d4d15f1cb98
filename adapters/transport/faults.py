"""From what a provider or the network did wrong to an outcome (RFC 9110 statuses; WSO2 fault codes).

Safe defaults: `meanings.py` has the tables of a source. Foreign text, bodies and addresses never leave this room.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from types import MappingProxyType

from gateway.domain.evidence import AnswerFault, Outcome
from gateway.domain.fault_codes import FaultCode
from gateway.domain.reasons import Reason
from gateway.telemetry import log

_Fault = tuple[Outcome, Reason]

_REFUSED: _Fault = (Outcome.REFUSED, Reason.SOURCE_REFUSED)
INVALID: _Fault = (Outcome.INVALID, Reason.SOURCE_ANSWER_INVALID)
_BUSY: _Fault = (Outcome.UNAVAILABLE, Reason.SOURCE_BUSY)
_TIMEOUT: _Fault = (Outcome.UNAVAILABLE, Reason.SOURCE_TIMEOUT)
_UNREACHABLE: _Fault = (Outcome.UNAVAILABLE, Reason.SOURCE_UNREACHABLE)

#: statuses that differ from the rule of their class; a 404 says nothing about a person
_STATUSES: Mapping[int, _Fault] = MappingProxyType(
    {
        404: INVALID,
        405: INVALID,
        406: INVALID,
        408: _TIMEOUT,
        410: INVALID,
        415: INVALID,
        429: _BUSY,
        503: _BUSY,
        504: _TIMEOUT,
    }
)

#: fault codes of a WSO2 gateway, which say more than its status (databases.md 2)
_CODES: Mapping[str, _Fault] = MappingProxyType(
    {
        "900800": _BUSY,
        "900801": _BUSY,
        "900802": _BUSY,
        "900803": _BUSY,
        "900901": _REFUSED,
        "900902": _REFUSED,
        "900906": _REFUSED,
        "303001": _BUSY,
    }
)
_MISSING_CREDENTIALS = "900902"
_CODE = re.compile(rb"""(?:<(?:[A-Za-z]+:)?code>\s*|"code"\s*:\s*"?)([0-9]{6})(?![0-9])""")
_FAULT_HEAD = 2_048
#: verification errors of OpenSSL (openssl-verification-options); with all others nobody trusted vouches for it
_CERTIFICATES: Mapping[int, FaultCode] = MappingProxyType(
    {
        9: FaultCode.CERTIFICATE_EXPIRED,
        10: FaultCode.CERTIFICATE_EXPIRED,
        62: FaultCode.CERTIFICATE_OTHER_NAME,
        64: FaultCode.CERTIFICATE_OTHER_NAME,
    }
)
#: alerts by which a server refuses our certificate, or the lack of one (RFC 8446, 6.2)
_OURS_REFUSED = re.compile(r"ALERT.*_(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)")
_FIRST_REFUSAL = 400


class ProviderError(Exception):
    """The provider gave no usable answer; says which outcome that is, never what was said.

    `retry_in`: seconds after which asking again makes sense. `status`: HTTP status, 0 when there was none.
    `sent`: False if nothing left this process. `expired`: a new token may help.
    `everybody`: the fault does not depend on the query. `fault`: more for the operator than the reason.
    """

    def __init__(
        self,
        outcome: Outcome,
        reason: Reason,
        retry_in: int | None = None,
        *,
        status: int = 0,
        sent: bool = True,
        expired: bool = False,
        everybody: bool = False,
        fault: AnswerFault | None = None,
    ) -> None:
        """The message is made of codes only."""
        super().__init__(f"{outcome}: {reason}" + (f" (status {status})" if status else ""))
        self.outcome = outcome
        self.reason = reason
        self.retry_in = retry_in
        self.status = status
        self.sent = sent
        self.expired = expired
        self.everybody = everybody
        self.fault = fault

    @property
    def at_fault(self) -> bool:
        """Whether the provider is in trouble (counts against its breaker), not merely saying no.

        An answer that cannot be used is trouble like none at all; a 404 and its kin are not.
        """
        if self.outcome is Outcome.INVALID:
            return self.sent and self.status < _FIRST_REFUSAL
        return self.outcome is Outcome.UNAVAILABLE and self.status != 429 and self.retry_in is None


def invalid(status: int = 0, code: FaultCode = FaultCode.NOT_AN_ANSWER) -> ProviderError:
    """An answer that cannot be used."""
    return ProviderError(*INVALID, status=status, fault=AnswerFault(code, status=status))


def unreachable(code: FaultCode = FaultCode.CONNECTION_LOST, *, everybody: bool = False) -> ProviderError:
    """No connection (for `everybody`), or one that broke."""
    return ProviderError(*_UNREACHABLE, everybody=everybody, fault=AnswerFault(code))


def timed_out(
    code: FaultCode = FaultCode.ANSWER_TIMEOUT, *, everybody: bool = False, step: str = ""
) -> ProviderError:
    """No complete answer in time, or no connection (for `everybody`)."""
    return ProviderError(*_TIMEOUT, everybody=everybody, fault=AnswerFault(code, step=step))


def too_late() -> ProviderError:
    """There was no time left to ask."""
    late = Outcome.UNAVAILABLE, Reason.DEADLINE_REACHED
    return ProviderError(*late, sent=False, fault=AnswerFault(FaultCode.DEADLINE))


def busy_here(code: FaultCode, *, sent: bool = True) -> ProviderError:
    """We had no place or no time for it, so asking again makes sense; the provider is not to blame."""
    return ProviderError(*_BUSY, 1, sent=sent, fault=AnswerFault(code))


def asked_to_wait(seconds: int) -> ProviderError:
    """It asked for a pause, which lasts so long still."""
    return ProviderError(*_BUSY, seconds, sent=False, fault=AnswerFault(FaultCode.ASKED_TO_WAIT))


def breaker_open(seconds: int) -> ProviderError:
    """It is not asked now; the next probe is due in so many seconds."""
    paused = Outcome.UNAVAILABLE, Reason.BREAKER_OPEN
    return ProviderError(*paused, seconds, sent=False, fault=AnswerFault(FaultCode.BREAKER_OPEN))


def token_refused() -> ProviderError:
    """A new token does not help."""
    return ProviderError(*_REFUSED, fault=AnswerFault(FaultCode.TOKEN_REFUSED))


def defect_here(service: str, error: Exception) -> ProviderError:
    """A defect of ours, which is logged: there is no answer to use, and the provider is not to blame."""
    source = service.partition(".")[0]
    log().error("source.defect", source=source, service=service, reason=type(error).__name__)
    return ProviderError(*INVALID, sent=False, fault=AnswerFault(FaultCode.DEFECT))


def refused_here(
    code: FaultCode = FaultCode.NOT_SENDABLE, reason: Reason = Reason.SOURCE_REFUSED, *, path: str = ""
) -> ProviderError:
    """The request cannot be sent as it is; nothing was. `path`: its place that is at fault."""
    return ProviderError(Outcome.REFUSED, reason, sent=False, fault=AnswerFault(code, path=path))


def of_tls(error: ssl.SSLError) -> FaultCode:
    """What is wrong with a TLS connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.verify_code, FaultCode.CERTIFICATE_UNTRUSTED)
    is_ours = _OURS_REFUSED.search(error.reason or "")
    return FaultCode.OUR_CERTIFICATE_REFUSED if is_ours else FaultCode.TLS_FAILED


def of_connecting(error: OSError) -> FaultCode:
    """Why there is no connection."""
    match error:
        case ssl.SSLError():
            return of_tls(error)
        case socket.gaierror():
            return FaultCode.NAME_NOT_FOUND
        case ConnectionRefusedError():
            return FaultCode.CONNECTION_REFUSED
        case ConnectionError():
            return FaultCode.CONNECTION_LOST
        case _:
            return FaultCode.NO_ROUTE


def from_status(status: int, body: bytes = b"", retry_in: int | None = None) -> ProviderError:
    """The fault that a status which is not a success stands for, where no table says otherwise.

    `body` is searched for the fault code of a gateway only.
    """
    code = six_digits(body) if status >= _FIRST_REFUSAL else ""
    known = of_gateway(code)
    kind = FaultCode.FAULT if known else FaultCode.HTTP_STATUS
    return ProviderError(
        *(known or _STATUSES.get(status) or _by_class(status)), retry_in, status=status,
        expired=status == 401 and code != _MISSING_CREDENTIALS,
        fault=AnswerFault(kind, status=status, provider_code=code if known else ""),
    )  # fmt: skip


def six_digits(body: bytes) -> str:
    """The fault code of a gateway in the first bytes of a body; blank: none."""
    found = _CODE.search(body, 0, _FAULT_HEAD)
    return found[1].decode() if found else ""


def of_gateway(code: str) -> _Fault | None:
    """What a fault code of a WSO2 gateway means; None: it is none."""
    return _CODES.get(code)


def _by_class(status: int) -> _Fault:
    match status // 100:
        case 4:
            return _REFUSED
        case 5:
            return _UNREACHABLE
        case _:
            return INVALID
