"""The closed lists of reasons: why a field, a paper or a source is as it is, and why a rule refuses a request.

Each reason is here once, with its texts for people, Vietnamese first. OpenAPI, `GET /v1/reasons` and
`schemas/api/problems.md` are made from these lists.
"""

from enum import StrEnum
from typing import Self


# the lists below are tables
# fmt: off
class Reason(StrEnum):
    """Why a field, a paper or a source is as it is: the closed list of the HTTP contract."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str = "", en: str = "") -> Self:
        """A reason with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    SOURCE_TIMEOUT = "source_timeout", "Nguồn dữ liệu không trả lời kịp", "The source did not answer in time"
    SOURCE_UNREACHABLE = "source_unreachable", "Không kết nối được nguồn dữ liệu", "The source cannot be reached"
    SOURCE_BUSY = "source_busy", "Nguồn dữ liệu đang bận", "The source is busy"
    SOURCE_REFUSED = "source_refused", "Nguồn dữ liệu từ chối", "The source refused"
    SOURCE_ANSWER_INVALID = (
        "source_answer_invalid",
        "Câu trả lời của nguồn dữ liệu không dùng được",
        "The source's answer cannot be used",
    )
    SOURCE_ANSWER_OTHER_PERSON = ("source_answer_other_person", "Nguồn dữ liệu trả lời về người khác",
        "The source answered about another person")
    BREAKER_OPEN = (
        "breaker_open", "Nguồn dữ liệu tạm ngắt vì lỗi liên tiếp", "The source is paused after repeated failures")
    DEADLINE_REACHED = "deadline_reached", "Hết thời hạn của yêu cầu", "The deadline of the request was reached"
    NOT_AGREED = "not_agreed", "Không có thỏa thuận chia sẻ dữ liệu cho phép", "No agreement grants it"
    PURPOSE_NOT_ALLOWED = "purpose_not_allowed", "Mục đích khai thác không được phép", "The purpose is not allowed"
    SCOPE_NOT_PUBLISHED = ("scope_not_published", "Dữ liệu chưa được công bố để thay giấy tờ",
        "The data are not published as a replacement of papers")
    CONSENT_MISSING = "consent_missing", "Chưa có sự đồng ý", "Consent is missing"
    #: it is unknown now whether the consent holds
    CONSENTS_UNAVAILABLE = (
        "consents_unavailable", "Hiện không kiểm tra được sự đồng ý", "It is unknown now whether the consent holds")
    NO_SUCH_PERSON = "no_such_person", "Nguồn dữ liệu không có người này", "The source has no such person"
    DATA_DO_NOT_MATCH = ("data_do_not_match", "Số định danh, họ tên, ngày sinh không thống nhất",
        "Number, name and date of birth do not belong together")
    #: of a person who is asked about by name and birth date
    SEVERAL_PEOPLE = ("several_people", "Nguồn dữ liệu có nhiều người cùng họ tên, ngày sinh: cần số định danh",
        "The source has several people of this name and birth date: a number is needed")
    #: found without a number, or by one that no source confirms with the name
    IDENTITY_UNCONFIRMED = ("identity_unconfirmed",
        "Chưa chắc dữ liệu là của đúng người này: chưa có nguồn nào xác nhận bằng số định danh",
        "It is not certain that the data are this person's: no source confirms it by a number")
    VALUE_BLANK = "value_blank", "Nguồn dữ liệu không có giá trị này", "The source holds no value"
    #: the source has a value that does not fit the evidence or the e-form
    VALUE_INVALID = ("value_invalid", "Giá trị của nguồn dữ liệu không đúng quy cách",
        "The source's value is not of the form that it should have")
    CODE_UNKNOWN = "code_unknown", "Mã không có trong danh mục", "The code is not in the code list"
    ADDRESS_NEEDS_CONFIRMATION = (
        "address_needs_confirmation", "Địa chỉ cần được xác nhận", "The address needs confirmation")
    PROPOSED = ("proposed", "Đề xuất theo dữ liệu: ông/bà chọn hoặc nhập giá trị khác",
        "Proposed from data: choose it or type another value")
    SOURCES_DIFFER = "sources_differ", "Dữ liệu giữa các nguồn không thống nhất", "The sources differ"
    #: it is unknown which of them is meant
    SEVERAL_RECORDS = ("several_records",
        "Nguồn dữ liệu có nhiều bản ghi phù hợp: đề nghị chọn giá trị đúng, hoặc tự nhập nếu không có giá trị để chọn",
        "The source has several records that may be meant: choose the right value, or type it where none is offered")
    CONDITION_FALSE = "condition_false", "Điều kiện không được đáp ứng", "The condition does not hold"
    CONDITION_UNKNOWN = (
        "condition_unknown", "Chưa đủ dữ liệu để xác định điều kiện", "The condition cannot be decided")
    #: the evidence is about another parcel, household, child or licence than the form or the request names, or about
    #: the one that they name, which is in somebody else's name
    OBJECT_DIFFERS = ("object_differs",
        "Dữ liệu nói về đối tượng khác với hồ sơ (hộ, thửa đất, xe, giấy tờ), hoặc đối tượng đứng tên người khác: "
        "đề nghị kiểm tra, hoặc tự nhập",
        "The object (household, parcel, vehicle, paper) is another one than the dossier's, or in somebody else's name: "
        "check it, or type the value")
    #: expired, revoked, superseded, or its person is not alive
    NOT_IN_FORCE = "not_in_force", "Không có hiệu lực vào ngày nộp hồ sơ", "It is not in force on the day of filing"
    #: the evidence concludes something else than the paper would
    CONCLUSION_DIFFERS = ("conclusion_differs", "Kết luận trong dữ liệu không đáp ứng yêu cầu của giấy tờ",
        "The data do not conclude what the paper would")
    MINOR_WITHOUT_REPRESENTATIVE = (
        "minor_without_representative", "Người chưa thành niên cần người đại diện", "A minor needs a representative")
    REPRESENTATION_MISSING = ("representation_missing",
        "Chưa rõ ai đại diện cho người này, nên không hỏi dữ liệu của người này",
        "Nothing shows who acts for this person, so no data of this person are asked for")
    EVIDENCE_REFUSED = (
        "evidence_refused", "Ông/bà không đồng ý khai thác dữ liệu này", "The citizen refused these data")
    QUOTA_EXCEEDED = "quota_exceeded", "Đã hết số lượt khai thác theo thỏa thuận", "More was asked than is agreed"


class DeliveryReason(StrEnum):
    """Why an attempt to deliver a message did not succeed: the words of its history."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str = "", en: str = "") -> Self:
        """A reason with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    RECEIVER_UNREACHABLE = (
        "receiver_unreachable", "Không kết nối được hệ thống nhận", "The receiver cannot be reached")
    RECEIVER_TIMEOUT = "receiver_timeout", "Hệ thống nhận không trả lời kịp", "The receiver did not answer in time"
    RECEIVER_BUSY = "receiver_busy", "Hệ thống nhận đang bận", "The receiver is busy"
    RECEIVER_PAUSED = ("receiver_paused", "Hệ thống nhận tạm ngắt vì lỗi liên tiếp",
        "The receiver is paused after repeated failures")
    #: the message was written, and no whole answer came
    ANSWER_MISSING = ("answer_missing", "Đã gửi nhưng không nhận được câu trả lời trọn vẹn",
        "It was sent, and no whole answer came")
    ANSWER_INVALID = ("answer_invalid", "Câu trả lời của hệ thống nhận không dùng được",
        "The receiver's answer cannot be used")
    #: neither a success nor a refusal that is known
    ANSWER_UNKNOWN = ("answer_unknown", "Câu trả lời của hệ thống nhận không rõ nghĩa",
        "The receiver's answer says neither yes nor no")
    LOGIN_REFUSED = "login_refused", "Hệ thống nhận từ chối đăng nhập", "The receiver refused our login"
    SESSION_REFUSED = ("session_refused", "Hệ thống nhận không chấp nhận phiên làm việc vừa mở",
        "The receiver refused the session that it had just opened")
    ACCESS_REFUSED = ("access_refused", "Hệ thống nhận không cho phép gọi dịch vụ này",
        "The receiver does not let us call this service")
    RECEIVER_FAULT = "receiver_fault", "Hệ thống nhận báo lỗi của chính nó", "The receiver reports a fault of its own"
    #: it says so of a dossier that it should know, or the other way round
    RECEIVER_CONTRADICTS = ("receiver_contradicts", "Hệ thống nhận trả lời mâu thuẫn về hồ sơ",
        "The receiver contradicts itself about the dossier")
    DOSSIER_NOT_THERE = (
        "dossier_not_there", "Hệ thống nhận chưa có hồ sơ này", "The receiver does not have the dossier")
    MESSAGE_REFUSED = "message_refused", "Hệ thống nhận từ chối nội dung", "The receiver refused the message"
    #: the same after several attempts, in words that we do not know
    REFUSED_REPEATEDLY = ("refused_repeatedly", "Hệ thống nhận nhiều lần từ chối với lý do không rõ",
        "The receiver refused it several times, for a reason that we do not know")
    MESSAGE_NOT_WRITABLE = ("message_not_writable", "Nội dung không viết được theo mẫu của hệ thống nhận",
        "The message cannot be written in the receiver's form")
    CHANGE_NOT_TAKEN = ("change_not_taken", "Hệ thống nhận đã có hồ sơ và không nhận thay đổi nội dung",
        "The receiver has the dossier and takes no change of its content")
    KIND_NOT_TAKEN = (
        "kind_not_taken", "Hệ thống nhận không nhận loại thông điệp này", "The receiver takes no such message")
    CONTENT_ERASED = (
        "content_erased", "Nội dung đã xóa theo thời hạn lưu", "The content was erased when its time had ended")
    FILE_NOT_FETCHED = (
        "file_not_fetched", "Không tải được tệp từ địa chỉ ghi trong hồ sơ",
        "A file cannot be fetched from the address in the message")
    FILE_UNAVAILABLE = (
        "file_unavailable", "Hiện không lấy được tệp của hồ sơ", "A file of the dossier is not available now")
    GATEWAY_FAULT = "gateway_fault", "Lỗi của hệ thống kết nối", "A fault of the gateway itself"
    DROPPED_BY_OPERATOR = "dropped_by_operator", "Người vận hành bỏ lượt gửi này", "An operator dropped it"


class RefusalReason(StrEnum):
    """Why a rule refuses a request: `code` of the problem, and `result` of its record (phase `refusal`)."""

    #: HTTP statuses, the usual one first
    http: tuple[int, ...]
    vi: str
    en: str

    def __new__(cls, code: str, vi: str, en: str, *http: int) -> Self:
        """A reason with its texts; the status is 403 where none is given."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en, member.http = code, vi, en, http or (403,)
        return member

    REFUSED = "refused", "Bị từ chối theo quy tắc", "Refused by rule"
    OTHER_SESSION = (
        "other_session", "Trang này thuộc phiên đăng nhập khác", "This page belongs to another session")
    SCOPE_MISSING = "scope_missing", "Mã truy cập không có phạm vi này", "The token does not have the scope"
    PORTAL_UNPROVEN = (
        "portal_unproven", "Chưa chứng minh được là hệ thống đã đăng ký",
        "The caller did not prove that it is the registered system")
    PURPOSE_NOT_ALLOWED = "purpose_not_allowed", "Mục đích khai thác không được phép", "The purpose is not allowed"
    AGREEMENT_OVER = "agreement_over", "Thỏa thuận chia sẻ dữ liệu đã hết hiệu lực", "The agreement has ended"
    AGREEMENT_NOT_YET_VALID = (
        "agreement_not_yet_valid", "Thỏa thuận chia sẻ dữ liệu chưa có hiệu lực", "The agreement has not begun")
    OUTSIDE_HOURS = (
        "outside_hours", "Ngoài giờ mà thỏa thuận cho phép", "The agreement does not allow requests at this time")
    AGENCY_NOT_ALLOWED = (
        "agency_not_allowed", "Cơ quan của cán bộ không được phép", "The agency of the official is not allowed")
    AGENCY_DISSOLVED = ("agency_dissolved", "Cơ quan của cán bộ đã kết thúc hoạt động",
        "The agency of the official does not exist any more")
    OFFICIAL_NOT_NAMED = (
        "official_not_named", "Yêu cầu chưa nêu cán bộ khai thác", "The request does not name its official")
    SIGNATURE_MISSING = "signature_missing", "Thông điệp chưa được ký số", "The message is not signed"
    ACCOUNT_MISSING = ("account_missing", "Thiếu thông tin tài khoản của người đăng nhập",
        "The account of the person who signs in is missing")
    ACCOUNT_LEVEL_TOO_LOW = (
        "account_level_too_low", "Mức độ xác thực của tài khoản chưa đủ", "The level of the account is too low")
    RELATION_NOT_ALLOWED = ("relation_not_allowed", "Quan hệ với người nộp hồ sơ không được phép",
        "The relation to the applicant is not allowed")
    MANDATE_MISSING = "mandate_missing", "Thiếu số, ký hiệu văn bản ủy quyền", "The code of the mandate is missing"
    MANDATE_OVER = "mandate_over", "Văn bản ủy quyền đã hết hiệu lực", "The mandate has ended"
    REPRESENTATION_MISSING = (
        "representation_missing", "Chưa nêu ai đại diện cho ai", "The request does not say who represents whom")
    REPRESENTATION_NOT_AGREED = ("representation_not_agreed", "Không có thỏa thuận cho phép loại đại diện này",
        "No agreement allows this kind of representation")
    REPRESENTATION_NOT_POSSIBLE = ("representation_not_possible", "Thủ tục không nhận loại đại diện này",
        "The procedure does not take this kind of representation")
    REPRESENTATION_IMPOSSIBLE = ("representation_impossible", "Việc đại diện nêu trong yêu cầu không thể có",
        "The representation that the request names cannot be")
    REPRESENTATION_CHAIN = ("representation_chain", "Người đăng nhập không phải người đại diện",
        "The person who signs in is not the representative")
    REPRESENTATION_NOT_PROVEN = (
        "representation_not_proven", "Không chứng minh được việc đại diện", "The representation is not proven")
    REPRESENTATION_UNDECIDED = ("representation_undecided", "Hiện chưa xác định được việc đại diện",
        "Whether the representation holds cannot be decided now")
    REPRESENTATION_ACCOUNT = ("representation_account", "Cần tài khoản của tổ chức được đại diện",
        "The account of the represented organisation is needed")
    REPRESENTATIVE_MINOR = (
        "representative_minor", "Người đại diện chưa đủ tuổi thành niên", "The representative is a minor")
    REPRESENTED_OF_AGE = "represented_of_age", "Người được đại diện đã đủ tuổi", "The represented person is of age"
    NUMBER_MISSING = ("number_missing", "Không có thỏa thuận cho phép hỏi về người không có số định danh",
        "No agreement allows questions about a person without a number")
    DOSSIER_MISSING = "dossier_missing", "Thiếu mã hồ sơ", "The code of the dossier is missing"
    DOSSIER_NOT_ALLOWED = ("dossier_not_allowed", "Mã hồ sơ không thuộc loại được phép",
        "The code of the dossier is not one of the allowed ones")
    DOSSIER_NOT_DATED = ("dossier_not_dated", "Mã hồ sơ không cho biết ngày tiếp nhận",
        "The code of the dossier does not show its day of reception")
    DOSSIER_NOT_ALIVE = "dossier_not_alive", "Hồ sơ không còn đang giải quyết", "The dossier is not being worked on"
    CONSENT_MISSING = "consent_missing", "Chưa có sự đồng ý của chủ thể dữ liệu", "The person's consent is missing"
    PREDICATE_NOT_AGREED = (
        "predicate_not_agreed",
        "Không có thỏa thuận cho phép hỏi điều kiện này",
        "No agreement grants this predicate",
    )
    SERVICE_NOT_AGREED = ("service_not_agreed", "Không có thỏa thuận cho hỏi dịch vụ dữ liệu này",
        "No agreement grants this data service")
    DRAFT_NOT_TRIED = ("draft_not_tried", "Không thử bản nháp của nguồn dữ liệu ở môi trường vận hành thật",
        "Drafts of sources are not tried in production")
    NOT_SHOWN = (
        "not_shown",
        "Giá trị này chưa được trả lời trong giao dịch",
        "The exchange did not show this value",
        403,
        422,
    )
    QUOTA_EXCEEDED = ("quota_exceeded", "Vượt quá số lượt được phép trong khoảng thời gian này",
        "More was asked than a rule allows in this time", 429)
    UNUSUAL_VOLUME = "unusual_volume", "Số lượt khai thác nhiều bất thường", "The number of requests is unusual", 429


class AuditReason(StrEnum):
    """What an auditor cannot see, and why. `{…}` are filled where it is said."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str, en: str) -> Self:
        """A reason with its words."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    PERIOD_ERASED = (
        "period_erased", "Khóa của kỳ {period} đã bị hủy ngày {day}", "The keys of {period} were destroyed on {day}")
    SEAL_BROKEN = ("seal_broken", "Phần được mã hóa không mở được bằng khóa của kỳ này",
        "The sealed part does not open with the keys of its period")
    OLD_NUMBER_ONLY = ("old_number_only",
        "Chỉ tìm được các giao dịch nhập số cũ 9 chữ số này; hãy tìm thêm bằng số định danh 12 chữ số",
        "Found are only exchanges in which this old 9-digit number was typed; search with the 12 digits too")
    PASSPORT_OF_DIGITS = ("passport_of_digits",
        "Bản ghi cũ giữ hộ chiếu này như số CMND hoặc số định danh có cùng chữ số; hãy tìm thêm bằng số đó",
        "Older records have this passport as the old or personal number of the same digits; search with that too")

    PROCEDURE_NOT_HERE = ("procedure_not_here",
        "Cấu hình này không có thủ tục {word}; gần giống: {near}. Bản ghi cũ, nếu có, vẫn được hiển thị",
        "This configuration has no procedure {word}; similar: {near}. Records from before are shown all the same")
    SOURCE_NOT_HERE = ("source_not_here",
        "Cấu hình này không có nguồn {word}; gần giống: {near}. Bản ghi cũ, nếu có, vẫn được hiển thị",
        "This configuration has no source {word}; similar: {near}. Records from before are shown all the same")

    def titled(self, **places: str) -> dict[str, str]:
        """Code and words, as the auditors' answers have them."""
        return {
            "code": self.value,
            "title": self.vi.format(**places),
            "title_en": self.en.format(**places),
        }
