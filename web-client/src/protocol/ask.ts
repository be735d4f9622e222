// How a question is put to the server. Every answer is a Result; nothing throws.
import { languageTag } from '../words/language';
import { failed, type Result, readProblem, retryAfter, success } from './result';

/** Longest wait for an answer. The person sees "no answer" and may try again. */
const TIMEOUT_MS = 15_000;

interface Asked {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: BodyInit;
}

async function put<T>({ method, path, headers = {}, body }: Asked): Promise<Result<T>> {
  try {
    const response = await fetch(path, {
      method,
      headers: { 'accept-language': languageTag, ...headers },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (!response.ok) {
      const problem = readProblem(response.status, response.headers.get('content-type'), text);
      return failed({ kind: 'refused', problem, retryAfterS: retryAfter(response.headers) });
    }
    return success((text === '' ? undefined : JSON.parse(text)) as T);
  } catch {
    return failed({ kind: 'offline' });
  }
}

export function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  bearer: string | null = null,
): Promise<Result<T>> {
  const headers: Record<string, string> = {};
  if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
  if (method !== 'GET') headers['content-type'] = 'application/json';
  return put<T>({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** `?a=1&b=2` of what is there; nothing of what is not. */
export function query(params: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
