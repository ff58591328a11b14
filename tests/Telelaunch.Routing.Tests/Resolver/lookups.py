"""Looks an external name up again and again, as a program that runs on does; at the end of its input it says how often, and each failure."""
import select, socket, sys

count, lost = 0, []
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        address = socket.getaddrinfo("www.example.com", 80, socket.AF_INET)[0][4][0]
        if address != "198.51.100.1":
            lost.append(address)
    except OSError as error:
        lost.append(str(error))
    count += 1
    if count == 100:
        print("ready", flush=True)
print(f"{count} lookups, {len(lost)} lost {lost[:5]}", flush=True)
