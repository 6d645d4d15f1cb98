// A whole client of the gateway in Node (18, no package): token, prefill, origin of each value, papers, a problem.
// MOTLAN_URL, MOTLAN_CLIENT and MOTLAN_SECRET say where and as whom; the sandbox is the default.

const {
  MOTLAN_URL: gateway = 'http://127.0.0.1:8080', MOTLAN_CLIENT: client = 'portal',
  MOTLAN_SECRET: secret = 'sandbox-only-portal',
} = process.env;
const person = { personal_id: '033190001234', full_name: 'Trần Thị Mẫu', birth_date: '1990-02-15' };

/** What the gateway could not do (RFC 9457): decide by `code`, show `detail_vi`; 429 and 503: wait `Retry-After`. */
class Problem extends Error {
  constructor(answer) {
    super(answer.code ?? answer.error); // a token is refused by `error` (RFC 6749)
    this.answer = answer;
  }
}

async function send(path, body, headers) {
  const response = await fetch(gateway + path, { method: 'POST', body, headers, signal: AbortSignal.timeout(15_000) });
  if (!(response.headers.get('Content-Type') ?? '').includes('json')) throw new Error(`HTTP ${response.status}`);
  const answer = await response.json();
  if (!response.ok) throw new Problem(answer);
  return answer;
}

/** Valid for some minutes: keep it, and ask for a new one when the gateway answers 401. */
async function token() {
  const basic = Buffer.from(`${client}:${secret}`).toString('base64');
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  return (await send('/oauth2/token', form, { Authorization: `Basic ${basic}` })).access_token;
}

/** The filled form of procedure 1.004873. Personal ids are in bodies, never in an address. */
function prefill(bearer, requester) {
  const asked = { procedure: '1.004873', subjects: { requester, person: { same_as: 'requester' } } };
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' };
  return send('/v1/prefill', JSON.stringify(asked), headers);
}

/** Each field with its origin, then each paper. "unavailable" is not "not_found": say so to the citizen. */
function show(answer) {
  for (const [name, field] of Object.entries(answer.fields)) {
    if (field.state === 'filled') {
      const origin = answer.evidence[field.evidence];
      console.log(`field ${name}: ${origin.provider}, ${origin.fetched_at}${field.editable ? '' : ', locked'}`);
    } else {
      console.log(`field ${name}: ${field.state}`);
    }
  }
  for (const paper of answer.papers) console.log(`paper ${paper.code}: ${paper.state}, ${paper.title}`);
}

const bearer = await token();
show(await prefill(bearer, person));
try {
  await prefill(bearer, { ...person, personal_id: '12 digits are wanted' });
} catch (problem) {
  if (!(problem instanceof Problem)) throw problem;
  const said = problem.answer;
  console.log(`problem ${said.status} ${said.code}: ${said.detail_vi} (${said.exchange_id})`);
}
