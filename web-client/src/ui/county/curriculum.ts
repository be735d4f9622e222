// The curriculum as a matrix of subject and grade: pure.
import type { Prescribed } from '../../protocol/types';

/** Compulsory schooling has nine. */
export const GRADES = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export type Matrix = Map<string, Map<number, number>>;

/** In the order in which subjects come first. */
export function matrixOf(rows: readonly Prescribed[]): Matrix {
  const matrix: Matrix = new Map();
  for (const { subject, grade, weekly_periods } of rows) {
    const byGrade = matrix.get(subject) ?? new Map<number, number>();
    matrix.set(subject, byGrade.set(grade, weekly_periods));
  }
  return matrix;
}

/** No periods: not prescribed. */
export function rowsOf(matrix: Matrix): Prescribed[] {
  return [...matrix].flatMap(([subject, byGrade]) =>
    [...byGrade]
      .filter(([, periods]) => periods > 0)
      .map(([grade, weekly_periods]) => ({ subject, grade, weekly_periods })),
  );
}

export function withPeriods(matrix: Matrix, subject: string, grade: number, periods: number): Matrix {
  return new Map(matrix).set(subject, new Map(matrix.get(subject)).set(grade, periods));
}

export function sumOf(matrix: Matrix, grade: number): number {
  return [...matrix.values()].reduce((sum, byGrade) => sum + (byGrade.get(grade) ?? 0), 0);
}
