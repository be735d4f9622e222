// A link with a button that copies it, also where the browser has no clipboard (plain HTTP).
import { Button } from 'antd';
import { useRef, useState } from 'react';
import { text } from '../shell/words';

const SHOWN_MS = 2_000;

export function CopyText({ value, label, testid }: { value: string; label: string; testid?: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      document.execCommand('copy');
    }
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <span className="copy-text">
      <input
        ref={field}
        readOnly
        value={value}
        aria-label={label}
        data-testid={testid}
        onFocus={(event) => event.target.select()}
      />
      <Button onClick={copy}>{copied ? text.copied : text.copy}</Button>
    </span>
  );
}
