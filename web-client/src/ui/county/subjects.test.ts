import { expect, it } from 'vitest';
import { SUBJECTS, subjectLook } from './subjects';

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (a: string, b: string) => {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};

it('keeps every subject readable, and its edge visible', () => {
  for (const subject of [...SUBJECTS, '茶艺', 'Robotics', '']) {
    const { ground, edge } = subjectLook(subject);
    expect(contrast('#262421', ground), subject).toBeGreaterThan(7);
    expect(contrast(edge, ground), subject).toBeGreaterThan(3);
  }
});

it('gives a subject the same colours each time and the commonest ones different ones', () => {
  expect(subjectLook('茶艺')).toEqual(subjectLook('茶艺'));
  expect(new Set(SUBJECTS.slice(0, 10).map((subject) => subjectLook(subject).ground)).size).toBe(10);
});
