// A table of a desk page: found by typing, filtered and sorted by its heads, and left as it was found the next time.
import { Input, Table } from 'antd';
import type { ColumnType } from 'antd/es/table';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { languageTag } from '../../words/language';
import { keepTable, keptTable } from './kept_table';
import { useQuery } from './query';
import { text } from './words';

export interface DeskColumn<Row> extends ColumnType<Row> {
  key: string;
}

interface Props<Row> {
  /** What the browser remembers it by. */
  name: string;
  rows: Row[];
  rowKey: (row: Row) => string;
  columns: DeskColumn<Row>[];
  /** What typing is compared with. */
  said: (row: Row) => string;
  open?: ((row: Row) => void) | undefined;
  actions?: ReactNode;
  empty: ReactNode;
}

export function textColumn<Row>(key: string, title: string, get: (row: Row) => string): DeskColumn<Row> {
  return {
    key,
    title,
    sorter: (a, b) => get(a).localeCompare(get(b), languageTag, { numeric: true }),
    render: (_, row) => get(row),
  };
}

export function numberColumn<Row>(
  key: string,
  title: string,
  get: (row: Row) => number | null,
  show: (value: number) => string = String,
): DeskColumn<Row> {
  return {
    key,
    title,
    align: 'right',
    sorter: (a, b) => (get(a) ?? -1) - (get(b) ?? -1),
    render: (_, row) => {
      const value = get(row);
      return value === null ? <span className="soft">—</span> : show(value);
    },
  };
}

/** Choices of a head, by what the rows say. */
export function filtersOf<Row>(rows: Row[], get: (row: Row) => string[]) {
  const values = [...new Set(rows.flatMap(get))].sort((a, b) =>
    a.localeCompare(b, languageTag, { numeric: true }),
  );
  return {
    filters: values.map((value) => ({ text: value, value })),
    onFilter: (value: unknown, row: Row) => get(row).includes(String(value)),
  };
}

export function DeskTable<Row extends object>({
  name,
  rows,
  rowKey,
  columns,
  said,
  open,
  actions,
  empty,
}: Props<Row>) {
  const { query, set } = useQuery();
  const [kept] = useState(() => keptTable(name));
  const looked = query.get('q') ?? '';
  const parts = useDeferredValue(looked).toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => {
    const words = said(row).toLowerCase();
    return parts.every((part) => words.includes(part));
  });
  const remembered = columns.map((column): DeskColumn<Row> => {
    const filtered = kept.filters[column.key];
    return {
      ...column,
      ...(kept.sort?.key === column.key ? { defaultSortOrder: kept.sort.order } : {}),
      ...(filtered !== undefined && column.filters !== undefined ? { defaultFilteredValue: filtered } : {}),
    };
  });
  return (
    <section className="desk-table">
      <div className="desk-table-head">
        <Input.Search
          allowClear
          className="look"
          placeholder={text.look}
          aria-label={text.look}
          value={looked}
          onChange={(event) => set({ q: event.target.value }, 'replace')}
          data-testid={`look-${name}`}
        />
        <span className="soft" role="status">
          {text.rows(found.length)}
        </span>
        <span className="desk-table-actions">{actions}</span>
      </div>
      <Table<Row>
        rowKey={rowKey}
        size="middle"
        dataSource={found}
        columns={remembered}
        scroll={{ x: 'max-content' }}
        pagination={{ defaultPageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        locale={{ emptyText: empty }}
        onChange={(_, filters, sorter) => {
          const one = Array.isArray(sorter) ? sorter[0] : sorter;
          keepTable(name, filters, one?.columnKey, one?.order);
        }}
        {...(open === undefined
          ? {}
          : {
              onRow: (row: Row) => ({
                onClick: () => open(row),
                onKeyDown: (event: React.KeyboardEvent) => {
                  if (event.key !== 'Enter' || event.target !== event.currentTarget) return;
                  open(row);
                },
                tabIndex: 0,
                className: 'opens',
              }),
            })}
        data-testid={`table-${name}`}
      />
    </section>
  );
}
