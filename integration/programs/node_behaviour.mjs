// What node's network modules do that has nothing to do with a cluster, a line "case: outcome" each: the same with and without Telelaunch.
// Ports are shown by name, because they differ from run to run.
import assert from 'node:assert';
import childProcess from 'node:child_process';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

const file = fileURLToPath(import.meta.url);

// ---- how outcomes are told ----

const ports = new Map();
function name(port, as) { ports.set(port, as); return port; }
function shownPort(port) { return port === undefined ? undefined : ports.get(port) ?? (port > 1023 ? 'some' : port); }
function shownName(at) { return at && { ...at, port: shownPort(at.port) }; }
function shownError(error) {
  const { code, errno, syscall, address, port, hostname } = error;
  const inner = error.errors?.map(shownError) ?? (error.cause && [shownError(error.cause)]);
  return { type: error.constructor.name, code, errno, syscall, address, port: shownPort(port), hostname, message: withoutPorts(error.message), inner };
}
function withoutPorts(text) {
  for (const [port, as] of ports) text = text.replaceAll(`:${port}`, `:${as}`);
  // OpenSSL's messages begin with the number of the thread.
  return text.replace(/^[0-9A-F]{16}:/, '').replace(/(127\.0\.0\.1|::1|0\.0\.0\.0|::):\d{4,5}/g, '$1:some');
}
function tell(what, outcome) { process.stdout.write(`${what}: ${typeof outcome === 'string' ? outcome : JSON.stringify(outcome)}\n`); }
async function attempt(what, action) {
  try {
    tell(what, (await action()) ?? 'done');
  } catch (error) {
    tell(what, shownError(error));
  }
}

// ---- parts ----

async function listening(server, ...where) {
  server.listen(...where);
  await once(server, 'listening');
  return server;
}
async function closedPort(host) {
  // Bound and not listening, so that nobody else gets it: a connection's own side.
  const server = await listening(net.createServer(), 0, host);
  const accepted = once(server, 'connection');
  const holder = net.connect(server.address().port, host);
  await Promise.all([accepted, once(holder, 'connect')]);
  server.close();
  return { port: name(holder.localPort, 'closed'), release: () => holder.destroy() };
}
async function text(stream) {
  let all = '';
  for await (const part of stream.setEncoding('utf8')) all += part;
  return all;
}
async function pair(options = {}, host = '127.0.0.1') {
  const server = await listening(net.createServer(options), 0, host);
  name(server.address().port, 'server');
  const [[there], here] = await Promise.all([once(server, 'connection'), connected({ port: server.address().port, host, ...options })]);
  server.close();
  return { here, there };
}
async function connected(options) {
  const socket = net.connect(options);
  await once(socket, 'connect');
  return socket;
}
function ends(socket) { return new Promise((resolve) => socket.once('close', (failed) => resolve(failed))); }
async function failure(socket) { return new Promise((resolve) => socket.once('error', resolve).resume()); }

// ---- cases ----

async function addresses() {
  for (const [host, to] of [['127.0.0.1', '127.0.0.1'], ['::1', '::1'], ['::', '127.0.0.1'], ['::', '::1'], ['0.0.0.0', '127.0.0.1'], [undefined, 'localhost'], ['127.0.0.1', '::ffff:127.0.0.1'], ['127.5.6.7', '127.5.6.7']]) {
    await attempt(`tcp ${host} from ${to}`, async () => {
      const server = await listening(net.createServer(), 0, host);
      name(server.address().port, 'server');
      const accepted = once(server, 'connection');
      const client = await connected({ port: server.address().port, host: to });
      const [there] = await accepted;
      const seen = {
        server: shownName(server.address()), client: shownName(client.address()), there: shownName(there.address()),
        remote: [client.remoteAddress, client.remoteFamily, shownPort(client.remotePort)], local: [client.localAddress, client.localFamily],
        crossed: client.localPort === there.remotePort && client.remotePort === there.localPort, peer: [there.remoteAddress, there.remoteFamily],
      };
      there.end('hello');
      seen.text = await text(client);
      seen.after = [client.remoteAddress, client.address()];
      server.close();
      return seen;
    });
  }
  await attempt('tcp bound local address and port', async () => {
    const server = await listening(net.createServer(), 0, '127.0.0.1');
    const holder = await listening(net.createServer(), 0, '127.0.0.2');
    const localPort = holder.address().port;
    await new Promise((resolve) => holder.close(resolve));
    const client = await connected({ port: server.address().port, host: '127.0.0.1', localAddress: '127.0.0.2', localPort });
    const outcome = [client.localAddress, client.localPort === localPort];
    client.destroy();
    server.close();
    return outcome;
  });
}

async function failures() {
  for (const host of ['127.0.0.1', '::1', 'localhost']) {
    const closed = await closedPort(host === '::1' ? '::1' : '127.0.0.1');
    await attempt(`refused ${host}`, () => connected({ port: closed.port, host }));
    for (const autoSelectFamily of [true, false]) await attempt(`refused ${host} autoSelectFamily ${autoSelectFamily}`, () => connected({ port: closed.port, host, autoSelectFamily }));
    closed.release();
  }
  await attempt('no such name', () => connected({ port: 80, host: 'no-such-host.invalid' }));
  await attempt('single label', () => connected({ port: 80, host: 'this-machine-knows-no-such-name' }));
  await attempt('port 65536', () => connected({ port: 65536, host: '127.0.0.1' }));
  await attempt('local address of nobody', () => connected({ port: 9, host: '127.0.0.1', localAddress: '192.0.2.200' }));
  await attempt('local address of another family', () => connected({ port: 9, host: '127.0.0.1', localAddress: '::1' }));
  await attempt('listen on nobody\'s address', () => listening(net.createServer(), 0, '192.0.2.200'));
  await attempt('listen twice', async () => {
    const server = await listening(net.createServer(), 0, '127.0.0.1');
    name(server.address().port, 'taken');
    try {
      await listening(net.createServer(), server.address().port, '127.0.0.1');
    } finally {
      server.close();
    }
  });
  await attempt('listen on a privileged port', async () => {
    const identity = { uid: 65534, gid: 65534 };
    const script = "require('net').createServer().on('error', (e) => console.log(e.code, e.syscall, e.port)).listen(81, '127.0.0.1', function () { console.log('allowed'); this.close(); })";
    const child = childProcess.spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/', ...(process.getuid() === 0 ? identity : {}) });
    return (await text(child.stdout)).trim();
  });
  await attempt('happy eyeballs, first refused', async () => {
    const server = await listening(net.createServer((socket) => socket.end()), 0, '127.0.0.1');
    const closed = await closedPort('::1');
    const lookup = (_, options, done) => done(null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]);
    // No listener at ::1 has this number unless somebody else's happens to: ask which one answered.
    const client = await connected({ port: server.address().port, host: 'two.invalid', lookup, autoSelectFamily: true });
    const outcome = [client.remoteAddress, client.autoSelectFamilyAttemptedAddresses?.length];
    client.destroy();
    closed.release();
    server.close();
    return outcome;
  });
  await attempt('happy eyeballs, all refused', async () => {
    const closed = await closedPort('127.0.0.1');
    const lookup = (_, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }, { address: '127.0.0.1', family: 4 }]);
    try {
      await connected({ port: closed.port, host: 'two.invalid', lookup, autoSelectFamily: true });
    } finally {
      closed.release();
    }
  });
  await attempt('reset by linger 0', async () => {
    const { here, there } = await pair();
    const failed = failure(here);
    there.resetAndDestroy();
    throw await failed;
  });
  await attempt('write behind a reset', async () => {
    const { here, there } = await pair();
    const failed = failure(here);
    there.resetAndDestroy();
    await failed;
    here.write('x');
    throw await new Promise((resolve) => here.write('x', resolve));
  });
  await attempt('write behind the end', async () => {
    const { here, there } = await pair();
    there.resume();
    here.end();
    const failed = failure(here);
    here.write('x');
    there.destroy();
    throw await failed;
  });
  await attempt('abort before', () => connected({ port: 9, host: '127.0.0.1', signal: AbortSignal.abort() }));
  await attempt('abort after', async () => {
    const server = await listening(net.createServer(), 0, '127.0.0.1');
    const controller = new AbortController();
    const client = net.connect({ port: server.address().port, host: '127.0.0.1', signal: controller.signal });
    await once(client, 'connect');
    const failed = failure(client);
    controller.abort();
    server.close();
    throw await failed;
  });
}

async function streams() {
  for (const host of ['127.0.0.1', '::1']) {
    await attempt(`half-open ${host}`, async () => {
      const { here, there } = await pair({ allowHalfOpen: true }, host);
      here.end('question');
      const question = await text(there);
      there.end(`answer to ${question}`);
      return text(here);
    });
    await attempt(`large both ways ${host}`, async () => {
      const { here, there } = await pair({}, host);
      const size = 8 << 20;
      const echo = pipeline(there, there);
      here.end(Buffer.alloc(size, 'x'));
      let got = 0;
      for await (const part of here) got += part.length;
      await echo;
      return [got === size, here.bytesWritten, here.bytesRead];
    });
  }
  await attempt('options', async () => {
    const { here, there } = await pair({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 });
    here.setNoDelay(false).setNoDelay(true).setKeepAlive(true, 5000).setKeepAlive(false).setTimeout(60_000);
    const outcome = [here.timeout, here.readyState, here.pending, here.connecting];
    here.destroy();
    there.destroy();
    return outcome;
  });
  await attempt('timeout', async () => {
    const { here, there } = await pair();
    here.setTimeout(10);
    await once(here, 'timeout');
    here.destroy();
    there.destroy();
  });
  await attempt('maxConnections and drop', async () => {
    const server = await listening(net.createServer(), 0, '127.0.0.1');
    server.maxConnections = 1;
    const dropped = once(server, 'drop');
    const first = await connected({ port: server.address().port, host: '127.0.0.1' });
    const second = net.connect(server.address().port, '127.0.0.1').on('error', () => {}).resume();
    const [data] = await dropped;
    first.destroy();
    second.destroy();
    server.close();
    return [data.localAddress, data.remoteFamily, shownPort(data.localPort) !== undefined];
  });
}

async function unixSockets(directory) {
  const at = path.join(directory, 'socket');
  await attempt('unix', async () => {
    const server = await listening(net.createServer((socket) => socket.end('over unix')), at);
    const client = await connected({ path: at });
    const outcome = [server.address() === at, client.remoteAddress, client.address(), await text(client)];
    server.close();
    return outcome;
  });
  for (const [what, to] of [['missing', '/nonexistent/socket'], ['no socket', '/etc/passwd'], ['too long', `/${'x'.repeat(200)}`]]) await attempt(`unix ${what}`, () => connected({ path: to }));
  await attempt('abstract', async () => {
    const abstract = `\0behaviour-${process.pid}`;
    const server = await listening(net.createServer((socket) => socket.end('abstract')), abstract);
    const outcome = await text(net.connect(abstract));
    server.close();
    return outcome;
  });
}

const lookupOptions = [{}, { all: true }, { all: true, verbatim: true }, { all: true, verbatim: false }, { family: 4 }, { family: 6 }, { all: true, hints: dns.ADDRCONFIG }, { family: 6, all: true, hints: dns.V4MAPPED | dns.ALL }];

async function lookups() {
  for (const host of ['localhost', '127.0.0.1', '::1', '', '127.1', 'no-such-host.invalid', 'this-machine-knows-no-such-name', 'bad name', os.hostname()])
    for (const options of lookupOptions)
      await attempt(`lookup '${host}' ${JSON.stringify(options).replaceAll(':', '=')}`, () => dns.promises.lookup(host, options));
  for (const [address, port] of [['127.0.0.1', 22], ['::1', 80], ['127.0.0.1', 65535], ['192.0.2.77', 443]]) await attempt(`lookupService ${address} ${port}`, () => dns.promises.lookupService(address, port));
  await attempt('lookupService of a name', () => dns.promises.lookupService('localhost', 80));
}

// A name server: the first letter of a name says what it does with it.
function answerTo(query, overUdp) {
  const letter = String.fromCharCode(query[13]);
  let end = 12;
  while (query[end]) end += query[end] + 1;
  const type = query.readUInt16BE(end + 1);
  const question = query.subarray(12, end + 5);
  const header = Buffer.from(query.subarray(0, 12));
  header.fill(0, 6);
  header[2] = 0x81;
  header[3] = 0x80;
  const data = { 1: [192, 0, 2, 1], 28: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 5: [1, 0x63, 0], 2: [1, 0x6e, 0], 12: [1, 0x70, 0], 15: [0, 10, 1, 0x6d, 0], 16: [2, 0x68, 0x69], 33: [0, 1, 0, 2, 0, 80, 1, 0x73, 0] }[type];
  if (letter === 'x') header[3] |= 3;
  else if (letter === 's') header[3] |= 2;
  else if (letter === 'r') header[3] |= 5;
  else if (letter === 't' && overUdp) header[2] |= 2;
  else if (letter !== 'n' && data) {
    header[7] = 1;
    return Buffer.concat([header, question, Buffer.from([0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 60, 0, data.length, ...data])]);
  }
  return Buffer.concat([header, question]);
}

async function nameServers() {
  const udp = dgram.createSocket('udp4').on('message', (query, from) => udp.send(answerTo(query, true), from.port, from.address));
  const tcp = net.createServer((socket) => {
    let seen = Buffer.alloc(0);
    socket.on('error', () => {}).on('data', (part) => {
      seen = Buffer.concat([seen, part]);
      while (seen.length >= 2 && seen.length >= 2 + seen.readUInt16BE(0)) {
        const answer = answerTo(seen.subarray(2, 2 + seen.readUInt16BE(0)), false);
        seen = seen.subarray(2 + seen.readUInt16BE(0));
        socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
      }
    });
  });
  await listening(tcp, 0, '127.0.0.1');
  udp.bind(tcp.address().port, '127.0.0.1');
  await once(udp, 'listening');
  const resolver = new dns.promises.Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${name(tcp.address().port, 'dns')}`]);
  await attempt('getServers', () => resolver.getServers().map(withoutPorts));
  for (const host of ['answer.test', 'x.test', 'servfail.test', 'refused.test', 'truncated.test', 'nodata.test', 'hello', 'x'])
    for (const type of ['A', 'AAAA', 'MX', 'TXT', 'SRV', 'NS', 'CNAME', 'PTR']) await attempt(`resolve ${host} ${type}`, () => resolver.resolve(host, type));
  await attempt('resolve4 ttl', () => resolver.resolve4('answer.test', { ttl: true }));
  await attempt('reverse', () => resolver.reverse('192.0.2.1'));
  await attempt('reverse of nothing', () => resolver.reverse('nothing'));
  await attempt('cancel', async () => {
    const silent = dgram.createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const other = new dns.promises.Resolver();
    other.setServers([`127.0.0.1:${silent.address().port}`]);
    const asked = once(silent, 'message');
    const answer = other.resolve4('answer.test');
    answer.catch(() => {});
    await asked;
    other.cancel();
    silent.close();
    return answer;
  });
  await attempt('no server there', async () => {
    const gone = dgram.createSocket('udp4');
    gone.bind(0, '127.0.0.1');
    await once(gone, 'listening');
    const other = new dns.promises.Resolver({ timeout: 20_000, tries: 1 });
    other.setServers([`127.0.0.1:${gone.address().port}`]);
    await new Promise((resolve) => gone.close(resolve));
    return other.resolve4('answer.test');
  });
  udp.close();
  tcp.close();
}

async function datagrams() {
  for (const [type, host] of [['udp4', '127.0.0.1'], ['udp6', '::1']]) {
    const bound = async () => {
      const socket = dgram.createSocket(type);
      socket.bind(0, host);
      await once(socket, 'listening');
      return socket;
    };
    await attempt(`${type} send`, async () => {
      const [a, b] = [await bound(), await bound()];
      const message = once(b, 'message');
      a.send(['par', 'ts'], b.address().port, host);
      const [data, from] = await message;
      const outcome = [data.toString(), from.address, from.family, from.size, from.port === a.address().port, shownName(a.address())];
      a.close();
      b.close();
      return outcome;
    });
    await attempt(`${type} connected`, async () => {
      const [a, b] = [await bound(), await bound()];
      a.connect(name(b.address().port, 'peer'), host);
      await once(a, 'connect');
      const message = once(b, 'message');
      a.send('x');
      await message;
      const outcome = [shownName(a.remoteAddress())];
      a.disconnect();
      try {
        a.remoteAddress();
      } catch (error) {
        outcome.push(error.code);
      }
      a.close();
      b.close();
      return outcome;
    });
    await attempt(`${type} refused`, async () => {
      const gone = await bound();
      const { port } = gone.address();
      await new Promise((resolve) => gone.close(resolve));
      const socket = await bound();
      socket.connect(port, host);
      await once(socket, 'connect');
      const failed = once(socket, 'error');
      socket.send('x', () => {});
      const [error] = await failed;
      socket.close();
      throw error;
    });
    await attempt(`${type} too long`, async () => {
      const socket = await bound();
      try {
        return await new Promise((resolve, reject) => socket.send(Buffer.alloc(70_000), 9, host, (error) => (error ? reject(error) : resolve('sent'))));
      } finally {
        socket.close();
      }
    });
    await attempt(`${type} bound twice`, async () => {
      const socket = await bound(), other = dgram.createSocket(type);
      name(socket.address().port, 'taken');
      const failed = once(other, 'error');
      other.bind(socket.address().port, host);
      const [error] = await failed;
      socket.close();
      other.close();
      throw error;
    });
  }
  await attempt('multicast over loopback', async () => {
    const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(0);
    await once(socket, 'listening');
    socket.addMembership('239.255.77.77', '127.0.0.1');
    socket.setMulticastInterface('127.0.0.1');
    socket.setMulticastLoopback(true);
    socket.setMulticastTTL(0);
    const message = once(socket, 'message');
    socket.send('to the group', socket.address().port, '239.255.77.77');
    const [data, from] = await message;
    socket.dropMembership('239.255.77.77', '127.0.0.1');
    socket.close();
    return [data.toString(), from.address];
  });
  await attempt('membership twice', () => {
    const socket = dgram.createSocket('udp4');
    try {
      socket.addMembership('239.255.77.77', '127.0.0.1');
      socket.addMembership('239.255.77.77', '127.0.0.1');
    } finally {
      socket.close();
    }
  });
  await attempt('membership of no group', () => {
    const socket = dgram.createSocket('udp4');
    try {
      socket.addMembership('127.0.0.1');
    } finally {
      socket.close();
    }
  });
  await attempt('buffers', async () => {
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 20_000, sendBufferSize: 20_000 });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const outcome = [socket.getRecvBufferSize(), socket.getSendBufferSize()];
    socket.close();
    return outcome;
  });
}

function certificate(directory) {
  const [key, cert] = ['key.pem', 'cert.pem'].map((entry) => path.join(directory, entry));
  childProcess.execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'], { stdio: 'pipe' });
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
}

async function overHttp(identity) {
  const get = (module, options) => new Promise((resolve, reject) => module.get(options, (response) => text(response).then((body) => resolve({ response, body }), reject)).on('error', reject));
  const server = await listening(http.createServer((request, response) => {
    if (request.url === '/reset') request.socket.resetAndDestroy();
    else if (request.url === '/close') request.socket.destroy();
    else response.end(`${request.method} ${request.url} ${request.socket.remoteAddress}`);
  }), 0, '127.0.0.1');
  const port = name(server.address().port, 'http');
  await attempt('http keep-alive', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const used = new Set();
    const bodies = [];
    for (let i = 0; i < 4; i++) {
      const { response, body } = await get(http, { port, host: '127.0.0.1', path: `/${i}`, agent });
      used.add(response.socket?.localPort ?? i);
      bodies.push(body, response.headers.connection, response.req.reusedSocket);
    }
    agent.destroy();
    return bodies;
  });
  for (const at of ['/', '/reset', '/close']) {
    await attempt(`http ${at}`, async () => (await get(http, { port, host: '127.0.0.1', path: at, agent: false })).body);
    await attempt(`fetch ${at}`, async () => (await fetch(`http://127.0.0.1:${port}${at}`)).text());
  }
  await attempt('fetch by name', async () => (await fetch(`http://localhost:${port}/name`)).text());
  await attempt('fetch aborted', () => fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.abort() }));
  await attempt('fetch of no such name', () => fetch('http://no-such-host.invalid/'));
  const closed = await closedPort('127.0.0.1');
  await attempt('fetch refused', () => fetch(`http://127.0.0.1:${closed.port}/`));
  await attempt('http refused', () => get(http, { port: closed.port, host: '127.0.0.1' }));
  closed.release();
  server.closeAllConnections();
  server.close();

  await attempt('upgrade', async () => {
    const upgrading = await listening(http.createServer().on('upgrade', (request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nraw')), 0, '127.0.0.1');
    const [response, socket, head] = await once(http.get({ port: upgrading.address().port, host: '127.0.0.1', headers: { Connection: 'Upgrade', Upgrade: 'x' } }), 'upgrade');
    const rest = await text(socket);
    upgrading.close();
    return [response.statusCode, head.toString() + rest];
  });

  const secure = await listening(https.createServer(identity, (request, response) => response.end(`${request.socket.getProtocol()} ${request.socket.remoteAddress}`)), 0, '::');
  const securePort = name(secure.address().port, 'https');
  for (const host of ['127.0.0.1', '::1', 'localhost']) await attempt(`https ${host}`, async () => (await get(https, { port: securePort, host, ca: identity.cert, agent: false })).body);
  await attempt('https of an unknown authority', () => get(https, { port: securePort, host: 'localhost', agent: false }));
  await attempt('https of another name', () => get(https, { port: securePort, host: '127.0.0.1', servername: 'other.test', ca: identity.cert, agent: false }));
  await attempt('http to https', () => get(http, { port: securePort, host: '127.0.0.1', agent: false }));
  secure.closeAllConnections();
  secure.close();
}

async function overTls(identity) {
  await attempt('tls', async () => {
    const server = await listening(tls.createServer({ ...identity, ALPNProtocols: ['a', 'b'] }, (socket) => socket.end(`${socket.alpnProtocol} ${socket.servername}`)), 0, '127.0.0.1');
    const client = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca: identity.cert, ALPNProtocols: ['b'] });
    await once(client, 'secureConnect');
    const outcome = [client.authorized, client.getProtocol(), client.getPeerCertificate().subject.CN, client.remoteAddress, await text(client)];
    server.close();
    return outcome;
  });
  await attempt('tls over a given socket', async () => {
    const { here, there } = await pair();
    const server = new tls.TLSSocket(there, { isServer: true, ...identity });
    const client = tls.connect({ socket: here, servername: 'localhost', ca: identity.cert });
    server.end('inner');
    return text(client);
  });
  await attempt('tls to a plain server', async () => {
    const server = await listening(net.createServer((socket) => socket.on('error', () => {}).end('plain text, no handshake\n')), 0, '127.0.0.1');
    try {
      throw await failure(tls.connect(server.address().port, '127.0.0.1'));
    } finally {
      server.close();
    }
  });
  for (const protocol of ['http', 'https'])
    await attempt(`http2 over ${protocol}`, async () => {
      const server = protocol === 'http' ? http2.createServer() : http2.createSecureServer(identity);
      server.on('stream', (stream, headers) => {
        stream.respond({ ':status': 200 });
        stream.end(`answer to ${headers[':path']}`);
      });
      await listening(server, 0, '127.0.0.1');
      const session = http2.connect(`${protocol}://127.0.0.1:${server.address().port}`, { ca: identity.cert });
      const bodies = await Promise.all(['/1', '/2', '/3'].map((at) => text(session.request({ ':path': at }))));
      const peer = session.socket.remoteAddress;
      session.close();
      server.close();
      return [bodies, peer];
    });
  await attempt('http2 refused', async () => {
    const closed = await closedPort('127.0.0.1');
    try {
      throw await failure(Object.assign(http2.connect(`http://127.0.0.1:${closed.port}`), { resume() {} }));
    } finally {
      closed.release();
    }
  });
}

async function processes() {
  const child = childProcess.fork(file, ['child']);
  await once(child, 'message');
  await attempt('socket passed to a child', async () => {
    const server = await listening(net.createServer({ pauseOnConnect: true }, (socket) => child.send('socket', socket)), 0, '127.0.0.1');
    const outcome = await text(net.connect(server.address().port, '127.0.0.1'));
    server.close();
    return outcome;
  });
  await attempt('server passed to a child', async () => {
    const server = await listening(net.createServer(), 0, '127.0.0.1');
    const ready = once(child, 'message');
    child.send('server', server);
    await ready;
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return text(net.connect(port, '127.0.0.1'));
  });
  await attempt('datagram socket passed to a child', async () => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const received = once(socket, 'message'), sent = once(child, 'message');
    child.send('datagram', socket);
    // Either process may get it: both read the same socket. That it was sent is what counts.
    const outcome = (await sent)[0];
    received.catch(() => {});
    socket.close();
    return outcome;
  });
  child.send('end');
  await attempt('end of the child', () => once(child, 'exit'));
  await attempt('cluster', async () => {
    cluster.setupPrimary({ exec: file, args: [] });
    const workers = [cluster.fork(), cluster.fork()];
    const told = await Promise.all(workers.map((worker) => once(worker, 'message')));
    const bodies = await Promise.all(told.map(async ([{ port }], index) => (await fetch(`http://127.0.0.1:${port}/${index}`)).text()));
    const exits = workers.map((worker) => once(worker, 'exit'));
    for (const worker of workers) worker.process.kill('SIGKILL');
    return [told[0][0].port === told[1][0].port, bodies, await Promise.all(exits)];
  });
  await attempt('worker thread', async () => {
    const worker = new Worker(file);
    const [port] = await once(worker, 'message');
    const outcome = await text(net.connect(port, '127.0.0.1'));
    worker.postMessage('end');
    await once(worker, 'exit');
    return outcome;
  });
  await attempt('exec', async () => childProcess.execFileSync('sh', ['-c', 'echo $A; ls /proc/self/fd | wc -l'], { env: { A: '1', PATH: process.env.PATH } }).toString().trim().replace('\n', '|'));
  await attempt('exec missing', () => childProcess.execFileSync('/nonexistent'));
  await attempt('exec elsewhere', () => childProcess.execFileSync('true', { cwd: '/nonexistent' }));
  await attempt('write to a child that doesn\'t read', async () => {
    const child = childProcess.spawn('sh', ['-c', 'exec <&-; echo closed; exec tail -f /dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    const failed = once(child.stdin, 'error');
    child.stdin.write('x');
    const [error] = await failed;
    child.kill();
    await once(child, 'exit');
    throw error;
  });
}

async function main() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'behaviour-'));
  try {
    const identity = certificate(directory);
    for (const part of [addresses, failures, streams, () => unixSockets(directory), lookups, nameServers, datagrams, () => overHttp(identity), () => overTls(identity), processes]) await part();
    assert.equal(process.exitCode, undefined);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

// ---- which role this process plays ----

if (!isMainThread) {
  const server = net.createServer((socket) => socket.end('from the worker')).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  parentPort.once('message', () => server.close());
} else if (cluster.isWorker) {
  http.createServer((request, response) => response.end(`worker ${request.url}`)).listen(0, '127.0.0.1', function () { process.send({ port: this.address().port }); });
} else if (process.argv[2] === 'child') {
  process.on('message', (message, handle) => {
    if (message === 'socket') handle.end(`child's, peer ${handle.remoteAddress}`);
    else if (message === 'server') handle.on('connection', (socket) => socket.end('child accepted')).on('listening', () => process.send('ready')) && process.send('ready');
    else if (message === 'datagram') handle.send('from the child', handle.address().port, '127.0.0.1', () => process.send('sent'));
    else process.exit(0);
  });
  process.send('started');
} else {
  await main();
}
