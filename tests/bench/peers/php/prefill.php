<?php
// Peer: the job as a good PHP engineer writes it: PHP-FPM behind nginx, ext-soap, curl_multi, SQLite.
// STUB and DB come from the pool's configuration (../php_fpm.py). The form has the fields of ../form.py.
declare(strict_types=1);

/** ext-soap writes the message and reads the answer; in between its fiber waits, so that all sources are asked at once. */
final class Population extends SoapClient
{
    public function __doRequest(string $request, string $location, string $action, int $version, bool $oneWay = false): ?string
    {
        return Fiber::suspend($request);
    }
}

function citizen(Population $population, array $subject, array $official): Fiber
{
    return new Fiber(fn() => $population->TraCuuThongTinCongDan([
        'MaYeuCau' => bin2hex(random_bytes(16)),
        'MaDVC' => 'G15-TP110',
        'MaTichHop' => '037',
        'MaCanBo' => $official['personal_id'],
        'MaDonVi' => $official['agency'],
        'TaiKhoan' => $official['account'],
        'SoDienThoai' => '0',
        'SoDinhDanh' => $subject['personal_id'],
        'HoVaTen' => mb_strtoupper($subject['full_name']),
        'NgayThangNamSinh' => ['NgayThangNam' => str_replace('-', '', $subject['birth_date'])],
    ])->CongDan[0]);
}

/** Post all the messages at once; the bodies of the answers, in their order. */
function ask(array $messages): array
{
    $all = curl_multi_init();
    $handles = [];
    foreach ($messages as [$path, $type, $message]) {
        $handle = curl_init(getenv('STUB') . $path);
        curl_setopt_array($handle, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_POSTFIELDS => $message,
            CURLOPT_HTTPHEADER => ["Content-Type: $type", ...($type === 'application/json' ? [] : ['SOAPAction: ""'])],
        ]);
        curl_multi_add_handle($all, $handle);
        $handles[] = $handle;
    }
    do {
        $status = curl_multi_exec($all, $running);
        if ($running) {
            curl_multi_select($all);
        }
    } while ($running && $status === CURLM_OK);
    return array_map(curl_multi_getcontent(...), $handles);
}

function iso_date(string $text): string
{
    return substr($text, 0, 4) . '-' . substr($text, 4, 2) . '-' . substr($text, 6, 2);
}

function slashed_date(string $text): string
{
    return substr($text, 6, 4) . '-' . substr($text, 3, 2) . '-' . substr($text, 0, 2);
}

function gender(string $code): string
{
    return ['0' => 'other', '1' => 'male', '2' => 'female'][$code];
}

const PERSON = [
    ['personalId', ['SoDinhDanh']],
    ['oldId', ['SoCMND']],
    ['fullName', ['HoVaTen', 'Ten']],
    ['gender', ['GioiTinh'], 'gender'],
    ['ethnicity', ['DanToc']],
    ['religion', ['TonGiao']],
    ['maritalStatus', ['TinhTrangHonNhan']],
    ['bloodGroup', ['NhomMau']],
    ['birthDate', ['NgayThangNamSinh', 'NgayThangNam'], 'iso_date'],
    ['nationality', ['QuocTich']],
    ['origin.province', ['QueQuan', 'MaTinhThanh']],
    ['origin.commune', ['QueQuan', 'MaPhuongXa']],
    ['origin.detail', ['QueQuan', 'ChiTiet']],
    ['permanent.province', ['ThuongTru', 'MaTinhThanh']],
    ['permanent.commune', ['ThuongTru', 'MaPhuongXa']],
    ['permanent.detail', ['ThuongTru', 'ChiTiet']],
    ['current.province', ['NoiOHienTai', 'MaTinhThanh']],
    ['current.commune', ['NoiOHienTai', 'MaPhuongXa']],
    ['current.detail', ['NoiOHienTai', 'ChiTiet']],
    ['father.fullName', ['Cha', 'HoVaTen']],
    ['father.personalId', ['Cha', 'SoDinhDanh']],
    ['mother.fullName', ['Me', 'HoVaTen']],
    ['mother.personalId', ['Me', 'SoDinhDanh']],
    ['head.relation', ['ChuHo', 'QuanHe']],
];
const CIVIL = [
    ['birth.number', ['khaiSinh', 'so']],
    ['marriage.number', ['ketHon', 0, 'so']],
    ['marriage.book', ['ketHon', 0, 'quyenSo']],
    ['marriage.registeredOn', ['ketHon', 0, 'ngayDangKy'], 'slashed_date'],
    ['marriage.spouse.fullName', ['ketHon', 0, 'voChong', 'hoTen']],
    ['marriage.spouse.personalId', ['ketHon', 0, 'voChong', 'soDinhDanh']],
];
const INSURANCE = [
    ['insurance.number', ['maSoBhxh']],
    ['insurance.fullName', ['hoTen']],
    ['insurance.birthDate', ['ngaySinh'], 'iso_date'],
    ['insurance.province', ['maTinhKs']],
    ['insurance.commune', ['maXaKs']],
    ['insurance.state', ['trangThai']],
];

function put(array &$form, string $prefix, array $table, mixed $answer, string $source, string $now): void
{
    foreach ($table as $row) {
        $value = $answer;
        foreach ($row[1] as $step) {
            $value = is_object($value) ? $value->$step ?? null : $value[$step] ?? null;
        }
        $form[$prefix . $row[0]] = is_string($value) && $value !== ''
            ? ['value' => isset($row[2]) ? $row[2]($value) : $value, 'state' => 'filled', 'source' => $source, 'fetched_at' => $now]
            : ['value' => null, 'state' => 'blank', 'source' => $source, 'fetched_at' => $now];
    }
}

function now(): string
{
    return (new DateTimeImmutable('now'))->format('Y-m-d\TH:i:s.vp');
}

function encoded(mixed $value): string
{
    return json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
}

// kept open by the worker from request to request; the file is in WAL mode already
$database = new PDO('sqlite:' . getenv('DB'), options: [PDO::ATTR_PERSISTENT => true, PDO::ATTR_TIMEOUT => 10]);
$database->exec('PRAGMA synchronous=FULL');
$insert = $database->prepare('INSERT INTO record (leaf) VALUES (?)');
// the workers queue here: SQLite would let those that come too early sleep, up to a tenth of a second
$queue = fopen(getenv('DB') . '.queue', 'c');
$append = function (array $record) use ($insert, $queue): void {
    $leaf = encoded($record);
    flock($queue, LOCK_EX);
    $insert->execute([$leaf]);
    flock($queue, LOCK_UN);
};

$question = json_decode(file_get_contents('php://input'), true, flags: JSON_THROW_ON_ERROR);
$shared = ['exchange' => bin2hex(random_bytes(16)), 'time' => now(), 'procedure' => $question['procedure']];
$append([...$shared, 'phase' => 'intent', 'official' => $question['official']]);

$population = new Population(__DIR__ . '/../population.wsdl', [
    'cache_wsdl' => WSDL_CACHE_BOTH,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);
$first = citizen($population, $question['subject'], $question['official']);
$second = citizen($population, $question['spouse'], $question['official']);
$number = $question['subject']['personal_id'];
$answers = ask([
    ['/population', 'text/xml; charset=utf-8', $first->start()],
    ['/population', 'text/xml; charset=utf-8', $second->start()],
    ['/hotich/1.0/trichLuc', 'application/json', encoded(['soDinhDanh' => $number])],
    ['/apiBHXH/getTraCuuTtHgdByMaSoBhxh', 'application/json', encoded(['maSoBhxh' => $number])],
]);
// ext-soap remembers which message it is at: the second has to be read before the first
$second->resume($answers[1]);
$first->resume($answers[0]);

$now = now();
$form = [];
put($form, 'requester.', PERSON, $first->getReturn(), 'population', $now);
put($form, 'spouse.', PERSON, $second->getReturn(), 'population', $now);
put($form, '', CIVIL, json_decode($answers[2], true), 'civil_status', $now);
put($form, '', INSURANCE, json_decode($answers[3], true), 'social_insurance', $now);
$append([...$shared, 'phase' => 'outcome', 'fields' => array_map(fn($field) => $field['state'], $form)]);

$answer = encoded(['form' => $form]);
header('Content-Type: application/json');
header('Content-Length: ' . strlen($answer));
echo $answer;
