// The week of a teacher or a classroom in a calendar program.
import { Button, Modal } from 'antd';
import { useState } from 'react';
import { county, type Whose } from '../../protocol/county';
import { CopyText } from '../home/CopyText';
import '../home/home.css';
import { useAct } from '../shell/act';
import { Refused } from '../shell/Refused';
import { text } from './words';

export function FeedButton({ whose }: { whose: Whose }) {
  const [url, setUrl] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const { busy, failure, act } = useAct();
  if (whose.by !== 'teacher' && whose.by !== 'classroom') return null;
  const of = whose.by === 'teacher' ? { teacher_id: whose.id } : { classroom_id: whose.id };
  const ask = async () => {
    setOpen(true);
    const feed = await act(() => county.calendarFeed(of));
    setUrl(feed?.url ?? null);
  };
  return (
    <>
      <Button loading={busy} onClick={() => void ask()} data-testid="feed">
        {text.feed}
      </Button>
      <Modal open={open} title={text.feed} footer={null} onCancel={() => setOpen(false)}>
        <Refused failure={failure} />
        {url !== null && (
          <>
            <p>{text.feedHint}</p>
            <CopyText value={url} label={text.feed} />
          </>
        )}
      </Modal>
    </>
  );
}
