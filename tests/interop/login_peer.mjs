// An independent OpenID client (npm openid-client) that logs a person in, driven by test_login_peer.py.
//   JSON on stdin: {issuer, client_id, secret?, jwk?, alg?, redirect_uri, par, mode}; prints what it saw as JSON
// The browser is one request: a person is signed in already.
import { readFileSync } from 'node:fs';
import * as client from 'openid-client';

const { issuer, client_id, secret, jwk, alg, redirect_uri, par, mode } = JSON.parse(readFileSync(0, 'utf-8'));

let authentication = client.ClientSecretBasic(secret);
if (jwk) {
  const algorithm = alg === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' };
  authentication = client.PrivateKeyJwt(await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']));
}
const metadata = jwk ? { id_token_signed_response_alg: alg === 'ES256' ? 'ES256' : 'EdDSA' } : undefined;
const config = await client.discovery(new URL(issuer), client_id, metadata, authentication, {
  execute: [client.allowInsecureRequests],
});
const options = jwk ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) } : undefined;

const verifier = client.randomPKCECodeVerifier();
const parameters = {
  redirect_uri, scope: 'openid profile personal_id', state: client.randomState(), nonce: client.randomNonce(),
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', max_age: '3600',
  ...(mode ? { response_mode: mode } : {}),
};
const address = par
  ? await client.buildAuthorizationUrlWithPAR(config, parameters, options)
  : client.buildAuthorizationUrl(config, parameters);
const answer = await fetch(address, { redirect: 'manual' });
let back = answer.headers.get('location');
if (mode === 'form_post') {
  const fields = [...(await answer.text()).matchAll(/name="([^"]*)" value="([^"]*)"/g)];
  back = new Request(redirect_uri, {
    method: 'POST', body: new URLSearchParams(fields.map(([, name, value]) => [name, value])),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
} else {
  back = new URL(back);
}
const tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: verifier, expectedState: parameters.state, expectedNonce: parameters.nonce, maxAge: 3600,
}, undefined, options);
const claims = tokens.claims();
const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub, options);
const before = await client.tokenIntrospection(config, tokens.access_token);
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
await client.tokenRevocation(config, fresh.refresh_token);
const after = await client.tokenIntrospection(config, fresh.access_token);

console.log(JSON.stringify({ claims, info, before, after, login: tokens.login, type: tokens.token_type, fresh: fresh.claims() }));
