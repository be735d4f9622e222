// A subject, typed or chosen.
import { AutoComplete } from 'antd';
import { SUBJECTS } from './subjects';
import { text } from './words';

interface Props {
  value?: string;
  onChange?: (subject: string) => void;
}

const OPTIONS = SUBJECTS.map((value) => ({ value }));

export function SubjectField({ value, onChange }: Props) {
  return (
    <AutoComplete
      {...(value === undefined ? {} : { value })}
      {...(onChange === undefined ? {} : { onChange })}
      options={OPTIONS}
      showSearch={{ filterOption: true }}
      placeholder={text.subjects}
      aria-label={text.subjects}
    />
  );
}
