// The certified OpenID Connect provider "oidc-provider" on loopback, for tests.
//
//     node provider.mjs CONFIG.json
//
// CONFIG.json: {port, issuer?, redirect, after_logout, client_secret, keys, claims_in, ttl, audience,
// tamper, acr, accounts}. `keys` are private JWKs, the first one signs. `accounts` is the path of a JSON file
// {login: claims}, read again at each login, so that a test can change a person's roles while this
// runs. `claims_in` is "userinfo" (the standard's way) or "id_token". `ttl` is the life of an ID
// token in seconds, negative for one that has run out already. With `audience` the token is issued
// (and rightly signed) for that other client; with `acr` it says so of the
// login; with `tamper` somebody on the way changes its subject.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const accounts = () => JSON.parse(readFileSync(config.accounts, 'utf8'));

const provider = new Provider(config.issuer ?? `http://127.0.0.1:${config.port}`, {
  clients: [
    {
      client_id: 'admission',
      client_secret: config.client_secret,
      redirect_uris: [config.redirect],
      post_logout_redirect_uris: [config.after_logout],
    },
    { client_id: 'another', client_secret: 'x'.repeat(40), redirect_uris: [config.redirect] },
  ],
  jwks: { keys: config.keys },
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'roles'] },
  conformIdTokenClaims: config.claims_in !== 'id_token',
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  ttl: {
    AccessToken: 600, AuthorizationCode: 60, Grant: 3600, Interaction: 600, Session: 3600,
    IdToken: () => config.ttl ?? 300,
  },
  async findAccount(_, login) {
    const found = accounts()[login];
    return found && { accountId: login, claims: async () => ({ sub: login, ...found }) };
  },
});

if (config.audience) {
  const { IdToken } = provider;
  const issue = IdToken.prototype.issue;
  IdToken.prototype.issue = async function toAnother(options) {
    this.client = await provider.Client.find(config.audience);
    return issue.call(this, options);
  };
}

if (config.acr) {
  const { IdToken } = provider;
  const issue = IdToken.prototype.issue;
  IdToken.prototype.issue = async function asStrong(options) {
    this.set('acr', config.acr);
    return issue.call(this, options);
  };
}

if (config.tamper) {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.body?.id_token) {
      const [head, body, signature] = ctx.body.id_token.split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url'));
      const other = Buffer.from(JSON.stringify({ ...claims, sub: 'u-0' })).toString('base64url');
      ctx.body = { ...ctx.body, id_token: [head, other, signature].join('.') };
    }
  });
}

provider.on('server_error', (_, error) => console.error(error));
provider.listen(config.port, '127.0.0.1', () => console.log('listening'));
