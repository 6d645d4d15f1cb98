"""Dossiers: their files, messages of portals, doors in the protocols of others."""

from gateway.domain.sentences.sentence import Sentence

# fmt: off

# --- files of dossiers

FILES_DISK_FULL = Sentence("đĩa lưu tệp đã đầy: giải phóng chỗ, rồi gửi lại tệp",
    "the disk of the files is full: make room, then send the file again")
FILES_FOLDER_FAULT = Sentence("không ghi hoặc đọc được thư mục lưu tệp: kiểm tra 'files.folder' trong gateway.yaml",
    "the folder of the files cannot be written or read: check 'files.folder' in gateway.yaml")
FILE_ALTERED = Sentence("nội dung tệp đã lưu khác với giá trị băm của tệp: khôi phục tệp từ bản sao lưu",
    "the stored content differs from its digest: restore the file from a backup")
SCANNER_AWAY = Sentence("chương trình quét mã độc không trả lời: gửi lại tệp sau {seconds} giây",
    "the malware scanner does not answer: send the file again after {seconds} seconds")
FILE_INFECTED = Sentence("chương trình quét tìm thấy mã độc: kiểm tra máy đã tạo tệp, gửi tệp sạch",
    "the scanner found malware: check the computer that made the file, and send a clean one")
FILE_EMPTY = Sentence("tệp trống", "the file is empty")
FILE_KINDS = Sentence("loại tệp được nhận: {kinds}; loại tệp được xác định theo nội dung",
    "accepted kinds: {kinds}; the content decides the kind")
FILE_DECLARED = Sentence("nội dung tệp là {kind}: gửi kèm Content-Type {media}",
    "the content is {kind}: send Content-Type {media}")
FILE_EXTENSION = Sentence("nội dung tệp là {kind}: đặt phần mở rộng của tên tệp là .{extension}",
    "the content is {kind}: end the file name with .{extension}")
FILE_NAME = Sentence("tên tệp có 1 đến 200 ký tự, không có '/', '\\', ký tự điều khiển và không bắt đầu bằng dấu chấm",
    "a file name has 1 to 200 characters, no '/', no '\\', no control characters, and does not begin with a dot")
FILE_NAME_FIELD = Sentence("không đọc được Content-Disposition: viết là attachment; filename*=UTF-8''…",
    "Content-Disposition cannot be read: write attachment; filename*=UTF-8''…")
FILE_CUT = Sentence("tệp {kind} không có phần cuối: gửi lại toàn bộ tệp",
    "the {kind} file lacks its end: send the whole file again")
FILE_BROKEN = Sentence("không đọc được cấu trúc của tệp {kind}: lưu lại tệp bằng chương trình đã tạo tệp",
    "the structure of the {kind} file cannot be read: save it again with the program that made it")
FILE_METHOD = Sentence("tệp nén dùng thuật toán nén không được nhận: nén lại theo kiểu Deflate",
    "the archive uses a compression that is not accepted: compress it again with Deflate")
FILE_PASSWORD = Sentence("tệp có phần được mã hóa bằng mật khẩu: gửi tệp không có mật khẩu",
    "a part of the file is encrypted by a password: send it without a password")
FILE_TWO_KINDS = Sentence("tệp có thể được đọc như hai loại tệp khác nhau: lưu lại thành một loại",
    "the file can be read as two different kinds: save it as one kind")
FILE_TOO_MANY_MEMBERS = Sentence("tệp nén có quá {most} tệp bên trong: chia thành nhiều tệp",
    "the archive has more than {most} files: split it")
FILE_EXPANDS = Sentence("tệp nén giải nén ra quá lớn", "the archive is too large when unpacked")
FILE_MEMBER_PATH = Sentence("tệp nén có tên tệp bên trong dẫn ra ngoài thư mục giải nén, hoặc bị trùng",
    "a name inside the archive leads out of its folder, or is there twice")
FILE_MEMBER_LIES = Sentence("danh mục của tệp nén khác với nội dung tệp nén",
    "the directory of the archive differs from its content")
FILE_NESTED = Sentence("tệp nén có tệp nén hoặc chương trình bên trong: gửi từng tệp riêng",
    "the archive has an archive or a program inside: send its files one by one")
FILE_MACROS = Sentence("tệp văn bản có macro: lưu lại không có macro",
    "the document has macros: save it without macros")
FILE_DOCTYPE = Sentence("tệp XML có DOCTYPE: bỏ phần này", "the XML has a DOCTYPE: take it out")
FILE_ELEMENTS = Sentence("tệp XML lồng nhau quá {deepest} cấp hoặc có quá {most} phần tử",
    "the XML is nested deeper than {deepest} levels, or has more than {most} elements")
FILE_TOKEN = Sentence("tệp XML có thẻ hoặc chú thích dài quá {most} byte",
    "the XML has a tag or a comment of more than {most} bytes")
FILE_PIXELS = Sentence("ảnh có quá {most} triệu điểm ảnh: giảm kích thước ảnh",
    "the picture has more than {most} million pixels: make it smaller")
NO_SUCH_FILE = Sentence("không có tệp này", "there is no such file")
FILE_NOT_HERE = Sentence(
    "hệ thống khai thác không có tệp này: gửi tệp qua POST /v1/files, hoặc lấy giấy tờ qua POST /v1/papers/fetch",
    "this requester does not have this file: send it by POST /v1/files, or fetch the paper by POST /v1/papers/fetch")
FILE_LINK_SECONDS = Sentence("'seconds' từ 60 đến {most}", "'seconds' is from 60 to {most}")
FILE_DIGEST_KIND = Sentence("Content-Digest của tệp dùng sha-256", "the Content-Digest of a file uses sha-256")
UPLOADS_AT_A_TIME = Sentence("tối đa {most} tệp cùng lúc", "at most {most} files at a time")

# --- messages of portals

WIRE_FIELD = Sentence("trường {field} ({path}): {why}", "field {field} ({path}): {why}")
NEVER_WRITABLE = Sentence("cổng {portal} cần trường {field} ({path}): {why}",
    "portal {portal} wants the field {field} ({path}): {why}")
WIRE_VALUE_UNREADABLE = Sentence(
    "giá trị không đúng kiểu hoặc định dạng của trường này", "the value does not have the type or form of this field")
CODE_TOO_LONG = Sentence("mã dài quá {limit} ký tự; mã không được cắt bớt, hãy sửa mã",
    "the code is longer than {limit} characters; codes are never cut: correct the code")
NO_FOREIGN_CODE = Sentence("danh mục của cổng tiếp nhận không có mã cho giá trị này; hãy chọn giá trị khác",
    "the receiver's list has no code for this value; choose another value")
NO_TIME = Sentence("không phải thời điểm có thật", "is not an existing time")

# --- doors in the protocols of others

WIRE_TEXT_TOO_LONG = Sentence("văn bản dài quá mức cho phép", "the text is too long")
NOT_BASE64 = Sentence("không phải base64", "is not base64")
NO_SUCH_OPERATION = Sentence("không có dịch vụ này", "there is no such operation")
NOTICE_UNREADABLE = Sentence("không đọc được tệp XML của thông báo", "the XML file of the notice cannot be read")
SECRET_ONLY_AT_DOOR = Sentence(
    "mật khẩu này chỉ dùng để lấy mã truy cập tại cổng tương thích LGSP",
    "this secret only fetches tokens at the LGSP-compatible door")
ANOTHER_DOSSIER = Sentence("trả về hồ sơ khác với hồ sơ được hỏi", "answers another dossier than was asked for")
