// How a question is put to the server. Every answer is a Result; nothing throws.
import { languageTag } from '../words/language';
import { failed, type Result, readProblem, retryAfter, success } from './result';

/** Longest wait for an answer. The person sees "no answer" and may try again. */
const TIMEOUT_MS = 15_000;

/** A file of many rows is sent, read, checked and written in one go. */
const FILE_TIMEOUT_MS = 120_000;

interface Asked {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: BodyInit;
  timeoutMs?: number;
  /** Ends the wait before its time. */
  stop?: AbortSignal;
}

async function put<T>({
  method,
  path,
  headers = {},
  body,
  timeoutMs = TIMEOUT_MS,
  stop,
}: Asked): Promise<Result<T>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(path, {
      method,
      headers: { 'accept-language': languageTag, ...headers },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: stop === undefined ? timeout : AbortSignal.any([timeout, stop]),
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

/** A file as it is; `stop` takes it back. */
export function send<T>(path: string, file: Blob, stop: AbortSignal): Promise<Result<T>> {
  const headers = { 'content-type': 'application/octet-stream' };
  return put<T>({ method: 'POST', path, headers, body: file, timeoutMs: FILE_TIMEOUT_MS, stop });
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
