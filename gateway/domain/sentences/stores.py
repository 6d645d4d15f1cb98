"""Stores, disks, databases, keys: why nothing may leave now."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

CACHE_UNREACHABLE = Sentence(
    "không kết nối được bộ nhớ tạm (cache_url): kiểm tra Valkey hoặc Redis, rồi gửi lại yêu cầu",
    "the cache (cache_url) cannot be reached: check Valkey or Redis, then ask again")
CACHE_LOGIN_REFUSED = Sentence("bộ nhớ tạm từ chối tài khoản hoặc mật khẩu: sửa cache_url",
    "the cache refuses the account or password: correct cache_url")
CACHE_IS_CLUSTER = Sentence("cache_url là một Valkey Cluster: ghi địa chỉ một máy chủ không ở chế độ cluster",
    "cache_url is a Valkey Cluster: write the address of a server without cluster mode")
CACHE_FULL = Sentence("bộ nhớ tạm đã đầy: tăng maxmemory của Valkey, hoặc bytes của memory:// trong cache_url",
    "the cache is full: raise maxmemory of Valkey, or bytes of memory:// in cache_url")
CACHE_READ_ONLY = Sentence("bộ nhớ tạm chỉ cho đọc: ghi địa chỉ máy chính vào cache_url",
    "the cache is read-only: write the address of the primary into cache_url")
CACHE_REFUSES = Sentence("bộ nhớ tạm từ chối lệnh: xem nhật ký của Valkey hoặc Redis",
    "the cache refuses the command: see the log of Valkey or Redis")
PENDING_LOST = Sentence(
    "bộ nhớ tạm không còn kết quả này, hoặc mỗi tiến trình có bộ nhớ riêng (cache_url: memory://): gửi lại yêu cầu",
    "the cache no longer has this, or each process has its own (cache_url: memory://): send the prefill again")
LOG_CLOSED = Sentence("nhật ký đã đóng", "the log is closed")
TOO_MANY_FOR_DISK = Sentence("quá nhiều bản ghi chờ ghi đĩa", "too many records wait for the disk")
TOO_MANY_FOR_DATABASE = Sentence("quá nhiều bản ghi chờ cơ sở dữ liệu", "too many records wait for the database")
STORE_LATE = Sentence("kho lưu trữ không trả lời kịp", "the store does not answer in time")
DATABASE_LATE = Sentence("cơ sở dữ liệu không trả lời kịp", "the database does not answer in time")
DATABASE_UNREACHABLE = Sentence("không kết nối được cơ sở dữ liệu: kiểm tra máy chủ, cổng trong log.url và mạng",
    "the database cannot be reached: check host and port of log.url, and the network")
DATABASE_LOCKED = Sentence("cơ sở dữ liệu đang bị khóa", "the database is locked")
DATABASE_READ_ONLY = Sentence(
    "cơ sở dữ liệu chỉ cho đọc: kết nối tới máy chính (target_session_attrs=read-write trong log.url)",
    "the database is read-only: connect to the primary (target_session_attrs=read-write in log.url)")
DATABASE_LOGIN_REFUSED = Sentence(
    "cơ sở dữ liệu từ chối tài khoản hoặc mật khẩu trong log.url: sửa log.url, hoặc pg_hba.conf của máy chủ",
    "the database refuses the account or password of log.url: correct log.url, or pg_hba.conf of the server")
DATABASE_NAME_UNKNOWN = Sentence(
    "máy chủ không có cơ sở dữ liệu mang tên trong log.url: tạo cơ sở dữ liệu, hoặc sửa log.url",
    "the server has no database of the name in log.url: create it, or correct log.url")
DATABASE_ADDRESS_WRONG = Sentence(
    "log.url viết sai: ghi theo dạng postgresql://tài-khoản@máy-chủ:5432/tên-cơ-sở-dữ-liệu",
    "log.url is not written correctly: write postgresql://account@host:5432/database")
DATABASE_TLS_FAILED = Sentence(
    "không thiết lập được TLS với cơ sở dữ liệu: kiểm tra sslmode và sslrootcert trong log.url",
    "TLS with the database failed: check sslmode and sslrootcert in log.url")
DATABASE_TOO_OLD = Sentence("máy chủ là PostgreSQL {found}, cần PostgreSQL {oldest} trở lên: nâng cấp máy chủ",
    "the server is PostgreSQL {found}, and PostgreSQL {oldest} or newer is needed: upgrade the server")
DATABASE_RIGHT_MISSING = Sentence(
    "tài khoản trong log.url thiếu quyền: chủ cơ sở dữ liệu chạy `motlan migrate` kèm --app-role",
    "the account of log.url lacks a right: run `motlan migrate` with --app-role, as the owner of the database")
DATABASE_RIGHTS_MISSING = Sentence(
    "tài khoản trong log.url thiếu quyền ({rights}): chủ cơ sở dữ liệu chạy `motlan migrate` kèm --app-role",
    "the account of log.url lacks rights ({rights}): run `motlan migrate --app-role` as the database's owner")
DATABASE_RIGHTS_TOO_MANY = Sentence(
    "tài khoản trong log.url có quyền sửa nhật ký ({rights}): thu hồi các quyền đó, hoặc chạy `motlan migrate`",
    "the account of log.url may change the log ({rights}): revoke these rights, or run `motlan migrate` as the owner")
DATABASE_ACCOUNT_OWNS = Sentence(
    "tài khoản trong log.url là chủ cơ sở dữ liệu hoặc superuser: dùng một tài khoản thuộc vai trò của --app-role",
    "the account of log.url owns the database or is a superuser: write an account that has the role of --app-role")
DATABASE_EMPTY = Sentence("cơ sở dữ liệu chưa có lược đồ: chủ cơ sở dữ liệu chạy `motlan migrate`",
    "the database has no schema yet: run `motlan migrate` as its owner")
DATABASE_SCHEMA_OLDER = Sentence(
    "lược đồ cơ sở dữ liệu ở phiên bản {found}, cần {known}: chủ cơ sở dữ liệu chạy `motlan migrate`",
    "the schema of the database is {found}, and {known} is needed: run `motlan migrate` as its owner")
DATABASE_SCHEMA_NEWER = Sentence(
    "lược đồ cơ sở dữ liệu ở phiên bản {found}, mới hơn {known} của bản này: chạy bản phát hành mới hơn",
    "the schema of the database is {found}, newer than {known} of this release: run the newer release")
DATABASE_SCHEMA_OTHER = Sentence(
    "lược đồ cơ sở dữ liệu không phải của phiên bản này: chủ cơ sở dữ liệu chạy `motlan migrate`",
    "the schema of the database is not that of this release: run `motlan migrate` as the owner of the database")
DATABASE_HELD = Sentence(
    "một phiên khác đang giữ các bảng ({holders}): chờ hoặc kết thúc phiên đó (pg_terminate_backend), rồi chạy lại"
    " `motlan migrate`",
    "another session holds the tables ({holders}): wait for it, or end it (pg_terminate_backend), and run"
    " `motlan migrate` again",
)
ROLE_NAME_FORM = Sentence(
    "viết tên vai trò bằng chữ thường, chữ số và _, không dùng public, none hay pg_…, ví dụ motlan_app",
    "write the name of a role in small letters, digits and _, not public, none or pg_…, such as motlan_app",
)
ROLES_EQUAL = Sentence(
    "một vai trò sẽ có quyền của vai trò khác: đặt ba tên khác nhau cho --app-role, --admin-role và --audit-role",
    "one role would have the rights of another: give --app-role, --admin-role and --audit-role three names",
)
SCHEMA_NEW = Sentence("mới", "new")
SCHEMA_CURRENT = Sentence(
    "{name}: lược đồ {newest}, đúng với bản này", "{name}: schema {newest}, as this release has it"
)
UPGRADED = Sentence("{name}: đã nâng cấp: {found} → {newest}", "{name}: upgraded: {found} → {newest}")
WOULD_UPGRADE = Sentence(
    "{name}: sẽ nâng cấp: {found} → {newest}", "{name}: would be upgraded: {found} → {newest}"
)
RIGHTS_GRANTED = Sentence("vai trò và quyền: đã cấp", "roles and rights: granted")
DATABASE_CONNECTIONS_FULL = Sentence(
    "cơ sở dữ liệu hết chỗ kết nối: tăng max_connections của máy chủ, hoặc bớt tiến trình",
    "the database has no connection left: raise max_connections of the server, or run fewer processes")
DATABASE_MEMORY_FULL = Sentence("máy chủ cơ sở dữ liệu hết bộ nhớ: thêm bộ nhớ, hoặc giảm work_mem và số kết nối",
    "the server of the database is out of memory: add memory, or lower work_mem and the number of connections")
DATABASE_LIMIT_REACHED = Sentence(
    "một giới hạn trong cấu hình máy chủ cơ sở dữ liệu đã chạm mức (ví dụ temp_file_limit): tăng giới hạn đó",
    "a limit in the configuration of the database server is reached (such as temp_file_limit): raise it")
DATABASE_STOPPING = Sentence("cơ sở dữ liệu đang khởi động hoặc đang dừng: chờ, hoặc khởi động máy chủ",
    "the database is starting or stopping: wait, or start its server")
DATABASE_DAMAGED = Sentence(
    "dữ liệu hoặc chỉ mục trong cơ sở dữ liệu bị hỏng: dừng lại, kiểm tra đĩa và khôi phục từ bản sao lưu",
    "data or an index in the database is damaged: stop, check the disk, and restore from a backup")
DATABASE_NOT_OPENED = Sentence("không mở được cơ sở dữ liệu", "the database cannot be opened")
DATABASE_TAKES_NOTHING = Sentence("cơ sở dữ liệu không nhận bản ghi", "the database does not accept the record")
WITH_SQLSTATE = Sentence("{what} (mã lỗi SQLSTATE: {state})", "{what} (SQLSTATE: {state})")
DATABASE_ANSWERS_NOTHING = Sentence(
    "cơ sở dữ liệu không trả lời câu hỏi", "the database does not answer the question")
DATABASE_MISSING = Sentence(
    "không mở được cơ sở dữ liệu: thiếu tệp", "the database cannot be opened: its file is missing")
LOG_REPLACED = Sentence("tệp nhật ký bị thay trong khi tiến trình này đang mở: hãy khởi động lại",
    "the file of the log was replaced while this process had it open: start it again")
FILE_OF_NEWER_RELEASE = Sentence(
    "tệp {file} do phiên bản phần mềm mới hơn ghi (lược đồ {found}, phiên bản này chỉ đọc được đến {known}):"
    " hãy chạy phiên bản mới hơn, hoặc khôi phục bản sao lưu trước khi nâng cấp",
    "{file} is of a newer release (schema {found}; this release knows {known}):"
    " start the newer release, or restore the backup from before the upgrade",
)
DISK_FULL = Sentence("đĩa đã đầy: giải phóng chỗ trên đĩa của cơ sở dữ liệu",
    "the disk is full: free space on the disk of the database")
DISK_ERROR = Sentence(
    "đĩa báo lỗi: kiểm tra đĩa của cơ sở dữ liệu", "the disk reports an error: check the disk of the database")
RIGHT_MISSING = Sentence("tài khoản này không được làm việc đó: đưa địa chỉ của quản trị (log.admin_url)",
    "this role may not do that: give the administrator's address (log.admin_url)")
TABLE_IN_USE = Sentence("các bản ghi đã xóa, nhưng bảng của {month} đang được dùng và còn chiếm đĩa: hãy dọn lại",
    "the records are deleted, but the table of {month} is in use and keeps its disk space: prune again")
JUST_NUMBERED = Sentence("các bản ghi cuối vừa được đánh số: hãy thử lại sau",
    "the last of these records were numbered just now: try again later")
RECORD_NOT_THERE = Sentence("bản ghi {index} không có trong cơ sở dữ liệu", "record {index} is not in the database")
TOO_MANY_REPLAYS = Sentence(
    "quá nhiều yêu cầu chờ kho chống dùng lại (replay)", "too many requests wait for the replay store")
REPLAYS_CLOSED = Sentence("kho chống dùng lại (replay) đã đóng", "the replay store is closed")
REPLAYS_FAILED = Sentence("kho chống dùng lại (replay) bị lỗi", "the replay store failed")
ROOT_KEY_WRONG = Sentence("khóa gốc không mở được nhật ký này", "the root key does not open this log")
ROOT_KEY_WRONG_FOR = Sentence(
    "khóa gốc không mở được khóa của kỳ {period}", "the root key does not open the keys of {period}")
ROOT_KEY_AWAY = Sentence("hiện không dùng được khóa gốc", "the root key cannot be used now")
ROOT_KEY_UNUSABLE = Sentence("không dùng được khóa gốc: {why}", "the root key cannot be used: {why}")
NO_SUCH_DOSSIER = Sentence("không có hồ sơ này trong các hồ sơ của hệ thống gửi yêu cầu (mục thứ {place}, tính từ 0)",
    "there is no such dossier among those of the requester (entry {place}, counted from 0)")
NO_SUCH_DOSSIER_OF_OWNER = Sentence("không có hồ sơ nào với mã và số định danh này",
    "there is no dossier with this code and this number of its owner")
NO_SUCH_DELIVERY = Sentence("không có lượt gửi này cho hệ thống gửi yêu cầu (mục thứ {place}, tính từ 0)",
    "there is no such delivery for the requester (entry {place}, counted from 0)")
DELIVERY_NOT_GIVEN_UP = Sentence(
    "chỉ gửi lại hoặc bỏ được lượt gửi đã dừng (dead); lượt gửi này đang ở trạng thái {state}",
    "only a delivery that was given up (dead) is queued again or dropped; this one is {state}")
NO_SUCH_PORTAL = Sentence("không có cổng này trong các cổng được đối soát: {known}",
    "there is no such portal among those that are compared: {known}")
DAYS_OF_RUN = Sentence("ngày đầu không sau ngày cuối, và khoảng thời gian không quá {most} ngày",
    "the first day is not after the last one, and there are at most {most} days between them")
MUTE_TOO_LONG = Sentence("tạm tắt cảnh báo của một nguồn được nhiều nhất 24 giờ; hãy chọn thời gian ngắn hơn",
    "a source is muted for at most 24 hours; choose a shorter time")
STREAMS_AT_MOST = Sentence("đã mở {most} luồng số liệu trực tiếp, nhiều nhất cho phép; hãy đóng bớt trang đang mở",
    "{most} live streams are open, which is the most; close some pages")
NO_SUCH_SOURCE = Sentence("không có nguồn này trong cấu hình", "the configuration has no such source")
RECONCILIATION_RUNS = Sentence("việc đối soát với cổng này đang chạy; xem GET /v1/reconciliation",
    "a reconciliation with this portal is running; see GET /v1/reconciliation")
DOSSIER_OF_ANOTHER = Sentence("mã hồ sơ này đã được hệ thống khác đăng ký; hãy kiểm tra mã đơn vị trong mã hồ sơ",
    "another system registered this code; check the unit in the code of the dossier")
UNIT_OF_ANOTHER = Sentence(
    "hệ thống này chỉ dùng mã hồ sơ của các đơn vị {units}, không dùng mã của {unit}; hãy sửa mã, hoặc thêm đơn vị vào"
    " dossier_units của hệ thống trong config/requesters",
    "this system uses dossier codes of the units {units} only, not of {unit}: correct the code, or add the unit to"
    " dossier_units of its file in config/requesters")
DOSSIER_CHANGES = Sentence("hồ sơ đang được thay đổi bởi nhiều yêu cầu; hãy gửi lại sau một giây",
    "several requests change this dossier just now; send it again after a second")
TWIN_UNDER_WAY = Sentence("một yêu cầu với cùng Idempotency-Key đang được xử lý; hãy gửi lại sau một giây",
    "a request with the same Idempotency-Key is under way; send it again after a second")
QUERY_WORD = Sentence("tham số '{name}' viết theo: {words}", "the parameter '{name}' is written as: {words}")
QUERY_NUMBER = Sentence("tham số '{name}' phải là số nguyên trong giới hạn",
    "the parameter '{name}' is a whole number within its limits")
CURSOR_UNKNOWN = Sentence("/cursor: gửi `next` của trang trước", "/cursor: send `next` of the page before")
MONTH_KEYS_CLOSED = Sentence("không mở được khóa của tháng này", "the keys of this month cannot be opened")
PERIOD_KEYS_GONE = Sentence("khóa của kỳ {period} không còn trong cơ sở dữ liệu nhật ký",
    "the keys of {period} are gone from the log's database")
PERIOD_KEYS_OTHERS = Sentence("khóa của kỳ {period} trong cơ sở dữ liệu nhật ký không phải khóa đã dùng trước đây",
    "the keys of {period} in the log's database differ from those used before")
SIGNED_BY_ANOTHER = Sentence("nhật ký do khóa khác ký", "another key signed the log")
DATABASE_ROLLED_BACK = Sentence(
    "nhật ký đã quay về trạng thái cũ: cơ sở dữ liệu có {size} bản ghi, trước đây có {mark}; hãy kết nối lại đúng"
    " cơ sở dữ liệu có đủ các bản ghi hoặc xem `motlan log accept-rollback`",
    "the log was rolled back: its database has {size} records and had {mark}; connect the database that has all"
    " records, or see `motlan log accept-rollback`",
)
LOG_FORKED = Sentence(
    "nhật ký đã quay về trạng thái cũ rồi ghi tiếp theo nhánh khác: {mark} bản ghi đầu không phải các bản ghi đã ký;"
    " hãy kết nối lại đúng cơ sở dữ liệu có đủ các bản ghi hoặc xem `motlan log accept-rollback`",
    "the log was rolled back and continued differently: its first {mark} records are not the signed ones;"
    " connect the database that has all records, or see `motlan log accept-rollback`",
)
RECORD_ROLLED_BACK = Sentence(
    "nhật ký đã quay về trạng thái cũ: bản ghi đã trả lời không còn trong cơ sở dữ liệu; hãy kết nối lại đúng"
    " cơ sở dữ liệu có đủ các bản ghi hoặc xem `motlan log accept-rollback`",
    "the log was rolled back: a record that was answered is not in its database; connect the database that has all"
    " records, or see `motlan log accept-rollback`",
)
WITNESS_SAW_MORE = Sentence(
    "nhật ký đã quay về trạng thái cũ: cơ sở dữ liệu có {size} bản ghi, nhân chứng {name} đã ký {mark}",
    "the log was rolled back: its database has {size} records, and the witness {name} has signed {mark}",
)
CHECKPOINT_UNREADABLE = Sentence(
    "không đọc được điểm kiểm tra mới nhất trong cơ sở dữ liệu nhật ký (hoặc đã bị sửa) nên không biết nhật ký có mất"
    " bản ghi hay không: hãy kết nối lại đúng cơ sở dữ liệu có đủ các bản ghi, hoặc khôi phục bản sao lưu",
    "the newest checkpoint in the log's database cannot be read, or was altered, so lost records cannot be excluded:"
    " connect the database that has all records, or restore a backup",
)
MARK_UNREADABLE = Sentence(
    "không đọc được {file} trong thư mục trạng thái nên không biết nhật ký có quay về trạng thái cũ hay không: hãy"
    " khôi phục tệp này hoặc xem `motlan log accept-rollback`",
    "{file} in the state folder cannot be read, so a rollback of the log cannot be excluded: restore the file,"
    " or see `motlan log accept-rollback`",
)
MARK_OF_UNKNOWN_KEY = Sentence(
    "dấu mốc {file} ({mark} bản ghi) do một khóa không có trong cấu hình ký: hoặc cơ sở dữ liệu đã mất bản ghi sau khi"
    " đổi khóa, hoặc dấu mốc thuộc về nhật ký khác; hãy kết nối lại đúng cơ sở dữ liệu có đủ các bản ghi hoặc xem"
    " `motlan log accept-rollback`",
    "the mark {file} ({mark} records) is signed by a key that is not configured: either the database lost records after"
    " a key change, or the mark belongs to another log; connect the database that has all records, or see"
    " `motlan log accept-rollback`",
)
TREE_END_UNSIGNED = Sentence("phần cuối của cây không phải phần đã ký", "the end of the tree is not the signed one")
TREE_END_ALTERED = Sentence(
    "phần cuối của cây hoặc điểm kiểm tra của nó đã bị sửa", "the end of the tree or its checkpoint was altered")
SIGNATURE_WRONG = Sentence("khóa ký cho ra chữ ký không hợp lệ", "the signing key gave an invalid signature")
SIGNING_KEY_AWAY = Sentence("hiện không dùng được khóa ký", "the signing key cannot be used now")
HOLDER_REFUSES = Sentence("nơi giữ khóa từ chối", "the key service refuses")
HOLDER_NO_BASE64 = Sentence("nơi giữ khóa không trả về base64", "the key service gave no base64")
HOLDER_SILENT = Sentence("nơi giữ khóa không trả lời", "the key service does not answer")
