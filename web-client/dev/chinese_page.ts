// Tests run where there is no page: words are read as on a Chinese one.
Object.assign(globalThis, {
  location: new URL('http://localhost/'),
  localStorage: { getItem: () => null, setItem: () => undefined },
});
Object.defineProperty(globalThis, 'navigator', { value: { language: 'zh-CN' }, configurable: true });
