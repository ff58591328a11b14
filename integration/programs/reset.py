# The far end sends some bytes and resets: the reader must see ECONNRESET, not an end of file.
import errno, socket, sys

connection = socket.create_connection((sys.argv[1], 9003))
connection.sendall(b"go")
try:
    while connection.recv(4096):
        pass
    print("end of file")
except OSError as e:
    print(errno.errorcode[e.errno])
