// A real OpenID provider (panva's, certified) on a port of its own, with its own pages.
//   stdout  `issuer URL` once it has a port, `ready` once it serves
//   stdin   one line: the relying party's address
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

// It warns of what only a test does: keys and pages of its own, an old Node.
console.info = () => {};
console.warn = () => {};
const { default: Provider } = await import('oidc-provider');

const server = createServer();
server.listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(`issuer ${issuer}`);

const lines = createInterface({ input: process.stdin });
const house = await new Promise((heard) => lines.once('line', heard));
lines.once('close', () => process.exit(0));

// Whoever logs in as NAME is of the groups after the first dot: `li.county-it`.
const claimsOf = (id) => ({
  sub: id,
  name: '李娜',
  preferred_username: id.split('.')[0],
  groups: id.split('.').slice(1),
});

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'tongtang',
      client_secret: 'a secret: + & %',
      redirect_uris: [`${house}/api/oidc/callback`],
      post_logout_redirect_uris: [],
      backchannel_logout_uri: `${house}/api/oidc/back-channel-logout`,
      backchannel_logout_session_required: true,
    },
  ],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], groups: ['groups'], email: ['email'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  // Without the dispatcher that refuses addresses of this machine, which is where the test's server is.
  fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
  pkce: { required: () => true },
  cookies: { keys: ['only for tests'] },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  findAccount: (_context, id) => ({ accountId: id, claims: () => claimsOf(id) }),
});
provider.on('backchannel.error', (_context, error) => console.error('back-channel', error));
provider.on('server_error', (_context, error) => console.error('server', error));
server.on('request', provider.callback());
console.log('ready');
