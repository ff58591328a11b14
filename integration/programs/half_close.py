# The far end sends a line and FIN, and reads on: our direction must stay open for as long as we want it.
import socket, sys

def open_to(port):
    return socket.create_connection((sys.argv[1], port))

first = open_to(9001)
*words, ticket = first.makefile("rb").read().decode().split()
first.sendall(bytes(1 << 20))
first.shutdown(socket.SHUT_WR)
second = open_to(9002)
second.sendall(f"{ticket}\n".encode())
count = int(second.makefile("rb").readline())
print(f"{' '.join(words)}, then {count} bytes after FIN")
