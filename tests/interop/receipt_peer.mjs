// An independent library (npm jose) verifies a receipt with the published keys, driven by test_receipt_peer.py.
//   JSON on stdin: {keys (address of /oauth2/jwks), receipt (compact JWS)}; prints what it saw as JSON
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { keys, receipt } = JSON.parse(readFileSync(0, 'utf-8'));
const known = createRemoteJWKSet(new URL(keys));
const expected = { typ: 'consent-receipt+jwt', algorithms: ['EdDSA'] };
const { payload, protectedHeader } = await jwtVerify(receipt, known, expected);

const [head, , signature] = receipt.split('.');
const other = Buffer.from(JSON.stringify({ ...payload, record_id: 'cs-other' })).toString('base64url');
const spoilt = await jwtVerify([head, other, signature].join('.'), known).then(() => 'accepted', (error) => error.code);

console.log(JSON.stringify({ payload, protectedHeader, spoilt }));
