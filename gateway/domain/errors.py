"""What can go wrong, as the other side sees it (RFC 9457).

Every error that may cross a room is one of these families.
An error carries codes and configuration words only, never a value or an identifier of a person.
"""

from typing import ClassVar, Self

from gateway.domain.sentences import Sentence


class GatewayError(Exception):
    """The gateway could not do what was asked."""

    code: ClassVar[str] = "internal_error"
    http: ClassVar[int] = 500
    title: ClassVar[str] = "The gateway could not do what was asked"
    title_vi: ClassVar[str] = "Cổng không thực hiện được yêu cầu"

    def __init__(
        self,
        said: Sentence | None = None,
        *,
        code: str | None = None,
        retry_after: int | None = None,
        **members: object,
    ) -> None:
        """`said` is text for people, of gateway/domain/sentences.py; `members` are further members of the body."""
        super().__init__(self.title if said is None else said.en)
        self.said = said
        self.problem_code = code or self.code
        self.retry_after = retry_after
        self.members = members

    @property
    def detail(self) -> str:
        """What happened, in English; blank when the title says it all."""
        return "" if self.said is None else self.said.en


class BadRequest(GatewayError):
    """The request is not of the form that the contract asks for."""

    code = "bad_request"
    http = 400
    title = "The request is not of the form that the contract asks for"
    title_vi = "Yêu cầu không đúng định dạng"


class Unprocessable(BadRequest):
    """The request is well-formed, but a value in it is not possible."""

    code = "unprocessable"
    http = 422
    title = "A value in the request is not possible"
    title_vi = "Giá trị trong yêu cầu không hợp lệ"


def fault_at(place: str, why: Sentence, code: str) -> Unprocessable:
    """One value that is not possible: `place` is its JSON pointer, `code` that of the problem and of its one entry."""
    return Unprocessable(why.at(place), code=code, errors=[entry(place, why, code)])


def fault_in(place: str, why: Sentence, code: str) -> Unprocessable:
    """The same, where the problem keeps the code of its family."""
    return Unprocessable(why.at(place), errors=[entry(place, why, code)])


def entry(place: str, why: Sentence, code: str) -> dict[str, str]:
    """One entry of the member `errors`."""
    return {"pointer": place, "code": code, "detail": why.en, "detail_vi": why.vi}


class NotFound(BadRequest):
    """There is no such thing here."""

    code = "not_found"
    http = 404
    title = "There is no such thing here"
    title_vi = "Không tìm thấy"


class Conflict(BadRequest):
    """What it is about is not in a state that allows this."""

    code = "state_differs"
    http = 409
    title = "What it is about is not in a state that allows this"
    title_vi = "Đối tượng không ở trạng thái cho phép thao tác này"


class Gone(NotFound):
    """The records were pruned from the database; archives have them."""

    code = "log_pruned"
    http = 410
    title = "The records were pruned from the database; archives have them"
    title_vi = "Bản ghi đã được chuyển khỏi cơ sở dữ liệu; xem tệp lưu trữ"


class TooLarge(BadRequest):
    """The request is larger than the gateway accepts."""

    code = "too_large"
    http = 413
    title = "The request is larger than the gateway accepts"
    title_vi = "Yêu cầu vượt quá kích thước cho phép"


class TooMany(BadRequest):
    """This requester has too many requests under way."""

    code = "too_many_requests"
    http = 429
    title = "Too many requests under way"
    title_vi = "Quá nhiều yêu cầu đang được xử lý"


class Throttled(TooMany):
    """More was asked than a rule allows in its window; `rule` names it, `retry_after` says when the next one begins."""

    code = "quota_exceeded"
    title = "More was asked than a rule allows in this time"
    title_vi = "Vượt quá số lượt được phép trong khoảng thời gian này"

    def __init__(self, rule: str, said: Sentence, *, retry_after: int, code: str | None = None) -> None:
        """`rule` is the id of the deciding rule, for the record and for the answer."""
        super().__init__(said, code=code, retry_after=retry_after, rule=rule)
        self.rule = rule


class Unauthenticated(GatewayError):
    """The caller did not prove who it is."""

    code = "unauthenticated"
    http = 401
    title = "The caller did not prove who it is"
    title_vi = "Chưa xác thực được hệ thống khai thác"


class Refused(GatewayError):
    """The caller may not do this; `rule` names the rule that says so."""

    code = "refused"
    http = 403
    title = "Refused by rule"
    title_vi = "Bị từ chối theo quy tắc"

    def __init__(self, rule: str, said: Sentence | None = None, *, code: str | None = None) -> None:
        """`rule` is the id of the deciding rule, for the record and for the answer."""
        super().__init__(said, code=code, rule=rule)
        self.rule = rule


class Overloaded(GatewayError):
    """The gateway is at its limit; ask again a little later."""

    code = "overloaded"
    http = 503
    title = "The gateway is at its limit"
    title_vi = "Cổng đang quá tải"


class SourceAway(GatewayError):
    """The one source that could answer does not; ask again a little later."""

    code = "source_unavailable"
    http = 503
    title = "The source does not answer now"
    title_vi = "Nguồn dữ liệu hiện không trả lời được"


class LogUnavailable(GatewayError):
    """The exchange log cannot be written, so nothing may leave (no record, no release)."""

    code = "log_unavailable"
    http = 503
    title = "The exchange log cannot be written, so nothing may leave"
    title_vi = "Không ghi được nhật ký giao dịch nên không trả dữ liệu"
    #: the record may have been written all the same: it stands in the log a moment later, or never
    unsure: bool = False

    @classmethod
    def perhaps(cls, said: Sentence | None) -> Self:
        """Nobody can tell whether the record was written."""
        error = cls(said)
        error.unsure = True
        return error


class RightMissing(LogUnavailable):
    """The account of the database may not do this to the log: another one may."""


class LogNotSigned(LogUnavailable):
    """Records get no place in the signed tree until the operator mends the log, so no new exchange begins."""

    code = "log_not_signed"
    title = "The exchange log cannot be signed until its operator mends it, so no new exchange begins"
    title_vi = "Nhật ký giao dịch không ký được cho đến khi được khắc phục nên không nhận giao dịch mới"


class AccessUnavailable(GatewayError):
    """What was shown or revoked before cannot be looked up, so nobody is let in: this never fails open."""

    code = "access_unavailable"
    http = 503
    title = "What was shown or revoked before cannot be looked up, so nobody is let in"
    title_vi = "Không kiểm tra được mã truy cập đã dùng hoặc đã thu hồi nên không cho truy cập"


class ConsentsUnavailable(GatewayError):
    """What citizens agreed to, let be kept or demanded cannot be looked up: nothing is taken for granted."""

    code = "consents_unavailable"
    http = 503
    title = "Consents cannot be looked up just now"
    title_vi = "Hiện không kiểm tra được sự đồng ý của công dân"


class PendingUnavailable(GatewayError):
    """What is to be fetched or decided later cannot be kept, or is lost: nothing is promised that is not kept."""

    code = "pending_unavailable"
    http = 503
    title = "What is to be fetched or decided later cannot be kept or found just now"
    title_vi = "Hiện không giữ được hoặc không tìm lại được kết quả chờ lấy hay chờ quyết định"


class LogUnreadable(LogUnavailable):
    """The exchange log cannot be read just now; whether it can be written is another question."""

    title = "The exchange log cannot be read just now"
    title_vi = "Hiện không đọc được nhật ký giao dịch"


class CorrectionsUnavailable(GatewayError):
    """Reports of corrections cannot be kept or looked up now."""

    code = "corrections_unavailable"
    http = 503
    title = "Reports of corrections cannot be kept or looked up now"
    title_vi = "Hiện không ghi nhận hoặc tra cứu được yêu cầu chỉnh sửa"


class KeyUnavailable(GatewayError):
    """A key that lies elsewhere cannot be used now."""

    code = "key_unavailable"
    http = 503
    title = "A key that the gateway needs cannot be used now"
    title_vi = "Hiện không dùng được khóa mà cổng cần"


class NotAnchored(GatewayError):
    """The log was not anchored outside for too long, so no new exchange begins."""

    code = "log_not_anchored"
    http = 503
    title = "The exchange log was not anchored outside for too long, so no new exchange begins"
    title_vi = "Nhật ký giao dịch quá lâu chưa được neo ra bên ngoài nên không nhận giao dịch mới"


class LogAltered(GatewayError):
    """Somebody altered the exchange log in its database: what was asked for cannot be proven any more."""

    code = "log_altered"
    title = "The exchange log was altered in its database"
    title_vi = "Nhật ký giao dịch đã bị sửa trong cơ sở dữ liệu"


class ConfigError(GatewayError):
    """The configuration cannot be used; only raised at start, by a reload or by check-config."""

    code = "config_error"
    title = "The configuration cannot be used"
    title_vi = "Cấu hình không dùng được"

    def __init__(self, problems: "list[Problem]") -> None:
        """`problems` holds one entry per thing to mend."""
        super().__init__()
        self.args = ("\n".join(str(problem) for problem in problems),)
        self.problems = problems

    @property
    def detail(self) -> str:
        """Each problem with its remedy. It is English only: it never leaves as a problem of the API."""
        return str(self)


class Problem:
    """One thing to mend in a configuration file: where, what is wrong, what to write."""

    __slots__ = ("file", "line", "place", "remedy", "rests_on", "what")

    def __init__(
        self, file: str, line: int, what: str, remedy: str = "", *, place: tuple[str | int, ...] = (),
        rests_on: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`file` is relative to the configured root where possible; `line` counts from 1, 0 is the whole file.

        Who does not know the line says in which `place` of the document it is: keys and indexes from its root.
        `rests_on` names other files (folders, with a slash at the end) that it was held against:
        where one of those cannot be read, this is no fault of its own.
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
