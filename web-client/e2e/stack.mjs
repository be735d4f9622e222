// One server of its own for each test file: the real programs, free ports, an empty data folder.
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const OUT = join(here, 'out');
export const BIN = process.env.TONGTANG_BIN ?? join(here, '../../target/debug');

/** Media threads of the sfu, each with a UDP port. */
const WORKERS = 2;

function freeTcpPort() {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
    server.on('error', reject);
  });
}

function udpPort(wanted) {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.bind(wanted, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** The first of so many free UDP ports that lie behind each other. */
async function freeUdpPorts(count) {
  for (let attempt = 0; ; attempt += 1) {
    const first = await udpPort(0);
    try {
      for (let next = 1; next < count; next += 1) await udpPort(first + next);
      return first;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

/** Processes whose command line starts a program of this stack: `[{pid, name}]`. */
function processesWith(config) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words.includes(config)) found.push({ pid: Number(pid), name: words[0].split('/').pop(), words });
    } catch { /* it ended while we looked */ }
  }
  return found;
}

export class Stack {
  static async start(name) {
    const stack = new Stack();
    mkdirSync(OUT, { recursive: true });
    stack.dir = mkdtempSync(join(tmpdir(), 'tongtang-e2e-'));
    stack.port = await freeTcpPort();
    const [sfu, recorder] = [await freeTcpPort(), await freeTcpPort()];
    const [udp, tap] = [await freeUdpPorts(WORKERS), await freeUdpPorts(1)];
    stack.config = join(stack.dir, 'tongtang.toml');
    stack.base = `http://127.0.0.1:${stack.port}`;
    stack.recorderHttp = `http://127.0.0.1:${recorder}`;
    stack.sfuHttp = `http://127.0.0.1:${sfu}`;
    writeFileSync(stack.config, `
data_dir = ${JSON.stringify(join(stack.dir, 'data'))}
[http]
listen = "127.0.0.1:${stack.port}"
[https]
enabled = false
[sfu]
http_listen = "127.0.0.1:${sfu}"
udp_port = ${udp}
workers = ${WORKERS}
tap_listen = "127.0.0.1:${tap}"
signaling_url = "${stack.base}"
[recorder]
http_listen = "127.0.0.1:${recorder}"
min_free_bytes = 50000000
signaling_url = "${stack.base}"
`);
    stack.logFile = join(OUT, `${name}.log`);
    stack.log = createWriteStream(stack.logFile);
    stack.serve();
    await stack.ready();
    return stack;
  }

  serve() {
    this.child = spawn(join(BIN, 'tongtang'), ['serve', '--config', this.config], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (data) => this.log.write(data));
    this.child.stderr.on('data', (data) => this.log.write(data));
  }

  async ready() {
    await until('the server is ready', async () => (await fetch(`${this.base}/readyz`)).ok, 30_000);
  }

  /** The command line, with --json. */
  async cli(...words) {
    const { stdout } = await promisify(execFile)(join(BIN, 'tongtang'), [...words, '--config', this.config, '--json']);
    return JSON.parse(stdout);
  }

  async setupLink() {
    const { stdout } = await promisify(execFile)(join(BIN, 'tongtang'), ['setup-link', '--config', this.config]);
    return stdout.match(/https?:\/\/\S+/)[0];
  }

  /** Kills a program like a power cut kills it: SIGKILL, no word. `name`: tongtang, tongtang-sfu or tongtang-recorder. */
  kill(name) {
    const victims = processesWith(this.config).filter((process) => process.name === name && !process.words.includes('compose'));
    if (victims.length !== 1) throw new Error(`expected one ${name}, found ${victims.length}`);
    process.kill(victims[0].pid, 'SIGKILL');
    return Date.now();
  }

  async stop() {
    this.child.kill('SIGTERM');
    await until('the server stops', () => this.child.exitCode !== null || this.child.signalCode !== null, 20_000).catch(() => {});
    for (const { pid } of processesWith(this.config)) { try { process.kill(pid, 'SIGKILL'); } catch { /* gone */ } }
    this.log.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
