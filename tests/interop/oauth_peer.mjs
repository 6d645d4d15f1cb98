// An independent OAuth client (npm openid-client) and JWT verifier (npm jose), driven by test_oauth_peer.py.
//   JSON on stdin: {issuer, client_id, jwk, alg, dpop}; prints what it saw as JSON
import { readFileSync } from 'node:fs';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';

const { issuer, client_id, jwk, alg, dpop } = JSON.parse(readFileSync(0, 'utf-8'));

const algorithm = alg === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' };
const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
const config = await client.discovery(new URL(issuer), client_id, undefined, client.PrivateKeyJwt(key), {
  algorithm: 'oauth2',
  execute: [client.allowInsecureRequests],
});
const options = dpop ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) } : undefined;
const tokens = await client.clientCredentialsGrant(config, { scope: 'prefill' }, options);

const address = new URL(`${issuer}/v1/sources`);
const first = await client.fetchProtectedResource(
  config, tokens.access_token, address, 'GET', undefined, undefined, options);
const stolen = await fetch(address, { headers: { authorization: `Bearer ${tokens.access_token}` } });
const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, {
  issuer, audience: issuer, typ: 'at+jwt', algorithms: ['EdDSA'],
});
const before = await client.tokenIntrospection(config, tokens.access_token);
await client.tokenRevocation(config, tokens.access_token);
const after = await client.tokenIntrospection(config, tokens.access_token);

console.log(JSON.stringify({
  token_type: tokens.token_type, expires_in: tokens.expires_in, scope: tokens.scope,
  status: first.status, stolen: stolen.status, payload, header: protectedHeader, before, after,
}));
