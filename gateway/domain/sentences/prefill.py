"""A request of prefill: procedure, roles, people, fields; corrections of what it showed."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

# --- a request of prefill: procedure, roles, people, fields

NO_SUCH_CATALOGUE = Sentence("không có danh mục dùng chung này: dùng tên của danh mục (madantoc, maquocgia)",
    "no such shared catalogue: use the name from its owner (madantoc, maquocgia)")
NO_CATALOGUES = Sentence(
    "hệ thống kết nối chưa nối với danh mục dùng chung", "the gateway is not connected to the shared catalogues")
CATALOGUES_AWAY = Sentence("nguồn danh mục dùng chung hiện không trả lời: thử lại sau",
    "the source of the shared catalogues does not answer now: ask again later")
NO_SUCH_PROCEDURE = Sentence("không có thủ tục này", "no such procedure")
NO_DATA_SERVICE = Sentence("không có dịch vụ dữ liệu này: viết <nguồn>.<dịch vụ>, xem config/sources",
    "there is no such data service: write <source>.<service>, see config/sources")
NO_DATA_SERVICE_NEAR = Sentence("không có dịch vụ dữ liệu này; có phải {near} không?",
    "there is no such data service; did you mean {near}?")
TRIAL_NEEDS = Sentence("dịch vụ dữ liệu này hỏi về: {kinds}; cần: {needs}",
    "this data service is asked about: {kinds}; it needs: {needs}")
DRAFT_NOT_OPENED = Sentence(
    "chưa mở được bản nháp: {place} còn thiếu hoặc sai; lý do và cách xử lý (tiếng Anh) có trong 'detail' và khi chạy"
    " 'motlan check-config'",
    "the draft cannot be opened: {place}: {what}; remedy: {remedy}")
NO_PROCEDURE = Sentence("không có thủ tục {procedure}", "there is no procedure {procedure}")
PROCEDURE_GONE = Sentence("thủ tục của giao dịch không còn trong cấu hình", "its procedure is no longer mapped")
NO_SUCH_AGENCY = Sentence(
    "không có cơ quan này trong config/agencies.yaml", "there is no such agency in config/agencies.yaml")
NAME_THE_OFFICIAL = Sentence("cần nêu cán bộ khai thác; cơ quan không có cán bộ trực để thay",
    "name the official; the agency has no duty official")
NO_SUCH_FIELD = Sentence(
    "biểu mẫu của thủ tục {procedure} không có trường {field}", "the form of {procedure} has no field {field}")
THIS_NAME = Sentence("tên này", "this name")
VALUE_NOT_IN_FORM = Sentence("biểu mẫu không nhận giá trị này", "the form's schema does not accept this value")
HELD_AND_KNOWN = Sentence("trường này không thể vừa do cổng dịch vụ công điền (held) vừa do công dân điền (known)",
    "this field cannot be in `held` and in `known` at once")
IDENTITY_INCOMPLETE = Sentence(
    "số định danh phải đi kèm full_name và birth_date", "give full_name and birth_date with the number")
ACCOUNT_DIFFERS = Sentence(
    "không thống nhất với số của vai trò {role}; nếu người đăng nhập làm thay, hãy nêu trong representative",
    "is not the number of the role {role}; if the person who signed in acts for another, name them in `representative`",
)
LOGIN_NOT_OF_OWNER = Sentence(
    "không phải phiên đăng nhập của chủ hồ sơ hoặc người đại diện đã được xác minh của chủ hồ sơ",
    "is neither the login of the dossier's owner nor of a proven representative of the owner")
LOGIN_OTHER_MANDATE = Sentence(
    "không đúng với quyền đại diện đã chọn khi đăng nhập: bỏ thành phần này, hoặc để ông/bà chọn lại",
    "is not the mandate chosen at the login: leave it out, or let the person choose again")
LOGIN_DIFFERS = Sentence(
    "không phải phiên đăng nhập của vai trò {role}; nếu người đăng nhập làm thay, hãy nêu trong representative",
    "is not the login of the role {role}; if the person who signed in acts for another, name them in `representative`",
)
REPRESENTATION_KINDS = Sentence(
    "không có loại đại diện này; có các loại {known}", "there is no such kind of representation; known: {known}")
REPRESENTED_ROLE = Sentence(
    "cần nêu vai trò có một đối tượng được đại diện", "name a represented role with one subject")
REPRESENTS_ITSELF = Sentence("không ai đại diện cho chính mình", "a person cannot represent themselves")
REPRESENTATION_CHAIN = Sentence(
    "có người thứ ba xen giữa: người đăng nhập hoặc người yêu cầu không phải là người đại diện",
    "a third person takes part: the person who signs in or applies is not the representative")
REPRESENTATIVE_MINOR = Sentence(
    "người đại diện chưa đủ {years} tuổi", "the representative is younger than {years} years")
REPRESENTED_OF_AGE = Sentence(
    "người được đại diện đã đủ {years} tuổi", "the represented person is {years} years old or more")
CHILD_OLDER = Sentence("ngày sinh cho thấy người con không sinh sau cha, mẹ",
    "by their birth dates the child is not younger than the parent")
ONE_SUBJECT = Sentence(
    "vai trò này chỉ nhận một đối tượng, không nhận danh sách", "this role takes one subject, not a list")
TOO_MANY_SUBJECTS = Sentence(
    "tất cả các vai trò có tối đa {most} đối tượng", "give at most {most} subjects in all roles together")
NUMBER_CANNOT_EXIST = Sentence("không thể có số này", "the number cannot exist")
GIVE_A_NUMBER = Sentence("cần personal_id, old_id hoặc passport", "give personal_id, old_id or passport")
GIVE_ONE_NUMBER = Sentence(
    "chỉ đưa một trong personal_id, old_id, passport", "give one of personal_id, old_id, passport")
GIVE_A_NUMBER_WITH_NAME = Sentence("cần personal_id, old_id hoặc passport, kèm full_name và birth_date",
    "give personal_id, old_id or passport, with full_name and birth_date")
NO_SUCH_IDENTIFIER = Sentence(
    "không có loại số này; có: {known}", "there is no such kind of identifier; there is {known}")
NO_IDENTIFIERS = Sentence("ngoài số định danh, số cũ và hộ chiếu, ở đây không nhận loại số nào khác",
    "no kind of identifier is known here beside personal_id, old_id and passport")
NOT_THIS_IDENTIFIER = Sentence("không phải {kind}: {how}", "is not a {kind}: {how}")
WRONG_CHECK_DIGIT = Sentence(
    "không phải {kind}: sai số kiểm tra, hãy xem lại từng chữ số",
    "is not a {kind}: its check digit is wrong, compare it digit by digit",
)
IDENTIFIER_ALONE = Sentence("đưa identifier thì không đưa personal_id, old_id, passport, gender, birth_place",
    "with identifier, give no personal_id, old_id, passport, gender or birth_place")
ONE_OTHER_NUMBER = Sentence("chỉ điền một loại số", "give a number of one kind only")
IDENTIFIER_OF_A_PERSON = Sentence("loại số này không phải của một người", "this kind of number names no person")
NO_BIRTH_OF_THINGS = Sentence(
    "loại số này không phải của một người, nên không có birth_date",
    "this kind of number names no person: leave birth_date out")
ONLY_WITHOUT_NUMBER = Sentence("gender và birth_place chỉ dùng cho người không có số nào",
    "gender and birth_place are only for a person without any number")
GIVE_A_NUMBER_OR_ALL = Sentence(
    "cần một số, hoặc full_name, birth_date có đủ ngày tháng năm, cùng gender hay birth_place",
    "give a number, or full_name, birth_date with its day, and gender or birth_place")
ROLE_NEEDED = Sentence("thủ tục cần vai trò này", "the procedure needs this role")
ROLE_UNKNOWN = Sentence(
    "thủ tục không có vai trò này; có các vai trò {known}", "the procedure has no such role; it has {known}")
KIND_PERSON = Sentence("cá nhân", "person")
KIND_NEWBORN = Sentence("trẻ sơ sinh", "newborn")
KIND_ORGANISATION = Sentence("tổ chức", "organisation")
KIND_PARCEL = Sentence("thửa đất", "parcel")
KIND_VEHICLE = Sentence("phương tiện", "vehicle")
ROLE_TAKES = Sentence("vai trò này nhận: {kinds}", "this role takes: {kinds}")
SAME_AS_LIST = Sentence("same_as phải dẫn tới vai trò có một đối tượng, không dẫn tới danh sách",
    "same_as must lead to a role with one subject, not to a list")
SAME_AS_NOWHERE = Sentence("same_as phải dẫn tới vai trò có đối tượng", "same_as must lead to a role with a subject")
NO_SUCH_PREDICATE = Sentence("không có điều kiện này", "there is no such predicate")
DID_YOU_MEAN = Sentence("có phải là '{word}'?", "did you mean '{word}'?")
PREDICATE_PARAMETER = Sentence("{predicate} không nhận tham số này", "{predicate} does not take this parameter")
PREDICATE_TWICE = Sentence("{predicate} được hỏi hai lần: như vậy sẽ dò được giá trị",
    "{predicate} is asked twice: that would narrow its value down")
PREDICATE_PURPOSES = Sentence(
    "cần nêu một mục đích: các điều kiện này được hỏi với {purposes}",
    "name one: these predicates are for {purposes}",
)
NO_SUCH_EXCHANGE = Sentence("hệ thống khai thác không có giao dịch này", "you have no such exchange")
NOTHING_PENDING = Sentence(
    "không có dữ liệu nào đang chờ theo mã này; mã có thể đã hết hạn, hoặc ông/bà đã quyết định",
    "nothing is pending under this token; it may have expired, or the citizen has decided")
DECISION_TAKEN = Sentence(
    "đã có quyết định khác, hoặc một yêu cầu khác đang ghi nhận quyết định; quyết định không thay đổi được",
    "another decision was taken for this exchange, or another request is taking one; a decision does not change")
STILL_PENDING = Sentence("còn nguồn dữ liệu chưa trả lời: lấy dữ liệu đến muộn trước (/v1/prefill/resume)",
    "sources are still awaited: fetch what is late first (/v1/prefill/resume)")
DECIDE_EACH = Sentence(
    "cần quyết định về từng dữ liệu: chưa nói gì về {left}", "decide about each piece of evidence: {left} is missing")
NO_DECISION = Sentence("giao dịch này không còn gì chờ quyết định; đã quyết định, hoặc đã hết thời hạn",
    "no decision is awaited for this exchange; it was decided, or has expired")
DECISION_LATE = Sentence("việc ghi nhận quyết định quá lâu", "the decision took too long")
EVIDENCE_UNKNOWN = Sentence("dữ liệu này chưa được hiển thị", "the preview has no such evidence")
EVIDENCE_TWICE = Sentence("dữ liệu này bị lặp", "this evidence is listed twice")

# --- corrections

NO_SUCH_CORRECTION = Sentence("hệ thống khai thác không có yêu cầu chỉnh sửa này", "you have no such report")
CORRECTION_IS = Sentence("yêu cầu chỉnh sửa đang ở trạng thái {state}", "the report is {state}")
CORRECTION_CHANGED = Sentence("có người khác vừa thay đổi yêu cầu chỉnh sửa này", "a concurrent request changed it")
CORRECTION_KEYS_CLOSED = Sentence(
    "hiện không mở được khóa của tháng đó", "the keys of its month cannot be opened now")
CORRECTION_UNREADABLE = Sentence("khóa của tháng đó đã bị hủy: không ai đọc được yêu cầu chỉnh sửa nữa; hãy gửi lại",
    "the keys of its month are erased, so it is unreadable; report it again")
CORRECTION_ALTERED = Sentence("yêu cầu chỉnh sửa đã bị sửa trong cơ sở dữ liệu; hãy gửi lại",
    "the report was altered in the database; report it again")
SOURCE_GIVES_NO_SUCH = Sentence("nguồn này không cung cấp trường dữ liệu này", "this source gives no such attribute")
CORRECTION_KEYS_GONE = Sentence("khóa của tháng đó đã bị hủy: không ai biết giao dịch về ai nữa; hãy tra cứu lại",
    "the keys of its month are erased, so its person is unknown; ask again")
CORRECTION_NOT_ASKED = Sentence("giao dịch đó không hỏi nguồn này về trường dữ liệu này của người này",
    "your exchange did not ask this source for this attribute of this person")
CORRECTION_NOT_ANSWERED = Sentence("trong giao dịch đó, nguồn này không trả lời về người này",
    "that exchange had no answer about this person from this source")
SHOWN_DIFFERS = Sentence(
    "không thống nhất với giá trị mà giao dịch đó đã hiển thị", "is not the value that the exchange showed")
