"""A debuginfod server of one directory: FILES/BUILDID/debuginfo.  Writes its port to PORT, a line per request to LOG.
usage: debuginfod.py answer|hang FILES PORT LOG     hang: takes requests and never answers"""
import http.server, os, sys, time

how, files, port, log = sys.argv[1:]

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(log, "a") as f:
            f.write(self.path + "\n")
        if how == "hang":
            time.sleep(60)
        path = files + self.path.removeprefix("/buildid")
        if ".." in path or not os.path.isfile(path):
            return self.send_error(404)
        data = open(path, "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
with open(port + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(port + ".new", port)
server.serve_forever()
