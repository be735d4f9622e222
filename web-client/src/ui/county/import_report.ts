// What a file's report comes to.
import type { ImportReport } from '../../protocol/types';

/** As much as the server takes, in bytes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

export const isTooLarge = (bytes: number) => bytes > MAX_FILE_BYTES;

/** How many things are added or changed. */
export const changesIn = ({ counts }: Pick<ImportReport, 'counts'>) =>
  counts.reduce((sum, { added, changed }) => sum + added + changed, 0);
