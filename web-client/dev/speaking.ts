// Loads a module as a page of one language would, in tests: what it exports speaks that language.
import { vi } from 'vitest';

export async function speaking<T>(language: 'zh' | 'en', load: () => Promise<T>): Promise<T> {
  vi.resetModules();
  vi.stubGlobal('location', { search: `?lang=${language}` });
  vi.stubGlobal('localStorage', { getItem: () => null });
  vi.stubGlobal('navigator', { language });
  return load();
}

/** All codes that the server's document has for a kind of trouble. */
export async function codesOf(schema: 'RecordingTrouble' | 'JobTrouble'): Promise<string[]> {
  const { default: document } = await import('../openapi.json');
  const variants: { properties: { code: { enum: string[] } } }[] = document.components.schemas[schema].oneOf;
  return variants.flatMap((variant) => variant.properties.code.enum);
}
