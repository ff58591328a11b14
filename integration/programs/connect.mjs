import net from 'node:net';
const [host, port] = process.argv.slice(2);
const socket = net.connect({ host, port: Number(port) }, () => socket.write(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
let answer = '';
socket.setEncoding('utf8').on('data', (text) => { answer += text; }).on('end', () => process.stdout.write(answer.split('\r\n\r\n').slice(1).join('\r\n\r\n')));
