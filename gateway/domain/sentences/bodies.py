"""What is wrong with a message: HTTP, media types, JSON, members of a body and how they are written."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

# --- the message: HTTP, media types, JSON

NOT_HTTP = Sentence("yêu cầu không phải là thông điệp HTTP hợp lệ", "the request is not valid HTTP")
SEND_JSON = Sentence("gửi kèm Content-Type: application/json", "send Content-Type: application/json")
JSON_IS_UTF8 = Sentence("JSON phải dùng bảng mã UTF-8", "JSON is UTF-8")
SEND_UNCOMPRESSED = Sentence("gửi nội dung không nén", "send the body uncompressed")
SEND_FORM = Sentence(
    "gửi kèm Content-Type: application/x-www-form-urlencoded", "send Content-Type: application/x-www-form-urlencoded")
AT_MOST_BYTES = Sentence("chỉ nhận tối đa {largest} byte", "at most {largest} bytes are accepted")
AT_MOST_VALUES = Sentence("chỉ nhận tối đa {most} giá trị JSON trong một yêu cầu; hãy chia nhỏ yêu cầu",
    "at most {most} JSON values are accepted in one request; send it in parts")
SEND_WITHIN = Sentence("gửi hết nội dung trong vòng {seconds} giây", "send the body within {seconds} seconds")
SEND_FASTER = Sentence("gửi ít nhất {rate} byte mỗi giây", "send at least {rate} bytes a second")
BODY_UNREADABLE = Sentence("không đọc được nội dung yêu cầu", "the body could not be read")
BODY_EMPTY = Sentence(
    "nội dung yêu cầu trống; cần một đối tượng JSON", "the body is empty; a JSON object is expected")
BODY_MARK = Sentence(
    "nội dung bắt đầu bằng dấu thứ tự byte (BOM); hãy bỏ dấu này", "the body starts with a byte-order mark")
BODY_NO_JSON = Sentence("nội dung không phải là JSON hợp lệ theo UTF-8", "the body is not valid JSON in UTF-8")
BODY_TOO_DEEP = Sentence("nội dung lồng nhau quá {depth} cấp", "the body is nested deeper than {depth} levels")
MEMBER_TWICE = Sentence("một đối tượng có thành phần bị lặp tên", "an object has the same member twice")
NUMBER_TOO_LONG = Sentence("nội dung có số quá nhiều chữ số", "a number in the body has too many digits")
NUMBER_TOO_LARGE = Sentence("nội dung có số quá lớn", "a number in the body is too large")
FORM_UNREADABLE = Sentence("không đọc được biểu mẫu gửi lên", "the form cannot be read")
PARAMETER_TWICE = Sentence("có tham số bị lặp", "a parameter is given twice")
PAGES_AT_MOST = Sentence("một phiên mở tối đa {most} trang trong {seconds} giây; hãy chờ hết {wait} giây rồi mở lại",
    "one session opens at most {most} pages in {seconds} seconds; wait for {wait} seconds and open it again")
AT_MOST_AT_A_TIME = Sentence("tối đa {most} yêu cầu cùng lúc", "at most {most} at a time")
VALUES_TOO_LARGE = Sentence("các giá trị dài quá {largest} byte", "the values have more than {largest} bytes")

# --- members of a body, and how they are written

IS_MISSING = Sentence("còn thiếu", "is missing")
OBJECT_EXPECTED = Sentence("cần một đối tượng JSON: {{…}}", "a JSON object is expected: {{…}}")
LIST_EXPECTED = Sentence("cần một danh sách: […]", "a list is expected: […]")
OBJECTS_EXPECTED = Sentence("cần một danh sách các đối tượng JSON: [{{…}}]",
    "a list of JSON objects is expected: [{{…}}]")
TEXT_EXPECTED = Sentence("cần chuỗi ký tự, đặt trong dấu nháy", "text is expected, in quotes")
WHOLE_NUMBER_EXPECTED = Sentence("cần số nguyên", "a whole number is expected")
NUMBER_EXPECTED = Sentence("cần một số", "a number is expected")
TRUTH_EXPECTED = Sentence("cần true hoặc false", "true or false is expected")
ONLY_NULL = Sentence("chỉ nhận null", "only null is accepted here")
ONE_OF = Sentence("phải là một trong: {expected}", "is one of: {expected}")
GREATER_THAN = Sentence("phải lớn hơn {gt}", "is greater than {gt}")
AT_LEAST = Sentence("phải từ {ge} trở lên", "is at least {ge}")
LESS_THAN = Sentence("phải nhỏ hơn {lt}", "is less than {lt}")
AT_MOST = Sentence("phải từ {le} trở xuống", "is at most {le}")
NOT_OF_THE_FORM = Sentence(
    "không đúng định dạng mà tài liệu giao diện quy định", "does not have the form that the contract requires")
ACCOUNT_KINDS = Sentence(
    "cần chuỗi ký tự, số nguyên, true, false hoặc null", "text, a whole number, true, false or null is expected")
GROWN_FROM_KINDS = Sentence("cần số bản ghi, hoặc nguyên văn điểm kiểm tra đã ký",
    "a number of records, or the text of a signed checkpoint, is expected")
UNKNOWN_MEMBER = Sentence("không có thành phần '{name}'", "'{name}' is not a known member")
UNKNOWN_MEMBER_OF = Sentence(
    "không có thành phần '{name}'; có các thành phần {known}", "'{name}' is not a known member; known: {known}")
UNKNOWN_WORD = Sentence("không thuộc danh mục; có các giá trị {known}", "is not a known word; known: {known}")
UNKNOWN_WORD_NEAR = Sentence("có phải là '{found}'? Có các giá trị {known}", "did you mean '{found}'? known: {known}")
WRITTEN_AS = Sentence("được viết là {how}", "is written as {how}")
FEWEST_CHARACTERS = Sentence("có ít nhất {bound} ký tự", "has at least {bound} characters")
MOST_CHARACTERS = Sentence("có nhiều nhất {bound} ký tự", "has at most {bound} characters")
FEWEST_ENTRIES = Sentence("có ít nhất {bound} phần tử", "has at least {bound} entries")
MOST_ENTRIES = Sentence("có nhiều nhất {bound} phần tử", "has at most {bound} entries")
WRITE_TIME = Sentence(
    "ghi thời điểm theo dạng 2026-11-25T00:00:00Z (RFC 3339)", "write a time as in 2026-11-25T00:00:00Z (RFC 3339)")
WRITE_DAY = Sentence("ghi ngày theo dạng 2026-09-02", "write a day as in 2026-09-02")
WRITE_DAY_MONTH_YEAR = Sentence(
    "ghi một ngày có thật theo dạng ngày/tháng/năm, ví dụ 25/11/2026, từ năm 2000 đến năm 2099",
    "write an existing day as day/month/year, such as 25/11/2026, in the years 2000 to 2099")
LAST_DAY_FIRST = Sentence("ghi ngày cuối không sớm hơn ngày đầu", "write a last day that is not before the first one")
AGREE_ON_ATTRIBUTE = Sentence("thêm {attribute} của {service} vào một thỏa thuận (config/agreements)",
    "agree on {attribute} of {service} in config/agreements")
ADD_A_SOURCE_OF_IT = Sentence("bật hoặc thêm một nguồn trả trường này (config/sources)",
    "enable or add a source of this attribute (config/sources)")
AGREE_ON_THIS_PERSON = Sentence("thêm người này vào một thỏa thuận (config/agreements)",
    "agree on this person in config/agreements")
AGREE_ON_THIS_PROCEDURE = Sentence("viết một thỏa thuận về thủ tục này (config/agreements)",
    "write an agreement about this procedure (config/agreements)")
NO_SUCH_DATE = Sentence(
    "không phải ngày có thật viết theo yyyy, yyyy-mm hoặc yyyy-mm-dd, từ năm {first} đến năm {last}",
    "is not an existing date, written yyyy, yyyy-mm or yyyy-mm-dd, in the years {first} to {last}")
BORN_LATER = Sentence("ngày sinh ở tương lai; đề nghị kiểm tra và ghi lại ngày sinh",
    "the birth date is in the future; check it, and write the real one")
REASON_IN_CLEAR = Sentence("nội dung này được lưu ở dạng đọc được: không ghi số định danh hay số giấy tờ của ai",
    "is recorded in clear: leave personal numbers out")
MAY_BE_A_NUMBER = Sentence(
    "có phần giống số định danh hoặc số giấy tờ của một người, mà nội dung này được lưu ở dạng đọc được",
    "may contain a personal number; such words are kept in clear")
MAY_BE_A_NAME = Sentence("giống họ tên hoặc câu chữ, không giống mã hồ sơ, mà nguồn dữ liệu được nhận mã này",
    "looks like words, not like a dossier code; data services get this code")
NO_TAX_CODE = Sentence("không phải mã số thuế (10 chữ số có chữ số kiểm tra, hoặc 13 chữ số)",
    "is not a tax code (ten digits with their check digit, or thirteen)")
CONFIGURATION_NOT_KEPT = Sentence(
    "máy chủ này không giữ cấu hình có mã băm này: hãy tính lại từ bản sao của config/, mappings/ và schemas/",
    "this host has not kept the configuration of this digest: compute it from copies of config/, mappings/, schemas/")
PERSON_IN_ADDRESS = Sentence("ô này không nhận số định danh của ai: hãy dùng Tìm theo người",
    "takes no number of a person: use Search by person")
DOSSIER_NOT_IN_RECORDS = Sentence(
    "mã này có phần giống số định danh nên bản ghi không nêu: hãy tìm bằng withheld, hoặc dùng Tìm theo người",
    "looks like a personal number, so records do not name it: search for withheld, or use Search by person")
GIVE_AN_IDENTIFIER = Sentence("cần ít nhất một số định danh", "give at least one identifier")
NAMESAKES = Sentence("một họ tên và một ngày sinh có thể là của nhiều người: hãy đưa một số của người này",
    "a name and a birth date may be those of several people: give a number of this person")
HOW_PERSONAL_ID = Sentence("12 chữ số liền nhau", "12 digits, nothing between them")
HOW_CODE = Sentence("không bắt đầu và kết thúc bằng dấu cách", "no space at its beginning or end")
CODE_WITHOUT_ADDRESS = Sentence(
    "mã '.', '..' hoặc có dấu ngoặc nhọn thì không địa chỉ nào chứa được; hãy dùng mã khác, ví dụ H31.14-260105-0007",
    "a code may not be '.' or '..' or have curly brackets, which no address can carry: use another one, as "
    "H31.14-260105-0007")
CODE_WITH_HIDDEN_SIGNS = Sentence(
    "mã có ký tự vô hình hoặc khoảng trắng lạ; hãy gõ lại mã bằng chữ, số và dấu thường",
    "the code has an invisible character or an unusual blank: write it again with plain letters, digits and signs")
HOW_FILE_OR_BLANK = Sentence("'sha256:' và 64 chữ số thập lục phân, hoặc để trống",
    "`sha256:` and 64 hexadecimal digits, or blank")
HOW_NUMBER = Sentence("chữ số, chữ cái không dấu và dấu gạch ngang", "digits, letters without marks, and hyphens")
HOW_OLD_ID = Sentence("9 chữ số liền nhau", "9 digits, nothing between them")
HOW_PASSPORT = Sentence("5 đến 20 chữ in hoa và chữ số", "5 to 20 capital letters and digits")
HOW_IDENTIFIER_KIND = Sentence("tên một loại số của schemas/identifiers", "a kind of schemas/identifiers")
HOW_IDENTIFIER_NUMBER = Sentence("tối đa 40 chữ số, chữ in hoa không dấu, và . / - ở giữa",
    "up to 40 digits and capitals, with . / - between them")
HOW_PROCEDURE = Sentence(
    "mã thủ tục hành chính quốc gia, ví dụ 1.004873", "the national code of a procedure, such as 1.004873")
HOW_COMMUNE = Sentence("mã 5 chữ số của đơn vị hành chính cấp xã", "the 5 digits of a commune's code")
HOW_PARCEL = Sentence("1 đến 10 chữ cái, chữ số hoặc dấu gạch nối", "1 to 10 letters, digits or dashes")
HOW_WORD = Sentence("tối đa 100 chữ cái không dấu, chữ số và . _ - /, không có dấu cách",
    "up to 100 letters without marks, digits and . _ - /, no spaces")
HOW_RECORDED_CODE = Sentence(
    "tối đa 200 chữ cái không dấu, chữ số và ký hiệu, không có dấu cách; mã không được ghi rõ thì tìm bằng withheld",
    "up to 200 letters without marks, digits and signs, no spaces; search for withheld if records do not name a code")
HOW_MANDATE = Sentence(
    "số, ký hiệu văn bản: tối đa 100 chữ cái không dấu (kể cả Đ), chữ số và . _ - /, không có dấu cách",
    "the code of a document: up to 100 letters without marks (D with a stroke is one), digits and . _ - /, no spaces")
HOW_ROLE = Sentence(
    "tên vai trò: chữ thường không dấu, chữ số và _", "the name of a role: small letters, digits and _")
HOW_REGISTRATION = Sentence("tối đa 40 chữ cái, chữ số và . - /", "up to 40 letters, digits and . - /")
HOW_PURPOSE = Sentence(
    "tên mục đích: chữ thường không dấu, chữ số và _ . -", "the name of a purpose: small letters, digits and _ . -")
HOW_NAME = Sentence("tối đa 100 chữ cái không dấu, chữ số và _ . -, không có dấu cách",
    "up to 100 letters without marks, digits and _ . -, no spaces")
HOW_EXCHANGE = Sentence(
    "26 chữ in hoa và chữ số của mã giao dịch", "the 26 capital letters and digits of an exchange id")
HOW_MONTH = Sentence("tháng theo dạng 2026-11", "a month such as 2026-11")
HOW_CLOCK = Sentence("giờ trong ngày theo dạng 07:30", "a time of day such as 07:30")
HOW_ATTRIBUTE = Sentence("trường của một loại dữ liệu chứng minh, ví dụ person.birth_date",
    "an attribute of an evidence type, such as person.birth_date")
HOW_EVIDENCE = Sentence(
    "tên dữ liệu chứng minh trong câu trả lời, ví dụ e1", "a name of evidence in the answer, such as e1")
HOW_PREDICATE = Sentence("tên điều kiện, tham số đặt sau dấu hai chấm", "a predicate, its parameter behind a colon")
HOW_JWT = Sentence("mã đăng nhập (lg_…) hoặc token định danh (ID token) nguyên văn, ba phần cách nhau bằng dấu chấm",
    "a login handle (lg_…), or an ID token as received, three parts with dots between")
HOW_PENDING = Sentence("mã đúng như trong thành phần 'pending'", "the token of 'pending'")
HOW_PAPER_REFERENCE = Sentence(
    "mã tham chiếu mà /v1/papers/search đã trả về", "a reference that /v1/papers/search answered")
HOW_CONSENT = Sentence(
    "mã 'consent' trong câu trả lời của POST /v1/consents", "the 'consent' in the answer of POST /v1/consents")
HOW_SUBJECT_REQUEST = Sentence("mã 'request' trong câu trả lời của POST /v1/subject-requests",
    "the 'request' in the answer of POST /v1/subject-requests")
HOW_CORRECTION = Sentence(
    "mã 'id' trong câu trả lời của POST /v1/corrections", "the 'id' in the answer of POST /v1/corrections")
HOW_FILE = Sentence("'file' trong câu trả lời của POST /v1/files, ví dụ sha256:…",
    "'file' of an answer of POST /v1/files, such as sha256:…")
HOW_LANGUAGE = Sentence("mã ngôn ngữ theo BCP 47, ví dụ vi", "a language by its tag (BCP 47), such as vi")
HOW_ONE_LINE = Sentence("văn bản không xuống dòng, không có ký tự đổi chiều viết và ký tự ẩn khác",
    "text without line breaks, changes of direction and other invisible characters")
HOW_LINES = Sentence("văn bản không có ký tự đổi chiều viết và ký tự ẩn khác; được xuống dòng",
    "text without changes of direction and other invisible characters; line breaks are permitted")
AS_THE_CONTRACT_SAYS = Sentence("tài liệu giao diện quy định", "the contract says")

LOGIN_NOT_PROVEN = Sentence("không chứng minh được việc đăng nhập: {why}", "does not prove a login: {why}")
LOGIN_ISSUER = Sentence("'iss' không phải nhà cung cấp định danh nào trong config/logins.yaml",
    "its 'iss' is not a provider in config/logins.yaml")
LOGIN_UNSIGNED = Sentence("không khóa nào của nhà cung cấp định danh tạo ra chữ ký này",
    "its signature was not made by a key of its provider")
LOGIN_OF_NOBODY = Sentence("không có số định danh cá nhân", "it has no personal id")
LOGIN_HANDLE_OVER = Sentence(
    "mã đăng nhập đã hết hạn, đã bị hủy hoặc không phải của hệ thống này: đề nghị ông/bà đăng nhập lại",
    "the handle has expired, has ended or is not this system's: let the person sign in again")
LOGIN_OVER = Sentence("đã hết hạn: đề nghị ông/bà đăng nhập lại", "it has expired: let the person sign in again")
LOGIN_OLD = Sentence(
    "phiên đăng nhập đã quá {longest} giây, hoặc có thời điểm ở tương lai: đề nghị ông/bà đăng nhập lại",
    "the login is older than {longest} seconds, or in the future: let the person sign in again")
LOGIN_ALGORITHM = Sentence("thuật toán không được nhận: dùng RS256, ES256 hoặc EdDSA (Ed25519)",
    "its algorithm is not accepted: use RS256, ES256 or EdDSA (Ed25519)")
LOGIN_TYPE = Sentence("'typ' không phải là JWT", "its 'typ' is not JWT")
LOGIN_OF_ANOTHER = Sentence(
    "mã được cấp cho hệ thống khác: mã của hệ thống này ghi tại 'clients' trong config/logins.yaml",
    "it is for another client: 'clients' of config/logins.yaml has yours")
