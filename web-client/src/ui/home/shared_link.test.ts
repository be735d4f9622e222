import { expect, test } from 'vitest';
import { sharedLink } from './shared_link';

const classroom = 'https://192.168.1.20:8443/classroom';

test('a link that is copied opens on another machine', () => {
  expect(sharedLink('http://127.0.0.1:8080/teach#t.les-1.secret', classroom)).toBe(
    'https://192.168.1.20:8443/teach#t.les-1.secret',
  );
  expect(sharedLink('http://localhost:8080/teach#x', classroom)).toBe('https://192.168.1.20:8443/teach#x');
});

test('a link that names a public address stays as it is', () => {
  expect(sharedLink('https://class.example.cn/teach#x', classroom)).toBe('https://class.example.cn/teach#x');
});
