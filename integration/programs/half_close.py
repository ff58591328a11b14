# The far end sends a line and FIN, and reads on: our direction must stay open for as long as we want it.
import socket, sys

def open_to(port):
    return socket.create_connection((sys.argv[1], port))

first = open_to(9001)
line, end = first.makefile("rb").readline().decode().strip(), first.recv(1)
assert end == b"", "there was data behind the line"
name = first.makefile("rb")  # the far end knows us by the line's second word
first.sendall(bytes(1 << 20))
first.shutdown(socket.SHUT_WR)
second = open_to(9002)
second.sendall(line.split()[-1].encode() + b"\n")
count = second.makefile("rb").readline().decode().strip()
print(f"{' '.join(line.split()[:-1])}, then {count} bytes after FIN")
