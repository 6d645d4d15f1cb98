"""Policy: agreements, purposes, scopes, limits."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

NOT_ITS_OFFICIAL = Sentence("hệ thống khai thác không được nêu tên cán bộ của cơ quan này",
    "the requester may not name officials of this agency")
NO_AGREEMENT = Sentence("không có thỏa thuận chia sẻ dữ liệu nào của hệ thống khai thác cho thủ tục và mục đích này",
    "no agreement of this requester covers this procedure and purpose")
AGREEMENT_BEGINS = Sentence(
    "thỏa thuận {agreement} có hiệu lực từ ngày {day}", "the agreement {agreement} begins on {day}")
AGREEMENT_ENDED = Sentence(
    "thỏa thuận {agreement} có hiệu lực đến hết ngày {day}", "the agreement {agreement} ended on {day}")
PURPOSE_UNKNOWN = Sentence("không có mục đích này", "there is no such purpose")
PURPOSE_NOT_OF_PROCEDURE = Sentence(
    "mục đích {purpose} không thuộc thủ tục {procedure}: hãy bỏ purpose để dùng mục đích của thủ tục",
    "the purpose {purpose} is not that of procedure {procedure}: leave `purpose` out to use its own")
SERVICE_NOT_AGREED = Sentence(
    "không có thỏa thuận nào của hệ thống khai thác cho hỏi dịch vụ dữ liệu {service}",
    "no agreement of this requester grants the data service {service}")
TRIAL_OF_DRAFT = Sentence("dịch vụ dữ liệu {service} còn là bản nháp: chỉ thử được ở môi trường thử nghiệm",
    "the data service {service} is a draft: it can be tried in the sandbox profile only")
TRIAL_NAMES_OFFICIAL = Sentence("hãy nêu cán bộ thử nguồn dữ liệu trong `official`",
    "name the official who tries the source in `official`")
PREDICATE_NOT_AGREED = Sentence(
    "không có thỏa thuận nào của hệ thống khai thác cho hỏi điều kiện {predicate} với mục đích này",
    "no agreement of this requester grants the predicate {predicate} for this purpose")
AGENCY_DISSOLVED = Sentence("cơ quan {agency} đã giải thể: cán bộ của cơ quan chỉ làm nhiệm vụ đến hết ngày {last}",
    "agency {agency} was dissolved: its officials acted until {last}")
AGREED_HOURS = Sentence("thỏa thuận chỉ áp dụng {hours} giờ Việt Nam, các ngày {days}",
    "the agreement is valid {hours} in Việt Nam on {days}")
WHOLE_DAY = Sentence("cả ngày theo", "the whole day")
AGREED_AGENCY = Sentence(
    "thỏa thuận không áp dụng cho cơ quan của cán bộ này",
    "the agreement is not valid for the agency of the official",
)
AGREED_OFFICIAL = Sentence("thỏa thuận yêu cầu nêu đúng cán bộ khai thác, không dùng cán bộ trực thay",
    "the agreement requires a named official; the duty official does not count")
AGREED_NUMBER = Sentence("chưa có thỏa thuận cho phép hỏi về người không có số định danh",
    "no agreement allows questions about a person without a number")
AGREED_RELATIONS = Sentence(
    "thỏa thuận chỉ áp dụng cho các quan hệ {relations}", "the agreement is valid for {relations} only")
AGREED_ACCOUNT = Sentence(
    "thỏa thuận yêu cầu cho biết ai đã đăng nhập", "the agreement requires the account that signed in")
AGREED_LEVEL = Sentence("thỏa thuận yêu cầu tài khoản đã xác định rõ chủ tài khoản: {levels}",
    "the agreement requires an account at one of the levels: {levels}")
AGREED_SIGNED = Sentence(
    "thỏa thuận chỉ áp dụng cho yêu cầu có chữ ký số", "the agreement is valid for signed requests only")
AGREED_MANDATE = Sentence("người đại diện phải nêu văn bản ủy quyền",
    "a person who acts for another must name the document that allows it")
AGREED_REPRESENTATIVE = Sentence(
    "thỏa thuận yêu cầu nêu ai đại diện cho ai, và nguồn dữ liệu phải chứng minh việc đại diện đó",
    "the agreement requires the representative of each person, proven by a source")
LOGIN_OF_STRANGER = Sentence(
    "người đăng nhập không đại diện cho người có trong yêu cầu: {roles}",
    "the person who signed in does not act for a person of the request: {roles}")
CHANGE_THE_PEOPLE = Sentence(
    "{why}. Nếu ghi nhầm người, đề nghị ông/bà chọn “Sửa những người trong hồ sơ” ở đầu trang.",
    "{why}. If that is the wrong person, choose “Change the people” at the top of the page.")
REPRESENTATION_NOT_AGREED = Sentence(
    "không có thỏa thuận nào của hệ thống khai thác cho phép loại đại diện nêu trong yêu cầu",
    "no agreement of this requester allows the kind of representation that the request names")
NOT_BY_REPRESENTATIVE = Sentence(
    "không ai được nộp thay thủ tục này với tư cách đại diện loại {kind}; không dữ liệu nào được hỏi",
    "this procedure cannot be filed by a representative ({kind}); no source was asked")
REPRESENTATION_NOT_PROVEN = Sentence(
    "nguồn dữ liệu không xác nhận tư cách đại diện ({kind}); không dữ liệu nào khác được hỏi",
    "no source confirms the representation ({kind}); nothing else was asked")
REPRESENTATION_UNDECIDED = Sentence(
    "hiện không nguồn dữ liệu nào cho biết có đúng tư cách đại diện hay không ({kind}); không hỏi dữ liệu nào khác",
    "no source can confirm or deny the representation now ({kind}); nothing else was asked")
REPRESENTATION_ACCOUNT = Sentence(
    "tài khoản đăng nhập không nêu mã số của tổ chức được đại diện ({kind}); không nguồn dữ liệu nào được hỏi",
    "the account that signed in does not claim the code of the represented organisation ({kind}); no source was asked")
MANDATE_OVER = Sentence("văn bản ủy quyền đã hết hiệu lực", "the mandate has expired")
AGREED_DOSSIER = Sentence("chỉ cung cấp dữ liệu khi có hồ sơ", "data are given only for a dossier")
AGREED_DOSSIER_SHAPE = Sentence("thỏa thuận chỉ áp dụng cho mã hồ sơ viết theo dạng {shape}",
    "the agreement is valid for dossiers written as {shape}")
DOSSIER_UNSEEN = Sentence("hệ thống kết nối chưa biết hồ sơ này, hoặc hồ sơ đã đóng",
    "the gateway does not know this dossier, or it is closed")
DOSSIER_OLD = Sentence(
    "hồ sơ đã đóng, chưa bắt đầu, hoặc quá {days} ngày",
    "the dossier is closed, not begun, or older than {days} days",
)
DOSSIER_CLOSED = Sentence("hồ sơ đã đóng", "it is closed")
DOSSIER_UNDATED = Sentence("chỉ tính {days} ngày gần đây, mà mã hồ sơ không có ngày tiếp nhận",
    "only the last {days} days count, and the code has no day of reception")
CONSENT_NOT_HELD = Sentence("căn cứ của thỏa thuận là sự đồng ý, mà chưa có sự đồng ý nào còn hiệu lực cho việc này",
    "the legal basis of the agreement is consent, and no valid consent covers this request")
LIMIT = Sentence(
    "tối đa {most} lượt trong {seconds} giây, tính theo {whom}", "at most {most} in {seconds} seconds by {whom}")
LIMIT_UNNUMBERED = Sentence(
    "tối đa {most} người khác nhau không có số định danh trong {seconds} giây; hãy hỏi bằng số",
    "at most {most} different persons without a number in {seconds} seconds; ask by a number")
LIMIT_CLAIMS = Sentence(
    "tối đa {most} họ tên và ngày sinh khác nhau về một người trong {seconds} giây; chính người đó vẫn được phục vụ"
    " khi gửi kèm chứng minh đăng nhập (login)",
    "at most {most} different names and birth dates about one person in {seconds} seconds; "
    "the person is served with a proof of login (`login`)",
)
LIMIT_PARAMETERS = Sentence("tối đa {most} tham số khác nhau của một điều kiện về một người trong {seconds} giây",
    "at most {most} different parameters of one predicate about one person in {seconds} seconds")
LIMIT_LOOKUPS = Sentence(
    "đã thử quá nhiều số định danh hoặc mã hồ sơ khác nhau: tối đa {most} trong {seconds} giây",
    "too many different numbers of owners or codes of dossiers were tried: at most {most} in {seconds} seconds",
)
LIMIT_REPORTS = Sentence("tối đa {most} yêu cầu chỉnh sửa trong {seconds} giây, tính theo {whom}",
    "at most {most} reports in {seconds} seconds by {whom}")
BY_REQUESTER = Sentence("hệ thống khai thác", "requester")
BY_OFFICIAL = Sentence("cán bộ", "official")
BY_SUBJECT = Sentence("cá nhân có dữ liệu được khai thác", "subject")
BY_FORM = Sentence("biểu mẫu", "form")
