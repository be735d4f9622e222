// Asks for a plan: from which week, how long it may take.
import { Collapse, Form, InputNumber, Select } from 'antd';
import { county } from '../../protocol/county';
import type { PlanRequest, TermView } from '../../protocol/types';
import { useAct } from '../shell/act';
import { EditDrawer } from '../shell/EditDrawer';
import { go } from '../shell/router';
import { text } from './words';

const TIME_LIMITS_S = [10, 30, 60, 120, 300, 600, 1800];

/** As the server's, if nobody says. */
const TIME_LIMIT_S = 120;

export function NewPlan({ term, close }: { term: TermView; close(): void }) {
  const [form] = Form.useForm<PlanRequest>();
  const { busy, failure, act } = useAct();
  const start = async (request: PlanRequest) => {
    const plan = await act(() => county.startPlan(term.id, request));
    if (plan !== null) go(`/plans/${plan.id}`);
  };
  return (
    <EditDrawer<PlanRequest>
      title={`${text.start}：${term.name}`}
      form={form}
      initial={{ time_limit_s: TIME_LIMIT_S, seed: 1 }}
      busy={busy}
      failure={failure}
      save={(fields) => void start(fields)}
      saveWords={text.start}
      close={close}
    >
      <p className="soft">{text.emptyHint}</p>
      <Form.Item name="from_week" label={text.fromWeek} extra={text.fromWeekHint}>
        <InputNumber min={1} max={term.weeks} />
      </Form.Item>
      <Form.Item name="time_limit_s" label={text.timeLimit}>
        <Select options={TIME_LIMITS_S.map((value) => ({ value, label: text.seconds(value) }))} />
      </Form.Item>
      <Collapse
        ghost
        items={[
          {
            key: 'more',
            label: text.more,
            forceRender: true,
            children: (
              <Form.Item name="seed" label={text.seed} extra={text.seedHint}>
                <InputNumber min={0} max={4_294_967_295} precision={0} />
              </Form.Item>
            ),
          },
        ]}
      />
    </EditDrawer>
  );
}
