"""The exchange log: search, export, proofs; its archives, pruning, erasure."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

# --- the exchange log: search, export, proofs

GIVE_HASH_OR_EXCHANGE = Sentence("/: đưa leaf_hash (của biên nhận) hoặc exchange_id, chỉ một trong hai",
    "/: give either leaf_hash (of a receipt) or exchange_id")
GIVE_OLDER_SIZE = Sentence(
    "/from: đưa số bản ghi của điểm kiểm tra cũ hơn", "/from: give the size of the older checkpoint")
GIVE_A_RANGE = Sentence("/: đưa from và to, hoặc since và until, hoặc search (có since và until riêng)",
    "/: give from and to, or since and until, or search (which has its own since and until)")
FROM_BEHIND_TO = Sentence("/from: không được lớn hơn `to`", "/from: must not be greater than `to`")
CSV_PROVES_NOTHING = Sentence(
    "/grown_from: CSV không chứng minh được gì, hãy chọn jsonl", "/grown_from: CSV proves nothing, ask for jsonl")
NO_SUCH_TILE = Sentence("nhật ký (chưa) có mảnh này", "the log has no such tile (yet)")
TILE_PATH = Sentence(
    "đường dẫn của mảnh có dạng /log/tile/0/x001/234.p/56", "a tile has a path as in /log/tile/0/x001/234.p/56")
NOT_READING = Sentence("tiến trình này không đọc nhật ký", "this process does not read the log")
SINCE_BEHIND_UNTIL = Sentence("/since: phải trước `until`", "/since: must be before `until`")
PARAMETERS = Sentence(
    "/: các tham số là {names}, mỗi tham số nhiều nhất một lần", "/: the parameters are {names}, each once at most")
NUMBER_OF_RECORDS = Sentence("/{name}: ghi một số bản ghi", "/{name}: write a number of records")
ABOUT_EXCHANGE = Sentence("Về giao dịch {exchange}.", "About the exchange {exchange}.")
EXCHANGE_ID = Sentence("mã giao dịch có 26 chữ cái và chữ số", "an exchange id has 26 letters and digits")
LEAF_HASH = Sentence(
    "/leaf_hash: ghi 64 chữ số thập lục phân của biên nhận", "/leaf_hash: write the 64 hex digits of the receipt")
CLOSES_BEFORE_OPENS = Sentence("/office/closes: phải sau `opens`", "/office/closes: must be after `opens`")
GIVE_A_MONTH = Sentence("/: đưa month, hoặc since và until", "/: give month, or since and until")
REPORT_SPAN = Sentence("/: tối đa {days} ngày, từ năm {first} đến năm {last}",
    "/: ask for at most {days} days, from the year {first} to {last}")
ONLY_THE_REPORT = Sentence(
    "/{name}: chỉ báo cáo {report} nhận tham số này", "/{name}: only the report {report} takes it")
CURSOR = Sentence("/cursor: gửi `next` của trang trước với cùng bộ lọc, hoặc bỏ trống cho trang đầu",
    "/cursor: send `next` of the previous page with the same filters, or none for the first page")
OTHER_LOG = Sentence("/grown_from: điểm kiểm tra đó của nhật ký khác: nhật ký này là {origin}",
    "/grown_from: that checkpoint belongs to another log: this one is {origin}")
LOG_SHRUNK = Sentence(
    "/grown_from: nhật ký có {size} bản ghi mà khi đó có {old}: đã quay về trạng thái cũ, hoặc là nhật ký khác",
    "/grown_from: the log has {size} records and had {old} then: it was rolled back, or it is another log")
RANGE_BEYOND = Sentence("nhật ký có {size} bản ghi: chọn khoảng nằm trong đó, `from` trước `to`",
    "the log has {size} records: ask for a range within that, `from` before `to`")
FOUND_RECORD_GONE = Sentence("bản ghi đã tìm thấy nay không còn", "a found record no longer exists")
CHECKPOINT_AS_KEPT = Sentence("/grown_from: gửi điểm kiểm tra đã ký nguyên văn từng byte, hoặc số bản ghi của nó",
    "/grown_from: send the stored signed checkpoint, byte by byte, or its number of records")
TOO_MANY_HITS = Sentence("có hơn {most} bản ghi phù hợp: thu hẹp điều kiện tìm, hoặc xuất theo khoảng",
    "more than {most} records fit: narrow the search, or export a range")
RECORDS_PRUNED = Sentence("các bản ghi trước {below} đã chuyển khỏi cơ sở dữ liệu: hỏi các bản ghi sau; {where}",
    "records below {below} were pruned: ask for later ones; {where}")
EXCHANGE_PRUNED = Sentence("nếu có giao dịch này thì các bản ghi đã chuyển khỏi cơ sở dữ liệu; {where}",
    "if there was such an exchange, its records were pruned; {where}")
IN_ARCHIVES = Sentence("chúng nằm trong {names}", "they are in {names}")
NO_ARCHIVE = Sentence("không rõ tệp lưu trữ nào", "no archive is known")
NO_SUCH_HASH = Sentence("nhật ký không có bản ghi với giá trị băm này; bản ghi vừa ghi có chỗ sau 10 giây",
    "no record in the tree has this hash; a new record is in the tree within 10 seconds")
NO_RECORD_OF_EXCHANGE = Sentence(
    "nhật ký không có bản ghi nào của giao dịch này; bản ghi vừa ghi chứng minh được sau 10 giây",
    "the tree has no record of this exchange; a new record is in the tree within 10 seconds")
NO_CHECKPOINT = Sentence("nhật ký chưa có điểm kiểm tra", "the log has no checkpoint yet")
NO_CHECKPOINT_OF_SIZE = Sentence(
    "nhật ký không có điểm kiểm tra với số bản ghi này", "the log has no checkpoint of this size")
SIZE_AT_LEAST = Sentence("chọn số bản ghi từ {at_least} trở lên", "ask for a size of at least {at_least}")
SIZE_AT_MOST = Sentence(
    "nhật ký có {size} bản ghi: chọn số không lớn hơn", "the log has {size} records: ask for a size up to that")
NOT_ANCHORED = Sentence("quá thời hạn đã thỏa thuận mà chưa có bằng chứng neo của: {names}",
    "no proof for longer than agreed from: {names}")
RECORD_NOT_OF_RECEIPT = Sentence("bản ghi {index} không còn là bản ghi mà biên nhận này đã cấp",
    "the record {index} no longer matches this receipt")

RECORD_NOT_IN_TREE = Sentence(
    "bản ghi {index} không nằm trong cây đã ký", "the record {index} is not in the signed tree")
TREE_NOT_GROWN = Sentence("cây {new} bản ghi không phát triển từ {old} bản ghi đầu của chính nó",
    "the tree of {new} records does not extend its first {old} records")
TREE_GONE = Sentence("cây đã ký không còn đầy đủ", "the signed tree is missing: {why}")
TILE_GONE = Sentence("mảnh {level}/{index} của nhật ký bị thiếu hoặc bị cắt ngắn",
    "the tile {level}/{index} of the log is missing or cut short")

# --- keeping: archives, pruning, erasure (motlan archive, prune, erase-period)

MONTH_RUNNING = Sentence(
    "{month} chưa kết thúc: chỉ lưu trữ trọn tháng", "{month} is not over: only whole months are archived")
FOLDER_NOT_WRITABLE = Sentence("không ghi được vào {folder} ({why})", "{folder} cannot be written ({why})")
KEY_UNUSED = Sentence("khóa đang dùng chưa ký lần nào: trước hết khởi động lại hệ thống kết nối",
    "the key in use has not signed yet: first restart the gateway")
LOG_MISSING = Sentence("chưa có đủ nhật ký ở đây; đưa thư mục mà `motlan serve` dùng: --dir THƯ_MỤC",
    "{missing}; give the folder that `motlan serve` uses: --dir FOLDER")
REASON_LENGTH = Sentence("cần lý do dài 1 đến {longest} ký tự", "give a reason of 1 to {longest} characters")
REASON_HAS_NUMBER = Sentence("lý do được ghi ở dạng đọc được: không ghi số định danh hay số giấy tờ của ai",
    "the reason is recorded in clear: leave numbers of people out")
PERIOD_RUNNING = Sentence("{period} kết thúc chưa đủ lâu: tháng này và tháng trước không bao giờ bị hủy",
    "{period} is too recent: this month and the one before it are never erased")
PERIOD_HOT = Sentence(
    "{period} chưa qua {months} tháng lưu trực tuyến: nếu buộc phải hủy, nêu lý do bằng --before-its-time LÝ_DO",
    "{period} is younger than the {months} months of the hot period: if it must be, give --before-its-time REASON")
PERIOD_UNKNOWN = Sentence("{period} chưa từng có khóa; có {known}", "{period} never had keys; known: {known}")
WRITE_A_MONTH = Sentence("ghi tháng theo dạng 2026-11", "write a month as 2026-11")
ARCHIVE_CHANGED = Sentence(
    "{name} không phải tệp mà phiếu kèm theo đã ký", "{name} is not the file of its signed note")
ARCHIVE_WRONG = Sentence(
    "{name}: tệp lưu trữ không thống nhất với điểm kiểm tra đã ký; xem bằng `motlan verify-log`", "{name}: {finding}")
ARCHIVE_UNSIGNED = Sentence("{name}: phiếu kèm theo không có chữ ký hợp lệ", "{name}: {finding}")
ARCHIVE_OTHER_LOG = Sentence("{name} không thuộc nhật ký này", "{name} belongs to another log")
ARCHIVE_OTHER_TREE = Sentence(
    "{name}: cây trong cơ sở dữ liệu không thống nhất với tệp này", "{name}: it contradicts the tree of the database")
ARCHIVE_HOT = Sentence("{name} có bản ghi của ngày {day}: được giữ trực tuyến {months} tháng",
    "{name} has records of {day}: kept hot for {months} months")
ARCHIVE_GAP = Sentence("{name} bắt đầu từ {first}: phải có tệp lưu trữ từ {expected} trước",
    "{name} begins at {first}: the archive from {expected} on must come first")
ARCHIVE_UNREADABLE = Sentence("{name}: không đọc được tệp này, hoặc phiếu của nó ({why})",
    "{name}: the archive or its note cannot be read ({why})")
