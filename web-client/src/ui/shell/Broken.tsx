// What stands in place of a page that failed while it was drawn: words and a way on, never a white screen.
import { Component, type ReactNode } from 'react';
import { Plate } from './states';
import { text } from './words';

interface State {
  error: Error | null;
}

export class Broken extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Plate
        title={text.broken}
        code={error.message}
        testid="broken"
        action={
          <button type="button" className="plain-button" onClick={() => location.reload()}>
            {text.loadAgain}
          </button>
        }
      >
        {text.brokenHint}
      </Plate>
    );
  }
}
