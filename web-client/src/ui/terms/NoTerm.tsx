// What stands on a page of a term while there is none: why, and the way to make one.
import { Button } from 'antd';
import type { ReactNode } from 'react';
import { go } from '../shell/router';
import { Plate } from '../shell/states';
import { text } from './words';

/** `children`: what the page needs a term for. */
export function NoTerm({ children }: { children: ReactNode }) {
  return (
    <Plate
      title={text.noTerm}
      action={
        <Button type="primary" size="large" onClick={() => go('/timetable/terms?edit=new')}>
          {text.newTerm}
        </Button>
      }
    >
      {children}
    </Plate>
  );
}
