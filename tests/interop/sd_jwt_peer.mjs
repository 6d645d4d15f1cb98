// An agency with an independent SD-JWT library (npm @sd-jwt/core): shows a part of an answer, verifies what it is shown.
//   JSON on stdin: {jwks, passport, field}; prints what it saw as JSON
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { SDJwtInstance } from '@sd-jwt/core';
import { digest, generateSalt } from '@sd-jwt/crypto-nodejs';

const { jwks, passport, field } = JSON.parse(readFileSync(0, 'utf-8'));
const { kid } = JSON.parse(Buffer.from(passport.split('.')[0], 'base64url'));
const jwk = jwks.keys.find((one) => one.kid === kid);
const key = await webcrypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify']);
const verifier = (data, signature) =>
  webcrypto.subtle.verify('Ed25519', key, Buffer.from(signature, 'base64url'), Buffer.from(data));
const agency = new SDJwtInstance({ hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, verifier });

const whole = await agency.verify(passport);
const names = await agency.keys(passport);
const source = whole.payload.fields[field].evidence;
const part = await agency.present(passport, { fields: { [field]: true }, evidence: { [source]: true } });
const shown = await agency.verify(part);
const refused = async (spoiled) => {
  try { await agency.verify(spoiled); return false; } catch { return true; }
};
const [jwt, ...disclosures] = part.split('~');
const other = Buffer.from(JSON.stringify(['AAAAAAAAAAAAAAAAAAAAAAAA', field, { value: 'X' }])).toString('base64url');
console.log(JSON.stringify({
  whole: whole.payload, header: whole.header, names, shown: shown.payload, disclosures: disclosures.length - 1,
  refused: {
    signature: await refused([jwt.slice(0, -6) + 'AAAAAA', ...disclosures].join('~')),
    claims: await refused([jwt.replace('.', '.A'), ...disclosures].join('~')),
  },
  forged: (await agency.verify([jwt, other, ''].join('~')).catch(() => ({ payload: {} }))).payload.fields?.[field] ?? null,
}));
