"""Consents, what people keep, requests of data subjects, papers of the paper store and kept ones."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

# --- consents, what people keep, requests of data subjects

CONSENT_LATE = Sentence(
    "không kịp kiểm tra sự đồng ý còn hiệu lực hay không", "the consent could not be looked up in time")
NO_CONSENTS_HERE = Sentence("tiến trình này không lưu sự đồng ý", "this process keeps no consents")
KEEP_WITH_CONSENT = Sentence("/consent: `keep` và `consent` đi cùng nhau: không lưu gì khi chưa có sự đồng ý",
    "/consent: `keep` and `consent` go together: nothing is kept without consent")
CITIZEN_HAS_NO_SUCH_CONSENT = Sentence("ông/bà không có sự đồng ý này", "you have no such consent")
CITIZEN_HAS_NO_SUCH_PAPER = Sentence("ông/bà không có giấy tờ này ở cổng này", "you have no such paper here")
NO_SUCH_CONSENT = Sentence("hệ thống khai thác không có sự đồng ý này", "you have no such consent")
NO_SUCH_PURPOSE = Sentence(
    "không có mục đích này trong config/purposes.yaml", "there is no such purpose in config/purposes.yaml")
NO_SUCH_REQUESTER = Sentence("không có hệ thống khai thác này", "there is no such requester")
CONSENT_LANGUAGE = Sentence(
    "không có văn bản đồng ý bằng ngôn ngữ này: nêu ngôn ngữ mà ông/bà đã đọc, trong {languages}",
    "there is no text in this language: name the one that was read, of {languages}")
CONSENT_EXPIRY = Sentence("phải là thời điểm trong tương lai, không quá {longest} ngày kể từ hôm nay",
    "must be in the future, at most {longest} days from now")
CONSENT_DEFAULT = Sentence(
    "không có giá trị mặc định: phải do chính ông/bà cho biết",
    "there is no default: the citizen must have chosen it",
)
CONSENT_SERVICE = Sentence("có dịch vụ chia sẻ dữ liệu không tồn tại", "names an unknown data service")
CONSENT_ATTRIBUTE = Sentence(
    "với {service}: nêu từng trường dữ liệu mà dịch vụ có", "name attributes of {service}, each by its name")
CONSENT_NOT_AGREED = Sentence(
    "không có thỏa thuận nào cho hệ thống khai thác {attributes} của {service} với mục đích này: hãy bỏ ra",
    "no agreement of the requester grants {attributes} of {service} for this purpose: leave it out")
CONSENT_FOR_OTHERS = Sentence("chỉ trang dành cho công dân được ghi nhận sự đồng ý cho hệ thống khác",
    "only a citizens' page takes consents for other requesters")
KEEPING_NOT_CONSENTED = Sentence(
    "theo mã này không có sự đồng ý lưu ({purpose}) còn hiệu lực của người có tên trong biểu mẫu",
    "this id is no valid consent of the person in this form to keep it ({purpose})")
NOT_KEPT = Sentence("không thuộc dữ liệu được lưu", "is not an attribute that is kept")
KEPT_TOO_LONG = Sentence("quá dài, hơn {longest} ký tự", "is too long, more than {longest} characters: {written}")
KEPT_HIDDEN = Sentence("có ký tự ẩn (xuống dòng, đổi chiều viết): hãy nhập lại",
    "has invisible characters (line breaks, changes of the direction of writing): write it again")
KEPT_FORM = Sentence("không lưu được theo cách viết này; xem cách viết trong lược đồ của trường dữ liệu",
    "cannot be kept as it is written: {written}")
NOT_DECIDED = Sentence(
    "ông/bà chưa quyết định về dữ liệu đã xem trước", "the citizen has not decided about the preview")
NO_SUCH_SUBJECT_REQUEST = Sentence("hệ thống khai thác không có yêu cầu này", "you have no such request")
SUBJECT_REQUEST_UNREAD = Sentence("hiện không đọc được yêu cầu theo khóa này",
    "the request under this key cannot be read now")
KEY_REUSED = Sentence("Idempotency-Key này đã dùng cho yêu cầu khác; yêu cầu mới phải có khóa mới",
    "another request used this Idempotency-Key; send a new key with a new request")
KEY_FORM = Sentence("Idempotency-Key: gửi một lần, 1 đến 255 ký tự ASCII in được",
    "Idempotency-Key: send it once, 1 to 255 printable ASCII characters")
STILL_KEPT = Sentence(
    "dữ liệu ông/bà tự khai còn được lưu theo một sự đồng ý: rút lại sự đồng ý trước"
    " (POST /v1/consents/search với người đó, rồi /v1/consents/withdraw)",
    "own data of the person are still kept under a consent: withdraw it first"
    " (POST /v1/consents/search with the person, then /v1/consents/withdraw)",
)
SUBJECT_REQUEST_IS = Sentence("yêu cầu đã ở trạng thái {state}", "it is already {state}")
SUBJECT_REQUEST_ACKNOWLEDGED = Sentence("yêu cầu đã được xác nhận tiếp nhận", "it is already acknowledged")
SUBJECT_REQUEST_EXTENDED = Sentence(
    "yêu cầu đã được gia hạn, và chỉ được gia hạn một lần", "it was already extended; one extension is permitted")
SUBJECT_REQUEST_CHANGED = Sentence("có người khác vừa thay đổi yêu cầu này", "a concurrent request changed it")
SAY_WHY = Sentence("cần nêu lý do", "give a reason")

# --- papers of the paper store, and kept ones

NO_SUCH_RESULT = Sentence(
    "thủ tục {procedure} không nhận kết quả này thay giấy tờ; các mã được nhận: {codes}",
    "{procedure} takes no paper with this result code; it takes: {codes}")
NO_SUCH_OWNER = Sentence("thủ tục {procedure} không có vai trò này", "{procedure} has no such role")
NO_SUCH_COMPONENT = Sentence(
    "thủ tục {procedure} không có thành phần hồ sơ này; có: {known}",
    "{procedure} has no such component; it has: {known}")
OBJECT_MISSING = Sentence(
    "giấy tờ này nói về một đối tượng (thửa đất, xe, người khác): nêu đối tượng đó trong 'object'",
    "this paper is about something (a parcel, a vehicle, another person): name it in `object`")
PAPER_OVER = Sentence("giấy tờ đã hết hiệu lực", "the paper is not in force any more")
NOT_OWN_DOSSIER = Sentence("không có hồ sơ này trong các hồ sơ của hệ thống gửi yêu cầu",
    "there is no such dossier among those of the requester")
NO_SUCH_DOSSIER_OF_PERSON = Sentence(
    "hệ thống khai thác không có hồ sơ này của người này", "you have no such dossier of this person")
PAPER_NOT_GIVEN = Sentence(
    "kho giấy tờ không trao tệp của giấy tờ này: tra cứu lại sau, hoặc nhận giấy tờ từ công dân",
    "the paper store does not give the file of this paper: search again later, or take the paper from the citizen")
PAPER_UNUSABLE = Sentence(
    "tệp mà kho giấy tờ trao không dùng được (hỏng, quá lớn hoặc sai định dạng): nhận giấy tờ từ công dân",
    "the file that the paper store gives cannot be used (damaged, too large, another kind): "
    "take the paper from the citizen")
PAPER_STORE_SILENT = Sentence(
    "kho giấy tờ hiện không trả lời: thử lại sau ít phút bằng cùng mã tham chiếu",
    "the paper store does not answer now: try again in some minutes with the same reference")
STORE_NOT_ASKED = Sentence(
    "trang này không được hỏi kho giấy tờ: chưa có thỏa thuận, hoặc tài khoản không phải của cá nhân có đủ họ tên, "
    "ngày sinh và số định danh ở mức độ 2",
    "this page may not ask the paper store: no agreement allows it, or the account is not that of a person with name, "
    "birth date and personal number at level 2")
NO_SUCH_PAPER = Sentence(
    "không có giấy tờ theo mã tham chiếu này: mã hết hạn sau ít phút, chỉ dùng cho hệ thống và hồ sơ đã tra cứu; "
    "hãy tra cứu lại",
    "there is no paper under this reference: it lasts some minutes, for the requester and the dossier of its search; "
    "search again")
