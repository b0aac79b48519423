#!/usr/bin/python3
"""volumes_server.py FOLDER - on a storage host of the lab, in the place of an iSCSI target or a hypervisor: holds the image FOLDER/data.img open and
locked, and serves its blocks on 127.0.0.1:3260. A line of a request: write OFFSET HEX, read OFFSET LENGTH, digest."""
import fcntl, hashlib, os, socketserver, sys


class Request(socketserver.StreamRequestHandler):
    def handle(self):
        verb, *words = self.rfile.readline().decode().split()
        if verb == "write":
            os.pwrite(image, bytes.fromhex(words[1]), int(words[0]))
            os.fsync(image)
            said = "written"
        elif verb == "read":
            said = os.pread(image, int(words[1]), int(words[0])).hex()
        else:
            said = hashlib.sha256(b"".join(os.pread(image, 1 << 20, at) for at in range(0, os.fstat(image).st_size, 1 << 20))).hexdigest()
        self.wfile.write(said.encode() + b"\n")


image = os.open(sys.argv[1] + "/data.img", os.O_RDWR)
fcntl.flock(image, fcntl.LOCK_EX | fcntl.LOCK_NB)
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", 3260), Request).serve_forever()
