"""The closed list of reason codes with their words for people, Vietnamese first."""

from gateway.domain.evidence import Reason

#: code -> (Vietnamese, English)
TITLES: dict[Reason, tuple[str, str]] = {
    Reason.SOURCE_TIMEOUT: ("Nguồn dữ liệu không trả lời kịp", "The source did not answer in time"),
    Reason.SOURCE_UNREACHABLE: ("Không kết nối được nguồn dữ liệu", "The source cannot be reached"),
    Reason.SOURCE_BUSY: ("Nguồn dữ liệu đang bận", "The source is busy"),
    Reason.SOURCE_REFUSED: ("Nguồn dữ liệu từ chối", "The source refused"),
    Reason.SOURCE_ANSWER_INVALID: (
        "Câu trả lời của nguồn dữ liệu không dùng được",
        "The source's answer cannot be used",
    ),
    Reason.SOURCE_ANSWER_OTHER_PERSON: (
        "Nguồn dữ liệu trả lời về người khác",
        "The source answered about somebody else",
    ),
    Reason.BREAKER_OPEN: (
        "Nguồn dữ liệu tạm ngắt vì lỗi liên tiếp",
        "The source is paused after repeated failures",
    ),
    Reason.DEADLINE_REACHED: ("Hết thời hạn của yêu cầu", "The deadline of the request was reached"),
    Reason.NOT_AGREED: ("Không có thỏa thuận chia sẻ dữ liệu cho phép", "No agreement grants it"),
    Reason.PURPOSE_NOT_ALLOWED: ("Mục đích khai thác không được phép", "The purpose is not allowed"),
    Reason.SCOPE_NOT_PUBLISHED: (
        "Dữ liệu chưa được công bố để thay giấy tờ",
        "The data are not published as a replacement of papers",
    ),
    Reason.CONSENT_MISSING: ("Chưa có sự đồng ý", "Consent is missing"),
    Reason.CONSENTS_UNAVAILABLE: (
        "Hiện không kiểm tra được sự đồng ý",
        "Whether consent holds cannot be told just now",
    ),
    Reason.NO_SUCH_PERSON: ("Nguồn dữ liệu không có người này", "The source has no such person"),
    Reason.DATA_DO_NOT_MATCH: (
        "Số định danh, họ tên, ngày sinh không thống nhất",
        "Number, name and date of birth do not belong together",
    ),
    Reason.VALUE_BLANK: ("Nguồn dữ liệu không có giá trị này", "The source holds no value"),
    Reason.VALUE_INVALID: (
        "Giá trị của nguồn dữ liệu không đúng quy cách",
        "The source's value is not of the form that it should have",
    ),
    Reason.CODE_UNKNOWN: ("Mã không có trong danh mục", "The code is not in the code list"),
    Reason.ADDRESS_NEEDS_CONFIRMATION: ("Địa chỉ cần được xác nhận", "The address needs confirmation"),
    Reason.SOURCES_DIFFER: ("Dữ liệu giữa các nguồn không thống nhất", "The sources differ"),
    Reason.SEVERAL_RECORDS: (
        "Nguồn dữ liệu có nhiều bản ghi phù hợp: đề nghị chọn",
        "The source has several records that may be meant: choose one",
    ),
    Reason.CONDITION_FALSE: ("Điều kiện không được đáp ứng", "The condition does not hold"),
    Reason.CONDITION_UNKNOWN: ("Chưa đủ dữ liệu để xác định điều kiện", "The condition cannot be decided"),
    Reason.OBJECT_DIFFERS: (
        "Dữ liệu nói về đối tượng khác với hồ sơ",
        "The data are about another object than the one of the dossier",
    ),
    Reason.NOT_IN_FORCE: ("Không có hiệu lực vào ngày nộp hồ sơ", "It is not in force on the day of filing"),
    Reason.CONCLUSION_DIFFERS: (
        "Kết luận trong dữ liệu không đáp ứng yêu cầu của giấy tờ",
        "The data do not conclude what the paper would",
    ),
    Reason.MINOR_WITHOUT_REPRESENTATIVE: (
        "Người chưa thành niên cần người đại diện",
        "A minor needs a representative",
    ),
    Reason.EVIDENCE_REFUSED: ("Ông/bà không đồng ý khai thác dữ liệu này", "The citizen refused these data"),
    Reason.QUOTA_EXCEEDED: ("Đã hết số lượt khai thác theo thỏa thuận", "More was asked than is agreed"),
}
