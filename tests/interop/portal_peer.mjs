// npm oidc-provider as the portal where people sign in: the account that the start named signs in without a page.
import http from "node:http";
import Provider from "oidc-provider";

const asked = JSON.parse(await new Response(process.stdin).text());
const account = { sub: "account-1", ...asked.claims };

const server = http.createServer();
server.listen(asked.port ?? 0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: asked.client_id,
        client_secret: asked.client_secret,
        redirect_uris: asked.redirect_uris,
        post_logout_redirect_uris: asked.post_logout_redirect_uris ?? [],
        token_endpoint_auth_method: "client_secret_basic",
        ...(asked.backchannel_logout_uri ? { backchannel_logout_uri: asked.backchannel_logout_uri } : {}),
      },
    ],
    claims: { openid: Object.keys(account) },
    conformIdTokenClaims: asked.thin ?? true,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = `<!doctype html><title>logout</title><body>${form}<button form="op.logoutForm" name="logout" value="yes">yes</button>`;
        },
      },
    },
    cookies: { keys: ["peer"] },
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ ...account, sub: id }) }),
    interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 600, AccessToken: 600 },
  });
  const answer = provider.callback();
  server.on("request", async (request, response) => {
    if (!request.url.startsWith("/sign-in/")) return answer(request, response);
    const { params, prompt, session } = await provider.interactionDetails(request, response);
    const result = { login: { accountId: session?.accountId ?? account.sub } };
    if (prompt.name === "consent") {
      const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
      grant.addOIDCScope("openid");
      result.consent = { grantId: await grant.save() };
    }
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  });
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
