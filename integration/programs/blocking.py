import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(f"http://{sys.argv[1]}:{sys.argv[2]}/").read().decode())
