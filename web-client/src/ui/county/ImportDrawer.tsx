// A spreadsheet into the county: looked at first, everything wrong named by row and column, then all or nothing.
import { Alert, Button, Drawer, Table, Upload } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { county, exportAddress } from '../../protocol/county';
import type { ImportReport, OrgView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { changesIn, isTooLarge } from './import_report';
import { text } from './words';

interface Props {
  org: OrgView;
  /** May the caller import schools and people too? Else only terms and timetables. */
  mayChangePlaces: boolean;
  close(): void;
  imported(): void;
}

export function ImportDrawer({ org, mayChangePlaces, close, imported }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [tooLarge, setTooLarge] = useState(false);
  const [report, setReport] = useState<ImportReport | null>(null);
  const [doing, setDoing] = useState<'checking' | 'importing' | null>(null);
  const { failure, act, forget } = useAct();
  const stop = useRef<AbortController | null>(null);
  // Who closes the drawer waits no longer, and the server stops too.
  useEffect(() => () => stop.current?.abort(), []);
  const ask = async (what: 'checking' | 'importing', chosen: File) => {
    const stopping = new AbortController();
    stop.current = stopping;
    setDoing(what);
    const answer = await act(() => county.importFile(org.id, chosen, what === 'checking', stopping.signal));
    if (stop.current !== stopping) return null;
    setDoing(null);
    if (stopping.signal.aborted) forget();
    return answer;
  };
  const look = async (chosen: File) => {
    setReport(null);
    forget();
    setTooLarge(isTooLarge(chosen.size));
    setFile(chosen);
    if (isTooLarge(chosen.size)) return;
    // Kept as it is now: what was checked is what is imported, whatever becomes of the file meanwhile.
    const kept = new File([await chosen.arrayBuffer()], chosen.name);
    setFile(kept);
    setReport(await ask('checking', kept));
  };
  const carryOut = async () => {
    if (file === null) return;
    const done = await ask('importing', file);
    if (done === null) return;
    setReport(done);
    if (done.done) imported();
  };
  const canDo =
    doing === null && report !== null && !report.done && report.error_count === 0 && changesIn(report) > 0;
  return (
    <Drawer
      open
      title={text.importTitle(org.name)}
      size={720}
      onClose={close}
      data-testid="import"
      footer={
        <div className="drawer-foot">
          <span />
          <Button onClick={close}>{report?.done ? shell.close : shell.cancel}</Button>
          {!report?.done && (
            <Button
              type="primary"
              disabled={!canDo}
              loading={doing === 'importing'}
              onClick={() => void carryOut()}
              data-testid="carry-out"
            >
              {text.carryOut}
            </Button>
          )}
        </div>
      }
    >
      <div className="import">
        <Upload.Dragger
          accept=".xlsx,.csv,.zip"
          maxCount={1}
          showUploadList={false}
          disabled={doing !== null}
          beforeUpload={(chosen) => {
            void look(chosen);
            return false;
          }}
        >
          <p className="import-drop">{file === null ? text.importDrop : file.name}</p>
          <p className="soft">{text.importHint}</p>
          {!mayChangePlaces && <p className="soft">{text.importSchedules}</p>}
        </Upload.Dragger>
        <p className="import-links">
          <span className="soft">{text.templates}</span>
          <a href={exportAddress(org.id, 'template')} download data-testid="template">
            {text.template}
          </a>
          <a href={exportAddress(org.id, 'places')} download>
            {text.current}
          </a>
        </p>
        {doing !== null && (
          <div className="import-doing" role="status" data-testid="import-doing">
            <progress aria-label={text[doing]} />
            <span>{text[doing]}</span>
            <Button size="small" onClick={() => stop.current?.abort()} data-testid="stop-import">
              {text.stopImport}
            </Button>
          </div>
        )}
        {tooLarge && <Alert type="error" showIcon role="alert" title={text.importTooLarge} />}
        <Refused failure={failure} />
        {report !== null && <Report report={report} />}
      </div>
    </Drawer>
  );
}

function Report({ report }: { report: ImportReport }) {
  const { done, errors, error_count, counts, notes } = report;
  const changes = changesIn(report);
  return (
    <section className="report" aria-live="polite" data-testid="report">
      {error_count > 0 ? (
        <Alert type="warning" showIcon title={text.importErrors(error_count)} />
      ) : (
        <Alert
          type={changes > 0 ? 'success' : 'info'}
          showIcon
          title={
            changes === 0 ? text.importNothing : done ? text.importDone(changes) : text.importClean(changes)
          }
        />
      )}
      {error_count > 0 && (
        <>
          {error_count > errors.length && <p className="soft">{text.importMore(errors.length)}</p>}
          <Table
            size="small"
            rowKey={({ sheet, row, column, words }) => `${sheet} ${row} ${column} ${words}`}
            dataSource={errors}
            pagination={{ pageSize: 50, hideOnSinglePage: true }}
            columns={[
              // On a phone where it is stands in one column, so that what is wrong is on the screen too.
              {
                title: text.where,
                render: (_, { sheet, row, column }) => text.whereIs(sheet, row, column),
                responsive: ['xs'],
                width: '45%',
              },
              { title: text.sheet, dataIndex: 'sheet', width: 120, responsive: ['sm'] },
              { title: text.row, dataIndex: 'row', align: 'right', width: 64, responsive: ['sm'] },
              { title: text.column, dataIndex: 'column', width: 144, responsive: ['sm'] },
              { title: text.whatIsWrong, dataIndex: 'words' },
            ]}
            data-testid="import-errors"
          />
        </>
      )}
      {counts.length > 0 && (
        <Table
          size="small"
          rowKey="table"
          dataSource={counts}
          pagination={false}
          columns={[
            { title: text.table, render: (_, { table }) => text.tables[table] ?? table },
            { title: text.added, dataIndex: 'added', align: 'right' },
            { title: text.changed, dataIndex: 'changed', align: 'right' },
            { title: text.same, dataIndex: 'same', align: 'right' },
          ]}
          data-testid="import-counts"
        />
      )}
      {notes.length > 0 && (
        <div>
          <h3>{text.notTaken}</h3>
          <ul className="soft">
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
