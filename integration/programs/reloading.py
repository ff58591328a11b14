"""As uvicorn --reload: reloading.py PORT. The parent binds and listens, children serve with the socket they inherit; each line on standard input replaces the child."""
import os, signal, socket, subprocess, sys

CHILD = """
import http.server, os, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"generation {sys.argv[2]}\\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
print("serving", sys.argv[2], flush=True)
server.serve_forever()
"""

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", int(sys.argv[1])))
listener.listen()
os.set_inheritable(listener.fileno(), True)
generation = 1
while True:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(listener.fileno()), str(generation)], close_fds=False)
    if not sys.stdin.readline():
        break
    child.send_signal(signal.SIGTERM)
    child.wait()
    generation += 1
child.kill()
