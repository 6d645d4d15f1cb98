// Peer: the job as a good Node engineer writes it: fastify, soap (over undici), undici, SQLite.
//   node server.mjs --stub http://127.0.0.1:8099 --port 9003 --db FILE
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import Fastify from 'fastify';
import soap from 'soap';
import { Pool } from 'undici';

const { values: given } = parseArgs({
  options: { stub: { type: 'string' }, port: { type: 'string' }, db: { type: 'string' } },
});
const pool = new Pool(given.stub, { connections: 256, pipelining: 1 });

const database = new DatabaseSync(given.db);
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
database.exec('CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, leaf TEXT NOT NULL)');
const insert = database.prepare('INSERT INTO record (leaf) VALUES (?)');
const append = (record) => insert.run(JSON.stringify(record));

// soap's own client is built on axios; undici takes its place for speed
const httpClient = {
  request(url, data, callback, headers) {
    const path = new URL(url).pathname;
    pool
      .request({ path, method: 'POST', headers: { ...headers, Connection: undefined }, body: data })
      .then(async (answer) => {
        const body = await answer.body.text();
        callback(null, { status: answer.statusCode, headers: answer.headers, data: body }, body);
      })
      .catch(callback);
  },
};
const wsdl = new URL('../population.wsdl', import.meta.url).pathname;
const population = await soap.createClientAsync(wsdl, { endpoint: `${given.stub}/population`, httpClient });

const genders = { 0: 'other', 1: 'male', 2: 'female' };
const gender = (code) => genders[code];
const isoDate = (text) => `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`;
const slashedDate = (text) => `${text.slice(6, 10)}-${text.slice(3, 5)}-${text.slice(0, 2)}`;

const person = [
  ['personalId', ['SoDinhDanh']],
  ['oldId', ['SoCMND']],
  ['fullName', ['HoVaTen', 'Ten']],
  ['gender', ['GioiTinh'], gender],
  ['ethnicity', ['DanToc']],
  ['religion', ['TonGiao']],
  ['maritalStatus', ['TinhTrangHonNhan']],
  ['bloodGroup', ['NhomMau']],
  ['birthDate', ['NgayThangNamSinh', 'NgayThangNam'], isoDate],
  ['nationality', ['QuocTich']],
  ...[['origin', 'QueQuan'], ['permanent', 'ThuongTru'], ['current', 'NoiOHienTai']].flatMap(([name, element]) =>
    [['province', 'MaTinhThanh'], ['commune', 'MaPhuongXa'], ['detail', 'ChiTiet']].map(([part, child]) => [
      `${name}.${part}`,
      [element, child],
    ]),
  ),
  ['father.fullName', ['Cha', 'HoVaTen']],
  ['father.personalId', ['Cha', 'SoDinhDanh']],
  ['mother.fullName', ['Me', 'HoVaTen']],
  ['mother.personalId', ['Me', 'SoDinhDanh']],
  ['head.relation', ['ChuHo', 'QuanHe']],
];
const civil = [
  ['birth.number', ['khaiSinh', 'so']],
  ['marriage.number', ['ketHon', 0, 'so']],
  ['marriage.book', ['ketHon', 0, 'quyenSo']],
  ['marriage.registeredOn', ['ketHon', 0, 'ngayDangKy'], slashedDate],
  ['marriage.spouse.fullName', ['ketHon', 0, 'voChong', 'hoTen']],
  ['marriage.spouse.personalId', ['ketHon', 0, 'voChong', 'soDinhDanh']],
];
const insurance = [
  ['insurance.number', ['maSoBhxh']],
  ['insurance.fullName', ['hoTen']],
  ['insurance.birthDate', ['ngaySinh'], isoDate],
  ['insurance.province', ['maTinhKs']],
  ['insurance.commune', ['maXaKs']],
  ['insurance.state', ['trangThai']],
];

function put(form, prefix, table, answer, source, fetched_at) {
  for (const [name, path, clean] of table) {
    let value = answer;
    for (const step of path) value = value?.[step];
    form[prefix + name] =
      typeof value === 'string' && value !== ''
        ? { value: clean ? clean(value) : value, state: 'filled', source, fetched_at }
        : { value: null, state: 'blank', source, fetched_at };
  }
}

async function citizen(subject, official) {
  const [answer] = await population.TraCuuThongTinCongDanAsync({
    MaYeuCau: randomUUID(),
    MaDVC: 'G15-TP110',
    MaTichHop: '037',
    MaCanBo: official.personal_id,
    MaDonVi: official.agency,
    TaiKhoan: official.account,
    SoDienThoai: '0',
    SoDinhDanh: subject.personal_id,
    HoVaTen: subject.full_name.toUpperCase(),
    NgayThangNamSinh: { NgayThangNam: subject.birth_date.replaceAll('-', '') },
  });
  return answer.CongDan[0];
}

async function rest(path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await pool.request({ path, method: 'POST', headers, body: JSON.stringify(body) });
  return answer.body.json();
}

const app = Fastify();
app.post('/prefill', async (request) => {
  const { procedure, subject, spouse, official } = request.body;
  const shared = { exchange: randomUUID(), time: new Date().toISOString(), procedure };
  append({ ...shared, phase: 'intent', official });
  const [first, second, registered, insured] = await Promise.all([
    citizen(subject, official),
    citizen(spouse, official),
    rest('/hotich/1.0/trichLuc', { soDinhDanh: subject.personal_id }),
    rest('/apiBHXH/getTraCuuTtHgdByMaSoBhxh', { maSoBhxh: subject.personal_id }),
  ]);
  const now = new Date().toISOString();
  const form = {};
  put(form, 'requester.', person, first, 'population', now);
  put(form, 'spouse.', person, second, 'population', now);
  put(form, '', civil, registered, 'civil_status', now);
  put(form, '', insurance, insured, 'social_insurance', now);
  const fields = Object.fromEntries(Object.entries(form).map(([name, field]) => [name, field.state]));
  append({ ...shared, phase: 'outcome', fields });
  return { form };
});
await app.listen({ host: '127.0.0.1', port: Number(given.port) });
