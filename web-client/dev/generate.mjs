// Writes src/protocol/schema.ts from openapi.json (`tongtang openapi > openapi.json`). With `--check` it only
// compares. Shapes only: which path answers with which shape is said once, in src/protocol/api.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const document = JSON.parse(readFileSync('openapi.json', 'utf8'));
document.paths = {};
const head = '// Generated from openapi.json by `npm run generate`; do not edit.\n\n';
const text = head + astToString(await openapiTS(document));

const place = 'src/protocol/schema.ts';
if (!process.argv.includes('--check')) writeFileSync(place, text);
else if (readFileSync(place, 'utf8') !== text) {
  console.error(`${place} is not what openapi.json says: run \`npm run generate\``);
  process.exit(1);
}
