"""The closed list of problem codes (RFC 9457), each with its statuses and its texts, Vietnamese first.

A new code is added here, and raised where it is found: `NotFound(say.…, code=ProblemCode.…)`. OpenAPI and
`schemas/api/problems.md` are made from this list. Codes of refusals by rule are in `reasons.py`.
"""

from enum import StrEnum
from typing import Self

from gateway.domain.reasons import RefusalReason


# the lists below are tables
# fmt: off
class ProblemCode(StrEnum):
    """`code` of a problem that the API returns."""

    #: HTTP statuses, the usual one first
    http: tuple[int, ...]
    vi: str
    en: str

    def __new__(cls, code: str, vi: str, en: str, *http: int) -> Self:
        """A code with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en, member.http = code, vi, en, http
        return member

    # the families: `title` of a problem is the one of its family
    INTERNAL_ERROR = ("internal_error", "Hệ thống kết nối không thực hiện được yêu cầu",
        "The gateway could not do what was asked", 500)
    BAD_REQUEST = ("bad_request", "Yêu cầu không đúng định dạng",
        "The request is not of the form that the contract asks for", 400)
    UNPROCESSABLE = (
        "unprocessable", "Giá trị trong yêu cầu không hợp lệ", "A value in the request is not possible", 422)
    NOT_FOUND = "not_found", "Không tìm thấy", "There is no such thing here", 404
    STATE_DIFFERS = ("state_differs", "Đối tượng không ở trạng thái cho phép thao tác này",
        "What it is about is not in a state that allows this", 409)
    LOG_PRUNED = ("log_pruned", "Bản ghi đã được chuyển khỏi cơ sở dữ liệu; xem tệp lưu trữ",
        "The records were pruned from the database; archives have them", 410)
    TOO_LARGE = (
        "too_large", "Yêu cầu vượt quá kích thước cho phép", "The request is larger than the gateway accepts", 413)
    TOO_MANY_REQUESTS = "too_many_requests", "Quá nhiều yêu cầu đang được xử lý", "Too many requests under way", 429
    UNAUTHENTICATED = (
        "unauthenticated", "Chưa xác thực được hệ thống khai thác", "The caller did not prove who it is", 401)
    SESSION_OVER = "session_over", "Đã hết phiên", "The session has ended", 401
    SIGNATURE_INVALID = (
        "signature_invalid", "Chữ ký của thông điệp không hợp lệ", "The signature of the message does not hold", 401)
    METHOD_NOT_ALLOWED = ("method_not_allowed", "Phương thức không được hỗ trợ cho đường dẫn này",
        "This path does not take this method", 405)
    REQUEST_TIMEOUT = "request_timeout", "Yêu cầu không đến kịp thời hạn", "The request did not arrive in time", 408
    UNSUPPORTED_MEDIA_TYPE = ("unsupported_media_type", "Kiểu nội dung không được hỗ trợ",
        "The body is not of a media type that is taken here", 415)
    EXPECTATION_FAILED = ("expectation_failed", "Không đáp ứng được yêu cầu trong tiêu đề Expect",
        "An expectation of the request cannot be met", 417)
    OVERLOADED = "overloaded", "Hệ thống kết nối đang quá tải", "The gateway is at its limit", 503
    SOURCE_UNAVAILABLE = (
        "source_unavailable", "Nguồn dữ liệu hiện không trả lời được", "The source does not answer now", 503)
    LOG_UNAVAILABLE = ("log_unavailable", "Không ghi được nhật ký giao dịch nên không trả dữ liệu",
        "The exchange log cannot be written, so nothing may leave", 503)
    LOG_NOT_SIGNED = ("log_not_signed",
        "Chưa ký được nhật ký giao dịch; người vận hành phải khắc phục thì mới nhận giao dịch mới",
        "The exchange log cannot be signed until its operator mends it, so no new exchange begins", 503)
    LOG_ROLLED_BACK = ("log_rolled_back",
        "Cơ sở dữ liệu nhật ký giao dịch đã quay về trạng thái cũ, thiếu bản ghi, nên không trả lời",
        "The exchange log's database went back and lacks records, so nothing is answered", 503)
    LOG_NOT_ANCHORED = ("log_not_anchored",
        "Nhật ký giao dịch quá lâu chưa được neo ra bên ngoài nên không nhận giao dịch mới",
        "The exchange log was not anchored outside for too long, so no new exchange begins", 503)
    LOG_ALTERED = ("log_altered", "Nhật ký giao dịch đã bị sửa trong cơ sở dữ liệu",
        "The exchange log was altered in its database", 500)
    ACCESS_UNAVAILABLE = ("access_unavailable",
        "Không kiểm tra được mã truy cập đã dùng hoặc đã thu hồi nên không cho truy cập",
        "Used proofs and revocations cannot be looked up, so no caller is admitted", 503)
    CONSENTS_UNAVAILABLE = ("consents_unavailable", "Hiện không kiểm tra được sự đồng ý của công dân",
        "Consents cannot be looked up just now", 503)
    PENDING_UNAVAILABLE = ("pending_unavailable",
        "Hiện không giữ được hoặc không tìm lại được kết quả chờ lấy hay chờ quyết định",
        "What is to be fetched or decided later cannot be kept or found just now", 503)
    CORRECTIONS_UNAVAILABLE = ("corrections_unavailable",
        "Hiện không ghi nhận hoặc tra cứu được yêu cầu chỉnh sửa; hãy gửi lại sau",
        "Reports of corrections cannot be kept or looked up now; send it again later", 503)
    RELAY_UNAVAILABLE = ("relay_unavailable", "Hiện không lưu hoặc tra cứu được hồ sơ; hãy gửi lại sau",
        "Dossiers cannot be stored or looked up now; send it again later", 503)
    LOGINS_UNAVAILABLE = ("logins_unavailable", "Hiện chưa đăng nhập được; hãy thử lại sau ít phút",
        "Logins are not possible now; try again in a few minutes", 503)
    FILES_UNAVAILABLE = ("files_unavailable", "Hiện không lưu hoặc không đọc được tệp",
        "Files cannot be stored or read now", 503)
    SCANNER_UNAVAILABLE = ("scanner_unavailable", "Hiện không quét được mã độc nên không nhận tệp",
        "Files cannot be scanned for malware now, so none is accepted", 503)
    KEY_UNAVAILABLE = ("key_unavailable", "Hiện không dùng được khóa mà hệ thống kết nối cần",
        "A key that the gateway needs cannot be used now", 503)

    # access: tokens, proofs of a key, digests
    INVALID_TOKEN = "invalid_token", "Mã truy cập không dùng được", "The access token cannot be used", 401
    TOKEN_EXPIRED = "token_expired", "Mã truy cập đã hết hạn", "The access token has expired", 401
    TOKEN_REVOKED = "token_revoked", "Mã truy cập đã bị thu hồi", "The access token was revoked", 401
    INVALID_DPOP_PROOF = (
        "invalid_dpop_proof", "Bằng chứng DPoP không hợp lệ", "The DPoP proof does not hold (RFC 9449)", 401)
    USE_DPOP_NONCE = ("use_dpop_nonce", "Bằng chứng DPoP cần nonce của hệ thống kết nối",
        "The DPoP proof needs a nonce of the gateway (RFC 9449)", 401)
    DIGEST_INVALID = (
        "digest_invalid", "Content-Digest không khớp với nội dung", "Content-Digest does not match the body", 400)

    # the form of a body, and codes of entries of `errors`
    DUPLICATE_MEMBER = (
        "duplicate_member", "Một đối tượng có thành phần bị lặp tên", "An object has the same member twice", 400)
    UNKNOWN_MEMBER = "unknown_member", "Không có thành phần này", "The member is not known", 400
    MISSING_MEMBER = "missing_member", "Còn thiếu một thành phần", "A member is missing", 400
    WRONG_TYPE = "wrong_type", "Kiểu giá trị không đúng", "The value is of another type", 400
    UNKNOWN_WORD = "unknown_word", "Giá trị không thuộc danh mục", "The word is not on its list", 400, 422
    VALUE_NOT_POSSIBLE = "value_not_possible", "Giá trị này không thể có", "The value is not possible", 422

    # dossiers and deliveries
    DOSSIER_UNKNOWN = "dossier_unknown", "Không có hồ sơ này", "There is no such dossier", 404
    DELIVERY_UNKNOWN = "delivery_unknown", "Không có lượt gửi này", "There is no such delivery", 404
    DOSSIER_CODE_TAKEN = ("dossier_code_taken", "Mã hồ sơ thuộc hệ thống khác",
        "The code of the dossier belongs to another system", 409)
    DOSSIER_UNIT_NOT_OWN = ("dossier_unit_not_own", "Mã hồ sơ có mã đơn vị không thuộc hệ thống gửi",
        "The unit in the code of the dossier is none of the requester's", 422)
    MESSAGE_NOT_WRITABLE = ("message_not_writable",
        "Nội dung thiếu hoặc sai so với mẫu của cổng tiếp nhận nên không bao giờ gửi được",
        "The receiving portal's form cannot say this message, so it could never be delivered", 422)
    REQUEST_UNDER_WAY = ("request_under_way", "Yêu cầu có cùng Idempotency-Key đang được xử lý",
        "A request with the same Idempotency-Key is under way", 409)
    DOSSIER_SENT = "dossier_sent", "Hồ sơ này đã được nộp", "This dossier was sent before", 409
    DOSSIER_UNDER_WAY = ("dossier_under_way", "Hồ sơ này đang được xử lý bởi một yêu cầu khác",
        "Another request about it is under way", 409)

    # a prefill, its people and its form
    PROCEDURE_UNKNOWN = "procedure_unknown", "Không có thủ tục này", "There is no such procedure", 404
    UNKNOWN_DATA_SERVICE = (
        "unknown_data_service", "Không có dịch vụ dữ liệu này", "There is no such data service", 404)
    DRAFT_NOT_READY = ("draft_not_ready", "Bản nháp của nguồn dữ liệu chưa mở được",
        "The draft of the source cannot be opened yet", 409)
    UNKNOWN_PROCEDURE = "unknown_procedure", "Không còn thủ tục này", "There is no such procedure any more", 404
    MISSING_ROLE = "missing_role", "Còn thiếu một vai trò của thủ tục", "A role of the procedure is missing", 422
    UNKNOWN_ROLE = "unknown_role", "Thủ tục không có vai trò này", "The procedure has no such role", 422
    WRONG_KIND = "wrong_kind", "Vai trò này nhận loại đối tượng khác", "The role takes another kind of subject", 422
    LIST_NOT_POSSIBLE = (
        "list_not_possible", "Vai trò này chỉ nhận một đối tượng", "The role takes one subject, not a list", 422)
    TOO_MANY_SUBJECTS = "too_many_subjects", "Quá nhiều đối tượng", "There are too many subjects", 422
    SAME_AS_LEADS_NOWHERE = (
        "same_as_leads_nowhere", "'same_as' không dẫn đến đối tượng nào", "`same_as` leads to no subject", 422)
    SAME_AS_LEADS_TO_LIST = (
        "same_as_leads_to_list", "'same_as' dẫn đến một danh sách", "`same_as` leads to a list", 422)
    IDENTIFIER_MISSING = "identifier_missing", "Cần ít nhất một số định danh", "An identifier is missing", 422
    BORN_LATER = "born_later", "Ngày sinh ở tương lai", "The birth date is in the future", 422
    IDENTITY_INCOMPLETE = ("identity_incomplete", "Cần đủ số định danh, họ tên và ngày sinh",
        "Number, name and birth date are needed together", 422)
    UNKNOWN_FIELD = "unknown_field", "Biểu mẫu không có trường này", "The form has no such field", 422
    DECLARED_TWICE = ("declared_twice", "Một trường vừa có trong 'known' vừa có trong 'held'",
        "A field is in `known` and in `held`", 422)
    OFFICIAL_MISSING = "official_missing", "Cần nêu cán bộ khai thác", "The official is missing", 422
    UNKNOWN_AGENCY = "unknown_agency", "Không có cơ quan này", "There is no such agency", 422
    ACCOUNT_DIFFERS = "account_differs", "Tài khoản là của người khác", "The account is another person's", 422
    LOGIN_DIFFERS = "login_differs", "Phiên đăng nhập là của người khác", "The login is another person's", 422
    LOGIN_NOT_PROVEN = "login_not_proven", "Không chứng minh được việc đăng nhập", "The login is not proven", 422
    UNKNOWN_REPRESENTATION = (
        "unknown_representation", "Không có loại đại diện này", "There is no such kind of representation", 422)
    UNKNOWN_PREDICATE = "unknown_predicate", "Không có điều kiện này", "There is no such predicate", 422
    ASKED_TWICE = "asked_twice", "Một điều kiện được hỏi hai lần", "A predicate is asked twice", 422
    PURPOSE_MISSING = "purpose_missing", "Cần nêu mục đích khai thác", "The purpose is missing", 422

    # answers that wait, and decisions of citizens
    PENDING_UNKNOWN = (
        "pending_unknown", "Không có gì chờ lấy hay chờ quyết định", "Nothing waits to be fetched or decided", 404)
    DECISION_UNKNOWN = "decision_unknown", "Không có quyết định nào", "There is no decision", 404
    DECISION_TAKEN = "decision_taken", "Đã có quyết định khác", "Another decision was taken", 409
    UNDECIDED = "undecided", "Công dân chưa quyết định", "The citizen has not decided", 422
    STILL_PENDING = "still_pending", "Vẫn còn nguồn dữ liệu chưa trả lời", "Some sources have not answered yet", 422
    UNKNOWN_EVIDENCE = (
        "unknown_evidence", "Câu trả lời không có dữ liệu chứng minh này", "The answer has no such evidence", 422)
    DECIDED_TWICE = (
        "decided_twice", "Một dữ liệu chứng minh được quyết định hai lần", "Evidence is decided twice", 422)

    # consents, requests of data subjects, corrections
    CONSENT_UNKNOWN = "consent_unknown", "Không có sự đồng ý này", "There is no such consent", 404
    CONSENT_DEFAULT = (
        "consent_default", "Sự đồng ý phải nêu đủ từng nội dung", "A consent has no default: each part is named", 422)
    NOT_YOURS = ("not_yours", "Chỉ được ghi nhận sự đồng ý cho hệ thống của mình",
        "A consent is recorded for the requester itself only", 422)
    NOT_AGREED = "not_agreed", "Không có thỏa thuận chia sẻ dữ liệu cho phép", "No agreement grants it", 422
    UNKNOWN_PURPOSE = "unknown_purpose", "Không có mục đích này", "There is no such purpose", 422
    UNKNOWN_REQUESTER = "unknown_requester", "Không có hệ thống khai thác này", "There is no such requester", 422
    UNKNOWN_LANGUAGE = "unknown_language", "Không có ngôn ngữ này", "There is no such language", 422
    UNKNOWN_SERVICE = "unknown_service", "Không có dịch vụ chia sẻ dữ liệu này", "There is no such data service", 422
    UNKNOWN_SOURCE = "unknown_source", "Không có nguồn dữ liệu này", "There is no such source", 422
    UNKNOWN_ATTRIBUTE = "unknown_attribute", "Không có trường dữ liệu này", "There is no such attribute", 422
    REQUEST_UNKNOWN = ("request_unknown", "Không có yêu cầu này của chủ thể dữ liệu",
        "There is no such request of a data subject", 404)
    REASON_MISSING = "reason_missing", "Cần nêu lý do", "The reason is missing", 422
    IDEMPOTENCY_KEY_REUSED = ("idempotency_key_reused", "Idempotency-Key đã dùng cho yêu cầu khác",
        "The Idempotency-Key was used for another request", 422)
    DATA_STILL_KEPT = "data_still_kept", "Dữ liệu vẫn còn được lưu", "The data are still kept", 409
    CORRECTION_UNKNOWN = (
        "correction_unknown", "Không có yêu cầu chỉnh sửa này", "There is no such report of a correction", 404)
    SHOWN_DIFFERS = (
        "shown_differs", "Giá trị khác với giá trị đã trả lời", "The value is not the one that was shown", 422)
    REPORT_UNREADABLE = "report_unreadable", "Không đọc được báo cáo", "The report cannot be read", 409
    PERIOD_KEYS_ERASED = (
        "period_keys_erased", "Khóa của tháng đó đã bị hủy", "The keys of that month were erased", 409, 422)

    # papers of the paper store, and kept ones
    PAPER_UNKNOWN = "paper_unknown", "Không có giấy tờ này", "There is no such paper", 404
    # files of dossiers
    FILE_UNKNOWN = "file_unknown", "Không có tệp này", "There is no such file", 404, 422
    FILE_KIND_NOT_ALLOWED = (
        "file_kind_not_allowed", "Không nhận loại tệp này", "Files of this kind are not accepted", 422)
    FILE_TYPE_DIFFERS = ("file_type_differs", "Loại tệp khai báo khác với nội dung tệp",
        "The declared type differs from the content of the file", 422)
    FILE_DAMAGED = "file_damaged", "Tệp bị hỏng hoặc không đầy đủ", "The file is damaged or incomplete", 422
    FILE_ENCRYPTED = "file_encrypted", "Tệp được mã hóa bằng mật khẩu", "The file is encrypted by a password", 422
    FILE_HOSTILE = "file_hostile", "Tệp có cấu trúc nguy hiểm", "The structure of the file is dangerous", 422
    FILE_INFECTED = "file_infected", "Tệp có mã độc", "The file has malware", 422

    # the exchange log and its auditors
    EXCHANGE_UNKNOWN = (
        "exchange_unknown", "Không có bản ghi nào của giao dịch này", "There is no record of this exchange", 404)
    RECORD_UNKNOWN = "record_unknown", "Không có bản ghi này", "There is no such record", 404
    LOG_EMPTY = "log_empty", "Nhật ký chưa có điểm kiểm tra nào", "The log has no checkpoint yet", 404
    SIZE_UNKNOWN = (
        "size_unknown", "Không có điểm kiểm tra ở kích thước này", "There is no checkpoint of this size", 404)
    CATALOGUE_UNKNOWN = "catalogue_unknown", "Không có danh mục này", "There is no such catalogue", 404
    CURSOR_WRONG = "cursor_wrong", "Con trỏ không thuộc tìm kiếm này", "The cursor belongs to another search", 400
    QUERY_WRONG = "query_wrong", "Tham số của đường dẫn không đúng", "The parameters of the query are wrong", 400
    RANGE_WRONG = "range_wrong", "Khoảng không đúng", "The range is wrong", 400
    SIZE_WRONG = "size_wrong", "Kích thước của nhật ký không đúng", "The size of the log is wrong", 400
    REPORT_WRONG = "report_wrong", "Báo cáo không nhận tham số này", "The report does not take this parameter", 400
    TOO_MANY_RECORDS = "too_many_records", "Quá nhiều bản ghi", "There are too many records", 400


class CommandCode(StrEnum):
    """Code of what only a command of the operator says; the API sends none of them."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str, en: str) -> Self:
        """A code with its words."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    CONFIG_ERROR = "config_error", "Cấu hình không dùng được", "The configuration cannot be used"
    ARCHIVE_CHANGED = "archive_changed", "Tệp lưu trữ đã bị sửa", "The archive was changed"
    ARCHIVE_HOT = (
        "archive_hot", "Tệp lưu trữ có bản ghi chưa hết thời gian giữ", "The archive has records of the hot period")
    ARCHIVE_MISSING = "archive_missing", "Thiếu tệp lưu trữ", "An archive is missing or cannot be read"
    ARCHIVE_UNSIGNED = "archive_unsigned", "Tệp lưu trữ chưa được ký", "The archive is not signed"
    ARCHIVE_WRONG = "archive_wrong", "Tệp lưu trữ không khớp với nhật ký", "The archive does not match the log"
    FOLDER_WRONG = "folder_wrong", "Không ghi được vào thư mục", "The folder cannot be written"
    KEY_UNUSED = "key_unused", "Khóa mới chưa ký điểm kiểm tra nào", "The new key has not signed anything yet"
    PERIOD_HOT = "period_hot", "Tháng này chưa hết thời gian giữ", "The month is in the hot period"
    PERIOD_RUNNING = "period_running", "Tháng này chưa kết thúc", "The month has not ended"
    PERIOD_UNKNOWN = "period_unknown", "Không có khóa của tháng này", "There are no keys of the month"
    PERIOD_WRONG = "period_wrong", "Tháng không đúng dạng", "The month is not written as one"
    REASON_WRONG = "reason_wrong", "Lý do không dùng được", "The reason cannot be used"


class TokenErrorCode(StrEnum):
    """`error` of the endpoints of tokens (RFC 6749, 5.2; RFC 9449, 5)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"


class AuthorizationErrorCode(StrEnum):
    """`error` of authorization responses (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6) and of PAR (RFC 9126).

    `invalid_request` and `invalid_scope` are also those of the token endpoint.
    """

    INVALID_REQUEST = "invalid_request"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    LOGIN_REQUIRED = "login_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"
    #: OpenID Connect Core Error Code unmet_authentication_requirements 1.0
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"


AnyCode = ProblemCode | RefusalReason | CommandCode | TokenErrorCode | AuthorizationErrorCode
