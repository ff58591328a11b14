const [host, port] = process.argv.slice(2);
process.stdout.write(await (await fetch(`http://${host}:${port}/`)).text());
