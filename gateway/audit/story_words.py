"""Words of the story of an exchange: what a record of each phase says happened, Vietnamese first, English beside it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.sentences import BothWords, Sentence


class StepWords(NamedTuple):
    """Title of a step, and what it says of itself."""

    title: BothWords
    text: BothWords


# the tables below are tables
# fmt: off
PHASES: Mapping[str, StepWords] = MappingProxyType({
    "intent": StepWords(("Ý định", "Intent"),
        ("Ghi bền trước khi hỏi bất kỳ nguồn nào.", "Made durable before any source was asked.")),
    "outcome": StepWords(("Dữ liệu rời cổng", "What left"),
        ("Nhật ký giữ tên trường và mã băm có khóa, không giữ giá trị.",
         "The log keeps names of fields and keyed hashes, no value.")),
    "refusal": StepWords(("Bị từ chối", "Refused"),
        ("Quy tắc không cho phép. Không có dữ liệu nào được trả.", "A rule did not allow it. No data were given.")),
    "abandoned": StepWords(("Bị bỏ dở", "Abandoned"),
        ("Cổng đóng giao dịch này vì nó dừng giữa chừng. Không có dữ liệu nào được trả.",
         "The gateway closed this exchange, which stopped half-way. No data were given.")),
    "delivery": StepWords(("Giao nhận", "Delivery"),
        ("Một thông điệp được nhận hoặc gửi.", "A message was taken in or sent.")),
    "login": StepWords(("Đăng nhập", "Sign-in"),
        ("Một bước đăng nhập của người dân.", "A step of a person's sign-in.")),
    "lookup": StepWords(("Xem nhật ký hoặc hồ sơ", "Look-up"),
        ("Có người xem bản ghi hoặc hồ sơ.", "Records or dossiers were looked at.")),
    "consent": StepWords(("Sự đồng ý", "Consent"),
        ("Một việc về sự đồng ý của chủ thể dữ liệu.", "An act about the consent of the person.")),
    "configuration": StepWords(("Cấu hình", "Configuration"),
        ("Cấu hình của cổng, hoặc khóa, thay đổi.", "The configuration or a key of the gateway changed.")),
    "pruning": StepWords(("Lưu trữ và hủy", "Keeping"),
        ("Bản ghi cũ được chuyển vào kho lưu trữ, hoặc khóa của một kỳ bị hủy.",
         "Old records went into an archive, or the keys of a month were destroyed.")),
})
#: a phase of another release
UNKNOWN_PHASE = StepWords(("Bản ghi khác", "Another record"),
    ("Bản này của cổng không biết loại bản ghi này.", "This release does not know this kind of record."))

CALLS = StepWords(("Hỏi các nguồn", "Asking the sources"), ("", ""))

#: after the words of `form_filing` where the exchange has no `form_filed` of the dossier
NOT_KNOWN_FILED = (
    " Không có bản ghi rằng biểu mẫu đã nộp xong: việc nộp bị từ chối, bị ngắt, hoặc đang chạy. Các bản ghi của hồ sơ"
    " cho biết hồ sơ có được nhận hay không.",
    " No record says that it was filed: this was refused, was interrupted, or still goes on. The records of the dossier"
    " say whether it was taken in.",
)

#: `operation` in the notes of a record without a `result` -> what happened
OPERATIONS: Mapping[str, BothWords] = MappingProxyType({
    "search": ("Tìm trong nhật ký.", "A search in the log."),
    "records": ("Mở các bản ghi của một giao dịch.", "The records of an exchange were opened."),
    "proof": ("Lấy bằng chứng của một giao dịch.", "The proof of an exchange was fetched."),
    "identify": ("Xem giao dịch là về ai, có nêu lý do.",
        "Who an exchange is about was shown, with a reason."),
    "export": ("Xuất bản ghi ra tệp.", "Records were exported to a file."),
    "count": ("Đếm bản ghi trước khi xuất.", "Records were counted before an export."),
    "compare": ("So sánh hai điểm kiểm tra.", "Two checkpoints were compared."),
    "report": ("Lập báo cáo từ nhật ký.", "A report was made from the log."),
    "configuration": ("Xem nội dung một cấu hình.", "The text of a configuration was looked at."),
    "usage": ("Người dân xem ai đã dùng dữ liệu của mình.", "A person saw who used their data."),
    "policy-diff": ("So sánh quy tắc mới với các giao dịch cũ.",
        "New rules were compared with former exchanges."),
    "explain": ("Xem vì sao được hoặc không được phép.", "Why it is allowed or not was looked up."),
    "attest": ("Kiểm tra biểu mẫu đã hoàn thành với dữ liệu đã trả.",
        "A finished form was compared with what left."),
    "corrections": ("Xem các yêu cầu chỉnh sửa.", "Requests for correction were looked up."),
    "consent_kept": ("Dữ liệu được lưu lại theo sự đồng ý.", "Data were kept by consent."),
    "revoke-requester": ("Một hệ thống khai thác bị thu hồi quyền.", "A requester was revoked."),
    "restore-requester": ("Một hệ thống khai thác được cấp lại quyền.", "A requester was restored."),
    "accept-rollback": ("Người vận hành chấp nhận nhật ký bị lùi.",
        "The operator accepted a log that went back."),
    "rotate-signing": ("Khóa ký nhật ký được đổi.", "The signing key of the log was changed."),
    "rotate-root": ("Khóa gốc được đổi.", "The root key was changed."),
    "rotate-token": ("Khóa của mã truy cập được đổi.", "The key of access tokens was changed."),
    "replace-token-keys": ("Mọi khóa của mã truy cập được thay.", "All keys of access tokens were replaced."),
    "rotate-document": ("Khóa ký văn bản được đổi.", "The key of signed documents was changed."),
    "erase-period": ("Khóa của một kỳ bị hủy: không ai mở được phần riêng tư của kỳ đó nữa.",
        "The keys of a month were destroyed: nobody can open its personal part again."),
    "prune": ("Bản ghi cũ được chuyển vào kho lưu trữ.", "Old records went into an archive."),
})

#: `result` of a record -> what happened; a refusal has a code of `RefusalReason` or `ProblemCode`
RESULTS: Mapping[str, BothWords] = MappingProxyType({
    "inbox_read": ("Hệ thống đọc hộp thư hồ sơ.", "A system read its inbox of dossiers."),
    "dossier_shown": ("Xem một hồ sơ.", "A dossier was shown."),
    "dossier_not_found": ("Tìm một hồ sơ và không thấy.", "A dossier was looked for and not found."),
    "dossiers_searched": ("Tìm hồ sơ.", "Dossiers were searched."),
    "status_shown": ("Xem trạng thái hồ sơ.", "The status of a dossier was shown."),
    "status_not_found": ("Tìm trạng thái hồ sơ và không thấy.", "The status of a dossier was not found."),
    "papers_listed": ("Xem giấy tờ của một người mà cổng đang giữ.",
        "A person's papers that are here were listed."),
    "passed_on": ("Câu hỏi được chuyển cho hệ thống khác.", "The question was passed on to another system."),
    "receiver_words_shown": ("Xem lời của hệ thống nhận.", "The receiver's words were shown."),
    "file_not_found": ("Tìm một tệp và không thấy.", "A file was looked for and not found."),
    "fetched": ("Câu trả lời đến muộn đã được lấy.", "A late answer was fetched."),
    "form_filing": ("Việc nộp biểu mẫu của giao dịch này thành hồ sơ bắt đầu.",
        "The filing of the form of this exchange as a dossier began."),
    "form_filed": ("Biểu mẫu của giao dịch này được nộp thành hồ sơ.",
        "The form of this exchange was filed as a dossier."),
    "file_stored": ("Một tệp được lưu.", "A file was stored."),
    "file_linked": ("Một tệp được gắn vào hồ sơ.", "A file was linked to a dossier."),
    "file_read": ("Một tệp được đọc.", "A file was read."),
    "paper_read": ("Một người tải giấy tờ của chính mình.", "A person downloaded a paper of their own."),
    "paper_fetched": ("Một giấy tờ được lấy từ kho.", "A paper was fetched from the store."),
    "dossier_stored": ("Hồ sơ được nhận.", "The dossier was taken in."),
    "dossier_updated": ("Hồ sơ được cập nhật.", "The dossier was updated."),
    "dossier_repeated": ("Hồ sơ được gửi lại, không có gì mới.", "The dossier came again, with nothing new."),
    "dossier_parked": ("Hồ sơ được giữ lại, chưa ai xử lý.", "The dossier was parked."),
    "dossier_refused": ("Hồ sơ không được nhận.", "The dossier was not taken."),
    "dossier_mended": ("Lượt gửi để sửa hồ sơ bị lệch được đưa vào hàng chờ.",
        "A delivery to mend a dossier that differs was queued."),
    "delivery_confirmed": ("Hệ thống nhận xác nhận đã nhận thông điệp.",
        "The receiver confirmed the message."),
    "delivery_unconfirmed": ("Thông điệp đã gửi, chưa được xác nhận.",
        "The message was sent and is not confirmed."),
    "delivery_replayed": ("Một thông điệp đã dừng được gửi lại.",
        "A message that was given up is sent again."),
    "delivery_dropped": ("Một thông điệp đã dừng được bỏ.", "A message that was given up was dropped."),
    "delivery_refused": ("Hệ thống nhận từ chối thông điệp.", "The receiver refused the message."),
    "delivery_not_sent": ("Thông điệp không được gửi đi.", "The message was not sent."),
    "delivery_unavailable": ("Hệ thống nhận không trả lời được.", "The receiver could not answer."),
    "inbox_acknowledged": ("Hệ thống xác nhận đã nhận.", "A system acknowledged what it received."),
    "reconciliation_begun": ("Bắt đầu đối soát.", "A reconciliation began."),
    "notice_completed": ("Thông báo đã gửi xong.", "A notice is complete."),
    "correction_opened": ("Yêu cầu chỉnh sửa được mở.", "A request for correction was opened."),
    "correction_repeated": ("Yêu cầu chỉnh sửa được gửi lại.", "A request for correction came again."),
    "correction_not_kept": ("Yêu cầu chỉnh sửa không lưu được.",
        "A request for correction could not be kept."),
    "correction_taken": ("Cơ quan nhận yêu cầu chỉnh sửa.", "The authority took the request for correction."),
    "correction_received": ("Cơ quan báo đã nhận yêu cầu chỉnh sửa.",
        "The authority received the request for correction."),
    "correction_corrected": ("Cơ quan đã chỉnh sửa dữ liệu.", "The authority corrected the data."),
    "correction_refused": ("Cơ quan từ chối chỉnh sửa.", "The authority refused the correction."),
    "correction_not_done": ("Một việc về yêu cầu chỉnh sửa không thực hiện được.",
        "An act about a request for correction was not done."),
    "given": ("Sự đồng ý được ghi nhận.", "A consent was recorded."),
    "withdrawn": ("Sự đồng ý được rút lại.", "A consent was withdrawn."),
    "withdrawal_repeated": ("Sự đồng ý đã rút được rút lần nữa.", "A withdrawn consent was withdrawn again."),
    "searched": ("Xem danh sách sự đồng ý.", "The list of consents was looked at."),
    "kept_shown": ("Xem dữ liệu đã lưu.", "Kept data were looked at."),
    "kept": ("Dữ liệu hoặc giấy tờ được lưu lại theo sự đồng ý.", "Data or a paper were kept by consent."),
    "decision": ("Công dân quyết định dùng hoặc không dùng dữ liệu.", "The citizen decided about the data."),
    "not_done": ("Không thực hiện được.", "It was not done."),
    "request_opened": ("Yêu cầu của chủ thể dữ liệu được mở.", "A request of a data subject was opened."),
    "request_repeated": ("Yêu cầu của chủ thể dữ liệu được gửi lại.",
        "A request of a data subject came again."),
    "requests_searched": ("Xem các yêu cầu của chủ thể dữ liệu.",
        "Requests of data subjects were looked at."),
    "request_acknowledged": ("Yêu cầu được xác nhận.", "The request was acknowledged."),
    "request_extended": ("Hạn trả lời được gia hạn.", "The time to answer was prolonged."),
    "request_answered": ("Yêu cầu được trả lời.", "The request was answered."),
    "request_refused": ("Yêu cầu bị từ chối.", "The request was refused."),
    "request_not_done": ("Yêu cầu không thực hiện được.", "The request was not done."),
    "login_done": ("Một người đăng nhập xong.", "A person signed in."),
    "login_refused": ("Một lần đăng nhập bị từ chối.", "A sign-in was refused."),
    "code_issued": ("Cổng cấp mã đăng nhập cho một hệ thống.", "A system was given a code of a sign-in."),
    "token_issued": ("Cổng cấp mã truy cập cho một hệ thống.", "A system was given tokens of a sign-in."),
    "token_renewed": ("Hệ thống được cấp lại mã truy cập.", "A system was given new tokens of a sign-in."),
    "claims_given": ("Thông tin về người đăng nhập được gửi cho một hệ thống.",
        "What a sign-in says of the person went to a system."),
    "mandate_proven": ("Quyền đại diện được chứng minh.", "A right to act was proven."),
    "logout": ("Một người đăng xuất.", "A person signed out."),
    "session_ended": ("Một phiên kết thúc.", "A session ended."),
    "logout_notified": ("Hệ thống được báo là người đó đã đăng xuất.",
        "A system was notified of the sign-out."),
    "logout_not_notified": ("Không báo được cho hệ thống là đã đăng xuất.",
        "A sign-out did not reach a system."),
    "start": ("Cổng khởi động với cấu hình này.", "The gateway started with this configuration."),
    "reload": ("Cấu hình mới có hiệu lực.", "A new configuration came into force."),
})

#: both -> what happened
EVENTS: Mapping[str, BothWords] = MappingProxyType({**OPERATIONS, **RESULTS})

#: outcome of a call -> its words, and how it looks (`state` of the pages)
OUTCOMES: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "": ("Chưa có kết quả", "No result yet", "wait"),
    "found": ("Có dữ liệu", "Found", "ok"),
    "not_found": ("Không có dữ liệu", "No data", "mute"),
    "no_match": ("Không khớp nhau", "Does not match", "doubt"),
    "skipped": ("Không hỏi", "Not asked", "mute"),
    "refused": ("Bị từ chối", "Refused", "stop"),
    "unavailable": ("Không trả lời được", "No answer", "wait"),
    "invalid": ("Không dùng được", "Unusable", "stop"),
    "unknown": ("Chưa biết", "Unknown", "wait"),
})

#: the same in the sentence, after the number of sources
OUTCOME_VERBS: Mapping[str, BothWords] = MappingProxyType({
    "found": ("có dữ liệu", "had data"),
    "not_found": ("không có dữ liệu", "had none"),
    "no_match": ("không xác định được đúng người, đúng đối tượng được hỏi",
        "could not identify the person or object asked about"),
    "refused": ("từ chối", "refused"),
    "unavailable": ("không trả lời được", "could not answer"),
    "invalid": ("trả lời không dùng được", "gave an answer that cannot be used"),
    "unknown": ("chưa rõ trả lời gì", "may or may not have answered"),
})

#: the same of sources that the intent names and nobody asked
NOT_ASKED = "không được hỏi"

#: condition of an agreement, behind its colon or alone in a rule -> words
CONDITIONS: Mapping[str, BothWords] = MappingProxyType({
    "agreement": ("Thỏa thuận", "Agreement"),
    "consent": ("Sự đồng ý", "Consent"),
    "representation": ("Quyền đại diện", "Right to act"),
    "predicate": ("Câu hỏi được thỏa thuận", "Agreed question"),
    "quota": ("Hạn mức", "Quota"),
    "purpose": ("Mục đích", "Purpose"),
    "dossier": ("Điều kiện về hồ sơ", "Condition on the dossier"),
    "dossier_code": ("Mã hồ sơ", "Code of the dossier"),
    "login": ("Điều kiện về người đăng nhập", "Condition on who signed in"),
    "mandate": ("Quyền đại diện phải được chứng minh", "The right to act must be proven"),
})

#: note of a record -> its words
NOTES: Mapping[str, BothWords] = MappingProxyType({
    "staff": ("Tài khoản cán bộ", "Account of the official"),
    "reason": ("Lý do đã ghi", "Recorded reason"),
    "of": ("Giao dịch được xem", "Exchange looked at"),
    "configuration": ("Cấu hình được xem", "Configuration looked at"),
    "filters": ("Điều kiện tìm", "Filters"),
    "further": ("Trang sau của một lần tìm", "A further page of a search"),
    "report": ("Báo cáo", "Report"),
    "since": ("Từ", "From"),
    "until": ("Đến", "To"),
    "format": ("Định dạng", "Form"),
    "first": ("Từ vị trí", "From index"),
    "end": ("Đến trước vị trí", "To before index"),
    "older": ("Điểm cũ", "Older checkpoint"),
    "newer": ("Điểm mới", "Newer checkpoint"),
    "late": ("Trả lời đến sau", "A late answer"),
    "representation": ("Quyền đại diện", "Right to act"),
    "proof_of": ("Chứng minh cho giao dịch", "Proof for the exchange"),
    "proven": ("Đã chứng minh", "Proven"),
    "proven_by": ("Chứng minh bằng", "Proven by"),
    "consent": ("Sự đồng ý", "Consent"),
    "delivery": ("Lượt gửi", "Delivery"),
    "digest": ("Mã băm của tệp", "Hash of the file"),
    "paper": ("Giấy tờ", "Paper"),
    "kind": ("Loại", "Kind"),
    "outcome": ("Kết quả", "Outcome"),
    "detail": ("Chi tiết", "Detail"),
    "client": ("Hệ thống đăng nhập", "System that signs in"),
    "provider": ("Nơi xác thực", "Identity provider"),
    "level": ("Mức độ xác thực", "Assurance level"),
    "period": ("Kỳ", "Month"),
    "archives": ("Kho lưu trữ", "Archives"),
    "count": ("Số bản ghi", "Records"),
    "name": ("Tên", "Name"),
    "former": ("Trước đó", "Former"),
    "before": ("Cấu hình trước đó", "Former configuration"),
    "gateway": ("Phiên bản của cổng", "Release of the gateway"),
    "settings": ("Thiết lập", "Settings"),
    "agencies": ("Cơ quan", "Agencies"),
    "communes": ("Xã, phường", "Communes"),
    "purposes": ("Mục đích", "Purposes"),
    "refusal_grounds": ("Căn cứ từ chối", "Grounds of refusals"),
    "published_scopes": ("Phạm vi công bố", "Published scopes"),
    "consents": ("Sự đồng ý", "Consents"),
    "holidays": ("Ngày nghỉ", "Holidays"),
    "agreements": ("Thỏa thuận", "Agreements"),
    "requesters": ("Hệ thống khai thác", "Requesters"),
    "sources": ("Nguồn", "Sources"),
    "portals": ("Cổng dịch vụ công", "Portals"),
    "accepted": ("Dữ liệu được dùng", "Data that the citizen uses"),
    "refused": ("Dữ liệu không được dùng", "Data that the citizen refused"),
    "emptied": ("Trường để trống vì không dùng", "Fields emptied by the refusal"),
    "erased": ("Dữ liệu lưu được xóa", "Kept data erased"),
    "doubtful": ("Trường cần kiểm tra lại", "Fields in doubt"),
    "named_in": ("Số của người khác nằm trong dữ liệu", "Numbers of other people are in the data"),
    "of_another": ("Đứng tên người khác, dữ liệu không được dùng", "In another's name, its data are not used"),
    "unrepresented": ("Không hỏi về người chưa rõ ai đại diện", "Nobody acts for them, nothing is asked about them"),
    "withheld": ("Không được trả", "Withheld"),
    "left_out": ("Dữ liệu không hỏi, vì chưa rõ ai đại diện", "Data not asked for: nothing shows who acts for them"),
    "left_out_by": ("Không hỏi theo quy tắc", "Not asked by the rule"),
    "unsure": ("Không rõ sự đồng ý", "Consent unknown"),
    "account_level": ("Mức của tài khoản", "Level of the account"),
    "login": ("Nơi xác thực", "Identity provider"),
    "preview": ("Chờ công dân quyết định", "Waits for the citizen's decision"),
    "waits": ("Chờ nguồn trả lời muộn", "Waits for late answers"),
    "passport": ("Câu trả lời có ký", "Signed answer"),
    "instead_of": ("Thay cho bản ghi", "In place of the record"),
    "fetched": ("Lấy câu trả lời của bản ghi", "Fetched the answer of the record"),
    "attested": ("Đối chiếu với giao dịch", "Compared with the exchange"),
    "filed_in": ("Nộp ở giao dịch", "Filed in the exchange"),
    "mandate": ("Quyền đại diện đã chứng minh", "Proven right to act"),
    "mandate_checked": ("Văn bản đã kiểm tra", "Document checked"),
    "represented": ("Người được đại diện", "Represented person"),
    "proof": ("Chứng minh ở giao dịch", "Proof in the exchange"),
    "predicates": ("Câu hỏi có hoặc không", "Yes-or-no questions"),
    "values": ("Thử nguồn dữ liệu, giá trị", "Trial of a source, its values"),
    "alert": ("Báo động", "Alarm"),
    "seconds": ("Trong số giây", "Within seconds"),
    "correction": ("Yêu cầu chỉnh sửa", "Request for correction"),
    "source": ("Nguồn", "Source"),
    "attribute": ("Trường dữ liệu", "Attribute"),
    "why": ("Vì sao báo sai", "Why it is reported"),
    "shown_in": ("Giá trị đã hiện ở giao dịch", "Exchange that showed the value"),
    "class": ("Sai lệch", "Difference"),
    "remedy": ("Cách xử lý", "What mends it"),
    "run": ("Lần đối soát", "Reconciliation"),
    "mappings": ("Ánh xạ", "Mappings"),
    "schemas": ("Lược đồ", "Schemas"),
    "bound": ("Phiên được giữ bằng", "Session held by"),
    "channel": ("Cách đồng ý", "Channel"),
    "holder": ("Hệ thống được đồng ý", "System that may use them"),
    "text_version": ("Bản văn đã đọc", "Version of the text"),
    "attributes": ("Trường dữ liệu", "Attributes"),
    "request": ("Yêu cầu", "Request"),
    "undone": ("Việc không thực hiện được", "What was not done"),
    "version": ("Lần thay đổi của hồ sơ", "Version of the dossier"),
    "status": ("Trạng thái hồ sơ", "Status of the dossier"),
    "origin": ("Từ", "From"),
    "steps": ("Số bước", "Steps"),
    "parked": ("Vì sao giữ lại", "Why it is parked"),
    "deliveries": ("Gửi tới", "Sent to"),
    "target": ("Nơi nhận", "Receiver"),
    "by": ("Do", "By"),
    "state": ("Trạng thái gửi", "State of the delivery"),
    "attempt": ("Lần thử", "Attempt"),
    "size": ("Số byte", "Bytes"),
    "items": ("Số mục", "Items"),
    "answered": ("Số câu trả lời", "Answers"),
    "shown": ("Số giấy tờ đã hiện", "Papers shown"),
    "offered": ("Số giấy tờ dùng lại được", "Papers that can be used again"),
    "search": ("Lần tìm", "Search"),
    "unchanged": ("Mục như đã điền sẵn", "Fields as filled"),
    "source_changed": ("Mục mà nguồn đã đổi", "Fields that the source changed"),
    "corrected_by_citizen": ("Mục người nộp đã sửa", "Fields that the citizen changed"),
    "not_editable_changed": ("Mục đã khóa bị sửa", "Locked fields that were changed"),
    "unknown_field": ("Mục người nộp tự nhập", "Fields that the citizen typed"),
    "cannot_tell": ("Mục không so được", "Fields that cannot be compared"),
})

#: values of notes that are codes -> words; those of one note are under its name
NOTE_VALUES: Mapping[str, Mapping[str, BothWords]] = MappingProxyType({
    "": {
        "unknown": ("không rõ", "unknown"),
        "yes": ("có", "yes"),
        "no": ("không", "no"),
    },
    "bound": {
        "cookie": ("cookie của trình duyệt", "a cookie of the browser"),
        "proof": ("bằng chứng trong thẻ của trình duyệt", "a proof in the tab of the browser"),
    },
    "values": {
        "masked": ("được che", "were masked"),
        "shown": ("được hiện", "were shown"),
        "withheld": ("không được hiện, vì có thể là của người khác", "were withheld: they may be another person's"),
    },
    "channel": {
        "portal": ("trên cổng dịch vụ công", "at its portal"),
        "app": ("trên ứng dụng di động", "in its app"),
        "counter": ("tại quầy một cửa", "at a counter"),
        "paper": ("bằng văn bản giấy", "on paper"),
    },
    # why a sign-in was refused, by the part of it that did not fit
    "detail": {
        "target": ("trang để quay lại không đọc được", "the page to return to cannot be read"),
        "authorization": ("yêu cầu đăng nhập đã quá hạn", "the request to sign in was too old"),
        "state": ("lượt đăng nhập không có ở đây", "a sign-in that is not known here"),
        "mix_up": ("câu trả lời của nơi xác thực khác", "an answer of another identity provider"),
        "proof_elsewhere": ("bằng chứng không đến từ trang của cổng này", "a proof that no page of this gateway sent"),
        "no_provider": ("không có nơi xác thực nào", "there is no identity provider"),
        "provider": ("nơi xác thực không có ở đây", "an identity provider that is not known here"),
        "replayed": ("lời báo đăng xuất đã dùng rồi", "a notice of a logout that was used before"),
        "kind_citizen": ("tài khoản công dân", "an account of a citizen"),
        "kind_business": ("tài khoản doanh nghiệp", "an account of an enterprise"),
        "kind_organisation": ("tài khoản tổ chức", "an account of an organisation"),
        "kind_staff": ("tài khoản cán bộ", "an account of an official"),
    },
    "state": {
        "queued": ("chờ gửi", "waits for its turn"),
        "unconfirmed": ("chưa được xác nhận", "not confirmed"),
        "dead": ("đã dừng gửi", "given up"),
        "delivered": ("đã gửi xong", "delivered"),
    },
    "why": {
        "citizen_corrects": ("người dân cho là giá trị sai", "the citizen says that the value is wrong"),
        "sources_differ": ("các nguồn nói khác nhau", "sources differ"),
    },
    "class": {
        "missing_there": ("hệ thống nhận không có hồ sơ", "the receiver lacks the dossier"),
        "missing_here": ("cổng này không có hồ sơ", "this gateway lacks the dossier"),
        "status_behind_there": ("trạng thái ở hệ thống nhận chậm hơn", "the status at the receiver is behind"),
        "status_behind_here": ("trạng thái ở cổng này chậm hơn", "the status here is behind"),
        "fields_differ": ("nội dung khác nhau", "the content differs"),
        "unconfirmed": ("còn thông điệp chưa được xác nhận", "a message is not confirmed yet"),
    },
    "remedy": {
        "send": ("gửi lại hồ sơ và tiến độ", "the dossier and its progress are sent again"),
        "replay": ("gửi lại thông điệp đã dừng", "the message that was given up is sent again"),
    },
    "origin": {"province": ("hệ thống của tỉnh", "a system of the province")},
})

#: level of an account or a login -> words
LEVELS: Mapping[str, Sentence] = MappingProxyType({
    "0": say.LEVEL_0, "1": say.LEVEL_1, "2": say.LEVEL_2, "3": say.LEVEL_3,
})

NUMBERS_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười")
NUMBERS_EN = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# fmt: on
