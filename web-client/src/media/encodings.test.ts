import { expect, test } from 'vitest';
import { cameraEncodings } from './encodings';

const LAYERS = { l: 1, m: 2, h: 3 };
const rids = (width?: number, height?: number) =>
  cameraEncodings(LAYERS, width, height).map((encoding) => encoding.rid);

test('a small camera gives up small layers, never its whole picture', () => {
  expect(rids(1280, 720)).toEqual(['l', 'm', 'h']);
  expect(rids(960, 540)).toEqual(['l', 'm', 'h']);
  expect(rids(640, 480)).toEqual(['m', 'h']);
  expect(rids(320, 180)).toEqual(['h']);
});

test('a camera that is not known yet is sent with all layers', () => {
  expect(rids()).toEqual(['l', 'm', 'h']);
});
