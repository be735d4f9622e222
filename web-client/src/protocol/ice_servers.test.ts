import { expect, it } from 'vitest';
import { readIceServers } from './ice_servers';

it('reads the servers of RFC 9725 §4.6', () => {
  const link =
    '<stun:stun.example.net>; rel="ice-server", ' +
    '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="my,Pass;word"; credential-type="password"';
  expect(readIceServers(link)).toEqual([
    { urls: 'stun:stun.example.net' },
    { urls: 'turn:turn.example.net?transport=udp', username: 'user', credential: 'my,Pass;word' },
  ]);
});

it('takes nothing else for a server', () => {
  expect(readIceServers(null)).toEqual([]);
  expect(readIceServers('<https://x/>; rel="ice-server", <stun:x>; rel="help", garbage')).toEqual([]);
  expect(readIceServers('<turn:x>;rel=ice-server;username=u')).toEqual([{ urls: 'turn:x', username: 'u' }]);
});
