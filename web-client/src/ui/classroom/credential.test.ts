import { beforeEach, expect, it, vi } from 'vitest';

// A browser's storage and address, as far as the modules under test look at them; before they are loaded.
const storage = vi.hoisted(() => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    clear: () => kept.clear(),
  };
  vi.stubGlobal('localStorage', storage);
  vi.stubGlobal('location', { search: '?lang=zh' });
  vi.stubGlobal('navigator', { language: 'zh-CN' });
  return storage;
});

import { kept, pairScreen } from './credential';

/** What a server would know: the device of each credential it gave out. */
class Server {
  devices = new Map<string, number>();
  asked: { authorization: string | null; body: unknown }[] = [];
  online = true;

  fetch = async (_path: string, init: RequestInit): Promise<Response> => {
    if (!this.online) throw new TypeError('offline');
    const authorization = new Headers(init.headers).get('authorization');
    this.asked.push({ authorization, body: JSON.parse(String(init.body)) });
    let credential = authorization?.replace('Bearer ', '') ?? '';
    if (!this.devices.has(credential)) {
      credential = `d.${this.asked.length}`;
      this.devices.set(credential, this.asked.length);
    }
    const device = { id: `device-${this.devices.get(credential)}`, name: '三班' };
    return Response.json({ device, credential });
  };
}

let server = new Server();
beforeEach(() => {
  storage.clear();
  server = new Server();
  vi.stubGlobal('fetch', server.fetch);
});

it('stays the same device with every later code', async () => {
  expect(await pairScreen('123456', '三班')).toEqual({ ok: true, value: 'd.1' });
  expect(await pairScreen('654321', '')).toEqual({ ok: true, value: 'd.1' });
  expect(server.devices.size).toBe(1);
  expect(server.asked).toEqual([
    { authorization: null, body: { code: '123456', name: '三班' } },
    { authorization: 'Bearer d.1', body: { code: '654321' } },
  ]);
  expect(kept.credential()).toBe('d.1');
});

it('takes the new credential of a screen that was removed', async () => {
  await pairScreen('123456', '三班');
  server.devices.clear();
  expect(await pairScreen('123456', '三班')).toEqual({ ok: true, value: 'd.2' });
  expect(kept.credential()).toBe('d.2');
});

it('keeps its credential when the server does not answer', async () => {
  await pairScreen('123456', '三班');
  server.online = false;
  expect(await pairScreen('654321', '三班')).toMatchObject({ ok: false, failure: { kind: 'offline' } });
  expect(kept.credential()).toBe('d.1');
});
