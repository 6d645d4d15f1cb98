"""Errors as the caller sees them (RFC 9457).

Every error that may cross a room belongs to one of these families. An error has codes and configuration words only,
never a value or an identifier of a person.
"""

from typing import ClassVar, Self

from gateway.domain.problems import AnyCode, CommandCode, ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence


class GatewayError(Exception):
    """The gateway could not do what was asked."""

    #: of the family: title and status of the answer are those of this code
    code: ClassVar[ProblemCode | RefusalReason] = ProblemCode.INTERNAL_ERROR

    def __init__(
        self,
        sentence: Sentence | None = None,
        *,
        code: AnyCode | None = None,
        retry_after: int | None = None,
        **members: object,
    ) -> None:
        """`sentence`: a sentence of gateway/domain/sentences/; `members`: further members of the body."""
        super().__init__(self.title if sentence is None else sentence.en)
        self.sentence = sentence
        self.problem_code: AnyCode = code or self.code
        self.retry_after = retry_after
        self.members = members

    @property
    def http(self) -> int:
        """The status of HTTP."""
        return self.code.http[0]

    @property
    def title(self) -> str:
        """What is wrong in general, in English."""
        return self.code.en

    @property
    def title_vi(self) -> str:
        """The same in Vietnamese."""
        return self.code.vi

    @property
    def detail(self) -> str:
        """What happened, in English; blank when the title says it all."""
        return "" if self.sentence is None else self.sentence.en


class BadRequest(GatewayError):
    """The request does not have the form of the contract."""

    code: ClassVar[ProblemCode | RefusalReason] = ProblemCode.BAD_REQUEST


class BodyNotJson(BadRequest):
    """The body of a call at a door is not JSON with one meaning."""


class Unprocessable(BadRequest):
    """The request is well-formed, but a value in it is not possible."""

    code = ProblemCode.UNPROCESSABLE


def fault_at(place: str, why: Sentence, code: AnyCode) -> Unprocessable:
    """One impossible value: `place` is its JSON pointer, `code` that of the problem and of its one entry."""
    return Unprocessable(why.at(place), code=code, errors=[entry(place, why, code)])


def fault_in(place: str, why: Sentence, code: AnyCode) -> Unprocessable:
    """The same, where the problem keeps the code of its family."""
    return Unprocessable(why.at(place), errors=[entry(place, why, code)])


def entry(place: str, why: Sentence, code: AnyCode) -> dict[str, str]:
    """One entry of the member `errors`."""
    return {"pointer": place, "code": code, "detail": why.en, "detail_vi": why.vi}


class NotFound(BadRequest):
    """It does not exist."""

    code = ProblemCode.NOT_FOUND
    #: code of the dossier that the request named and that is not there, for the words of a door; blank: not known
    named = ""


class NoSuchOperation(NotFound):
    """A door has no operation at this path."""


class Conflict(BadRequest):
    """Its state does not allow this."""

    code = ProblemCode.STATE_DIFFERS


class Gone(NotFound):
    """The records were pruned from the database; archives have them."""

    code = ProblemCode.LOG_PRUNED


class TooLarge(BadRequest):
    """The request is larger than the gateway accepts."""

    code = ProblemCode.TOO_LARGE


class TooMany(BadRequest):
    """This requester has too many requests in flight."""

    code: ClassVar[ProblemCode | RefusalReason] = ProblemCode.TOO_MANY_REQUESTS


class Throttled(TooMany):
    """A rule's limit is exceeded; `rule` names it, `retry_after` is the seconds until its window ends."""

    code = RefusalReason.QUOTA_EXCEEDED

    def __init__(
        self, rule: str, sentence: Sentence, *, retry_after: int, code: RefusalReason | None = None
    ) -> None:
        """`rule`: id of the rule, for the record and the answer."""
        super().__init__(sentence, code=code, retry_after=retry_after, rule=rule)
        self.rule = rule


class Unauthenticated(GatewayError):
    """The caller did not prove its identity."""

    code = ProblemCode.UNAUTHENTICATED


class SessionOver(Unauthenticated):
    """Nobody is signed in any more at the page whose script asks."""

    code = ProblemCode.SESSION_OVER


class Refused(GatewayError):
    """The caller may not do this; `rule` names the rule."""

    code = RefusalReason.REFUSED

    def __init__(
        self, rule: str, sentence: Sentence | None = None, *, code: RefusalReason | CommandCode | None = None
    ) -> None:
        """`rule`: id of the rule, for the record and the answer."""
        super().__init__(sentence, code=code, rule=rule)
        self.rule = rule


class Overloaded(GatewayError):
    """The gateway is at its limit; ask again a little later."""

    code = ProblemCode.OVERLOADED


class SourceAway(GatewayError):
    """The one source that could answer does not; ask again a little later."""

    code = ProblemCode.SOURCE_UNAVAILABLE


class LogUnavailable(GatewayError):
    """The exchange log cannot be written, so nothing may leave (no record, no release)."""

    code = ProblemCode.LOG_UNAVAILABLE
    #: the record may have been written: it appears in the log a moment later, or never
    unsure: bool = False

    @classmethod
    def perhaps(cls, sentence: Sentence | None) -> Self:
        """It is unknown whether the record was written."""
        error = cls(sentence)
        error.unsure = True
        return error


class RightMissing(LogUnavailable):
    """The database account lacks this right on the log; another account may have it."""


class DatabaseUnfit(LogUnavailable):
    """The database can be asked, and is not as this release needs it: its version, its schema, or our rights."""


class LogNotSigned(LogUnavailable):
    """Records cannot be numbered in the signed tree until the operator repairs the log: no new exchange begins."""

    code = ProblemCode.LOG_NOT_SIGNED


class LogRolledBack(LogNotSigned):
    """The log's database lacks records that were signed or answered: nothing is answered and nothing is signed."""

    code = ProblemCode.LOG_ROLLED_BACK


class AccessUnavailable(GatewayError):
    """Revocations and used proofs cannot be looked up, so no caller is admitted: it fails closed."""

    code = ProblemCode.ACCESS_UNAVAILABLE


class ConsentsUnavailable(GatewayError):
    """Consents, own data or subject requests cannot be looked up: no consent counts."""

    code = ProblemCode.CONSENTS_UNAVAILABLE


class PendingUnavailable(GatewayError):
    """A late answer or a preview cannot be kept, or is lost: only what is kept is promised."""

    code = ProblemCode.PENDING_UNAVAILABLE


class LogUnreadable(LogUnavailable):
    """The exchange log cannot be read now; it may be writable."""

    @property
    def title(self) -> str:
        """Not that of the family, which speaks of writing."""
        return "The exchange log cannot be read just now"

    @property
    def title_vi(self) -> str:
        """The same in Vietnamese."""
        return "Hiện không đọc được nhật ký giao dịch"


class CorrectionsUnavailable(GatewayError):
    """Reports of corrections cannot be kept or looked up now."""

    code = ProblemCode.CORRECTIONS_UNAVAILABLE


class RelayUnavailable(GatewayError):
    """Dossiers and deliveries cannot be stored or looked up now: nothing was accepted."""

    code = ProblemCode.RELAY_UNAVAILABLE


class RowConflict(RelayUnavailable):
    """A concurrent change came first: nothing of this one was stored. Look again, and decide again."""


class PortalUnavailable(GatewayError):
    """A portal cannot be asked now."""

    code = ProblemCode.SOURCE_UNAVAILABLE


class LoginsUnavailable(GatewayError):
    """The state of logins cannot be read or written now: nobody is signed in by it."""

    code = ProblemCode.LOGINS_UNAVAILABLE


class FilesUnavailable(GatewayError):
    """Files cannot be stored or read now; nothing half was stored."""

    code = ProblemCode.FILES_UNAVAILABLE


class ScannerUnavailable(GatewayError):
    """The virus scanner does not answer, so no file is accepted; send it again a little later."""

    code = ProblemCode.SCANNER_UNAVAILABLE


class FileRefused(Unprocessable):
    """The content of a file is not accepted; the refusal is recorded."""

    def __init__(self, sentence: Sentence, *, code: ProblemCode, found: str = "") -> None:
        """`found`: what the scanner calls it, for the record."""
        super().__init__(sentence, code=code)
        self.found = found


class DownloadFailed(GatewayError):
    """A file could not be fetched from its address."""

    code = ProblemCode.SOURCE_UNAVAILABLE

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        """`reason`: a code, without the address. `lasting`: the next attempt would end like this one."""
        super().__init__()
        self.reason = reason
        self.lasting = lasting


class KeyUnavailable(GatewayError):
    """A key in an outside key service cannot be used now."""

    code = ProblemCode.KEY_UNAVAILABLE


class NotAnchored(GatewayError):
    """The log was not anchored for too long, so no new exchange begins."""

    code = ProblemCode.LOG_NOT_ANCHORED


class LogAltered(GatewayError):
    """The exchange log was altered in its database: it cannot prove what was asked for."""

    code = ProblemCode.LOG_ALTERED


class ConfigError(GatewayError):
    """The configuration cannot be used; only raised at start, by a reload or by check-config."""

    def __init__(self, problems: "list[Problem]") -> None:
        """`problems`: one entry per fault."""
        super().__init__(code=CommandCode.CONFIG_ERROR)
        self.args = ("\n".join(str(problem) for problem in problems),)
        self.problems = problems

    @property
    def detail(self) -> str:
        """Each problem with its remedy, in English: it is never returned by the API."""
        return str(self)


class Problem:
    """One fault of a configuration file: where, what is wrong, what to write."""

    __slots__ = ("file", "line", "place", "remedy", "rests_on", "what")

    def __init__(
        self, file: str, line: int, what: str, remedy: str = "", *, place: tuple[str | int, ...] = (),
        rests_on: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`file` is relative to the configured root where possible; `line` counts from 1, 0 is the whole file.

        When the line is unknown, `place` gives keys and indexes from the document's root. `rests_on` names other files
        (folders with a trailing slash) that it was checked against: when one of those is unreadable, this fault is not
        reported.
        """
        self.rests_on = rests_on
        self.place = place
        self.file = file
        self.line = line
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}" + (f"\n    remedy: {self.remedy}" if self.remedy else "")
