# Serves one text on an address: page.py ADDRESS PORT TEXT. Says "ready" when it listens.
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[3].encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer((sys.argv[1], int(sys.argv[2])), Page)
print("ready", flush=True)
server.serve_forever()
