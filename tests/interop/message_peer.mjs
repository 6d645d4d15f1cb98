// A requester with an independent library (npm http-message-signatures): signs a request, verifies the signed answer.
//   JSON on stdin: {url, token, jwk, keyid, alg, body, jwks, accept}; prints what it saw as JSON
import { readFileSync } from 'node:fs';
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import { httpbis } from 'http-message-signatures';

const { url, token, jwk, keyid, alg, body, jwks } = JSON.parse(readFileSync(0, 'utf-8'));
const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
const key = createPrivateKey({ key: jwk, format: 'jwk' });
const request = {
  method: 'POST', url,
  headers: {
    'content-type': 'application/json', authorization: `Bearer ${token}`, 'content-digest': digest,
    'accept-signature': 'answer=("@status" "content-digest");nonce="peer-0123456789"',
  },
};
const signed = await httpbis.signMessage({
  key: {
    id: keyid, alg,
    sign: async (data) => sign(alg === 'ed25519' ? null : 'sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  },
  name: 'peer',
  fields: ['@method', '@target-uri', '@authority', 'content-digest', 'content-type', 'authorization'],
  params: ['created', 'keyid', 'alg', 'nonce'],
  paramValues: { nonce: randomBytes(12).toString('hex') },
}, request);
const answer = await fetch(url, { method: 'POST', body, headers: signed.headers });
const text = await answer.text();
const again = await fetch(url, { method: 'POST', body, headers: signed.headers });

const headers = Object.fromEntries(answer.headers);
const asked = { ...request, headers: signed.headers };
const check = (status, told) => httpbis.verifyMessage({
  keyLookup: async (params) => {
    const found = jwks.keys.find((one) => one.kid === params.keyid);
    const known = createPublicKey({ key: found, format: 'jwk' });
    return { id: params.keyid, algs: ['ed25519'], verify: async (data, signature) => verify(null, data, known, signature) };
  },
}, { status, headers: told }, asked);
console.log(JSON.stringify({
  status: answer.status, exchange: JSON.parse(text).exchange_id, again: again.status,
  digest: headers['content-digest'] === `sha-256=:${createHash('sha256').update(text).digest('base64')}:`,
  verified: await check(answer.status, headers),
  other: await check(204, headers).catch(() => false),
  input: headers['signature-input'],
}));
