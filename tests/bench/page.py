"""Opens the pages of a folder in a browser and gives what they answer; the driver is ../shared/peers/browser.py."""

import contextlib
import functools
import http.server
import json
import os
import subprocess
import sys
import threading


class Isolated(http.server.SimpleHTTPRequestHandler):
    """Pages isolated from other origins: threads in wasm want that (ours do not), and browsers tell them the time to 5
    microseconds, others to 100."""

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_):
        pass


class Counting(Isolated):
    """Tells at `sent` how many files and bytes it has sent since it was asked that before; browsers keep none of them."""

    sent = {"files": 0, "bytes": 0}

    def do_GET(self):
        if not self.path.endswith("/sent"):
            return super().do_GET()
        content = json.dumps(self.sent).encode()
        self.sent.update(files=0, bytes=0)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def copyfile(self, source, outputfile):
        self.sent["files"] += 1
        self.sent["bytes"] += os.fstat(source.fileno()).st_size
        super().copyfile(source, outputfile)

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@contextlib.contextmanager
def served(site, handler=Isolated):
    """The address of the folder, which ends with a slash."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def answers(browser, addresses, shared):
    """Of each page {"version": the browser's, "result": what it answers, or {"error"}}, a page after the other."""
    driver = [sys.executable, shared / "peers/browser.py", browser]
    lines = [json.loads(line) for line in subprocess.check_output([*driver, *addresses], text=True).splitlines()]
    return [{**line, "result": line["result"] or {"error": "no answer in five minutes"}} for line in lines]
