// Runs a TypeScript file with Node 20, which cannot do so by itself.
import { runnerImport } from 'vite';

await runnerImport(process.argv[2], { configFile: false });
