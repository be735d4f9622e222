// How a table was left: its sorting and filters, in this browser.

export interface KeptTable {
  sort: { key: string; order: 'ascend' | 'descend' } | null;
  filters: Record<string, string[]>;
}

const place = (name: string) => `tongtang.table.${name}`;

/** What was kept, if it is what we write: anybody may have changed it. */
export function readTable(stored: string | null): KeptTable {
  const kept: KeptTable = { sort: null, filters: {} };
  try {
    const value: unknown = JSON.parse(stored ?? 'null');
    if (typeof value !== 'object' || value === null) return kept;
    const { sort, filters } = value as Record<string, unknown>;
    if (typeof sort === 'object' && sort !== null) {
      const { key, order } = sort as Record<string, unknown>;
      if (typeof key === 'string' && (order === 'ascend' || order === 'descend')) kept.sort = { key, order };
    }
    if (typeof filters === 'object' && filters !== null) {
      for (const [key, chosen] of Object.entries(filters)) {
        if (Array.isArray(chosen)) kept.filters[key] = chosen.map(String);
      }
    }
  } catch {
    // Somebody else's words: as if nothing was kept.
  }
  return kept;
}

export const keptTable = (name: string): KeptTable => readTable(localStorage.getItem(place(name)));

export function keepTable(
  name: string,
  filters: Record<string, readonly unknown[] | null>,
  key: unknown,
  order: 'ascend' | 'descend' | null | undefined,
): void {
  const kept: KeptTable = { sort: null, filters: {} };
  if (typeof key === 'string' && (order === 'ascend' || order === 'descend')) kept.sort = { key, order };
  for (const [column, chosen] of Object.entries(filters)) {
    if (chosen !== null) kept.filters[column] = chosen.map(String);
  }
  localStorage.setItem(place(name), JSON.stringify(kept));
}
