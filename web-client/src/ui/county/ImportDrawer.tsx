// A spreadsheet into the county: looked at first, everything wrong named by row and column, then all or nothing.
import { Alert, Button, Drawer, Table, Upload } from 'antd';
import { useState } from 'react';
import { county, exportAddress } from '../../protocol/county';
import type { ImportReport, OrgView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text as shell } from '../shell/words';
import { text } from './words';

interface Props {
  org: OrgView;
  close(): void;
  imported(): void;
}

export function ImportDrawer({ org, close, imported }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);
  const { busy, failure, act } = useAct();
  const look = async (chosen: File) => {
    setFile(chosen);
    setReport(null);
    setReport(await act(() => county.importFile(org.id, chosen, true)));
  };
  const carryOut = async () => {
    if (file === null) return;
    const done = await act(() => county.importFile(org.id, file, false));
    if (done === null) return;
    setReport(done);
    if (done.done) imported();
  };
  const changes = (report?.counts ?? []).reduce((sum, { added, changed }) => sum + added + changed, 0);
  const canDo = report !== null && !report.done && report.error_count === 0 && changes > 0;
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
          <Button
            type="primary"
            disabled={!canDo}
            loading={busy && report !== null}
            onClick={() => void carryOut()}
            data-testid="carry-out"
          >
            {text.carryOut}
          </Button>
        </div>
      }
    >
      <Upload.Dragger
        accept=".xlsx,.csv,.zip"
        maxCount={1}
        showUploadList={false}
        disabled={busy}
        beforeUpload={(chosen) => {
          void look(chosen);
          return false;
        }}
      >
        <p className="import-drop">{file === null ? text.importDrop : file.name}</p>
        <p className="soft">{busy ? (report === null ? text.checking : text.importing) : text.importHint}</p>
      </Upload.Dragger>
      <p>
        <a href={exportAddress(org.id, 'places')} download>
          {text.template}
        </a>
      </p>
      <Refused failure={failure} />
      {report !== null && <Report report={report} hasChanges={changes > 0} />}
    </Drawer>
  );
}

function Report({ report, hasChanges }: { report: ImportReport; hasChanges: boolean }) {
  const { done, errors, error_count, counts } = report;
  return (
    <section className="report" aria-live="polite" data-testid="report">
      {error_count > 0 ? (
        <Alert type="warning" showIcon title={text.importErrors(error_count)} />
      ) : (
        <Alert
          type={hasChanges ? 'success' : 'info'}
          showIcon
          title={done ? text.importDone : hasChanges ? text.importClean : text.importNothing}
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
              { title: text.sheet, dataIndex: 'sheet' },
              { title: text.row, dataIndex: 'row', align: 'right' },
              { title: text.column, dataIndex: 'column' },
              { title: text.whatIsWrong, dataIndex: 'words' },
            ]}
            data-testid="import-errors"
          />
        </>
      )}
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
      />
    </section>
  );
}
